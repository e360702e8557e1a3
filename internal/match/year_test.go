package match

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPoliciesKeepTheRulesAndTheBound(t *testing.T) {
	y := NewYear(invented(), 4, 120)
	bound := y.Clairvoyant(2, func() bool { return false })
	for _, policy := range Policies {
		o, err := y.Play(policy, bound, func() bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if o.Points > bound || o.Points <= 0 || o.Placed == 0 || o.Placed > o.Cases || o.UrgentInTime > o.Urgent {
			t.Errorf("%s: %+v against a bound of %d", policy, o, bound)
		}
		again, err := y.Play(policy, bound, func() bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(o, again); diff != "" {
			t.Errorf("%s plays the same year in two ways:\n%s", policy, diff)
		}
	}
}

func TestNoPlaceIsGivenTwice(t *testing.T) {
	y := NewYear(invented(), 9, 150)
	for _, policy := range Policies {
		m := newMarket(y)
		m.days(7, func() bool { return false }, func() {
			switch policy {
			case WeeklyOptimum:
				m.solveWeek(m.waiting(), nil, func() bool { return false })
			default:
				for _, k := range m.waiting() {
					m.tryBest(k)
				}
			}
			for r, left := range m.left {
				if left < 0 {
					t.Fatalf("%s: row %d has %d left", policy, r, left)
				}
			}
		})
	}
}

func TestAStudyReportsWhatItMeasured(t *testing.T) {
	policies := []string{FirstCome, WeeklyOptimum}
	study := Study{Towns: invented(), Cases: 60, Seeds: 3, First: 1, Policies: policies, Workers: 2, Stop: func() bool { return false }}
	outcomes, err := study.Run()
	if err != nil {
		t.Fatal(err)
	}
	if len(outcomes) != 6 || outcomes[3].Seed != 2 || outcomes[3].Policy != WeeklyOptimum {
		t.Fatalf("%+v", outcomes)
	}
	lines := Lines(outcomes, policies)
	for _, l := range lines {
		if l.Share.Low > l.Share.Mean || l.Share.High < l.Share.Mean || l.Years != 3 {
			t.Errorf("%+v", l)
		}
	}
	var table, csv, svg bytes.Buffer
	if err := errors.Join(WriteTable(&table, lines), WriteCSV(&csv, outcomes), WriteReport(&svg, lines, 60)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(csv.String(), "\n"); n != 1+6*7 {
		t.Errorf("%d lines of CSV", n)
	}
	if !strings.Contains(table.String(), "weekly_optimum") {
		t.Error(table.String())
	}
	d := xml.NewDecoder(&svg)
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	study.Policies = []string{"lottery"}
	if _, err := study.Run(); err == nil {
		t.Error("a policy that does not exist was played")
	}
}
