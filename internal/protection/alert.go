package protection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// An Alarm is what makes an alert: how grave, and about which case if any.
type Alarm struct {
	Level ailleurs.AlertLevel
	Case  ailleurs.CaseID    // may be empty
	By    ailleurs.AgentID   // who raises it; empty when time does
	Also  []ailleurs.AgentID // told besides the call tree, at once: the host lead
}

// An Alert is one that rings, or rang.
type Alert struct {
	ID             ailleurs.AlertID
	Level          ailleurs.AlertLevel
	Test           bool
	Case           ailleurs.CaseID // empty for readers who have no part in it
	RaisedBy       ailleurs.AgentID
	RaisedAt       time.Time
	AcknowledgedBy ailleurs.AgentID // who is on it; empty while it rings
	AcknowledgedAt time.Time
	ClosedBy       ailleurs.AgentID
	ClosedAt       time.Time
	End            ailleurs.AlertEnd
	Rung           []Rung
	Next           time.Time // when the next officer is rung; zero when nobody will be
}

// A Rung is one person whom an alert has called.
type Rung struct {
	Agent ailleurs.AgentID `db:"agent_id"`
	Name  string           `db:"name"`
	At    time.Time        `db:"at"`
}

type alertRow struct {
	ID             ailleurs.AlertID    `db:"id"`
	Level          ailleurs.AlertLevel `db:"level"`
	Test           bool                `db:"test"`
	Case           ailleurs.CaseID     `db:"case_id,omitzero"`
	RaisedBy       ailleurs.AgentID    `db:"raised_by,omitzero"`
	RaisedAt       time.Time           `db:"raised_at"`
	Rings          int                 `db:"rings"`
	AcknowledgedBy ailleurs.AgentID    `db:"acknowledged_by,omitzero"`
	AcknowledgedAt time.Time           `db:"acknowledged_at,omitzero"`
	ClosedBy       ailleurs.AgentID    `db:"closed_by,omitzero"`
	ClosedAt       time.Time           `db:"closed_at,omitzero"`
	End            ailleurs.AlertEnd   `db:"ended,omitzero"`
}

const alertColumns = "id, level, test, case_id, raised_by, raised_at, rings, acknowledged_by, acknowledged_at, closed_by, closed_at, ended"

// The kinds of job of this package.
const (
	nextRing   = "alert.next_ring"
	weeklyTest = "alert.weekly_test"
)

// Handlers are the handlers of this package's jobs.
func (p *Protection) Handlers() jobs.Handlers {
	return jobs.Handlers{nextRing: p.ringNext, weeklyTest: p.test}
}

// Raise rings. With a case, by must be of its circle; without one, anyone signed in may.
func (p *Protection) Raise(ctx context.Context, by ailleurs.Actor, level ailleurs.AlertLevel, about ailleurs.CaseID, at time.Time) (ailleurs.AlertID, error) {
	return p.RaiseOnce(ctx, by, "", level, about, at)
}

// RaiseOnce is Raise for a form that may be sent twice: the same once (empty for none) leads to the same alert while that
// one is open. Once it is closed the form rings anew: a page kept from before must never stay silent.
func (p *Protection) RaiseOnce(ctx context.Context, by ailleurs.Actor, once string, level ailleurs.AlertLevel, about ailleurs.CaseID, at time.Time) (ailleurs.AlertID, error) {
	if by.Agent == "" {
		return "", ailleurs.RefuseAs(ailleurs.Unsigned, "session.none", "")
	}
	var id ailleurs.AlertID
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		raise := func() ([]byte, error) {
			id, err := p.raise(tx, by, level, about, at)
			return []byte(id), err
		}
		if once == "" || len(once) > 64 {
			rung, err := raise()
			id = ailleurs.AlertID(rung)
			return err
		}
		request := fmt.Sprintf("%d/%s", level, about)
		rung, again, err := tx.Once("alert/"+string(by.Agent)+"/"+once, []byte(request), at, raise)
		if id = ailleurs.AlertID(rung); err != nil || !again {
			return err
		}
		before, err := alertOf(tx, id)
		if err != nil || before.ClosedAt.IsZero() {
			return err
		}
		rung, err = raise()
		id = ailleurs.AlertID(rung)
		return err
	})
	return id, err
}

