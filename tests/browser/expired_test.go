package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
)

// expire ends the visitor's session on the hub; their browser is not told.
func (s *stage) expire(v *Visitor) {
	s.t.Helper()
	found, err := chromedp.Call(v.Ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{v.Origin + "/"}})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range found.Cookies {
		if c.Name == "__Host-session" {
			if err := s.hub.Alliance.End(s.t.Context(), c.Value, time.Now()); err != nil {
				s.t.Fatal(err)
			}
			return
		}
	}
	s.t.Fatal("no session to end")
}

// A session that ended while a form was open is told in words, with the way back; nothing is half written, and what was
// typed is there again after signing in.
func TestExpiredSessionLosesNothingThatWasTyped(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	path := "/dossiers/" + string(s.scene("preparing"))
	bordeaux := s.be("bordeaux")
	bordeaux.Allow("401") // the browser reports what this test is about
	const form = `form[data-seal="case.plan"]`
	bordeaux.Go(path)
	bordeaux.settled()
	bordeaux.set(form, map[string]string{"address": "3, allée inventée", "employer": "atelier inventé"})
	bordeaux.Until(`Object.keys(localStorage).some((name) => name.startsWith("ailleurs.draft.plan-"))`)
	for _, kept := range Eval[[]string](bordeaux, `Object.values(localStorage)`) {
		if kept == "" || len(kept) < 40 {
			t.Errorf("what is kept on the device is %q", kept)
		}
	}
	s.expire(bordeaux)
	Eval[bool](bordeaux, fmt.Sprintf(`(document.querySelector(%s).requestSubmit(), true)`, quote(form)))
	bordeaux.Until(`document.querySelector('[data-refused] a[href="/entrer"]')`)
	bordeaux.Accessible("a session that ended")
	if typed := Eval[string](bordeaux, `document.getElementById("address").value`); typed != "3, allée inventée" {
		t.Errorf("the field holds %q", typed)
	}
	s.enter(bordeaux, "bordeaux")
	bordeaux.Go(path)
	bordeaux.Until(`document.querySelector("[data-restored]") && document.getElementById("address").value === "3, allée inventée" && document.getElementById("employer").value === "atelier inventé"`)
	bordeaux.look("repris")
	bordeaux.Click("[data-restored] button")
	bordeaux.Until(`!document.querySelector("[data-restored]") && document.readyState === "complete"`)
	bordeaux.settled()
	if typed := Eval[string](bordeaux, `document.getElementById("address").value`); typed != "" {
		t.Errorf("after starting over the field holds %q", typed)
	}
	quiet(t, bordeaux)
	s.blind([]string{"allée inventée", "atelier inventé"})
}
