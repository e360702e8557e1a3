package protection

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A LogKey signs the checkpoints of one log, and says how they are checked.
type LogKey struct {
	Signer   note.Signer
	Verifier string // name+hash+key, as in a signed note's verifier key
}

// LogPage is how many entries of the journal are shown at once.
const LogPage = 20

// exportMost bounds an export, in entries.
const exportMost = 50_000

// An Entry is one event of the journal as its readers may know it: what, when and for which member. It never names a
// person, and of what is done about a case not even the member: who reads the whole journal must not learn from whom to
// whom anyone moved.
type Entry struct {
	Index  int64
	Kind   string    // empty once erased
	At     time.Time // zero once erased
	By     Doer
	Member ailleurs.MemberID // of ForMember
	Case   ailleurs.CaseID   // of the reader's own events alone
	Leaf   tlog.Hash         // the entry's hash in the tree, by which it is found in the tiles
}

// Erased reports whether only noise is left of the event.
func (e Entry) Erased() bool { return e.Kind == "" }

// Doer says who made an event, as far as the journal tells.
type Doer string

// The doers.
const (
	Oneself   Doer = "self"   // the reader
	ByTime    Doer = "time"   // a clock ran out
	InCase    Doer = "case"   // someone with a part in a case
	ForMember Doer = "member" // someone of the member named
	Someone   Doer = "person" // someone of no member in particular
	NoOne     Doer = "erased"
)

// Evidence is what a reading of the journal proved. It is made anew at each reading.
type Evidence struct {
	Verdict Verdict
	Size    int64  // entries of the log that the checkpoint signs
	Root    string // of its tree, in base64, as in the checkpoint
	Shown   int    // entries that were shown to be in it, each from its own salt and event
}

// Verdict says whether the evidence holds.
type Verdict string

// The verdicts.
const (
	Proven   Verdict = "proven"   // signature, tree and every entry shown agree
	Refuted  Verdict = "refuted"  // one of them does not
	Unproven Verdict = "unproven" // the check could not be made
)

// A LogView is one page of the journal, newest first.
type LogView struct {
	Entries  []Entry
	Before   int64 // asks for the next page; 0 on the last one
	Evidence Evidence
}

// Journal shows a page of the whole journal to a guarantor or a coordinator: the entries before an index, or the newest
// when it is 0.
func (p *Protection) Journal(ctx context.Context, by ailleurs.Actor, before int64) (LogView, error) {
	if err := readsJournal(by); err != nil {
		return LogView{}, err
	}
	return p.page(ctx, by, journal.Filter{Before: before})
}

// OwnEvents shows anyone what the journal holds of what they did themselves.
func (p *Protection) OwnEvents(ctx context.Context, by ailleurs.Actor, before int64) (LogView, error) {
	if by.Agent == "" {
		return LogView{}, ailleurs.RefuseAs(ailleurs.Unsigned, "session.none", "")
	}
	return p.page(ctx, by, journal.Filter{Before: before, Actor: by.Agent})
}

func readsJournal(by ailleurs.Actor) error {
	if by.Is(ailleurs.Coordinator) {
		return nil
	}
	return by.Require(ailleurs.Guarantor)
}

func (p *Protection) page(ctx context.Context, by ailleurs.Actor, f journal.Filter) (LogView, error) {
	var v LogView
	f.Limit = LogPage + 1
	err := p.db.View(ctx, func(tx *store.Tx) error {
		v = LogView{}
		records, err := journal.Events(tx, f)
		if err != nil {
			return err
		}
		if len(records) > LogPage {
			records = records[:LogPage]
			v.Before = records[LogPage-1].Index
		}
		for _, r := range records {
			v.Entries = append(v.Entries, entryOf(r, by.Agent))
		}
		v.Evidence = p.evidence(tx, records)
		return nil
	})
	return v, err
}

func entryOf(r journal.Record, reader ailleurs.AgentID) Entry {
	e := Entry{Index: r.Index, Kind: r.Kind, At: r.At, Leaf: tlog.RecordHash(r.Entry)}
	switch {
	case r.Erased():
		e.By = NoOne
	case r.Actor != "" && r.Actor == reader:
		e.By, e.Case = Oneself, r.Case
	case r.Actor == "":
		e.By = ByTime
	case r.Case != "" || r.Kind == "cards.listed":
		e.By = InCase
	case r.Member != "":
		e.By, e.Member = ForMember, r.Member
	default:
		e.By = Someone
	}
	return e
}

