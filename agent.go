package ailleurs

import (
	"slices"
	"time"
)

// A Role is what an agent may be named to by their member. An agent may hold several; a guarantor holds no other, so that
// who watches the journal has no hand in what it records.
type Role string

// The roles. On screen: référent·e, élu·e signataire, coordination, astreinte, garant·e.
const (
	Caseworker  Role = "caseworker"  // writes cases, offers and answers; bound by professional secrecy
	Signatory   Role = "signatory"   // signs an interpellation or an answer on the card alone
	Coordinator Role = "coordinator" // vets members, checks that a card is fit to circulate; no dossier
	DutyOfficer Role = "duty"        // rings, acknowledges and runs an alert
	Guarantor   Role = "guarantor"   // reads the journal and the figures; no keys
)

// Roles lists the roles in the order of the people page.
var Roles = []Role{Caseworker, Signatory, Coordinator, DutyOfficer, Guarantor}

// Valid reports whether r is a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Guards reports whether r watches over the alliance itself: only coordinators name people to it, and only coordinators
// confirm their keys.
func (r Role) Guards() bool { return r == Coordinator || r == Guarantor }

// CheckRoles refuses a set of roles that one agent may not hold together.
func CheckRoles(roles []Role) error {
	if len(roles) == 0 {
		return Refuse("agent.no_role", "roles")
	}
	for i, r := range roles {
		if !r.Valid() {
			return Refuse("agent.unknown_role", "roles", "role", string(r))
		}
		if slices.Contains(roles[:i], r) {
			return Refuse("agent.role_twice", "roles", "role", string(r))
		}
	}
	if len(roles) > 1 && slices.Contains(roles, Guarantor) {
		return Refuse("agent.guarantor_alone", "roles")
	}
	return nil
}

// An Actor is the signed-in agent on whose behalf a use case runs: who, for which member, in which roles.
type Actor struct {
	Agent  AgentID
	Member MemberID
	Roles  []Role
}

// Is reports whether the actor holds role.
func (a Actor) Is(role Role) bool { return slices.Contains(a.Roles, role) }

// Require refuses an actor without role.
func (a Actor) Require(role Role) error {
	if !a.Is(role) {
		return RefuseAs(Forbidden, "actor.role_needed", "", "role", string(role))
	}
	return nil
}

// LeastCoordinators is how many coordinators an alliance is founded with, and never falls below: two of three admit.
const LeastCoordinators = 3

// MayApprove reports whether the actor is one of those whose signature counts on a change about a member or one of its
// people: two coordinators for a member that joins or is suspended and for whoever guards the alliance; otherwise two people of that
// member, or coordinators. Nobody approves what is about themselves, and a guarantor approves nothing.
func (a Actor) MayApprove(kind RegisterKind, member MemberID, subject AgentID, guards bool) bool {
	switch {
	case a.Agent == subject || a.Agent == "":
		return false
	case a.Is(Coordinator):
		return true
	case kind == RegisterAccession || kind == RegisterSuspension || guards:
		return false
	}
	return a.Member == member && slices.ContainsFunc(a.Roles, func(r Role) bool { return r != Guarantor })
}

// UnlockerKind is the kind of thing that opens an agent's trousseau.
type UnlockerKind string

// The kinds of unlocker.
const (
	PasskeyUnlocker    UnlockerKind = "passkey"
	PassphraseUnlocker UnlockerKind = "passphrase" // tied to one browser; it opens, it never signs in
	PaperUnlocker      UnlockerKind = "paper"
)

// An Unlocker is what the rules need to know of one. Opens is false for a passkey without PRF, which signs in and opens
// nothing; Independent is true for what survives the loss of the browser it was made in.
type Unlocker struct {
	Kind        UnlockerKind
	Opens       bool
	Independent bool
	Proven      bool // by a self-test on a fresh page
}

// LeastUnlockers is how many proven unlockers must open a trousseau at any time.
const LeastUnlockers = 2

// CheckUnlockers refuses a set that could lock its owner out: fewer than two that open the trousseau, none independent of
// this browser's storage, or none that signs in. Only proven ones count.
func CheckUnlockers(set []Unlocker) error {
	open, independent, signIn := 0, false, false
	for _, u := range set {
		if !u.Proven {
			continue
		}
		if u.Opens {
			open++
			independent = independent || u.Independent
		}
		signIn = signIn || u.Kind == PasskeyUnlocker || u.Kind == PaperUnlocker
	}
	switch {
	case open < LeastUnlockers:
		return Refuse("unlocker.two_needed", "unlockers")
	case !independent:
		return Refuse("unlocker.none_independent", "unlockers")
	case !signIn:
		return Refuse("unlocker.none_signs_in", "unlockers")
	}
	return nil
}

// An Absence is a time during which a deputy stands in.
type Absence struct {
	From, Until time.Time // Until is when they are back
	Deputy      AgentID
}

// Covers reports whether the absence runs at the given instant.
func (a Absence) Covers(at time.Time) bool {
	return !a.From.IsZero() && !at.Before(a.From) && at.Before(a.Until)
}

// LongestAbsence bounds an absence: beyond it the team is changed instead.
const LongestAbsence = 120 * 24 * time.Hour

// Validate refuses an absence that ends before it begins, is over, or lasts longer than LongestAbsence.
func (a Absence) Validate(agent AgentID, at time.Time) error {
	switch {
	case a.From.IsZero():
		return Refuse("absence.no_start", "from")
	case !a.Until.After(a.From) || !a.Until.After(at):
		return Refuse("absence.ends_too_early", "until")
	case a.Until.Sub(a.From) > LongestAbsence:
		return Refuse("absence.too_long", "until")
	case a.Deputy == "":
		return Refuse("absence.no_deputy", "deputy")
	case a.Deputy == agent:
		return Refuse("absence.own_deputy", "deputy")
	}
	return nil
}

// NoticeScope is what an agent wants to be told of; an alert is told whatever they chose.
type NoticeScope string

// The scopes.
const (
	NoticesAll      NoticeScope = "all"
	NoticesFollowed NoticeScope = "followed" // what they take part in
	NoticesNone     NoticeScope = "none"
)

// NoticePace is how often notices are sent. At once means the next of 9 h, 13 h and 17 h.
type NoticePace string

// The paces.
const (
	AtOnce NoticePace = "at_once"
	Daily  NoticePace = "daily"
	Weekly NoticePace = "weekly"
)

// NoticeScopes and NoticePaces list the choices in the order of the preferences page.
var (
	NoticeScopes = []NoticeScope{NoticesAll, NoticesFollowed, NoticesNone}
	NoticePaces  = []NoticePace{AtOnce, Daily, Weekly}
)
