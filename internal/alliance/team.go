package alliance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// ProposeRole asks that an agent take a role at a member, or leave it. Two people sign it (Approve). The member may be
// another than the agent's own: a small town's second comes from its neighbour.
func (a *Alliance) ProposeRole(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, member ailleurs.MemberID, role ailleurs.Role, leaves bool, at time.Time) (ChangeID, error) {
	var id ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Bump("agent", agent); err != nil {
			return missing(err, "agent.unknown", "agent")
		}
		if err := tx.Bump("member", member); err != nil {
			return missing(err, "member.unknown", "member")
		}
		who, err := agentOf(tx, agent)
		if err != nil {
			return err
		}
		if err := mayPropose(by, member, agent, role.Guards(), leaves); err != nil {
			return err
		}
		if !who.Revoked.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "agent.has_left", "agent")
		}
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, Member: member, Agent: agent, Role: role, Leaves: leaves}
		if err := a.checkRole(tx, e); err != nil {
			return err
		}
		if err := nothingAlike(tx, e, TeamChange); err != nil {
			return err
		}
		if id, err = proposeEntry(tx, TeamChange, e, member, by.Agent, at); err != nil {
			return err
		}
		if err := tellApprovers(tx, member, []ailleurs.AgentID{by.Agent, agent}, role.Guards(), at); err != nil {
			return err
		}
		return say(tx, journal.Event{
			Kind: "team.proposed", At: at, Actor: by.Agent, Member: member, Subject: string(agent),
			Detail: map[string]any{"role": role, "leaves": leaves},
		})
	})
	return id, err
}

// mayPropose refuses whoever could not approve the change. Of oneself one may propose to go, nothing else.
func mayPropose(by ailleurs.Actor, member ailleurs.MemberID, subject ailleurs.AgentID, guarding, goes bool) error {
	if goes && by.Agent == subject && len(by.Roles) > 0 || by.MayApprove(ailleurs.RegisterTeam, member, subject, guarding) {
		return nil
	}
	return ailleurs.RefuseAs(ailleurs.Forbidden, "change.not_yours", "")
}

// concerned locks an agent and returns them, and whether they guard the alliance, to whoever may propose something about
// them; goes as in mayPropose.
func concerned(tx *store.Tx, by ailleurs.Actor, agent ailleurs.AgentID, goes bool) (who Agent, guarding bool, err error) {
	if err := tx.Bump("agent", agent); err != nil {
		return who, false, missing(err, "agent.unknown", "agent")
	}
	if who, err = agentOf(tx, agent); err != nil {
		return who, false, err
	}
	if guarding, err = guards(tx, agent); err != nil {
		return who, false, err
	}
	return who, guarding, mayPropose(by, who.Member, agent, guarding, goes)
}

// nothingAlike refuses a second change that says the same but for its time.
func nothingAlike(tx *store.Tx, e ailleurs.RegisterEntry, kind ChangeKind) error {
	rows, err := store.All[changeRow](tx, "SELECT "+changeColumns+` FROM change
		WHERE agent_id = $1 AND kind = $2 AND applied_at IS NULL AND dropped_at IS NULL`, e.Agent, string(kind))
	if err != nil {
		return err
	}
	for _, c := range rows {
		other, err := c.entry()
		if err != nil {
			return err
		}
		other.At = e.At
		if other == e {
			return ailleurs.RefuseAs(ailleurs.Conflict, "change.waits_already", "change")
		}
	}
	return nil
}

