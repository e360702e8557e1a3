package protection

import (
	"context"
	"time"
	_ "time/tzdata" // the weekly test is at 10 h in Paris on every machine

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Config is what protection needs.
type Config struct {
	DB *store.DB // required

	// Ringer makes a duty phone ring; nil where there are no duty officers.
	Ringer Ringer

	// InCircle says whether an agent has a part in a case; nil knows no case.
	InCircle func(tx *store.Tx, id ailleurs.CaseID, agent ailleurs.AgentID) (bool, error)

	// Beside names who is rung at once, before the call tree, when an alert about a case is a threat or worse: its host
	// lead. nil: nobody.
	Beside func(tx *store.Tx, id ailleurs.CaseID) ([]ailleurs.AgentID, error)

	// Journal and Register sign the checkpoints that anyone may read; without them nothing is proven.
	Journal, Register LogKey
}

// A Protection answers the use cases of this package. It is safe for use by many goroutines.
type Protection struct {
	db  *store.DB
	cfg Config
}

// New returns the protection, or a refusal that names the field of the configuration at fault.
func New(cfg Config) (*Protection, error) {
	if cfg.DB == nil {
		return nil, ailleurs.Refuse("protection.config", "DB")
	}
	return &Protection{cfg.DB, cfg}, nil
}

var paris = func() *time.Location {
	l, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // the data is compiled in
	}
	return l
}()

// Ready refuses to start when there are duty officers and no way to make a phone ring (alert.no_ringer): mail alone wakes
// nobody. It also sees to the weekly test, which finds out for itself who is on duty.
func (p *Protection) Ready(ctx context.Context, at time.Time) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		tree, err := callTree(tx)
		if err != nil {
			return err
		}
		if len(tree) > 0 && p.cfg.Ringer == nil {
			return ailleurs.Refuse("alert.no_ringer", "alert.command")
		}
		var scheduled int // one that was missed while the hub stood still is done first
		if err := tx.QueryRow("SELECT count(*) FROM job WHERE kind = $1", weeklyTest).Scan(&scheduled); err != nil || scheduled > 0 {
			return err
		}
		return p.scheduleTest(tx, at)
	})
}

// CanRing reports whether anything makes duty phones ring.
func (p *Protection) CanRing() bool { return p.cfg.Ringer != nil }

func say(tx *store.Tx, e journal.Event) error {
	_, err := journal.Append(tx, e)
	return err
}
