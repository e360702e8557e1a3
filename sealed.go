package ailleurs

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// A CompartmentKey is the public half of K(compartment, epoch): to whom bodies are encrypted. Thread is set for answers.
type CompartmentKey struct {
	Case        CaseID      `json:"case"`
	Compartment Compartment `json:"compartment"`
	Thread      ThreadID    `json:"thread,omitempty"`
	Epoch       int         `json:"epoch"`
	Recipient   string      `json:"recipient"` // age1pq1…
}

// A SealedBody is one save of one compartment as the hub stores it: an age file to K's recipient that only holders of K
// open. Seq counts from 1 over all epochs, 0 for a note; Prev is the hex SHA-256 of the body before it, empty for the
// first.
type SealedBody struct {
	Case        CaseID      `json:"case"`
	Compartment Compartment `json:"compartment"`
	Thread      ThreadID    `json:"thread,omitempty"`
	Epoch       int         `json:"epoch"`
	Seq         int         `json:"seq"`
	Prev        string      `json:"prev,omitempty"`
	Hash        string      `json:"hash"` // hex SHA-256 of Data
	Author      AgentID     `json:"author"`
	Note        bool        `json:"note,omitempty"` // appended with the public key alone: outside the chain, unsigned
	Data        []byte      `json:"data"`
}

// A SealedEnvelope hands K of one compartment to one agent's current key.
type SealedEnvelope struct {
	Case        CaseID      `json:"case"`
	Compartment Compartment `json:"compartment"`
	Thread      ThreadID    `json:"thread,omitempty"`
	Epoch       int         `json:"epoch"`
	For         AgentID     `json:"for"`
	KeyEpoch    int         `json:"key_epoch"`        // epoch of the reader's own key it was wrapped to
	Part        Part        `json:"part"`             // what the reader plays, so that the hub hands it out only in its time
	Member      MemberID    `json:"member,omitempty"` // the addressee, for parts in a thread not yet opened
	Ring        int         `json:"ring,omitempty"`   // 1-based; the ring that must be open first
	By          AgentID     `json:"by"`
	Expires     time.Time   `json:"expires"` // at most EnvelopeLife after it was made
	Data        []byte      `json:"data"`
}

// BodyBuckets are the padded plain-text sizes of a body, in bytes; EnvelopePlain is that of an envelope.
var BodyBuckets = []int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20}

// EnvelopePlain is the padded plain-text size of an envelope, in bytes.
const EnvelopePlain = 1024

// SealedSize is the length in bytes of an age file with one hybrid recipient (mlkem768x25519) whose plain text has n
// bytes: 1,643 for introduction, stanza, header MAC and nonce, and 16 for each chunk of 64 KiB. A file to a classic
// recipient is some 1,450 bytes shorter, one to two recipients longer: the length alone tells.
func SealedSize(n int) int {
	const chunk = 64 << 10
	return 1643 + n + 16*max(1, (n+chunk-1)/chunk)
}

// Validate refuses a public half that no client may encrypt to; field is its path for the refusal. Only the form is
// looked at: hybrid recipients begin with age1pq1 and are 1,959 characters of lower-case bech32.
func (k CompartmentKey) Validate(field string) error {
	switch {
	case !k.Compartment.Valid():
		return Refuse("sealed.unknown_compartment", field+".compartment")
	case !ValidID(k.Case):
		return Refuse("sealed.wrong_case", field+".case")
	case (k.Compartment == Answer) != (k.Thread != "") || k.Thread != "" && !ValidID(k.Thread):
		return Refuse("sealed.wrong_thread", field+".thread")
	case k.Epoch < 1:
		return Refuse("sealed.bad_epoch", field+".epoch")
	case !hybridRecipient(k.Recipient):
		return Refuse("sealed.classic_recipient", field+".recipient")
	}
	return nil
}

const (
	hybridPrefix = "age1pq1"
	hybridLength = 1959 // prefix, 1,216 bytes in bech32, 6 characters of checksum
)

func hybridRecipient(s string) bool {
	if len(s) != hybridLength || s[:len(hybridPrefix)] != hybridPrefix {
		return false
	}
	for _, c := range s[len(hybridPrefix):] {
		if !strings.ContainsRune("qpzry9x8gf2tvdw0s3jn54khce6mua7l", c) {
			return false
		}
	}
	return true
}

// Validate refuses a body that no hub may store; field is its path for the refusal. What is inside cannot be looked at,
// but its length and its hash can.
func (b SealedBody) Validate(field string) error {
	switch {
	case !b.Compartment.Valid():
		return Refuse("sealed.unknown_compartment", field+".compartment")
	case !ValidID(b.Case):
		return Refuse("sealed.wrong_case", field+".case")
	case (b.Compartment == Answer) != (b.Thread != "") || b.Thread != "" && !ValidID(b.Thread):
		return Refuse("sealed.wrong_thread", field+".thread")
	case b.Epoch < 1:
		return Refuse("sealed.bad_epoch", field+".epoch")
	case len(b.Data) > SealedSize(BodyBuckets[len(BodyBuckets)-1]):
		return RefuseAs(TooLarge, "sealed.body_too_large", field+".data")
	case !slices.ContainsFunc(BodyBuckets, func(n int) bool { return len(b.Data) == SealedSize(n) }):
		return Refuse("sealed.body_size", field+".data")
	case b.Note && (b.Seq != 0 || b.Prev != "" || b.Author != ""), !b.Note && b.Seq < 1, !b.Note && (b.Seq == 1) != (b.Prev == ""):
		return Refuse("sealed.broken_chain", field+".seq")
	}
	if sum := sha256.Sum256(b.Data); b.Hash != hex.EncodeToString(sum[:]) {
		return Refuse("sealed.damaged", field+".hash")
	}
	return nil
}

// Validate refuses an envelope that no hub may store at the given instant; field is its path for the refusal.
func (e SealedEnvelope) Validate(field string, at time.Time) error {
	switch {
	case !e.Compartment.Valid():
		return Refuse("sealed.unknown_compartment", field+".compartment")
	case !ValidID(e.Case):
		return Refuse("sealed.wrong_case", field+".case")
	case (e.Compartment == Answer) != (e.Thread != "") || e.Thread != "" && !ValidID(e.Thread):
		return Refuse("sealed.wrong_thread", field+".thread")
	case !ValidID(e.For):
		return Refuse("sealed.wrong_person", field+".for")
	case e.Epoch < 1 || e.KeyEpoch < 1:
		return Refuse("sealed.bad_epoch", field+".epoch")
	case !EverHolds(e.Compartment, e.Part):
		return Refuse("sealed.never_holds", field+".part", "compartment", string(e.Compartment), "part", string(e.Part))
	case len(e.Data) > SealedSize(EnvelopePlain):
		return RefuseAs(TooLarge, "sealed.envelope_too_large", field+".data")
	case len(e.Data) != SealedSize(EnvelopePlain):
		return Refuse("sealed.envelope_size", field+".data")
	case !e.Expires.After(at):
		return Refuse("sealed.expired", field+".expires")
	case e.Expires.After(at.Add(EnvelopeLife + StatementSkew)):
		return Refuse("sealed.expires_too_late", field+".expires")
	}
	return nil
}
