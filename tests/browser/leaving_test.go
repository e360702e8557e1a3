package browser

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
)

// Who leaves takes what was readable away, in every tab and from the history, and leaves the module for the next session.
func TestLeavingTakesWhatWasReadAndKeepsTheModule(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 12})
	var modules atomic.Int32
	s.lie(func(w http.ResponseWriter, r *http.Request, hub http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/coffre.wasm") {
			modules.Add(1)
		}
		hub.ServeHTTP(w, r)
	})
	v := s.be("lyon")
	v.Allow("404") // the other tab begins on a page that is not there
	const list = "/travail?liste=envoyees"
	v.Go(list)
	v.Until(`document.querySelector("[data-sheet] dl") !== null`)
	read := v.Text("[data-sheet] dl")
	if read == "" {
		t.Fatal("no card is readable")
	}
	other := v.tab(list)
	other.Until(`document.querySelector("[data-sheet] dl") !== null`)
	for range 3 {
		v.Go(list)
		v.Until(`document.querySelector("[data-sheet] dl") !== null`)
	}
	if n := modules.Load(); n != 1 {
		t.Errorf("the module was fetched %d times in one session", n)
	}

	Eval[bool](v, `(document.querySelector('form[action="/sortir"]').requestSubmit(), true)`)
	v.at("/entrer")
	other.at("/entrer")
	for name, in := range map[string]*Visitor{"this tab": v, "the other tab": other} {
		if n := Eval[int](in, `sessionStorage.length`); n != 0 {
			t.Errorf("%s keeps %d things", name, n)
		}
	}
	Eval[bool](v, `(history.back(), true)`)
	v.Until(`document.readyState === "complete" && location.pathname === "/entrer"`)
	if said := v.Text("body"); strings.Contains(said, read) {
		t.Errorf("going back shows %q", said)
	}

	v.Go("/demo")
	v.Until(`document.querySelector(".cards form[data-ready]")`)
	v.Click(`.cards li:nth-child(1) button`)
	v.at("/travail")
	v.Go(list)
	v.Until(`document.querySelector("[data-sheet] dl") !== null`)
	if n := modules.Load(); n != 1 {
		t.Errorf("the module was fetched %d times for two sessions", n)
	}
}
