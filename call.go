package ailleurs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// An Attestation is one of the sentences that lead and second both sign before a call leaves. The list is the same for
// every case, so that it tells nothing about this one.
type Attestation string

// The attestations. Source: docs/rules.md, "Every move".
const (
	PersonAgrees     Attestation = "person_agrees"    // per purpose and recipient
	AuthorityGiven   Attestation = "authority"        // held, or not needed
	ContactSafe      Attestation = "contact_safe"     // a way to reach the person that puts nobody at risk
	LimitsChecked    Attestation = "limits_checked"   // no addressee is excluded
	DiversionOffered Attestation = "diversion_shown"  // the State's own programmes were shown
	SpokenTo         Attestation = "spoken_to_person" // the second spoke with the person
)

// Attestations lists all of them in the order they are signed.
var Attestations = []Attestation{PersonAgrees, AuthorityGiven, ContactSafe, LimitsChecked, DiversionOffered, SpokenTo}

// A Ring is one circle of addressees. The client chooses, checks against the limits and seals up to three at submission,
// because a hub that cannot read cannot choose.
type Ring []MemberID

// A CallSheet is what the signatory signs: whom the case calls upon, and which card they are shown. Its digest goes into
// every statement about the call, so that a hub can neither add nor drop an addressee.
type CallSheet struct {
	Case      CaseID        `json:"case"`
	Call      CallID        `json:"call"`
	Round     int           `json:"round"`
	Speed     Speed         `json:"speed"`
	Rings     []Ring        `json:"rings"`
	NeedHead  string        `json:"need_head"` // hex SHA-256 of the need body that addressees open
	Checkers  [2]AgentID    `json:"checkers"`
	FewerWhy  bool          `json:"fewer_why,omitempty"` // fewer than five addressees: a written reason is sealed and the second agrees
	Attested  []Attestation `json:"attested"`
	CreatedAt time.Time     `json:"created_at"`
}

// Validate refuses a sheet that no hub may take; it needs nothing but the sheet.
func (s CallSheet) Validate(origin MemberID) error {
	if !ValidID(s.Case) || !ValidID(s.Call) {
		return Refuse("call.bad_id", "call")
	}
	if !s.Speed.Valid() {
		return Refuse("case.unknown_speed", "speed")
	}
	if s.Round < 1 {
		return Refuse("call.bad_round", "round")
	}
	if len(s.Rings) == 0 || len(s.Rings) > RingsPerCall {
		return Refuse("call.ring_count", "rings", "most", fmt.Sprint(RingsPerCall))
	}
	seen := map[MemberID]bool{}
	for i, ring := range s.Rings {
		field := fmt.Sprintf("rings[%d]", i)
		if i == 0 && len(ring) < MinAddressees && !s.FewerWhy {
			return Refuse("call.too_few_addressees", field, "least", fmt.Sprint(MinAddressees), "got", fmt.Sprint(len(ring)))
		}
		if len(ring) == 0 {
			return Refuse("call.empty_ring", field)
		}
		if len(ring) > MostAddressees {
			return Refuse("call.too_many_addressees", field, "most", fmt.Sprint(MostAddressees))
		}
		for j, m := range ring {
			at := fmt.Sprintf("%s[%d]", field, j)
			if !ValidID(m) {
				return Refuse("call.unknown_member", at)
			}
			if m == origin {
				return Refuse("call.calls_itself", at)
			}
			if seen[m] {
				return Refuse("call.addressee_twice", at)
			}
			seen[m] = true
		}
	}
	if b, err := hex.DecodeString(s.NeedHead); err != nil || len(b) != sha256.Size {
		return Refuse("call.bad_card_hash", "need_head")
	}
	if s.Checkers[0] == "" || s.Checkers[1] == "" || s.Checkers[0] == s.Checkers[1] {
		return Refuse("call.two_checkers", "checkers")
	}
	if !slices.Equal(s.Attested, Attestations) {
		return Refuse("call.attestations_missing", "attested")
	}
	return nil
}

// Addressees lists every member of every ring, in order.
func (s CallSheet) Addressees() []MemberID { return slices.Concat(ringsAsSlices(s.Rings)...) }

func ringsAsSlices(rings []Ring) [][]MemberID {
	out := make([][]MemberID, len(rings))
	for i, r := range rings {
		out[i] = r
	}
	return out
}

// Digest is the SHA-256 of the sheet's JSON in field order, in hex: what statements about the call commit to.
func (s CallSheet) Digest() string { return digestJSON(s) }

// digestJSON hashes a value whose JSON form is canonical: a struct of our own, fields in declaration order, no map.
func digestJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ailleurs: digest of a value that JSON cannot hold: %v", err)) // our own structs always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
