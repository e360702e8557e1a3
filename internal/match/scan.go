package match

import (
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"codeberg.org/ailleurs/ailleurs"
)

// A scanner pulls JSON (RFC 8259, UTF-8) out of a stream with a fixed buffer, and knows at each moment the path of what
// it reads. Its methods panic with a stop, which read turns into an error: a value of the wrong shape ends everything.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	path     []step
	text     []byte
	intern   map[string]string
}

type step struct {
	name  string
	index int // −1 for a field
}

type stop struct{ err error }

const (
	bufferSize = 1 << 16
	longest    = 1 << 12 // bytes of a string or number; nothing in an instance is longer
	largest    = 1_000_000_000
)

func newScanner(r io.Reader) *scanner {
	return &scanner{r: r, buf: make([]byte, bufferSize), intern: make(map[string]string)}
}

func (s *scanner) location() string {
	b := []byte{'$'}
	for _, p := range s.path {
		if p.index >= 0 {
			b = append(b, '[')
			b = strconv.AppendInt(b, int64(p.index), 10)
			b = append(b, ']')
		} else {
			b = append(b, '.')
			b = append(b, p.name...)
		}
	}
	return string(b)
}

func (s *scanner) refuse(key string, args ...string) {
	panic(stop{ailleurs.Refuse(key, s.location(), args...)})
}

// peek returns the next byte that is not white space, without taking it; 0 at the end of the input.
func (s *scanner) peek() byte {
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r', '\n':
				s.pos++
			case 0:
				s.refuse("match.syntax")
			default:
				return c
			}
		}
		if !s.fill() {
			return 0
		}
	}
}

func (s *scanner) fill() bool {
	s.pos, s.end = 0, 0
	for range 100 {
		n, err := s.r.Read(s.buf)
		s.end = n
		if n > 0 {
			return true
		}
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			panic(stop{err})
		}
	}
	panic(stop{io.ErrNoProgress})
}

// next returns the next byte whatever it is, and false at the end.
func (s *scanner) next() (byte, bool) {
	if s.pos == s.end && !s.fill() {
		return 0, false
	}
	c := s.buf[s.pos]
	s.pos++
	return c, true
}

func (s *scanner) expect(c byte, key string) {
	if s.peek() != c {
		if s.pos == s.end {
			key = "match.syntax"
		}
		s.refuse(key)
	}
	s.pos++
}

// object calls field for each of the object's fields; field reads the value and returns false for a name it does not
// know. A name that appears twice is refused.
func (s *scanner) object(field func(name string) bool) {
	s.fields(func(name string) {
		if !field(name) {
			s.refuse("match.unknown_field")
		}
	})
}

func (s *scanner) fields(field func(name string)) {
	s.expect('{', "match.not_an_object")
	if s.peek() == '}' {
		s.pos++
		return
	}
	var seenFew [16]string
	seen := seenFew[:0]
	var many map[string]bool
	for {
		if s.peek() != '"' {
			s.refuse("match.syntax")
		}
		name := s.string()
		s.path = append(s.path, step{name, -1})
		twice := many[name]
		if many == nil {
			for _, other := range seen {
				twice = twice || other == name
			}
		}
		if twice {
			s.refuse("match.duplicate_field")
		}
		if many == nil && len(seen) == cap(seenFew[:]) {
			many = make(map[string]bool)
			for _, other := range seen {
				many[other] = true
			}
		}
		if many != nil {
			many[name] = true
		} else {
			seen = append(seen, name)
		}
		s.expect(':', "match.syntax")
		field(name)
		s.path = s.path[:len(s.path)-1]
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			return
		default:
			s.refuse("match.syntax")
		}
	}
}

// array calls element for each element, which must read it.
func (s *scanner) array(element func(i int)) {
	s.expect('[', "match.not_a_list")
	if s.peek() == ']' {
		s.pos++
		return
	}
	for i := 0; ; i++ {
		s.path = append(s.path, step{"", i})
		element(i)
		s.path = s.path[:len(s.path)-1]
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			return
		default:
			s.refuse("match.syntax")
		}
	}
}

func (s *scanner) bool() bool {
	word := "true"
	switch s.peek() {
	case 't':
	case 'f':
		word = "false"
	default:
		s.refuse("match.not_a_boolean")
	}
	for i := range len(word) {
		if c, ok := s.next(); !ok || c != word[i] {
			s.refuse("match.syntax")
		}
	}
	return word == "true"
}

