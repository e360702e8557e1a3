package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
)

// oneCase has one household, one home and one job that fit.
const oneCase = `{"version": 1, "date": "2026-12-01",
 "settings": {"max_commute_km": 15, "max_commute_km_driving": 40, "flex_days": 21, "min_stay_days": 90},
 "communes": [{"code": "33063", "departement": "33", "region": "75", "lat": 44.8624, "lon": -0.5848}],
 "members": [{"id": "m", "capacity": 1}],
 "homes": [{"id": "h1", "member": "m", "commune": "33063", "kind": "studio", "persons": 1, "units": 1, "from": "2026-12-01"}],
 "jobs": [{"id": "j1", "member": "m", "commune": "33063", "rome": "G1602", "level": 1, "slots": 1, "from": "2026-12-01"}],
 "households": [{"id": "k1", "persons": 1, "ages": [19], "ready": "2026-12-05", "urgency": 1, "waiting_days": 10,
                 "workers": [{"age": 19, "rome": ["G1602"], "level": 2}]},
                {"id": "k2", "persons": 2, "ready": "2026-12-05", "urgency": 0, "waiting_days": 0}]}`

// command runs "match" or "simulate" with its flags in this process.
func command(t *testing.T, in string, args ...string) (out, errors string, err error) {
	t.Helper()
	var c struct {
		Match    matchCommand    `cmd:""`
		Simulate simulateCommand `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	clock := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	err = chosen.Run(world{Context: ctx, in: strings.NewReader(in), out: &stdout, err: &stderr, now: func() time.Time { return clock }})
	return stdout.String(), stderr.String(), err
}

func TestMatchPlacesWhoeverCanBePlaced(t *testing.T) {
	out, _, err := command(t, oneCase, "match")
	if err != nil {
		t.Fatal(err)
	}
	var plan match.Plan
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Placements) != 1 || plan.Points != 1000+400+40+300 || !plan.ProvedOptimal || plan.Seed != 1 {
		t.Errorf("%+v", plan)
	}
	if len(plan.Unplaced) != 1 || plan.Unplaced[0].Because[0].Code != match.NoHomeLarge {
		t.Errorf("%+v", plan.Unplaced)
	}
}

func TestARefusedInstanceWritesNothing(t *testing.T) {
	plan := filepath.Join(t.TempDir(), "plan.json")
	out, _, err := command(t, strings.Replace(oneCase, `"urgency": 1`, `"urgency": 7`, 1), "match", "--out", plan)
	r := ailleurs.AsRefusal(err)
	if r == nil || r.Field != "$.households[0].urgency" {
		t.Error("not refused by its path:", err)
	}
	left, err := os.ReadDir(filepath.Dir(plan))
	if err != nil || len(left) > 0 || out != "" {
		t.Errorf("something was written: %v, %q, %v", left, out, err)
	}
}

func TestAPlanCanBeCheckedWithoutTheSolver(t *testing.T) {
	dir := t.TempDir()
	instance, plan := filepath.Join(dir, "in.json.gz"), filepath.Join(dir, "plan.json")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(oneCase)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(instance, zipped.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := command(t, "", "match", "--in", instance, "--out", plan, "--certificate"); err != nil {
		t.Fatal(err)
	}
	out, _, err := command(t, "", "match", "--in", instance, "--check", plan)
	if err != nil {
		t.Fatal(err)
	}
	var verdict match.Verdict
	if err := json.Unmarshal([]byte(out), &verdict); err != nil {
		t.Fatal(err)
	}
	if !verdict.Certified || verdict.CertifiedBound < verdict.Points || verdict.Points != 1740 {
		t.Errorf("%+v", verdict)
	}
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plan, bytes.ReplaceAll(text, []byte(`"points": 1740`), []byte(`"points": 1741`)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = command(t, "", "match", "--in", instance, "--check", plan)
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != "match.plan_breaks_rules" {
		t.Error("a plan that miscounts was not refused:", err)
	}
}

func TestAFairPlanIsNotCalledOptimal(t *testing.T) {
	out, said, err := command(t, oneCase, "match", "--floors", "0.9", "--balance")
	if err != nil {
		t.Fatal(err)
	}
	var plan match.Plan
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Placements) != 1 || plan.Points != 1740 || plan.ProvedOptimal || len(plan.Prices) != 0 {
		t.Errorf("%+v", plan)
	}
	if strings.Count(said, "floor ") != 3 {
		t.Error(said)
	}
	_, _, err = command(t, oneCase, "match", "--floors", "1.2")
	if r := ailleurs.AsRefusal(err); r == nil || r.Field != "floors" {
		t.Error("a floor above all was not refused:", err)
	}
}

func TestSimulateWritesWhatItPrints(t *testing.T) {
	dir := t.TempDir()
	out, _, err := command(t, "", "simulate", "--cases", "40", "--years", "2", "--policies", "first_come,weekly_optimum",
		"--csv", filepath.Join(dir, "years.csv"), "--svg", filepath.Join(dir, "years.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"years.csv", "years.svg"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(text) < 500 {
			t.Error(name, len(text), err)
		}
	}
	if !strings.Contains(out, "first_come") {
		t.Error(out)
	}
	_, _, err = command(t, "", "simulate", "--policies", "lottery")
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != "match.unknown_policy" {
		t.Error("a policy that does not exist was not refused:", err)
	}
}
