package ailleurs

import "slices"

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
