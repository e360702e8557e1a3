package relocation_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Each body handed out is in the journal, by the event that wrote its row, and only who was handed it is told.
func TestHeadsAreProvedToThoseWhoWereHandedTheBodies(t *testing.T) {
	eachWorld(t, 7, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		skey, vkey, err := note.GenerateKey(rand.Reader, "exemple.test/journal")
		if err != nil {
			t.Fatal(err)
		}
		signer, err := note.NewSigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		v := w.view(f.origin.lead, f)
		hashes := []string{strings.Repeat("ab", 32)} // of no body
		for _, b := range v.Sealed.Bodies {
			hashes = append(hashes, b.Hash)
		}
		since := int64(3)
		h, err := w.Prove(w.ctx, signer, f.origin.lead.Actor, []relocation.Handed{{Case: f.id, Hashes: hashes}}, since, w.at)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Sealed.Bodies) == 0 || len(h.Bodies) != len(v.Sealed.Bodies) {
			t.Fatalf("%d proofs of %d bodies", len(h.Bodies), len(v.Sealed.Bodies))
		}
		if _, err := note.Open(h.Checkpoint, note.VerifierList(verifier)); err != nil {
			t.Error(err)
		}
		var now journal.Head
		var old tlog.Hash
		w.ok(w.db.View(w.ctx, func(tx *store.Tx) error {
			if now, err = journal.HeadOf(tx, journal.Journal); err != nil {
				return err
			}
			old, err = journal.RootAt(tx, journal.Journal, since)
			return err
		}))
		if err := tlog.CheckTree(h.Extends, now.Size, now.Root, since, old); err != nil {
			t.Error(err)
		}
		for i, p := range h.Bodies {
			sum := sha256.Sum256(append(slices.Clone(p.Salt), p.Text...))
			if err := tlog.CheckRecord(p.Path, now.Size, now.Root, p.Index, tlog.RecordHash(sum[:])); err != nil {
				t.Error(err)
			}
			row := sha256.Sum256(slices.Concat(p.Before, v.Sealed.Bodies[i].Data, p.After))
			if !strings.Contains(p.Text, hex.EncodeToString(row[:])) {
				t.Errorf("event %d wrote another row", p.Index)
			}
		}
		other := w.towns[6].lead // was not called
		told, err := w.Prove(w.ctx, signer, other.Actor, []relocation.Handed{{Case: f.id, Hashes: hashes}}, 0, w.at)
		if err != nil || len(told.Bodies) != 0 {
			t.Errorf("a member who was not called is told %d proofs, %v", len(told.Bodies), err)
		}
		// A list is proved at once, each case as if alone; one of which nothing is known spoils no other.
		unknown := relocation.Handed{Case: ailleurs.NewID[ailleurs.CaseID](), Hashes: hashes}
		many, err := w.Prove(w.ctx, signer, f.origin.lead.Actor, []relocation.Handed{unknown, {Case: f.id, Hashes: hashes}}, since, w.at)
		if err != nil || len(many.Bodies) != len(h.Bodies) {
			t.Errorf("%d proofs of %d bodies in a list, %v", len(many.Bodies), len(h.Bodies), err)
		}
		_, err = w.Prove(w.ctx, signer, f.origin.lead.Actor, []relocation.Handed{{Case: f.id, Hashes: slices.Repeat(hashes[:1], 129)}}, 0, w.at)
		refusedAs(t, err, ailleurs.TooLarge, "sealed.too_many")
		w.verified()
	})
}
