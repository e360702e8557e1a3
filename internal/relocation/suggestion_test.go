package relocation_test

import (
	"slices"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// suggestion is a note of the size that hides what it says.
func (w *world) suggestion(f *file) ailleurs.PostSuggestion {
	data := noise(ailleurs.SealedSize(ailleurs.BodyBuckets[0]))
	return ailleurs.PostSuggestion{Once: once(), Case: f.id, Note: ailleurs.SealedBody{
		Case: f.id, Compartment: ailleurs.Limits, Epoch: 1, Note: true, Data: data, Hash: sum(data),
	}}
}

func TestACoordinatorIsHandedTheCardsAndLimitsOfTheirOwnCases(t *testing.T) {
	eachWorld(t, 12, func(t *testing.T, w *world) {
		calling, checking, draft := w.calling(ailleurs.Normal, w.towns[1:6]), w.endorsed(ailleurs.Normal, w.towns[1:6]), w.opened(ailleurs.Normal)
		got, err := w.Compare(w.ctx, w.checker[0].Actor, "", w.at)
		w.ok(err)
		var ids []ailleurs.CaseID
		for _, c := range got.Cases {
			ids = append(ids, c.ID)
			if has := held(c.Sealed); !has[ailleurs.Need] || !has[ailleurs.Limits] || len(has) != 2 {
				t.Errorf("handed out %v", has)
			}
		}
		if len(ids) != 2 || !slices.Contains(ids, calling.id) || !slices.Contains(ids, checking.id) || slices.Contains(ids, draft.id) {
			t.Errorf("handed %v", ids)
		}
		// The people of the case see that somebody looked.
		history := w.view(w.towns[0].lead, calling).History
		if !slices.ContainsFunc(history, func(e relocation.Event) bool { return e.Kind == "case.compared" && e.Actor == w.checker[0].Agent }) {
			t.Error("the reading left no trace")
		}
		// Nobody else is handed any: a caseworker is refused, a coordinator who is not one of the two finds nothing.
		_, err = w.Compare(w.ctx, w.towns[0].lead.Actor, "", w.at)
		refusedAs(t, err, ailleurs.Forbidden, "actor.role_needed")
		var third hand
		w.write(func(tx *store.Tx) { third = w.newAgent(tx, w.checker[0].Member, ailleurs.Coordinator) })
		if got, err := w.Compare(w.ctx, third.Actor, "", w.at); err != nil || len(got.Cases) != 0 {
			t.Errorf("a third coordinator is handed %d cases, %v", len(got.Cases), err)
		}
		w.verified()
	})
}

func TestOpenCasesAreHandedTwentyAtATime(t *testing.T) {
	w := onSQLite(t, 12)
	for range 23 {
		w.endorsed(ailleurs.Normal, w.towns[1:6])
	}
	first, err := w.Compare(w.ctx, w.checker[0].Actor, "", w.at)
	w.ok(err)
	rest, err := w.Compare(w.ctx, w.checker[0].Actor, first.Next, w.at)
	w.ok(err)
	if len(first.Cases) != 20 || first.Next == "" || len(rest.Cases) != 3 || rest.Next != "" || first.Cases[19].ID >= rest.Cases[0].ID {
		t.Errorf("%d, then %d cases", len(first.Cases), len(rest.Cases))
	}
}

func TestASuggestionReachesTheOriginsTwoAndTellsTheHubNothing(t *testing.T) {
	eachWorld(t, 12, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		l := w.towns[0]
		w.view(l.second, f) // seen; a minute later there is something new
		w.pass(time.Minute)
		in := w.suggestion(f)
		w.ok(w.Suggest(w.ctx, w.checker[1].Actor, in, w.at))
		inbox, err := w.Inbox(w.ctx, l.second.Actor, relocation.SentOut, "", w.at)
		w.ok(err)
		if !slices.ContainsFunc(inbox.Rows, func(r relocation.Row) bool { return r.Case == f.id && r.Unread() }) {
			t.Error("the second is told that something awaits them, and finds nothing new")
		}
		w.ok(w.Suggest(w.ctx, w.checker[1].Actor, in, w.at)) // sent again, taken once
		notes := func(h hand) (n int) {
			for _, b := range w.view(h, f).Sealed.Bodies {
				if b.Note && b.Hash == in.Note.Hash {
					n++
				}
			}
			return n
		}
		for name, h := range map[string]hand{"lead": l.lead, "second": l.second, "checker": w.checker[0]} {
			if n := notes(h); n != 1 {
				t.Errorf("the %s is handed %d notes, want 1", name, n)
			}
		}
		if n := notes(l.signatory); n != 0 {
			t.Error("the signatory is handed a note of the limits")
		}
		v := w.read(f, w.towns[1])
		if slices.ContainsFunc(v.Sealed.Bodies, func(b ailleurs.SealedBody) bool { return b.Compartment == ailleurs.Limits }) {
			t.Error("an addressee is handed the limits")
		}
		var told []journal.Record
		w.ok(w.db.View(w.ctx, func(tx *store.Tx) (err error) {
			told, err = journal.Events(tx, journal.Filter{Case: f.id, Limit: 50})
			return err
		}))
		if n := len(slices.DeleteFunc(told, func(r journal.Record) bool { return r.Kind != "case.suggested" })); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
		w.verified()
	})
}

