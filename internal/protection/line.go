package protection

import (
	"context"
	"fmt"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Line is one line of the call tree: a duty officer and how to reach them.
type Line struct {
	Agent  ailleurs.AgentID
	Name   string
	Line   string // what the duty command or hook is given; empty: only a notice reaches them
	Absent bool
}

type officerRow struct {
	Agent  ailleurs.AgentID `db:"agent_id"`
	Name   string           `db:"name"`
	Line   string           `db:"line"`
	From   time.Time        `db:"absent_from"`
	Until  time.Time        `db:"absent_until"`
	Deputy ailleurs.AgentID `db:"deputy_id"`
	Place  int              `db:"place"`
}

func (o officerRow) officer() ailleurs.Officer {
	return ailleurs.Officer{Agent: o.Agent, Absence: ailleurs.Absence{From: o.From, Until: o.Until, Deputy: o.Deputy}}
}

// callTree lists the duty officers who can act now, those without a line last.
func callTree(tx *store.Tx) ([]officerRow, error) {
	return store.All[officerRow](tx, `SELECT DISTINCT r.agent_id, a.name, coalesce(l.line, '') AS line, a.absent_from, a.absent_until,
		a.deputy_id, coalesce(l.place, 1000000) AS place
		FROM agent_role r JOIN agent a ON a.id = r.agent_id LEFT JOIN duty_line l ON l.agent_id = a.id
		WHERE r.role = 'duty' AND r.left_at IS NULL AND a.active_at IS NOT NULL AND a.revoked_at IS NULL
		ORDER BY place, r.agent_id`)
}

// Lines returns the call tree in its order.
func (p *Protection) Lines(ctx context.Context, by ailleurs.Actor, at time.Time) ([]Line, error) {
	if !by.Is(ailleurs.Coordinator) && !by.Is(ailleurs.DutyOfficer) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "actor.role_needed", "", "role", string(ailleurs.DutyOfficer))
	}
	var out []Line
	err := p.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		tree, err := callTree(tx)
		for _, o := range tree {
			out = append(out, Line{o.Agent, o.Name, o.Line, o.officer().Absence.Covers(at)})
		}
		return err
	})
	return out, err
}

// Takers lists the duty officers to whom the actor can hand an alert over, in the order of the call tree, without their
// lines; whoever the alert does not concern is refused as by HandOver.
func (p *Protection) Takers(ctx context.Context, by ailleurs.Actor, id ailleurs.AlertID, at time.Time) ([]Line, error) {
	if _, err := p.Alert(ctx, by, id); err != nil {
		return nil, err
	}
	var out []Line
	err := p.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		tree, err := callTree(tx)
		for _, o := range tree {
			if o.Agent != by.Agent {
				out = append(out, Line{Agent: o.Agent, Name: o.Name, Absent: o.officer().Absence.Covers(at)})
			}
		}
		return err
	})
	return out, err
}

// SetLines puts the call tree in order: a coordinator. Every duty officer is named once; a line holds up to 64 letters,
// digits and + - . _ @ signs, so that it is safe as an argument of any command.
func (p *Protection) SetLines(ctx context.Context, by ailleurs.Actor, lines []Line, at time.Time) error {
	if err := by.Require(ailleurs.Coordinator); err != nil {
		return err
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		tree, err := callTree(tx)
		if err != nil {
			return err
		}
		if len(tree) != len(lines) {
			return ailleurs.Refuse("alert.every_officer_once", "lines")
		}
		known := make(map[ailleurs.AgentID]bool)
		for _, o := range tree {
			known[o.Agent] = true
		}
		if _, err := tx.DeleteWhere("duty_line", "place >= $1", 0); err != nil {
			return err
		}
		for i, l := range lines {
			field := fmt.Sprintf("lines[%d]", i)
			if !known[l.Agent] {
				return ailleurs.Refuse("alert.every_officer_once", field)
			}
			delete(known, l.Agent)
			if !validLine(l.Line) {
				return ailleurs.Refuse("alert.bad_line", field)
			}
			if err := tx.Insert("duty_line", store.Changes{"agent_id": l.Agent, "place": i, "line": l.Line}); err != nil {
				return err
			}
		}
		return say(tx, journal.Event{Kind: "alert.lines_set", At: at, Actor: by.Agent, Member: by.Member})
	})
}

func validLine(s string) bool {
	if s == "" || len(s) > 64 || strings.HasPrefix(s, "-") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("+-._@", r)
	})
}
