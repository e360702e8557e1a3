package relocation

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Compared is one page of the cases that a coordinator’s machine holds against the day’s offers.
type Compared struct {
	Cases []CaseView
	Next  ailleurs.CaseID // after which the next page begins; empty on the last
}

// Compare hands a coordinator the cases, 20 at a time in the order of their identifiers, that name them as one of the two
// and that are being checked or calling: the card and the limits, as the table of rights has it. Each case is a read of
// its own in the journal, which the people of the case see.
func (e *Exchange) Compare(ctx context.Context, by ailleurs.Actor, after ailleurs.CaseID, at time.Time) (Compared, error) {
	var out Compared
	if err := by.Require(ailleurs.Coordinator); err != nil {
		return out, err
	}
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		out = Compared{}
		u := e.unit(ctx, tx, by, at)
		if err := u.standIns(); err != nil {
			return err
		}
		args := []any{after, ailleurs.Checking, ailleurs.Calling}
		for _, a := range u.selves() {
			args = append(args, a)
		}
		who := list(4, len(args)-3)
		ids, err := store.All[ailleurs.CaseID](tx, fmt.Sprintf(`SELECT id FROM dossier WHERE id > $1 AND state IN ($2, $3)
			AND (checker1_id IN (%s) OR checker2_id IN (%s)) ORDER BY id LIMIT %d`, who, who, inboxPage+1), args...)
		if err != nil {
			return err
		}
		if len(ids) > inboxPage {
			ids = ids[:inboxPage]
			out.Next = ids[inboxPage-1]
		}
		for _, id := range ids {
			u, err := e.look(ctx, tx, by, id, at)
			if err != nil {
				return err
			}
			v, err := u.caseView()
			if err != nil {
				return err
			}
			u.opened("case.compared", "", v.Sealed)
			if err := u.finish(); err != nil {
				return err
			}
			out.Cases = append(out.Cases, v)
		}
		return nil
	})
	return out, err
}

// mostSuggestions bounds what coordinators may note about one case.
const mostSuggestions = 50

// Suggest takes a sealed suggestion from one of the two coordinators of a case that is being checked or calling: one note
// of the smallest size to the limits, for the origin's two. The hub learns that something was suggested, not what: to
// follow the engine, to set it aside and to name another town look the same.
func (e *Exchange) Suggest(ctx context.Context, by ailleurs.Actor, in ailleurs.PostSuggestion, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.Checker)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Checking, ailleurs.Calling); err != nil {
			return err
		}
		b := in.Note
		switch {
		case b.Compartment != ailleurs.Limits:
			return ailleurs.Refuse("sealed.not_your_compartment", "note.compartment")
		case !b.Note:
			return ailleurs.Refuse("sealed.broken_chain", "note.seq")
		case len(b.Data) != ailleurs.SealedSize(ailleurs.BodyBuckets[0]):
			return ailleurs.Refuse("sealed.body_size", "note.data")
		}
		n, err := store.One[int](u.tx, "SELECT count(*) FROM body WHERE case_id = $1 AND compartment = $2 AND seq = 0", u.c.ID, ailleurs.Limits)
		if err != nil {
			return err
		}
		if n >= mostSuggestions {
			return ailleurs.RefuseAs(ailleurs.TooMany, "suggestion.too_many", "note", "most", strconv.Itoa(mostSuggestions))
		}
		if err := u.take(ailleurs.Sealed{Bodies: []ailleurs.SealedBody{b}}, from, nil); err != nil {
			return err
		}
		u.notify(u.c.Lead, u.c.Second)
		u.say("case.suggested", "", nil)
		_, err = u.tx.Exec("UPDATE inbox SET changed_at = $1 WHERE case_id = $2 AND thread_id = '' AND agent_id IN ($3, $4)", // new to them
			u.at, u.c.ID, u.c.Lead, u.c.Second)
		return err
	})
}

// mostExported bounds the cases of one export.
const mostExported = 2000

// Export records, case by case, that one of its two coordinators is about to write it into a file: the people of the case
// see it as they see readings. A machine that writes files and says nothing is not stopped by this; ours says so first.
func (e *Exchange) Export(ctx context.Context, by ailleurs.Actor, in ailleurs.PostExport, at time.Time) error {
	if len(in.Cases) == 0 || len(in.Cases) > mostExported {
		return ailleurs.Refuse("table.empty", "cases")
	}
	_, err := e.once(ctx, by, in.Once, in, at, func(tx *store.Tx) ([]byte, error) {
		for _, id := range in.Cases {
			u, err := e.look(ctx, tx, by, id, at)
			if err != nil {
				return nil, err
			}
			if _, err := u.as(ailleurs.Checker); err != nil {
				return nil, err
			}
			u.say("case.exported", "", nil)
			if err := u.finish(); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return err
}