func TestOnlyTheTwoCoordinatorsOfACaseSuggest(t *testing.T) {
	w := onSQLite(t, 12)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	try := func(h hand, change func(*ailleurs.PostSuggestion)) error {
		in := w.suggestion(f)
		change(&in)
		return w.Suggest(w.ctx, h.Actor, in, w.at)
	}
	keep := func(*ailleurs.PostSuggestion) {}
	refusedAs(t, try(w.towns[0].lead, keep), ailleurs.Forbidden, "case.not_your_part")
	refusedAs(t, try(w.towns[9].lead, keep), ailleurs.NotFound, "case.unknown")
	me := w.checker[0]
	refused(t, try(me, func(in *ailleurs.PostSuggestion) { in.Note.Compartment = ailleurs.Need }), "sealed.not_your_compartment")
	refused(t, try(me, func(in *ailleurs.PostSuggestion) { in.Note.Note, in.Note.Seq = false, 2 }), "sealed.broken_chain")
	refused(t, try(me, func(in *ailleurs.PostSuggestion) {
		in.Note.Data = noise(ailleurs.SealedSize(ailleurs.BodyBuckets[1]))
		in.Note.Hash = sum(in.Note.Data)
	}), "sealed.body_size")
	for range 50 {
		w.ok(try(me, keep))
	}
	refusedAs(t, try(me, keep), ailleurs.TooMany, "suggestion.too_many")
	g, _ := w.choosing(ailleurs.Normal)
	in := w.suggestion(g)
	refusedAs(t, w.Suggest(w.ctx, me.Actor, in, w.at), ailleurs.Conflict, "case.not_now")
}

func TestAnExportIsSeenByThePeopleOfTheCase(t *testing.T) {
	eachWorld(t, 12, func(t *testing.T, w *world) {
		f, other := w.calling(ailleurs.Normal, w.towns[1:6]), w.opened(ailleurs.Normal)
		me := w.checker[0]
		exported := func(f *file) (n int) {
			for _, e := range w.view(w.towns[0].second, f).History {
				if e.Kind == "case.exported" && e.Actor == me.Agent {
					n++
				}
			}
			return n
		}
		in := ailleurs.PostExport{Once: once(), Cases: []ailleurs.CaseID{f.id}}
		w.ok(w.Export(w.ctx, me.Actor, in, w.at))
		w.ok(w.Export(w.ctx, me.Actor, in, w.at))
		if n := exported(f); n != 1 {
			t.Errorf("the second sees %d exports, want 1", n)
		}
		// A case that does not name the coordinator is none of theirs, and then nothing is recorded of the others either.
		refusedAs(t, w.Export(w.ctx, me.Actor, ailleurs.PostExport{Once: once(), Cases: []ailleurs.CaseID{f.id, other.id}}, w.at), ailleurs.NotFound, "case.unknown")
		refused(t, w.Export(w.ctx, me.Actor, ailleurs.PostExport{Once: once()}, w.at), "table.empty")
		if n := exported(f); n != 1 {
			t.Errorf("a refused export is recorded: %d", n)
		}
		w.verified()
	})
}
