package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
)

// A Pin is what a client holds on to about one transparency log: its key, and the last checkpoint it saw. The first one
// comes with the invitation, from hand to hand.
type Pin struct {
	Verifier string    // note verifier (origin+hash+key); its name is the log's origin
	Size     int64     // entries in the last checkpoint seen; 0 when none was
	Hash     tlog.Hash // its root
}

// maxOrigin bounds a log's name so that two pins fit into a trousseau.
const maxOrigin = 48

// text is the pin on one line; "-" is no pin at all.
func (p Pin) text() string {
	if p.Verifier == "" {
		return "-"
	}
	return p.Verifier + " " + strconv.FormatInt(p.Size, 10) + " " + b64.EncodeToString(p.Hash[:])
}

// String is the pin on one line, as an invitation carries it; ParsePin reads it.
func (p Pin) String() string { return p.text() }

// ParsePin reads what Pin.String wrote.
func ParsePin(s string) (Pin, error) {
	if s == "-" {
		return Pin{}, nil
	}
	var p Pin
	parts := strings.Split(s, " ")
	if len(parts) != 3 {
		return p, ailleurs.Refuse("vault.malformed", "pin")
	}
	v, err := note.NewVerifier(parts[0])
	if err != nil || len(v.Name()) > maxOrigin {
		return p, ailleurs.Refuse("vault.malformed", "pin.verifier")
	}
	p.Verifier = parts[0]
	if p.Size, err = strconv.ParseInt(parts[1], 10, 64); err != nil || p.Size < 0 || strconv.FormatInt(p.Size, 10) != parts[1] {
		return Pin{}, ailleurs.Refuse("vault.malformed", "pin.size")
	}
	if !decodeExactly(p.Hash[:], parts[2]) {
		return Pin{}, ailleurs.Refuse("vault.malformed", "pin.hash")
	}
	return p, nil
}

func (r *textReader) pin(name string) Pin {
	p, err := ParsePin(r.line(name))
	if err != nil {
		r.bad(name)
	}
	return p
}

// Origin is the log's name.
func (p Pin) Origin() string {
	origin, _, _ := strings.Cut(p.Verifier, "+")
	return origin
}

// maxCheckpoint bounds a checkpoint, in bytes: three lines, extensions and cosignatures.
const maxCheckpoint = 16 << 10

// A Checkpoint is the root of a log at a size, signed by the log's pinned key. Only Pin.Open makes one.
type Checkpoint struct {
	tree tlog.Tree
	pin  Pin // the pin it was checked against
}

// Size is the number of entries.
func (c Checkpoint) Size() int64 { return c.tree.N }

// Hash is the root.
func (c Checkpoint) Hash() tlog.Hash { return c.tree.Hash }

// Pin is the pin moved on to this checkpoint. Keep it once the checkpoint is proved to extend the old one, not before.
func (c Checkpoint) Pin() Pin { return Pin{c.pin.Verifier, c.tree.N, c.tree.Hash} }

// Open checks that a signed note is a checkpoint of the pinned log, signed by the pinned key, and no older than the last
// one seen. It does not prove that it extends that one: Extends or a Directory does.
func (p Pin) Open(signed []byte) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "checkpoint")
	}
	v, err := note.NewVerifier(p.Verifier)
	if err != nil {
		return Checkpoint{}, ailleurs.Refuse("vault.no_pin", "checkpoint")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		err = noteRefusal(err, "checkpoint")
		if ailleurs.AsRefusal(err).Key == "vault.unknown_signer" {
			return Checkpoint{}, ailleurs.Refuse("vault.wrong_log", "checkpoint")
		}
		return Checkpoint{}, err
	}
	c := Checkpoint{pin: p}
	lines := strings.SplitN(n.Text, "\n", 4)
	if len(lines) < 4 {
		return Checkpoint{}, ailleurs.Refuse("vault.malformed", "checkpoint")
	}
	if lines[0] != v.Name() {
		return Checkpoint{}, ailleurs.Refuse("vault.wrong_log", "checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, ailleurs.Refuse("vault.malformed", "checkpoint.size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, ailleurs.Refuse("vault.malformed", "checkpoint.hash")
	}
	c.tree = tlog.Tree{N: size, Hash: tlog.Hash(root)}
	switch {
	case size < p.Size:
		return Checkpoint{}, ailleurs.Refuse("vault.stale_checkpoint", "checkpoint")
	case size == p.Size && size > 0 && c.tree.Hash != p.Hash:
		return Checkpoint{}, ailleurs.Refuse("vault.forked", "checkpoint")
	}
	return c, nil
}

