package relocation

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Thread shows a thread to one of its addressee's three people, and hands out what is sealed to them. The first caseworker
// who opens it turns sent into read. Whoever is not addressed is told that there is no such thread.
func (e *Exchange) Thread(ctx context.Context, by ailleurs.Actor, id ailleurs.ThreadID, at time.Time) (ThreadView, error) {
	var v ThreadView
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		c, err := ofThread(id)(tx)
		if err != nil {
			return err
		}
		u, err := e.look(ctx, tx, by, c, at)
		if err != nil {
			return err
		}
		t, err := u.thread(id)
		if err != nil {
			return err
		}
		if t.State == ailleurs.Sent { // decided about: once more, under the lock
			u = e.unit(ctx, tx, by, at)
			u.readers = true
			if err := u.load(c); err != nil {
				return err
			}
			if err := u.standIns(); err != nil {
				return err
			}
			if t, err = u.thread(id); err != nil {
				return err
			}
		}
		if v, err = u.threadView(t); err != nil {
			return err
		}
		u.opened("thread.read", string(t.ID), v.Sealed)
		if err := u.seen(t.ID); err != nil {
			return err
		}
		return u.finish()
	})
	return v, err
}

// threadSights are the parts that the actor plays in the thread.
func (u *unit) threadSights(t *thread) ([]sight, error) {
	var out []sight
	for _, self := range u.selves() {
		part := t.part(self)
		if part == "" {
			continue
		}
		s := u.c.rules().Standing(part)
		s.Thread = t.State
		if part == ailleurs.AddresseeSignatory {
			a, ok, err := u.answerOf(t)
			if err != nil {
				return nil, err
			}
			s.AskedToSign = ok && a.awaitsSignatory()
		}
		out = append(out, sight{standing: s, thread: t})
	}
	return out, nil
}

func (u *unit) threadView(t *thread) (ThreadView, error) {
	sights, err := u.threadSights(t)
	if err != nil {
		return ThreadView{}, err
	}
	if len(sights) == 0 {
		return ThreadView{}, errUnknown
	}
	v := ThreadView{Part: sights[0].standing.Part}
	if t.part(u.by.Agent) == "" {
		for _, self := range u.stands {
			if t.part(self) == v.Part {
				v.For = self
			}
		}
	}
	if v.Sealed, err = u.handOut(sights, nil); err != nil {
		return v, err
	}
	if t.State == ailleurs.Sent && v.Part != ailleurs.AddresseeSignatory && len(v.Sealed.Envelopes) > 0 {
		if err := u.become(t, ailleurs.Read); err != nil {
			return v, err
		}
	}
	v.ID, v.Case, v.Origin, v.Member = t.ID, u.c.ID, u.c.Member, t.Member
	v.Lead, v.Second, v.Signatory = t.Lead, t.Second, t.Signatory
	v.Origins = [2]ailleurs.AgentID{u.c.Lead, u.c.Second}
	v.Speed, v.State, v.Round, v.Opened, v.Deadline, v.Until = u.c.Speed, t.State, t.Round, t.Opened, t.Deadline, t.Until
	if u.answerable() || u.c.State == ailleurs.Suspended || u.c.Retained == t.ID {
		v.CaseState = u.c.State
	}
	v.FirstYes = u.c.Retained == t.ID
	call, sheet, err := u.call()
	if err != nil {
		return v, err
	}
	v.NeedHead = sheet.NeedHead
	if v.Called, err = store.All[StatementLine](u.tx, "SELECT purpose, subject, digest, by_id, part, at, signed FROM statement WHERE purpose = $1 AND subject = $2 AND digest = $3",
		ailleurs.ToCall, call.ID, call.Digest); err != nil {
		return v, err
	}
	answers, err := u.answersOf(t.ID)
	if err != nil {
		return v, err
	}
	for _, a := range answers {
		line, err := a.line()
		if err != nil {
			return v, err
		}
		v.Answers = append(v.Answers, line)
	}
	if v.Holds, err = u.holdLines(t.ID); err != nil {
		return v, err
	}
	task, err := u.threadTask(t, v.Part)
	if err != nil {
		return v, err
	}
	if task != "" {
		v.Tasks = append(v.Tasks, task)
	}
	if task == TaskWelcome {
		if v.Tails, err = u.tails(ailleurs.Arrival, ailleurs.Course); err != nil {
			return v, err
		}
	}
	return v, nil
}
