package relocation

import (
	"errors"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type holdRow struct {
	ID       string            `db:"id"`
	Place    ailleurs.PlaceID  `db:"place_id"`
	Case     ailleurs.CaseID   `db:"case_id"`
	Thread   ailleurs.ThreadID `db:"thread_id"`
	Round    int               `db:"round"`
	At       time.Time         `db:"at"`
	Until    time.Time         `db:"until_at"`
	Assigned time.Time         `db:"assigned_at"`
	Released time.Time         `db:"released_at"`
}

// holdPlaces holds the home and the jobs of a proposal: places of the answering member's own live offers, each by nobody
// else. That no place has two holders is the business of the index hold_live, not of a look beforehand.
func (u *unit) holdPlaces(t *thread, s ailleurs.AnswerSheet) error {
	calendar, err := u.calendar(t.Member)
	if err != nil {
		return err
	}
	until := instant(ailleurs.Deadline(ailleurs.LongestHold, u.c.Speed, u.at, calendar))
	if err := u.holdPlace(t, s.Home, ailleurs.HomeOffer, until, "home"); err != nil {
		return err
	}
	for i, job := range s.Jobs {
		if err := u.holdPlace(t, job, ailleurs.JobOffer, until, fmt.Sprintf("jobs[%d]", i)); err != nil {
			return err
		}
	}
	u.later(jobHold, string(t.ID), "", until)
	return nil
}

func (u *unit) holdPlace(t *thread, id ailleurs.PlaceID, kind ailleurs.OfferKind, until time.Time, field string) error {
	type found struct {
		Kind      ailleurs.OfferKind `db:"kind"`
		Member    ailleurs.MemberID  `db:"member_id"`
		Confirmed time.Time          `db:"confirmed_at"`
		Withdrawn time.Time          `db:"withdrawn_at"`
	}
	o, err := store.One[found](u.tx, `SELECT o.kind, p.member_id, o.confirmed_at, o.withdrawn_at
		FROM place p JOIN offer o ON o.id = p.offer_id WHERE p.id = $1`, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && o.Member != t.Member {
		return ailleurs.Refuse("answer.place_unknown", field)
	}
	if err != nil {
		return err
	}
	switch {
	case o.Kind != kind:
		return ailleurs.Refuse("answer.place_kind", field)
	case !ailleurs.Offer{ConfirmedAt: o.Confirmed, WithdrawnAt: o.Withdrawn}.Fresh(u.at):
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.offer_not_live", field)
	}
	err = u.tx.Insert("hold", holdRow{
		ID: u.rowID(), Place: id, Case: u.c.ID, Thread: t.ID, Round: t.Round, At: u.at, Until: until,
	})
	if errors.Is(err, store.ErrTaken) && store.TakenIndex(err) == "hold_live" {
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.place_taken", field)
	}
	if err != nil {
		return err
	}
	return u.leaveList(id)
}

// freeHolds releases what the thread holds; assignments included.
func (u *unit) freeHolds(id ailleurs.ThreadID) error {
	places, err := store.All[ailleurs.PlaceID](u.tx, "SELECT place_id FROM hold WHERE thread_id = $1 AND released_at IS NULL ORDER BY place_id", id)
	if err != nil || len(places) == 0 {
		return err
	}
	if _, err := u.tx.SetWhere("hold", store.Changes{"released_at": u.at}, "thread_id = $1 AND released_at IS NULL", id); err != nil {
		return err
	}
	for _, p := range places {
		if err := u.comeBack(p); err != nil {
			return err
		}
	}
	return nil
}

// keepHolds makes sure that the places of a proposal are still held: a hold that ran out is taken again if nobody else has
// the place meanwhile.
func (u *unit) keepHolds(t *thread, s ailleurs.AnswerSheet) error {
	held, err := store.All[ailleurs.PlaceID](u.tx, "SELECT place_id FROM hold WHERE thread_id = $1 AND released_at IS NULL", t.ID)
	if err != nil {
		return err
	}
	if len(held) == 1+len(s.Jobs) {
		return nil
	}
	if len(held) > 0 {
		return fmt.Errorf("relocation: thread holds %d of %d places", len(held), 1+len(s.Jobs))
	}
	err = u.holdPlaces(t, s)
	if r := ailleurs.AsRefusal(err); r != nil {
		return ailleurs.RefuseAs(ailleurs.Conflict, "choice.place_gone", r.Field)
	}
	return err
}