func (p *Protection) raise(tx *store.Tx, by ailleurs.Actor, level ailleurs.AlertLevel, about ailleurs.CaseID, at time.Time) (ailleurs.AlertID, error) {
	if about != "" {
		in, err := p.inCircle(tx, about, by.Agent)
		if err != nil {
			return "", err
		}
		if !in {
			return "", ailleurs.RefuseAs(ailleurs.NotFound, "case.unknown", "case")
		}
	}
	id, err := p.RaiseIn(tx, Alarm{Level: level, Case: about, By: by.Agent}, at)
	if err != nil {
		return "", err
	}
	return id, say(tx, journal.Event{Kind: "alert.raised", At: at, Actor: by.Agent, Member: by.Member, Case: about, Subject: string(id)})
}

func (p *Protection) inCircle(tx *store.Tx, id ailleurs.CaseID, agent ailleurs.AgentID) (bool, error) {
	if p.cfg.InCircle == nil {
		return false, nil
	}
	return p.cfg.InCircle(tx, id, agent)
}

// RaiseIn rings inside the caller's unit, whose own event comes after it and names what it wrote.
func (p *Protection) RaiseIn(tx *store.Tx, a Alarm, at time.Time) (ailleurs.AlertID, error) {
	if !a.Level.Valid() {
		return "", ailleurs.Refuse("alert.unknown_level", "level")
	}
	row := alertRow{ID: ailleurs.NewID[ailleurs.AlertID](), Level: a.Level, Case: a.Case, RaisedBy: a.By, RaisedAt: at}
	if err := tx.Insert("alert", row); err != nil {
		return "", err
	}
	also, err := p.beside(tx, a)
	if err != nil {
		return "", err
	}
	n := 0
	for _, agent := range also {
		if err := p.call(tx, row.ID, n, agent, "", at); err != nil {
			return "", err
		}
		n++
	}
	return row.ID, p.ringFrom(tx, row, n, "", at)
}

// beside lists those whom an alarm rings besides the call tree, each once, and never who raised it.
func (p *Protection) beside(tx *store.Tx, a Alarm) ([]ailleurs.AgentID, error) {
	also := slices.Clone(a.Also)
	if p.cfg.Beside != nil && a.Case != "" && a.Level >= ailleurs.ThreatAlert {
		more, err := p.cfg.Beside(tx, a.Case)
		if err != nil {
			return nil, err
		}
		also = append(also, more...)
	}
	slices.Sort(also)
	return slices.DeleteFunc(slices.Compact(also), func(id ailleurs.AgentID) bool { return id == a.By || id == "" }), nil
}

// ringFrom rings the next officer of the tree, or first the one named, and sees to the ring after it. Where nobody is on
// duty the coordinators are told.
func (p *Protection) ringFrom(tx *store.Tx, a alertRow, n int, first ailleurs.AgentID, at time.Time) error {
	tree, err := callTree(tx)
	if err != nil {
		return err
	}
	if len(tree) == 0 {
		if err := p.tell(tx, a, n, at); err != nil {
			return err
		}
		return tx.Set("alert", a.ID, store.Changes{"rings": a.Rings + 1})
	}
	return p.ringOne(tx, a, n, tree, first, a.Level.AcknowledgeWithin(), at)
}

// tell calls the coordinators whom the alert has not called yet.
func (p *Protection) tell(tx *store.Tx, a alertRow, n int, at time.Time) error {
	coordinators, err := store.All[ailleurs.AgentID](tx, `SELECT DISTINCT agent_id FROM agent_role
		WHERE role = 'coordinator' AND left_at IS NULL AND agent_id NOT IN (SELECT agent_id FROM alert_ring WHERE alert_id = $1)
		ORDER BY agent_id`, a.ID)
	if err != nil {
		return err
	}
	for i, c := range coordinators {
		if err := p.call(tx, a.ID, n+i, c, "", at); err != nil {
			return err
		}
	}
	return nil
}

