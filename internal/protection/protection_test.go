package protection_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// friday is 12 March 2027, 10 h 30 in Paris.
var friday = time.Date(2027, 3, 12, 9, 30, 0, 0, time.UTC)

// phones notes which lines rang, and fails while they are dead.
type phones struct {
	mu   sync.Mutex
	rang []string
	dead bool
}

func (p *phones) Ring(_ context.Context, line string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return errors.New("dead")
	}
	p.rang = append(p.rang, line)
	return nil
}

// A watch is a night with three duty officers, a coordinator and a caseworker.
type watch struct {
	*testing.T
	db     *store.DB
	p      *protection.Protection
	phones *phones
	told   []string // whom notices were scheduled for, with "!" for alerts
	at     time.Time

	member      ailleurs.MemberID
	officers    [3]ailleurs.Actor
	coordinator ailleurs.Actor
	caseworker  ailleurs.Actor
	stranger    ailleurs.Actor
	dossier     ailleurs.CaseID
}

func onBoth(t *testing.T, promise func(w *watch)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := &watch{T: t, db: db, phones: &phones{}, at: friday, member: ailleurs.NewID[ailleurs.MemberID](), dossier: ailleurs.NewID[ailleurs.CaseID]()}
		w.update(func(tx *store.Tx) error {
			return tx.Insert("member", store.Changes{"id": w.member, "kind": "commune", "code": "69123", "name": "Lyon", "proposed_at": friday, "admitted_at": friday})
		})
		for i, name := range []string{"astreinte un", "astreinte deux", "astreinte trois"} {
			w.officers[i] = w.agent(name, ailleurs.DutyOfficer)
		}
		w.coordinator = w.agent("coordination", ailleurs.Coordinator)
		w.caseworker = w.agent("référente", ailleurs.Caseworker)
		w.stranger = w.agent("autre", ailleurs.Caseworker)
		w.open(w.phones)
		var lines []protection.Line
		for i, o := range w.officers {
			lines = append(lines, protection.Line{Agent: o.Agent, Line: "ligne-" + string(rune('1'+i))})
		}
		w.must(w.p.SetLines(t.Context(), w.coordinator, lines, w.at))
		promise(w)
	})
}

func (w *watch) open(r protection.Ringer) {
	w.Helper()
	p, err := protection.New(protection.Config{DB: w.db, Ringer: r, InCircle: func(_ *store.Tx, id ailleurs.CaseID, agent ailleurs.AgentID) (bool, error) {
		return id == w.dossier && agent == w.caseworker.Agent, nil
	}})
	w.must(err)
	w.p = p
}

// update commits fn with an event of the test's own.
func (w *watch) update(fn func(*store.Tx) error) {
	w.Helper()
	w.must(w.db.Update(w.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := journal.Append(tx, journal.Event{Kind: "test.prepared", At: w.at})
		return err
	}))
}

func (w *watch) agent(name string, role ailleurs.Role) ailleurs.Actor {
	w.Helper()
	id := ailleurs.NewID[ailleurs.AgentID]()
	w.update(func(tx *store.Tx) error {
		if err := tx.Insert("agent", store.Changes{
			"id": id, "member_id": w.member, "name": name, "email": string(id) + "@town.example", "lang": "fr",
			"notices": "none", "pace": "weekly", "created_at": friday, "active_at": friday,
		}); err != nil {
			return err
		}
		return tx.Insert("agent_role", store.Changes{"agent_id": id, "member_id": w.member, "role": role, "since": friday, "register_idx": 0})
	})
	return ailleurs.Actor{Agent: id, Member: w.member, Roles: []ailleurs.Role{role}}
}

func (w *watch) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *watch) refused(err error, key string) {
	w.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		w.Errorf("got %v, want the refusal %s", err, key)
	}
}

