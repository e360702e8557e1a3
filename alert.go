package ailleurs

import (
	"slices"
	"time"
)

// An AlertLevel says how fast an alert must be acknowledged. An alert rings without decrypting anything.
type AlertLevel int

// The levels (docs/guides/astreinte.md).
const (
	CallBack    AlertLevel = 1 // to be called, within 72 h
	ThreatAlert AlertLevel = 2 // acknowledged within 1 h: host lead and duty officer
	ImminentNow AlertLevel = 3 // now; 17 and 112 are shown first
)

// AcknowledgeWithin is how long an alert of the level may ring before it goes to the next on the list.
func (l AlertLevel) AcknowledgeWithin() time.Duration {
	switch l {
	case CallBack:
		return 72 * time.Hour
	case ThreatAlert:
		return time.Hour
	case ImminentNow:
		return 10 * time.Minute
	}
	return 0
}

// Valid reports whether l is a level.
func (l AlertLevel) Valid() bool { return l >= CallBack && l <= ImminentNow }

// AlertEnd is how an alert ended, for the journal and the figures: a short list, no words.
type AlertEnd string

// The ends.
const (
	Handled     AlertEnd = "handled"     // the person is safe, or as safe as can be
	PassedOn    AlertEnd = "passed_on"   // police, gendarmerie, medical or child-welfare services have taken over
	FalseAlarm  AlertEnd = "false_alarm" // nothing was the matter
	TestHeard   AlertEnd = "test_heard"  // the weekly test was acknowledged
	TestUnheard AlertEnd = "test_unheard"
)

// AlertEnds lists what whoever closes an alert may choose.
var AlertEnds = []AlertEnd{Handled, PassedOn, FalseAlarm}

// An Officer is one line of the call tree: a duty officer, and when they are away.
type Officer struct {
	Agent   AgentID
	Absence Absence
}

// NextOfficer is whom to ring as the n-th (from 0) of an alert: the call tree in its order, past whoever is away, and from
// its beginning again, until someone answers. When everyone is away the tree is rung as if nobody were. ok is false for an
// empty tree.
func NextOfficer(tree []Officer, n int, at time.Time) (agent AgentID, ok bool) {
	present := slices.DeleteFunc(slices.Clone(tree), func(o Officer) bool { return o.Absence.Covers(at) })
	if len(present) == 0 {
		present = tree
	}
	if len(present) == 0 {
		return "", false
	}
	return present[n%len(present)].Agent, true
}

// How an alert goes on that nobody acknowledges: the whole call tree is rung FullRounds times at the pace of its level, then
// the coordination is told and one officer an hour is rung, until the alert has rung for RingsFor. It is never closed by itself.
const (
	FullRounds = 2
	SlowRing   = time.Hour
	RingsFor   = 72 * time.Hour
)

// RingOn says what follows when the last of so many rings over a tree of so many officers was not answered, an age after the
// alert was raised: whether the coordination is told too, whether one more officer is rung (on), and when the one after that.
func (l AlertLevel) RingOn(tree, rings int, age time.Duration) (tell, on bool, after time.Duration) {
	past := rings - FullRounds*tree
	switch {
	case past < 0:
		return false, true, l.AcknowledgeWithin()
	case past > 0 && age >= RingsFor:
		return true, false, 0
	}
	return true, true, max(l.AcknowledgeWithin(), SlowRing)
}

// TestRing is when the duty phones are next tried after an instant: Mondays at 10 h in the given place (Europe/Paris).
func TestRing(after time.Time, in *time.Location) time.Time {
	local := after.In(in)
	for day := 0; ; day++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+day, 10, 0, 0, 0, in)
		if at.Weekday() == time.Monday && at.After(after) {
			return at
		}
	}
}
