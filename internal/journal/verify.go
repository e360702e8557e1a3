package journal

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Finding is one thing that should not be.
type Finding struct {
	Name   string // see the constants; for an invariant, its own name
	Table  string // or the log, for findings about the trees
	Key    string // the row's key, as events name it; the index, for entries
	Detail string // what an operator may want to know besides
}

func (f Finding) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", f.Name, f.Table, f.Key, f.Detail))
}

// The findings of Verify.
const (
	RowChanged      = "row.changed"      // differs from what its last event attests
	RowRemoved      = "row.removed"      // attested by an event, and not there
	RowUnknown      = "row.unknown"      // written by no event
	RowReturned     = "row.returned"     // deleted by its last event, and there
	RowOrphan       = "row.orphan"       // its parent is not there
	RowTwice        = "row.twice"        // shares what a unique index gives to one
	EntryMissing    = "entry.missing"    // a gap in a log
	EntryChanged    = "entry.changed"    // salt and event do not give the entry, or its columns are not the event's
	EntryHashes     = "entry.hashes"     // stored hashes are not those of the entries
	EntryBackwards  = "entry.backwards"  // earlier than the one before
	EntryMalformed  = "entry.malformed"  // a register record that is none
	HeadWrong       = "head.wrong"       // size, edge or instant of the head are not those of the entries
	LogRewritten    = "log.rewritten"    // not an extension of the remembered checkpoint
	LogShorter      = "log.shorter"      // has fewer entries than the remembered checkpoint
	CheckpointWrong = "checkpoint.wrong" // cannot be read, or is not signed by the log's key
	FileDamaged     = "file.damaged"     // the database file itself is broken
)

// An Invariant is a query of a pillar's own that returns the keys (one text column) of rows that should not be.
type Invariant struct {
	Name  string // e.g. "relocation.orphan_envelope"
	Table string
	Query string
}

// VerifyOptions say what to hold the database against besides itself.
type VerifyOptions struct {
	Invariants []Invariant

	// Checkpoints are signed notes kept elsewhere. Their origin ends in the log's name (Origin).
	Checkpoints [][]byte

	// Verifiers are the keys that may have signed them; nil takes the notes as they are.
	Verifiers note.Verifiers
}

// A Report is what Verify saw.
type Report struct {
	Findings []Finding
	Heads    map[Log]Head // as recomputed from the entries
	Erased   int64        // events of which only noise is left
	Rows     int64        // journalled rows held against their events
}

// Green reports whether nothing was found.
func (r Report) Green() bool { return len(r.Findings) == 0 }

func (r *Report) find(name, table, key, detail string) {
	r.Findings = append(r.Findings, Finding{name, table, key, detail})
}

// Origin is the name of a log of the hub called host, as its checkpoints' first line and its key's name have it.
func Origin(host string, log Log) string { return host + "/" + string(log) }

// Verify reads the whole database in one snapshot and holds it against its own memory: it recomputes both trees from
// their entries, each entry from its salt and event, each journalled row from its last event, and checks that every
// child has its parent, that what is unique is, and the invariants and checkpoints given. An error is a fault of reading;
// what is wrong with the data is in the report.
func Verify(ctx context.Context, db *store.DB, opts VerifyOptions) (Report, error) {
	r := Report{Heads: make(map[Log]Head)}
	remembered := r.remember(opts)
	err := db.View(ctx, func(tx *store.Tx) error {
		if err := tx.Damage(func(what string) error { r.find(FileDamaged, "", "", what); return nil }); err != nil {
			return err
		}
		last := make(map[row]attested)
		if err := r.journal(tx, remembered[Journal], last); err != nil {
			return err
		}
		if err := r.register(tx, remembered[Register]); err != nil {
			return err
		}
		if err := r.rows(tx, db, last); err != nil {
			return err
		}
		return r.invariants(tx, opts.Invariants)
	})
	return r, err
}

