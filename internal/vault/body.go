package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
)

// A Head is the last body of a folder's chain as its reader knows it: from a body it opened, or from the journal. The
// zero Head is a folder nobody has written in.
type Head struct {
	Sequence int    `json:"sequence"`
	Hash     string `json:"hash"` // hex SHA-256 of the sealed body; empty at 0
}

// HeadOf is the head after the given sealed body.
func HeadOf(b ailleurs.SealedBody) Head { return Head{b.Seq, b.Hash} }

// A Body is one save of a whole compartment, opened.
type Body struct {
	scelle
	Folder      Folder
	Epoch       int
	Sequence    int    // counts from 1, over all epochs
	Previous    string // hash of the body before; empty at 1
	Author      ailleurs.AgentID
	AuthorEpoch int // of the author's keys
	At          time.Time
	Content     []byte
}

func (b *Body) text() string {
	w := newText(bodyLabel)
	w.folder(b.Folder)
	w.number("epoch", b.Epoch)
	w.number("sequence", b.Sequence)
	w.line("previous", orDash(b.Previous))
	w.line("author", string(b.Author)+" "+strconv.Itoa(b.AuthorEpoch))
	w.time("at", b.At)
	w.content(b.Content)
	return w.String()
}

func (w *textWriter) content(content []byte) {
	sum := sha256.Sum256(content)
	w.line("content", strconv.Itoa(len(content))+" "+b64.EncodeToString(sum[:]))
}

func (r *textReader) content() (n int, sum [32]byte) {
	length, hash, _ := strings.Cut(r.line("content"), " ")
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > MaxContent || strconv.Itoa(n) != length || !decodeExactly(sum[:], hash) {
		r.bad("content")
	}
	return n, sum
}

// agentEpoch reads "AGENT EPOCH".
func (r *textReader) agentEpoch(name string) (ailleurs.AgentID, int) {
	id, number, _ := strings.Cut(r.line(name), " ")
	epoch, ok := parseNumber(number, 1)
	if !ok || !ailleurs.ValidID(ailleurs.AgentID(id)) {
		r.bad(name)
	}
	return ailleurs.AgentID(id), epoch
}

