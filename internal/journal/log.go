package journal

import (
	"errors"
	"fmt"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Log is one of the two trees.
type Log string

// The two logs.
const (
	Journal  Log = "journal"
	Register Log = "register"
)

// Logs lists both.
var Logs = []Log{Journal, Register}

// Head is the state of a log: its size, its root, and the instant of its last entry.
type Head struct {
	Size int64
	Root tlog.Hash
	At   time.Time // zero for an empty log
}

// head is the row of log_head: what it takes to append without reading the tree.
type head struct {
	Size int64     `db:"size"`
	Edge []byte    `db:"edge"`
	At   time.Time `db:"at"`
}

// HeadOf returns the state of a log.
func HeadOf(tx *store.Tx, log Log) (Head, error) {
	if h, ok := tx.Recall(log).(head); ok {
		root, err := h.root()
		return Head{Size: h.Size, Root: root, At: h.At}, err
	}
	h, err := store.One[head](tx, "SELECT size, edge, at FROM log_head WHERE log = $1", string(log))
	if errors.Is(err, store.ErrNotFound) {
		return Head{Root: emptyRoot}, nil
	}
	if err != nil {
		return Head{}, err
	}
	root, err := h.root()
	return Head{Size: h.Size, Root: root, At: h.At}, err
}

// emptyRoot is the root of a tree without leaves: SHA-256 of nothing.
var emptyRoot = must(tlog.TreeHash(0, nil))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// root folds the right edge from the smallest subtree up.
func (h head) root() (tlog.Hash, error) {
	edge, err := h.subtrees()
	if err != nil || len(edge) == 0 {
		return emptyRoot, err
	}
	root := edge[len(edge)-1]
	for i := len(edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(edge[i], root)
	}
	return root, nil
}

func (h head) subtrees() ([]tlog.Hash, error) {
	edge, err := split(h.Edge)
	if err != nil {
		return nil, err
	}
	want := 0
	for n := h.Size; n > 0; n &= n - 1 {
		want++
	}
	if len(edge) != want {
		return nil, fmt.Errorf("journal: a tree of %d entries has %d subtrees at its edge, not %d", h.Size, want, len(edge))
	}
	return edge, nil
}

func split(b []byte) ([]tlog.Hash, error) {
	if len(b)%tlog.HashSize != 0 {
		return nil, fmt.Errorf("journal: %d bytes are no list of hashes", len(b))
	}
	out := make([]tlog.Hash, len(b)/tlog.HashSize)
	for i := range out {
		copy(out[i][:], b[i*tlog.HashSize:])
	}
	return out, nil
}

// grow adds one leaf and returns the hashes that it completes, leaf first: as many as the new size has factors of two,
// and one.
func (h head) grow(leaf tlog.Hash) (next head, hashes []byte, err error) {
	edge, err := h.subtrees()
	if err != nil {
		return head{}, nil, err
	}
	hashes = append(make([]byte, 0, 4*tlog.HashSize), leaf[:]...)
	for n := h.Size; n&1 == 1; n >>= 1 {
		leaf = tlog.NodeHash(edge[len(edge)-1], leaf)
		edge = edge[:len(edge)-1]
		hashes = append(hashes, leaf[:]...)
	}
	next = head{Size: h.Size + 1, Edge: make([]byte, 0, (len(edge)+1)*tlog.HashSize), At: h.At}
	for _, s := range append(edge, leaf) {
		next.Edge = append(next.Edge, s[:]...)
	}
	return next, hashes, nil
}

// lock reads the head and keeps it until the unit ends, so that appends come one after the other.
func lock(tx *store.Tx, log Log) (head, error) {
	if h, ok := tx.Recall(log).(head); ok {
		return h, nil
	}
	const text = "SELECT size, edge, at FROM log_head WHERE log = $1 FOR UPDATE"
	h, err := store.One[head](tx, text, string(log))
	if !errors.Is(err, store.ErrNotFound) {
		return h, err
	}
	// The first entry of the log: whoever comes second finds the row.
	if _, err := tx.Exec("INSERT INTO log_head (log, size, edge, at) VALUES ($1, 0, $2, '') ON CONFLICT (log) DO NOTHING",
		string(log), []byte{}); err != nil {
		return head{}, err
	}
	var at string
	err = tx.QueryRow(text, string(log)).Scan(&h.Size, &h.Edge, &at)
	if err == nil && at != "" {
		h.At, err = store.ParseTime(at)
	}
	return h, err
}

// move takes the log to its next head: in memory for the units that follow in the same group, and in the database once,
// before they are committed.
func (h head) move(tx *store.Tx, log Log) {
	tx.Remember(log, h, func(tx *store.Tx, v any) error {
		h := v.(head)
		_, err := tx.Exec("UPDATE log_head SET size = $1, edge = $2, at = $3 WHERE log = $4", h.Size, h.Edge, h.At, string(log))
		return err
	})
}

// table is where a log keeps its entries.
func (l Log) table() (string, error) {
	switch l {
	case Journal:
		return "journal_entry", nil
	case Register:
		return "register_entry", nil
	}
	return "", fmt.Errorf("journal: no log %q", string(l))
}

// hashes reads the tree's stored hashes by tlog's numbering: a row holds those its entry completed.
func hashes(tx *store.Tx, log Log) (tlog.HashReader, error) {
	table, err := log.table()
	if err != nil {
		return nil, err
	}
	text := "SELECT hashes FROM " + table + " WHERE idx = $1"
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			level, n := tlog.SplitStoredHashIndex(x)
			last := (n+1)<<level - 1
			b, err := store.One[[]byte](tx, text, last)
			if err != nil {
				return nil, fmt.Errorf("journal: %s entry %d: %w", log, last, err)
			}
			if len(b) < (level+1)*tlog.HashSize {
				return nil, fmt.Errorf("journal: %s entry %d lacks its hash of level %d", log, last, level)
			}
			copy(out[i][:], b[level*tlog.HashSize:])
		}
		return out, nil
	}), nil
}

