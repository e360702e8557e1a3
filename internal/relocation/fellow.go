package relocation

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// A fellow is a member as far as a case needs to know it.
type fellow struct {
	ID        ailleurs.MemberID   `db:"id"`
	Kind      ailleurs.MemberKind `db:"kind"`
	Code      string              `db:"code"`
	Admitted  time.Time           `db:"admitted_at"`
	Suspended time.Time           `db:"suspended_at"`
	Lead      ailleurs.AgentID    `db:"lead_id"`
	Second    ailleurs.AgentID    `db:"second_id"`
	Signatory ailleurs.AgentID    `db:"signatory_id"`
}

func (f fellow) team() ailleurs.Team {
	return ailleurs.Team{Lead: f.Lead, Second: f.Second, Signatory: f.Signatory}
}

// active reports whether the member takes part: admitted and not suspended.
func (f fellow) active() bool { return !f.Admitted.IsZero() && f.Suspended.IsZero() }

// receivesPersons reports whether persons' envelopes may be made out to the member's people.
func (f fellow) receivesPersons(at time.Time) bool {
	return ailleurs.Member{AdmittedAt: f.Admitted, SuspendedAt: f.Suspended}.ReceivesPersons(at)
}

// fellows reads members into the unit; who does not exist is left out.
func (u *unit) fellows(ids ...ailleurs.MemberID) error {
	var ask []any
	for _, id := range ids {
		if _, ok := u.members[id]; !ok {
			ask = append(ask, id)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	rows, err := store.All[fellow](u.tx, `SELECT id, kind, code, admitted_at, suspended_at, lead_id, second_id, signatory_id
		FROM member WHERE id IN (`+list(1, len(ask))+")", ask...)
	if err != nil {
		return err
	}
	for _, f := range rows {
		u.members[f.ID] = f
	}
	return nil
}

// fellow reads one member.
func (u *unit) fellow(id ailleurs.MemberID) (fellow, error) {
	if err := u.fellows(id); err != nil {
		return fellow{}, err
	}
	return u.members[id], nil
}

// coordination works by the calendar of mainland France.
var coordination = territory.CalendarOf("")

// calendar is that of the département a member lies in.
func (u *unit) calendar(id ailleurs.MemberID) (territory.Calendar, error) {
	f, err := u.fellow(id)
	if err != nil {
		return coordination, err
	}
	switch f.Kind {
	case ailleurs.Departement:
		return territory.CalendarOf(f.Code), nil
	case ailleurs.EPCI, ailleurs.Institution, ailleurs.Association:
		if len(f.Code) == 2 || len(f.Code) == 3 {
			return territory.CalendarOf(f.Code), nil
		}
	case ailleurs.Commune:
	}
	if len(f.Code) == 5 {
		return territory.CalendarOf(territory.DepartementOf(f.Code)), nil
	}
	return coordination, nil
}

// liveKeys returns the epoch of the key that counts now for each agent who has one.
func (u *unit) liveKeys(agents []ailleurs.AgentID) (map[ailleurs.AgentID]int, error) {
	live := make(map[ailleurs.AgentID]int, len(agents))
	if len(agents) == 0 {
		return live, nil
	}
	args := make([]any, len(agents))
	for i, a := range agents {
		args[i] = a
	}
	rows, err := u.tx.Query(`SELECT k.agent_id, k.epoch FROM agent_key k JOIN agent a ON a.id = k.agent_id
		WHERE k.agent_id IN (`+list(1, len(args))+`) AND k.confirmed_at IS NOT NULL AND k.revoked_at IS NULL
		AND a.active_at IS NOT NULL AND a.revoked_at IS NULL`, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var agent ailleurs.AgentID
		var epoch int
		if err := rows.Scan(&agent, &epoch); err != nil {
			return nil, err
		}
		live[agent] = epoch
	}
	return live, nil
}

// holdsRole refuses an agent who does not hold the role at the member; any member when it is empty.
func holdsRole(tx *store.Tx, agent ailleurs.AgentID, member ailleurs.MemberID, role ailleurs.Role, field string) error {
	text := `SELECT r.agent_id FROM agent_role r JOIN agent a ON a.id = r.agent_id
		WHERE r.agent_id = $1 AND r.role = $2 AND r.left_at IS NULL AND a.active_at IS NOT NULL AND a.revoked_at IS NULL`
	args := []any{agent, role}
	if member != "" {
		text += " AND r.member_id = $3"
		args = append(args, member)
	}
	_, err := store.One[ailleurs.AgentID](tx, text+" LIMIT 1", args...)
	if errors.Is(err, store.ErrNotFound) {
		return ailleurs.Refuse("case.agent_without_role", field, "role", string(role))
	}
	return err
}

// deputies returns who stands in, now or later, for each of the agents who named someone.
func (u *unit) deputies(agents []ailleurs.AgentID) (map[ailleurs.AgentID]ailleurs.AgentID, error) {
	out := make(map[ailleurs.AgentID]ailleurs.AgentID)
	if len(agents) == 0 {
		return out, nil
	}
	args := make([]any, len(agents), len(agents)+1)
	for i, a := range agents {
		args[i] = a
	}
	args = append(args, u.at)
	rows, err := u.tx.Query("SELECT id, deputy_id FROM agent WHERE id IN ("+list(1, len(agents))+
		") AND deputy_id IS NOT NULL AND absent_until > $"+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var agent, deputy ailleurs.AgentID
		if err := rows.Scan(&agent, &deputy); err != nil {
			return nil, err
		}
		out[agent] = deputy
	}
	return out, nil
}

// list writes n placeholders from $from on.
func list(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
	}
	return b.String()
}

// Entrusted lists the cases in which the agent plays a part that someone else must take over before the agent leaves:
// theirs as lead, second or signatory of the origin, as coordinator, as host, and the threads still open at their member.
func (e *Exchange) Entrusted(ctx context.Context, agent ailleurs.AgentID) ([]ailleurs.CaseID, error) {
	var out []ailleurs.CaseID
	err := e.db.View(ctx, func(tx *store.Tx) error {
		var err error
		out, err = EntrustedIn(tx, agent)
		return err
	})
	return out, err
}

// EntrustedIn is Entrusted inside a transaction under way, for whoever decides there whether the agent may leave.
func EntrustedIn(tx *store.Tx, agent ailleurs.AgentID) ([]ailleurs.CaseID, error) {
	return store.All[ailleurs.CaseID](tx, "SELECT DISTINCT case_id FROM inbox WHERE agent_id = $1 AND side <> $2 ORDER BY case_id", agent, sideClosed)
}
