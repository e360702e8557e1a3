package store

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A statement is one SQL text of ours, read once: what it writes, how many values it takes, and how each engine spells it.
type statement struct {
	sqlite   string   // $n spelt ?n, row-lock clauses removed
	postgres string   // the text as written
	values   int      // highest $n
	writes   []string // tables it inserts into, updates or deletes from
}

// parsed remembers statements by their text. Texts are constants of the program, so it stays small; a program that
// builds texts without end only loses the memory of them.
var parsed struct {
	sync.RWMutex
	byText map[string]*statement
}

const maxParsed = 4096

func parse(text string) (*statement, error) {
	parsed.RLock()
	s := parsed.byText[text]
	parsed.RUnlock()
	if s != nil {
		return s, nil
	}
	s, err := parseStatement(text)
	if err != nil {
		return nil, err
	}
	parsed.Lock()
	defer parsed.Unlock()
	if parsed.byText == nil || len(parsed.byText) >= maxParsed {
		parsed.byText = make(map[string]*statement)
	}
	parsed.byText[text] = s
	return s, nil
}

// A token is a piece of SQL text: text[start:end].
type token struct {
	kind       tokenKind
	start, end int
	word       string // lower case, for words; the digits, for placeholders
}

type tokenKind int

const (
	wordToken        tokenKind = iota // identifier or keyword, quoted identifiers without their quotes
	placeholderToken                  // $n
	literalToken                      // 'string'
	commentToken                      // -- to the end of the line, or /* */
	otherToken                        // one byte of anything else but white space
)

// tokens splits SQL text. It knows as much of the language as telling words from what stands inside quotes and comments.
func tokens(text string) ([]token, error) {
	var out []token
	for i := 0; i < len(text); {
		c, start := text[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '\'':
			end := quoted(text, i, '\'')
			if end < 0 {
				return nil, fmt.Errorf("store: unterminated string in %q", text)
			}
			i = end
			out = append(out, token{kind: literalToken, start: start, end: i})
		case c == '"':
			end := quoted(text, i, '"')
			if end < 0 {
				return nil, fmt.Errorf("store: unterminated identifier in %q", text)
			}
			i = end
			out = append(out, token{kind: wordToken, start: start, end: i, word: text[start+1 : i-1]})
		case strings.HasPrefix(text[i:], "--"):
			if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(text)
			}
			out = append(out, token{kind: commentToken, start: start, end: i})
		case strings.HasPrefix(text[i:], "/*"):
			n := strings.Index(text[i+2:], "*/")
			if n < 0 {
				return nil, fmt.Errorf("store: unterminated comment in %q", text)
			}
			i += n + 4
			out = append(out, token{kind: commentToken, start: start, end: i})
		case c == '$' && i+1 < len(text) && digit(text[i+1]):
			for i++; i < len(text) && digit(text[i]); i++ {
			}
			out = append(out, token{kind: placeholderToken, start: start, end: i, word: text[start+1 : i]})
		case letter(c):
			for i++; i < len(text) && (letter(text[i]) || digit(text[i])); i++ {
			}
			out = append(out, token{kind: wordToken, start: start, end: i, word: strings.ToLower(text[start:i])})
		case digit(c):
			for i++; i < len(text) && (letter(text[i]) || digit(text[i]) || text[i] == '.'); i++ {
			}
			out = append(out, token{kind: otherToken, start: start, end: i})
		default:
			i++
			out = append(out, token{kind: otherToken, start: start, end: i})
		}
	}
	return out, nil
}

// quoted returns the index after the closing quote of the text that opens at i, a doubled quote standing for itself.
func quoted(text string, i int, quote byte) int {
	for i++; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			i++
			continue
		}
		return i + 1
	}
	return -1
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// parseStatement reads one SELECT, WITH, VALUES, INSERT, UPDATE or DELETE. It refuses anything else, more than one
// statement, and placeholders whose first uses are not $1, $2, $3…: some SQLite drivers swap such values silently.
func parseStatement(text string) (*statement, error) {
	all, err := tokens(text)
	if err != nil {
		return nil, err
	}
	toks := all[:0:0]
	for _, t := range all {
		if t.kind != commentToken {
			toks = append(toks, t)
		}
	}
	word := func(i int) string {
		if i < 0 || i >= len(toks) || toks[i].kind != wordToken {
			return ""
		}
		return toks[i].word
	}
	switch word(0) {
	case "select", "with", "values", "insert", "update", "delete":
	default:
		return nil, fmt.Errorf("store: not a statement for a transaction: %q", text)
	}

	s := &statement{postgres: text}
	var spelt strings.Builder
	copied := 0
	emit := func(upTo, resume int, instead string) {
		spelt.WriteString(text[copied:upTo])
		spelt.WriteString(instead)
		copied = resume
	}
	target := func(i int) error {
		name := word(i)
		if name == "" || i+1 < len(toks) && text[toks[i+1].start] == '.' {
			return fmt.Errorf("store: cannot tell which table is written by %q", text)
		}
		s.writes = append(s.writes, name)
		return nil
	}
	for i, t := range toks {
		switch {
		case t.kind == placeholderToken:
			n, err := strconv.Atoi(t.word)
			if err != nil || n < 1 || n > s.values+1 {
				return nil, fmt.Errorf("store: placeholders must first appear as $1, $2, $3…: $%s in %q", t.word, text)
			}
			s.values = max(s.values, n)
			emit(t.start, t.end, "?"+t.word)
		case t.kind == otherToken && text[t.start] == ';':
			return nil, fmt.Errorf("store: one statement at a time: %q", text)
		case t.kind == otherToken && text[t.start] == '?':
			return nil, fmt.Errorf("store: placeholders are $n: %q", text)
		case t.kind != wordToken:
		case t.word == "into":
			if word(i-1) != "insert" {
				return nil, fmt.Errorf("store: INTO belongs to INSERT: %q", text)
			}
			if err := target(i + 1); err != nil {
				return nil, err
			}
		case t.word == "from" && word(i-1) == "delete":
			if err := target(i + 1); err != nil {
				return nil, err
			}
		case t.word == "update" && word(i-1) == "for":
			end := t.end
			if word(i+1) == "skip" && word(i+2) == "locked" {
				end = toks[i+2].end
			}
			emit(toks[i-1].start, end, "")
		case t.word == "update" && word(i-1) != "do":
			if err := target(i + 1); err != nil {
				return nil, err
			}
		}
	}
	emit(len(text), len(text), "")
	s.sqlite = spelt.String()
	return s, nil
}

// shifted renumbers the placeholders of a fragment so that $1 becomes $(1+by).
func shifted(fragment string, by int) (string, error) {
	toks, err := tokens(fragment)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	copied := 0
	for _, t := range toks {
		if t.kind != placeholderToken {
			continue
		}
		n, err := strconv.Atoi(t.word)
		if err != nil {
			return "", fmt.Errorf("store: placeholder $%s: %w", t.word, err)
		}
		b.WriteString(fragment[copied:t.start])
		b.WriteString("$" + strconv.Itoa(n+by))
		copied = t.end
	}
	b.WriteString(fragment[copied:])
	return b.String(), nil
}
