package relocation

import (
	"context"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type followupRow struct {
	Case     ailleurs.CaseID    `db:"case_id"`
	Day      int                `db:"day"`
	Due      time.Time          `db:"due_at"`
	Deadline time.Time          `db:"deadline_at"`
	Done     time.Time          `db:"done_at"`
	Light    ailleurs.Wellbeing `db:"light,omitzero"`
	By       ailleurs.AgentID   `db:"by_id,omitzero"`
}

func (u *unit) followups() ([]followupRow, error) {
	return store.All[followupRow](u.tx, "SELECT case_id, day, due_at, deadline_at, done_at, light, by_id FROM followup WHERE case_id = $1 ORDER BY day", u.c.ID)
}

// planFollowUps writes down the days on which the host asks how it goes, three working days each.
func (u *unit) planFollowUps() error {
	calendar, err := u.calendar(u.c.Host)
	if err != nil {
		return err
	}
	before, err := u.followups()
	if err != nil {
		return err
	}
	for _, day := range ailleurs.FollowUpDays {
		due := u.at.AddDate(0, 0, day)
		r := followupRow{Case: u.c.ID, Day: day, Due: due, Deadline: instant(ailleurs.Deadline(ailleurs.FollowUpAllowance, ailleurs.Normal, due, calendar))}
		if slices.ContainsFunc(before, func(b followupRow) bool { return b.Day == day }) { // a second arrival, after a compromise
			err = u.tx.Put("followup", r)
		} else {
			err = u.tx.Insert("followup", r)
		}
		if err != nil {
			return err
		}
		u.later(jobFollowUp, string(u.c.ID), itoa(day), r.Due)
		u.later(jobFollowLate, string(u.c.ID), itoa(day), r.Deadline)
	}
	return nil
}

// FollowUp records that the host asked how it goes: the light for the origin, the words sealed in course.
func (e *Exchange) FollowUp(ctx context.Context, by ailleurs.Actor, in ailleurs.FollowUp, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead, ailleurs.HostSecond)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Following); err != nil {
			return err
		}
		if !in.Light.Valid() {
			return ailleurs.Refuse("followup.light", "light")
		}
		all, err := u.followups()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(f followupRow) bool { return f.Day == in.Day })
		switch {
		case i < 0:
			return ailleurs.Refuse("followup.day", "day")
		case !all[i].Done.IsZero():
			return ailleurs.RefuseAs(ailleurs.Conflict, "followup.done_already", "day")
		case u.at.Before(all[i].Due.Add(-24 * time.Hour)):
			return ailleurs.RefuseAs(ailleurs.Conflict, "followup.too_early", "day")
		}
		pair := u.pair()
		if err := u.take(in.Sealed, from, pair); err != nil {
			return err
		}
		err = u.tx.Set("followup", store.Key{u.c.ID, in.Day}, store.Changes{"done_at": u.at, "light": in.Light, "by_id": u.by.Agent})
		if err != nil {
			return err
		}
		u.say("followup.done", "", nil)
		if in.Light == ailleurs.Well {
			return nil
		}
		u.notify(u.c.HostLead, u.c.HostSecond, u.c.Lead)
		if in.Light == ailleurs.InAlert {
			return u.alarm(ailleurs.ThreatAlert)
		}
		return nil
	})
}

// Close ends a case that was followed, with its outcome; the retention clocks start.
func (e *Exchange) Close(ctx context.Context, by ailleurs.Actor, in ailleurs.End, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.HostLead, ailleurs.HostSecond)
		if err != nil {
			return err
		}
		if !in.Outcome.Valid() {
			return ailleurs.Refuse("case.outcome", "outcome")
		}
		if err := u.in(ailleurs.Following); err != nil {
			return err
		}
		if err := u.move(ailleurs.Closed, from.part); err != nil {
			return err
		}
		u.c.Outcome = in.Outcome
		u.later(jobErase, string(u.c.ID), string(eraseCard), u.at.Add(ailleurs.CardKept))
		u.later(jobErase, string(u.c.ID), string(eraseAll), u.at.Add(ailleurs.PersonKept))
		u.notify(u.c.Lead, u.c.HostLead, u.c.HostSecond)
		u.say("case.closed", "", nil)
		return u.tx.Set("call", u.c.Call, store.Changes{"ended_at": u.at})
	})
}
