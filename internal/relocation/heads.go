package relocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Handed are the bodies of one case that its reader was just handed, by their hashes.
type Handed struct {
	Case   ailleurs.CaseID `json:"case"`
	Hashes []string        `json:"hashes"`
}

// Prove shows that bodies are those that the journal knows: for each the event that wrote it, with its place in the tree,
// under one checkpoint that extends the tree of size since. The bodies are those that the actor has just been handed:
// whoever does not know a hash of 256 bits, or has nothing to do with the case, is told nothing about it. Reading proofs
// is no reading of a case and leaves no event.
func (e *Exchange) Prove(ctx context.Context, signer note.Signer, by ailleurs.Actor, handed []Handed, since int64, at time.Time) (Heads, error) {
	out := Heads{Since: since}
	n := 0
	for _, h := range handed {
		n += len(h.Hashes)
	}
	if n > 128 || len(handed) > inboxPage {
		return out, ailleurs.RefuseAs(ailleurs.TooLarge, "sealed.too_many", "hashes")
	}
	err := e.db.View(ctx, func(tx *store.Tx) error {
		out = Heads{Since: since}
		head, err := journal.HeadOf(tx, journal.Journal)
		if err != nil {
			return err
		}
		if out.Checkpoint, err = journal.Checkpoint(tx, journal.Journal, signer); err != nil {
			return err
		}
		if since > 0 && since < head.Size {
			if out.Extends, err = journal.ProveTree(tx, journal.Journal, since, head.Size); err != nil {
				return err
			}
		}
		for _, h := range handed {
			proofs, err := e.proveBodies(ctx, tx, by, h, head.Size, at)
			if err != nil {
				return err
			}
			out.Bodies = append(out.Bodies, proofs...)
		}
		return nil
	})
	return out, err
}

// proveBodies proves the bodies of one case; those that are erased, of another case, or of nobody's business, are passed
// over.
func (e *Exchange) proveBodies(ctx context.Context, tx *store.Tx, by ailleurs.Actor, h Handed, size int64, at time.Time) ([]BodyProof, error) {
	u, err := e.look(ctx, tx, by, h.Case, at)
	if errors.Is(err, errUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	addressed, err := u.addressed()
	if err != nil || len(u.roles()) == 0 && !addressed {
		return nil, err
	}
	var proofs []BodyProof
	for _, hash := range h.Hashes {
		p, err := u.proveBody(hash, size)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, p)
	}
	return proofs, nil
}

// proveBody finds the event that wrote a body and proves it in the tree of the given size.
func (u *unit) proveBody(hash string, size int64) (BodyProof, error) {
	p := BodyProof{Hash: hash}
	type line struct {
		ID   string `db:"id"`
		Data []byte `db:"data"`
	}
	b, err := store.One[line](u.tx, "SELECT id, data FROM body WHERE case_id = $1 AND hash = $2 AND erased_at IS NULL", u.c.ID, hash)
	if err != nil {
		return p, err
	}
	row, err := u.tx.Canonical("body", b.ID)
	if err != nil {
		return p, err
	}
	// The reader has the data: what surrounds it is enough to hash the row again.
	start := []byte("data b " + strconv.Itoa(len(b.Data)) + " ")
	i := bytes.Index(row, append(start, b.Data...))
	if i < 0 {
		return p, fmt.Errorf("relocation: body %s: its row does not hold its data", b.ID)
	}
	p.Before, p.After = row[:i+len(start)], row[i+len(start)+len(b.Data):]
	index, err := store.One[int64](u.tx, "SELECT min(idx) FROM journal_entry WHERE case_id = $1 AND event LIKE $2", u.c.ID, `%["body","`+b.ID+`",%`)
	if err != nil {
		return p, err
	}
	r, err := journal.RecordAt(u.tx, index)
	if err != nil {
		return p, err
	}
	p.Index, p.Salt, p.Text = r.Index, r.Salt, r.Text
	var path tlog.RecordProof
	path, err = journal.ProveRecord(u.tx, journal.Journal, index, size)
	p.Path = path
	return p, err
}
