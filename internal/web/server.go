package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// Config is what a server needs. A zero field is usable or refused by its name.
type Config struct {
	Origin     string                 // where browsers find the hub: "https://hub.example", "http://localhost:8080"; required
	Now        func() time.Time       // the clock; required
	Log        *slog.Logger           // for operators; discards when nil
	Demo       bool                   // every page says that its people are fictitious
	Personas   []Persona              // whom a visitor of a demonstration may be; refused elsewhere
	Sessions   Sessions               // those of Alliance when nil
	Operator   Operator               // who runs this hub, for the legal pages
	Presence   Presence               // members by département, for the home page; those of Alliance when nil
	Alliance   *alliance.Alliance     // who is in; nil: nobody can be signed in
	Relocation *relocation.Exchange   // cases, calls and offers; nil: none
	Journal    note.Signer            // signs the checkpoints that proofs of bodies end in; needed with Relocation
	Protection *protection.Protection // alerts, the journal and the public logs; nil: none
	InFlight   int                    // requests served at once before 503; 512 when zero
	Proxies    []string               // networks (CIDR) or addresses whose X-Forwarded-For is believed; none when empty

	// PublicOnly serves without the browser's half; pages that seal cannot work then. For tests of the pages that do not.
	PublicOnly bool
}

// A Server answers every request of the hub's web.
type Server struct {
	cfg    Config
	host   string
	https  bool
	voices map[Lang]*voice
	assets assets
	nav    []route
	door   http.Handler
	slots  chan struct{}

	proxies proxies
}

// New returns a server for cfg, or a refusal that names the field or file at fault.
func New(cfg Config) (*Server, error) {
	origin, err := url.Parse(cfg.Origin)
	if err != nil || origin.Host == "" || origin.Path != "" || origin.Scheme != "https" && origin.Scheme != "http" {
		return nil, ailleurs.Refuse("web.config_origin", "Origin", "origin", cfg.Origin)
	}
	if origin.Scheme == "http" && origin.Hostname() != "localhost" {
		return nil, ailleurs.Refuse("web.config_plain_http", "Origin", "origin", cfg.Origin)
	}
	if cfg.Now == nil {
		return nil, ailleurs.Refuse("web.config_clock", "Now")
	}
	if cfg.Relocation != nil && cfg.Journal == nil {
		return nil, ailleurs.Refuse("web.config_journal", "Journal")
	}
	if err := cfg.checkPersonas(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Alliance != nil {
		if cfg.Sessions == nil {
			cfg.Sessions = seats{cfg.Alliance}
		}
		if cfg.Presence == nil {
			cfg.Presence = cfg.Alliance.Presence
		}
	}
	if cfg.InFlight == 0 {
		cfg.InFlight = 512
	}
	s := &Server{
		cfg: cfg, host: origin.Host, https: origin.Scheme == "https",
		voices: make(map[Lang]*voice), slots: make(chan struct{}, cfg.InFlight),
	}
	if s.proxies, err = parseProxies(cfg.Proxies); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if !cfg.PublicOnly {
		if err := s.assets.checkSealing(); err != nil {
			return nil, err
		}
	}
	for _, lang := range Langs {
		if s.voices[lang], err = loadVoice(lang, s.assets); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		mux.Handle(rt.pattern, s.adapt(rt))
		if rt.navKey != "" {
			s.nav = append(s.nav, rt)
		}
	}
	mux.Handle("/", s.adapt(route{who: anyone, do: func(http.ResponseWriter, *http.Request) error { return notFound() }}))
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.adapt(route{who: anyone, do: func(http.ResponseWriter, *http.Request) error {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "web.cross_site", "")
	}}))
	s.door = guard.Handler(mux)
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), s.https)
	if r.Host != s.host {
		s.misdirected(w, r)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "5")
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, s.voices[French].say("refused.503.title"), http.StatusServiceUnavailable)
		return
	}
	s.door.ServeHTTP(w, r)
}

// misdirected answers a request for another host: the loopback address is led to localhost, where passkeys and cookies
// work; anything else is not ours, which also stops names that were made to point here.
func (s *Server) misdirected(w http.ResponseWriter, r *http.Request) {
	asked, port, err := net.SplitHostPort(r.Host)
	ours, ourPort, err2 := net.SplitHostPort(s.host)
	path := r.URL.RequestURI()
	if err == nil && err2 == nil && ours == "localhost" && port == ourPort && net.ParseIP(asked).IsLoopback() &&
		strings.HasPrefix(path, "/") && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		http.Redirect(w, r, s.cfg.Origin+path, http.StatusTemporaryRedirect)
		return
	}
	http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
}

// HTTP returns the standard server around s, with every time-out set.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug), // carries addresses: debug only
	}
}

// Bounds of a request's body.
const (
	maxBody   = 64 << 10
	maxUpload = 4<<20 + 512<<10 // the largest sealed body, and what surrounds it
)

// adapt gives a route its door: who may, how much, in which language; then turns its error into an answer.
func (s *Server) adapt(rt route) http.Handler {
	bound := int64(maxBody)
	if rt.large {
		bound = maxUpload
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{at: s.cfg.Now()}
		v.lang = preferred(r, v.viewer)
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		defer s.rescue(w, r)
		if r.ContentLength > bound {
			s.refuse(w, r, &http.MaxBytesError{Limit: bound})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bound)
		if err := s.admit(w, r, rt, v); err != nil {
			if ref := ailleurs.AsRefusal(err); ref != nil && ref.Kind == ailleurs.Unsigned && r.Method == http.MethodGet && !wantsJSON(r) {
				http.Redirect(w, r, "/entrer", http.StatusSeeOther)
				return
			}
			if v.viewer.Pending && r.Method == http.MethodGet && !wantsJSON(r) {
				http.Redirect(w, r, "/activer/attente", http.StatusSeeOther)
				return
			}
			s.refuse(w, r, err)
			return
		}
		if err := rt.do(w, r); err != nil {
			s.refuse(w, r, err)
		}
	})
}

// admit fills the visit and refuses whoever the route is not for.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, rt route, v *visit) error {
	if !rt.who.session {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Add("Vary", "Accept-Language, Cookie")
		return nil
	}
	w.Header().Set("Cache-Control", "no-store")
	seen, err := s.session(r, v.at)
	if err != nil {
		return err
	}
	v.viewer, v.lang = seen, preferred(r, seen)
	if seen.Pending && !rt.who.pending {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "session.pending", "")
	}
	if !rt.who.admits(seen) {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "actor.role_needed", "", "role", string(rt.who.roles[0]))
	}
	return nil
}

// session returns the viewer of a request's cookie.
func (s *Server) session(r *http.Request, at time.Time) (Viewer, error) {
	token := sessionToken(r)
	if token == "" || s.cfg.Sessions == nil {
		return Viewer{}, ailleurs.RefuseAs(ailleurs.Unsigned, "web.unsigned", "")
	}
	if g, ok := s.cfg.Sessions.(glances); ok && looksAgain(r) {
		return g.Glance(r.Context(), token, at)
	}
	return s.cfg.Sessions.Lookup(r.Context(), token, at)
}
