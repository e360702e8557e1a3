package web

import (
	"net/http"
	"strings"
)

// routes lists every address of the hub: method, path, who may, what answers. Paths name screens, never people or places.
func (s *Server) routes() []route {
	return []route{
		get("/{$}", anyone, s.home),
		get("/adhesion", anyone, s.prose(joinPage)),
		get("/aide", anyone, s.prose(helpPage)),
		get("/accessibilite", anyone, s.prose(accessibilityPage)),
		get("/mentions-legales", anyone, s.operated(legalPage)),
		get("/confidentialite", anyone, s.operated(privacyPage)),
		get("/plan-du-site", anyone, s.siteMap),
		get("/urgence", anyone, s.urgent),
		get("/entrer", anyone, s.enter),
		post("/langue", anyone, s.chooseLanguage),
		get("/communes", anyone, s.communes),
		get("/.well-known/security.txt", anyone, s.securityText),
		get("/robots.txt", anyone, s.robots),
		get("/favicon.ico", anyone, s.favicon),
		get("/static/{name}", anyone, s.assets.serve),
		get("/static/{hash}/{name}", anyone, s.assets.serve),

		post("/session/continuer", signedIn, s.stay),
		post("/sortir", anyone, s.leave),
	}
}

// A handler reads a request, calls one use case, writes the answer; or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) error

// A route is one line of the list above.
type route struct {
	pattern string
	who     audience
	do      handler
	navKey  string
	large   bool
}

func get(path string, who audience, do handler) route {
	return route{pattern: "GET " + path, who: who, do: do}
}

func post(path string, who audience, do handler) route {
	return route{pattern: "POST " + path, who: who, do: do}
}

// inNav puts the route in the navigation of those whom it admits, under the sentence of key.
func (rt route) inNav(key string) route { rt.navKey = key; return rt }

// uploads lets the route take sealed bodies of up to 4 MiB.
func (rt route) uploads() route { rt.large = true; return rt }

// path returns the address of a route without variables.
func (rt route) path() string { _, path, _ := strings.Cut(rt.pattern, " "); return path }
