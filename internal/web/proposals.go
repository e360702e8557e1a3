package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

var proposalsPage = newPage[proposalsView]("propositions")

// proposalsView is the frame of the coordination's proposals. What is in it is opened and worked out on the coordinator's
// own machine.
type proposalsView struct {
	Listing string   // address of the day's offers
	Limits  []int    // seconds that the search may take
	Reasons []Option // for not following the engine
}

func (s *Server) proposals(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.exchange(); err != nil {
		return err
	}
	return show(s, w, r, proposalsPage, proposalsView{
		Listing: listingPath, Limits: []int{5, 20, 60}, Reasons: chooseOne(s, r, options(s, r, "suggestion.why", ailleurs.OverrideReasons)),
	})
}

// compared is a page of cases as the browser's half opens them.
type compared struct {
	Cases []relocation.CaseView `json:"cases"`
	Next  ailleurs.CaseID       `json:"next"`
}

// compare hands a coordinator the sealed cards and limits of the cases that name them; each is a read.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in, err := readScript[struct {
		After ailleurs.CaseID `json:"after"`
	}](r)
	if err != nil {
		return err
	}
	found, err := e.Compare(r.Context(), viewer(r).Actor, in.After, at(r))
	if err != nil {
		return err
	}
	if found.Cases == nil {
		found.Cases = []relocation.CaseView{}
	}
	sendJSON(w, r, http.StatusOK, compared{found.Cases, found.Next})
	return nil
}

// exportTable records that the cases on a coordinator's table are about to be written into a file.
func (s *Server) exportTable() handler {
	return takes(s, (*relocation.Exchange).Export, func(*http.Request, ailleurs.PostExport) string { return "/propositions" }, "")
}

// suggest takes a sealed suggestion; the page stays.
func (s *Server) suggest() handler {
	return takes(s, (*relocation.Exchange).Suggest, func(*http.Request, ailleurs.PostSuggestion) string { return "/propositions" }, "")
}
