package web

import (
	"encoding/json"
	"net/http"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

var enterPage = newPage[enterView]("entrer")

// enterView is the sign-in page: a passkey, a paper code, or no access.
type enterView struct {
	Again bool // come from another site, whose requests carry no session: ask once more from here
}

func (enterView) seals() {}

// enter leads whoever has a live session to their work, and shows the others how to begin one. Links in e-mails lead here:
// the browser keeps a strict cookie back from them, so the page asks again by itself, from this site.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if sessionToken(r) != "" {
		if v, err := s.session(r, at(r)); err == nil {
			return redirect(w, r, s.workOf(v), "")
		}
	}
	from := r.Header.Get("Sec-Fetch-Site")
	return show(s, w, r, enterPage, enterView{Again: from == "cross-site" || from == "same-site"})
}

// workOf returns the page on which a viewer's work begins: the first of their navigation.
func (s *Server) workOf(v Viewer) string {
	if v.Pending {
		return "/activer/attente"
	}
	for _, item := range s.nav {
		if item.who.admits(v) {
			return item.path()
		}
	}
	return "/compte"
}

// doors refuses where the server knows no alliance.
func (s *Server) doors() (*alliance.Alliance, error) {
	if s.cfg.Alliance == nil {
		return nil, ailleurs.RefuseAs(ailleurs.Unavailable, "web.no_alliance", "")
	}
	return s.cfg.Alliance, nil
}

type nothing struct{}

// askPasskey answers the options with which a browser is asked for any passkey of this hub, to sign in or to unlock.
func (s *Server) askPasskey(w http.ResponseWriter, r *http.Request) error {
	return answers(s, w, r, func(a *alliance.Alliance, _ nothing) (alliance.PasskeyRequest, error) {
		return a.BeginPasskeySignIn(r.Context(), at(r))
	})
}

// signInWithPasskey takes what the authenticator answered, without its PRF results, and begins a session.
func (s *Server) signInWithPasskey(w http.ResponseWriter, r *http.Request) error {
	a, in, err := heard[struct {
		Challenge  alliance.ChallengeID `json:"challenge"`
		Credential json.RawMessage      `json:"credential"`
	}](s, r)
	if err != nil {
		return err
	}
	signed, err := a.SignInWithPasskey(r.Context(), in.Challenge, in.Credential, s.address(r), device(r), at(r))
	if err != nil {
		return err
	}
	return s.begun(w, r, signed)
}

// askPaper finds a paper code by its look-up and answers what its holder must sign.
func (s *Server) askPaper(w http.ResponseWriter, r *http.Request) error {
	type asked struct {
		Lookup []byte `json:"lookup"`
	}
	return answers(s, w, r, func(a *alliance.Alliance, in asked) (toSign, error) {
		request, err := a.BeginPaperSignIn(r.Context(), in.Lookup, s.address(r), at(r))
		statement := request.Statement
		statement.By, statement.Epoch = request.Agent, request.Epoch
		return toSign{request.Challenge, statement}, err
	})
}

// toSign is a challenge and the statement that answers it; the time is the signer's to fill in.
type toSign struct {
	Challenge alliance.ChallengeID `json:"challenge"`
	Statement ailleurs.Statement   `json:"statement"`
}

// signInWithPaper takes the signature and begins a session.
func (s *Server) signInWithPaper(w http.ResponseWriter, r *http.Request) error {
	a, in, err := heard[answeredChallenge](s, r)
	if err != nil {
		return err
	}
	signed, err := a.SignInWithPaper(r.Context(), in.Challenge, in.Signed, s.address(r), device(r), at(r))
	if err != nil {
		return err
	}
	return s.begun(w, r, signed)
}

// answeredChallenge is a challenge with the signed note that answers it.
type answeredChallenge struct {
	Challenge alliance.ChallengeID `json:"challenge"`
	Signed    []byte               `json:"signed"`
}

// begun is what the page of a new session gets: the hub's share, the files that its ways to unlock open, and where to go.
// The token goes into the cookie, which no script reads.
type begun struct {
	Share    []byte          `json:"share"`
	Files    []alliance.File `json:"files"`
	Location string          `json:"location"`
}

func (s *Server) begun(w http.ResponseWriter, r *http.Request, in alliance.SignedIn) error {
	token := in.Token.Reveal()
	v, err := s.cfg.Sessions.Lookup(r.Context(), token, at(r))
	if err != nil {
		return err
	}
	signIn(w, token)
	w.Header().Set("Cache-Control", "no-store")
	sendJSON(w, r, http.StatusOK, begun{in.Share.Reveal(), in.Files, s.workOf(v)})
	return nil
}

// stay prolongs the session: looking it up is the sign of life. The answer is how many seconds it lasts now.
func (s *Server) stay(w http.ResponseWriter, r *http.Request) error {
	sendJSON(w, r, http.StatusOK, map[string]int{"seconds": int(viewer(r).Ends.Sub(at(r)) / time.Second)})
	return nil
}

// leave ends the session, here and on the hub. What showed something of it was never to be kept (no-store), and goes from the
// browser's memory with the cookie; the module and the styles are everyone's, and stay for the next session.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) error {
	if token := sessionToken(r); token != "" && s.cfg.Sessions != nil {
		if err := s.cfg.Sessions.End(r.Context(), token, at(r)); err != nil {
			return err
		}
	}
	setCookie(w, sessionCookie, "", -1)
	return redirect(w, r, "/entrer", "entrer.left")
}
