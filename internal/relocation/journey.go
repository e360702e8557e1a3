package relocation

import (
	"context"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type journeyRow struct {
	ID       string          `db:"id"`
	Case     ailleurs.CaseID `db:"case_id"`
	Departed time.Time       `db:"departed_at"`
	RingAt   time.Time       `db:"ring_at"`
	Rang     time.Time       `db:"rang_at"`
	Arrived  time.Time       `db:"arrived_at"`
	Missed   time.Time       `db:"missed_at"`
}

const selectJourney = "SELECT id, case_id, departed_at, ring_at, rang_at, arrived_at, missed_at FROM journey "

// journeys are the case's, the last one last.
func (u *unit) journeys() ([]journeyRow, error) {
	return store.All[journeyRow](u.tx, selectJourney+"WHERE case_id = $1 ORDER BY departed_at", u.c.ID)
}

// underway is the journey that neither arrived nor was missed.
func (u *unit) underway() (journeyRow, bool, error) {
	all, err := u.journeys()
	if err != nil || len(all) == 0 {
		return journeyRow{}, false, err
	}
	last := all[len(all)-1]
	return last, last.Arrived.IsZero() && last.Missed.IsZero(), nil
}

// Depart starts the journey: the host lead signed the plan of that place, and gives the hub the instant to ring.
func (e *Exchange) Depart(ctx context.Context, by ailleurs.Actor, in ailleurs.Depart, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Preparing); err != nil {
			return err
		}
		ring := instant(in.RingAt)
		if !ring.After(u.at) || ring.After(u.at.Add(ailleurs.JourneyLongest+ailleurs.ArrivalAlarm)) {
			return ailleurs.Refuse("journey.ring_at", "ring_at")
		}
		granted, err := u.granted()
		if err != nil {
			return err
		}
		if !granted {
			return ailleurs.RefuseAs(ailleurs.Conflict, "journey.not_handed_over", "")
		}
		pair := u.pair()
		if err := u.take(in.Sealed, from, pair); err != nil {
			return err
		}
		plan, err := u.lastBody(ailleurs.Arrival, "")
		if err != nil {
			return err
		}
		if plan == "" {
			return ailleurs.Refuse("journey.no_plan", "bodies")
		}
		err = u.sign(in.Signed, ailleurs.ToPlan, string(u.c.ID), plan, from.part)
		if r := ailleurs.AsRefusal(err); r != nil && r.Key == "statement.already_signed" { // after a no-show: another day, another plan
			return ailleurs.RefuseAs(ailleurs.Conflict, "journey.same_plan", "bodies")
		}
		if err != nil {
			return err
		}
		err = u.tx.Insert("journey", journeyRow{ID: u.rowID(), Case: u.c.ID, Departed: u.at, RingAt: ring})
		if err != nil {
			return err
		}
		if err := u.move(ailleurs.Travelling, from.part); err != nil {
			return err
		}
		u.later(jobArrival, string(u.c.ID), "", ring)
		u.notify(u.c.HostSecond)
		u.say("journey.departed", "", nil)
		return nil
	})
}

// granted reports whether both of the host's people hold the person compartment.
func (u *unit) granted() (bool, error) {
	all, err := u.placed()
	if err != nil {
		return false, err
	}
	for _, agent := range []ailleurs.AgentID{u.c.HostLead, u.c.HostSecond} {
		if !slices.ContainsFunc(all, func(e placed) bool { return e.Compartment == ailleurs.Person && host(e.Part) && e.For == agent }) {
			return false, nil
		}
	}
	return true, nil
}

// NoShow brings the case back to preparing: the journey did not happen and the person was found safe.
func (e *Exchange) NoShow(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead, ailleurs.OriginLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Travelling); err != nil {
			return err
		}
		j, ok, err := u.underway()
		if err != nil {
			return err
		}
		if ok {
			if err := u.tx.Set("journey", j.ID, store.Changes{"missed_at": u.at}); err != nil {
				return err
			}
		}
		u.notify(u.c.HostLead, u.c.HostSecond, u.c.Lead)
		u.say("journey.missed", "", nil)
		return u.move(ailleurs.Preparing, from.part)
	})
}