// pass lets time go by, minute by minute: jobs run, phones ring.
func (w *watch) pass(d time.Duration) {
	w.Helper()
	handlers := w.p.Handlers()
	handlers["notice"] = func(_ *store.Tx, _ time.Time, j jobs.Due) error {
		mark := j.Subject
		if j.Detail == `{"about":"alert"}` {
			mark += "!"
		}
		w.told = append(w.told, mark)
		return nil
	}
	for end := w.at.Add(d); ; {
		report, err := jobs.Run(w.Context(), w.db, w.at, handlers)
		w.must(err)
		for _, f := range report.Failures {
			w.Errorf("job %s: %v", f.Kind, f.Err)
		}
		_, _ = w.p.Ring(w.Context(), w.at)
		if !w.at.Before(end) {
			return
		}
		w.at = w.at.Add(time.Minute)
	}
}

func (w *watch) rang(want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.phones.rang); diff != "" {
		w.Errorf("phones that rang (-want +got):\n%s", diff)
	}
}

func (w *watch) raise(level ailleurs.AlertLevel) ailleurs.AlertID {
	w.Helper()
	id, err := w.p.Raise(w.Context(), w.caseworker, level, w.dossier, w.at)
	w.must(err)
	return id
}

func TestDutyIsRungUntilSomeoneAnswers(t *testing.T) {
	onBoth(t, func(w *watch) {
		id := w.raise(ailleurs.ImminentNow)
		w.pass(0)
		w.rang("ligne-1")
		w.pass(10 * time.Minute)
		w.rang("ligne-1", "ligne-2")
		w.pass(21 * time.Minute) // the third, then the first again
		w.rang("ligne-1", "ligne-2", "ligne-3", "ligne-1")
		w.must(w.p.Acknowledge(w.Context(), w.officers[1], id, w.at))
		w.pass(2 * time.Hour)
		w.rang("ligne-1", "ligne-2", "ligne-3", "ligne-1")
	})
}

func TestGraverAlertsAreRungOnSooner(t *testing.T) {
	for level, want := range map[ailleurs.AlertLevel]int{ailleurs.CallBack: 1, ailleurs.ThreatAlert: 2, ailleurs.ImminentNow: 7} {
		onBoth(t, func(w *watch) {
			w.raise(level)
			w.pass(time.Hour)
			if len(w.phones.rang) != want {
				t.Errorf("level %d rang %d times in an hour, want %d", level, len(w.phones.rang), want)
			}
		})
	}
}

func TestDeadLineIsTriedAgainUntilTheNextOfficersTurn(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.phones.dead = true
		w.raise(ailleurs.ImminentNow)
		w.pass(3 * time.Minute)
		w.rang()
		w.phones.dead = false
		w.pass(2 * time.Minute)
		w.rang("ligne-1")
	})
}

func TestAbsentOfficerIsPassedOver(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.update(func(tx *store.Tx) error {
			return tx.Set("agent", w.officers[0].Agent, store.Changes{"absent_from": friday.Add(-time.Hour), "absent_until": friday.Add(time.Hour), "deputy_id": w.officers[1].Agent})
		})
		w.raise(ailleurs.ImminentNow)
		w.pass(0)
		w.rang("ligne-2")
	})
}

func TestFirstToAnswerIsOnIt(t *testing.T) {
	onBoth(t, func(w *watch) {
		id := w.raise(ailleurs.ThreatAlert)
		w.must(w.p.Acknowledge(w.Context(), w.officers[2], id, w.at))
		w.refused(w.p.Acknowledge(w.Context(), w.officers[0], id, w.at), "alert.acknowledged")
		w.refused(w.p.Close(w.Context(), w.officers[0], id, ailleurs.Handled, w.at), "alert.not_yours")
		w.refused(w.p.Close(w.Context(), w.officers[2], id, "whatever", w.at), "alert.unknown_end")
		w.must(w.p.Close(w.Context(), w.officers[2], id, ailleurs.Handled, w.at))
		w.refused(w.p.Close(w.Context(), w.officers[2], id, ailleurs.Handled, w.at), "alert.closed")
		open, err := w.p.Alerts(w.Context(), w.officers[0])
		w.must(err)
		if len(open) != 0 {
			t.Errorf("still open: %+v", open)
		}
	})
}

