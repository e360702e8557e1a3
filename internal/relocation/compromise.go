package relocation

import (
	"context"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Compromise freezes a case whose new place may be known to those it must not be known to: from this moment only the two
// people with whom the household is are handed anything. The alarm rings.
func (e *Exchange) Compromise(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead, ailleurs.HostSecond, ailleurs.OriginLead, ailleurs.OriginSecond)
		if err != nil {
			return err
		}
		was := u.c.State
		if err := u.move(ailleurs.Compromised, from.part); err != nil {
			return err
		}
		u.c.Resumes = was
		if err := u.endCall(); err != nil {
			return err
		}
		if j, ok, err := u.underway(); err != nil {
			return err
		} else if ok {
			if err := u.tx.Set("journey", j.ID, store.Changes{"missed_at": u.at}); err != nil {
				return err
			}
		}
		u.notify(u.c.Lead, u.c.Second, u.c.HostLead, u.c.HostSecond)
		u.say("case.compromised", "", nil)
		return u.alarm(ailleurs.ImminentNow)
	})
}

// StartAgain takes a compromised case back to a draft, from which another town is called with both signatures: nobody but
// the two who kept their keys holds any from now on. A household that had left flees from the town it had come to, which
// becomes its town of departure; the one it left long ago has no part in the case any more.
func (e *Exchange) StartAgain(ctx context.Context, by ailleurs.Actor, in ailleurs.StartAgain, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		lead, _ := ailleurs.Keepers(u.c.Resumes)
		as, err := u.as(lead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Compromised); err != nil {
			return err
		}
		host, err := u.thread(u.c.Retained)
		if err != nil {
			return err
		}
		if err := u.freeHolds(host.ID); err != nil {
			return err
		}
		if u.c.Resumes == ailleurs.Preparing {
			err = u.leaveHost(host)
		} else {
			err = u.departFrom(host, in.Sealed)
		}
		if err != nil {
			return err
		}
		u.c.Retained, u.c.Host, u.c.HostLead, u.c.HostSecond = "", "", "", ""
		u.c.Checker1, u.c.Checker2, u.c.Ring = "", "", 0
		u.c.Arrived, u.c.Resumes, u.c.Fled = time.Time{}, "", true
		if u.c.Speed == ailleurs.Normal {
			u.c.Speed = ailleurs.Urgent
		}
		if err := u.move(ailleurs.Draft, lead); err != nil {
			return err
		}
		u.c.Deadline = instant(ailleurs.Deadline(ailleurs.EndorsingAllowance, ailleurs.Urgent, u.at, coordination))
		u.clock()
		pair := []reader{{part: ailleurs.OriginLead, agent: u.c.Lead}, {part: ailleurs.OriginSecond, agent: u.c.Second}}
		if err := u.take(in.Sealed, role{ailleurs.OriginLead, as.self}, pair); err != nil {
			return err
		}
		u.notify(u.c.Second)
		u.say("case.started_again", "", nil)
		return nil
	})
}

// leaveHost ends what binds a household that has not left to the town that it will not go to.
func (u *unit) leaveHost(t *thread) error {
	if err := u.destroy("part IN ($1, $2) OR member_id = $3", ailleurs.HostLead, ailleurs.HostSecond, t.Member); err != nil {
		return err
	}
	if err := u.end(t, ailleurs.Released); err != nil {
		return err
	}
	u.notify(t.Lead, t.Second)
	return u.forgetPlace()
}

// departFrom makes the town that a household flees from its town of departure. Every key but those handed in is destroyed;
// the limits and the threat of the first departure, whose keys nobody has held since the arrival, are gone.
func (u *unit) departFrom(t *thread, s ailleurs.Sealed) error {
	u.c.Member, u.c.Lead, u.c.Second, u.c.Signatory = u.c.Host, u.c.HostLead, u.c.HostSecond, t.Signatory
	if err := u.destroy("1 = 1"); err != nil {
		return err
	}
	if err := u.eraseCompartments("compartment IN ('arrival', 'course', 'limits', 'threat')"); err != nil {
		return err
	}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person} {
		if !slices.ContainsFunc(s.Keys, func(k ailleurs.CompartmentKey) bool { return k.Compartment == c }) {
			return ailleurs.Refuse("again.key_missing", "keys", "compartment", string(c))
		}
		pair := []reader{{part: ailleurs.OriginLead, agent: u.c.Lead}, {part: ailleurs.OriginSecond, agent: u.c.Second}}
		if err := complete(s, c, "", pair...); err != nil {
			return err
		}
	}
	return nil
}

// know are the members that may not be called upon after a compromise: those whose people have read or written anything
// of the case, the town that it fled from among them.
func (u *unit) know() ([]ailleurs.MemberID, error) {
	if !u.c.Fled {
		return nil, nil
	}
	return store.All[ailleurs.MemberID](u.tx, `SELECT DISTINCT member_id FROM journal_entry WHERE case_id = $1 AND member_id IS NOT NULL
		AND kind IN ('case.opened', 'case.read', 'thread.read') ORDER BY member_id`, u.c.ID)
}
