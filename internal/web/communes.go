package web

import (
	"net/http"
	"strings"
)

// A Commune is one answer of the commune field.
type Commune struct {
	Code  string `json:"code"`  // INSEE
	Label string `json:"label"` // "Saint-Denis (93) – 149 936 hab."
}

// CommuneSearch returns the communes that fit what was typed so far, best first.
type CommuneSearch func(typed string, limit int) []Commune

// communes answers the commune field of every form, as people type.
func (s *Server) communes(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	found := []Commune{}
	if s.cfg.Communes != nil && len(typed) >= 2 && len(typed) <= 80 {
		found = s.cfg.Communes(typed, 10)
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	sendJSON(w, r, http.StatusOK, found)
	return nil
}
