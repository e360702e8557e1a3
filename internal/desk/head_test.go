package desk

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A log is a hub's journal with an event for each body.
type log struct {
	signer note.Signer
	pin    vault.Pin
	hashes []tlog.Hash
	n      int64
	bodies map[string]BodyProof // without paths
}

func newLog() *log {
	skey, vkey, err := note.GenerateKey(rand.Reader, "exemple.test/journal")
	if err != nil {
		panic(err)
	}
	return &log{signer: must(note.NewSigner(skey)), pin: vault.Pin{Verifier: vkey}, bodies: map[string]BodyProof{}}
}

func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// saved appends the event of a save.
func (l *log) saved(b ailleurs.SealedBody, of ailleurs.CaseID) {
	column := func(name, kind, value string) string {
		return fmt.Sprintf("%s %s %d %s\n", name, kind, len(value), value)
	}
	id := ailleurs.NewID[ailleurs.CaseID]()
	p := BodyProof{
		Hash: b.Hash, Index: l.n, Salt: make([]byte, 32),
		Before: []byte("row body\n" + column("author_id", "t", string(b.Author)) + column("case_id", "t", string(b.Case)) +
			column("compartment", "t", string(b.Compartment)) + fmt.Sprintf("data b %d ", len(b.Data))),
		After: []byte("\n" + column("epoch", "i", fmt.Sprint(b.Epoch)) + column("hash", "t", b.Hash) + column("id", "t", string(id)) +
			column("seq", "i", fmt.Sprint(b.Seq)) + column("thread_id", "t", string(b.Thread))),
	}
	sum := sha256.Sum256(slices.Concat(p.Before, b.Data, p.After))
	p.Text = fmt.Sprintf(`{"kind":"case.saved","case":%q,"wrote":[["body",%q,%q]]}`, of, id, hex.EncodeToString(sum[:]))
	l.hashes = append(l.hashes, must(tlog.StoredHashes(l.n, vault.EventRecord(p.Salt, []byte(p.Text)), l))...)
	l.bodies[b.Hash] = p
	l.n++
}

func (l *log) checkpoint(size int64) []byte {
	return must(note.Sign(&note.Note{Text: vault.FormatCheckpoint(l.signer.Name(), size, must(tlog.TreeHash(size, l)))}, l.signer))
}

func (l *log) prove(since int64, bodies ...ailleurs.SealedBody) *Heads {
	h := &Heads{Checkpoint: l.checkpoint(l.n), Since: since}
	if since > 0 && since < l.n {
		h.Extends = must(tlog.ProveTree(l.n, since, l))
	}
	for _, b := range bodies {
		if p, ok := l.bodies[b.Hash]; ok {
			p.Path = must(tlog.ProveRecord(l.n, p.Index, l))
			h.Bodies = append(h.Bodies, p)
		}
	}
	return h
}

// A case whose lead has saved the card twice, as the second reads it, with its proofs.
type proven struct {
	*world
	*log
	older ailleurs.SealedBody
	d     Dossier
	desk  *Desk
}

func newProven(w *world, t testing.TB) *proven {
	p := &proven{world: w.before(t, "submit"), log: newLog()}
	for _, b := range p.sealed.Bodies {
		p.saved(b, p.c.ID)
	}
	p.older = *bodyOf(&p.sealed, ailleurs.Need)
	f := form()
	f.Card.Accessible = true
	save := must(p.world.desk(p.lyon().lead).SaveDraft(p.key(), p.dossier(p.lyon().lead), f, now))
	p.take(save.Sealed)
	for _, b := range save.Bodies {
		p.saved(b, p.c.ID)
	}
	p.d = p.dossier(p.lyon().second)
	p.desk = p.world.desk(p.lyon().second)
	p.desk.Unproved = false
	p.desk.Client.Trousseau().Journal = vault.Pin{Verifier: p.log.pin.Verifier, Size: 2, Hash: must(tlog.TreeHash(2, p.log))}
	p.d.Heads = p.prove(2, p.d.Sealed.Bodies...)
	return p
}

func (p *proven) need() *BodyProof {
	return &p.d.Heads.Bodies[slices.IndexFunc(p.d.Heads.Bodies, func(b BodyProof) bool { return b.Hash == bodyOf(&p.d.Sealed, ailleurs.Need).Hash })]
}

