package alliance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Budget is a token bucket: Burst at once, one more every Every.
type Budget struct {
	Name  string
	Burst int
	Every time.Duration
}

// Login is what one address may fail at before it waits: sign-ins and invitations alike (docs/threat-model.md).
var Login = Budget{Name: "login", Burst: 5, Every: time.Minute}

// Take spends one token of who's bucket, or refuses with budget.spent and the seconds to wait. A bucket is one row: the
// instant at which it will be full again.
func (b Budget) Take(tx *store.Tx, who string, at time.Time) error {
	full, err := b.lock(tx, who, at)
	if err != nil {
		return err
	}
	if full.Before(at) {
		full = at
	}
	full = full.Add(b.Every)
	if over := full.Sub(at) - time.Duration(b.Burst)*b.Every; over > 0 {
		return ailleurs.RefuseAs(ailleurs.TooMany, "budget.spent", "", "seconds", fmt.Sprint(int((over+time.Second-1)/time.Second)))
	}
	return b.set(tx, who, full)
}

// Refund gives one token back.
func (b Budget) Refund(tx *store.Tx, who string, at time.Time) error {
	full, err := b.lock(tx, who, at)
	if err != nil {
		return err
	}
	return b.set(tx, who, full.Add(-b.Every))
}

// lock reads the bucket and holds its row until the unit ends.
func (b Budget) lock(tx *store.Tx, who string, at time.Time) (full time.Time, err error) {
	err = tx.QueryRow(`INSERT INTO budget (key, full_at) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET full_at = budget.full_at RETURNING full_at`, b.Name+"/"+who, at).Scan(&full)
	return full, err
}

func (b Budget) set(tx *store.Tx, who string, full time.Time) error {
	_, err := tx.Exec("UPDATE budget SET full_at = $1 WHERE key = $2", full, b.Name+"/"+who)
	return err
}

// attempt runs fn as one unit that costs a token of the address unless it succeeds. The token is taken first, in a unit of
// its own, so that attempts made at the same time do not share one.
func (a *Alliance) attempt(ctx context.Context, from string, at time.Time, fn func(*store.Tx) error) error {
	if err := a.db.Update(ctx, func(tx *store.Tx) error { return Login.Take(tx, from, at) }); err != nil {
		return err
	}
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if err := Login.Refund(tx, from, at); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil && ailleurs.AsRefusal(err) == nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("alliance: attempt: %w", err)
	}
	return err
}
