package ailleurs

import (
	"testing"
	"time"
)

func TestCallTreeGoesRoundPastWhoIsAway(t *testing.T) {
	at := time.Date(2027, 3, 12, 9, 0, 0, 0, time.UTC)
	away := Absence{From: at.Add(-time.Hour), Until: at.Add(time.Hour), Deputy: "B"}
	ring := func(tree []Officer, n int) string {
		got := ""
		for i := range n {
			a, _ := NextOfficer(tree, i, at)
			got += string(a)
		}
		return got
	}
	if got := ring([]Officer{{Agent: "A"}, {Agent: "B"}, {Agent: "C"}}, 7); got != "ABCABCA" {
		t.Errorf("rung %s", got)
	}
	if got := ring([]Officer{{"A", away}, {Agent: "B"}, {Agent: "C"}}, 4); got != "BCBC" {
		t.Errorf("rung %s", got)
	}
	if got := ring([]Officer{{"A", away}, {"B", away}}, 3); got != "ABA" {
		t.Errorf("with everyone away: %s", got)
	}
	if _, ok := NextOfficer(nil, 0, at); ok {
		t.Error("an empty tree rings someone")
	}
}

func TestGraverIsSooner(t *testing.T) {
	if !(ImminentNow.AcknowledgeWithin() < ThreatAlert.AcknowledgeWithin() && ThreatAlert.AcknowledgeWithin() < CallBack.AcknowledgeWithin()) {
		t.Error("a graver alert waits longer")
	}
	if AlertLevel(0).Valid() || AlertLevel(4).Valid() || !ThreatAlert.Valid() {
		t.Error("levels are 1 to 3")
	}
}

func TestUnansweredAlertSlowsDownAndStopsRinging(t *testing.T) {
	for _, level := range []AlertLevel{CallBack, ThreatAlert, ImminentNow} {
		age, told, rings := time.Duration(0), 0, 1
		for after := level.AcknowledgeWithin(); ; {
			age += after
			tell, on, next := level.RingOn(3, rings, age)
			if tell != (rings >= 6) {
				t.Errorf("level %d, after %d rings of three officers: tell %v", level, rings, tell)
			}
			if tell {
				told++
			}
			if !on {
				break
			}
			if rings++; rings > 200 {
				t.Fatalf("level %d rings without end", level)
			}
			after = next
		}
		if told == 0 || age < RingsFor {
			t.Errorf("level %d gave up after %v and %d rings", level, age, rings)
		}
	}
	if _, on, after := ImminentNow.RingOn(3, 5, time.Hour); !on || after != 10*time.Minute {
		t.Errorf("in the second round: %v, %v", on, after)
	}
}

func TestLinesAreTriedOnMondaysAtTen(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2027, 3, 29, 10, 0, 0, 0, paris) // the day after the clocks change
	for _, after := range []time.Time{monday.Add(-time.Second), monday.AddDate(0, 0, -3), monday.AddDate(0, 0, -7)} {
		if got := TestRing(after, paris); !got.Equal(monday) {
			t.Errorf("after %v: %v", after, got)
		}
	}
	if got := TestRing(monday, paris); !got.Equal(monday.AddDate(0, 0, 7)) {
		t.Errorf("after the ring itself: %v", got)
	}
}
