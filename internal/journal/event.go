package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// An Event says what happened, for the circle of the case and for whoever checks the hub. It holds codes and
// identifiers, never sealed content, a name or free text.
type Event struct {
	Kind    string            // what happened, e.g. "call.answered"
	At      time.Time         // when, by the caller's clock
	Actor   ailleurs.AgentID  // who did it; empty when time did
	Member  ailleurs.MemberID // for whom they acted, or which member it is about
	Case    ailleurs.CaseID   // which dossier it is about
	Subject string            // what else it is about: a call, a thread, an offer, an agent
	Detail  any               // further values, written as JSON; a struct or map, nil for none
}

// SaltSize is the length of an entry's salt in bytes.
const SaltSize = 32

// maxEvent bounds the canonical event, in bytes: the largest unit writes some hundred rows.
const maxEvent = 256 << 10

// absent stands for the digest of a row that was deleted.
const absent = "absent"

// body is the canonical event: this struct's JSON, with fields in this order and maps in the order of their keys. What is
// hashed and stored are its bytes.
type body struct {
	Kind    string            `json:"kind"`
	At      string            `json:"at"`
	Clock   string            `json:"clock,omitempty"` // what the caller's clock said, when it stood before the last entry
	Actor   ailleurs.AgentID  `json:"actor,omitempty"`
	Member  ailleurs.MemberID `json:"member,omitempty"`
	Case    ailleurs.CaseID   `json:"case,omitempty"`
	Subject string            `json:"subject,omitempty"`
	Detail  json.RawMessage   `json:"detail,omitempty"`
	Wrote   []wrote           `json:"wrote,omitempty"`
}

// wrote is a row that the unit wrote: table, key, and the hex SHA-256 of the canonical row, or "absent".
type wrote [3]string

var kindForm = regexp.MustCompile(`^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+$`)

