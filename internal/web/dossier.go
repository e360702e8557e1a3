package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

var dossierPage = newPage[dossierView]("dossier")

// dossierView is a case as its reader may see it: what to do now, where it stands, who was called, what is sealed to them,
// who opened what. The hub fills the frame; the contents are opened on the reader's machine. Each task that needs more than
// this has a file task_….go here, and each its template in templates/tasks; the quieter moves are in moves.go.
type dossierView struct {
	relocation.CaseView
	Mark     string
	Origin   string
	HostTown string
	Stepper  Stepper
	Side     bool // off the main way
	Clock    *Clock
	Sections []sectionView
	Lines    []lineView
	Agreed   *agreedView
	Names    map[ailleurs.AgentID]string
	Recent   []eventView
	Earlier  []eventView
	Once     string
	Page     sealedPage

	CallOfThree *lineView // the addressee that the first yes went to, for the origin's lead
	Waiting     string    // whom or what the case waits for, when its reader has nothing to do
	Slip        bool      // the reader may print the person's paper
	CallBackOn  string    // once expired
	Doors       []stateDoor
	Copy        string // of a print: whose, when, which
	Fewer       bool   // fewer than five are called, for who reads the reason
	Additions   []additionView
	Called      []string // ring by ring, the names of the towns that are about to be called upon
	Attested    []ailleurs.Attestation
	Again       againTask
	Plan        planTask
	FollowUp    *followUpTask
	Outcomes    []Option
	Moves       moves
}

// sectionView is one compartment that is sealed to the reader.
type sectionView struct {
	Name ailleurs.Compartment
}

// agreedView is the host's: the thread that was retained.
type agreedView struct{ Thread ailleurs.ThreadID }

// eventView is one line of who did what.
type eventView struct {
	What, Who string
	At        time.Time
}

// recentEvents is how many lines of the history are shown unfolded.
const recentEvents = 4

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
	var err error
	v := dossierView{
		CaseView: c, Mark: mark(c.ID), Once: newOnce(), Attested: ailleurs.Attestations, Plan: s.planTask(r), FollowUp: s.followUpTask(r, c),
		Outcomes: options(s, r, "outcome", ailleurs.Outcomes), Moves: movesOf(c),
	}
	v.Fewer = c.Sheet != nil && c.Sheet.Sheet.FewerWhy && c.Part != ailleurs.OriginSignatory && c.State.Before(ailleurs.Choosing)
	if c.HasTask(relocation.TaskNewRing) {
		if v.Again, err = s.againTask(r); err != nil {
			return v, err
		}
	}
	pair := c.Part == ailleurs.OriginLead || c.Part == ailleurs.OriginSecond || c.Part == ailleurs.HostLead || c.Part == ailleurs.HostSecond
	v.Slip = pair && (!c.State.Ended() || c.State == ailleurs.Expired)
	if c.State == ailleurs.Expired && pair {
		v.CallBackOn, v.Doors = s.day(r, c.CallBack), stateDoors
	}
	now := at(r)
	voice := s.voices[visitOf(r).lang]
	v.Copy = s.say(r, "dossier.copy", "serial", v.Once[:6], "name", viewer(r).Name, "day", voice.date(now), "hour", voice.hour(now))
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
	towns, err := s.towns(r.Context(), slices.Concat([]ailleurs.MemberID{c.Member, c.Host}, membersOf(c.Threads), addedMembers(c), sheetMembers(c))...)
	if err != nil {
		return v, err
	}
	v.Called = calledOf(c, towns)
	v.Origin, v.HostTown = towns[c.Member], towns[c.Host]
	for _, t := range c.Threads {
		line := lineOf(c, t, towns[t.Member], v.Once, at(r))
		if t.Question {
			line.Replies = s.replies(r)
		}
		v.Lines = append(v.Lines, line)
		if line.Chosen && c.State == ailleurs.Choosing && c.Part == ailleurs.OriginLead {
			v.CallOfThree = &line
		}
	}
	v.Additions = additionsOf(c, towns)
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
		v.Recent = append(v.Recent, eventView{What: voice.eventName(ev.Kind), Who: names[ev.Actor], At: ev.At})
	}
	if len(v.Recent) > recentEvents {
		v.Recent, v.Earlier = v.Recent[:recentEvents], v.Recent[recentEvents:]
	}
	v.Waiting = s.waitsFor(r, v)
	return v, nil
}

// sheetMembers are the addressees of the call, where the reader sees its sheet.
func sheetMembers(c relocation.CaseView) []ailleurs.MemberID {
	if c.Sheet == nil {
		return nil
	}
	return c.Sheet.Sheet.Addressees()
}

// calledOf names whom a call is about to be sent to: whoever signs it knows whom they call upon. Once it has left, the
// threads say so to those who may know.
func calledOf(c relocation.CaseView, towns map[ailleurs.MemberID]string) []string {
	if c.Sheet == nil || !c.State.Before(ailleurs.Calling) && !c.HasTask(relocation.TaskCheck) {
		return nil
	}
	var out []string
	for _, ring := range c.Sheet.Sheet.Rings {
		var names []string
		for _, m := range ring {
			names = append(names, towns[m])
		}
		out = append(out, strings.Join(names, ", "))
	}
	return out
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
		ask.Members = append(c.Sheet.Sheet.Addressees(), addedMembers(c)...)
	}
	named := slices.ContainsFunc(c.Threads, func(t relocation.ThreadLine) bool { return t.State == ailleurs.Redirected })
	if named || c.Fled && c.State.Before(ailleurs.Preparing) {
		// Which one a redirect names, or the limits exclude, is sealed: the page gets the names of all.
		if page.Towns, err = s.everyTown(r); err != nil {
			return page, err
		}
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
