package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Heads is what the hub proves of the bodies it hands out: that the journal, which everyone is shown alike, knows them.
type Heads struct {
	Checkpoint []byte // signed note
	Since      int64  // the size that Extends begins from
	Extends    tlog.TreeProof
	Bodies     []BodyProof

	tree *vault.Checkpoint // once it was believed
}

// A BodyProof is the event that wrote a body, with its place in the journal, and the hub's canonical row around the body's
// data.
type BodyProof struct {
	Hash   string
	Index  int64
	Salt   []byte
	Text   string
	Path   tlog.RecordProof
	Before []byte
	After  []byte
}

// journal believes the checkpoint of the heads once it extends the last one that this client has seen, and has the client
// remember it.
func (d *Desk) journal(h *Heads) (vault.Checkpoint, error) {
	if h.tree != nil {
		return *h.tree, nil
	}
	seen := d.Client.Trousseau().Journal
	c, err := seen.Open(h.Checkpoint)
	if err != nil {
		return c, err
	}
	if seen.Size > 0 && c.Size() != seen.Size && h.Since != seen.Size {
		return c, ailleurs.Refuse("desk.head_unproved", "checkpoint") // nobody asked from where this client stands
	}
	if c, err = d.Client.FollowJournal(h.Checkpoint, h.Extends); err != nil {
		return c, err
	}
	h.tree = &c
	return c, nil
}

// proved refuses the newest body of a folder unless the journal knows it, and an older one than the hub itself proves.
func (d *Desk) proved(p pile, f vault.Folder, bodies []ailleurs.SealedBody) error {
	if p.heads == nil {
		if d.Unproved {
			return nil
		}
		return ailleurs.Refuse("desk.head_unproved", "heads")
	}
	c, err := d.journal(p.heads)
	if err != nil {
		return err
	}
	last := ailleurs.SealedBody{}
	if len(bodies) > 0 {
		last = bodies[len(bodies)-1]
	}
	found := len(bodies) == 0
	for _, proof := range p.heads.Bodies {
		row := rowOf(proof.Before, proof.After)
		if row["case_id"] != string(f.Dossier) || row["compartment"] != string(f.Compartment) || row["thread_id"] != string(f.Thread) {
			continue
		}
		if seq, _ := strconv.Atoi(row["seq"]); seq > last.Seq {
			return ailleurs.Refuse("vault.rolled_back", "body")
		}
		if proof.Hash != last.Hash {
			continue
		}
		if err := proof.check(c, last, row); err != nil {
			return err
		}
		found = true
	}
	if !found {
		return ailleurs.Refuse("desk.head_unproved", "heads")
	}
	return nil
}

// check refuses a proof of another body: the event is in the tree, it is about the case, it wrote the row, and the row is
// that of the body with this data.
func (p BodyProof) check(c vault.Checkpoint, b ailleurs.SealedBody, row map[string]string) error {
	if err := c.Includes(p.Index, vault.EventRecord(p.Salt, []byte(p.Text)), p.Path); err != nil {
		return err
	}
	var event struct {
		Case  ailleurs.CaseID `json:"case"`
		Wrote [][3]string     `json:"wrote"`
	}
	sum := sha256.Sum256(slices.Concat(p.Before, b.Data, p.After))
	data := sha256.Sum256(b.Data)
	switch {
	case json.Unmarshal([]byte(p.Text), &event) != nil, event.Case != b.Case,
		!slices.Contains(event.Wrote, [3]string{"body", row["id"], hex.EncodeToString(sum[:])}):
		return ailleurs.Refuse("desk.head_unproved", "event")
	case !strings.HasSuffix(string(p.Before), "\ndata b "+strconv.Itoa(len(b.Data))+" "), row["seq"] != strconv.Itoa(b.Seq),
		row["hash"] != hex.EncodeToString(data[:]):
		return ailleurs.Refuse("desk.head_unproved", "row")
	}
	return nil
}

// rowOf reads the columns of a canonical row, "name kind length value" on a line each, from what stands before and after
// the data. A row of another form has no columns.
func rowOf(before, after []byte) map[string]string {
	head, ok := strings.CutPrefix(string(before), "row body\n")
	if i := strings.LastIndex(head, "\ndata b "); ok && i >= 0 {
		head = head[:i+1]
	}
	row := map[string]string{}
	for text := head + strings.TrimPrefix(string(after), "\n"); text != ""; {
		name, rest, _ := strings.Cut(text, " ")
		_, rest, _ = strings.Cut(rest, " ")
		length, rest, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(length)
		if _, twice := row[name]; err != nil || twice || n < 0 || n >= len(rest) || rest[n] != '\n' {
			return nil
		}
		row[name], text = rest[:n], rest[n+1:]
	}
	return row
}
