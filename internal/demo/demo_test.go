package demo

import (
	"context"
	"slices"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

var day = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func built(t *testing.T, size Size) (*hub.Hub, []Persona) {
	t.Helper()
	cfg := hub.Config{Data: t.TempDir(), Origin: "http://localhost:8080", Demo: true, Now: func() time.Time { return day }}
	if err := hub.NewLogs(cfg, "demo"); err != nil {
		t.Fatal(err)
	}
	h, err := hub.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := Build(context.Background(), h, size, day)
	if err != nil {
		t.Fatal(err)
	}
	return h, p
}

// The demonstration is what people run, so the database that it leaves must be what verify calls sound, and its inbox must
// show every state that a case can be in.
func TestTheDemonstrationRunsThroughTheRealUseCases(t *testing.T) {
	h, people := built(t, Size{Towns: 16, Cases: 40})
	if len(people) != 6 {
		t.Errorf("%d personas, want 6", len(people))
	}
	report, err := journal.Verify(context.Background(), h.DB, journal.VerifyOptions{Invariants: relocation.Invariants})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("verify finds %s in %s %s: %s", f.Name, f.Table, f.Key, f.Detail)
	}
	if report.Rows < 1000 {
		t.Errorf("only %d rows were held against their events", report.Rows)
	}
	lines, err := h.Protection.Lines(context.Background(), ailleurs.Actor{Agent: people[0].Agent, Roles: []ailleurs.Role{ailleurs.DutyOfficer}}, day)
	if err != nil || len(lines) != 2 || lines[0].Line == "" || lines[1].Line == "" {
		t.Errorf("who is on duty cannot be rung: %+v, %v", lines, err)
	}
	var missing []ailleurs.CaseState
	err = h.DB.View(context.Background(), func(tx *store.Tx) error {
		have, err := store.All[ailleurs.CaseState](tx, "SELECT DISTINCT state FROM dossier")
		for _, s := range append(slices.Clone(ailleurs.Way), ailleurs.SideStates...) {
			if !slices.Contains(have, s) {
				missing = append(missing, s)
			}
		}
		return err
	})
	if err != nil || len(missing) > 0 {
		t.Errorf("no case is %v (%v)", missing, err)
	}
}
