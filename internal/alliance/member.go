package alliance

import (
	"context"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// A NewMember is an organisation that wishes to join. There is no field for a label of any side.
type NewMember struct {
	Kind    ailleurs.MemberKind
	Name    string
	Code    string    // commune or département: INSEE code; EPCI: SIREN; others: INSEE code of the commune of its places
	Siren   string    // nine digits; required but for a commune or an EPCI, where the territory knows it
	Charter time.Time // when it signed the charter
}

type memberRow struct {
	ID          ailleurs.MemberID   `db:"id"`
	Kind        ailleurs.MemberKind `db:"kind"`
	Code        string              `db:"code"`
	Name        string              `db:"name"`
	Siren       string              `db:"siren,omitzero"`
	ProposedAt  time.Time           `db:"proposed_at"`
	CharterAt   time.Time           `db:"charter_at,omitzero"`
	AdmittedAt  time.Time           `db:"admitted_at,omitzero"`
	DeclinedAt  time.Time           `db:"declined_at,omitzero"`
	SuspendedAt time.Time           `db:"suspended_at,omitzero"`
	Lead        ailleurs.AgentID    `db:"lead_id,omitzero"`
	Second      ailleurs.AgentID    `db:"second_id,omitzero"`
	Signatory   ailleurs.AgentID    `db:"signatory_id,omitzero"`
	Index       *int64              `db:"register_idx"`
}

const memberColumns = `id, kind, code, name, siren, proposed_at, charter_at, admitted_at, declined_at, suspended_at,
	lead_id, second_id, signatory_id, register_idx`

func (n NewMember) row(id ailleurs.MemberID, at time.Time) memberRow {
	return memberRow{ID: id, Kind: n.Kind, Code: n.Code, Name: n.Name, Siren: n.Siren, ProposedAt: at, CharterAt: n.Charter}
}

func (m memberRow) member() ailleurs.Member {
	return ailleurs.Member{
		ID: m.ID, Kind: m.Kind, Name: m.Name, Code: m.Code, Siren: m.Siren, AdmittedAt: m.AdmittedAt, SuspendedAt: m.SuspendedAt,
		Team: ailleurs.Team{Lead: m.Lead, Second: m.Second, Signatory: m.Signatory},
	}
}

func memberOf(tx *store.Tx, id ailleurs.MemberID) (ailleurs.Member, error) {
	m, err := store.One[memberRow](tx, "SELECT "+memberColumns+" FROM member WHERE id = $1", id)
	return m.member(), missing(err, "member.unknown", "member")
}

// checkMember refuses a member whose kind, code and SIREN do not agree.
func (a *Alliance) checkMember(n NewMember, at time.Time) error {
	if !n.Kind.Valid() {
		return ailleurs.Refuse("member.unknown_kind", "kind")
	}
	if err := ailleurs.CheckName(n.Name, "name"); err != nil {
		return err
	}
	if n.Charter.IsZero() || n.Charter.After(at) {
		return ailleurs.Refuse("member.charter_not_signed", "charter")
	}
	if n.Siren != "" && !territory.ValidSIREN(n.Siren) {
		return ailleurs.Refuse("member.bad_siren", "siren")
	}
	if n.Siren == "" && n.Kind != ailleurs.Commune && n.Kind != ailleurs.EPCI {
		return ailleurs.Refuse("member.siren_needed", "siren")
	}
	t := a.cfg.Territory
	if t == nil {
		return nil
	}
	switch n.Kind {
	case ailleurs.Commune:
		if c, ok := t.Commune(n.Code); !ok || c.Code != n.Code {
			return ailleurs.Refuse("member.unknown_commune", "code")
		} else if n.Siren != "" && c.SIREN != "" && n.Siren != c.SIREN {
			return ailleurs.Refuse("member.siren_of_another", "siren")
		}
	case ailleurs.EPCI:
		if _, ok := t.EPCI(n.Code); !ok {
			return ailleurs.Refuse("member.unknown_epci", "code")
		}
		if n.Siren != "" && n.Siren != n.Code {
			return ailleurs.Refuse("member.siren_of_another", "siren")
		}
	case ailleurs.Departement:
		if _, ok := t.Departement(n.Code); !ok {
			return ailleurs.Refuse("member.unknown_departement", "code")
		}
	case ailleurs.Institution, ailleurs.Association:
		if c, ok := t.Commune(n.Code); !ok || c.Code != n.Code {
			return ailleurs.Refuse("member.unknown_commune", "code")
		}
		if _, ok := t.CommuneBySIREN(n.Siren); ok {
			return ailleurs.Refuse("member.siren_of_another", "siren")
		}
	}
	return nil
}

// ProposeMember asks that an organisation join; two coordinators sign (Approve), of whom the proposer may be one.
func (a *Alliance) ProposeMember(ctx context.Context, by ailleurs.Actor, n NewMember, at time.Time) (ailleurs.MemberID, ChangeID, error) {
	if err := by.Require(ailleurs.Coordinator); err != nil {
		return "", "", err
	}
	if err := a.checkMember(n, at); err != nil {
		return "", "", err
	}
	var member ailleurs.MemberID
	var change ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		member = ailleurs.NewID[ailleurs.MemberID]()
		if err := tx.Insert("member", n.row(member, at)); err != nil {
			return taken(err, "member.known", "code")
		}
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, Member: member, Code: n.Code}
		var err error
		if change, err = proposeEntry(tx, Accession, e, member, by.Agent, at); err != nil {
			return err
		}
		if err := tellApprovers(tx, member, []ailleurs.AgentID{by.Agent}, true, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "member.proposed", At: at, Actor: by.Agent, Member: member})
	})
	return member, change, err
}

