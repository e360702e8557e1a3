package relocation

import (
	"context"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Withdraw records that the person changed their mind: at any moment, at once, never asked why. Places are free, envelopes
// destroyed, addressees released.
func (e *Exchange) Withdraw(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		if _, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.HostLead, ailleurs.HostSecond); err != nil {
			return err
		}
		u.say("case.withdrawn", "", nil)
		return u.leave(ailleurs.Withdrawn, ailleurs.ThePerson)
	})
}

// Divert ends a draft: the State's own programme takes over.
func (e *Exchange) Divert(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond)
		if err != nil {
			return err
		}
		u.say("case.diverted", "", nil)
		return u.leave(ailleurs.Diverted, from.part)
	})
}

// leave ends a case before its time.
func (u *unit) leave(to ailleurs.CaseState, by ailleurs.Part) error {
	if err := u.move(to, by); err != nil {
		return err
	}
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
	if err := u.destroy("1 = 1"); err != nil {
		return err
	}
	u.later(jobErase, string(u.c.ID), string(eraseAll), u.at.Add(ailleurs.CardKept))
	u.notify(u.c.Lead, u.c.Second, u.c.HostLead, u.c.HostSecond)
	return nil
}

// Suspend stops the clocks of a case once lead and second have both signed ToSuspend on the case as it stands.
func (e *Exchange) Suspend(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.both(ctx, by, in, at, ailleurs.ToSuspend, "case.suspended", func(u *unit) error {
		from, deadline := u.c.State, u.c.Deadline
		if err := u.move(ailleurs.Suspended, ailleurs.OriginLead); err != nil {
			return err
		}
		u.c.Resumes, u.c.Deadline = from, deadline // the clock shows what was left
		return nil
	})
}

// Resume takes a suspended case back to where it was, with the time that was left, once lead and second have both signed
// ToResume on the case as it stands.
func (e *Exchange) Resume(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.both(ctx, by, in, at, ailleurs.ToResume, "case.resumed", func(u *unit) error {
		to, pause, deadline := u.c.Resumes, u.at.Sub(u.c.Since), u.c.Deadline
		if u.c.State != ailleurs.Suspended {
			return u.in(ailleurs.Suspended)
		}
		if err := u.move(to, ailleurs.OriginLead); err != nil {
			return err
		}
		u.c.Resumes = ""
		if deadline.IsZero() {
			return nil
		}
		u.c.Deadline = deadline.Add(pause)
		u.clock()
		return u.shiftThreads(pause)
	})
}

// shiftThreads gives addressees and holds the time back that a suspension took.
func (u *unit) shiftThreads(pause time.Duration) error {
	all, err := u.all()
	if err != nil {
		return err
	}
	offers := false
	for _, t := range all {
		if t.State.Open() {
			t.Deadline = t.Deadline.Add(pause)
			u.later(jobLapse, string(t.ID), "", t.Deadline)
		}
		offers = offers || t.offers()
	}
	if offers && u.c.State == ailleurs.Calling {
		calendar, err := u.calendar(u.c.Member)
		if err != nil {
			return err
		}
		u.later(jobChoose, string(u.c.ID), "", ailleurs.Deadline(ailleurs.ChoosingOpens, u.c.Speed, u.at, calendar))
	}
	holds, err := store.All[holdRow](u.tx, `SELECT id, place_id, case_id, thread_id, round, at, until_at, assigned_at, released_at FROM hold
		WHERE case_id = $1 AND released_at IS NULL AND assigned_at IS NULL ORDER BY id`, u.c.ID)
	if err != nil {
		return err
	}
	for _, h := range holds {
		until := h.Until.Add(pause)
		if err := u.tx.Set("hold", h.ID, store.Changes{"until_at": until}); err != nil {
			return err
		}
		u.later(jobHold, string(h.Thread), "", until)
	}
	return nil
}

// both runs fn once lead and second have signed the same statement about the case as it stands.
func (e *Exchange) both(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time, purpose ailleurs.Purpose, kind string, fn func(*unit) error) error {
	find := func(*store.Tx) (ailleurs.CaseID, error) {
		s, err := claimed(in.Signed)
		return ailleurs.CaseID(s.Subject), err
	}
	return e.decide(ctx, by, in.Once, in, at, find, func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond)
		if err != nil {
			return err
		}
		if purpose == ailleurs.ToResume {
			err = u.in(ailleurs.Suspended)
		} else {
			err = ailleurs.MoveAllowed(u.c.State, ailleurs.Suspended, u.c.Speed, from.part)
		}
		if err != nil {
			return err
		}
		digest := u.c.rules().Digest()
		if err := u.sign(in.Signed, purpose, string(u.c.ID), digest, from.part); err != nil {
			return err
		}
		u.notify(u.c.Lead, u.c.Second)
		signed, err := u.signers(purpose, string(u.c.ID), digest)
		if err != nil {
			return err
		}
		lead, second := signed[ailleurs.OriginLead], signed[ailleurs.OriginSecond]
		if err := distinct(lead, second); err != nil {
			return err
		}
		if lead == "" || second == "" {
			u.say(kind+"_asked", "", nil)
			return nil
		}
		u.say(kind, "", nil)
		return fn(u)
	})
}

