package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
)

// closeCase closes a case with its outcome.
func (s *Server) closeCase(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.End{
		Once: r.PostFormValue("once"), Case: ailleurs.CaseID(r.PathValue("id")), Outcome: ailleurs.Outcome(r.PostFormValue("outcome")),
	}
	if err := e.Close(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, "/travail", "case.closed_said")
}
