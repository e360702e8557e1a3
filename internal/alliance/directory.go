package alliance

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A PublicKey is what a client needs of an agent to seal to them and to check their signatures. It believes none of it
// before the register that it has replayed itself says the same.
type PublicKey struct {
	Agent     ailleurs.AgentID `json:"agent" db:"agent_id"`
	Name      string           `json:"name" db:"name"`
	Epoch     int              `json:"epoch" db:"epoch"`
	Recipient string           `json:"recipient" db:"recipient"`
	Verifier  string           `json:"verifier" db:"verifier"`
	Index     int64            `json:"index" db:"register_idx"` // of its record in the register
}

// A TeamDirectory is a member's three people with their current keys. A person who is away stands with their deputy.
type TeamDirectory struct {
	Member    ailleurs.MemberID   `json:"member"`
	Name      string              `json:"name"`
	Kind      ailleurs.MemberKind `json:"kind"`
	Code      string              `json:"code"`
	Lead      *PublicKey          `json:"lead,omitempty"` // nil: post empty, or its holder has no key that counts
	Second    *PublicKey          `json:"second,omitempty"`
	Signatory *PublicKey          `json:"signatory,omitempty"`
	Deputies  []Deputy            `json:"deputies,omitempty"`
	Persons   bool                `json:"persons"` // its 30 days of observation are over
}

// A Deputy stands in for someone of the team until an instant.
type Deputy struct {
	For   ailleurs.AgentID `json:"for"`
	Until time.Time        `json:"until"`
	Key   PublicKey        `json:"key"`
}

// Callable reports whether a call may be addressed to the member: three people with keys that count.
func (d TeamDirectory) Callable() bool { return d.Lead != nil && d.Second != nil && d.Signatory != nil }

// Teams returns the teams of members with their current keys, in the order asked for.
func (a *Alliance) Teams(ctx context.Context, members []ailleurs.MemberID, at time.Time) ([]TeamDirectory, error) {
	var out []TeamDirectory
	err := a.db.View(ctx, func(tx *store.Tx) error {
		out = make([]TeamDirectory, 0, len(members))
		for _, id := range members {
			m, err := memberOf(tx, id)
			if err != nil {
				return err
			}
			d := TeamDirectory{Member: id, Name: m.Name, Kind: m.Kind, Code: m.Code, Persons: m.ReceivesPersons(at)}
			for _, p := range []struct {
				agent ailleurs.AgentID
				into  **PublicKey
			}{{m.Team.Lead, &d.Lead}, {m.Team.Second, &d.Second}, {m.Team.Signatory, &d.Signatory}} {
				keys, err := publicKeys(tx, p.agent)
				if err != nil {
					return err
				}
				if len(keys) == 0 {
					continue
				}
				*p.into = &keys[0]
				if err := d.addDeputy(tx, p.agent, at); err != nil {
					return err
				}
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}

func (d *TeamDirectory) addDeputy(tx *store.Tx, agent ailleurs.AgentID, at time.Time) error {
	who, err := agentOf(tx, agent)
	if err != nil || !who.Absence().Covers(at) {
		return err
	}
	keys, err := publicKeys(tx, who.Deputy)
	if err == nil && len(keys) > 0 {
		d.Deputies = append(d.Deputies, Deputy{For: agent, Until: who.Back, Key: keys[0]})
	}
	return err
}

// Keys returns the current keys of agents; whoever has none that counts is left out.
func (a *Alliance) Keys(ctx context.Context, agents []ailleurs.AgentID) ([]PublicKey, error) {
	var out []PublicKey
	err := a.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		for _, id := range agents {
			keys, err := publicKeys(tx, id)
			if err != nil {
				return err
			}
			out = append(out, keys...)
		}
		return nil
	})
	return out, err
}

// Coordinators returns the coordinators with their current keys: whoever submits a call names two of them.
func (a *Alliance) Coordinators(ctx context.Context) ([]PublicKey, error) {
	var ids []ailleurs.AgentID
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = store.All[ailleurs.AgentID](tx, `SELECT DISTINCT agent_id FROM agent_role WHERE role = 'coordinator' AND left_at IS NULL ORDER BY agent_id`)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.Keys(ctx, ids)
}

func publicKeys(tx *store.Tx, agent ailleurs.AgentID) ([]PublicKey, error) {
	return store.All[PublicKey](tx, `SELECT k.agent_id, a.name, k.epoch, k.recipient, k.verifier, k.register_idx
		FROM agent_key k JOIN agent a ON a.id = k.agent_id
		WHERE k.agent_id = $1 AND k.confirmed_at IS NOT NULL AND k.revoked_at IS NULL AND a.active_at IS NOT NULL AND a.revoked_at IS NULL`, agent)
}

// Register is what a client replays: the records from one index on, and the signed checkpoint they lead to.
type Register struct {
	From       int64    `json:"from"`
	Records    [][]byte `json:"records"`
	Checkpoint []byte   `json:"checkpoint"`
}

// RegisterFrom returns the register from an index on, whole, with its checkpoint.
func (a *Alliance) RegisterFrom(ctx context.Context, from int64) (Register, error) {
	out := Register{From: from}
	if from < 0 {
		return out, ailleurs.Refuse("register.bad_index", "from")
	}
	err := a.db.View(ctx, func(tx *store.Tx) error {
		h, err := journal.HeadOf(tx, journal.Register)
		if err != nil {
			return err
		}
		if out.Records, err = journal.RegisterRecords(tx, from, int(max(h.Size-from, 0))); err != nil {
			return err
		}
		out.Checkpoint, err = journal.Checkpoint(tx, journal.Register, a.cfg.Register.Signer)
		return err
	})
	return out, err
}
