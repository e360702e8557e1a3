package vault

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

var b64 = base64.RawStdEncoding.Strict()

// timeForm is how times are written inside what is signed: whole seconds, UTC, fixed width.
const timeForm = "2006-01-02T15:04:05Z"

// clockSkew is how far in the future of the reader a signed time may lie.
const clockSkew = 5 * time.Minute

// maxNumber bounds epochs and sequences.
const maxNumber = 1_000_000

// textWriter writes the canonical texts of the protocol: a label, then one "name value" line per field.
type textWriter struct{ strings.Builder }

func newText(label string) *textWriter {
	w := &textWriter{}
	w.WriteString(label + "\n")
	return w
}

func (w *textWriter) line(name, value string) { w.WriteString(name + " " + value + "\n") }
func (w *textWriter) number(name string, n int) {
	w.line(name, strconv.Itoa(n))
}
func (w *textWriter) time(name string, at time.Time) { w.line(name, at.UTC().Format(timeForm)) }

// textReader reads them back. The first thing that is not as it must be is remembered with the field's name and ends the
// reading; what it has read is not to be used before end has said nil.
type textReader struct {
	rest  string
	field string // of the whole text, first part of the path in refusals
	err   error
}

func readText(text, label, field string) *textReader {
	r := &textReader{rest: text, field: field}
	line, rest, ok := strings.Cut(text, "\n")
	if !ok || line != label {
		r.err = ailleurs.Refuse("vault.unknown_protocol", field)
		return r
	}
	r.rest = rest
	return r
}

func (r *textReader) bad(name string) {
	if r.err == nil {
		r.err = ailleurs.Refuse("vault.malformed", r.field+"."+name)
	}
}

func (r *textReader) line(name string) string {
	if r.err != nil {
		return ""
	}
	line, rest, ok := strings.Cut(r.rest, "\n")
	value, named := strings.CutPrefix(line, name+" ")
	if !ok || !named || value == "" {
		r.bad(name)
		return ""
	}
	r.rest = rest
	return value
}

// has reports whether the next line is name's.
func (r *textReader) has(name string) bool {
	return r.err == nil && strings.HasPrefix(r.rest, name+" ")
}

func (r *textReader) number(name string, least int) int {
	n, ok := parseNumber(r.line(name), least)
	if !ok {
		r.bad(name)
	}
	return n
}

func parseNumber(s string, least int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= least && n <= maxNumber && strconv.Itoa(n) == s
}

func (r *textReader) time(name string) time.Time { return r.instant(name, r.line(name)) }

// instant reads a time that is one of a line's fields.
func (r *textReader) instant(name, value string) time.Time {
	at, ok := parseTime(value)
	if !ok {
		r.bad(name)
	}
	return at
}

// parseTime reads timeForm in its one spelling. A snapshot holds thousands, and time.Parse takes most of a page's time.
func parseTime(s string) (time.Time, bool) {
	if len(s) != len(timeForm) || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != 'Z' {
		return time.Time{}, false
	}
	digits := true
	number := func(from, to int) int {
		n := 0
		for _, c := range []byte(s[from:to]) {
			digits = digits && '0' <= c && c <= '9'
			n = 10*n + int(c-'0')
		}
		return n
	}
	month, day, hour, minute, second := number(5, 7), number(8, 10), number(11, 13), number(14, 16), number(17, 19)
	t := time.Date(number(0, 4), time.Month(month), day, hour, minute, second, 0, time.UTC)
	same := t.Month() == time.Month(month) && t.Day() == day && t.Hour() == hour && t.Minute() == minute && t.Second() == second
	return t, digits && same
}

// fields reads the n parts of a line, one space between; they are empty when there are not as many.
func (r *textReader) fields(name string, n int) []string {
	parts := strings.SplitN(r.line(name), " ", n+1)
	if len(parts) != n {
		r.bad(name)
		return make([]string, n)
	}
	return parts
}

func (r *textReader) bytes(name string, into []byte) {
	value := r.line(name)
	if !decodeExactly(into, value) {
		r.bad(name)
	}
}

func decodeExactly(into []byte, value string) bool {
	b, err := b64.DecodeString(value)
	return err == nil && len(b) == len(into) && copy(into, b) == len(into)
}

func (r *textReader) id(name string) string {
	value := r.line(name)
	if !ailleurs.ValidID(ailleurs.CaseID(value)) {
		r.bad(name)
	}
	return value
}

// hash reads a hex SHA-256, or "-" for none.
func (r *textReader) hash(name string) string { return r.hexHash(name, r.line(name)) }

// hexHash reads one that is a field of a line.
func (r *textReader) hexHash(name, value string) string {
	if value == "-" {
		return ""
	}
	if b, err := hex.DecodeString(value); err != nil || len(b) != 32 || hex.EncodeToString(b) != value {
		r.bad(name)
	}
	return value
}

func (r *textReader) end() error {
	if r.err == nil && r.rest != "" {
		r.bad("end")
	}
	return r.err
}

func itoa(n int) string { return strconv.Itoa(n) }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
