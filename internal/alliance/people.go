package alliance

import (
	"context"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Person is one line of the people page: someone who holds, or waits for, a role at the member.
type Person struct {
	Agent
	Roles     []ailleurs.Role // at this member
	Epoch     int             // of the key that counts; 0 when none does
	Waits     bool            // keys wait to be confirmed
	Elsewhere bool            // an agent of another member, named here as well
}

// An OpenInvitation is an invitation that can still be used; the words are known to nobody any more.
type OpenInvitation struct {
	ID      ailleurs.InvitationID
	Name    string
	Email   string
	Roles   []ailleurs.Role
	MadeBy  ailleurs.AgentID
	Expires time.Time
}

// A PeopleView is the people page of a member.
type PeopleView struct {
	Member      ailleurs.Member
	People      []Person
	Invitations []OpenInvitation
}

// People returns the people of a member: to its own people, and to coordinators and guarantors.
func (a *Alliance) People(ctx context.Context, by ailleurs.Actor, member ailleurs.MemberID, at time.Time) (PeopleView, error) {
	own := by.Member == member && len(by.Roles) > 0 // whose keys wait to be confirmed sees nobody yet
	if !own && !by.Is(ailleurs.Coordinator) && !by.Is(ailleurs.Guarantor) {
		return PeopleView{}, ailleurs.RefuseAs(ailleurs.NotFound, "member.unknown", "member")
	}
	var v PeopleView
	err := a.db.View(ctx, func(tx *store.Tx) error {
		v = PeopleView{}
		var err error
		if v.Member, err = memberOf(tx, member); err != nil {
			return err
		}
		agents, err := store.All[Agent](tx, "SELECT "+agentColumns+` FROM agent WHERE revoked_at IS NULL AND (member_id = $1
			OR id IN (SELECT agent_id FROM agent_role WHERE member_id = $1 AND left_at IS NULL)) ORDER BY name, id`, member)
		if err != nil {
			return err
		}
		for _, who := range agents {
			p := Person{Agent: who, Elsewhere: who.Member != member}
			if p.Roles, err = rolesOf(tx, who.ID, member); err != nil {
				return err
			}
			keys, err := store.All[keyRow](tx, `SELECT agent_id, epoch, recipient, verifier, made_at, confirmed_at, revoked_at
				FROM agent_key WHERE agent_id = $1 AND revoked_at IS NULL`, who.ID)
			if err != nil {
				return err
			}
			for _, k := range keys {
				if k.Confirmed.IsZero() {
					p.Waits = true
				} else {
					p.Epoch = k.Epoch
				}
			}
			v.People = append(v.People, p)
		}
		rows, err := store.All[invitationRow](tx, "SELECT "+invitationColumns+` FROM invitation
			WHERE member_id = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2 ORDER BY made_at, id`, member, at)
		for _, i := range rows {
			v.Invitations = append(v.Invitations, OpenInvitation{i.ID, i.Name, i.Email, i.roles(), i.MadeBy, i.Expires})
		}
		return err
	})
	return v, err
}

// Profile returns the viewer's own line.
func (a *Alliance) Profile(ctx context.Context, v Viewer) (Agent, error) {
	var who Agent
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		who, err = agentOf(tx, v.Agent)
		return err
	})
	return who, err
}

// A Preference is how an agent wishes to be spoken to.
type Preference struct {
	Lang    string // fr or en
	Notices ailleurs.NoticeScope
	Pace    ailleurs.NoticePace
}

// Prefer stores the viewer's preferences. Alerts ring whatever they say.
func (a *Alliance) Prefer(ctx context.Context, v Viewer, p Preference, at time.Time) error {
	if err := checkLang(p.Lang); err != nil {
		return err
	}
	if !slices.Contains(ailleurs.NoticeScopes, p.Notices) {
		return ailleurs.Refuse("agent.unknown_notices", "notices")
	}
	if !slices.Contains(ailleurs.NoticePaces, p.Pace) {
		return ailleurs.Refuse("agent.unknown_pace", "pace")
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Set("agent", v.Agent, store.Changes{"lang": p.Lang, "notices": p.Notices, "pace": p.Pace}); err != nil {
			return missing(err, "agent.unknown", "agent")
		}
		return say(tx, journal.Event{Kind: "agent.preferred", At: at, Actor: v.Agent, Member: v.Member})
	})
}

// SetAbsence records when an agent of the actor's member is away and who stands in: the agent themself, or the member's
// lead. The deputy is a caseworker of the same member with a key that counts, and not away in the meantime.
func (a *Alliance) SetAbsence(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, absence ailleurs.Absence, at time.Time) error {
	if err := absence.Validate(agent, at); err != nil {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		who, err := a.absentee(tx, by, agent)
		if err != nil {
			return err
		}
		deputy, err := agentOf(tx, absence.Deputy)
		if err != nil {
			return ailleurs.Refuse("absence.unfit_deputy", "deputy")
		}
		held, err := rolesOf(tx, agent, who.Member)
		if err != nil {
			return err
		}
		roles, err := rolesOf(tx, deputy.ID, who.Member)
		if err != nil {
			return err
		}
		live, err := hasLiveKey(tx, deputy.ID)
		if err != nil {
			return err
		}
		alike := slices.ContainsFunc(held, func(r ailleurs.Role) bool { return slices.Contains(roles, r) })
		if !live || !alike {
			return ailleurs.Refuse("absence.unfit_deputy", "deputy")
		}
		away := deputy.Absence()
		if !away.From.IsZero() && away.From.Before(absence.Until) && absence.From.Before(away.Until) {
			return ailleurs.Refuse("absence.deputy_away", "deputy")
		}
		if err := tx.Set("agent", agent, store.Changes{"absent_from": absence.From, "absent_until": absence.Until, "deputy_id": absence.Deputy}); err != nil {
			return err
		}
		if err := tell(tx, absence.Deputy, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "absence.set", At: at, Actor: by.Agent, Member: who.Member, Subject: string(agent)})
	})
}

// EndAbsence says that an agent is back.
func (a *Alliance) EndAbsence(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		who, err := a.absentee(tx, by, agent)
		if err != nil {
			return err
		}
		if who.AbsentFrom.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "absence.none", "agent")
		}
		if err := tx.Set("agent", agent, store.Changes{"absent_from": nil, "absent_until": nil, "deputy_id": nil}); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "absence.ended", At: at, Actor: by.Agent, Member: who.Member, Subject: string(agent)})
	})
}

// absentee finds the agent, whose absence only they or their member's lead may speak of.
func (a *Alliance) absentee(tx *store.Tx, by ailleurs.Actor, agent ailleurs.AgentID) (Agent, error) {
	if err := tx.Bump("agent", agent); err != nil {
		return Agent{}, missing(err, "agent.unknown", "agent")
	}
	who, err := agentOf(tx, agent)
	if err != nil {
		return who, err
	}
	team, err := teamOf(tx, who.Member)
	if err != nil {
		return who, err
	}
	if by.Agent != agent && (by.Agent == "" || by.Agent != team.Lead) {
		return who, ailleurs.RefuseAs(ailleurs.NotFound, "agent.unknown", "agent")
	}
	return who, nil
}