// alarm rings whoever is on duty, if the wiring knows how.
func (u *unit) alarm(level ailleurs.AlertLevel) error {
	if u.Alarm == nil {
		return nil
	}
	return u.Alarm(u.tx, u.c.ID, level, u.at)
}

// Reassign passes a case from someone who leaves to a colleague with the same role. The other caseworker of the pair
// signs; the envelopes of who leaves are destroyed, and who takes over gets their own.
func (e *Exchange) Reassign(ctx context.Context, by ailleurs.Actor, in ailleurs.Reassign, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error { return u.reassign(in) })
}

func (u *unit) reassign(in ailleurs.Reassign) error {
	post, member, from, err := u.post(in.From)
	if err != nil {
		return err
	}
	if u.c.State.Ended() {
		return u.in(ailleurs.Way[:len(ailleurs.Way)-1]...)
	}
	taken := u.c.rules().PartOf(in.To) != ""
	all, err := u.all()
	if err != nil {
		return err
	}
	taken = taken || slices.ContainsFunc(all, func(t *thread) bool { return t.part(in.To) != "" })
	if taken {
		return ailleurs.Refuse("reassign.plays_already", "to")
	}
	need := ailleurs.Caseworker
	switch post {
	case ailleurs.OriginSignatory, ailleurs.AddresseeSignatory:
		need = ailleurs.Signatory
	case ailleurs.Checker:
		need = ailleurs.Coordinator
	}
	if err := holdsRole(u.tx, in.To, member, need, "to"); err != nil {
		return err
	}
	if err := u.sign(in.Signed, ailleurs.ToHandOver, string(u.c.ID), ailleurs.HandOverDigest(u.c.ID, in.From, in.To), from.part); err != nil {
		return err
	}
	for _, who := range []*ailleurs.AgentID{&u.c.Lead, &u.c.Second, &u.c.Signatory, &u.c.Checker1, &u.c.Checker2, &u.c.HostLead, &u.c.HostSecond} {
		if *who == in.From {
			*who = in.To
		}
	}
	for _, t := range all {
		for _, who := range []*ailleurs.AgentID{&t.Lead, &t.Second, &t.Signatory} {
			if *who == in.From {
				*who = in.To
			}
		}
	}
	if err := u.destroy("for_id = $1", in.From); err != nil {
		return err
	}
	circle, err := u.circle()
	if err != nil {
		return err
	}
	if err := u.take(in.Sealed, from, circle); err != nil {
		return err
	}
	u.notify(in.To)
	u.say("case.reassigned", string(in.To), nil)
	return nil
}

// post finds which part someone plays, at which member, and as what the actor may sign for it: the other caseworker of the
// same pair, or for a signatory and a coordinator one of those beside them.
func (u *unit) post(agent ailleurs.AgentID) (ailleurs.Part, ailleurs.MemberID, role, error) {
	beside := map[ailleurs.Part][]ailleurs.Part{
		ailleurs.OriginLead:      {ailleurs.OriginSecond},
		ailleurs.OriginSecond:    {ailleurs.OriginLead},
		ailleurs.OriginSignatory: {ailleurs.OriginLead, ailleurs.OriginSecond},
		ailleurs.HostLead:        {ailleurs.HostSecond},
		ailleurs.HostSecond:      {ailleurs.HostLead},
		ailleurs.Checker:         {ailleurs.Checker},
	}
	if p := u.c.rules().PartOf(agent); p != "" {
		from, err := u.as(beside[p]...)
		if err == nil && from.self == agent {
			err = ailleurs.RefuseAs(ailleurs.Forbidden, "statement.two_people", "signed")
		}
		member := u.c.Member
		switch p {
		case ailleurs.HostLead, ailleurs.HostSecond:
			member = u.c.Host
		case ailleurs.Checker:
			member = ""
		}
		return p, member, from, err
	}
	all, err := u.all()
	if err != nil {
		return "", "", role{}, err
	}
	for _, t := range all {
		p := t.part(agent)
		if p == "" {
			continue
		}
		var parts []ailleurs.Part
		switch p {
		case ailleurs.AddresseeLead:
			parts = []ailleurs.Part{ailleurs.AddresseeSecond}
		case ailleurs.AddresseeSecond:
			parts = []ailleurs.Part{ailleurs.AddresseeLead}
		default:
			parts = []ailleurs.Part{ailleurs.AddresseeLead, ailleurs.AddresseeSecond}
		}
		_, from, err := u.asAddressee(t.ID, parts...)
		return p, t.Member, from, err
	}
	if _, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.HostLead, ailleurs.HostSecond, ailleurs.Checker); err != nil {
		return "", "", role{}, err
	}
	return "", "", role{}, ailleurs.Refuse("reassign.not_in_case", "from")
}
