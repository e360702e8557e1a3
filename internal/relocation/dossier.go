package relocation

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// A dossier is the row of a case.
type dossier struct {
	ID         ailleurs.CaseID    `db:"id"`
	Member     ailleurs.MemberID  `db:"member_id"`
	State      ailleurs.CaseState `db:"state"`
	Since      time.Time          `db:"since"`
	Deadline   time.Time          `db:"deadline_at"`
	Resumes    ailleurs.CaseState `db:"resumes,omitzero"`
	Speed      ailleurs.Speed     `db:"speed"`
	Round      int                `db:"round"`
	Ring       int                `db:"ring"`
	Call       ailleurs.CallID    `db:"call_id,omitzero"`
	Lead       ailleurs.AgentID   `db:"lead_id"`
	Second     ailleurs.AgentID   `db:"second_id"`
	Signatory  ailleurs.AgentID   `db:"signatory_id"`
	Checker1   ailleurs.AgentID   `db:"checker1_id,omitzero"`
	Checker2   ailleurs.AgentID   `db:"checker2_id,omitzero"`
	Retained   ailleurs.ThreadID  `db:"retained_id,omitzero"`
	Host       ailleurs.MemberID  `db:"host_id,omitzero"`
	HostLead   ailleurs.AgentID   `db:"host_lead_id,omitzero"`
	HostSecond ailleurs.AgentID   `db:"host_second_id,omitzero"`
	Arrived    time.Time          `db:"arrived_at"`
	Fled       bool               `db:"fled"`
	Outcome    ailleurs.Outcome   `db:"outcome,omitzero"`
	CallBack   ailleurs.Date      `db:"call_back_on,omitzero"`
}

const selectDossier = `SELECT id, member_id, state, since, deadline_at, resumes, speed, round, ring, call_id, lead_id, second_id,
	signatory_id, checker1_id, checker2_id, retained_id, host_id, host_lead_id, host_second_id, arrived_at, fled, outcome,
	call_back_on FROM dossier `

// rules is the case as the rules of the root package know it.
func (d dossier) rules() ailleurs.Case {
	return ailleurs.Case{
		ID: d.ID, Member: d.Member, Speed: d.Speed, State: d.State, Since: d.Since, Deadline: d.Deadline, Resumes: d.Resumes,
		Round: d.Round, Ring: d.Ring, Call: d.Call, Lead: d.Lead, Second: d.Second, Signatory: d.Signatory,
		Checkers: [2]ailleurs.AgentID{d.Checker1, d.Checker2}, Retained: d.Retained, Host: d.Host, HostLead: d.HostLead,
		HostSecond: d.HostSecond, Arrived: d.Arrived, Fled: d.Fled, Outcome: d.Outcome, CallBack: d.CallBack,
	}
}

// A role is a part that the actor plays in the case, and for whom when they stand in.
type role struct {
	part ailleurs.Part
	self ailleurs.AgentID // whose part it is: the actor, or the absent one
}

// roles lists the parts that the actor plays in the case itself: their own first, then those they stand in for.
func (u *unit) roles() []role {
	var out []role
	c := u.c.rules()
	for _, agent := range u.selves() {
		if p := c.PartOf(agent); p != "" {
			out = append(out, role{p, agent})
		}
	}
	return out
}

// selves are the actor and those they stand in for.
func (u *unit) selves() []ailleurs.AgentID {
	return append([]ailleurs.AgentID{u.by.Agent}, u.stands...)
}

// as refuses an actor who plays none of the parts: unknown to who has no part at all, forbidden to who has another.
func (u *unit) as(parts ...ailleurs.Part) (role, error) {
	all := u.roles()
	for _, r := range all {
		if slices.Contains(parts, r.part) {
			return r, nil
		}
	}
	if len(all) > 0 {
		return role{}, ailleurs.RefuseAs(ailleurs.Forbidden, "case.not_your_part", "")
	}
	addressed, err := u.addressed()
	if err != nil {
		return role{}, err
	}
	if addressed {
		return role{}, ailleurs.RefuseAs(ailleurs.Forbidden, "case.not_your_part", "")
	}
	return role{}, errUnknown
}

// in refuses a case that is in none of the states.
func (u *unit) in(states ...ailleurs.CaseState) error {
	if slices.Contains(states, u.c.State) {
		return nil
	}
	return ailleurs.RefuseAs(ailleurs.Conflict, "case.not_now", "", "state", string(u.c.State))
}

// move takes the case to another state, if the life of a case has that move for the part, and starts its clock.
func (u *unit) move(to ailleurs.CaseState, by ailleurs.Part) error {
	if err := ailleurs.MoveAllowed(u.c.State, to, u.c.Speed, by); err != nil {
		return err
	}
	u.c.State, u.c.Since, u.c.Deadline = to, u.at, time.Time{}
	acting := u.c.Member
	if to == ailleurs.Preparing && u.c.Host != "" {
		acting = u.c.Host
	}
	calendar, err := u.calendar(acting)
	if err != nil {
		return err
	}
	if to == ailleurs.Checking {
		calendar = coordination
	}
	deadline, ok := ailleurs.StateDeadline(to, u.c.Speed, u.at, calendar)
	if ok && to != ailleurs.Calling { // a call's deadline is that of its threads: openRing sets it
		u.c.Deadline = instant(deadline)
	}
	u.clock()
	return nil
}

// clock schedules the job that looks at the case when its deadline has passed.
func (u *unit) clock() {
	if !u.c.Deadline.IsZero() {
		u.later(jobDeadline, string(u.c.ID), "", u.c.Deadline)
	}
}