func TestNewestBodyIsTheJournalsNewest(t *testing.T) {
	w := newWorld(t)
	p := newProven(w, t)
	o, err := p.desk.OpenDossier(through(p.d), now)
	if err != nil {
		t.Fatal(err)
	}
	if card := o.Values[string(ailleurs.Need)].(ailleurs.Card); !card.Accessible {
		t.Error("the older card was read")
	}
	if size := p.desk.Client.Trousseau().Journal.Size; size != p.n {
		t.Errorf("remembers the journal at %d of %d", size, p.n)
	}
	for _, c := range []struct {
		name, key string
		do        func(*proven)
	}{
		{"no proofs", "desk.head_unproved", func(p *proven) { p.d.Heads = nil }},
		{"a body that the journal does not know", "desk.head_unproved", func(p *proven) {
			hash := p.need().Hash
			p.d.Heads.Bodies = slices.DeleteFunc(p.d.Heads.Bodies, func(b BodyProof) bool { return b.Hash == hash })
		}},
		{"body rolled back behind the head", "vault.rolled_back", func(p *proven) { *bodyOf(&p.d.Sealed, ailleurs.Need) = p.older }},
		{"body left out behind the head", "vault.rolled_back", func(p *proven) {
			p.d.Sealed.Bodies = slices.DeleteFunc(p.d.Sealed.Bodies, func(b ailleurs.SealedBody) bool { return b.Compartment == ailleurs.Need })
		}},
		{"event altered", "vault.bad_proof", func(p *proven) { p.need().Text += " " }},
		{"salt altered", "vault.bad_proof", func(p *proven) { p.need().Salt[0] ^= 1 }},
		{"place in the journal altered", "vault.bad_proof", func(p *proven) { p.need().Index = 0 }},
		{"row altered", "desk.head_unproved", func(p *proven) {
			b := p.need()
			b.After = append(b.After, "x i 1 1\n"...)
		}},
		{"event of another case", "desk.head_unproved", func(p *proven) {
			b := *bodyOf(&p.d.Sealed, ailleurs.Need)
			p.saved(b, ailleurs.NewID[ailleurs.CaseID]())
			p.d.Heads = p.prove(2, p.d.Sealed.Bodies...)
		}},
		{"stale checkpoint of the journal", "vault.stale_checkpoint", func(p *proven) { p.d.Heads.Checkpoint = p.log.checkpoint(1) }},
		{"split journal", "vault.forked", func(p *proven) {
			fork := &log{signer: p.log.signer, pin: p.log.pin, bodies: map[string]BodyProof{}}
			for _, b := range p.d.Sealed.Bodies {
				fork.saved(b, p.c.ID)
			}
			p.d.Heads = fork.prove(2, p.d.Sealed.Bodies...)
		}},
		{"journal of another key", "vault.wrong_log", func(p *proven) { p.d.Heads.Checkpoint = newLog().signed(p.log) }},
		{"growth that nothing proves", "desk.head_unproved", func(p *proven) { p.d.Heads = p.prove(3, p.d.Sealed.Bodies...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProven(w, t)
			p.d = through(p.d)
			c.do(p)
			_, err := p.desk.OpenDossier(p.d, now)
			refused(t, err, c.key)
		})
	}
}

// card1 opens a list of one card and returns what its line refuses.
func (w *world) card1(d *Desk, sealed ailleurs.Sealed, heads *Heads) error {
	o, err := d.OpenCards([]ailleurs.CaseID{w.c.ID}, sealed, heads, now)
	if rows := o.Sheets[string(w.c.ID)]; err == nil && len(rows) == 1 && rows[0].Label == "sheet.refused" {
		return ailleurs.Refuse(rows[0].Items[0].Key, "card")
	}
	if err == nil && o.Values[string(w.c.ID)] == nil {
		return ailleurs.Refuse("desk.bare", "card") // nothing of the case was there to refuse
	}
	return err
}

func TestCardOfAListIsTheJournalsNewest(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, key string
		do        func(*proven)
	}{
		{"as it is", "", func(*proven) {}},
		{"no proofs", "desk.head_unproved", func(p *proven) { p.d.Heads = nil }},
		{"card rolled back", "vault.rolled_back", func(p *proven) { *bodyOf(&p.d.Sealed, ailleurs.Need) = p.older }},
		{"card that the journal does not know", "desk.head_unproved", func(p *proven) { p.d.Heads.Bodies = nil }},
		{"stale checkpoint of the journal", "vault.stale_checkpoint", func(p *proven) { p.d.Heads.Checkpoint = p.log.checkpoint(1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProven(w, t)
			p.d = through(p.d)
			c.do(p)
			err := p.card1(p.desk, p.d.Sealed, p.d.Heads)
			if c.key == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refused(t, err, c.key)
		})
	}
}

func TestJournalSeenOnOnePageIsNotTakenBackOnTheNext(t *testing.T) {
	w := newWorld(t)
	p := newProven(w, t)
	if _, err := p.desk.OpenDossier(through(p.d), now); err != nil {
		t.Fatal(err)
	}
	next := &Desk{Client: p.desk.Client, Communes: w.ground}
	d := through(p.d)
	d.Heads.Checkpoint = p.log.checkpoint(p.n - 1)
	_, err := next.OpenDossier(d, now)
	refused(t, err, "vault.stale_checkpoint")
}

// signed is another log's checkpoint under this one's key.
func (l *log) signed(other *log) []byte {
	l.signer = must(note.NewSigner(func() string {
		skey, _, err := note.GenerateKey(rand.Reader, other.signer.Name())
		if err != nil {
			panic(err)
		}
		return skey
	}()))
	return must(note.Sign(&note.Note{Text: vault.FormatCheckpoint(other.signer.Name(), other.n, must(tlog.TreeHash(other.n, other)))}, l.signer))
}
