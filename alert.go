package ailleurs

import "time"

// An AlertLevel says how fast an alert must be acknowledged. An alert rings without decrypting anything.
type AlertLevel int

// The levels of protection.md, "Alerts and exfiltration".
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