// evidence signs the head of the journal, reads the signature back, recomputes the root from the stored hashes, and walks
// from each entry shown, itself recomputed from its salt and event, up to that root.
func (p *Protection) evidence(tx *store.Tx, shown []journal.Record) Evidence {
	e := Evidence{Verdict: Unproven}
	verifier, err := note.NewVerifier(p.cfg.Journal.Verifier)
	if err != nil || p.cfg.Journal.Signer == nil {
		return e
	}
	signed, err := journal.Checkpoint(tx, journal.Journal, p.cfg.Journal.Signer)
	if err != nil {
		return e
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		e.Verdict = Refuted
		return e
	}
	size, root, ok := treeOf(opened.Text, verifier.Name())
	if !ok {
		e.Verdict = Refuted
		return e
	}
	e.Size, e.Root = size, root.String()
	computed, err := journal.RootAt(tx, journal.Journal, size)
	if err != nil {
		return e
	}
	if computed != root {
		e.Verdict = Refuted
		return e
	}
	for _, r := range shown {
		if !r.Erased() && !bytes.Equal(r.Entry, commitment(r)) {
			e.Verdict = Refuted
			return e
		}
		proof, err := journal.ProveRecord(tx, journal.Journal, r.Index, size)
		if err != nil {
			return e
		}
		if tlog.CheckRecord(proof, size, root, r.Index, tlog.RecordHash(r.Entry)) != nil {
			e.Verdict = Refuted
			return e
		}
		e.Shown++
	}
	e.Verdict = Proven
	return e
}

// commitment is what the entry of an event must be: SHA-256(salt ‖ event).
func commitment(r journal.Record) []byte {
	h := sha256.New()
	h.Write(r.Salt)
	h.Write([]byte(r.Text))
	return h.Sum(nil)
}

// treeOf reads the body of a checkpoint: origin, size, root, a line each.
func treeOf(text, origin string) (size int64, root tlog.Hash, ok bool) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != origin {
		return 0, root, false
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	hash, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || size < 0 || len(hash) != tlog.HashSize {
		return 0, root, false
	}
	return size, tlog.Hash(hash), true
}

// Export returns the entries of the days from first to last, both included, in the order of the journal: a guarantor or a
// coordinator. That they took it is itself an event. More than 50,000 entries are refused (journal.export_too_long).
func (p *Protection) Export(ctx context.Context, by ailleurs.Actor, first, last ailleurs.Date, at time.Time) ([]Entry, error) {
	if err := readsJournal(by); err != nil {
		return nil, err
	}
	from, err := dayIn(first, "first")
	if err != nil {
		return nil, err
	}
	until, err := dayIn(last, "last")
	if err != nil {
		return nil, err
	}
	if until.Before(from) {
		return nil, ailleurs.Refuse("journal.days_backwards", "last")
	}
	until = until.AddDate(0, 0, 1)
	var out []Entry
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		out = nil
		// Entries of erased events have no instant left: they belong to the days around them.
		span, err := store.One[span](tx, "SELECT coalesce(min(idx), 0) AS low, coalesce(max(idx), -1) AS high FROM journal_entry WHERE at >= $1 AND at < $2",
			store.FormatTime(from), store.FormatTime(until))
		if err != nil {
			return err
		}
		if span.High-span.Low >= exportMost {
			return ailleurs.Refuse("journal.export_too_long", "last")
		}
		for next := span.High + 1; next > span.Low; {
			records, err := journal.Events(tx, journal.Filter{Before: next, Limit: int(min(1000, next-span.Low))})
			if err != nil {
				return err
			}
			if len(records) == 0 {
				break
			}
			for _, r := range records {
				e := entryOf(r, "")
				if r.Index >= span.Low {
					out = append(out, e)
				}
				next = r.Index
			}
		}
		return say(tx, journal.Event{Kind: "journal.exported", At: at, Actor: by.Agent, Member: by.Member, Detail: map[string]int{"entries": len(out)}})
	})
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, err
}

type span struct {
	Low  int64 `db:"low"`
	High int64 `db:"high"`
}

func dayIn(d ailleurs.Date, field string) (time.Time, error) {
	checked, err := ailleurs.ParseDate(string(d), field)
	if err != nil {
		return time.Time{}, err
	}
	return time.ParseInLocation(time.DateOnly, string(checked), paris)
}

// A Log is one of the two logs that anyone may watch.
type Log = journal.Log

// The logs.
const (
	JournalLog  = journal.Journal
	RegisterLog = journal.Register
)

// Checkpoint returns the signed head of a log (C2SP tlog-checkpoint), for anyone.
func (p *Protection) Checkpoint(ctx context.Context, log Log) ([]byte, error) {
	key := p.cfg.Journal
	if log == journal.Register {
		key = p.cfg.Register
	}
	if key.Signer == nil {
		return nil, ailleurs.RefuseAs(ailleurs.NotFound, "journal.no_such_tile", "")
	}
	var out []byte
	err := p.db.View(ctx, func(tx *store.Tx) error {
		var err error
		out, err = journal.Checkpoint(tx, log, key.Signer)
		return err
	})
	return out, err
}

// Tile returns one tile of a log (C2SP tlog-tiles), for anyone; full ones never change. The path begins with "tile/".
func (p *Protection) Tile(ctx context.Context, log Log, path string) (data []byte, full bool, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) error {
		var err error
		data, full, err = journal.Tile(tx, log, path)
		return err
	})
	return data, full, err
}