func TestHandedOverAlertRingsUntilTakenUp(t *testing.T) {
	onBoth(t, func(w *watch) {
		id := w.raise(ailleurs.ImminentNow)
		w.pass(0)
		w.must(w.p.Acknowledge(w.Context(), w.officers[0], id, w.at))
		w.refused(w.p.HandOver(w.Context(), w.officers[1], id, w.officers[2].Agent, w.at), "alert.not_yours")
		w.refused(w.p.HandOver(w.Context(), w.officers[0], id, w.caseworker.Agent, w.at), "alert.not_on_duty")
		w.must(w.p.HandOver(w.Context(), w.officers[0], id, w.officers[2].Agent, w.at))
		w.pass(5 * time.Minute)
		w.rang("ligne-1", "ligne-3")
		w.pass(5 * time.Minute)
		if n := len(w.phones.rang); n != 3 {
			t.Errorf("nobody took it up and %d phones rang", n)
		}
		w.must(w.p.Acknowledge(w.Context(), w.officers[2], id, w.at))
		w.must(w.p.Close(w.Context(), w.officers[2], id, ailleurs.PassedOn, w.at))
	})
}

func TestStrangerToTheCaseNeitherRingsNorSeesIt(t *testing.T) {
	onBoth(t, func(w *watch) {
		_, err := w.p.Raise(w.Context(), w.stranger, ailleurs.ThreatAlert, w.dossier, w.at)
		w.refused(err, "case.unknown")
		id := w.raise(ailleurs.ThreatAlert)
		_, err = w.p.Alert(w.Context(), w.stranger, id)
		w.refused(err, "alert.unknown")
		w.refused(w.p.Acknowledge(w.Context(), w.stranger, id, w.at), "alert.unknown")
		seen, err := w.p.Alert(w.Context(), w.officers[0], id)
		w.must(err)
		if seen.Case != "" {
			t.Error("an officer outside the circle is told which case")
		}
		own, err := w.p.Alert(w.Context(), w.caseworker, id)
		w.must(err)
		if own.Case != w.dossier {
			t.Errorf("the caseworker sees %+v", own)
		}
		_, err = w.p.Raise(w.Context(), w.stranger, ailleurs.ImminentNow, "", w.at) // about no case: anyone
		w.must(err)
		_, err = w.p.Raise(w.Context(), ailleurs.Actor{}, ailleurs.ImminentNow, "", w.at)
		w.refused(err, "session.none")
		_, err = w.p.Raise(w.Context(), w.stranger, 4, "", w.at)
		w.refused(err, "alert.unknown_level")
	})
}

func TestHostLeadIsToldAtOnceAndMayAnswer(t *testing.T) {
	onBoth(t, func(w *watch) {
		var id ailleurs.AlertID
		w.update(func(tx *store.Tx) (err error) {
			id, err = w.p.RaiseIn(tx, protection.Alarm{Level: ailleurs.ThreatAlert, Case: w.dossier, Also: []ailleurs.AgentID{w.stranger.Agent}}, w.at)
			return err
		})
		w.pass(0)
		w.rang("ligne-1")
		if !slices.Contains(w.told, string(w.stranger.Agent)+"!") {
			t.Errorf("told: %v", w.told)
		}
		w.must(w.p.Acknowledge(w.Context(), w.stranger, id, w.at))
	})
}

func TestWithoutDutyTheCoordinationIsTold(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.update(func(tx *store.Tx) error {
			_, err := tx.SetWhere("agent_role", store.Changes{"left_at": w.at}, "role = $1", "duty")
			return err
		})
		id := w.raise(ailleurs.ImminentNow)
		w.pass(0)
		if !slices.Contains(w.told, string(w.coordinator.Agent)+"!") {
			t.Errorf("told: %v", w.told)
		}
		w.must(w.p.Acknowledge(w.Context(), w.coordinator, id, w.at))
	})
}

