package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
)

var alertPage = newPage[alertView]("alerte")

// alertView is where someone raises an alert: the emergency numbers first, then the ring.
type alertView struct {
	Mark     string // of the case it is about; empty without one
	Action   string
	Once     string
	Level    Field
	Problems []Problem
	Open     []alertCard // those under way that the viewer has a part in
}

// levels are the alert levels, the gravest first.
var levels = []ailleurs.AlertLevel{ailleurs.ImminentNow, ailleurs.ThreatAlert, ailleurs.CallBack}

// alarms is who rings; a hub without it has no such page.
func (s *Server) alarms() (*protection.Protection, error) {
	if s.cfg.Protection == nil {
		return nil, notFound()
	}
	return s.cfg.Protection, nil
}

// alert shows the form, with or without a case.
func (s *Server) alert(w http.ResponseWriter, r *http.Request) error {
	v, err := s.alertForm(r)
	if err != nil {
		return err
	}
	return show(s, w, r, alertPage, v)
}

func (s *Server) alertForm(r *http.Request) (alertView, error) {
	p, err := s.alarms()
	if err != nil {
		return alertView{}, err
	}
	v := alertView{Action: "/alerte", Once: newOnce()}
	if id := ailleurs.CaseID(r.PathValue("id")); id != "" {
		if !ailleurs.ValidID(id) {
			return v, notFound()
		}
		v.Mark, v.Action = string(id[:5]), "/dossiers/"+string(id)+"/alerte"
	}
	say := s.voices[visitOf(r).lang].say
	v.Level = Field{Name: "level", Label: "alerte.level", Kind: "radio"}
	for _, l := range levels {
		value := strconv.Itoa(int(l))
		v.Level.Options = append(v.Level.Options, Option{value, say("alerte.level_" + value), r.PostFormValue("level") == value})
	}
	open, err := p.Alerts(r.Context(), viewer(r).Actor)
	if err != nil {
		return v, err
	}
	v.Open, err = s.alertCards(r, open)
	return v, err
}

// raise rings.
func (s *Server) raise(w http.ResponseWriter, r *http.Request) error {
	p, err := s.alarms()
	if err != nil {
		return err
	}
	level, err := strconv.Atoi(r.PostFormValue("level"))
	if err != nil {
		level = 0 // no level: refused by the rule
	}
	id, err := p.RaiseOnce(r.Context(), viewer(r).Actor, r.PostFormValue("once"), ailleurs.AlertLevel(level), ailleurs.CaseID(r.PathValue("id")), at(r))
	if err != nil {
		v, formErr := s.alertForm(r)
		if formErr != nil {
			return formErr
		}
		problems, ok := s.problem(visitOf(r).lang, err, &v.Level)
		if !ok {
			return err
		}
		v.Problems = problems
		return showAs(s, w, r, http.StatusUnprocessableEntity, alertPage, v)
	}
	return redirect(w, r, "/astreinte/"+string(id), "alerte.rings")
}

// An alertCard is one alert on screen, and what the viewer may do about it. It never says what an alert is about: the case
// opens from it for those who have a part in that case.
type alertCard struct {
	ID       ailleurs.AlertID
	Level    ailleurs.AlertLevel
	Test     bool
	Case     ailleurs.CaseID
	Mark     string
	RaisedBy string // name; empty when time did
	RaisedAt time.Time
	Ringing  bool
	Next     *Clock // when the next officer is rung
	Quiet    bool   // nobody has answered, and no phone rings any more
	On       string // name of who is on it; empty while it rings
	OnAt     time.Time
	Mine     bool
	ClosedAt time.Time
	End      ailleurs.AlertEnd
	Rung     []rungLine
	MayTake  bool
	MayRun   bool // hand over, close
	Takers   []Option
	Ends     []Option
}

// rungLine is one person whom an alert has called, how often, and when last.
type rungLine struct {
	Name  string
	Times int
	Last  time.Time
}

// rungLines gathers the calls of each person, in the order in which they were first called.
func rungLines(rung []protection.Rung) []rungLine {
	var out []rungLine
	place := make(map[ailleurs.AgentID]int)
	for _, r := range rung {
		i, ok := place[r.Agent]
		if !ok {
			i = len(out)
			place[r.Agent] = i
			out = append(out, rungLine{Name: r.Name})
		}
		out[i].Times++
		out[i].Last = r.At
	}
	return out
}