// checkRole refuses a role that may not be taken or left as things stand.
func (a *Alliance) checkRole(tx *store.Tx, e ailleurs.RegisterEntry) error {
	held, err := rolesOf(tx, e.Agent, e.Member)
	if err != nil {
		return err
	}
	if !e.Leaves {
		if err := a.checkRinger(e.Role); err != nil {
			return err
		}
		if slices.Contains(held, e.Role) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "agent.role_twice", "roles", "role", string(e.Role))
		}
		return ailleurs.CheckRoles(append(held, e.Role))
	}
	if !slices.Contains(held, e.Role) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "team.role_not_held", "roles", "role", string(e.Role))
	}
	team, err := teamOf(tx, e.Member)
	if err != nil {
		return err
	}
	switch e.Role {
	case ailleurs.Caseworker:
		if team.Lead == e.Agent || team.Second == e.Agent {
			return ailleurs.RefuseAs(ailleurs.Conflict, "team.post_held", "agent")
		}
		if a.cfg.OpenCases == nil {
			return nil
		}
		n, err := a.cfg.OpenCases(tx, e.Agent)
		if err == nil && n > 0 {
			return ailleurs.RefuseAs(ailleurs.Conflict, "agent.holds_cases", "agent", "n", fmt.Sprint(n))
		}
		return err
	case ailleurs.Signatory:
		if team.Signatory == e.Agent {
			return ailleurs.RefuseAs(ailleurs.Conflict, "team.post_held", "agent")
		}
	case ailleurs.Coordinator:
		n, err := liveCoordinators(tx)
		if err == nil && n <= ailleurs.LeastCoordinators {
			return ailleurs.RefuseAs(ailleurs.Conflict, "team.three_coordinators", "agent")
		}
		return err
	case ailleurs.DutyOfficer, ailleurs.Guarantor:
	}
	return nil
}

// checkRinger refuses a duty that nothing could wake.
func (a *Alliance) checkRinger(roles ...ailleurs.Role) error {
	if a.cfg.NoRinger && slices.Contains(roles, ailleurs.DutyOfficer) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "agent.duty_needs_ringer", "roles")
	}
	return nil
}

// liveCoordinators counts the coordinators whose keys count.
func liveCoordinators(tx *store.Tx) (int, error) {
	var n int
	err := tx.QueryRow(`SELECT count(DISTINCT r.agent_id) FROM agent_role r JOIN agent a ON a.id = r.agent_id
		JOIN agent_key k ON k.agent_id = r.agent_id
		WHERE r.role = 'coordinator' AND r.left_at IS NULL AND a.active_at IS NOT NULL AND a.revoked_at IS NULL
		AND k.confirmed_at IS NOT NULL AND k.revoked_at IS NULL`).Scan(&n)
	return n, err
}

// applyRole lets an agent take or leave a role. Whoever leaves their last one has left the alliance: their sessions end.
func (a *Alliance) applyRole(tx *store.Tx, e ailleurs.RegisterEntry, index int64, at time.Time) error {
	if err := a.checkRole(tx, e); err != nil {
		return err
	}
	if !e.Leaves {
		return tx.Put("agent_role", store.Changes{
			"agent_id": e.Agent, "member_id": e.Member, "role": e.Role, "since": at, "left_at": nil, "register_idx": index,
		})
	}
	if err := tx.Set("agent_role", store.Key{e.Agent, e.Member, e.Role}, store.Changes{"left_at": at, "register_idx": index}); err != nil {
		return err
	}
	var left int
	if err := tx.QueryRow("SELECT count(*) FROM agent_role WHERE agent_id = $1 AND left_at IS NULL", e.Agent).Scan(&left); err != nil || left > 0 {
		return err
	}
	live, err := hasLiveKey(tx, e.Agent)
	if err != nil {
		return err
	}
	if live { // without a role nobody's word against the key would count with the clients
		return ailleurs.RefuseAs(ailleurs.Conflict, "change.revocation_first", "change")
	}
	if err := endSessions(tx, e.Agent); err != nil {
		return err
	}
	return tx.Set("agent", e.Agent, store.Changes{"revoked_at": at})
}

