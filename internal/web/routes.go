package web

import (
	"net/http"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
)

// routes lists every address of the hub: method, path, who may, what answers. Paths name screens, never people or places.
func (s *Server) routes() []route {
	all := []route{
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

		post("/entrer/cle/debut", anyone, s.askPasskey),
		post("/entrer/cle/fin", anyone, s.signInWithPasskey),
		post("/entrer/papier/debut", anyone, s.askPaper),
		post("/entrer/papier/fin", anyone, s.signInWithPaper),
		get("/activer", anyone, s.activation),
		post("/activer/invitation", anyone, s.openInvitation),
		post("/activer/cle", anyone, s.askFirstPasskey),
		post("/activer/fin", anyone, s.enrol),
		get("/activer/attente", enrolling, s.waiting),
		get("/essai", enrolling, s.trial),
		post("/essai/debut", enrolling, s.beginTrial),
		post("/essai/fin", enrolling, s.endTrial),
		get("/ouvrir", enrolling, s.unlock),
		post("/session/part", enrolling, s.share),
		post("/registre", enrolling, s.register),
		post("/annuaire", signedIn, s.annuaire),
		post("/preuves", signedIn, s.proofs),
		post("/coffre/resceller", enrolling, s.rewrap),

		get("/travail", signedIn, s.inbox).inNav("nav.work"),
		get("/dossiers/nouveau", only(ailleurs.Caseworker), s.newCase),
		post("/dossiers", only(ailleurs.Caseworker), s.openCase()).uploads(),
		get("/dossiers/{id}", signedIn, s.dossier),
		get("/dossiers/{id}/modifier", only(ailleurs.Caseworker), s.editDraft),
		get("/dossiers/{id}/appeler", only(ailleurs.Caseworker), s.callForm),
		get("/dossiers/{id}/papier", signedIn, s.slip),
		post("/dossiers/{id}/{action}", signedIn, s.caseAction()).uploads(),
		get("/appels/{id}", signedIn, s.thread),
		post("/appels/{id}/{action}", signedIn, s.threadAction()).uploads(),
		get("/propositions", only(ailleurs.Coordinator), s.proposals).inNav("nav.proposals"),
		post("/propositions/fiches", only(ailleurs.Coordinator), s.compare),
		post("/propositions/envoyer", only(ailleurs.Coordinator), s.suggest()),
		post("/propositions/exporter", only(ailleurs.Coordinator), s.exportTable()),
		get("/places", only(ailleurs.Caseworker), s.places).inNav("nav.places"),
		get("/places/nouvelle", only(ailleurs.Caseworker), s.newPlace),
		get(listingPath, only(ailleurs.Caseworker, ailleurs.Coordinator), s.listing),
		post("/places", only(ailleurs.Caseworker), s.publishPlace),
		post("/places/{id}/renouveler", only(ailleurs.Caseworker), s.renewPlace),
		post("/places/{id}/retirer", only(ailleurs.Caseworker), s.withdrawPlace),

		get("/personnes", signedIn, s.people).inNav("nav.people"),
		post("/personnes/invitation", signedIn, s.invite),
		post("/personnes/reinvitation", signedIn, s.reinvite),
		post("/personnes/invitation/retirer", signedIn, s.withdrawInvitation),
		post("/personnes/role", signedIn, s.proposeRole),
		post("/personnes/postes", signedIn, s.proposePosts),
		post("/personnes/depart", signedIn, s.proposeDeparture),
		post("/personnes/revocation", signedIn, s.proposeRevocation),
		post("/personnes/sessions", signedIn, s.endSessionsOf),
		get("/changements", signedIn, s.changes).inNav("nav.changes"),
		post("/changements/signer", signedIn, s.signChanges),
		post("/changements/abandonner", signedIn, s.dropChanges),
		get("/membres", signedIn, s.members).inNav("nav.members"),
		get("/membres/adhesion", only(ailleurs.Coordinator), s.accession),
		post("/membres/adhesion", only(ailleurs.Coordinator), s.proposeMember),
		get("/membres/{id}", only(ailleurs.Coordinator, ailleurs.Guarantor), s.memberPeople),
		post("/membres/{id}/suspension", only(ailleurs.Coordinator), s.suspend),
		get("/compte", signedIn, s.account).inNav("nav.account"),
		post("/compte/preferences", signedIn, s.prefer),
		post("/compte/session", signedIn, s.endSession),
		post("/compte/cle/debut", signedIn, s.askMorePasskey),
		post("/compte/ajouter", signedIn, s.addUnlocker),
		post("/compte/retirer", signedIn, s.removeUnlocker),
		post("/compte/absence", signedIn, s.setAbsence),
		post("/compte/absence/fin", signedIn, s.endAbsence),
		get("/alerte", signedIn, s.alert),
		post("/alerte", signedIn, s.raise),
		get("/dossiers/{id}/alerte", signedIn, s.alert),
		post("/dossiers/{id}/alerte", signedIn, s.raise),
		get("/astreinte", only(ailleurs.DutyOfficer, ailleurs.Coordinator), s.duty).inNav("nav.duty"),
		post("/astreinte/ordre", only(ailleurs.Coordinator), s.orderTree),
		get("/astreinte/{id}", signedIn, s.ringing),
		post("/astreinte/{id}/prendre", signedIn, s.takeAlert),
		post("/astreinte/{id}/passer", signedIn, s.passAlert),
		post("/astreinte/{id}/clore", signedIn, s.closeAlert),
		get("/journal", signedIn, s.journal).inNav("nav.journal"),
		get("/journal/moi", signedIn, s.ownEvents),
		post("/journal/export", only(ailleurs.Guarantor, ailleurs.Coordinator), s.exportJournal),
		get("/journal/checkpoint", anyone, s.checkpoint(protection.JournalLog)),
		get("/journal/tile/{path...}", anyone, s.tile(protection.JournalLog)),
		get("/registre/checkpoint", anyone, s.checkpoint(protection.RegisterLog)),
		get("/registre/tile/{path...}", anyone, s.tile(protection.RegisterLog)),
		post("/session/continuer", enrolling, s.stay),
		post("/sortir", anyone, s.leave),
	}
	if s.cfg.Demo {
		all = append(all, get("/demo", anyone, s.demo))
	}
	return all
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
