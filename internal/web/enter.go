package web

import (
	"net/http"
	"time"
)

var enterPage = newPage[enterView]("entrer")

// enterView is the sign-in page: a passkey, another way to unlock, or no access.
type enterView struct {
	Again bool // come from another site, whose requests carry no session: ask once more from here
}

// enter leads whoever has a live session to their work, and shows the others how to begin one. Links in e-mails lead here:
// the browser keeps a strict cookie back from them, so the page asks again by itself, from this site.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if sessionToken(r) != "" {
		if v, err := s.session(r, at(r)); err == nil {
			for _, item := range s.nav {
				if item.who.admits(v) {
					return redirect(w, r, item.path(), "")
				}
			}
		}
	}
	from := r.Header.Get("Sec-Fetch-Site")
	return show(s, w, r, enterPage, enterView{Again: from == "cross-site" || from == "same-site"})
}

// stay prolongs the session: looking it up is the sign of life. The answer is how many seconds it lasts now.
func (s *Server) stay(w http.ResponseWriter, r *http.Request) error {
	sendJSON(w, r, http.StatusOK, map[string]int{"seconds": int(viewer(r).Ends.Sub(at(r)) / time.Second)})
	return nil
}

// leave ends the session, here and on the hub.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) error {
	if token := sessionToken(r); token != "" && s.cfg.Sessions != nil {
		if err := s.cfg.Sessions.End(r.Context(), token, at(r)); err != nil {
			return err
		}
	}
	setCookie(w, sessionCookie, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return redirect(w, r, "/entrer", "entrer.left")
}
