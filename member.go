package ailleurs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
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

// ObservationPeriod is how long after admission a member may receive cards but not yet persons' envelopes (docs/threat-model.md, a fake member).
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

// Holds reports whether the agent fills one of the three posts.
func (t Team) Holds(a AgentID) bool {
	return a != "" && (t.Lead == a || t.Second == a || t.Signatory == a)
}

const teamLabel = "ailleurs-posts/1"

// Text is the canonical form of a team as two people sign it: who fills the three posts of a member from at on.
func (t Team) Text(member MemberID, at time.Time) string {
	return fmt.Sprintf("%s\nmember %s\nlead %s\nsecond %s\nsignatory %s\nat %s\n",
		teamLabel, member, t.Lead, t.Second, t.Signatory, FormatTime(at))
}

// ParseTeam reads what Text wrote and nothing else.
func ParseTeam(text string) (t Team, member MemberID, at time.Time, err error) {
	refused := Refuse("team.malformed", "team")
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[0] != teamLabel {
		return Team{}, "", time.Time{}, refused
	}
	var values [5]string
	for i, name := range []string{"member", "lead", "second", "signatory", "at"} {
		value, ok := strings.CutPrefix(lines[i+1], name+" ")
		if !ok {
			return Team{}, "", time.Time{}, refused
		}
		values[i] = value
	}
	if at, err = ParseTime(values[4]); err != nil {
		return Team{}, "", time.Time{}, refused
	}
	t, member = Team{Lead: AgentID(values[1]), Second: AgentID(values[2]), Signatory: AgentID(values[3])}, MemberID(values[0])
	if t.Text(member, at) != text {
		return Team{}, "", time.Time{}, refused
	}
	return t, member, at, nil
}

// Approval is the statement that whoever approves a team's text signs; By, Epoch and At are the signer's to fill in.
func (Team) Approval(member MemberID, text string) Statement {
	sum := sha256.Sum256([]byte(text))
	return Statement{Purpose: ToTeam, Subject: string(member), Digest: hex.EncodeToString(sum[:])}
}

// MaxName bounds the name of a member or an agent, in characters.
const MaxName = 120

// CheckName refuses an empty or overlong name, and one with characters that no name has.
func CheckName(name, field string) error {
	switch {
	case strings.TrimSpace(name) != name || name == "":
		return Refuse("name.empty", field)
	case utf8.RuneCountInString(name) > MaxName:
		return Refuse("name.too_long", field, "most", fmt.Sprint(MaxName))
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError || r == '<' || r == '>' }):
		return Refuse("name.bad_character", field)
	}
	return nil
}