// PlaceFails takes a case in preparation back to the choice: the place is no longer to be had, or not safe. The host may
// propose again, and whoever has not been released yet is back in the choice.
func (e *Exchange) PlaceFails(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead, ailleurs.OriginLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Preparing); err != nil {
			return err
		}
		t, err := u.thread(u.c.Retained)
		if err != nil {
			return err
		}
		if err := u.freeHolds(t.ID); err != nil {
			return err
		}
		if err := u.become(t, ailleurs.Studying); err != nil {
			return err
		}
		t.Round++
		if err := u.destroy("part IN ($1, $2)", ailleurs.HostLead, ailleurs.HostSecond); err != nil {
			return err
		}
		if err := u.forgetPlace(); err != nil {
			return err
		}
		u.c.Retained, u.c.Host, u.c.HostLead, u.c.HostSecond = "", "", "", ""
		if err := u.move(ailleurs.Choosing, from.part); err != nil {
			return err
		}
		t.Deadline = u.c.Deadline
		u.later(jobLapse, string(t.ID), "", t.Deadline)
		all, err := u.all()
		if err != nil {
			return err
		}
		for _, other := range all {
			if other == t || other.Release.IsZero() {
				continue
			}
			refused := false
			if a, ok, err := u.answerOf(other); err != nil {
				return err
			} else if ok {
				refused = !a.Refused.IsZero()
			}
			if !refused {
				other.Release = time.Time{}
			}
		}
		u.notify(u.c.Lead, u.c.Second, t.Lead, t.Second)
		u.say("place.failed", string(t.ID), nil)
		return nil
	})
}

// forgetPlace erases what a host wrote of a place and a stay that are over: whoever welcomes the household next goes on
// with keys that nobody else ever held.
func (u *unit) forgetPlace() error {
	return u.eraseCompartments("compartment IN ('arrival', 'course')")
}

// tails are where folders stand that go on under new keys; those that nobody has begun are left out.
func (u *unit) tails(compartments ...ailleurs.Compartment) ([]Tail, error) {
	epochs, err := u.epochs()
	if err != nil {
		return nil, err
	}
	heads, err := u.heads()
	if err != nil {
		return nil, err
	}
	var out []Tail
	for _, c := range compartments {
		if f := (folder{Compartment: c}); epochs[f] > 0 {
			out = append(out, Tail{c, epochs[f], heads[f].seq, heads[f].hash})
		}
	}
	return out, nil
}

// Arrive records the arrival, which the host lead signs on the person's code word, and takes the new epochs that the host
// alone holds. The origin's envelopes, the addressees' and the coordination's are destroyed: the origin keeps the light.
func (e *Exchange) Arrive(ctx context.Context, by ailleurs.Actor, in ailleurs.Arrive, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Travelling); err != nil {
			return err
		}
		if !slices.ContainsFunc(in.Keys, func(k ailleurs.CompartmentKey) bool { return k.Compartment == ailleurs.Person }) {
			return ailleurs.Refuse("arrive.new_epoch_missing", "keys")
		}
		pair := u.pair()
		if err := complete(in.Sealed, ailleurs.Person, "", pair...); err != nil {
			return err
		}
		if err := u.sign(in.Signed, ailleurs.ToArrive, string(u.c.ID), u.c.rules().Digest(), from.part); err != nil {
			return err
		}
		if err := u.take(in.Sealed, from, pair); err != nil {
			return err
		}
		j, ok, err := u.underway()
		if err != nil {
			return err
		}
		if ok {
			if err := u.tx.Set("journey", j.ID, store.Changes{"arrived_at": u.at}); err != nil {
				return err
			}
		}
		if err := u.move(ailleurs.Following, from.part); err != nil {
			return err
		}
		u.c.Arrived = u.at
		// What remains is the host's: its own envelopes and, of the thread that was retained, those its pair came with.
		if err := u.destroy("part NOT IN ($1, $2) AND NOT (part IN ($3, $4) AND member_id = $5)",
			ailleurs.HostLead, ailleurs.HostSecond, ailleurs.AddresseeLead, ailleurs.AddresseeSecond, u.c.Host); err != nil {
			return err
		}
		if err := u.destroy("compartment = 'person' AND epoch < (SELECT max(epoch) FROM compartment_key WHERE case_id = $1 AND compartment = 'person')",
			u.c.ID); err != nil {
			return err
		}
		if err := u.planFollowUps(); err != nil {
			return err
		}
		u.later(jobErase, string(u.c.ID), string(eraseArrival), u.at.Add(ailleurs.ArrivalKept))
		u.later(jobKept, string(u.c.ID), "", u.at.Add(ailleurs.ArrivalKept-ailleurs.ArrivalAsked))
		u.notify(u.c.Lead, u.c.Second, u.c.HostSecond)
		u.say("case.arrived", "", nil)
		return nil
	})
}