// ProposeDeparture asks that an agent leave every role and that their keys be revoked: the changes to sign together. Who
// holds a post or carries cases passes them on first.
func (a *Alliance) ProposeDeparture(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, at time.Time) ([]ChangeID, error) {
	var ids []ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		ids = nil
		who, guarding, err := concerned(tx, by, agent, true)
		if err != nil {
			return err
		}
		type post struct {
			Member ailleurs.MemberID `db:"member_id"`
			Role   ailleurs.Role     `db:"role"`
		}
		posts, err := store.All[post](tx, "SELECT member_id, role FROM agent_role WHERE agent_id = $1 AND left_at IS NULL ORDER BY member_id, role", agent)
		if err != nil {
			return err
		}
		for _, p := range posts {
			e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, Member: p.Member, Agent: agent, Role: p.Role, Leaves: true}
			if err := a.checkRole(tx, e); err != nil {
				return err
			}
			if err := nothingAlike(tx, e, TeamChange); err != nil {
				return err
			}
			id, err := proposeEntry(tx, TeamChange, e, p.Member, by.Agent, at)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		id, err := proposeRevocation(tx, by, who, at)
		if err != nil {
			return err
		}
		ids = append(ids, id)
		if err := tellApprovers(tx, who.Member, []ailleurs.AgentID{by.Agent, agent}, guarding, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "departure.proposed", At: at, Actor: by.Agent, Member: who.Member, Subject: string(agent)})
	})
	return ids, err
}

// ProposeRevocation asks that an agent's keys be worth nothing from the second signature on: stolen, or in the wrong
// hands. Nothing stands in its way, not even a post or a case. An agent whose keys are revoked may be invited again.
func (a *Alliance) ProposeRevocation(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, at time.Time) (ChangeID, error) {
	var id ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		who, guarding, err := concerned(tx, by, agent, true)
		if err != nil {
			return err
		}
		if id, err = proposeRevocation(tx, by, who, at); err != nil {
			return err
		}
		if err := tellApprovers(tx, who.Member, []ailleurs.AgentID{by.Agent, agent}, guarding, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "revocation.proposed", At: at, Actor: by.Agent, Member: who.Member, Subject: string(agent)})
	})
	return id, err
}

func proposeRevocation(tx *store.Tx, by ailleurs.Actor, who Agent, at time.Time) (ChangeID, error) {
	var epoch int
	err := tx.QueryRow("SELECT epoch FROM agent_key WHERE agent_id = $1 AND confirmed_at IS NOT NULL AND revoked_at IS NULL", who.ID).Scan(&epoch)
	if err != nil {
		return "", missing(err, "agent.no_key", "agent")
	}
	e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, Agent: who.ID, Epoch: epoch}
	if err := nothingAlike(tx, e, Revocation); err != nil {
		return "", err
	}
	return proposeEntry(tx, Revocation, e, who.Member, by.Agent, at)
}

// applyRevocation makes the keys up to an epoch worthless at once: no signature counts, no session lives, nothing opens.
func applyRevocation(tx *store.Tx, e ailleurs.RegisterEntry, at time.Time) error {
	if _, err := tx.SetWhere("agent_key", store.Changes{"revoked_at": at}, "agent_id = $1 AND epoch <= $2 AND revoked_at IS NULL", e.Agent, e.Epoch); err != nil {
		return err
	}
	if err := discardUpTo(tx, e.Agent, e.Epoch, at); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM session WHERE agent_id = $1 AND epoch <= $2", e.Agent, e.Epoch)
	return err
}

// discardUpTo removes the unlockers of an agent's keys up to an epoch.
func discardUpTo(tx *store.Tx, agent ailleurs.AgentID, epoch int, at time.Time) error {
	rows, err := store.All[unlockerRow](tx, "SELECT "+unlockerColumns+` FROM unlocker
		WHERE agent_id = $1 AND epoch <= $2 AND removed_at IS NULL ORDER BY id`, agent, epoch)
	if err != nil {
		return err
	}
	for _, u := range rows {
		if err := discard(tx, u, at); err != nil {
			return err
		}
	}
	return nil
}

