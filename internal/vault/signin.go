package vault

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
)

// A PaperSignIn is the other use of a paper code: besides unlocking, it signs its holder in when every device is lost. The
// hub knows the code by a look-up of 128 bits and checks a signature over its own challenge; neither tells the code.
type PaperSignIn struct {
	scelle
	lookup [16]byte
	key    ed25519.PrivateKey
}

// NewPaperSignIn derives the sign-in half of a paper code.
func NewPaperSignIn(code string) (*PaperSignIn, error) {
	secret, err := readPaper(code)
	if err != nil {
		return nil, err
	}
	out, err := hkdf.Key(sha256.New, secret, nil, "ailleurs/1 sign in paper", 48)
	if err != nil {
		return nil, err
	}
	p := &PaperSignIn{key: ed25519.NewKeyFromSeed(out[:32])}
	copy(p.lookup[:], out[32:])
	return p, nil
}

// Lookup is how the hub finds whose code this is.
func (p *PaperSignIn) Lookup() []byte { return p.lookup[:] }

func (p *PaperSignIn) name() string { return "paper-" + hex.EncodeToString(p.lookup[:]) }

// Verifier is the note verifier (name+hash+key) that the hub keeps to check the sign-in.
func (p *PaperSignIn) Verifier() string {
	text, _ := note.NewEd25519VerifierKey(p.name(), p.key.Public().(ed25519.PublicKey)) // the key is of the right length
	return text
}

// Sign signs a statement of the purpose ailleurs.ToSignIn and no other: the key signs in, it decides nothing.
func (p *PaperSignIn) Sign(s ailleurs.Statement) ([]byte, error) {
	if s.Purpose != ailleurs.ToSignIn {
		return nil, ailleurs.Refuse("vault.reserved_label", "statement")
	}
	v, err := note.NewVerifier(p.Verifier())
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: s.Text()}, agentSigner{v, p.key})
}