func TestUnansweredAlertTellsTheCoordinationAndFallsQuiet(t *testing.T) {
	onBoth(t, func(w *watch) {
		id := w.raise(ailleurs.ImminentNow)
		w.pass(59 * time.Minute)
		if slices.Contains(w.told, string(w.coordinator.Agent)+"!") {
			t.Error("the coordination was told before the whole tree was rung twice")
		}
		w.pass(time.Minute)
		if !slices.Contains(w.told, string(w.coordinator.Agent)+"!") {
			t.Errorf("told: %v", w.told)
		}
		w.phones.rang = nil
		hours := func(n int) {
			for range n {
				w.at = w.at.Add(time.Hour)
				w.pass(0)
			}
		}
		hours(24)
		if n := len(w.phones.rang); n != 24 {
			t.Errorf("%d phones rang in a day, want one an hour", n)
		}
		hours(50)
		rang := len(w.phones.rang)
		hours(48)
		if len(w.phones.rang) != rang {
			t.Errorf("after three days the phones still ring")
		}
		open, err := w.p.Alerts(w.Context(), w.coordinator)
		w.must(err)
		if len(open) != 1 || !open[0].Next.IsZero() {
			t.Fatalf("the coordination sees %+v", open)
		}
		w.must(w.p.HandOver(w.Context(), w.officers[0], id, w.officers[1].Agent, w.at))
		w.phones.rang = nil
		w.pass(10 * time.Minute)
		w.rang("ligne-2", "ligne-2") // whom it was handed to, then the tree from its beginning, past the first ring
		w.must(w.p.Acknowledge(w.Context(), w.coordinator, id, w.at))
	})
}

func TestMailAloneIsRefusedWhenThereIsADuty(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.must(w.p.Ready(w.Context(), w.at))
		w.open(nil)
		w.refused(w.p.Ready(w.Context(), w.at), "alert.no_ringer")
		w.update(func(tx *store.Tx) error {
			_, err := tx.SetWhere("agent_role", store.Changes{"left_at": w.at}, "role = $1", "duty")
			return err
		})
		w.must(w.p.Ready(w.Context(), w.at))
	})
}

func TestEveryLineIsTriedOnMondays(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.must(w.p.Ready(w.Context(), w.at))
		w.at = time.Date(2027, 3, 15, 8, 59, 0, 0, time.UTC) // Monday, 9 h 59 in Paris
		w.pass(0)
		w.rang()
		w.pass(time.Minute)
		if got := slices.Sorted(slices.Values(w.phones.rang)); !slices.Equal(got, []string{"ligne-1", "ligne-2", "ligne-3"}) {
			t.Fatalf("rang %v", got)
		}
		tests, err := w.p.Alerts(w.Context(), w.officers[0])
		w.must(err)
		for _, a := range tests {
			if a.Rung[0].Agent == w.officers[0].Agent {
				w.must(w.p.Acknowledge(w.Context(), w.officers[0], a.ID, w.at))
			}
		}
		w.told = nil
		w.pass(61 * time.Minute)
		if n := len(w.phones.rang); n != 3 {
			t.Errorf("a test rang on: %d", n)
		}
		if !slices.Contains(w.told, string(w.coordinator.Agent)) {
			t.Errorf("nobody was told of the unheard lines: %v", w.told)
		}
		ends := map[ailleurs.AlertEnd]int{}
		last, err := w.p.Tests(w.Context(), w.coordinator)
		w.must(err)
		for _, a := range last {
			ends[a.End]++
		}
		if ends[ailleurs.TestHeard] != 1 || ends[ailleurs.TestUnheard] != 2 {
			t.Errorf("ends %v", ends)
		}
		w.at = time.Date(2027, 3, 22, 12, 0, 0, 0, time.UTC) // the hub stood still at the hour
		w.must(w.p.Ready(w.Context(), w.at))
		w.pass(0)
		if n := len(w.phones.rang); n != 6 {
			t.Errorf("the second Monday: %d calls in all", n)
		}
	})
}

