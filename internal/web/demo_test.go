package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

var aPersona = []Persona{{Key: "lyon", Name: "Personne Fictive", Town: "Lyon", Paper: "douze mots"}}

// The people one may be exist in a demonstration alone: a real hub has no such page, and refuses to be given any.
func TestOnlyADemonstrationHasPersonas(t *testing.T) {
	get := func(s *Server) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, s.cfg.Origin+"/demo", nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	if w := get(newServer(t, nil)); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "douze mots") {
		t.Errorf("a real hub answers /demo with %d", w.Code)
	}
	shown := get(newServer(t, func(c *Config) { c.Demo, c.Personas = true, aPersona }))
	if shown.Code != http.StatusOK || !strings.Contains(shown.Body.String(), "Personne Fictive") {
		t.Errorf("a demonstration answers /demo with %d", shown.Code)
	}
	cfg := newServer(t, nil).cfg
	cfg.Personas = aPersona
	if _, err := New(cfg); ailleurs.AsRefusal(err) == nil || ailleurs.AsRefusal(err).Key != "web.personas_outside_demo" {
		t.Errorf("a real hub took personas: %v", err)
	}
}