// Append writes the event, with the digest of every journalled row that the unit has written so far, and returns its
// index in the journal. It comes last in a unit: it takes the lock that every other unit needs to finish. Time in the
// journal never runs backwards: an event of an earlier clock gets the instant of the entry before it and keeps its own
// beside it.
func Append(tx *store.Tx, e Event) (int64, error) {
	if !kindForm.MatchString(e.Kind) || e.At.IsZero() {
		return 0, fmt.Errorf("journal: an event needs a kind such as case.opened and an instant, not %q at %v", e.Kind, e.At)
	}
	b := body{Kind: e.Kind, Actor: e.Actor, Member: e.Member, Case: e.Case, Subject: e.Subject}
	if e.Detail != nil {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return 0, fmt.Errorf("journal: %s: detail: %w", e.Kind, err)
		}
		b.Detail = detail
	}
	for _, touch := range tx.Touched() {
		digest := absent
		if !touch.Absent {
			digest = hex.EncodeToString(touch.Digest[:])
		}
		b.Wrote = append(b.Wrote, wrote{touch.Table, touch.Key, digest})
	}
	var salt [SaltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}

	h, err := lock(tx, Journal)
	if err != nil {
		return 0, err
	}
	at := e.At.UTC().Truncate(time.Microsecond)
	if at.Before(h.At) {
		b.Clock, at = store.FormatTime(at), h.At
	}
	b.At = store.FormatTime(at)
	text, err := json.Marshal(b)
	if err != nil {
		return 0, fmt.Errorf("journal: %s: %w", e.Kind, err)
	}
	if len(text) > maxEvent {
		return 0, fmt.Errorf("journal: %s: an event of %d bytes", e.Kind, len(text))
	}
	entry := commitment(salt[:], text)
	next, hashes, err := h.grow(tlog.RecordHash(entry))
	if err != nil {
		return 0, err
	}
	next.At = at
	if _, err := tx.Exec(`INSERT INTO journal_entry (idx, entry, hashes, salt, event, kind, at, actor, member_id, case_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		h.Size, entry, hashes, salt[:], string(text), b.Kind, b.At, orNull(b.Actor), orNull(b.Member), orNull(b.Case)); err != nil {
		return 0, err
	}
	next.move(tx, Journal)
	tx.Journalled()
	return h.Size, nil
}

func orNull[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// commitment is the journal's entry for an event.
func commitment(salt, event []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(event)
	return h.Sum(nil)
}

// AppendRegister writes a record of the register and returns its index. It does not count as the unit's event.
func AppendRegister(tx *store.Tx, r ailleurs.RegisterRecord) (int64, error) {
	if err := r.Entry.Validate(); err != nil {
		return 0, err
	}
	record := r.Format()
	h, err := lock(tx, Register)
	if err != nil {
		return 0, err
	}
	next, hashes, err := h.grow(tlog.RecordHash(record))
	if err != nil {
		return 0, err
	}
	if next.At = r.Entry.At.UTC(); next.At.Before(h.At) {
		next.At = h.At
	}
	if _, err := tx.Exec("INSERT INTO register_entry (idx, entry, hashes) VALUES ($1, $2, $3)", h.Size, record, hashes); err != nil {
		return 0, err
	}
	next.move(tx, Register)
	return h.Size, nil
}

// A Record is an entry of the journal as the hub can still tell it.
type Record struct {
	Index  int64
	Entry  []byte // SHA-256(salt ‖ event): the leaf's data in the tree
	Salt   []byte // nil once erased
	Text   string // the canonical event; empty once erased
	Event         // without Detail
	Detail json.RawMessage
}

// Erased reports whether only noise is left of the event.
func (r Record) Erased() bool { return r.Salt == nil }

type entryRow struct {
	Index int64  `db:"idx"`
	Entry []byte `db:"entry"`
	Salt  []byte `db:"salt"`
	Text  string `db:"event"`
}

const entryColumns = "SELECT idx, entry, salt, event FROM journal_entry "

func (r entryRow) record() (Record, error) {
	out := Record{Index: r.Index, Entry: r.Entry, Salt: r.Salt, Text: r.Text}
	if r.Text == "" {
		return out, nil
	}
	b, err := parseBody(r.Text)
	if err != nil {
		return Record{}, fmt.Errorf("journal: entry %d: %w", r.Index, err)
	}
	at, err := store.ParseTime(b.At)
	if err != nil {
		return Record{}, fmt.Errorf("journal: entry %d: %w", r.Index, err)
	}
	out.Event = Event{Kind: b.Kind, At: at, Actor: b.Actor, Member: b.Member, Case: b.Case, Subject: b.Subject}
	out.Detail = b.Detail
	return out, nil
}

func parseBody(text string) (body, error) {
	var b body
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	return b, d.Decode(&b)
}

// A Filter chooses events; what is empty does not matter. The newest come first.
type Filter struct {
	Case   ailleurs.CaseID
	Member ailleurs.MemberID
	Actor  ailleurs.AgentID
	Before int64 // index before which to start; 0 for the end of the journal
	Limit  int   // at most; 0 means 50
}

// Events lists the events that f chooses; erased ones belong to no case, member or actor any more.
func Events(tx *store.Tx, f Filter) ([]Record, error) {
	var terms []string
	var args []any
	add := func(term string, v any) {
		args = append(args, v)
		terms = append(terms, fmt.Sprintf(term, len(args)))
	}
	if f.Case != "" {
		add("case_id = $%d", f.Case)
	}
	if f.Member != "" {
		add("member_id = $%d", f.Member)
	}
	if f.Actor != "" {
		add("actor = $%d", f.Actor)
	}
	if f.Before > 0 {
		add("idx < $%d", f.Before)
	}
	where := ""
	if len(terms) > 0 {
		where = "WHERE " + strings.Join(terms, " AND ") + " "
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	args = append(args, f.Limit)
	rows, err := store.All[entryRow](tx, entryColumns+where+fmt.Sprintf("ORDER BY idx DESC LIMIT $%d", len(args)), args...)
	if err != nil {
		return nil, err
	}
	out := make([]Record, len(rows))
	for i, r := range rows {
		if out[i], err = r.record(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// RecordAt returns one entry of the journal, or refuses (journal.no_such_entry, NotFound).
func RecordAt(tx *store.Tx, index int64) (Record, error) {
	rows, err := store.All[entryRow](tx, entryColumns+"WHERE idx = $1", index)
	if err != nil {
		return Record{}, err
	}
	if len(rows) == 0 {
		return Record{}, ailleurs.RefuseAs(ailleurs.NotFound, "journal.no_such_entry", "index")
	}
	return rows[0].record()
}

// RegisterRecords returns up to limit raw records of the register from an index on.
func RegisterRecords(tx *store.Tx, from int64, limit int) ([][]byte, error) {
	return store.All[[]byte](tx, "SELECT entry FROM register_entry WHERE idx >= $1 ORDER BY idx LIMIT $2", from, limit)
}

// Erase makes noise of every event about a case: salt, event and what told them apart are gone, entries and tree stand.
// Rows that these events were the last to write are named again by the unit's own event, which the caller appends
// afterwards; a row that is no longer as they left it is not, so that erasing never covers a change. It returns the
// number of events erased.
func Erase(tx *store.Tx, id ailleurs.CaseID) (int64, error) {
	rows, err := store.All[entryRow](tx, entryColumns+"WHERE case_id = $1 ORDER BY idx", id)
	if err != nil {
		return 0, err
	}
	last := make(map[[2]string]string)
	var order [][2]string
	for _, r := range rows {
		b, err := parseBody(r.Text)
		if err != nil {
			return 0, fmt.Errorf("journal: entry %d: %w", r.Index, err)
		}
		for _, w := range b.Wrote {
			row := [2]string{w[0], w[1]}
			if _, ok := last[row]; !ok {
				order = append(order, row)
			}
			last[row] = w[2]
		}
	}
	for _, row := range order {
		key, err := tx.ParseKey(row[0], row[1])
		if err != nil {
			return 0, err
		}
		now, err := tx.Canonical(row[0], key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if digest := sha256.Sum256(now); hex.EncodeToString(digest[:]) != last[row] {
			continue
		}
		if err := tx.Attest(row[0], key); err != nil {
			return 0, err
		}
	}
	return tx.Exec(`UPDATE journal_entry SET salt = NULL, event = NULL, kind = NULL, at = NULL, actor = NULL, member_id = NULL,
		case_id = NULL WHERE case_id = $1`, id)
}
