package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// A Viewer is who looks at the screen: an actor with a live session, or the zero value for the public.
type Viewer struct {
	ailleurs.Actor
	Name    string    // on screen, to themselves only
	Town    string    // name of their member, likewise
	Lang    Lang      // empty when they never chose
	Ends    time.Time // the session ends then unless something is asked before
	Epoch   int       // of the keys that the session works with
	Pending bool      // enrolled, not confirmed by two colleagues yet: the enrolment pages alone are open
	Lacking string    // key of what their ways to unlock lack; empty when nothing does
	Session alliance.SessionID
}

// of returns v as the alliance knows it.
func (v Viewer) of() alliance.Viewer {
	return alliance.Viewer{
		Actor: v.Actor, Name: v.Name, MemberName: v.Town, Lang: string(v.Lang), Epoch: v.Epoch, Pending: v.Pending, Session: v.Session, Ends: v.Ends,
	}
}

// seats are the sessions of an alliance as the web sees them.
type seats struct{ *alliance.Alliance }

// Lookup is part of [Sessions].
func (s seats) Lookup(ctx context.Context, token string, at time.Time) (Viewer, error) {
	v, err := s.Alliance.Lookup(ctx, token, at)
	return viewerOf(v), err
}

// Glance is part of [glances].
func (s seats) Glance(ctx context.Context, token string, at time.Time) (Viewer, error) {
	v, err := s.Alliance.Glance(ctx, token, at)
	return viewerOf(v), err
}

func viewerOf(v alliance.Viewer) Viewer {
	return Viewer{
		Actor: v.Actor, Name: v.Name, Town: v.MemberName, Lang: Lang(v.Lang), Ends: v.Ends, Epoch: v.Epoch, Pending: v.Pending,
		Lacking: v.Lacking, Session: v.Session,
	}
}

// glances are sessions that can be looked up for a page that looks again by itself, without a sign of life.
type glances interface {
	Glance(ctx context.Context, token string, at time.Time) (Viewer, error)
}

// looksAgain reports whether a page asks by itself, with nobody at the screen: /astreinte?veille.
func looksAgain(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("veille")
}

// Sessions is what the web needs of the sessions that the alliance keeps.
type Sessions interface {
	// Lookup returns the viewer of a token and counts as a sign of life; an unknown, ended or revoked session is a
	// refusal of the kind Unsigned.
	Lookup(ctx context.Context, token string, at time.Time) (Viewer, error)
	// End ends the session at once; ending an unknown one is no error.
	End(ctx context.Context, token string, at time.Time) error
}

// The cookies. The prefix ties them to this host, over TLS, at the root; Chromium admits them on http://localhost too.
const (
	sessionCookie = "__Host-session"
	langCookie    = "__Host-langue"
	saidCookie    = "__Host-dit"
)

// setCookie sets one of the cookies above; seconds below zero erase it, zero lasts as long as the browser.
func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// signIn hands the browser the token of a session just begun.
func signIn(w http.ResponseWriter, token string) { setCookie(w, sessionCookie, token, 0) }

// sessionToken returns the token that the browser holds, or "".
func sessionToken(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// redirect ends a POST: the browser goes on to path by GET, where the sentence of key, when there is one, is said once.
func redirect(w http.ResponseWriter, r *http.Request, path, key string) error {
	if key != "" {
		setCookie(w, saidCookie, key, 60)
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// takeSaid returns the key of what the last action did, once.
func takeSaid(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(saidCookie)
	if err != nil || c.Value == "" {
		return ""
	}
	setCookie(w, saidCookie, "", -1)
	return c.Value
}

// A visit is what is known of a request before its handler runs.
type visit struct {
	at     time.Time
	lang   Lang
	viewer Viewer
}

type visitKey struct{}

// visitOf returns the visit of r; a request that never passed the server's door has a zero one in French.
func visitOf(r *http.Request) *visit {
	if v, ok := r.Context().Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{lang: French}
}

// viewer returns who looks; the zero Viewer on public pages.
func viewer(r *http.Request) Viewer { return visitOf(r).viewer }

// at returns the instant of the request: the one clock of everything it does.
func at(r *http.Request) time.Time { return visitOf(r).at }

// An audience says who may see a route.
type audience struct {
	session bool
	pending bool            // those too whose keys wait for two colleagues
	roles   []ailleurs.Role // any of them; empty for all who signed in
}

var (
	anyone    = audience{}
	signedIn  = audience{session: true}
	enrolling = audience{session: true, pending: true}
)

// only admits those who hold at least one of the roles.
func only(roles ...ailleurs.Role) audience { return audience{session: true, roles: roles} }

// admits reports whether v is of the audience.
func (a audience) admits(v Viewer) bool {
	if !a.session {
		return true
	}
	return v.Agent != "" && (a.pending || !v.Pending) && (len(a.roles) == 0 || slices.ContainsFunc(a.roles, v.Is))
}

// preferred returns the language of a request: the viewer's, else the cookie's, else the browser's, else French.
func preferred(r *http.Request, v Viewer) Lang {
	if v.Lang.Valid() {
		return v.Lang
	}
	if c, err := r.Cookie(langCookie); err == nil && Lang(c.Value).Valid() {
		return Lang(c.Value)
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(tag, "-")
		if l := Lang(strings.ToLower(base)); l.Valid() {
			return l
		}
	}
	return French
}
