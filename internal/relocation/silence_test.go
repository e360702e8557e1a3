package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// Nobody answers: the caseworkers are reminded, the signatory is told, two wider rings are called, then the person.
func TestSilenceMovesTheCallOnByItself(t *testing.T) {
	eachWorld(t, 10, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6], w.towns[6:8], w.towns[8:10])
		w.pass(0)
		quiet := w.towns[1]
		told := func(h hand) int { return w.notices[h.Agent] }
		if told(quiet.lead) != 1 || told(quiet.signatory) != 1 {
			t.Fatalf("at first %d and %d notices", told(quiet.lead), told(quiet.signatory))
		}
		// Working days after Monday 23 November, 10 h: the third is Thursday 26, the fifth Monday 30, the seventh Wednesday 2.
		for _, step := range []struct {
			days            int
			lead, signatory int
		}{{2, 1, 1}, {3, 2, 1}, {6, 2, 1}, {7, 3, 2}, {9, 4, 2}} {
			w.until(monday.AddDate(0, 0, step.days).Add(time.Minute))
			if told(quiet.lead) != step.lead || told(quiet.signatory) != step.signatory {
				t.Errorf("after %d days %d notices to the lead and %d to the signatory, want %d and %d", step.days, told(quiet.lead), told(quiet.signatory), step.lead, step.signatory)
			}
		}
		if w.threadState(f, quiet) != ailleurs.Sent {
			t.Fatal("the thread ended early")
		}
		w.until(monday.AddDate(0, 0, 14).Add(time.Minute)) // ten working days: Monday 7 December
		if s := w.threadState(f, quiet); s != ailleurs.Lapsed {
			t.Errorf("after ten working days of silence the thread is %s", s)
		}
		if s := w.threadState(f, w.towns[6]); s != ailleurs.Sent {
			t.Errorf("the second ring is %s", s)
		}
		v := w.view(f.origin.lead, f)
		if v.Ring != 2 || v.State != ailleurs.Calling {
			t.Errorf("the call is in ring %d, %s", v.Ring, v.State)
		}
		w.pass(60 * 24 * time.Hour)
		w.state(f, ailleurs.Expired)
		v = w.view(f.origin.lead, f)
		if v.Ring != 3 || v.CallBack == "" {
			t.Errorf("expired in ring %d with a call-back on %q", v.Ring, v.CallBack)
		}
		if told(f.origin.lead) == 0 {
			t.Error("nobody told the origin")
		}
		w.verified()
	})
}

func TestExpiredCallKeepsTheSafeContactUntilTheCallBack(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Urgent, w.towns[1:6])
	for _, town := range w.towns[1:6] {
		w.declines(f, town)
	}
	w.state(f, ailleurs.Expired)
	v := w.view(f.origin.lead, f)
	if h := held(v.Sealed); len(h) != 1 || !h[ailleurs.Person] || len(v.Tasks) != 1 || v.Tasks[0] != "call_back" {
		t.Errorf("the origin of an expired call holds %v and has %v to do", h, v.Tasks)
	}
	if want := ailleurs.Date(w.at.Add(ailleurs.CallBackAfter).Format(time.DateOnly)); v.CallBack != want {
		t.Errorf("the person is called back on %s, want %s", v.CallBack, want)
	}
	if n := w.count("SELECT count(*) FROM answer WHERE coarse = 'no_housing'"); n != 5 {
		t.Errorf("%d reasons kept for the figures, want 5", n)
	}
	w.verified()
	w.pass(30 * 24 * time.Hour)
	if h := held(w.view(f.origin.lead, f).Sealed); !h[ailleurs.Person] {
		t.Error("on the day of the call-back the contact is gone")
	}
	w.pass(8 * 24 * time.Hour)
	if n := w.count("SELECT count(*) FROM body WHERE data IS NOT NULL") + w.count("SELECT count(*) FROM envelope WHERE data IS NOT NULL"); n != 0 {
		t.Errorf("%d sealed rows outlive the call-back", n)
	}
	if v := w.view(f.origin.lead, f); len(v.Tasks) != 0 || len(v.Renew) != 0 {
		t.Errorf("of an erased case the origin is asked %v and %v", v.Tasks, v.Renew)
	}
	if n := w.count("SELECT count(*) FROM inbox WHERE case_id = $1 AND side <> 'closed'", f.id); n != 0 {
		t.Errorf("%d rows of an erased case are not closed", n)
	}
	w.verified()
}

