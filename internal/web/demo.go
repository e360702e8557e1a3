package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
)

var demoPage = newPage[demoView]("demo")

// A Persona is someone fictitious whom a visitor of a demonstration may be. The code opens keys that protect nobody.
type Persona struct {
	Key   string // of the sentence that says what they do: "persona.<key>"
	Name  string
	Town  string
	Paper string // the twelve words of their paper code
}

// demoView lists the people to be. A click signs in as any other paper code does: there is no other door.
type demoView struct{ People []Persona }

func (demoView) seals() {}

// demo shows the people to be. Only a demonstration has this route.
func (s *Server) demo(w http.ResponseWriter, r *http.Request) error {
	return show(s, w, r, demoPage, demoView{s.cfg.Personas})
}

// checkPersonas refuses personas anywhere but in a demonstration.
func (c Config) checkPersonas() error {
	if len(c.Personas) > 0 && !c.Demo {
		return ailleurs.Refuse("web.personas_outside_demo", "Personas")
	}
	return nil
}
