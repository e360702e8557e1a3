package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

const origin = "http://localhost:8080"

var noon = time.Date(2026, 3, 12, 11, 0, 0, 0, time.UTC)

// sessions is a register of live sessions by token.
type sessions map[string]Viewer

func (s sessions) Lookup(_ context.Context, token string, at time.Time) (Viewer, error) {
	v, ok := s[token]
	if !ok || !at.Before(v.Ends) {
		return Viewer{}, ailleurs.RefuseAs(ailleurs.Unsigned, "web.unsigned", "")
	}
	return v, nil
}

func (s sessions) End(_ context.Context, token string, _ time.Time) error {
	delete(s, token)
	return nil
}

func someone(roles ...ailleurs.Role) Viewer {
	return Viewer{
		Actor: ailleurs.Actor{Agent: ailleurs.NewID[ailleurs.AgentID](), Member: ailleurs.NewID[ailleurs.MemberID](), Roles: roles},
		Ends:  noon.Add(15 * time.Minute),
	}
}

func newServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	cfg := Config{Origin: origin, Now: func() time.Time { return noon }, PublicOnly: true}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// extra adds routes to a server for the length of a test.
func extra(s *Server, routes ...route) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.Handle(rt.pattern, s.adapt(rt))
	}
	mux.Handle("/", s.door)
	return mux
}

func ask(h http.Handler, method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, origin+path, strings.NewReader(body))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func withCookie(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	s := newServer(t, nil)
	for _, path := range []string{"/", "/nowhere", "/static/app.css", "/communes?q=ly", "/robots.txt"} {
		h := ask(s, "GET", path, "", nil).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ailleurs",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Embedder-Policy": "require-corp",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security":    "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	https := newServer(t, func(c *Config) { c.Origin = "https://ailleurs.example" })
	r := httptest.NewRequest("GET", "https://ailleurs.example/", nil)
	w := httptest.NewRecorder()
	https.ServeHTTP(w, r)
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("an https hub does not ask for https for good")
	}
}