// remember reads the checkpoints.
func (r *Report) remember(opts VerifyOptions) map[Log][]tlog.Tree {
	out := make(map[Log][]tlog.Tree)
	for _, signed := range opts.Checkpoints {
		text := string(signed)
		if opts.Verifiers != nil {
			n, err := note.Open(signed, opts.Verifiers)
			if err != nil {
				r.find(CheckpointWrong, "", "", err.Error())
				continue
			}
			text = n.Text
		} else if i := strings.LastIndex(text, "\n\n"); i >= 0 {
			text = text[:i+1]
		}
		c, err := torchwood.ParseCheckpoint(text)
		if err != nil {
			r.find(CheckpointWrong, "", "", err.Error())
			continue
		}
		_, name, _ := cutLast(c.Origin, "/")
		switch log := Log(name); log {
		case Journal, Register:
			out[log] = append(out[log], c.Tree)
		default:
			r.find(CheckpointWrong, "", "", "origin "+c.Origin+" names neither log")
		}
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// A row is a table and a key.
type row struct{ table, key string }

// attested is what the last event that named a row says of it.
type attested struct {
	index        int64
	digest       [sha256.Size]byte
	absent, seen bool
}

// A tree recomputes a log, entry by entry, and compares it with what is stored and remembered.
type tree struct {
	report     *Report
	log        Log
	head       head
	remembered []tlog.Tree
	broken     bool
}

func (t *tree) compare() error {
	for _, c := range t.remembered {
		if c.N != t.head.Size {
			continue
		}
		root, err := t.head.root()
		if err != nil {
			return err
		}
		if root != c.Hash {
			t.report.find(LogRewritten, string(t.log), "", fmt.Sprintf("at size %d the root is %s, the checkpoint says %s", c.N, root, c.Hash))
		}
	}
	return nil
}

// add takes the next entry; after a gap there is no tree to compute any more.
func (t *tree) add(index int64, entry, stored []byte) error {
	if t.broken {
		return nil
	}
	if index != t.head.Size {
		t.report.find(EntryMissing, string(t.log), fmt.Sprint(t.head.Size), "")
		t.broken = true
		return nil
	}
	if err := t.compare(); err != nil {
		return err
	}
	at := t.head.At
	next, hashes, err := t.head.grow(tlog.RecordHash(entry))
	if err != nil {
		return err
	}
	if !bytes.Equal(hashes, stored) {
		t.report.find(EntryHashes, string(t.log), fmt.Sprint(index), "")
	}
	t.head = next
	t.head.At = at
	return nil
}

// close compares the recomputed head with the stored one.
func (t *tree) close(tx *store.Tx) error {
	root, err := t.head.root()
	if err != nil {
		return err
	}
	t.report.Heads[t.log] = Head{Size: t.head.Size, Root: root, At: t.head.At}
	if err := t.compare(); err != nil {
		return err
	}
	for _, c := range t.remembered {
		if c.N > t.head.Size {
			t.report.find(LogShorter, string(t.log), "", fmt.Sprintf("%d entries, the checkpoint says %d", t.head.Size, c.N))
		}
	}
	stored, err := store.All[head](tx, "SELECT size, edge, at FROM log_head WHERE log = $1", string(t.log))
	if err != nil {
		return err
	}
	switch {
	case len(stored) == 0 && t.head.Size == 0:
	case len(stored) == 0:
		t.report.find(HeadWrong, string(t.log), "", "none is stored")
	case stored[0].Size != t.head.Size || !bytes.Equal(stored[0].Edge, t.head.Edge):
		t.report.find(HeadWrong, string(t.log), "", fmt.Sprintf("size %d is stored, entries give %d", stored[0].Size, t.head.Size))
	case t.log == Journal && stored[0].At.Before(t.head.At):
		t.report.find(HeadWrong, string(t.log), "", "an instant before the last entry's")
	}
	return nil
}

// journal recomputes the journal and collects what its events attest.
func (r *Report) journal(tx *store.Tx, remembered []tlog.Tree, last map[row]attested) error {
	t := &tree{report: r, log: Journal, remembered: remembered}
	err := tx.Each(func(v []any) error {
		index, _ := v[0].(int64)
		entry, _ := v[1].([]byte)
		hashes, _ := v[2].([]byte)
		salt, salted := v[3].([]byte)
		text, told := v[4].(string)
		if err := t.add(index, entry, hashes); err != nil {
			return err
		}
		key := fmt.Sprint(index)
		if !salted && !told {
			r.Erased++
			return nil
		}
		if !salted || !told || !bytes.Equal(commitment(salt, []byte(text)), entry) {
			r.find(EntryChanged, string(Journal), key, "salt and event do not give the entry")
			return nil
		}
		b, err := parseBody(text)
		if err != nil {
			r.find(EntryChanged, string(Journal), key, err.Error())
			return nil
		}
		for i, want := range []string{b.Kind, b.At, string(b.Actor), string(b.Member), string(b.Case)} {
			if have, _ := v[5+i].(string); have != want {
				r.find(EntryChanged, string(Journal), key, fmt.Sprintf("a column says %q, the event %q", have, want))
			}
		}
		at, err := store.ParseTime(b.At)
		if err != nil {
			r.find(EntryChanged, string(Journal), key, err.Error())
			return nil
		}
		if at.Before(t.head.At) {
			r.find(EntryBackwards, string(Journal), key, "")
		}
		t.head.At = at
		for _, w := range b.Wrote {
			said := attested{index: index, absent: w[2] == absent}
			if digest, err := hex.DecodeString(w[2]); !said.absent && (err != nil || copy(said.digest[:], digest) != len(digest)) {
				r.find(EntryChanged, string(Journal), key, "a digest that is none")
			}
			last[row{w[0], w[1]}] = said
		}
		return nil
	}, "SELECT idx, entry, hashes, salt, event, kind, at, actor, member_id, case_id FROM journal_entry ORDER BY idx")
	if err != nil {
		return err
	}
	return t.close(tx)
}

// register recomputes the register.
func (r *Report) register(tx *store.Tx, remembered []tlog.Tree) error {
	t := &tree{report: r, log: Register, remembered: remembered}
	err := tx.Each(func(v []any) error {
		index, _ := v[0].(int64)
		entry, _ := v[1].([]byte)
		hashes, _ := v[2].([]byte)
		if _, err := ailleurs.ParseRegisterRecord(entry); err != nil {
			r.find(EntryMalformed, string(Register), fmt.Sprint(index), err.Error())
		}
		return t.add(index, entry, hashes)
	}, "SELECT idx, entry, hashes FROM register_entry ORDER BY idx")
	if err != nil {
		return err
	}
	return t.close(tx)
}

// rows holds every journalled row against its last event.
func (r *Report) rows(tx *store.Tx, db *store.DB, last map[row]attested) error {
	for _, table := range db.JournalledTables() {
		err := tx.EachRow(table, func(key string, digest [sha256.Size]byte) error {
			r.Rows++
			at := row{table, key}
			said, ok := last[at]
			switch {
			case !ok:
				r.find(RowUnknown, table, key, "")
				return nil
			case said.absent:
				r.find(RowReturned, table, key, fmt.Sprintf("event %d deleted it", said.index))
			case said.digest != digest:
				r.find(RowChanged, table, key, fmt.Sprintf("event %d wrote it last", said.index))
			}
			said.seen = true
			last[at] = said
			return nil
		})
		if err != nil {
			return err
		}
	}
	var removed []Finding
	for at, said := range last {
		if !said.seen && !said.absent {
			removed = append(removed, Finding{RowRemoved, at.table, at.key, fmt.Sprintf("event %d wrote it last", said.index)})
		}
	}
	sortFindings(removed)
	r.Findings = append(r.Findings, removed...)
	return nil
}

// invariants runs the schema's promises and the pillars' own.
func (r *Report) invariants(tx *store.Tx, own []Invariant) error {
	err := tx.Orphans(func(table, key, parent string) error { r.find(RowOrphan, table, key, "no such "+parent); return nil })
	if err != nil {
		return err
	}
	err = tx.Duplicates(func(index, table, key string) error { r.find(RowTwice, table, key, index); return nil })
	if err != nil {
		return err
	}
	for _, i := range own {
		keys, err := store.All[string](tx, i.Query)
		if err != nil {
			return fmt.Errorf("journal: invariant %s: %w", i.Name, err)
		}
		for _, key := range keys {
			r.find(i.Name, i.Table, key, "")
		}
	}
	return nil
}

// sortFindings puts findings in the order of their tables and keys.
func sortFindings(f []Finding) {
	slices.SortFunc(f, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key))
	})
}