// Gravest reports whether the numbers to call stand above the alert.
func (c alertCard) Gravest() bool { return c.Level == ailleurs.ImminentNow && !c.Test }

func (s *Server) alertCards(r *http.Request, alerts []protection.Alert) ([]alertCard, error) {
	names, err := s.alertNames(r.Context(), alerts)
	if err != nil {
		return nil, err
	}
	out := make([]alertCard, len(alerts))
	for i, a := range alerts {
		if out[i], err = s.alertCard(r, a, names); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Server) alertCard(r *http.Request, a protection.Alert, names map[ailleurs.AgentID]string) (alertCard, error) {
	me := viewer(r)
	c := alertCard{
		ID: a.ID, Level: a.Level, Test: a.Test, Case: a.Case, Mark: string(a.Case[:min(5, len(a.Case))]), RaisedBy: names[a.RaisedBy],
		RaisedAt: a.RaisedAt, On: names[a.AcknowledgedBy], OnAt: a.AcknowledgedAt, Mine: a.AcknowledgedBy == me.Agent,
		ClosedAt: a.ClosedAt, End: a.End, Rung: rungLines(a.Rung),
	}
	c.Ringing = a.ClosedAt.IsZero() && a.AcknowledgedAt.IsZero()
	duty := me.Is(ailleurs.DutyOfficer)
	rung := slices.ContainsFunc(a.Rung, func(x protection.Rung) bool { return x.Agent == me.Agent })
	c.MayTake = c.Ringing && (duty || rung)
	c.MayRun = !a.Test && a.ClosedAt.IsZero() && (c.Mine || c.Ringing && duty)
	if c.Ringing && !a.Test {
		if c.Quiet = c.MayTake && a.Next.IsZero(); !a.Next.IsZero() && duty {
			next := HoursUntil(a.Next, at(r))
			c.Next = &next
		}
	}
	if !c.MayRun {
		return c, nil
	}
	say := s.voices[visitOf(r).lang].say
	for _, end := range ailleurs.AlertEnds {
		c.Ends = append(c.Ends, Option{Value: string(end), Label: say("alert_end." + string(end))})
	}
	takers, err := s.cfg.Protection.Takers(r.Context(), me.Actor, a.ID, at(r))
	for _, t := range takers {
		name := t.Name
		if t.Absent {
			name = say("astreinte.away", "name", t.Name)
		}
		c.Takers = append(c.Takers, Option{Value: string(t.Agent), Label: name})
	}
	return c, err
}

// alertNames names those who raised alerts and those who took them: whoever is concerned must be able to call them.
func (s *Server) alertNames(ctx context.Context, alerts []protection.Alert) (map[ailleurs.AgentID]string, error) {
	names := make(map[ailleurs.AgentID]string)
	var unknown []ailleurs.AgentID
	for _, a := range alerts {
		for _, x := range a.Rung {
			names[x.Agent] = x.Name
		}
	}
	for _, a := range alerts {
		for _, id := range []ailleurs.AgentID{a.RaisedBy, a.AcknowledgedBy} {
			if id != "" && names[id] == "" && !slices.Contains(unknown, id) {
				unknown = append(unknown, id)
			}
		}
	}
	if len(unknown) == 0 || s.cfg.Alliance == nil {
		return names, nil
	}
	keys, err := s.cfg.Alliance.Keys(ctx, unknown)
	for _, k := range keys {
		names[k.Agent] = k.Name
	}
	return names, err
}

// danger returns where a page leads when someone is in danger: to the alert for those who can raise one, else to the
// numbers alone; and the alert that rings for the viewer, unless they look at it or at the list of them.
func (s *Server) danger(r *http.Request, v *visit) (page, rings string) {
	if s.cfg.Protection == nil || v.viewer.Agent == "" || v.viewer.Pending {
		return "/urgence", ""
	}
	if here(r.URL.Path, "/astreinte") {
		return "/alerte", ""
	}
	id, err := s.cfg.Protection.RingsFor(r.Context(), v.viewer.Actor)
	if err != nil {
		s.fault(r, err) // the page is shown all the same
	}
	if id != "" {
		rings = "/astreinte/" + string(id)
	}
	return "/alerte", rings
}
