package web

import (
	"net/http"
	"strings"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// A communeChoice is one answer of the commune field.
type communeChoice struct {
	Code  string `json:"code"`  // INSEE
	Label string `json:"label"` // "Saint-Denis (93) – 149 936 hab."
}

// communes answers the commune field as people type. It is for what the hub may know (offers, accession): in a sealed form
// the field is Sealed, and the browser's half searches, so that the hub never learns where someone may or may not go.
func (s *Server) communes(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	choices := []communeChoice{}
	if len(typed) >= 2 && len(typed) <= 80 {
		land, err := territory.Load()
		if err != nil {
			return err
		}
		for _, c := range land.Search(typed, 10) {
			choices = append(choices, communeChoice{c.Code, c.Label()})
		}
	}
	w.Header().Set("Cache-Control", "private, max-age=3600")
	sendJSON(w, r, http.StatusOK, choices)
	return nil
}
