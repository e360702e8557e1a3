package web

import (
	"net/http"
	"strings"
	"time"
)

// Operator says who runs this hub; what it leaves empty the legal pages call missing.
type Operator struct {
	Name     string // the association that publishes
	Address  string
	Director string // of publication: a function rather than a name where the law lets it
	Host     string // who hosts the machines, with address and telephone
	Contact  string // e-mail for everyone
	Privacy  string // e-mail of the data protection officer
	Security string // e-mail for reports of weaknesses
}

// proseView is the view of a page that is text alone.
type proseView struct{}

var (
	joinPage          = newPage[proseView]("adhesion")
	helpPage          = newPage[proseView]("aide")
	accessibilityPage = newPage[proseView]("accessibilite")
	legalPage         = newPage[Operator]("mentions-legales")
	privacyPage       = newPage[Operator]("confidentialite")
	siteMapPage       = newPage[siteMapView]("plan-du-site")
	urgentPage        = newPage[proseView]("urgence")
)

// prose answers with a page of text.
func (s *Server) prose(p Page[proseView]) handler {
	return func(w http.ResponseWriter, r *http.Request) error { return show(s, w, r, p, proseView{}) }
}

// operated answers with a page of text that names the operator.
func (s *Server) operated(p Page[Operator]) handler {
	return func(w http.ResponseWriter, r *http.Request) error { return show(s, w, r, p, s.cfg.Operator) }
}

// urgent is the page for when someone is in danger now: whom to call, before anything else.
func (s *Server) urgent(w http.ResponseWriter, r *http.Request) error {
	return show(s, w, r, urgentPage, proseView{})
}

type siteMapView struct{ Nav []navLink }

// siteMap lists the public pages.
func (s *Server) siteMap(w http.ResponseWriter, r *http.Request) error {
	say := s.voices[visitOf(r).lang].say
	var v siteMapView
	for _, p := range []struct{ href, key string }{
		{"/", "home.title"},
		{"/urgence", "urgence.title"},
		{"/adhesion", "adhesion.title"},
		{"/entrer", "entrer.title"},
		{"/aide", "aide.title"},
		{"/accessibilite", "accessibilite.title"},
		{"/mentions-legales", "mentions-legales.title"},
		{"/confidentialite", "confidentialite.title"},
	} {
		v.Nav = append(v.Nav, navLink{Href: p.href, Label: say(p.key)})
	}
	return show(s, w, r, siteMapPage, v)
}

// chooseLanguage keeps the language that a reader picked and leads back to where they were.
func (s *Server) chooseLanguage(w http.ResponseWriter, r *http.Request) error {
	lang := Lang(r.PostFormValue("lang"))
	if !lang.Valid() {
		return notFound()
	}
	setCookie(w, langCookie, string(lang), 365*24*3600)
	return redirect(w, r, localPath(r.PostFormValue("retour")), "")
}

// localPath returns p when it is a path of this hub, else the home page: no one can be led elsewhere.
func localPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n?#") {
		return "/"
	}
	return p
}

// securityText answers with RFC 9116's file; a hub without a contact has none.
func (s *Server) securityText(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Operator.Security == "" {
		return notFound()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	sendPacked(w, r, http.StatusOK, []byte("Contact: mailto:"+s.cfg.Operator.Security+
		"\nExpires: "+at(r).UTC().AddDate(0, 6, 0).Format(time.RFC3339)+
		"\nPreferred-Languages: fr, en\nCanonical: "+s.cfg.Origin+"/.well-known/security.txt\n"))
	return nil
}

// robots keeps machines to the public pages.
func (s *Server) robots(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	sendPacked(w, r, http.StatusOK, []byte("User-agent: *\nDisallow: /entrer\nDisallow: /communes\n"))
	return nil
}

// favicon leads browsers that ask by habit to the sign.
func (s *Server) favicon(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, s.assets.url("sign.svg"), http.StatusSeeOther)
	return nil
}
