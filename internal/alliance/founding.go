package alliance

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Founding is how an alliance begins: the organisation that coordinates it, and its first three coordinators.
type Founding struct {
	Member   NewMember
	Founders []NewInvitation // three; Member is filled in, Coordinator added to their roles when missing
}

// Found begins an empty hub and returns the founders' invitations. Their keys count as soon as their unlockers are proven:
// what a client trusts of the founding is in the pins on the paper it was handed. Refused with alliance.founded once there
// is any member.
func (a *Alliance) Found(ctx context.Context, f Founding, at time.Time) ([]Invitation, error) {
	if len(f.Founders) != ailleurs.LeastCoordinators {
		return nil, ailleurs.Refuse("alliance.three_founders", "founders")
	}
	var out []Invitation
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		out = nil
		if err := a.checkMember(f.Member, at); err != nil {
			return err
		}
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: at, Member: ailleurs.NewID[ailleurs.MemberID](), Code: f.Member.Code}
		m := f.Member.row(e.Member, at)
		e.At = at.UTC().Truncate(time.Second)
		index, err := journal.AppendRegister(tx, ailleurs.RegisterRecord{Entry: e})
		if err != nil {
			return err
		}
		// The register is locked by now, so nobody else founds at the same time.
		var members int
		if err := tx.QueryRow("SELECT count(*) FROM member").Scan(&members); err != nil {
			return err
		}
		if members > 0 {
			return ailleurs.RefuseAs(ailleurs.Conflict, "alliance.founded", "")
		}
		m.AdmittedAt, m.Index = at, &index
		if err := tx.Insert("member", m); err != nil {
			return err
		}
		for _, n := range f.Founders {
			n.Member = m.ID
			n.Roles = withRole(n.Roles, ailleurs.Coordinator)
			i, err := a.invite(tx, "", ailleurs.NewID[ailleurs.AgentID](), n, at)
			if err != nil {
				return err
			}
			out = append(out, i)
		}
		return say(tx, journal.Event{Kind: "alliance.founded", At: at, Member: m.ID})
	})
	return out, err
}

func withRole(roles []ailleurs.Role, role ailleurs.Role) []ailleurs.Role {
	out := []ailleurs.Role{role}
	for _, r := range roles {
		if r != role {
			out = append(out, r)
		}
	}
	return out
}

// founderReady lets a founder's roles and keys count once every rule about their unlockers is met. It does nothing for
// anyone else, or once three coordinators have keys.
func (a *Alliance) founderReady(tx *store.Tx, agent ailleurs.AgentID, at time.Time) error {
	var founder int
	err := tx.QueryRow(`SELECT count(*) FROM invitation i JOIN agent a ON a.id = i.agent_id
		WHERE i.agent_id = $1 AND i.made_by IS NULL AND i.used_at IS NOT NULL AND a.active_at IS NULL`, agent).Scan(&founder)
	if err != nil || founder == 0 {
		return err
	}
	n, err := liveCoordinators(tx)
	if err != nil || n >= ailleurs.LeastCoordinators {
		return err
	}
	set, err := unlockersOf(tx, agent, 1)
	if err != nil || ailleurs.CheckUnlockers(set.rules()) != nil {
		return err
	}
	changes, err := store.All[changeRow](tx, "SELECT "+changeColumns+` FROM change
		WHERE agent_id = $1 AND kind IN ('key', 'team') AND applied_at IS NULL AND dropped_at IS NULL
		ORDER BY kind DESC, id`, agent) // team before key
	if err != nil {
		return err
	}
	for _, c := range changes {
		if err := a.apply(tx, c, at); err != nil {
			return err
		}
	}
	return nil
}
