package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/web"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A workbench is a hub with one more page, which holds every part of the screens, and which remembers what was posted.
type workbench struct {
	origin  string
	seconds int // until the session of the page ends

	mu   sync.Mutex
	sent []string
}

func newWorkbench(t *testing.T, seconds int) *workbench {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(here(), "testdata", "parts.html"))
	if err != nil {
		t.Fatal(err)
	}
	b := &workbench{seconds: seconds}
	b.origin = Serve(t, func(origin string) http.Handler {
		s, err := web.New(web.Config{Origin: origin, Now: time.Now, PublicOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			policy := func() {
				header := httpHeader(s)
				for name, values := range header {
					w.Header()[name] = values
				}
			}
			switch r.URL.Path {
			case "/t":
				policy()
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write([]byte(strings.ReplaceAll(string(page), "SECONDS", fmt.Sprint(b.seconds))))
			case "/t/sent":
				if err := r.ParseForm(); err != nil {
					t.Error(err)
				}
				b.mu.Lock()
				b.sent = append(b.sent, r.PostForm.Encode())
				b.mu.Unlock()
				policy()
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write([]byte("<!doctype html><html lang=fr><title>Reçu</title><h1 id=received>Reçu</h1>"))
			case "/session/continuer":
				policy()
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"seconds":900}`))
			default:
				s.ServeHTTP(w, r)
			}
		})
	})
	return b
}

// httpHeader returns the headers that the hub sets on a page.
func httpHeader(s http.Handler) http.Header {
	w := &headerOnly{h: make(http.Header)}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://nowhere.invalid/", nil)
	if err != nil {
		panic(err) // the address is constant
	}
	s.ServeHTTP(w, r)
	w.h.Del("Content-Type")
	w.h.Del("Content-Length")
	return w.h
}

type headerOnly struct{ h http.Header }

func (w *headerOnly) Header() http.Header         { return w.h }
func (w *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (w *headerOnly) WriteHeader(int)             {}

// posted returns what the forms sent so far.
func (b *workbench) posted() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.sent...)
}

func TestPartsAreOpenToAll(t *testing.T) {
	v := Visit(t, newWorkbench(t, 900).origin)
	for _, scheme := range []string{"light", "dark"} {
		v.Prefers("prefers-color-scheme", scheme)
		for _, width := range []int64{320, 360, 1280} {
			v.Size(width, 800)
			v.Go("/t")
			when := fmt.Sprintf("%d px, %s", width, scheme)
			v.Accessible(when)
			v.Fits(when)
			v.Tall(when)
		}
	}
}

func TestTheSummaryOfErrorsIsReadFirst(t *testing.T) {
	v := Visit(t, newWorkbench(t, 900).origin)
	v.Go("/t")
	v.Until(`document.activeElement.matches(".errors")`)
	v.Click(".errors a")
	v.Until(`document.activeElement.id === "ville"`)
}

func TestACommuneIsFoundWithTheKeyboard(t *testing.T) {
	v := Visit(t, newWorkbench(t, 900).origin)
	v.Go("/t")
	v.Type("#ville", "st etienne")
	v.See(`[role=listbox] [role=option]`)
	v.Accessible("with the list of communes open")
	v.Until(`document.querySelector("#ville").getAttribute("aria-expanded") === "true"`)
	v.Keys(kb.ArrowDown)
	v.Until(`document.querySelector("#ville").getAttribute("aria-activedescendant") === document.querySelector("[aria-selected=true]").id`)
	v.Enter()
	v.Until(`document.querySelector("[name=ville-code]").value.length === 5`)
	if got := Eval[string](v, `document.querySelector("#ville").value`); !strings.HasPrefix(got, "Saint-Étienne (42)") {
		t.Errorf("chose %q", got)
	}
	if got := Eval[bool](v, `document.querySelector("[role=listbox]").hidden`); !got {
		t.Error("the list stays open")
	}
	// Another letter makes the choice void.
	v.Type("#ville", "x")
	v.Until(`document.querySelector("[name=ville-code]").value === ""`)
}

func TestFormsWorkWithoutAScript(t *testing.T) {
	b := newWorkbench(t, 900)
	v := Visit(t, b.origin)
	v.Script(false)
	v.Go("/t")
	v.Click("#confirm summary")
	v.Click("#confirm button")
	v.See("#received")
	v.Go("/t")
	v.Type("#ville", "Lyon")
	v.Click("#send")
	v.See("#received")
	v.Go("/t")
	v.Click("#alarm")
	v.See("#received")
	if got := b.posted(); len(got) != 3 || got[0] != "oui=oui" || !strings.Contains(got[1], "ville=Lyon") || got[2] != "alerte=oui" {
		t.Errorf("posted %q", got)
	}
}

func TestTheAlarmIsHeldNotBrushed(t *testing.T) {
	b := newWorkbench(t, 900)
	v := Visit(t, b.origin)
	v.Go("/t")
	v.See("#alarm + .hint")
	v.Click("#alarm") // a touch in passing
	if v.Location() != "/t" || len(b.posted()) != 0 {
		t.Fatalf("a short press rang: %q", b.posted())
	}
	// A tool that only clicks presses twice.
	Eval[bool](v, `document.querySelector("#alarm").click(), true`)
	if got := v.Text("#alarm + .hint"); got != "Appuyez une seconde fois pour confirmer." || len(b.posted()) != 0 {
		t.Fatalf("after one click: %q, posted %q", got, b.posted())
	}
	Eval[bool](v, `document.querySelector("#alarm").click(), true`)
	v.See("#received")

	v.Go("/t")
	Eval[bool](v, `(() => { const b = document.querySelector("#alarm"); b.focus();
		b.dispatchEvent(new PointerEvent("pointerdown", {button: 0, bubbles: true})); return true; })()`)
	v.See("#received")
	if got := b.posted(); len(got) != 2 || got[1] != "alerte=oui" {
		t.Errorf("posted %q", got)
	}
}

func TestADoubleClickSendsOnce(t *testing.T) {
	b := newWorkbench(t, 900)
	v := Visit(t, b.origin)
	v.Go("/t")
	v.Type("#ville", "Lyon")
	v.Do(chromedp.DoubleClick(chromedp.CSS("#send")))
	v.See("#received")
	if got := b.posted(); len(got) != 1 {
		t.Errorf("posted %q", got)
	}
}

func TestASessionWarnsAndCanBeProlonged(t *testing.T) {
	v := Visit(t, newWorkbench(t, 100).origin) // under two minutes left: the warning comes at once
	v.Go("/t")
	v.See("dialog.ending[open]")
	v.Accessible("with the warning open")
	v.Until(`document.activeElement.matches("[data-stay]")`)
	v.Click("[data-stay]")
	v.Until(`!document.querySelector("dialog.ending").open`)

	gone := Visit(t, newWorkbench(t, 1).origin)
	gone.Go("/t")
	gone.Until(`location.pathname === "/entrer"`)
}

func TestAScriptSaysRefusalsInWords(t *testing.T) {
	v := Visit(t, newWorkbench(t, 900).origin)
	v.Go("/t")
	said := func(call string) string {
		return Eval[string](v, `import("/static/app.js").then(m => m.`+call+`)`)
	}
	for call, want := range map[string]string{
		`say("vault.word_count", {want: 6, got: 5})`: "Il faut 6 mots ; vous en avez écrit 5.",
		`say("actor.role_needed", {role: "duty"})`:   "Cet écran demande le rôle suivant : astreinte.",
		`say("clock.hours", {n: 1})`:                 "reste 1 heure",
		`say("clock.hours", {n: 2})`:                 "reste 2 heures",
		`say("nothing.of.the.kind")`:                 "Cette demande ne peut pas être acceptée",
	} {
		if got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(said(call)); got != want {
			t.Errorf("%s says %q, want %q", call, got, want)
		}
	}
}

func TestThePolicyStopsWhatItMust(t *testing.T) {
	v := Visit(t, hub(t, nil))
	v.Go("/aide")
	for what, try := range map[string]string{
		"an inline script": `(() => { const s = document.createElement("script"); s.textContent = "window.bad = 1"; document.head.append(s); })()`,
		"markup from text": `document.body.innerHTML = "<b>x</b>"`,
		"another host":     `fetch("https://example.org/").then(() => { window.bad = 1 })`,
		"a second policy":  `trustedTypes.createPolicy("other", {createHTML: x => x})`,
	} {
		got := Eval[string](v, `(async () => { try { await (async () => { await (`+"async () => "+try+`)() })(); } catch (e) { return "stopped"; } return window.bad ? "done" : "nothing"; })()`)
		if got == "done" || what != "an inline script" && got != "stopped" {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := v.Complaints(); len(got) < 3 {
		t.Errorf("the rig hears only %q", got)
	}
}

func TestTheCookieOfASessionIsKeptOnLocalhost(t *testing.T) {
	live := web.Viewer{Name: "Camille D.", Ends: time.Now().Add(15 * time.Minute)}
	live.Agent, live.Roles = ailleurs.NewID[ailleurs.AgentID](), []ailleurs.Role{ailleurs.Caseworker}
	s := oneSession{live}
	origin := hub(t, func(c *web.Config) { c.Sessions = s })
	v := Visit(t, origin)
	v.Go("/aide")
	v.Click("footer form button") // sets a __Host- cookie that is Secure, over http://localhost
	v.Until(`document.documentElement.lang === "en"`)
	v.Go("/aide")
	v.Until(`document.documentElement.lang === "en"`)
	if got := Eval[string](v, "document.cookie"); got != "" {
		t.Errorf("scripts see the cookies: %q", got)
	}
}

// oneSession is a register of sessions that knows one token.
type oneSession struct{ v web.Viewer }

func (s oneSession) Lookup(_ context.Context, token string, _ time.Time) (web.Viewer, error) {
	if token != "token" {
		return web.Viewer{}, ailleurs.RefuseAs(ailleurs.Unsigned, "session.none", "")
	}
	return s.v, nil
}

func (oneSession) End(context.Context, string, time.Time) error { return nil }

func TestAVirtualPasskeyGivesPRF(t *testing.T) {
	v := Visit(t, hub(t, nil))
	key := v.Authenticator(true)
	v.Go("/entrer")
	enabled := Eval[bool](v, `navigator.credentials.create({publicKey: {
		challenge: new Uint8Array(32), rp: {id: "localhost", name: "Ailleurs"},
		user: {id: new Uint8Array(16), name: "x", displayName: "x"},
		pubKeyCredParams: [{type: "public-key", alg: -7}],
		authenticatorSelection: {residentKey: "required", userVerification: "required"},
		extensions: {prf: {}},
	}}).then(c => c.getClientExtensionResults().prf?.enabled === true)`)
	if !enabled {
		t.Error("the device has no PRF")
	}
	if got := len(key.Passkeys()); got != 1 {
		t.Errorf("the device holds %d passkeys", got)
	}
	bytes := Eval[int](v, `navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: "localhost",
		userVerification: "required", extensions: {prf: {eval: {first: new Uint8Array(32)}}}}})
		.then(c => c.getClientExtensionResults().prf.results.first.byteLength)`)
	if bytes != 32 {
		t.Errorf("PRF gives %d bytes", bytes)
	}
	key.Lose()
	v.Authenticator(false)
	if Eval[bool](v, `navigator.credentials.create({publicKey: {
		challenge: new Uint8Array(32), rp: {id: "localhost", name: "Ailleurs"},
		user: {id: new Uint8Array(16), name: "x", displayName: "x"},
		pubKeyCredParams: [{type: "public-key", alg: -7}], extensions: {prf: {}},
	}}).then(c => c.getClientExtensionResults().prf?.enabled === true)`) {
		t.Error("a device without PRF says it has it")
	}
}