// ringOne rings the next officer of a tree, or first the one named, and sees to what follows when they have not answered
// after a while.
func (p *Protection) ringOne(tx *store.Tx, a alertRow, n int, tree []officerRow, first ailleurs.AgentID, after time.Duration, at time.Time) error {
	agent := first
	if agent == "" {
		officers := make([]ailleurs.Officer, len(tree))
		for i, o := range tree {
			officers[i] = o.officer()
		}
		agent, _ = ailleurs.NextOfficer(officers, a.Rings, at)
	}
	line := ""
	if i := slices.IndexFunc(tree, func(o officerRow) bool { return o.Agent == agent }); i >= 0 {
		line = tree[i].Line
	}
	if err := p.call(tx, a.ID, n, agent, line, at); err != nil {
		return err
	}
	if err := tx.Set("alert", a.ID, store.Changes{"rings": a.Rings + 1}); err != nil {
		return err
	}
	return jobs.Schedule(tx, jobs.Job{Kind: nextRing, Subject: string(a.ID), RunAt: at.Add(after)})
}

// call notes that an agent is called: a notice at once, and their line if they have one.
func (p *Protection) call(tx *store.Tx, id ailleurs.AlertID, n int, agent ailleurs.AgentID, line string, at time.Time) error {
	if err := tx.Insert("alert_ring", store.Changes{"alert_id": id, "n": n, "agent_id": agent, "at": at}); err != nil {
		return err
	}
	if line != "" {
		if _, err := tx.Exec("INSERT INTO ring_waiting (alert_id, n, line, next_at, tries) VALUES ($1, $2, $3, $4, 0)", id, n, line, at); err != nil {
			return err
		}
	}
	return jobs.Schedule(tx, jobs.Job{
		Kind: "notice", Subject: string(agent), Key: "notice/alert/" + string(agent), RunAt: at, Detail: map[string]string{"about": "alert"},
	})
}

func rungSoFar(tx *store.Tx, id ailleurs.AlertID) (int, error) {
	var n int
	err := tx.QueryRow("SELECT count(*) FROM alert_ring WHERE alert_id = $1", id).Scan(&n)
	return n, err
}

// ringNext is the job that rings the next officer when nobody has acknowledged in time. After two rounds of the whole tree the
// coordinators are told and the pace slows; after three days the phones stop, and the alert stays open on every screen.
func (p *Protection) ringNext(tx *store.Tx, at time.Time, job jobs.Due) error {
	if err := tx.Bump("alert", job.Subject); err != nil {
		return err
	}
	a, err := alertOf(tx, ailleurs.AlertID(job.Subject))
	if err != nil {
		return err
	}
	if !a.ClosedAt.IsZero() || !a.AcknowledgedAt.IsZero() {
		return nil
	}
	if a.Test {
		return p.unheard(tx, a, at)
	}
	tree, err := callTree(tx)
	if err != nil {
		return err
	}
	tell, on, after := a.Level.RingOn(len(tree), a.Rings, at.Sub(a.RaisedAt))
	if tell {
		n, err := rungSoFar(tx, a.ID)
		if err != nil {
			return err
		}
		if err := p.tell(tx, a, n, at); err != nil {
			return err
		}
	}
	if !on || len(tree) == 0 {
		return say(tx, journal.Event{Kind: "alert.unanswered", At: at, Case: a.Case, Subject: string(a.ID)})
	}
	n, err := rungSoFar(tx, a.ID)
	if err != nil {
		return err
	}
	if err := p.ringOne(tx, a, n, tree, "", after, at); err != nil {
		return err
	}
	return say(tx, journal.Event{Kind: "alert.rung_on", At: at, Case: a.Case, Subject: string(a.ID)})
}

func alertOf(tx *store.Tx, id ailleurs.AlertID) (alertRow, error) {
	a, err := store.One[alertRow](tx, "SELECT "+alertColumns+" FROM alert WHERE id = $1", id)
	if errors.Is(err, store.ErrNotFound) {
		return a, ailleurs.RefuseAs(ailleurs.NotFound, "alert.unknown", "alert")
	}
	return a, err
}

