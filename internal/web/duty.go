package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var (
	dutyPage    = newPage[dutyView]("astreinte")
	ringingPage = newPage[ringingView]("sonnerie")
)

// dutyView is what duty officers watch: what rings, what someone is on, the call tree and its weekly test.
type dutyView struct {
	First    *alertCard  // the gravest that rings, full screen
	Ringing  []alertCard // the others
	Taken    []alertCard
	Tree     []treeRow
	Silent   bool      // nothing makes the phones ring
	Tests    time.Time // when the phones are next tried
	Order    []orderRow
	Problems []Problem
	Mark     string // of what rings and who is on what: another one, another page
}

// lookAgain is how often the page looks whether something rings.
const lookAgain = 20 * time.Second

// again is part of [refreshing]: without a script the browser itself asks.
func (v dutyView) again() (after time.Duration, address string) {
	return lookAgain, "/astreinte?veille"
}

// mark sums up what rings and who is on what.
func (v dutyView) mark() string {
	var b strings.Builder
	for _, c := range slices.Concat(v.Ringing, v.Taken) {
		fmt.Fprintln(&b, c.ID, c.Ringing, c.On, len(c.Rung))
	}
	if v.First != nil {
		fmt.Fprintln(&b, v.First.ID, len(v.First.Rung))
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// treeRow is one officer of the call tree, in its order.
type treeRow struct {
	Name    string
	Self    bool
	Absent  bool
	NoLine  bool
	Tried   time.Time // of the last weekly test; zero before the first
	Outcome string    // key
}

// orderRow is one officer of the form that puts the tree in order.
type orderRow struct {
	Agent ailleurs.AgentID
	Name  string
	Place Field
	Line  Field
}

// duty shows it.
func (s *Server) duty(w http.ResponseWriter, r *http.Request) error {
	v, err := s.dutyOf(r)
	if err != nil {
		return err
	}
	v.Mark = v.mark()
	if wantsJSON(r) {
		sendJSON(w, r, http.StatusOK, map[string]string{"mark": v.Mark})
		return nil
	}
	return show(s, w, r, dutyPage, v)
}

func (s *Server) dutyOf(r *http.Request) (dutyView, error) {
	v := dutyView{Tests: ailleurs.TestRing(at(r), territory.Paris())}
	p, err := s.alarms()
	if err != nil {
		return v, err
	}
	v.Silent = !p.CanRing()
	me := viewer(r)
	open, err := p.Alerts(r.Context(), me.Actor)
	if err != nil {
		return v, err
	}
	cards, err := s.alertCards(r, open)
	if err != nil {
		return v, err
	}
	for _, c := range cards {
		if c.Ringing && v.First == nil {
			v.First = &c
		} else if c.Ringing {
			v.Ringing = append(v.Ringing, c)
		} else {
			v.Taken = append(v.Taken, c)
		}
	}
	lines, err := p.Lines(r.Context(), me.Actor, at(r))
	if err != nil {
		return v, err
	}
	tests, err := p.Tests(r.Context(), me.Actor)
	if err != nil {
		return v, err
	}
	for i, l := range lines {
		row := treeRow{Name: l.Name, Self: l.Agent == me.Agent, Absent: l.Absent, NoLine: l.Line == ""}
		for _, t := range tests {
			if t.Rung[0].Agent == l.Agent {
				row.Tried, row.Outcome = t.RaisedAt, testOutcome(t)
			}
		}
		v.Tree = append(v.Tree, row)
		if me.Is(ailleurs.Coordinator) {
			v.Order = append(v.Order, orderOf(l, strconv.Itoa(i+1), l.Line))
		}
	}
	return v, nil
}

// testOutcome is the key of how a weekly test ended.
func testOutcome(t protection.Alert) string {
	switch {
	case t.ClosedAt.IsZero():
		return "astreinte.test_rings"
	case t.End == ailleurs.TestHeard:
		return "astreinte.test_heard"
	}
	return "astreinte.test_unheard"
}

func orderOf(l protection.Line, place, line string) orderRow {
	id := string(l.Agent)
	return orderRow{
		Agent: l.Agent, Name: l.Name,
		Place: Field{Name: "rang-" + id, Label: "astreinte.place", Kind: "number", Value: place, Inputmode: "numeric"},
		Line:  Field{Name: "ligne-" + id, Label: "astreinte.line", Hint: "astreinte.line_hint", Value: line, Max: 64, Autocomplete: "off"},
	}
}

// orderTree takes the call tree as a coordinator wrote it: places are sorted, equal ones keep their present order.
func (s *Server) orderTree(w http.ResponseWriter, r *http.Request) error {
	v, err := s.dutyOf(r)
	if err != nil {
		return err
	}
	for i := range v.Order {
		o := &v.Order[i]
		o.Place.Value, o.Line.Value = r.PostFormValue(o.Place.Name), strings.TrimSpace(r.PostFormValue(o.Line.Name))
	}
	slices.SortStableFunc(v.Order, func(a, b orderRow) int { return cmp.Compare(placeOf(a), placeOf(b)) })
	lines := make([]protection.Line, len(v.Order))
	for i, o := range v.Order {
		lines[i] = protection.Line{Agent: o.Agent, Line: o.Line.Value}
	}
	err = s.cfg.Protection.SetLines(r.Context(), viewer(r).Actor, lines, at(r))
	if err == nil {
		return redirect(w, r, "/astreinte", "astreinte.ordered")
	}
	// The rule names the line by its place in the list; the form, by its officer.
	fields := make([]*Field, len(v.Order))
	if refusal := ailleurs.AsRefusal(err); refusal != nil {
		told := *refusal
		for i := range v.Order {
			fields[i] = &v.Order[i].Line
			if told.Field == "lines["+strconv.Itoa(i)+"]" {
				told.Field = fields[i].Name
			}
		}
		err = &told
	}
	problems, ok := s.problem(visitOf(r).lang, err, fields...)
	if !ok {
		return err
	}
	v.Problems = problems
	return showAs(s, w, r, http.StatusUnprocessableEntity, dutyPage, v)
}

// placeOf reads a place; what is no number comes last.
func placeOf(o orderRow) int {
	n, err := strconv.Atoi(o.Place.Value)
	if err != nil {
		return 1 << 20
	}
	return n
}

// ringingView is one alert, full screen.
type ringingView struct {
	Alert    alertCard
	Duty     bool // the viewer may go back to the list
	Problems []Problem
}

// ringing shows one alert to whoever it concerns.
func (s *Server) ringing(w http.ResponseWriter, r *http.Request) error {
	v, err := s.ringingOf(r)
	if err != nil {
		return err
	}
	return show(s, w, r, ringingPage, v)
}

func (s *Server) ringingOf(r *http.Request) (ringingView, error) {
	me := viewer(r)
	v := ringingView{Duty: me.Is(ailleurs.DutyOfficer) || me.Is(ailleurs.Coordinator)}
	p, err := s.alarms()
	if err != nil {
		return v, err
	}
	a, err := p.Alert(r.Context(), me.Actor, ailleurs.AlertID(r.PathValue("id")))
	if err != nil {
		return v, err
	}
	cards, err := s.alertCards(r, []protection.Alert{a})
	if err != nil {
		return v, err
	}
	v.Alert = cards[0]
	return v, nil
}

// takeAlert says that the viewer is on it. Who comes second sees who was first.
func (s *Server) takeAlert(w http.ResponseWriter, r *http.Request) error {
	return s.onAlert(w, r, "astreinte.taken", func(p *protection.Protection, id ailleurs.AlertID) error {
		return p.Acknowledge(r.Context(), viewer(r).Actor, id, at(r))
	})
}

// passAlert hands the alert over to another officer.
func (s *Server) passAlert(w http.ResponseWriter, r *http.Request) error {
	return s.onAlert(w, r, "astreinte.passed", func(p *protection.Protection, id ailleurs.AlertID) error {
		return p.HandOver(r.Context(), viewer(r).Actor, id, ailleurs.AgentID(r.PostFormValue("to")), at(r))
	})
}

// closeAlert ends it.
func (s *Server) closeAlert(w http.ResponseWriter, r *http.Request) error {
	return s.onAlert(w, r, "astreinte.closed", func(p *protection.Protection, id ailleurs.AlertID) error {
		return p.Close(r.Context(), viewer(r).Actor, id, ailleurs.AlertEnd(r.PostFormValue("end")), at(r))
	})
}

// onAlert does something about the alert of the path and shows it again: as it is now, with what stood in the way.
func (s *Server) onAlert(w http.ResponseWriter, r *http.Request, said string, do func(*protection.Protection, ailleurs.AlertID) error) error {
	p, err := s.alarms()
	if err != nil {
		return err
	}
	id := ailleurs.AlertID(r.PathValue("id"))
	err = do(p, id)
	if err == nil {
		return redirect(w, r, "/astreinte/"+string(id), said)
	}
	problems, ok := s.problem(visitOf(r).lang, err)
	if !ok {
		return err
	}
	v, shown := s.ringingOf(r)
	if shown != nil {
		return shown
	}
	v.Problems = problems
	return showAs(s, w, r, statusOf(ailleurs.AsRefusal(err).Kind), ringingPage, v)
}