// FormatCheckpoint is the text of a checkpoint, to be signed by the log's key.
func FormatCheckpoint(origin string, size int64, root tlog.Hash) string {
	return origin + "\n" + strconv.FormatInt(size, 10) + "\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"
}

// Extends checks a consistency proof from the last checkpoint that the pin saw to this one. From nothing (size 0), any
// log follows: that is why an invitation carries a checkpoint.
func (c Checkpoint) Extends(proof tlog.TreeProof) error {
	old := c.pin
	if old.Size == 0 {
		return nil
	}
	if old.Size == c.tree.N {
		return nil // Open compared the roots
	}
	if len(proof) > 64 || tlog.CheckTree(proof, c.tree.N, c.tree.Hash, old.Size, old.Hash) != nil {
		return ailleurs.Refuse("vault.forked", "checkpoint")
	}
	return nil
}

// Includes checks an inclusion proof: that record (an entry's bytes) is the log's entry at index.
func (c Checkpoint) Includes(index int64, record []byte, proof tlog.RecordProof) error {
	if index < 0 || index >= c.tree.N || len(proof) > 64 ||
		tlog.CheckRecord(proof, c.tree.N, c.tree.Hash, index, tlog.RecordHash(record)) != nil {
		return ailleurs.Refuse("vault.bad_proof", "proof")
	}
	return nil
}

// A Proof is an inclusion proof with its checkpoint, in the C2SP tlog-proof layout, as kept in a file.
type Proof struct {
	Index      int64
	Hashes     tlog.RecordProof
	Checkpoint []byte // signed note
}

const proofLabel = "c2sp.org/tlog-proof@v1"

// Format writes the proof as a file.
func (p Proof) Format() []byte {
	var b bytes.Buffer
	b.WriteString(proofLabel + "\nindex " + strconv.FormatInt(p.Index, 10) + "\n")
	for _, h := range p.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteString("\n")
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof file; nothing is verified.
func ParseProof(file []byte) (Proof, error) {
	var p Proof
	if len(file) > maxCheckpoint+8<<10 {
		return p, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "proof")
	}
	head, checkpoint, ok := strings.Cut(string(file), "\n\n")
	if !ok {
		return p, ailleurs.Refuse("vault.malformed", "proof")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != proofLabel {
		return p, ailleurs.Refuse("vault.unknown_protocol", "proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:] // the layout allows it; nothing of ours uses it
	}
	if len(lines) == 0 || len(lines) > 64 {
		return p, ailleurs.Refuse("vault.malformed", "proof.index")
	}
	value, named := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(value, 10, 64)
	if !named || err != nil || index < 0 || strconv.FormatInt(index, 10) != value {
		return p, ailleurs.Refuse("vault.malformed", "proof.index")
	}
	p.Index = index
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != tlog.HashSize {
			return Proof{}, ailleurs.Refuse("vault.malformed", "proof.hash")
		}
		p.Hashes = append(p.Hashes, tlog.Hash(h))
	}
	p.Checkpoint = []byte(checkpoint)
	return p, nil
}

// EventRecord is the record that the journal holds of an event: the SHA-256 of its 32-byte salt and its canonical text. A
// head of a chain is believed once the event that names it is proved so.
func EventRecord(salt, event []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(event)
	return h.Sum(nil)
}

// Verify checks that the record is in the pinned log, under the checkpoint that the proof carries.
func (p Proof) Verify(pin Pin, record []byte) (Checkpoint, error) {
	c, err := pin.Open(p.Checkpoint)
	if err != nil {
		return c, err
	}
	return c, c.Includes(p.Index, record, p.Hashes)
}
