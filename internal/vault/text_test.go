package vault

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A time has one spelling, the one that the standard library writes, and what that refuses is refused.
func TestTimesHaveOneSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "at"), 0).UTC().Format(timeForm))
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			text[rapid.IntRange(0, len(text)-1).Draw(t, "place")] = rapid.SampledFrom([]byte("0123456789-:TZ +")).Draw(t, "sign")
		}
		want, err := time.Parse(timeForm, string(text))
		ok := err == nil && want.Format(timeForm) == string(text)
		if got, read := parseTime(string(text)); read != ok || ok && !got.Equal(want) {
			t.Fatalf("%s is read as %v, %v; want %v, %v", text, got, read, want, ok)
		}
	})
	for _, bad := range []string{"", "2026-11-23", "2026-11-23T09:30:00z", "2026-11-23T09:30:00Z ", "2026-02-29T00:00:00Z"} {
		if _, ok := parseTime(bad); ok {
			t.Errorf("%q is a time", bad)
		}
	}
}
