package relocation

import (
	"context"
	"slices"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Retain records the person's first yes: to the job, the home, the region and the duties. It binds nobody yet.
func (e *Exchange) Retain(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofClaimedThread(in.Signed), func(u *unit) error {
		said, err := claimed(in.Signed)
		if err != nil {
			return err
		}
		from, err := u.as(ailleurs.OriginLead)
		if err != nil {
			return err
		}
		t, err := u.thread(ailleurs.ThreadID(said.Subject))
		if err != nil {
			return err
		}
		if u.c.State == ailleurs.Calling {
			return ailleurs.RefuseAs(ailleurs.Conflict, "choice.not_open", "")
		}
		if err := u.in(ailleurs.Choosing); err != nil {
			return err
		}
		a, line, err := u.proposal(t)
		if err != nil {
			return err
		}
		if u.c.Retained != "" {
			return ailleurs.RefuseAs(ailleurs.Conflict, "choice.first_yes_given", "")
		}
		if err := u.sign(in.Signed, ailleurs.ToRetain, string(t.ID), a.Digest, from.part); err != nil {
			return err
		}
		if err := u.keepHolds(t, line.Sheet); err != nil {
			return err
		}
		u.c.Retained = t.ID
		u.notify(t.Lead, t.Second, u.c.Second)
		u.say("choice.first_yes", string(t.ID), nil)
		return nil
	})
}

// proposal is what the thread proposes; a refusal when the person cannot say yes to it.
func (u *unit) proposal(t *thread) (answerRow, AnswerLine, error) {
	a, ok, err := u.answerOf(t)
	if err != nil {
		return a, AnswerLine{}, err
	}
	if !ok || !t.offers() || !a.Refused.IsZero() {
		return a, AnswerLine{}, ailleurs.RefuseAs(ailleurs.Conflict, "choice.no_such_proposal", "")
	}
	line, err := a.line()
	return a, line, err
}

// Refuse records the person's no to a proposal, before or after a first yes; it never counts against them. The addressee
// learns within 48 h, at random, that it is released, in the words that all others get.
func (e *Exchange) Refuse(ctx context.Context, by ailleurs.Actor, in ailleurs.OnThread, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Thread), func(u *unit) error {
		if _, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond); err != nil {
			return err
		}
		if err := u.in(ailleurs.Calling, ailleurs.Choosing); err != nil {
			return err
		}
		t, err := u.thread(in.Thread)
		if err != nil {
			return err
		}
		if _, _, err := u.proposal(t); err != nil {
			return err
		}
		if err := u.setAnswer(t, store.Changes{"refused_at": u.at}); err != nil {
			return err
		}
		if u.c.Retained == t.ID {
			u.c.Retained = ""
		}
		if err := u.release(t); err != nil {
			return err
		}
		u.say("choice.refused", string(t.ID), nil)
		return u.noneLeft()
	})
}

// release lets the addressee know at a random moment within 48 h that it is released.
func (u *unit) release(t *thread) error {
	when, err := within(u.at, ailleurs.ReleaseWindow)
	if err != nil {
		return err
	}
	t.Release = when
	u.later(jobRelease, string(t.ID), "", when)
	return nil
}

// noneLeft goes back to calling when the person has nothing left to choose from, and on to a wider ring when nobody can
// answer any more.
func (u *unit) noneLeft() error {
	all, err := u.all()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(t *thread) bool { return t.offers() }) {
		return nil
	}
	if u.c.State == ailleurs.Choosing {
		if err := u.move(ailleurs.Calling, ailleurs.TheClock); err != nil {
			return err
		}
		for _, t := range all {
			if t.State.Open() && t.Deadline.After(u.c.Deadline) {
				u.c.Deadline = t.Deadline
			}
		}
		u.clock()
	}
	return u.settle()
}

// Welcome records the second yes on the host's device: only this one binds. The holds become assignments, the addressee
// becomes the host, and all others are released at a random moment each.
func (e *Exchange) Welcome(ctx context.Context, by ailleurs.Actor, in ailleurs.Welcome, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Thread), func(u *unit) error { return u.welcome(in) })
}

func (u *unit) welcome(in ailleurs.Welcome) error {
	t, _, err := u.asAddressee(in.Thread, ailleurs.AddresseeLead)
	if err != nil {
		return err
	}
	if err := u.in(ailleurs.Choosing); err != nil {
		return err
	}
	if u.c.Retained != t.ID {
		return ailleurs.RefuseAs(ailleurs.Conflict, "choice.no_first_yes", "")
	}
	a, line, err := u.proposal(t)
	if err != nil {
		return err
	}
	f, err := u.fellow(t.Member)
	if err != nil {
		return err
	}
	if !f.receivesPersons(u.at) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "member.under_observation", "")
	}
	if err := u.sign(in.Signed, ailleurs.ToWelcome, string(t.ID), a.Digest, ailleurs.HostLead); err != nil {
		return err
	}
	if err := u.keepHolds(t, line.Sheet); err != nil {
		return err
	}
	if _, err := u.tx.SetWhere("hold", store.Changes{"assigned_at": u.at}, "thread_id = $1 AND released_at IS NULL", t.ID); err != nil {
		return err
	}
	if err := u.forgetPlace(); err != nil {
		return err
	}
	u.c.Host, u.c.HostLead, u.c.HostSecond = t.Member, t.Lead, t.Second
	if err := u.move(ailleurs.Preparing, ailleurs.HostLead); err != nil {
		return err
	}
	if err := u.become(t, ailleurs.Retained); err != nil {
		return err
	}
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, other := range all {
		if other != t && other.State.CanBecome(ailleurs.Released) && other.Release.IsZero() {
			if err := u.release(other); err != nil {
				return err
			}
		}
	}
	// The card goes to nobody else any more, and the élu has done their part.
	if err := u.destroy("compartment = 'need' AND part IN ($1, $2, $3)",
		ailleurs.OriginSignatory, ailleurs.Checker, ailleurs.AddresseeSignatory); err != nil {
		return err
	}
	pair := u.pair()
	if err := u.take(in.Sealed, role{ailleurs.HostLead, t.Lead}, pair); err != nil {
		return err
	}
	u.say("choice.second_yes", string(t.ID), nil)
	u.notify(u.c.Lead, u.c.Second, t.Second)
	return nil
}

// HandOver grants person, and threat if the lead decides so, to the host's two named people.
func (e *Exchange) HandOver(ctx context.Context, by ailleurs.Actor, in ailleurs.HandOver, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Preparing, ailleurs.Travelling); err != nil {
			return err
		}
		for i, b := range in.Bodies {
			return ailleurs.Refuse("sealed.not_your_compartment", "bodies["+strconv.Itoa(i)+"]", "compartment", string(b.Compartment))
		}
		pair := u.pair()
		if err := complete(in.Sealed, ailleurs.Person, "", pair...); err != nil {
			return err
		}
		if err := u.take(in.Sealed, from, pair); err != nil {
			return err
		}
		u.notify(pair[0].agent, pair[1].agent)
		u.say("handover.done", "", saved{Envelopes: len(in.Envelopes)})
		return nil
	})
}
