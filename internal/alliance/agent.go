package alliance

import (
	"errors"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/signature"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// An Agent is someone of the alliance as its people see them.
type Agent struct {
	ID         ailleurs.AgentID     `db:"id"`
	Member     ailleurs.MemberID    `db:"member_id"`
	Name       string               `db:"name"`
	Email      string               `db:"email"`
	Lang       string               `db:"lang"`
	Notices    ailleurs.NoticeScope `db:"notices"`
	Pace       ailleurs.NoticePace  `db:"pace"`
	Created    time.Time            `db:"created_at"`
	Active     time.Time            `db:"active_at,omitzero"`  // zero until two colleagues confirmed the key
	Revoked    time.Time            `db:"revoked_at,omitzero"` // they have left
	AbsentFrom time.Time            `db:"absent_from,omitzero"`
	Back       time.Time            `db:"absent_until,omitzero"`
	Deputy     ailleurs.AgentID     `db:"deputy_id,omitzero"`
}

const agentColumns = "id, member_id, name, email, lang, notices, pace, created_at, active_at, revoked_at, absent_from, absent_until, deputy_id"

// Absence is when the agent is away, and who stands in.
func (a Agent) Absence() ailleurs.Absence {
	return ailleurs.Absence{From: a.AbsentFrom, Until: a.Back, Deputy: a.Deputy}
}

func agentOf(tx *store.Tx, id ailleurs.AgentID) (Agent, error) {
	a, err := store.One[Agent](tx, "SELECT "+agentColumns+" FROM agent WHERE id = $1", id)
	return a, missing(err, "agent.unknown", "agent")
}

// rolesOf lists the roles an agent holds at a member now.
func rolesOf(tx *store.Tx, agent ailleurs.AgentID, member ailleurs.MemberID) ([]ailleurs.Role, error) {
	held, err := store.All[ailleurs.Role](tx, "SELECT role FROM agent_role WHERE agent_id = $1 AND member_id = $2 AND left_at IS NULL", agent, member)
	if err != nil {
		return nil, err
	}
	var out []ailleurs.Role
	for _, r := range ailleurs.Roles {
		for _, h := range held {
			if h == r {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// roleSum is SQL for the roles of a session's agent at their own member as one number: a bit each, in the order of
// ailleurs.Roles.
const roleSum = `(SELECT coalesce(sum(CASE r.role WHEN 'caseworker' THEN 1 WHEN 'signatory' THEN 2 WHEN 'coordinator' THEN 4
	WHEN 'duty' THEN 8 ELSE 16 END), 0) FROM agent_role r
	WHERE r.agent_id = a.id AND r.member_id = a.member_id AND r.left_at IS NULL)`

// rolesIn reads the number that roleSum gives.
func rolesIn(sum int) []ailleurs.Role {
	var out []ailleurs.Role
	for i, r := range ailleurs.Roles {
		if sum&(1<<i) != 0 {
			out = append(out, r)
		}
	}
	return out
}

// guards reports whether an agent holds, or waits to be named to, a role that watches over the alliance.
func guards(tx *store.Tx, agent ailleurs.AgentID) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT count(*) FROM agent_role WHERE agent_id = $1 AND left_at IS NULL AND role IN ('coordinator', 'guarantor')`,
		agent).Scan(&n)
	if err != nil || n > 0 {
		return n > 0, err
	}
	waiting, err := store.All[changeRow](tx, "SELECT "+changeColumns+` FROM change
		WHERE agent_id = $1 AND kind = 'team' AND applied_at IS NULL AND dropped_at IS NULL`, agent)
	for _, c := range waiting {
		if e, err := ailleurs.ParseRegisterEntry(c.Body); err == nil && e.Role.Guards() {
			return true, nil
		}
	}
	return false, err
}

type keyRow struct {
	Agent     ailleurs.AgentID `db:"agent_id"`
	Epoch     int              `db:"epoch"`
	Recipient string           `db:"recipient"`
	Verifier  string           `db:"verifier"`
	Made      time.Time        `db:"made_at"`
	Confirmed time.Time        `db:"confirmed_at,omitzero"`
	Revoked   time.Time        `db:"revoked_at,omitzero"`
}

// keyOf returns the keys of one epoch, confirmed or not, unless revoked.
func keyOf(tx *store.Tx, agent ailleurs.AgentID, epoch int) (signature.Key, error) {
	k, err := store.One[keyRow](tx, `SELECT agent_id, epoch, recipient, verifier, made_at, confirmed_at, revoked_at
		FROM agent_key WHERE agent_id = $1 AND epoch = $2 AND revoked_at IS NULL`, agent, epoch)
	if err != nil {
		return signature.Key{}, missing(err, "signature.no_live_key", "statement")
	}
	return signature.Key{Agent: k.Agent, Epoch: k.Epoch, Verifier: k.Verifier, Recipient: k.Recipient}, nil
}

// hasLiveKey reports whether an agent is active with a key that counts.
func hasLiveKey(tx *store.Tx, agent ailleurs.AgentID) (bool, error) {
	_, err := signature.Live(tx, agent)
	if r, ok := errors.AsType[*ailleurs.Refusal](err); ok && r.Key == "signature.no_live_key" {
		return false, nil
	}
	return err == nil, err
}
