package ailleurs

import (
	"slices"
	"time"
)

// MemberKind is the kind of organisation a member is.
type MemberKind string

// The kinds of member. Institutions whose kind is itself sensitive are shown as "Autre" outside the alliance.
const (
	Commune     MemberKind = "commune"
	EPCI        MemberKind = "epci"
	Departement MemberKind = "departement"
	Institution MemberKind = "institution"
	Association MemberKind = "association"
)

// MemberKinds lists the kinds in the order of the form.
var MemberKinds = []MemberKind{Commune, EPCI, Departement, Institution, Association}

// Valid reports whether k is a kind of member.
func (k MemberKind) Valid() bool { return slices.Contains(MemberKinds, k) }

// ObservationPeriod is how long after admission a member may receive cards but not yet persons' envelopes (protection.md).
const ObservationPeriod = 30 * 24 * time.Hour

// A Member is an organisation that signed the charter. No field anywhere can hold a party, a label or an opinion.
type Member struct {
	ID          MemberID
	Kind        MemberKind
	Name        string
	Code        string // INSEE code of the commune or département, SIREN of an EPCI; where its places are
	Siren       string // nine digits
	AdmittedAt  time.Time
	SuspendedAt time.Time // zero while active
	Team        Team
}

// ReceivesPersons reports whether persons' envelopes may be made out to the member's people at the given instant.
func (m Member) ReceivesPersons(at time.Time) bool {
	return m.SuspendedAt.IsZero() && !m.AdmittedAt.IsZero() && !at.Before(m.AdmittedAt.Add(ObservationPeriod))
}

// A Team names the people of a member to whom a call is sealed: two caseworkers and the signatory. The second may come
// from another member (its EPCI, its département, a neighbour) where the town hall is small.
type Team struct {
	Lead, Second AgentID
	Signatory    AgentID
}

// Complete reports whether the team can send or receive a call: three posts filled, by two different caseworkers and a
// signatory who is neither.
func (t Team) Complete() bool {
	return t.Lead != "" && t.Second != "" && t.Signatory != "" &&
		t.Lead != t.Second && t.Lead != t.Signatory && t.Second != t.Signatory
}
