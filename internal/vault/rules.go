package vault

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// roleOf is the role in which an agent may play a part; parts that agents do not play have none.
func roleOf(p ailleurs.Part) ailleurs.Role {
	switch p {
	case ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.AddresseeLead, ailleurs.AddresseeSecond,
		ailleurs.HostLead, ailleurs.HostSecond:
		return ailleurs.Caseworker
	case ailleurs.OriginSignatory, ailleurs.AddresseeSignatory:
		return ailleurs.Signatory
	case ailleurs.Checker:
		return ailleurs.Coordinator
	case ailleurs.ThePerson, ailleurs.TheClock:
	}
	return ""
}

// checkGrant refuses a key of a compartment from one part to another that no state of the case allows: only caseworkers
// who may hold it hand it on, and only to parts that may hold it. Nobody can hand arrival to the origin.
func checkGrant(c ailleurs.Compartment, from, to ailleurs.Part, field string) error {
	if roleOf(from) != ailleurs.Caseworker || !ailleurs.EverHolds(c, from) {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "vault.may_not_grant", field)
	}
	if !ailleurs.EverHolds(c, to) {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "vault.may_not_hold", field)
	}
	return nil
}

// checkPlays refuses an agent whom the register does not name to the role that the part takes. For a host's people and
// the compartments that say who and why, it also refuses those of members still under observation.
func (d *Directory) checkPlays(a ailleurs.AgentID, p ailleurs.Part, c ailleurs.Compartment, at time.Time, field string) error {
	if !d.holdsRole(a, roleOf(p)) {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "vault.wrong_role", field)
	}
	host := p == ailleurs.HostLead || p == ailleurs.HostSecond
	if host && (c == ailleurs.Person || c == ailleurs.Threat) {
		if !slices.ContainsFunc(d.Posts(a), func(q Post) bool { return d.ReceivesPersons(q.Member, at) }) {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "vault.new_member", field)
		}
	}
	return nil
}

// A Circle says who plays which part in a case, those who played it before included. It comes from the hub's routing and,
// where there is one, from the signed sheet; between two leads who have compared the words of the call it can be trusted.
type Circle map[ailleurs.Part][]ailleurs.AgentID

// plays reports whether the agent plays the part.
func (c Circle) plays(a ailleurs.AgentID, p ailleurs.Part) bool { return slices.Contains(c[p], a) }

// writes reports whether the agent plays a part that may save the compartment.
func (c Circle) writes(a ailleurs.AgentID, of ailleurs.Compartment) bool {
	return slices.ContainsFunc(ailleurs.Writers[of], func(p ailleurs.Part) bool { return c.plays(a, p) })
}