// string reads a string; equal strings share their memory.
func (s *scanner) string() string {
	if s.peek() != '"' {
		s.refuse("match.not_a_string")
	}
	s.pos++
	t := s.text[:0]
	for {
		c, ok := s.next()
		switch {
		case !ok || c < 0x20:
			s.refuse("match.syntax")
		case c == '"':
			s.text = t
			if !utf8.Valid(t) {
				s.refuse("match.not_utf8")
			}
			if known, ok := s.intern[string(t)]; ok {
				return known
			}
			text := string(t)
			s.intern[text] = text
			return text
		case c == '\\':
			t = s.escape(t)
		default:
			t = append(t, c)
		}
		if len(t) > longest {
			s.refuse("match.too_long")
		}
	}
}

func (s *scanner) escape(t []byte) []byte {
	c, _ := s.next()
	switch c {
	case '"', '\\', '/':
		return append(t, c)
	case 'b':
		return append(t, '\b')
	case 'f':
		return append(t, '\f')
	case 'n':
		return append(t, '\n')
	case 'r':
		return append(t, '\r')
	case 't':
		return append(t, '\t')
	case 'u':
		r := s.hex()
		if r >= 0xDC00 && r < 0xE000 {
			s.refuse("match.not_utf8")
		}
		if r >= 0xD800 && r < 0xDC00 {
			a, _ := s.next()
			b, _ := s.next()
			if a != '\\' || b != 'u' {
				s.refuse("match.not_utf8")
			}
			low := s.hex()
			if low < 0xDC00 || low >= 0xE000 {
				s.refuse("match.not_utf8")
			}
			r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
		}
		return utf8.AppendRune(t, r)
	}
	s.refuse("match.syntax")
	return nil
}

func (s *scanner) hex() rune {
	var r rune
	for range 4 {
		c, _ := s.next()
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			s.refuse("match.syntax")
		}
		r = r<<4 | rune(c)
	}
	return r
}

// number reads the characters of a number and checks them against the grammar of JSON.
func (s *scanner) number() (text string, integer bool) {
	c := s.peek()
	if c != '-' && (c < '0' || c > '9') {
		s.refuse("match.not_a_number")
	}
	t := s.text[:0]
	for len(t) <= longest {
		c, ok := s.next()
		if !ok {
			break
		}
		if c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' && (c < '0' || c > '9') {
			s.pos--
			break
		}
		t = append(t, c)
	}
	s.text = t
	rest := t
	take := func(set string) bool {
		for i := range len(set) {
			if len(rest) > 0 && rest[0] == set[i] {
				rest = rest[1:]
				return true
			}
		}
		return false
	}
	digits := func() bool {
		n := 0
		for take("0123456789") {
			n++
		}
		return n > 0
	}
	take("-")
	good := take("0") || digits()
	integer = true
	if good && take(".") {
		integer = false
		good = digits()
	}
	if good && take("eE") {
		integer = false
		take("+-")
		good = digits()
	}
	if !good || len(rest) > 0 {
		s.refuse("match.syntax")
	}
	return string(t), integer
}

// int reads a whole number between low and high.
func (s *scanner) int(low, high int) int {
	text, integer := s.number()
	if !integer {
		s.refuse("match.not_an_integer")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		s.refuse("match.out_of_range", "min", strconv.Itoa(low), "max", strconv.Itoa(high))
	}
	return n
}

// count reads a whole number that is not negative.
func (s *scanner) count() int { return s.int(0, largest) }

// float reads a number between low and high.
func (s *scanner) float(low, high float64) float64 {
	text, _ := s.number()
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || f < low || f > high {
		s.refuse("match.out_of_range",
			"min", strconv.FormatFloat(low, 'g', -1, 64), "max", strconv.FormatFloat(high, 'g', -1, 64))
	}
	return f
}

// day reads a date.
func (s *scanner) day() Day {
	d, ok := ParseDay(s.string())
	if !ok {
		s.refuse("match.bad_date")
	}
	return d
}

// end checks that nothing but white space follows.
func (s *scanner) finish() {
	if s.peek() != 0 || s.pos < s.end {
		s.refuse("match.syntax")
	}
}
