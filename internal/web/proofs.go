package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// proofs answers, for bodies that the reader was just handed, the events that wrote them and their place in the journal,
// from the size of the tree that the reader's machine has seen.
func (s *Server) proofs(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in, err := readScript[struct {
		Handed []relocation.Handed `json:"handed"`
		Since  int64               `json:"since"`
	}](r)
	if err != nil {
		return err
	}
	heads, err := e.Prove(r.Context(), s.cfg.Journal, viewer(r).Actor, in.Handed, in.Since, at(r))
	if err != nil {
		return err
	}
	sendJSON(w, r, http.StatusOK, heads)
	return nil
}
