package vault

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
)

// maxStatement bounds a signed note, in bytes.
const maxStatement = 16 << 10

// labels of what an agent's key signs inside sealed files. Sign refuses them, so that nobody can be asked to sign a
// statement that is really a body or an envelope.
const (
	bodyLabel     = "ailleurs-body/1"
	envelopeLabel = "ailleurs-envelope/1"
)

// agentSigner signs notes with an Ed25519 key under the agent's identifier.
type agentSigner struct {
	note.Verifier
	key ed25519.PrivateKey
}

func (s agentSigner) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// verifierText is the note verifier (name+hash+key) of an agent's public key.
func verifierText(agent ailleurs.AgentID, key ed25519.PublicKey) (string, error) {
	return note.NewEd25519VerifierKey(string(agent), key)
}

func (t *Trousseau) signer() (agentSigner, error) {
	key := ed25519.NewKeyFromSeed(t.seed[:])
	text, err := verifierText(t.Agent, key.Public().(ed25519.PublicKey))
	if err != nil {
		return agentSigner{}, err
	}
	v, err := note.NewVerifier(text)
	return agentSigner{v, key}, err
}

func (t *Trousseau) sign(text string, more ...note.Signature) ([]byte, error) {
	s, err := t.signer()
	if err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: text, UnverifiedSigs: more}, s)
	if err != nil {
		return nil, ailleurs.Refuse("vault.malformed", "statement")
	}
	return signed, nil
}

// Sign signs a statement as a note under the trousseau's agent. The text is one the root package defines: it ends with a
// newline and says in its first line what it is, so that it can be mistaken for no other.
func Sign(t *Trousseau, text string) ([]byte, error) {
	label, _, _ := strings.Cut(text, "\n")
	if label == bodyLabel || label == envelopeLabel {
		return nil, ailleurs.Refuse("vault.reserved_label", "statement")
	}
	if len(text) > maxStatement/2 {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "statement")
	}
	return t.sign(text)
}

// Cosign adds the trousseau's signature to a note that others have signed. Nobody's signature is checked here: whoever
// relies on the note does, by VerifySigned or the directory.
func Cosign(t *Trousseau, signed []byte) ([]byte, error) {
	n, err := readNote(signed)
	if err != nil {
		return nil, err
	}
	label, _, _ := strings.Cut(n.Text, "\n")
	if label == bodyLabel || label == envelopeLabel {
		return nil, ailleurs.Refuse("vault.reserved_label", "statement")
	}
	return t.sign(n.Text, n.UnverifiedSigs...)
}

// VerifySigned returns the text of a note that the holder of the verifier (Public.Verifier) has signed. Signatures of
// others beside it are ignored.
func VerifySigned(verifier string, signed []byte) (string, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return "", ailleurs.Refuse("vault.unknown_signer", "verifier")
	}
	if len(signed) > maxStatement {
		return "", ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "statement")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return "", noteRefusal(err, "statement")
	}
	return n.Text, nil
}

// Signers names those whose signatures a note bears, in order, without checking any.
func Signers(signed []byte) ([]ailleurs.AgentID, error) {
	n, err := readNote(signed)
	if err != nil {
		return nil, err
	}
	var names []ailleurs.AgentID
	for _, s := range n.UnverifiedSigs {
		if id := ailleurs.AgentID(s.Name); !slices.Contains(names, id) {
			names = append(names, id)
		}
	}
	return names, nil
}

// readNote parses a signed note without believing any signature.
func readNote(signed []byte) (*note.Note, error) {
	if len(signed) > maxStatement {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "statement")
	}
	_, err := note.Open(signed, note.VerifierList())
	if unverified, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return unverified.Note, nil
	}
	return nil, ailleurs.Refuse("vault.malformed", "statement")
}

func noteRefusal(err error, field string) error {
	if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return ailleurs.Refuse("vault.bad_signature", field)
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return ailleurs.Refuse("vault.unknown_signer", field)
	}
	return ailleurs.Refuse("vault.malformed", field)
}
