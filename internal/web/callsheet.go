package web

import (
	"net/http"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

var callPage = newPage[callView]("appel")

// callView is where the origin's lead chooses whom to call upon. The limits are checked on their own machine: the page
// lists every member that can be called.
type callView struct {
	ID       ailleurs.CaseID
	Mark     string
	Members  []callable
	Least    int
	Checkers [2]ailleurs.AgentID
	Names    [2]string
	Attested []ailleurs.Attestation
	Listing  string // address of the day's offers
	Page     sealedPage
}

type callable struct {
	ID   ailleurs.MemberID
	Name string
}

// callForm shows the members to call upon.
func (s *Server) callForm(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	a, err := s.doors()
	if err != nil {
		return err
	}
	c, err := e.Case(r.Context(), viewer(r).Actor, ailleurs.CaseID(r.PathValue("id")), at(r))
	if err != nil {
		return err
	}
	v := callView{
		ID: c.ID, Mark: mark(c.ID), Least: ailleurs.MinAddressees, Attested: ailleurs.Attestations, Listing: listingPath, Page: sealedPage{Dossier: &c},
	}
	members, err := a.Members(r.Context(), alliance.MemberFilter{Callable: true})
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.ID != c.Member && !slices.Contains(c.Knows, m.ID) {
			v.Members = append(v.Members, callable{ID: m.ID, Name: m.Name})
		}
	}
	coordinators, err := a.Coordinators(r.Context())
	if err != nil {
		return err
	}
	first := int(c.ID[0]) // two of them, a different pair from case to case
	if s.cfg.Demo {
		first = 0 // the one whom a visitor may be
	}
	n := 0
	for i := range coordinators {
		k := coordinators[(i+first)%len(coordinators)]
		if n < 2 && c.PartOf(k.Agent) == "" {
			v.Checkers[n], v.Names[n] = k.Agent, k.Name
			n++
		}
	}
	return show(s, w, r, callPage, v)
}