// A deadline is counted by the calendar of the member that must act.
func TestDeadlinesAreThoseOfTheMemberThatMustAct(t *testing.T) {
	w := onSQLite(t, 7)
	w.at = time.Date(2026, 12, 14, 9, 0, 0, 0, time.UTC) // a Monday
	f := w.calling(ailleurs.Normal, w.towns[1:7])
	bordeaux, reunion := w.read(f, w.towns[1]).Deadline, w.read(f, w.towns[6]).Deadline
	if !reunion.Equal(time.Date(2026, 12, 29, 9, 0, 0, 0, time.UTC)) && !reunion.After(bordeaux) && reunion.Equal(bordeaux) {
		t.Logf("La Réunion %v, Bordeaux %v", reunion, bordeaux)
	}
	strasbourg := w.read(f, w.towns[5]).Deadline
	// Ten working days: 25 December off; 26 December 2026 is a Saturday everywhere; 1 January off.
	if want := time.Date(2026, 12, 29, 9, 0, 0, 0, time.UTC); !bordeaux.Equal(want) || !strasbourg.Equal(want) {
		t.Errorf("Bordeaux must answer by %v, Strasbourg by %v, want %v", bordeaux, strasbourg, want)
	}
	w.at = time.Date(2027, 3, 22, 9, 0, 0, 0, time.UTC) // Good Friday is 26 March 2027
	g := w.calling(ailleurs.Normal, w.towns[1:7])
	bordeaux, strasbourg = w.read(g, w.towns[1]).Deadline, w.read(g, w.towns[5]).Deadline
	if !strasbourg.After(bordeaux) {
		t.Errorf("Good Friday is off in Strasbourg: %v there, %v in Bordeaux", strasbourg, bordeaux)
	}
}

func TestOverdueCasesAskAgainAndStay(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.submitted(ailleurs.Normal, w.towns[1:6])
	deputy := w.deputise(&f.origin.second, ailleurs.Caseworker)
	w.pass(3*24*time.Hour + time.Minute)
	w.state(f, ailleurs.Endorsing)
	if w.notices[deputy.Agent] == 0 {
		t.Error("no deputy was asked to sign in the place of the second")
	}
	in, err := w.Inbox(w.ctx, f.origin.second.Actor, "overdue", "", w.at)
	w.ok(err)
	if len(in.Rows) != 1 || in.Counts["overdue"] != 1 {
		t.Errorf("the overdue case is not under that tab: %+v", in)
	}
	before := w.notices[f.origin.signatory.Agent]
	w.pass(10 * 24 * time.Hour)
	if w.notices[f.origin.signatory.Agent] <= before {
		t.Error("nobody was asked again")
	}
}

func TestFollowUpsAreDueOnTheirDays(t *testing.T) {
	w := onSQLite(t, 6)
	f, host := w.following()
	arrived := w.view(host.lead, f).Arrived
	in := func(day int, light ailleurs.Wellbeing) error {
		return w.FollowUp(w.ctx, host.lead.Actor, ailleurs.FollowUp{Once: once(), Case: f.id, Day: day, Light: light}, w.at)
	}
	refusedAs(t, in(2, ailleurs.Well), ailleurs.Conflict, "followup.too_early")
	refusedAt(t, in(3, ailleurs.Well), "followup.day", "day")
	refusedAt(t, in(2, "fine"), "followup.light", "light")
	w.until(arrived.AddDate(0, 0, 2))
	if v := w.view(host.second, f); len(v.Tasks) != 1 || v.Tasks[0] != "follow_up" {
		t.Errorf("on day 2 the host has %v to do: %+v", v.Tasks, v.Renew)
	}
	w.ok(in(2, ailleurs.ToBeCalled))
	refusedAs(t, in(2, ailleurs.Well), ailleurs.Conflict, "followup.done_already")
	if v := w.view(f.origin.lead, f); v.FollowUps[0].Light != ailleurs.ToBeCalled {
		t.Error("the origin does not see the light")
	}
	w.pass(0)
	before := w.notices[w.checker[0].Agent]
	w.until(arrived.AddDate(0, 0, 14)) // day 7 and three working days pass
	if w.notices[w.checker[0].Agent] == before {
		t.Error("the coordination was not told that nobody asked on day 7")
	}
	w.ok(in(7, ailleurs.InAlert))
	if len(w.alarms) != 1 {
		t.Errorf("a light that says alert rang %v", w.alarms)
	}
	refusedAt(t, w.Close(w.ctx, host.lead.Actor, ailleurs.End{Once: once(), Case: f.id, Outcome: "fine"}, w.at), "case.outcome", "outcome")
	refusedAs(t, w.Close(w.ctx, f.origin.lead.Actor, ailleurs.End{Once: once(), Case: f.id, Outcome: ailleurs.Settled}, w.at), ailleurs.Forbidden, "case.not_your_part")
	w.ok(w.Close(w.ctx, host.second.Actor, ailleurs.End{Once: once(), Case: f.id, Outcome: ailleurs.ChosenReturn}, w.at))
	w.pass(31 * 24 * time.Hour)
	if n := w.count("SELECT count(*) FROM body WHERE compartment IN ('need', 'answer', 'limits', 'threat') AND data IS NOT NULL"); n != 0 {
		t.Errorf("%d bodies of the card outlive 30 days", n)
	}
	if n := w.count("SELECT count(*) FROM body WHERE compartment IN ('person', 'course') AND data IS NOT NULL"); n == 0 {
		t.Error("person and course were erased with the card")
	}
	w.verified()
}
