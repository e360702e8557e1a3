package vault

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A tree is the hash tree over a log's records. Only the hashes of the records are kept for good; those above them are
// made when a root is asked for.
type tree struct {
	leaves []tlog.Hash
	stored []tlog.Hash // as tlog stores them, of the first leaves
	built  int64       // how many
}

func (t *tree) size() int64 { return int64(len(t.leaves)) }

// with is the tree with records more. The tree itself stays as it is.
func (t *tree) with(records [][]byte) tree {
	next := tree{leaves: slices.Clone(t.leaves), stored: slices.Clone(t.stored), built: t.built}
	for _, r := range records {
		next.leaves = append(next.leaves, tlog.RecordHash(r))
	}
	return next
}

// root is the root over the first n records, of which there must be at least one.
func (t *tree) root(n int64) (tlog.Hash, error) {
	for ; t.built < t.size(); t.built++ {
		more, err := tlog.StoredHashesForRecordHash(t.built, t.leaves[t.built], t)
		if err != nil {
			return tlog.Hash{}, err
		}
		t.stored = append(t.stored, more...)
	}
	return tlog.TreeHash(n, t)
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = t.stored[x]
	}
	return out, nil
}
