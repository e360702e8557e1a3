package relocation

import (
	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// An erasure is what a retention job erases.
type erasure string

const (
	eraseCard    erasure = "card"    // 30 days after a case was closed: need, answers, limits, threat
	eraseArrival erasure = "arrival" // 90 days after arrival
	eraseAll     erasure = "all"     // at the end: whatever is left, and what the journal says of it
)

// erase does what its time has come for. What is gone leaves its hashes, so that chains and journal still stand.
func (u *unit) erase(what string) error {
	switch erasure(what) {
	case eraseCard:
		if u.c.State != ailleurs.Closed {
			return nil
		}
		u.say("retention.card", "", nil)
		return u.eraseCompartments("compartment IN ('need', 'answer', 'limits', 'threat')")
	case eraseArrival:
		// A second arrival, after a compromise, has a clock of its own, and two people may have kept the address longer.
		until, err := u.keptUntil()
		if err != nil || until.IsZero() || u.at.Before(until) {
			return err
		}
		u.say("retention.arrival", "", nil)
		return u.eraseCompartments("compartment = 'arrival'")
	case eraseAll:
		if !u.c.State.Ended() {
			return nil
		}
		return u.eraseEverything()
	}
	return nil
}

func (u *unit) eraseCompartments(where string) error {
	if err := u.destroy(where); err != nil {
		return err
	}
	_, err := u.tx.SetWhere("body", store.Changes{"data": nil, "erased_at": u.at}, where+" AND case_id = $1 AND erased_at IS NULL", u.c.ID)
	return err
}

// eraseEverything erases every sealed row of the case, and makes noise of what the journal says of it: who opened it, who
// signed, when. The row of the case itself stays, for the figures.
func (u *unit) eraseEverything() error {
	if err := u.eraseCompartments("1 = 1"); err != nil {
		return err
	}
	if _, err := journal.Erase(u.tx, u.c.ID); err != nil {
		return err
	}
	u.say("retention.erased", "", nil)
	return nil
}
