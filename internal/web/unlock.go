package web

import (
	"net/http"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

var unlockPage = newPage[unlockView]("ouvrir")

// unlockView is the page that opens the coffre of a live session: a browser tab of its own, a reload after a fault, or a
// passkey that signs in and opens nothing.
type unlockView struct {
	Passkey, Phrase, Paper bool
	Page                   unlockData
}

type unlockData struct {
	Files []alliance.File `json:"files"`
	To    string          `json:"to"` // where to go on
}

// unlock shows the ways to open that the viewer has.
func (s *Server) unlock(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	_, files, err := a.Unlockers(r.Context(), viewer(r).of())
	if err != nil {
		return err
	}
	v := unlockView{Page: unlockData{Files: files, To: s.afterUnlock(r)}}
	for _, f := range files {
		switch f.Kind {
		case ailleurs.PasskeyUnlocker:
			v.Passkey = true
		case ailleurs.PassphraseUnlocker:
			v.Phrase = true
		case ailleurs.PaperUnlocker:
			v.Paper = true
		}
	}
	return show(s, w, r, unlockPage, v)
}

// afterUnlock returns where the page leads: the path asked for when it is one of ours, else the viewer's work.
func (s *Server) afterUnlock(r *http.Request) string {
	to := localPath(r.URL.Query().Get("vers"))
	if to == "/" || to == "/ouvrir" || strings.HasPrefix(to, "/entrer") {
		return s.workOf(viewer(r))
	}
	return to
}

// share hands the hub's half of what reopens the coffre to the live session that asks, and to nobody else.
func (s *Server) share(w http.ResponseWriter, r *http.Request) error {
	return answers(s, w, r, func(a *alliance.Alliance, _ nothing) (map[string][]byte, error) {
		share, err := a.ShareOf(r.Context(), sessionToken(r), at(r))
		return map[string][]byte{"share": share.Reveal()}, err
	})
}

// rewrap stores the trousseau as the viewer's client has sealed it anew to each of its ways to open.
func (s *Server) rewrap(w http.ResponseWriter, r *http.Request) error {
	type asked struct {
		Files []alliance.File `json:"files"`
	}
	return answers(s, w, r, func(a *alliance.Alliance, in asked) (nothing, error) {
		return nothing{}, a.Rewrap(r.Context(), viewer(r).of(), in.Files, at(r))
	})
}
