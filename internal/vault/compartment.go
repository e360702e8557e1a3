package vault

import (
	"crypto/rand"

	"filippo.io/age"

	"codeberg.org/ailleurs/ailleurs"
)

// A Folder is what one set of keys opens: one compartment of one dossier and, for an answer, of one thread.
type Folder struct {
	Dossier     ailleurs.CaseID      `json:"dossier"`
	Compartment ailleurs.Compartment `json:"compartment"`
	Thread      ailleurs.ThreadID    `json:"thread,omitempty"` // set if and only if the compartment is ailleurs.Answer
}

// Check refuses a folder that cannot exist.
func (f Folder) Check() error {
	switch {
	case !ailleurs.ValidID(f.Dossier):
		return ailleurs.Refuse("vault.malformed", "dossier")
	case !f.Compartment.Valid():
		return ailleurs.Refuse("vault.malformed", "compartment")
	case (f.Compartment == ailleurs.Answer) != (f.Thread != ""), f.Thread != "" && !ailleurs.ValidID(f.Thread):
		return ailleurs.Refuse("vault.malformed", "thread")
	}
	return nil
}

// want refuses by name the first respect in which what was found differs from f.
func (f Folder) want(found Folder, field string) error {
	switch {
	case found.Dossier != f.Dossier:
		return ailleurs.Refuse("vault.wrong_dossier", field)
	case found.Compartment != f.Compartment:
		return ailleurs.Refuse("vault.wrong_compartment", field)
	case found.Thread != f.Thread:
		return ailleurs.Refuse("vault.wrong_thread", field)
	}
	return nil
}

func (w *textWriter) folder(f Folder) {
	w.line("dossier", string(f.Dossier))
	w.line("compartment", string(f.Compartment))
	w.line("thread", orDash(string(f.Thread)))
}

func (r *textReader) folder() Folder {
	f := Folder{Dossier: ailleurs.CaseID(r.id("dossier")), Compartment: ailleurs.Compartment(r.line("compartment"))}
	if thread := r.line("thread"); thread != "-" {
		f.Thread = ailleurs.ThreadID(thread)
	}
	if r.err == nil && f.Check() != nil {
		r.bad("thread")
	}
	return f
}

// A Key is K(compartment, epoch): it opens and writes every body of one folder at one epoch.
type Key struct {
	scelle
	Folder Folder
	Epoch  int // counts from 1

	seed      [32]byte
	id        *age.HybridIdentity
	recipient func() string
}

// NewKey draws the key of a folder's first epoch.
func NewKey(f Folder) (*Key, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	return drawKey(f, 1)
}

// Next draws the key of the next epoch: who has only this one cannot read what is written from then on.
func (k *Key) Next() (*Key, error) { return drawKey(k.Folder, k.Epoch+1) }

func drawKey(f Folder, epoch int) (*Key, error) {
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // never fails
	return keyFrom(f, epoch, seed)
}

func keyFrom(f Folder, epoch int, seed [32]byte) (*Key, error) {
	k := &Key{Folder: f, Epoch: epoch, seed: seed}
	var err error
	if k.id, err = identityFrom(&k.seed); err != nil {
		return nil, err
	}
	k.recipient = recipientOf(k.id)
	return k, nil
}

// Public is the public half: to whom bodies and notes are encrypted.
func (k *Key) Public() ailleurs.CompartmentKey {
	return ailleurs.CompartmentKey{
		Case: k.Folder.Dossier, Compartment: k.Folder.Compartment, Thread: k.Folder.Thread,
		Epoch: k.Epoch, Recipient: k.recipient(),
	}
}

// Identity is the key as text (AGE-SECRET-KEY-PQ-1…), for the stock age program. It opens every body of the epoch.
func (k *Key) Identity() string { return k.id.String() }