// applyKey makes the keys of an epoch count: those before it are worth nothing from now on, and whoever was waiting is
// active.
func applyKey(tx *store.Tx, e ailleurs.RegisterEntry, index int64, at time.Time) error {
	who, err := agentOf(tx, e.Agent)
	if err != nil {
		return err
	}
	var roles int
	if err := tx.QueryRow("SELECT count(*) FROM agent_role WHERE agent_id = $1 AND left_at IS NULL", e.Agent).Scan(&roles); err != nil {
		return err
	}
	if roles == 0 { // without a role nobody's word about the key would count with the clients
		return ailleurs.RefuseAs(ailleurs.Conflict, "change.roles_first", "change")
	}
	if err := applyRevocation(tx, ailleurs.RegisterEntry{Agent: e.Agent, Epoch: e.Epoch - 1}, at); err != nil {
		return err
	}
	if err := tx.Set("agent_key", store.Key{e.Agent, e.Epoch}, store.Changes{"confirmed_at": at, "register_idx": index}); err != nil {
		return err
	}
	if who.Active.IsZero() {
		return tx.Set("agent", e.Agent, store.Changes{"active_at": at})
	}
	return nil
}

// ProposePosts asks that the three posts of a member be filled so. Lead and second are caseworkers of that member by the
// register, the signatory likewise; all three have keys that count.
func (a *Alliance) ProposePosts(ctx context.Context, by ailleurs.Actor, member ailleurs.MemberID, team ailleurs.Team, at time.Time) (ChangeID, error) {
	var id ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Bump("member", member); err != nil {
			return missing(err, "member.unknown", "member")
		}
		if !by.MayApprove(ailleurs.RegisterTeam, member, "", false) {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "change.not_yours", "")
		}
		if err := checkPosts(tx, member, team); err != nil {
			return err
		}
		c := changeRow{
			ID: ailleurs.NewID[ChangeID](), Kind: PostChange, Body: team.Text(member, at), Member: member,
			ProposedBy: by.Agent, ProposedAt: at, Expires: at.Add(ChangeLife),
		}
		id = c.ID
		if err := tx.Insert("change", c); err != nil {
			return err
		}
		if err := tellApprovers(tx, member, []ailleurs.AgentID{by.Agent}, false, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "team.proposed", At: at, Actor: by.Agent, Member: member})
	})
	return id, err
}

func checkPosts(tx *store.Tx, member ailleurs.MemberID, team ailleurs.Team) error {
	if !team.Complete() {
		return ailleurs.Refuse("team.three_people", "team")
	}
	for _, p := range []struct {
		field string
		agent ailleurs.AgentID
		role  ailleurs.Role
	}{{"lead", team.Lead, ailleurs.Caseworker}, {"second", team.Second, ailleurs.Caseworker}, {"signatory", team.Signatory, ailleurs.Signatory}} {
		roles, err := rolesOf(tx, p.agent, member)
		if err != nil {
			return err
		}
		live, err := hasLiveKey(tx, p.agent)
		if err != nil {
			return err
		}
		if !live || !slices.Contains(roles, p.role) {
			return ailleurs.Refuse("team.not_named", p.field, "role", string(p.role))
		}
	}
	return nil
}

func applyPosts(tx *store.Tx, c changeRow, _ time.Time) error {
	team, member, _, err := ailleurs.ParseTeam(c.Body)
	if err != nil {
		return fmt.Errorf("alliance: stored change %s: %w", c.ID, err)
	}
	if err := checkPosts(tx, member, team); err != nil {
		return err
	}
	return tx.Set("member", member, store.Changes{"lead_id": team.Lead, "second_id": team.Second, "signatory_id": team.Signatory})
}

func teamOf(tx *store.Tx, member ailleurs.MemberID) (ailleurs.Team, error) {
	m, err := memberOf(tx, member)
	return m.Team, err
}