// ProveRecord proves that the entry at index is in the tree of the given size. Sizes and indexes out of range are
// refused (journal.no_such_entry, NotFound).
func ProveRecord(tx *store.Tx, log Log, index, size int64) (tlog.RecordProof, error) {
	r, err := within(tx, log, index, size)
	if err != nil {
		return nil, err
	}
	if index >= size {
		return nil, ailleurs.RefuseAs(ailleurs.NotFound, "journal.no_such_entry", "index")
	}
	return tlog.ProveRecord(size, index, r)
}

// ProveTree proves that the tree of size from is a prefix of the tree of size to; from must be at least 1.
func ProveTree(tx *store.Tx, log Log, from, to int64) (tlog.TreeProof, error) {
	r, err := within(tx, log, from, to)
	if err != nil {
		return nil, err
	}
	if from < 1 || from > to {
		return nil, ailleurs.RefuseAs(ailleurs.NotFound, "journal.no_such_entry", "from")
	}
	return tlog.ProveTree(to, from, r)
}

// RootAt returns the root that the log had at a size.
func RootAt(tx *store.Tx, log Log, size int64) (tlog.Hash, error) {
	r, err := within(tx, log, 0, size)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.TreeHash(size, r)
}

func within(tx *store.Tx, log Log, low, size int64) (tlog.HashReader, error) {
	h, err := HeadOf(tx, log)
	if err != nil {
		return nil, err
	}
	if low < 0 || size < 0 || size > h.Size {
		return nil, ailleurs.RefuseAs(ailleurs.NotFound, "journal.no_such_entry", "size")
	}
	return hashes(tx, log)
}

// Checkpoint returns the log's head as a signed note (C2SP tlog-checkpoint): the signer's name is the origin.
func Checkpoint(tx *store.Tx, log Log, signer note.Signer) ([]byte, error) {
	h, err := HeadOf(tx, log)
	if err != nil {
		return nil, err
	}
	c := torchwood.Checkpoint{Origin: signer.Name(), Tree: tlog.Tree{N: h.Size, Hash: h.Root}}
	signed, err := note.Sign(&note.Note{Text: c.String()}, signer)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return signed, nil
}

// Proof returns a file that proves, to whoever knows the log's key, that the entry at index is in it: an inclusion proof
// with its checkpoint (C2SP tlog-proof).
func Proof(tx *store.Tx, log Log, index int64, signer note.Signer) ([]byte, error) {
	h, err := HeadOf(tx, log)
	if err != nil {
		return nil, err
	}
	p, err := ProveRecord(tx, log, index, h.Size)
	if err != nil {
		return nil, err
	}
	c, err := Checkpoint(tx, log, signer)
	if err != nil {
		return nil, err
	}
	return torchwood.FormatProof(index, p, c), nil
}
