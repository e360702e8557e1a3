package store

import (
	"fmt"
	"time"
)

// timeLayout is how instants are written: UTC, fixed width, so that text order is time order on both engines.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime writes t as the database holds it: UTC, microseconds, 27 bytes. Arguments and row fields of type
// time.Time are written so by themselves; the zero time is NULL.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime reads what FormatTime wrote and nothing else.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	if err != nil || len(s) != len(timeLayout) {
		return time.Time{}, fmt.Errorf("store: not an instant of this database: %q", s)
	}
	return t, nil
}