// tellApprovers has those told whose signature a change awaits: the people of the member, and the coordinators where they
// alone count, or where the member has no two others.
func tellApprovers(tx *store.Tx, member ailleurs.MemberID, but []ailleurs.AgentID, guarding bool, at time.Time) error {
	colleagues, err := store.All[ailleurs.AgentID](tx, `SELECT DISTINCT r.agent_id FROM agent_role r JOIN agent a ON a.id = r.agent_id
		WHERE a.member_id = $1 AND r.member_id = $1 AND r.role <> 'guarantor' AND r.left_at IS NULL
		AND a.active_at IS NOT NULL AND a.revoked_at IS NULL ORDER BY r.agent_id`, member)
	if err != nil {
		return err
	}
	left := func(ids []ailleurs.AgentID) []ailleurs.AgentID {
		return slices.DeleteFunc(ids, func(id ailleurs.AgentID) bool { return slices.Contains(but, id) })
	}
	told := left(colleagues)
	if guarding {
		told = nil
	}
	if len(told) < ailleurs.RegisterApprovals {
		coordinators, err := store.All[ailleurs.AgentID](tx, `SELECT DISTINCT agent_id FROM agent_role
			WHERE role = 'coordinator' AND left_at IS NULL ORDER BY agent_id`)
		if err != nil {
			return err
		}
		told = append(told, left(coordinators)...)
	}
	for _, id := range told {
		if err := tell(tx, id, at); err != nil {
			return err
		}
	}
	return nil
}

// tell has an agent told that something awaits them.
func tell(tx *store.Tx, agent ailleurs.AgentID, at time.Time) error {
	return jobs.Schedule(tx, jobs.Job{Kind: "notice", Subject: string(agent), RunAt: at})
}

// Member returns one member, admitted or proposed.
func (a *Alliance) Member(ctx context.Context, id ailleurs.MemberID) (ailleurs.Member, error) {
	var m ailleurs.Member
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		m, err = memberOf(tx, id)
		return err
	})
	return m, err
}

// A MemberFilter chooses members; what is empty does not matter.
type MemberFilter struct {
	Text        string // words of the name, accents and case indifferent
	Kind        ailleurs.MemberKind
	Departement string // code; members whose code lies in it
	Callable    bool   // only those whose three posts are filled
	Limit       int    // at most; 0 means all
}

// Members lists the admitted members that f chooses, by name.
func (a *Alliance) Members(ctx context.Context, f MemberFilter) ([]ailleurs.Member, error) {
	var rows []memberRow
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = store.All[memberRow](tx, "SELECT "+memberColumns+` FROM member
			WHERE admitted_at IS NOT NULL AND suspended_at IS NULL`)
		return err
	})
	if err != nil {
		return nil, err
	}
	type folded struct {
		name   string
		member ailleurs.Member
	}
	var found []folded
	wanted := strings.Fields(territory.Fold(f.Text))
	for _, r := range rows {
		m := r.member()
		name := territory.Fold(m.Name)
		if f.Kind != "" && m.Kind != f.Kind || f.Callable && !m.Team.Complete() || f.Departement != "" && !a.lies(m, f.Departement) {
			continue
		}
		if slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(name, w) }) {
			continue
		}
		found = append(found, folded{name, m})
	}
	slices.SortFunc(found, func(x, y folded) int {
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return strings.Compare(string(x.member.ID), string(y.member.ID))
	})
	if f.Limit > 0 && len(found) > f.Limit {
		found = found[:f.Limit]
	}
	out := make([]ailleurs.Member, len(found))
	for i, x := range found {
		out[i] = x.member
	}
	return out, nil
}

// lies reports whether a member's places are in a département; an EPCI's are where its members' communes are, which is not
// asked here.
func (a *Alliance) lies(m ailleurs.Member, departement string) bool {
	switch m.Kind {
	case ailleurs.Departement:
		return m.Code == departement
	case ailleurs.EPCI:
		return false
	case ailleurs.Commune, ailleurs.Institution, ailleurs.Association:
	}
	return territory.DepartementOf(m.Code) == departement
}

// Presence counts the admitted members by the département of their code, for the public map.
func (a *Alliance) Presence(ctx context.Context) (map[string]int, error) {
	members, err := a.Members(ctx, MemberFilter{})
	if err != nil {
		return nil, err
	}
	out := make(map[string]int)
	for _, m := range members {
		switch m.Kind {
		case ailleurs.Departement:
			out[m.Code]++
		case ailleurs.Commune:
			out[territory.DepartementOf(m.Code)]++
		case ailleurs.EPCI, ailleurs.Institution, ailleurs.Association: // an institution's kind may itself be sensitive
		}
	}
	return out, nil
}