// concerned finds an alert for a duty officer or whoever it has rung, and locks it.
func (p *Protection) concerned(tx *store.Tx, by ailleurs.Actor, id ailleurs.AlertID) (alertRow, error) {
	unknown := ailleurs.RefuseAs(ailleurs.NotFound, "alert.unknown", "alert")
	if err := tx.Bump("alert", id); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return alertRow{}, unknown
		}
		return alertRow{}, err
	}
	a, err := alertOf(tx, id)
	if err != nil || by.Is(ailleurs.DutyOfficer) {
		return a, err
	}
	var rung int
	if err := tx.QueryRow("SELECT count(*) FROM alert_ring WHERE alert_id = $1 AND agent_id = $2", id, by.Agent).Scan(&rung); err != nil {
		return a, err
	}
	if rung == 0 {
		return a, unknown
	}
	return a, nil
}

// open refuses what is done with a closed alert.
func (a alertRow) open() error {
	if !a.ClosedAt.IsZero() {
		return ailleurs.RefuseAs(ailleurs.Conflict, "alert.closed", "alert")
	}
	return nil
}

// Acknowledge says that the actor is on it; the phones stop. Who comes second learns that someone else is
// (alert.acknowledged, Conflict). A test ends with it.
func (p *Protection) Acknowledge(ctx context.Context, by ailleurs.Actor, id ailleurs.AlertID, at time.Time) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		a, err := p.concerned(tx, by, id)
		if err == nil {
			err = a.open()
		}
		if err != nil {
			return err
		}
		if !a.AcknowledgedAt.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "alert.acknowledged", "alert")
		}
		done := store.Changes{"acknowledged_by": by.Agent, "acknowledged_at": at}
		if a.Test {
			done["closed_by"], done["closed_at"], done["ended"] = by.Agent, at, ailleurs.TestHeard
		}
		if err := tx.Set("alert", id, done); err != nil {
			return err
		}
		if err := silence(tx, id); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "alert.acknowledged", At: at, Actor: by.Agent, Member: by.Member, Case: a.Case, Subject: string(id)})
	})
}

// silence stops what rings.
func silence(tx *store.Tx, id ailleurs.AlertID) error {
	if _, err := tx.Exec("DELETE FROM ring_waiting WHERE alert_id = $1", id); err != nil {
		return err
	}
	return jobs.Cancel(tx, nextRing, string(id))
}

// HandOver gives the alert to another duty officer: their phone rings, and the tree after them, until someone
// acknowledges. Only who is on it hands it over, or a duty officer while it rings.
func (p *Protection) HandOver(ctx context.Context, by ailleurs.Actor, id ailleurs.AlertID, to ailleurs.AgentID, at time.Time) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		a, err := p.held(tx, by, id)
		if err != nil {
			return err
		}
		tree, err := callTree(tx)
		if err != nil {
			return err
		}
		if to == by.Agent || !slices.ContainsFunc(tree, func(o officerRow) bool { return o.Agent == to }) {
			return ailleurs.Refuse("alert.not_on_duty", "to")
		}
		if err := silence(tx, id); err != nil {
			return err
		}
		if err := tx.Set("alert", id, store.Changes{"acknowledged_by": nil, "acknowledged_at": nil}); err != nil {
			return err
		}
		n, err := rungSoFar(tx, id)
		if err != nil {
			return err
		}
		a.Rings = 0 // the rounds begin anew
		if err := p.ringFrom(tx, a, n, to, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "alert.handed_over", At: at, Actor: by.Agent, Member: by.Member, Case: a.Case, Subject: string(id)})
	})
}

// held finds an alert that the actor may act on: theirs, or one that nobody has.
func (p *Protection) held(tx *store.Tx, by ailleurs.Actor, id ailleurs.AlertID) (alertRow, error) {
	a, err := p.concerned(tx, by, id)
	if err == nil {
		err = a.open()
	}
	if err == nil && a.AcknowledgedBy != by.Agent && (a.AcknowledgedBy != "" || !by.Is(ailleurs.DutyOfficer)) {
		err = ailleurs.RefuseAs(ailleurs.Forbidden, "alert.not_yours", "alert")
	}
	return a, err
}

