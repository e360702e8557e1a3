package relocation

import (
	"context"
	"errors"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// keptUntil is when the address is erased: 90 days after the arrival, or as two people have last signed.
func (u *unit) keptUntil() (time.Time, error) {
	if u.c.Arrived.IsZero() {
		return time.Time{}, nil
	}
	until := u.c.Arrived.Add(ailleurs.ArrivalKept)
	last, err := store.One[time.Time](u.tx, "SELECT until_at FROM arrival_kept WHERE case_id = $1 ORDER BY until_at DESC LIMIT 1", u.c.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return until, err
	}
	if last.After(until) {
		until = last
	}
	return until, nil
}

// nextKept is the end of one more renewal, if it may be asked for now.
func (u *unit) nextKept() (time.Time, bool, error) {
	until, err := u.keptUntil()
	if err != nil || u.c.State != ailleurs.Following || u.at.Before(until.Add(-ailleurs.ArrivalAsked)) || !u.at.Before(until) {
		return time.Time{}, false, err
	}
	return until.Add(ailleurs.ArrivalKept), true, nil
}

// KeepArrival keeps the address for 90 days more once the host's lead and second have both signed ToKeep, within 30 days
// before it is erased.
func (e *Exchange) KeepArrival(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	find := func(*store.Tx) (ailleurs.CaseID, error) {
		s, err := claimed(in.Signed)
		return ailleurs.CaseID(s.Subject), err
	}
	return e.decide(ctx, by, in.Once, in, at, find, func(u *unit) error {
		from, err := u.as(ailleurs.HostLead, ailleurs.HostSecond)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Following); err != nil {
			return err
		}
		until, may, err := u.nextKept()
		if err != nil {
			return err
		}
		if !may {
			return ailleurs.RefuseAs(ailleurs.Conflict, "arrival.not_yet", "")
		}
		digest := ailleurs.KeepDigest(u.c.ID, until)
		if err := u.sign(in.Signed, ailleurs.ToKeep, string(u.c.ID), digest, from.part); err != nil {
			return err
		}
		u.notify(u.c.HostLead, u.c.HostSecond)
		signed, err := u.signers(ailleurs.ToKeep, string(u.c.ID), digest)
		if err != nil {
			return err
		}
		lead, second := signed[ailleurs.HostLead], signed[ailleurs.HostSecond]
		if err := distinct(lead, second); err != nil {
			return err
		}
		if lead == "" || second == "" {
			u.say("arrival.keep_asked", "", nil)
			return nil
		}
		u.say("arrival.kept", "", nil)
		err = u.tx.Insert("arrival_kept", struct {
			Case  ailleurs.CaseID `db:"case_id"`
			Until time.Time       `db:"until_at"`
			At    time.Time       `db:"at"`
		}{u.c.ID, until, u.at})
		if err != nil {
			return err
		}
		u.later(jobErase, string(u.c.ID), string(eraseArrival), until)
		u.later(jobKept, string(u.c.ID), "", until.Add(-ailleurs.ArrivalAsked))
		return nil
	})
}

// keepTasks asks the two of the host who have not signed for a renewal that may be asked for.
func (u *unit) keepTasks(tasks map[ailleurs.Part]Task) error {
	until, may, err := u.nextKept()
	if err != nil || !may {
		return err
	}
	signed, err := u.signers(ailleurs.ToKeep, string(u.c.ID), ailleurs.KeepDigest(u.c.ID, until))
	if err != nil {
		return err
	}
	for _, p := range []ailleurs.Part{ailleurs.HostLead, ailleurs.HostSecond} {
		if signed[p] == "" && (tasks[p] == "" || tasks[p] == TaskClose) {
			tasks[p] = TaskKeep
		}
	}
	return nil
}

// soonErased tells the host's two that the address will be erased unless both keep it.
func (u *unit) soonErased() error {
	if _, may, err := u.nextKept(); err != nil || !may {
		return err
	}
	u.notify(u.c.HostLead, u.c.HostSecond)
	return nil
}

func (u *unit) viewKept(v *CaseView) error {
	if !host(v.Part) {
		return nil
	}
	var err error
	v.KeptUntil, err = u.keptUntil()
	return err
}