func TestNewRefusesByName(t *testing.T) {
	now := func() time.Time { return noon }
	for _, test := range []struct {
		name, key, field string
		cfg              Config
	}{
		{"no origin", "web.config_origin", "Origin", Config{Now: now}},
		{"a path", "web.config_origin", "Origin", Config{Now: now, Origin: "https://a.example/b"}},
		{"plain http elsewhere", "web.config_plain_http", "Origin", Config{Now: now, Origin: "http://a.example"}},
		{"plain http on an address", "web.config_plain_http", "Origin", Config{Now: now, Origin: "http://127.0.0.1:80"}},
		{"no clock", "web.config_clock", "Now", Config{Origin: origin}},
	} {
		_, err := New(test.cfg)
		refusal := ailleurs.AsRefusal(err)
		if refusal == nil || refusal.Key != test.key || refusal.Field != test.field {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestSealedPagesAreNotServedWithoutTheModule(t *testing.T) {
	if err := (assets{}).checkSealing(); ailleurs.AsRefusal(err) == nil || ailleurs.AsRefusal(err).Args["file"] != "coffre.wasm" {
		t.Errorf("got %v", err)
	}
	if err := (assets{sealingModule: {}}).checkSealing(); ailleurs.AsRefusal(err) == nil || ailleurs.AsRefusal(err).Field != "wasm_exec.js" {
		t.Errorf("got %v", err)
	}
	if err := (assets{sealingModule: {}, sealingLoader: {}}).checkSealing(); err != nil {
		t.Error(err)
	}
}

func TestRefusalsSpeakAndFaultsDoNot(t *testing.T) {
	var log strings.Builder
	s := newServer(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	secret := ailleurs.NewID[ailleurs.CaseID]()
	refusing := func(err error) handler { return func(http.ResponseWriter, *http.Request) error { return err } }
	h := extra(s,
		get("/t/role", anyone, refusing(ailleurs.RefuseAs(ailleurs.Forbidden, "actor.role_needed", "", "role", "duty"))),
		get("/t/first", anyone, refusing(ailleurs.RefuseAs(ailleurs.Conflict, "web.too_large", ""))),
		get("/t/busy", anyone, refusing(ailleurs.RefuseAs(ailleurs.Unavailable, "unheard.of", ""))),
		get("/t/fault", anyone, refusing(errors.New("row of "+string(secret)+" is gone"))),
		get("/t/panic", anyone, func(http.ResponseWriter, *http.Request) error { panic("oh") }),
	)
	for _, test := range []struct {
		path   string
		status int
		says   string
	}{
		{"/t/role", 403, "astreinte"},
		{"/t/first", 409, "Quelqu’un est passé avant"},
		{"/t/busy", 503, "Cette demande ne peut pas être acceptée"},
		{"/t/fault", 500, "Numéro d’incident"},
		{"/t/panic", 500, "Numéro d’incident"},
		{"/nowhere", 404, "Il n’y a rien ici"},
	} {
		w := ask(h, "GET", test.path, "", nil)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%s: %d, want %d and %q in\n%s", test.path, w.Code, test.status, test.says, w.Body)
		}
		if strings.Contains(w.Body.String(), string(secret)) {
			t.Errorf("%s shows the inside of a fault", test.path)
		}
		script := ask(h, "GET", test.path, "", func(r *http.Request) { r.Header.Set("Accept", "application/json") })
		if script.Code != test.status || !strings.Contains(script.Body.String(), `"text":"`) {
			t.Errorf("%s as JSON: %d %s", test.path, script.Code, script.Body)
		}
	}
	if !strings.Contains(log.String(), "web.fault") || strings.Contains(log.String(), string(secret)) {
		t.Errorf("the log lacks the fault, or holds an identifier:\n%s", &log)
	}
}

func TestEachRouteAdmitsItsAudienceOnly(t *testing.T) {
	lead, guarantor := someone(ailleurs.Caseworker), someone(ailleurs.Guarantor)
	late := someone(ailleurs.Caseworker)
	late.Ends = noon
	s := newServer(t, func(c *Config) {
		c.Sessions = sessions{"lead": lead, "guarantor": guarantor, "late": late}
	})
	seen := func(w http.ResponseWriter, r *http.Request) error {
		sendJSON(w, r, 200, string(viewer(r).Agent))
		return nil
	}
	h := extra(s, get("/t", only(ailleurs.Caseworker), seen), get("/t/all", signedIn, seen), post("/t", only(ailleurs.Caseworker), seen))
	for _, test := range []struct {
		token, method, path string
		want                int
	}{
		{"lead", "GET", "/t", 200},
		{"lead", "GET", "/t/all", 200},
		{"guarantor", "GET", "/t", 403},
		{"guarantor", "GET", "/t/all", 200},
		{"late", "GET", "/t", 303},
		{"late", "POST", "/t", 401},
		{"unknown", "GET", "/t/all", 303},
		{"", "GET", "/t/all", 303},
		{"", "POST", "/t", 401},
	} {
		w := ask(h, test.method, test.path, "", withCookie(sessionCookie, test.token))
		if w.Code != test.want {
			t.Errorf("%s %s as %q: %d, want %d", test.method, test.path, test.token, w.Code, test.want)
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s as %q may be kept: %q", test.method, test.path, test.token, got)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := newServer(t, nil)
	read := func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.ReadAll(r.Body); err != nil {
			return err
		}
		sendJSON(w, r, 200, "read")
		return nil
	}
	h := extra(s, post("/t", anyone, read), post("/t/sealed", anyone, read).uploads())
	for _, test := range []struct {
		path string
		size int
		want int
	}{
		{"/t", maxBody, 200},
		{"/t", maxBody + 1, 413},
		{"/t/sealed", 4 << 20, 200},
		{"/t/sealed", maxUpload + 1, 413},
	} {
		for _, announced := range []bool{true, false} {
			w := ask(h, "POST", test.path, strings.Repeat("a", test.size), func(r *http.Request) {
				if !announced {
					r.ContentLength = -1
				}
			})
			if w.Code != test.want {
				t.Errorf("%s with %d bytes (announced %t): %d, want %d", test.path, test.size, announced, w.Code, test.want)
			}
		}
	}
}

func TestAnotherSiteCannotPost(t *testing.T) {
	s := newServer(t, nil)
	w := ask(s, "POST", "/langue", "lang=en", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("got %d with %v", w.Code, w.Result().Cookies())
	}
}

func TestOtherNamesAreNotServed(t *testing.T) {
	s := newServer(t, nil)
	for host, want := range map[string]int{
		"127.0.0.1:8080": 307, "[::1]:8080": 307, "127.0.0.1:9": 421, "evil.example": 421, "localhost:8080": 200, "localhost": 421,
	} {
		w := ask(s, "GET", "/aide?x=1", "", func(r *http.Request) { r.Host = host })
		if w.Code != want {
			t.Errorf("%s: %d, want %d", host, w.Code, want)
		}
		if want == 307 && w.Header().Get("Location") != origin+"/aide?x=1" {
			t.Errorf("%s is led to %s", host, w.Header().Get("Location"))
		}
	}
}

func TestTheLanguageIsChosenAndKept(t *testing.T) {
	s := newServer(t, nil)
	w := ask(s, "POST", "/langue", "lang=en&retour=/aide", nil)
	if w.Code != 303 || w.Header().Get("Location") != "/aide" {
		t.Fatalf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	c := w.Result().Cookies()[0]
	if c.Name != langCookie || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	for _, test := range []struct {
		change func(*http.Request)
		want   string
	}{
		{nil, `lang="fr"`},
		{withCookie(langCookie, "en"), `lang="en"`},
		{func(r *http.Request) { r.Header.Set("Accept-Language", "de, en-GB;q=0.9, fr;q=0.8") }, `lang="en"`},
		{func(r *http.Request) { r.Header.Set("Accept-Language", "de") }, `lang="fr"`},
	} {
		if body := ask(s, "GET", "/aide", "", test.change).Body.String(); !strings.Contains(body, "<html "+test.want) {
			t.Errorf("want %s in %.60s", test.want, body)
		}
	}
	for _, away := range []string{"//evil.example", "https://evil.example", "/\\evil.example", ""} {
		if w := ask(s, "POST", "/langue", "lang=fr&retour="+away, nil); w.Header().Get("Location") != "/" {
			t.Errorf("%q leads to %s", away, w.Header().Get("Location"))
		}
	}
}

func TestAssetsAreKeptForEverUnderTheirHashOnly(t *testing.T) {
	s := newServer(t, nil)
	url := s.assets.url("app.css")
	w := ask(s, "GET", url, "", func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil || string(body) != string(s.assets["app.css"].bytes()) {
		t.Errorf("the packed sheet differs: %v", err)
	}
	// What the build has packed goes out as it lies, and unpacked to whoever reads nothing else.
	module := s.assets[sealingModule]
	for _, accept := range []string{"gzip, br", "br"} {
		w := ask(s, "GET", s.assets.url(sealingModule), "", func(r *http.Request) { r.Header.Set("Accept-Encoding", accept) })
		h, body := w.Header(), w.Body.Bytes()
		if accept == "br" {
			if h.Get("Content-Encoding") != "" || !bytes.HasPrefix(body, []byte("\x00asm")) {
				t.Errorf("without gzip: %v, %d bytes", h, len(body))
			}
		} else if h.Get("Content-Encoding") != "gzip" || len(body) != int(module.packed().size) {
			t.Errorf("with gzip: %v, %d bytes", h, len(body))
		}
		if h.Get("Content-Type") != "application/wasm" || h.Get("Vary") != "Accept-Encoding" || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%v", h)
		}
	}
	if w := ask(s, "GET", "/static/0000000000000000/app.css", "", nil); w.Code != 404 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("another hash: %d", w.Code)
	}
	plain := ask(s, "GET", "/static/app.css", "", nil)
	if plain.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("a plain address may be kept: %v", plain.Header())
	}
	again := ask(s, "GET", "/static/app.css", "", func(r *http.Request) { r.Header.Set("If-None-Match", plain.Header().Get("ETag")) })
	if again.Code != http.StatusNotModified {
		t.Errorf("unchanged: %d", again.Code)
	}
}

func TestScriptsSayWhatPagesSay(t *testing.T) {
	s := newServer(t, nil)
	body := ask(s, "GET", "/aide", "", nil).Body.String()
	url := s.assets.url("sentences.fr.json")
	if url == "" || !strings.Contains(body, `data-sentences="`+url+`"`) {
		t.Fatalf("no address of sentences in %.120s", body)
	}
	if w := ask(s, "GET", url, "", nil); !strings.Contains(w.Body.String(), `"web.unsigned":{"other":"Votre session est terminée."}`) {
		t.Errorf("%d %.200s", w.Code, w.Body)
	}
}

func TestPagesAreLight(t *testing.T) {
	s := newServer(t, nil)
	shared := 0
	for _, name := range []string{"app.css", "app.js", "sign.svg"} {
		if gz := s.assets[name].packed(); gz != nil {
			shared += int(gz.size)
		} else {
			shared += int(s.assets[name].body().size)
		}
	}
	for _, rt := range s.routes() {
		if rt.who.session || !strings.HasPrefix(rt.pattern, "GET ") || strings.Contains(rt.pattern, "static") {
			continue
		}
		path := strings.TrimSuffix(rt.path(), "{$}")
		w := ask(s, "GET", path, "", func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
		if total := w.Body.Len() + shared; total > 60<<10 {
			t.Errorf("%s weighs %d bytes packed, with %d of style and script", path, total, shared)
		}
	}
}

func TestWhatWasDoneIsSaidOnce(t *testing.T) {
	s := newServer(t, nil)
	h := extra(s, post("/t", anyone, func(w http.ResponseWriter, r *http.Request) error { return redirect(w, r, "/aide", "entrer.left") }))
	said := ask(h, "POST", "/t", "", nil).Result().Cookies()[0]
	w := ask(h, "GET", "/aide", "", withCookie(said.Name, said.Value))
	if !strings.Contains(w.Body.String(), "Vous êtes déconnecté·e.") {
		t.Error("nothing was said")
	}
	if c := w.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("it would be said again: %v", c)
	}
	forged := ask(h, "GET", "/aide", "", withCookie(saidCookie, "<b>nonsense</b>"))
	if strings.Contains(forged.Body.String(), "nonsense") {
		t.Error("a cookie of another's making is shown")
	}
}

func TestALiveSessionGoesStraightToWork(t *testing.T) {
	lead := someone(ailleurs.Caseworker)
	s := newServer(t, func(c *Config) { c.Sessions = sessions{"lead": lead} })
	s.nav = []route{get("/coordination", only(ailleurs.Coordinator), nil).inNav("x"), get("/inbox", signedIn, nil).inNav("y")}
	w := ask(s, "GET", "/entrer", "", withCookie(sessionCookie, "lead"))
	if w.Code != 303 || w.Header().Get("Location") != "/inbox" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
	// From a link in an e-mail the browser keeps the cookie back: the page asks once more from here.
	w = ask(s, "GET", "/entrer", "", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	if w.Code != 200 || !strings.Contains(w.Body.String(), `http-equiv="refresh"`) {
		t.Errorf("%d", w.Code)
	}
	if w = ask(s, "GET", "/entrer", "", nil); strings.Contains(w.Body.String(), `http-equiv="refresh"`) {
		t.Error("the page asks again for ever")
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	live := sessions{"lead": someone(ailleurs.Caseworker)}
	s := newServer(t, func(c *Config) { c.Sessions = live })
	w := ask(s, "POST", "/session/continuer", "", withCookie(sessionCookie, "lead"))
	if w.Code != 200 || w.Body.String() != `{"seconds":900}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = ask(s, "POST", "/sortir", "", withCookie(sessionCookie, "lead"))
	if w.Code != 303 || len(live) != 0 {
		t.Errorf("%d, %d sessions live", w.Code, len(live))
	}
}

func TestMoreThanTheHubCanServeIsToldSo(t *testing.T) {
	s := newServer(t, func(c *Config) { c.InFlight = 1 })
	s.slots <- struct{}{}
	w := ask(s, "GET", "/", "", nil)
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	<-s.slots
	if w := ask(s, "GET", "/", "", nil); w.Code != 200 {
		t.Errorf("%d once there is room", w.Code)
	}
}

func TestSecurityContactIsPublishedWhenThereIsOne(t *testing.T) {
	if w := ask(newServer(t, nil), "GET", "/.well-known/security.txt", "", nil); w.Code != 404 {
		t.Errorf("without a contact: %d", w.Code)
	}
	s := newServer(t, func(c *Config) { c.Operator.Security = "securite@ailleurs.example" })
	w := ask(s, "GET", "/.well-known/security.txt", "", nil)
	for _, line := range []string{"Contact: mailto:securite@ailleurs.example\n", "Expires: 2026-09-12T11:00:00Z\n", "Canonical: " + origin} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("%q is missing in\n%s", line, w.Body)
		}
	}
}
