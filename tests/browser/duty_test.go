package browser

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	exchanges "codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/web"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// A town is a small alliance whose people are signed in by a cookie that says who they are.
type town struct {
	*exchanges.Hub
	origin string
	people map[string]web.Viewer
}

// Lookup is part of web.Sessions.
func (x *town) Lookup(_ context.Context, token string, at time.Time) (web.Viewer, error) {
	v, ok := x.people[token]
	if !ok {
		return v, ailleurs.RefuseAs(ailleurs.Unsigned, "session.none", "")
	}
	v.Ends = at.Add(time.Hour)
	return v, nil
}

// End is part of web.Sessions.
func (x *town) End(context.Context, string, time.Time) error { return nil }

func newTown(t *testing.T) *town {
	t.Helper()
	clock := func() time.Time { return now }
	x := &town{people: make(map[string]web.Viewer)}
	x.origin = Serve(t, func(origin string) http.Handler {
		cfg := exchanges.Config{Data: t.TempDir(), Origin: origin, Demo: true, Now: clock}
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(exchanges.NewLogs(cfg, "hub.example"))
		h, err := exchanges.Open(t.Context(), cfg)
		must(err)
		x.Hub = h
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		personas, err := demo.Build(t.Context(), h, demo.Size{Towns: 12, Cases: 12}, now)
		must(err)
		roles := map[string][]ailleurs.Role{
			"lyon": {ailleurs.Caseworker}, "lyon-elue": {ailleurs.Signatory}, "lyon-binome": {ailleurs.Caseworker, ailleurs.DutyOfficer},
			"bordeaux": {ailleurs.Caseworker}, "bordeaux-elu": {ailleurs.Signatory}, "coordination": {ailleurs.Coordinator},
		}
		for _, p := range personas {
			who := ailleurs.Actor{Agent: p.Agent, Roles: roles[p.Key]}
			profile, err := h.Alliance.Profile(t.Context(), alliance.Viewer{Actor: who})
			must(err)
			who.Member = profile.Member
			x.people[p.Key] = web.Viewer{Actor: who, Name: p.Name, Town: p.Town}
		}
		s, err := web.New(web.Config{
			Origin: origin, Now: clock, Demo: true, Sessions: x, Alliance: h.Alliance, Relocation: h.Relocation, Protection: h.Protection,
			Journal:    h.Logs.Journal.Signer,
			PublicOnly: true,
		})
		must(err)
		return s
	})
	return x
}

// visit opens a browser in which someone is signed in.
func (x *town) visit(t *testing.T, who string) *Visitor {
	t.Helper()
	v := Visit(t, x.origin)
	v.As(who)
	return v
}

// As signs the visitor in.
func (v *Visitor) As(who string) {
	v.t.Helper()
	yes := true
	p := network.SetCookieParams{Name: "__Host-session", Value: who, URL: v.Origin + "/", Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteStrict}
	if _, err := chromedp.Call(v.Ctx, network.SetCookie, p); err != nil {
		v.t.Fatal(err)
	}
}

// fine looks at a page on a phone and a desk, by day and by night.
func (v *Visitor) fine(path string) {
	v.t.Helper()
	for _, width := range []int64{360, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			v.Size(width, 800)
			v.Prefers("prefers-color-scheme", scheme)
			v.Go(path)
			when := path + " " + scheme
			v.Accessible(when)
			v.Fits(when)
			v.Tall(when)
		}
	}
	v.Size(360, 740)
	v.Prefers("prefers-color-scheme", "light")
}

func TestAlertsAndJournalInABrowser(t *testing.T) {
	x := newTown(t)
	lyon, duty, coordination := x.visit(t, "lyon"), x.visit(t, "lyon-binome"), x.visit(t, "coordination")
	found, err := x.Relocation.Inbox(t.Context(), x.people["lyon"].Actor, relocation.ToDo, "", now)
	if err != nil || len(found.Rows) == 0 {
		t.Fatalf("Lyon has nothing to do: %v", err)
	}

	lyon.fine("/alerte")
	lyon.Shot("alerte-phone")
	lyon.Go("/dossiers/" + string(found.Rows[0].Case) + "/alerte")
	lyon.Click(`label[for="level-0"]`)
	// A click is not enough.
	lyon.Click("button[data-hold]")
	if got := lyon.Location(); got != "/dossiers/"+string(found.Rows[0].Case)+"/alerte" {
		t.Fatalf("one click rang: %s", got)
	}
	Eval[bool](lyon, `document.querySelector("button[data-hold]").dispatchEvent(new PointerEvent("pointerdown", {button: 0, bubbles: true}))`)
	lyon.Until(`location.pathname.startsWith('/astreinte/')`)
	lyon.Accessible("an alert, for who raised it")
	page := lyon.Location()

	duty.fine("/astreinte")
	duty.Shot("astreinte-phone")
	duty.fine(page)
	duty.Shot("alerte-sonne-phone")
	duty.Click(`form[action$="/prendre"] button`)
	duty.See(`[role="status"]`)
	duty.Accessible("an alert that one is on")
	duty.Shot("alerte-prise-phone")
	duty.Click(`details.confirm:last-of-type summary`)
	duty.Accessible("closing an alert")
	duty.Click(`label[for="end-0"]`)
	duty.Click(`form[action$="/clore"] button`)
	duty.See(`[role="status"]`)
	duty.Accessible("a closed alert")

	coordination.fine("/astreinte")
	coordination.Go("/astreinte")
	coordination.Click("main details summary")
	coordination.Type(`input[name^="ligne-"]`, "06 12")
	coordination.Allow("422")
	coordination.Click(`form[action="/astreinte/ordre"] button`)
	coordination.See(".errors")
	coordination.Accessible("the call tree after an error")
	coordination.fine("/journal")
	coordination.Shot("journal-phone")
	coordination.Size(1280, 800)
	coordination.Go("/journal")
	coordination.Shot("journal")
	duty.fine("/journal/moi")
}

func TestWithoutScriptTheAlertIsConfirmedFirst(t *testing.T) {
	x := newTown(t)
	v := Visit(t, x.origin)
	v.As("lyon")
	v.Script(false)
	v.Go("/alerte")
	v.See("#sure")
	v.Click(`label[for="level-2"]`)
	v.Click("button[data-hold]")
	v.See("#sure") // the browser asks for the confirmation
	v.Click("#sure")
	v.Click("button[data-hold]")
	v.See(".ring")
}
