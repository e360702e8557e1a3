package web

import (
	"net/http"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var dossierPage = newPage[dossierView]("dossier")

// dossierView is a case as its reader may see it: what to do now, where it stands, who was called, what is sealed to them,
// who opened what. The hub fills the frame; the contents are opened on the reader's machine.
type dossierView struct {
	relocation.CaseView
	Mark     string
	Origin   string
	HostTown string
	Stepper  Stepper
	Side     bool // off the main way
	Clock    *Clock
	Now      []relocation.Task
	Sections []sectionView
	Lines    []lineView
	Agreed   *agreedView
	Attested []ailleurs.Attestation
	Names    map[ailleurs.AgentID]string
	Events   []eventView
	FollowUp *followView
	Steps    []Option // of the move plan
	Lights   []Option
	Outcomes []Option
	RingAt   string
	Once     string
	Withdraw bool
	Suspend  bool
	Divert   bool
	Recall   bool
	SendBack bool
	NoShow   bool
	Fails    bool
	Compro   bool
	Page     sealedPage
}

// sectionView is one compartment that is sealed to the reader.
type sectionView struct {
	Name ailleurs.Compartment
}

// lineView is one addressee for the origin.
type lineView struct {
	relocation.ThreadLine
	Town     string
	Clock    *Clock
	Proposal bool // the person can say yes to it now
	Chosen   bool // the first yes went to it
}

// agreedView is the host's: the thread that was retained.
type agreedView struct{ Thread ailleurs.ThreadID }

type eventView struct {
	Key, Who string
	At       time.Time
}

type followView struct {
	Day      int
	Due      time.Time
	Overdue  bool
	Deadline time.Time
}

// HasTask reports whether a task waits for the reader; templates branch on it.
func (v dossierView) HasTask(task string) bool {
	return slices.Contains(v.Tasks, relocation.Task(task))
}

// dossier shows a case. Reading it is recorded.
func (s *Server) dossier(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	c, err := e.Case(r.Context(), viewer(r).Actor, ailleurs.CaseID(r.PathValue("id")), at(r))
	if err != nil {
		return err
	}
	v, err := s.dossierOf(r, c)
	if err != nil {
		return err
	}
	return show(s, w, r, dossierPage, v)
}

func (s *Server) dossierOf(r *http.Request, c relocation.CaseView) (dossierView, error) {
	v := dossierView{
		CaseView: c, Mark: mark(c.ID), Now: c.Tasks, Once: newOnce(), Attested: ailleurs.Attestations,
		Steps: options(s, r, "step", ailleurs.MoveSteps), Lights: options(s, r, "light", ailleurs.Wellbeings),
		Outcomes: options(s, r, "outcome", ailleurs.Outcomes), RingAt: at(r).Add(12 * time.Hour).In(territory.Paris()).Format("2006-01-02T15:04"),
	}
	v.Clock = clockOf(c.Deadline, c.Speed, at(r))
	v.Stepper, v.Side = s.stepper(r, c.State)
	names, err := s.names(r.Context(), circleOf(c)...)
	if err != nil {
		return v, err
	}
	v.Names = names
	if v.Page, err = s.dossierPageData(r, c); err != nil {
		return v, err
	}
	towns, err := s.towns(r.Context(), append([]ailleurs.MemberID{c.Member, c.Host}, membersOf(c.Threads)...)...)
	if err != nil {
		return v, err
	}
	v.Origin, v.HostTown = towns[c.Member], towns[c.Host]
	for _, t := range c.Threads {
		line := lineView{ThreadLine: t, Town: towns[t.Member], Clock: clockOf(t.Deadline, c.Speed, at(r)), Chosen: c.Retained == t.ID}
		if !t.State.Open() {
			line.Clock = nil
		}
		line.Proposal = c.State == ailleurs.Choosing && (t.State == ailleurs.Proposed || t.State == ailleurs.Countered) && !t.Refused && c.Retained == ""
		v.Lines = append(v.Lines, line)
	}
	for _, compartment := range ailleurs.Compartments {
		mine := slices.ContainsFunc(c.Sealed.Envelopes, func(e ailleurs.SealedEnvelope) bool { return e.Compartment == compartment && e.Thread == "" })
		if mine {
			v.Sections = append(v.Sections, sectionView{compartment})
		}
	}
	if c.Answer != nil {
		v.Agreed = &agreedView{c.Answer.Sheet.Thread}
	}
	for _, ev := range c.History {
		who := names[ev.Actor]
		v.Events = append(v.Events, eventView{Key: "event." + ev.Kind, Who: who, At: ev.At})
	}
	for _, f := range c.FollowUps {
		if f.Done.IsZero() && v.FollowUp == nil {
			v.FollowUp = &followView{Day: f.Day, Due: f.Due, Overdue: at(r).After(f.Deadline), Deadline: f.Deadline}
		}
	}
	v.allow(c)
	return v, nil
}

// allow says which of the quieter moves the reader may make now, by the same table that the use cases decide by.
func (v *dossierView) allow(c relocation.CaseView) {
	may := func(to ailleurs.CaseState, as ailleurs.Part) bool {
		return ailleurs.MoveAllowed(c.State, to, c.Speed, as) == nil
	}
	pair := c.Part == ailleurs.OriginLead || c.Part == ailleurs.OriginSecond
	hosts := c.Part == ailleurs.HostLead || c.Part == ailleurs.HostSecond
	v.Withdraw = (pair || hosts) && may(ailleurs.Withdrawn, ailleurs.ThePerson)
	v.Suspend = pair && may(ailleurs.Suspended, c.Part)
	v.Divert = pair && may(ailleurs.Diverted, c.Part)
	unread := !slices.ContainsFunc(c.Threads, func(t relocation.ThreadLine) bool { return t.State != ailleurs.Sent })
	v.Recall = c.Part == ailleurs.OriginLead && c.State == ailleurs.Calling && unread
	v.SendBack = c.State == ailleurs.Endorsing && (pair || c.Part == ailleurs.OriginSignatory) || c.State == ailleurs.Checking && c.Part == ailleurs.Checker
	v.NoShow = c.State == ailleurs.Travelling && may(ailleurs.Preparing, c.Part)
	v.Fails = c.State == ailleurs.Preparing && may(ailleurs.Choosing, c.Part)
	v.Compro = (pair || hosts) && may(ailleurs.Compromised, c.Part)
}

// circleOf are the people whom the page names.
func circleOf(c relocation.CaseView) []ailleurs.AgentID {
	out := []ailleurs.AgentID{c.Lead, c.Second, c.Signatory, c.Checkers[0], c.Checkers[1], c.HostLead, c.HostSecond}
	for _, ev := range c.History {
		out = append(out, ev.Actor)
	}
	for _, st := range c.Signed {
		out = append(out, st.By)
	}
	return out
}

func membersOf(lines []relocation.ThreadLine) []ailleurs.MemberID {
	var out []ailleurs.MemberID
	for _, l := range lines {
		out = append(out, l.Member)
	}
	return out
}

// dossierPageData is what the page's script works with: the case, and the places and keys of whom it may seal to.
func (s *Server) dossierPageData(r *http.Request, c relocation.CaseView) (sealedPage, error) {
	page := sealedPage{Dossier: &c}
	a, err := s.doors()
	if err != nil {
		return page, err
	}
	ask := wanted{}
	for _, id := range []ailleurs.AgentID{c.Lead, c.Second, c.Signatory, c.Checkers[0], c.Checkers[1], c.HostLead, c.HostSecond} {
		if id != "" && !slices.Contains(ask.Agents, id) {
			ask.Agents = append(ask.Agents, id)
		}
	}
	for _, g := range c.Renew {
		ask.Agents = append(ask.Agents, g.For)
	}
	if c.Sheet != nil { // whoever signs checks that no addressee is excluded
		ask.Members = c.Sheet.Sheet.Addressees()
	}
	found, err := s.placesOf(r, a, ask)
	if err != nil {
		return page, err
	}
	page.Places, page.People = found.Places, found.People
	other := c.HostLead
	if c.Part == ailleurs.HostLead || c.Part == ailleurs.HostSecond {
		other = c.Lead
	}
	if c.State == ailleurs.Choosing && c.Retained != "" && c.Part == ailleurs.OriginLead {
		// Before the second yes the other lead is the one of the retained thread's member.
		for _, t := range c.Threads {
			if t.ID == c.Retained {
				i := slices.IndexFunc(page.Places, func(p place) bool { return p.Member == t.Member })
				if i >= 0 {
					other = page.Places[i].Team.Lead
				}
			}
		}
	}
	if i := slices.IndexFunc(page.People, func(p person) bool { return p.Agent == other }); i >= 0 {
		page.Other = &page.People[i]
	}
	return page, nil
}

// stepper shows the main way; side is true off it, and then the last step reached is not known to the page.
func (s *Server) stepper(r *http.Request, state ailleurs.CaseState) (Stepper, bool) {
	var out Stepper
	for _, step := range ailleurs.Way {
		is := "todo"
		switch {
		case step == state:
			is = "here"
		case step.Before(state):
			is = "done"
		}
		out.Steps = append(out.Steps, Step{Label: s.say(r, "case_state."+string(step)), State: is})
	}
	return out, slices.Contains(ailleurs.SideStates, state)
}

// editDraft shows the form of a draft; the reader's machine fills it.
func (s *Server) editDraft(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	c, err := e.Case(r.Context(), viewer(r).Actor, ailleurs.CaseID(r.PathValue("id")), at(r))
	if err != nil {
		return err
	}
	if c.State != ailleurs.Draft {
		return redirect(w, r, "/dossiers/"+string(c.ID), "")
	}
	v, err := s.draftForm(r)
	if err != nil {
		return err
	}
	v.ID, v.Op, v.Action = c.ID, "case.save", "/dossiers/"+string(c.ID)+"/enregistrer"
	v.Page.Dossier = &c
	return show(s, w, r, newCasePage, v)
}
