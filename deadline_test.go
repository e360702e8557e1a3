package ailleurs_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// week is a calendar in which every day is worked; AddWorkingDays adds days.
type week struct{}

func (week) AddWorkingDays(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) }

// The column "time allowed: urgent / normal" of docs/rules.md, "Time allowed". Imminent halves the urgent clocks.
func TestTimeAllowed(t *testing.T) {
	from := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for state, want := range map[ailleurs.CaseState]struct{ urgent, normal time.Duration }{
		ailleurs.Endorsing: {12 * time.Hour, 3 * day},
		ailleurs.Checking:  {4 * time.Hour, 2 * day},
		ailleurs.Calling:   {48 * time.Hour, 10 * day},
		ailleurs.Choosing:  {24 * time.Hour, 5 * day},
		ailleurs.Preparing: {48 * time.Hour, 15 * day},
	} {
		for speed, allowed := range map[ailleurs.Speed]time.Duration{
			ailleurs.Urgent: want.urgent, ailleurs.Normal: want.normal, ailleurs.Imminent: want.urgent / 2,
		} {
			got, ok := ailleurs.StateDeadline(state, speed, from, week{})
			if !ok || !got.Equal(from.Add(allowed)) {
				t.Errorf("%s %s: %v after the start, want %v", speed, state, got.Sub(from), allowed)
			}
		}
	}
	for _, speed := range ailleurs.Speeds {
		if got, ok := ailleurs.StateDeadline(ailleurs.Draft, speed, from, week{}); !ok || !got.Equal(from.Add(30*day)) {
			t.Errorf("a draft lives %v, want 30 days", got.Sub(from))
		}
		for _, s := range []ailleurs.CaseState{
			ailleurs.Travelling, ailleurs.Following, ailleurs.Closed, ailleurs.Suspended, ailleurs.Diverted, ailleurs.Compromised, ailleurs.Expired,
			ailleurs.Withdrawn,
		} {
			if _, ok := ailleurs.StateDeadline(s, speed, from, week{}); ok {
				t.Errorf("%s has a clock", s)
			}
		}
	}
	for name, c := range map[string]struct {
		a      ailleurs.Allowance
		urgent time.Duration
		days   int
	}{
		"first reminder":     {ailleurs.FirstReminder, 24 * time.Hour, 3},
		"second reminder":    {ailleurs.SecondReminder, 36 * time.Hour, 7},
		"the signatory told": {ailleurs.SignatoryTold, 30 * time.Hour, 5},
		"the choice opens":   {ailleurs.ChoosingOpens, 12 * time.Hour, 2},
		"the longest hold":   {ailleurs.LongestHold, 72 * time.Hour, 10},
		"a follow-up":        {ailleurs.FollowUpAllowance, 72 * time.Hour, 3},
	} {
		if c.a.Urgent != c.urgent || c.a.Working != c.days {
			t.Errorf("%s: %v / %d working days, want %v / %d", name, c.a.Urgent, c.a.Working, c.urgent, c.days)
		}
	}
}