// Close ends an alert that the actor is on, or that nobody is. The end is one of ailleurs.AlertEnds.
func (p *Protection) Close(ctx context.Context, by ailleurs.Actor, id ailleurs.AlertID, end ailleurs.AlertEnd, at time.Time) error {
	if !slices.Contains(ailleurs.AlertEnds, end) {
		return ailleurs.Refuse("alert.unknown_end", "end")
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		a, err := p.held(tx, by, id)
		if err != nil {
			return err
		}
		if err := tx.Set("alert", id, store.Changes{"closed_by": by.Agent, "closed_at": at, "ended": end}); err != nil {
			return err
		}
		if err := silence(tx, id); err != nil {
			return err
		}
		return say(tx, journal.Event{
			Kind: "alert.closed", At: at, Actor: by.Agent, Member: by.Member, Case: a.Case, Subject: string(id),
			Detail: map[string]string{"end": string(end)},
		})
	})
}

// Alerts lists the open alerts that the actor may see, the gravest first: all for a duty officer, their own rings and
// those they raised for others.
func (p *Protection) Alerts(ctx context.Context, by ailleurs.Actor) ([]Alert, error) {
	var out []Alert
	err := p.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := store.All[alertRow](tx, "SELECT "+alertColumns+` FROM alert WHERE closed_at IS NULL
			ORDER BY level DESC, raised_at, id`)
		if err != nil {
			return err
		}
		for _, a := range rows {
			shown, may, err := p.show(tx, a, by)
			if err != nil {
				return err
			}
			if may {
				out = append(out, shown)
			}
		}
		return nil
	})
	return out, err
}

// RingsFor returns the gravest alert that rings for the actor now: one that rang them, or any for a duty officer; empty
// when none does.
func (p *Protection) RingsFor(ctx context.Context, by ailleurs.Actor) (ailleurs.AlertID, error) {
	text := `SELECT a.id FROM alert a WHERE a.closed_at IS NULL AND a.acknowledged_at IS NULL`
	var args []any
	if !by.Is(ailleurs.DutyOfficer) {
		text += " AND EXISTS (SELECT 1 FROM alert_ring r WHERE r.alert_id = a.id AND r.agent_id = $1)"
		args = append(args, by.Agent)
	}
	var ids []ailleurs.AlertID
	err := p.db.View(ctx, func(tx *store.Tx) error {
		var err error
		ids, err = store.All[ailleurs.AlertID](tx, text+" ORDER BY a.level DESC, a.raised_at, a.id LIMIT 1", args...)
		return err
	})
	if err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// Alert returns one alert, open or closed, under the same rule.
func (p *Protection) Alert(ctx context.Context, by ailleurs.Actor, id ailleurs.AlertID) (Alert, error) {
	var out Alert
	err := p.db.View(ctx, func(tx *store.Tx) error {
		a, err := alertOf(tx, id)
		if err != nil {
			return err
		}
		shown, may, err := p.show(tx, a, by)
		if err == nil && !may {
			err = ailleurs.RefuseAs(ailleurs.NotFound, "alert.unknown", "alert")
		}
		out = shown
		return err
	})
	return out, err
}

func (p *Protection) show(tx *store.Tx, a alertRow, by ailleurs.Actor) (Alert, bool, error) {
	out := Alert{
		ID: a.ID, Level: a.Level, Test: a.Test, RaisedBy: a.RaisedBy, RaisedAt: a.RaisedAt, AcknowledgedBy: a.AcknowledgedBy,
		AcknowledgedAt: a.AcknowledgedAt, ClosedBy: a.ClosedBy, ClosedAt: a.ClosedAt, End: a.End,
	}
	var err error
	if out.Rung, err = store.All[Rung](tx, `SELECT r.agent_id, g.name, r.at FROM alert_ring r JOIN agent g ON g.id = r.agent_id
		WHERE r.alert_id = $1 ORDER BY r.n`, a.ID); err != nil {
		return out, false, err
	}
	if out.Next, err = jobs.When(tx, nextRing, string(a.ID)); err != nil {
		return out, false, err
	}
	may := by.Is(ailleurs.DutyOfficer) || by.Agent != "" && a.RaisedBy == by.Agent ||
		slices.ContainsFunc(out.Rung, func(r Rung) bool { return r.Agent == by.Agent })
	if a.Case != "" && may {
		in, err := p.inCircle(tx, a.Case, by.Agent)
		if err != nil {
			return out, false, err
		}
		if in {
			out.Case = a.Case
		}
	}
	return out, may, nil
}