// SealBody seals one save of a whole compartment, signed by the trousseau's agent, after the head that the author has
// seen. The length of what comes out depends on Bucket(len(content)) alone.
func SealBody(t *Trousseau, k *Key, after Head, content []byte, at time.Time) (ailleurs.SealedBody, error) {
	if (after.Sequence == 0) != (after.Hash == "") || after.Sequence < 0 || after.Sequence >= maxNumber {
		return ailleurs.SealedBody{}, ailleurs.Refuse("vault.broken_chain", "previous")
	}
	b := &Body{
		Folder: k.Folder, Epoch: k.Epoch, Sequence: after.Sequence + 1, Previous: after.Hash,
		Author: t.Agent, AuthorEpoch: t.Epoch, At: at, Content: content,
	}
	signed, err := t.sign(b.text())
	if err != nil {
		return ailleurs.SealedBody{}, err
	}
	plain, err := pad(string(signed), content)
	if err != nil {
		return ailleurs.SealedBody{}, err
	}
	file, err := sealFor(k.id.Recipient(), plain)
	if err != nil {
		return ailleurs.SealedBody{}, err
	}
	return ailleurs.SealedBody{
		Case: k.Folder.Dossier, Compartment: k.Folder.Compartment, Thread: k.Folder.Thread, Epoch: k.Epoch,
		Seq: b.Sequence, Prev: b.Previous, Hash: hashHex(file), Author: t.Agent, Data: file,
	}, nil
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// OpenBody opens a sealed body and believes it only if it is what the caller asked for: of the key's folder and epoch, at
// the head given, signed inside by an author whose key is in the register. What the hub says of it beside the file must
// agree with what is signed inside.
func OpenBody(d *Directory, k *Key, sealed ailleurs.SealedBody, head Head, at time.Time) (*Body, error) {
	if sealed.Note {
		return nil, ailleurs.Refuse("vault.unsigned", "body")
	}
	b, err := openBody(d, k, sealed, at)
	if err != nil {
		return nil, err
	}
	switch {
	case b.Sequence < head.Sequence:
		return nil, ailleurs.Refuse("vault.rolled_back", "body")
	case b.Sequence != head.Sequence || hashHex(sealed.Data) != head.Hash:
		return nil, ailleurs.Refuse("vault.broken_chain", "body")
	}
	return b, nil
}

// OpenChain opens every body of a folder that the keys reach and checks that they follow one another up to the head,
// from sequence 1 or from the first one given. Bodies of epochs without a key among keys stay closed (nil in the result)
// but keep their place in the chain by their hash.
func OpenChain(d *Directory, keys []*Key, sealed []ailleurs.SealedBody, head Head, at time.Time) ([]*Body, error) {
	if len(sealed) == 0 {
		if head != (Head{}) {
			return nil, ailleurs.Refuse("vault.rolled_back", "bodies")
		}
		return nil, nil
	}
	bodies := make([]*Body, len(sealed))
	for i, s := range sealed {
		if s.Note {
			return nil, ailleurs.Refuse("vault.unsigned", "body")
		}
		if i > 0 && (s.Seq != sealed[i-1].Seq+1 || s.Epoch < sealed[i-1].Epoch || s.Prev != sealed[i-1].Hash) {
			return nil, ailleurs.Refuse("vault.broken_chain", "bodies")
		}
		if hashHex(s.Data) != s.Hash {
			return nil, ailleurs.Refuse("vault.damaged", "bodies")
		}
		for _, k := range keys {
			if k.Epoch != s.Epoch {
				continue
			}
			b, err := openBody(d, k, s, at)
			if err != nil {
				return nil, err
			}
			bodies[i] = b
		}
	}
	last := sealed[len(sealed)-1]
	switch {
	case last.Seq < head.Sequence:
		return nil, ailleurs.Refuse("vault.rolled_back", "bodies")
	case HeadOf(last) != head:
		return nil, ailleurs.Refuse("vault.broken_chain", "bodies")
	}
	return bodies, nil
}

func openBody(d *Directory, k *Key, sealed ailleurs.SealedBody, at time.Time) (*Body, error) {
	if hashHex(sealed.Data) != sealed.Hash {
		return nil, ailleurs.Refuse("vault.damaged", "body")
	}
	if sealed.Epoch != k.Epoch {
		return nil, ailleurs.Refuse("vault.wrong_epoch", "body")
	}
	plain, err := openWith(k.id, sealed.Data, maxPlain, "body")
	if err != nil {
		return nil, err
	}
	b, signed, err := parseBody(plain)
	if err != nil {
		return nil, err
	}
	if err := k.Folder.want(b.Folder, "body"); err != nil {
		return nil, err
	}
	switch {
	case b.Epoch != k.Epoch:
		return nil, ailleurs.Refuse("vault.wrong_epoch", "body")
	case b.At.After(at.Add(clockSkew)):
		return nil, ailleurs.Refuse("vault.not_yet", "body")
	}
	if err := d.checkSignature(signed, b.Author, b.AuthorEpoch, b.At, "body"); err != nil {
		return nil, err
	}
	if sealed.Seq != b.Sequence || sealed.Prev != b.Previous || sealed.Author != b.Author ||
		k.Folder.want(folderOf(sealed), "body") != nil {
		return nil, ailleurs.Refuse("vault.mislabelled", "body")
	}
	return b, nil
}

func folderOf(b ailleurs.SealedBody) Folder { return Folder{b.Case, b.Compartment, b.Thread} }

// parseBody takes a body's plain text apart into its header and content, and returns the signed note that the header is.
func parseBody(plain []byte) (*Body, []byte, error) {
	signed, after, err := cutNote(plain, "body")
	if err != nil {
		return nil, nil, err
	}
	n, err := readNote(signed)
	if err != nil {
		return nil, nil, ailleurs.Refuse("vault.malformed", "body")
	}
	r := readText(n.Text, bodyLabel, "body")
	b := &Body{Folder: r.folder(), Epoch: r.number("epoch", 1), Sequence: r.number("sequence", 1), Previous: r.hash("previous")}
	b.Author, b.AuthorEpoch = r.agentEpoch("author")
	b.At = r.time("at")
	length, sum := r.content()
	if err := r.end(); err != nil {
		return nil, nil, err
	}
	if (b.Sequence == 1) != (b.Previous == "") {
		return nil, nil, ailleurs.Refuse("vault.broken_chain", "body.previous")
	}
	if b.Content, err = unpad(after, len(plain), length, "body"); err != nil {
		return nil, nil, err
	}
	if sha256.Sum256(b.Content) != sum {
		return nil, nil, ailleurs.Refuse("vault.damaged", "body.content")
	}
	return b, signed, nil
}

// cutNote cuts a signed note with exactly one signature off the front of a plain text.
func cutNote(plain []byte, field string) (signed, after []byte, err error) {
	start := plain[:min(len(plain), headRoom*2)]
	i := bytes.Index(start, []byte("\n\n— "))
	if i < 0 {
		return nil, nil, ailleurs.Refuse("vault.malformed", field)
	}
	j := bytes.IndexByte(start[i+2:], '\n')
	if j < 0 {
		return nil, nil, ailleurs.Refuse("vault.malformed", field)
	}
	end := i + 2 + j + 1
	return plain[:end], plain[end:], nil
}

// checkSignature refuses a note that was not signed by the agent's registered key of that epoch, or whose key had been
// revoked by the time it says it was made.
func (d *Directory) checkSignature(signed []byte, agent ailleurs.AgentID, epoch int, made time.Time, field string) error {
	v, err := d.verifier(agent, epoch, made, field)
	if err != nil {
		return err
	}
	if _, err := note.Open(signed, note.VerifierList(v)); err != nil {
		return ailleurs.Refuse("vault.bad_signature", field)
	}
	return nil
}

const noteLabel = "ailleurs-note/1"

// A Note is what someone who holds only the public half of a folder's key has appended: an alarm, a confirmation. Nothing
// proves who wrote it, and screens say so.
type Note struct {
	scelle
	Folder  Folder
	Epoch   int
	At      time.Time
	Content []byte
}

// SealNote appends to a folder without being able to read it.
func SealNote(to ailleurs.CompartmentKey, content []byte, at time.Time) (ailleurs.SealedBody, error) {
	n := Note{Folder: Folder{to.Case, to.Compartment, to.Thread}, Epoch: to.Epoch, At: at, Content: content}
	if err := n.Folder.Check(); err != nil {
		return ailleurs.SealedBody{}, err
	}
	w := newText(noteLabel)
	w.folder(n.Folder)
	w.number("epoch", n.Epoch)
	w.time("at", n.At)
	w.content(content)
	w.WriteString("\n")
	plain, err := pad(w.String(), content)
	if err != nil {
		return ailleurs.SealedBody{}, err
	}
	file, err := sealTo(to.Recipient, plain)
	if err != nil {
		return ailleurs.SealedBody{}, err
	}
	return ailleurs.SealedBody{
		Case: to.Case, Compartment: to.Compartment, Thread: to.Thread, Epoch: to.Epoch,
		Hash: hashHex(file), Note: true, Data: file,
	}, nil
}

// OpenNote opens what SealNote sealed. It is unsigned: believe it as far as an anonymous letter.
func OpenNote(k *Key, sealed ailleurs.SealedBody, at time.Time) (*Note, error) {
	if !sealed.Note {
		return nil, ailleurs.Refuse("vault.mislabelled", "note")
	}
	plain, err := openWith(k.id, sealed.Data, maxPlain, "note")
	if err != nil {
		return nil, err
	}
	n, err := parseNote(plain)
	if err != nil {
		return nil, err
	}
	if err := k.Folder.want(n.Folder, "note"); err != nil {
		return nil, err
	}
	switch {
	case n.Epoch != k.Epoch:
		return nil, ailleurs.Refuse("vault.wrong_epoch", "note")
	case n.At.After(at.Add(clockSkew)):
		return nil, ailleurs.Refuse("vault.not_yet", "note")
	}
	return n, nil
}

func parseNote(plain []byte) (*Note, error) {
	i := bytes.Index(plain[:min(len(plain), headRoom)], []byte("\n\n"))
	if i < 0 {
		return nil, ailleurs.Refuse("vault.malformed", "note")
	}
	r := readText(string(plain[:i+1]), noteLabel, "note")
	n := &Note{Folder: r.folder(), Epoch: r.number("epoch", 1), At: r.time("at")}
	length, sum := r.content()
	if err := r.end(); err != nil {
		return nil, err
	}
	var err error
	if n.Content, err = unpad(plain[i+2:], len(plain), length, "note"); err != nil {
		return nil, err
	}
	if sha256.Sum256(n.Content) != sum {
		return nil, ailleurs.Refuse("vault.damaged", "note.content")
	}
	return n, nil
}
