package ailleurs

import (
	"fmt"
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
// open. Seq counts from 1; Prev is the hex SHA-256 of the body before it, empty for the first.
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

// BodyBuckets are the padded plain-text sizes of a body, in bytes.
var BodyBuckets = []int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20}

// MaxBodySize bounds a sealed body: the largest bucket and what age adds to it.
const MaxBodySize = 4<<20 + 16<<10

// Validate refuses an envelope that no hub may store at the given instant; field is its path for the refusal.
func (e SealedEnvelope) Validate(field string, at time.Time) error {
	switch {
	case !e.Compartment.Valid():
		return Refuse("sealed.unknown_compartment", field+".compartment")
	case !ValidID(e.Case):
		return Refuse("sealed.bad_case", field+".case")
	case e.Epoch < 1 || e.KeyEpoch < 1:
		return Refuse("sealed.bad_epoch", field+".epoch")
	case len(e.Data) == 0 || len(e.Data) > EnvelopeMaxSize:
		return RefuseAs(TooLarge, "sealed.envelope_size", field+".data", "most", fmt.Sprint(EnvelopeMaxSize))
	case !e.Expires.After(at):
		return Refuse("sealed.expired", field+".expires")
	case e.Expires.After(at.Add(EnvelopeLife + time.Hour)):
		return Refuse("sealed.expires_too_late", field+".expires")
	}
	return nil
}
