package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var newCasePage = newPage[draftView]("dossier-nouveau")

// draftView is the form of a case: the card from lists alone, then what is sealed to fewer and fewer people.
type draftView struct {
	ID         ailleurs.CaseID // empty for a new one
	Op         string          // what seals it
	Action     string
	Members    []memberFields
	Housing    []Option
	Speeds     []Option
	Support    []Option
	Regions    []Option
	Places     []Option // départements
	Papers     []Option
	Authority  []Option
	Agreements []Option
	Second     []Option
	Signatory  []Option
	Page       sealedPage
}

// memberFields are one line of the household.
type memberFields struct {
	N     int // from 0, as the form's names count
	Ages  []Option
	Jobs  []Option
	Level []Option
}

// Nth counts the line as people do.
func (m memberFields) Nth() int { return m.N + 1 }

// sealedPage is what a page hands to the sealing script: a dossier or a thread, and whose keys to seal to.
type sealedPage struct {
	Dossier *relocation.CaseView         `json:"dossier,omitempty"`
	Thread  *relocation.ThreadView       `json:"thread,omitempty"`
	Places  []place                      `json:"places,omitempty"`
	People  []person                     `json:"people,omitempty"`
	Other   *person                      `json:"other,omitempty"`  // the other lead of the call of three
	Offers  []relocation.OwnOffer        `json:"offers,omitempty"` // the answering member's own
	Towns   map[ailleurs.MemberID]string `json:"towns,omitempty"`  // names of members that only the reader's machine may choose from
}

// householdLines is how many people the form has lines for.
const householdLines = 6

// newCase shows the empty form.
func (s *Server) newCase(w http.ResponseWriter, r *http.Request) error {
	v, err := s.draftForm(r)
	if err != nil {
		return err
	}
	v.Op, v.Action = "case.open", "/dossiers"
	return show(s, w, r, newCasePage, v)
}

// draftForm gathers what the form chooses from.
func (s *Server) draftForm(r *http.Request) (draftView, error) {
	v := draftView{
		Housing: options(s, r, "housing", ailleurs.HousingKinds), Speeds: options(s, r, "speed", ailleurs.Speeds),
		Support: options(s, r, "support", ailleurs.Supports), Papers: options(s, r, "paper", ailleurs.PapersToSee),
		Authority:  options(s, r, "authority", ailleurs.AuthorityBases),
		Agreements: options(s, r, "agreement", ailleurs.Agreements),
	}
	v.Speeds[0].Chosen = true
	land, err := territory.Load()
	if err != nil {
		return v, err
	}
	v.Regions, v.Places = chooseOne(s, r, regionsOf(land)), chooseOne(s, r, departementsOf(land))
	ages, jobs, levels := chooseOne(s, r, options(s, r, "age", ailleurs.AgeBands)), chooseOne(s, r, s.jobs(r)), s.levels(r)
	for i := range householdLines {
		v.Members = append(v.Members, memberFields{N: i, Ages: ages, Jobs: jobs, Level: levels})
	}
	a, err := s.doors()
	if err != nil {
		return v, err
	}
	by := viewer(r)
	people, err := a.People(r.Context(), by.Actor, by.Member, at(r))
	if err != nil {
		return v, err
	}
	var agents []ailleurs.AgentID
	for _, p := range people.People {
		agents = append(agents, p.ID)
		o := Option{Value: string(p.ID), Label: p.Name}
		if p.ID != by.Agent && slices.Contains(p.Roles, ailleurs.Caseworker) {
			v.Second = append(v.Second, o)
		}
		if p.ID != by.Agent && slices.Contains(p.Roles, ailleurs.Signatory) {
			v.Signatory = append(v.Signatory, o)
		}
	}
	found, err := s.placesOf(r, a, wanted{Agents: agents})
	v.Page.People = found.People
	return v, err
}

// jobs lists the everyday occupations in the reader's language.
func (s *Server) jobs(r *http.Request) []Option {
	var out []Option
	for _, o := range territory.Occupations {
		out = append(out, Option{Value: o.Code, Label: s.say(r, "rome."+o.Code)})
	}
	slices.SortFunc(out, func(a, b Option) int { return compareLabels(a.Label, b.Label) })
	return out
}

func compareLabels(a, b string) int {
	x, y := territory.Fold(a), territory.Fold(b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func (s *Server) levels(r *http.Request) []Option {
	var out []Option
	for i := range 6 {
		out = append(out, Option{Value: strconv.Itoa(i), Label: s.say(r, "level."+strconv.Itoa(i))})
	}
	return out
}

func regionsOf(land *territory.Territory) []Option {
	var out []Option
	for _, x := range land.Regions() {
		out = append(out, Option{Value: "r:" + x.Code, Label: x.Name})
	}
	return out
}

func departementsOf(land *territory.Territory) []Option {
	var out []Option
	for _, x := range land.Departements() {
		out = append(out, Option{Value: "d:" + x.Code, Label: x.Name + " (" + x.Code + ")"})
	}
	return out
}

// openCase takes a sealed draft.
func (s *Server) openCase() handler {
	return takes(s, (*relocation.Exchange).Open, func(_ *http.Request, in ailleurs.NewCase) string {
		return "/dossiers/" + string(in.Case)
	}, "draft.opened")
}

// names of agents for the screen, as the alliance knows them.
func (s *Server) names(ctx context.Context, agents ...ailleurs.AgentID) (map[ailleurs.AgentID]string, error) {
	a, err := s.doors()
	if err != nil {
		return nil, err
	}
	var wanted []ailleurs.AgentID
	for _, id := range agents {
		if id != "" && !slices.Contains(wanted, id) {
			wanted = append(wanted, id)
		}
	}
	keys, err := a.Keys(ctx, wanted)
	names := make(map[ailleurs.AgentID]string, len(keys))
	for _, k := range keys {
		names[k.Agent] = k.Name
	}
	return names, err
}

// towns names members for the screen.
func (s *Server) towns(ctx context.Context, members ...ailleurs.MemberID) (map[ailleurs.MemberID]string, error) {
	a, err := s.doors()
	if err != nil {
		return nil, err
	}
	out := make(map[ailleurs.MemberID]string, len(members))
	for _, id := range members {
		if _, known := out[id]; known || id == "" {
			continue
		}
		m, err := a.Member(ctx, id)
		if err != nil {
			return nil, err
		}
		out[id] = m.Name
	}
	return out, nil
}

// dayOf is a day for an input of the kind date.
func dayOf(at time.Time) string { return at.Format(time.DateOnly) }
