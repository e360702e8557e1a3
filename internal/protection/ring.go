package protection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// ringAgain is how long a call that failed, or was begun, rests before it is tried again.
const ringAgain = time.Minute

// ringTries bounds the tries of one call: by then the next officer's phone rings.
const ringTries = 10

// Ring makes the calls that wait at an instant and returns how many were made; the error joins the reasons of those that
// failed, which are tried again. Two hubs never make the same call at the same time.
func (p *Protection) Ring(ctx context.Context, at time.Time) (made int, err error) {
	var faults []error
	for ctx.Err() == nil {
		c, err := p.claim(ctx, at)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return made, err
		}
		if p.cfg.Ringer == nil {
			faults = append(faults, errors.New("protection: no way to ring is configured"))
			continue
		}
		if err := p.cfg.Ringer.Ring(ctx, c.Line); err != nil {
			faults = append(faults, fmt.Errorf("protection: %w", err))
			continue
		}
		made++
		if err := p.db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM ring_waiting WHERE alert_id = $1 AND n = $2", c.Alert, c.N)
			return err
		}); err != nil {
			return made, err
		}
	}
	return made, errors.Join(faults...)
}

type claimed struct {
	Alert ailleurs.AlertID `db:"alert_id"`
	N     int              `db:"n"`
	Line  string           `db:"line"`
}

// claim takes the next call that is due; ErrNotFound when there is none.
func (p *Protection) claim(ctx context.Context, at time.Time) (c claimed, err error) {
	const next = `SELECT alert_id, n, line FROM ring_waiting WHERE next_at <= $1 ORDER BY next_at, alert_id, n LIMIT 1`
	err = p.db.View(ctx, func(tx *store.Tx) error { // most of the time nothing waits, and looking costs no write
		_, err := store.One[claimed](tx, next, at)
		return err
	})
	if err != nil {
		return c, err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		if c, err = store.One[claimed](tx, next+" FOR UPDATE SKIP LOCKED", at); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE ring_waiting SET next_at = $1, tries = tries + 1 WHERE alert_id = $2 AND n = $3",
			at.Add(ringAgain), c.Alert, c.N); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM ring_waiting WHERE tries > $1", ringTries)
		return err
	})
	return c, err
}

// scheduleTest sees that the weekly test is due.
func (p *Protection) scheduleTest(tx *store.Tx, at time.Time) error {
	return jobs.Schedule(tx, jobs.Job{Kind: weeklyTest, Subject: "duty", RunAt: ailleurs.TestRing(at, paris)})
}

// test is the job that tries every duty phone once a week: each officer acknowledges their own within the hour.
func (p *Protection) test(tx *store.Tx, at time.Time, _ jobs.Due) error {
	if err := p.scheduleTest(tx, at); err != nil {
		return err
	}
	tree, err := callTree(tx)
	if err != nil || len(tree) == 0 {
		return err
	}
	for _, o := range tree {
		a := alertRow{ID: ailleurs.NewID[ailleurs.AlertID](), Level: ailleurs.ThreatAlert, Test: true, RaisedAt: at, Rings: 1}
		if err := tx.Insert("alert", a); err != nil {
			return err
		}
		if err := p.call(tx, a.ID, 0, o.Agent, o.Line, at); err != nil {
			return err
		}
		if err := jobs.Schedule(tx, jobs.Job{Kind: nextRing, Subject: string(a.ID), RunAt: at.Add(a.Level.AcknowledgeWithin())}); err != nil {
			return err
		}
	}
	return say(tx, journal.Event{Kind: "alert.tested", At: at, Detail: map[string]int{"lines": len(tree)}})
}

// unheard ends a test that nobody acknowledged and tells the coordinators.
func (p *Protection) unheard(tx *store.Tx, a alertRow, at time.Time) error {
	if err := tx.Set("alert", a.ID, store.Changes{"closed_at": at, "ended": ailleurs.TestUnheard}); err != nil {
		return err
	}
	if err := silence(tx, a.ID); err != nil {
		return err
	}
	coordinators, err := store.All[ailleurs.AgentID](tx, `SELECT DISTINCT agent_id FROM agent_role
		WHERE role = 'coordinator' AND left_at IS NULL ORDER BY agent_id`)
	if err != nil {
		return err
	}
	for _, c := range coordinators {
		if err := jobs.Schedule(tx, jobs.Job{Kind: "notice", Subject: string(c), RunAt: at}); err != nil {
			return err
		}
	}
	return say(tx, journal.Event{Kind: "alert.test_unheard", At: at, Subject: string(a.ID)})
}

// Tests returns the last weekly try of each duty officer's line, the newest first: coordinators and duty officers.
func (p *Protection) Tests(ctx context.Context, by ailleurs.Actor) ([]Alert, error) {
	if !by.Is(ailleurs.Coordinator) && !by.Is(ailleurs.DutyOfficer) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "actor.role_needed", "", "role", string(ailleurs.DutyOfficer))
	}
	var out []Alert
	err := p.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := store.All[alertRow](tx, "SELECT "+alertColumns+` FROM alert WHERE test = 1 ORDER BY raised_at DESC, id LIMIT 50`)
		if err != nil {
			return err
		}
		seen := make(map[ailleurs.AgentID]bool)
		for _, a := range rows {
			shown, _, err := p.show(tx, a, by)
			if err != nil {
				return err
			}
			if len(shown.Rung) == 1 && !seen[shown.Rung[0].Agent] {
				seen[shown.Rung[0].Agent] = true
				out = append(out, shown)
			}
		}
		return nil
	})
	return out, err
}