func TestCallTreeNamesEveryOfficerOnce(t *testing.T) {
	onBoth(t, func(w *watch) {
		lines, err := w.p.Lines(w.Context(), w.officers[0], w.at)
		w.must(err)
		if len(lines) != 3 || lines[2].Line != "ligne-3" {
			t.Fatalf("%+v", lines)
		}
		w.refused(w.p.SetLines(w.Context(), w.officers[0], lines, w.at), "actor.role_needed")
		w.refused(w.p.SetLines(w.Context(), w.coordinator, lines[:2], w.at), "alert.every_officer_once")
		w.refused(w.p.SetLines(w.Context(), w.coordinator, []protection.Line{lines[0], lines[0], lines[1]}, w.at), "alert.every_officer_once")
		for _, bad := range []string{"", "-rf", "a b", "$(reboot)", "a;b", strings.Repeat("1", 65)} {
			changed := slices.Clone(lines)
			changed[1].Line = bad
			w.refused(w.p.SetLines(w.Context(), w.coordinator, changed, w.at), "alert.bad_line")
		}
		slices.Reverse(lines)
		w.must(w.p.SetLines(w.Context(), w.coordinator, lines, w.at))
		w.raise(ailleurs.ImminentNow)
		w.pass(0)
		w.rang("ligne-3")
	})
}

func TestCommandIsGivenTheLineAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "ring")
	script := "#!/bin/sh\n{ echo \"$#:$1\"; env; } > " + filepath.Join(dir, "seen") + "\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AILLEURS_SECRET", "planted")
	c := protection.Command{Path: program}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if err := c.Ring(t.Context(), "+33100000000"); err != nil {
		t.Fatal(err)
	}
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(seen), "1:+33100000000\n") || strings.Contains(string(seen), "planted") {
		t.Errorf("the command saw:\n%s", seen)
	}
	if err := (protection.Command{Path: "/bin/false"}).Ring(t.Context(), "x"); err == nil {
		t.Error("a failing command rang")
	}
	for _, bad := range []string{"", "ring", dir, filepath.Join(dir, "none")} {
		if r := ailleurs.AsRefusal((protection.Command{Path: bad}).Check()); r == nil || r.Key != "alert.bad_command" {
			t.Errorf("%q is taken for a command", bad)
		}
	}
}

func TestHookIsGivenTheLineAndNothingElse(t *testing.T) {
	var got []string
	status := http.StatusNoContent
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 200)
		n, _ := r.Body.Read(b)
		got = append(got, r.Method+" "+r.URL.Path+" "+string(b[:n]))
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	defer s.Close()
	h := protection.Hook{URL: s.URL + "/ring", Client: s.Client()}
	if err := h.Check(); err != nil {
		t.Fatal(err)
	}
	if err := h.Ring(t.Context(), "ligne-1"); err != nil {
		t.Fatal(err)
	}
	for _, status = range []int{http.StatusFound, http.StatusInternalServerError} {
		if err := h.Ring(t.Context(), "ligne-1"); err == nil {
			t.Errorf("status %d counts as rung", status)
		}
	}
	want := `POST /ring {"line":"ligne-1"}`
	if diff := cmp.Diff([]string{want, want, want}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "http://example.org/x", "ftp://example.org", "https://"} {
		if r := ailleurs.AsRefusal((protection.Hook{URL: bad}).Check()); r == nil || r.Key != "alert.bad_hook" {
			t.Errorf("%q is taken for a hook", bad)
		}
	}
}

func TestOneOfManyAtOnceIsOnIt(t *testing.T) {
	onBoth(t, func(w *watch) {
		id := w.raise(ailleurs.ThreatAlert)
		errs := make([]error, 9)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = w.p.Acknowledge(t.Context(), w.officers[i%3], id, w.at) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				w.refused(err, "alert.acknowledged")
			}
		}
		if won != 1 {
			t.Errorf("%d are on it", won)
		}
	})
}
