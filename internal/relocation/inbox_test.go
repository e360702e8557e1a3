package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// tab lists the rows of a tab over all its pages.
func (w *world) tab(h hand, tab relocation.Tab) []relocation.Row {
	w.Helper()
	var all []relocation.Row
	after := ""
	for {
		in, err := w.Inbox(w.ctx, h.Actor, tab, after, w.at)
		w.ok(err)
		if len(in.Rows) > 20 {
			w.Fatalf("a page of %d rows", len(in.Rows))
		}
		all = append(all, in.Rows...)
		if in.Next == "" {
			if n := in.Counts[tab]; n != len(all) {
				w.Errorf("the tab %s says %d and shows %d", tab, n, len(all))
			}
			return all
		}
		after = in.Next
	}
}

func TestInboxShowsEachWhatWaitsForThem(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		o := w.towns[0]
		w.opened(ailleurs.Normal)
		f := w.submitted(ailleurs.Normal, w.towns[1:6])
		g := w.calling(ailleurs.Urgent, w.towns[1:6])
		tasks := func(h hand) map[relocation.Task]int {
			out := map[relocation.Task]int{}
			for _, r := range w.tab(h, relocation.ToDo) {
				out[r.Task]++
			}
			return out
		}
		for _, c := range []struct {
			who  hand
			task relocation.Task
		}{
			{o.lead, relocation.TaskSubmit},
			{o.second, relocation.TaskAttest},
			{o.signatory, relocation.TaskSign},
			{w.towns[1].lead, relocation.TaskAnswer},
			{w.towns[1].second, relocation.TaskAnswer},
		} {
			if got := tasks(c.who); len(got) != 1 || got[c.task] != 1 {
				t.Errorf("%v waits for one, want %s", got, c.task)
			}
		}
		if got := tasks(w.towns[1].signatory); len(got) != 0 {
			t.Errorf("an élu nobody asked has %v to do", got)
		}
		if got := w.tab(w.towns[1].signatory, relocation.Received); len(got) != 1 || got[0].State != "sent" {
			t.Errorf("an élu finds %v, want that their town is called", got)
		}
		if n := len(w.tab(o.lead, relocation.SentOut)); n != 3 {
			t.Errorf("the lead sent %d, want 3", n)
		}
		row := w.tab(w.towns[2].lead, relocation.Received)[0]
		if !row.Unread() {
			t.Error("a call that nobody opened is shown as read")
		}
		w.read(g, w.towns[2])
		if row = w.tab(w.towns[2].lead, relocation.Received)[0]; row.Unread() {
			t.Error("a call just opened is shown as unread")
		}
		for _, town := range w.towns[1:6] {
			if w.threadState(g, town) == ailleurs.Sent {
				w.read(g, town)
			}
			w.ok(w.Answer(w.ctx, town.lead.Actor, w.answer(g, town, ailleurs.Decline, nil), w.at))
		}
		if n := len(w.tab(w.towns[1].lead, relocation.Ended)); n != 1 {
			t.Errorf("%d closed at an addressee of an expired call", n)
		}
		w.ok(w.Withdraw(w.ctx, o.lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
		if n := len(w.tab(o.signatory, relocation.Ended)); n != 2 {
			t.Errorf("the signatory finds %d closed, want 2", n)
		}
		w.verified()
	})
}

func TestInboxPagesHoldTwentyAndMissNothing(t *testing.T) {
	w := onSQLite(t, 6)
	want := map[ailleurs.CaseID]bool{}
	for i := range 45 {
		if i%10 == 0 {
			w.at = w.at.Add(time.Hour)
		}
		want[w.opened(ailleurs.Normal).id] = true
	}
	for _, tab := range []relocation.Tab{relocation.ToDo, relocation.SentOut} {
		got := map[ailleurs.CaseID]bool{}
		var due time.Time
		for _, r := range w.tab(w.towns[0].lead, tab) {
			got[r.Case] = true
			if r.Due.Before(due) {
				t.Error("rows are not in the order of their deadlines")
			}
			due = r.Due
		}
		if len(got) != len(want) {
			t.Errorf("%s shows %d of %d", tab, len(got), len(want))
		}
	}
	for id := range want {
		w.ok(w.Withdraw(w.ctx, w.towns[0].lead.Actor, ailleurs.OnCase{Once: once(), Case: id}, w.at))
		w.at = w.at.Add(time.Second)
	}
	if n := len(w.tab(w.towns[0].lead, relocation.Ended)); n != 45 {
		t.Errorf("%d closed, want 45", n)
	}
	_, err := w.Inbox(w.ctx, w.towns[0].lead.Actor, "others", "", w.at)
	refusedAt(t, err, "inbox.unknown_tab", "tab")
	_, err = w.Inbox(w.ctx, w.towns[0].lead.Actor, relocation.ToDo, "../", w.at)
	refusedAt(t, err, "inbox.bad_cursor", "after")
}

func TestCardsAreListedInOneRead(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f, g, h := w.opened(ailleurs.Normal), w.calling(ailleurs.Normal, w.towns[1:6]), w.calling(ailleurs.Normal, w.towns[1:6])
		before := w.count("SELECT count(*) FROM journal_entry")
		s, err := w.Cards(w.ctx, w.towns[0].lead.Actor, []ailleurs.CaseID{f.id, g.id, h.id, ailleurs.NewID[ailleurs.CaseID]()}, w.at)
		w.ok(err)
		if len(s.Envelopes) != 3 || len(s.Bodies) != 3 || len(held(s)) != 1 {
			t.Errorf("%d envelopes and %d bodies of %v, want three cards", len(s.Envelopes), len(s.Bodies), held(s))
		}
		if n := w.count("SELECT count(*) FROM journal_entry") - before; n != 1 {
			t.Errorf("one list made %d events", n)
		}
		// An addressee is handed no card by a list before its thread was opened.
		s, err = w.Cards(w.ctx, w.towns[1].lead.Actor, []ailleurs.CaseID{f.id, g.id}, w.at)
		w.ok(err)
		if len(s.Envelopes) != 0 {
			t.Errorf("a list handed out %d envelopes of threads nobody opened", len(s.Envelopes))
		}
		w.read(g, w.towns[1])
		s, err = w.Cards(w.ctx, w.towns[1].lead.Actor, []ailleurs.CaseID{f.id, g.id, h.id}, w.at)
		w.ok(err)
		if len(s.Envelopes) != 1 || s.Envelopes[0].Case != g.id {
			t.Errorf("a list handed out %d envelopes, want the one that was opened", len(s.Envelopes))
		}
		_, err = w.Cards(w.ctx, w.towns[1].lead.Actor, make([]ailleurs.CaseID, 21), w.at)
		refusedAs(t, err, ailleurs.TooLarge, "inbox.too_many_cards")
		w.verified()
	})
}
