// Package web is the alliance on screen: pages rendered by the hub, French first and English, phone first, working without
// JavaScript but for sealing and passkeys. It calls the pillars' use cases and holds no rule of its own.
//
// # Adding a page
//
// A page "thing" is four files and one line:
//
//	thing.go               type thingView struct{…}; var thingPage = newPage[thingView]("thing");
//	                       func (s *Server) thing(w http.ResponseWriter, r *http.Request) error {
//	                           v, err := s.pillar.Thing(r.Context(), viewer(r).Actor, at(r))
//	                           if err != nil { return err }
//	                           return show(s, w, r, thingPage, thingView{…})
//	                       }
//	templates/thing.html   what stands in <main>; dot is thingView; {{t "thing.lead" "n" .N}}
//	i18n/fr/thing.json     every sentence; "thing.title" is the tab's title, static text, never data
//	i18n/en/thing.json     the same keys and arguments
//	routes.go              get("/things/{id}", only(ailleurs.Caseworker), s.thing).inNav("nav.thing"),
//
// A handler reads, calls one use case, writes. It returns its error: a refusal becomes a page (or JSON for a script) with
// the sentence of its key, a fault becomes a neutral page with an incident number and a line for operators. A form shows a
// refusal beside its field: see [problem] and [Field]. After a POST, [redirect] with the key of what to say.
//
// A refusal's sentence stands under the refusal's own key in one of i18n/<lang>/refusals-*.json (rules of the root, sealed
// things, the hub); scripts say them through say() of static/app.js, the command line through [Sentence].
//
// Sentences are written with plain spaces; the catalogue sets the narrow no-break ones. The tests of this package refuse a
// key that one language lacks, a template that its view does not fit, and the words that the house does not use.
package web
