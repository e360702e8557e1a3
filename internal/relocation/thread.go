package relocation

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A thread is the row of what one addressee answers in.
type thread struct {
	ID        ailleurs.ThreadID    `db:"id"`
	Call      ailleurs.CallID      `db:"call_id"`
	Case      ailleurs.CaseID      `db:"case_id"`
	Member    ailleurs.MemberID    `db:"member_id"`
	Ring      int                  `db:"ring"`
	State     ailleurs.ThreadState `db:"state"`
	Since     time.Time            `db:"since"`
	Round     int                  `db:"round"`
	Lead      ailleurs.AgentID     `db:"lead_id"`
	Second    ailleurs.AgentID     `db:"second_id"`
	Signatory ailleurs.AgentID     `db:"signatory_id"`
	Opened    time.Time            `db:"opened_at"`
	Deadline  time.Time            `db:"deadline_at"`
	Until     ailleurs.Date        `db:"study_until,omitzero"`
	Replied   time.Time            `db:"replied_at"`
	Release   time.Time            `db:"release_at"`
}

const selectThread = `SELECT id, call_id, case_id, member_id, ring, state, since, round, lead_id, second_id, signatory_id, opened_at,
	deadline_at, study_until, replied_at, release_at FROM thread `

// part is what agent plays in the thread.
func (t thread) part(agent ailleurs.AgentID) ailleurs.Part {
	switch agent {
	case "":
		return ""
	case t.Lead:
		return ailleurs.AddresseeLead
	case t.Second:
		return ailleurs.AddresseeSecond
	case t.Signatory:
		return ailleurs.AddresseeSignatory
	}
	return ""
}

// offers reports whether the person may still say yes to what the thread proposes.
func (t thread) offers() bool {
	return (t.State == ailleurs.Proposed || t.State == ailleurs.Countered) && t.Release.IsZero()
}

// all loads the threads of the call under way.
func (u *unit) all() ([]*thread, error) {
	if u.loaded {
		return u.threads, nil
	}
	u.loaded = true
	if u.c.Call == "" {
		return nil, nil
	}
	rows, err := store.All[thread](u.tx, selectThread+"WHERE call_id = $1 ORDER BY ring, id", u.c.Call)
	if err != nil {
		return nil, err
	}
	u.threadsWas = rows
	for _, r := range rows {
		u.threads = append(u.threads, &r)
	}
	return u.threads, nil
}

// live are the threads whose addressee may still see the card.
func (u *unit) live() ([]*thread, error) {
	all, err := u.all()
	if err != nil {
		return nil, err
	}
	var out []*thread
	for _, t := range all {
		if t.State.Live() || t.State == ailleurs.Declined && t.Replied.IsZero() {
			out = append(out, t)
		}
	}
	return out, nil
}

// addressed reports whether the actor, or someone they stand in for, is called upon in this case.
func (u *unit) addressed() (bool, error) {
	all, err := u.all()
	if err != nil {
		return false, err
	}
	for _, t := range all {
		for _, a := range u.selves() {
			if t.part(a) != "" {
				return true, nil
			}
		}
	}
	return false, nil
}

// thread finds one of the call under way; of an older call it is unknown.
func (u *unit) thread(id ailleurs.ThreadID) (*thread, error) {
	all, err := u.all()
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, errUnknown
}

// asAddressee refuses an actor who plays none of the parts in the thread. For everyone else the thread does not exist.
func (u *unit) asAddressee(id ailleurs.ThreadID, parts ...ailleurs.Part) (*thread, role, error) {
	t, err := u.thread(id)
	if err != nil {
		return nil, role{}, err
	}
	known := false
	for _, a := range u.selves() {
		p := t.part(a)
		known = known || p != ""
		for _, want := range parts {
			if p == want {
				return t, role{p, a}, nil
			}
		}
	}
	if known {
		return nil, role{}, ailleurs.RefuseAs(ailleurs.Forbidden, "case.not_your_part", "")
	}
	return nil, role{}, errUnknown
}

// become takes the thread to another state.
func (u *unit) become(t *thread, to ailleurs.ThreadState) error {
	if t.State == to {
		return nil
	}
	if !t.State.CanBecome(to) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "thread.not_now", "", "state", string(t.State))
	}
	t.State, t.Since = to, u.at
	return nil
}

// end takes the thread to a state it does not leave: its holds are released, its card is no longer handed out.
func (u *unit) end(t *thread, to ailleurs.ThreadState) error {
	if err := u.become(t, to); err != nil {
		return err
	}
	t.Release = time.Time{}
	if err := u.freeHolds(t.ID); err != nil {
		return err
	}
	return u.destroy("compartment = 'need' AND member_id = $1", t.Member)
}

// tooLate is why a thread takes no answer any more; nil while it does.
func (u *unit) tooLate(t *thread) error {
	switch t.State {
	case ailleurs.Sent, ailleurs.Read, ailleurs.Studying:
	case ailleurs.Proposed, ailleurs.Countered, ailleurs.Declined, ailleurs.Redirected, ailleurs.Retained:
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.already", "")
	case ailleurs.Lapsed:
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.too_late", "")
	case ailleurs.Recalled:
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.recalled", "")
	case ailleurs.Released:
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.released", "")
	}
	if u.c.State == ailleurs.Suspended {
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.suspended", "")
	}
	if u.c.State != ailleurs.Calling && u.c.State != ailleurs.Choosing || !t.Release.IsZero() {
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.too_late", "")
	}
	if !u.at.Before(t.Deadline) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.too_late", "")
	}
	return nil
}

// Study says that the addressee looks into the call and by which day it answers; the deadline stands all the same.
func (e *Exchange) Study(ctx context.Context, by ailleurs.Actor, in ailleurs.Study, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Thread), func(u *unit) error {
		t, _, err := u.asAddressee(in.Thread, ailleurs.AddresseeLead, ailleurs.AddresseeSecond)
		if err != nil {
			return err
		}
		if err := u.tooLate(t); err != nil {
			return err
		}
		day, err := ailleurs.ParseDate(string(in.Until), "until")
		if err != nil {
			return err
		}
		calendar, err := u.calendar(t.Member)
		if err != nil {
			return err
		}
		today := ailleurs.Date(u.at.In(calendar.Location()).Format(time.DateOnly))
		last := ailleurs.Date(t.Deadline.In(calendar.Location()).Format(time.DateOnly))
		if day.Before(today) || last.Before(day) {
			return ailleurs.Refuse("thread.study_out_of_time", "until", "last", string(last))
		}
		if t.State == ailleurs.Sent {
			return ailleurs.RefuseAs(ailleurs.Conflict, "answer.not_read", "")
		}
		if err := u.become(t, ailleurs.Studying); err != nil {
			return err
		}
		t.Until = day
		u.notify(u.c.Lead)
		u.say("thread.studying", string(t.ID), nil)
		return nil
	})
}
