package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"github.com/chromedp/chromedp"
)

// A liar stands between the hub and the browsers and bends what it hands out.
type liar func(w http.ResponseWriter, r *http.Request, hub http.Handler)

// lie has the hub lie from now on; nil has it tell the truth again.
func (s *stage) lie(l liar) { s.lies.Store(&l) }

// lies serves what hub serves, bent by the liar of the moment.
func (s *stage) bend(hub http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l := s.lies.Load(); l != nil && *l != nil {
			(*l)(w, r, hub)
			return
		}
		hub.ServeHTTP(w, r)
	})
}

// edit is a liar that rewrites the answers to one path.
func edit(path string, rewrite func(body []byte) []byte) liar {
	return func(w http.ResponseWriter, r *http.Request, hub http.Handler) {
		if r.URL.Path != path {
			hub.ServeHTTP(w, r)
			return
		}
		honest := httptest.NewRecorder()
		r.Header.Del("Accept-Encoding")
		hub.ServeHTTP(honest, r)
		body := rewrite(honest.Body.Bytes())
		for name, values := range honest.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(honest.Code)
		_, _ = io.Copy(w, bytes.NewReader(body))
	}
}

// proofs rewrites the hub's proofs.
func proofs(rewrite func(heads map[string]any)) liar {
	return edit("/preuves", func(body []byte) []byte {
		var heads map[string]any
		if json.Unmarshal(body, &heads) != nil {
			return body
		}
		rewrite(heads)
		out, err := json.Marshal(heads)
		if err != nil {
			panic(err) // it was JSON before
		}
		return out
	})
}

// tab opens another tab of the same visitor, with what browsers copy into a tab that a link opens: the session and its
// sealed copy.
func (v *Visitor) tab(path string) *Visitor {
	v.t.Helper()
	ctx, stop := chromedp.NewContext(v.Ctx, chromedp.WithListener(v.hear))
	v.t.Cleanup(stop)
	next := &Visitor{Ctx: ctx, Origin: v.Origin, t: v.t}
	kept := Eval[string](v, `JSON.stringify({ ...sessionStorage })`)
	next.Go("/entrer/aide-introuvable") // any page of the site
	Eval[bool](next, fmt.Sprintf(`(Object.entries(JSON.parse(%s)).forEach(([k, v]) => sessionStorage.setItem(k, v)), true)`, quote(kept)))
	next.Go(path)
	return next
}

// What a lying hub hands out is refused on the page that would have shown it, in the list and in the case, and what one
// page has seen no later page or tab is shown older.
func TestPagesRefuseWhatTheJournalDoesNotKnow(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 40})
	v := s.be("lyon")
	v.Allow("404") // the other tab begins on a page that is not there
	const list = "/travail?liste=envoyees"
	opened := `document.querySelector("[data-sheet] dl") !== null`
	v.Go(list)
	v.Until(opened)
	cards := Eval[int](v, `document.querySelectorAll("[data-sheet] dl").length`)
	refusedCards := func(v *Visitor, sentence string) int {
		return Eval[int](v, fmt.Sprintf(`[...document.querySelectorAll("[data-sheet] dl")].filter((d) => d.innerText.includes(%s)).length`, quote(sentence)))
	}
	const unproved, older = "ne prouve pas", "plus ancien"

	t.Run("the list asks once for the proofs of all its cards", func(t *testing.T) {
		asked := 0
		s.lie(func(w http.ResponseWriter, r *http.Request, hub http.Handler) {
			if r.URL.Path == "/preuves" {
				asked++
			}
			hub.ServeHTTP(w, r)
		})
		defer s.lie(nil)
		v.Go(list)
		v.Until(opened)
		if asked != 1 || cards < 2 {
			t.Errorf("%d requests for %d cards", asked, cards)
		}
	})
	t.Run("cards without proofs", func(t *testing.T) {
		s.lie(proofs(func(heads map[string]any) { heads["Bodies"] = nil }))
		defer s.lie(nil)
		v.Go(list)
		v.Until(opened)
		if n := refusedCards(v, unproved); n != cards {
			t.Errorf("%d of %d cards are refused: %s", n, cards, v.Text("main"))
		}
	})
	t.Run("an older journal", func(t *testing.T) {
		var old any
		s.lie(proofs(func(heads map[string]any) { old = heads["Checkpoint"] }))
		v.Go(list)
		v.Until(opened)
		v.Go(list) // a reading more: the journal has grown
		v.Until(opened)
		was := old
		v.Go(list)
		v.Until(opened)
		s.lie(proofs(func(heads map[string]any) { heads["Checkpoint"] = was }))
		defer s.lie(nil)
		for _, at := range []struct {
			name string
			in   *Visitor
		}{{"the same tab", v}, {"another tab", v.tab(list)}} {
			at.in.Go(list)
			at.in.Until(`document.querySelector(".notice.alert")`)
			if said := at.in.Text(".notice.alert"); !strings.Contains(said, older) {
				t.Errorf("%s says %q", at.name, said)
			}
			if n := Eval[int](at.in, `document.querySelectorAll("[data-sheet] dl").length`); n != 0 {
				t.Errorf("%s shows %d cards", at.name, n)
			}
		}
	})
	t.Run("a body rolled back, with the proof that the journal knows it", func(t *testing.T) {
		id, old := s.saved(t, s.Personas[0].Agent)
		path := "/dossiers/" + string(id)
		v.Go(path)
		v.opened(string(old.Compartment))
		s.lie(edit(path, func(page []byte) []byte {
			return s.replace(t, page, func(all map[string]any) {
				bodies := all["dossier"].(map[string]any)["Sealed"].(map[string]any)["bodies"].([]any)
				for i, b := range bodies {
					if b.(map[string]any)["compartment"] == string(old.Compartment) {
						bodies[i] = old
					}
				}
			})
		}))
		defer s.lie(nil)
		for _, at := range []struct {
			name string
			in   *Visitor
		}{{"the same tab", v}, {"another tab", v.tab("/compte")}} {
			at.in.Go(path)
			at.in.Until(`document.querySelector("main .notice.alert")`)
			if said := at.in.Text("main .notice.alert"); !strings.Contains(said, "version ancienne") {
				t.Errorf("%s says %q", at.name, said)
			}
		}
	})
}

// saved finds a folder of an agent that was saved twice, and its first body as the hub keeps it.
func (s *stage) saved(t *testing.T, lead ailleurs.AgentID) (ailleurs.CaseID, ailleurs.SealedBody) {
	t.Helper()
	type row struct {
		Case        ailleurs.CaseID      `db:"case_id"`
		Compartment ailleurs.Compartment `db:"compartment"`
		Epoch       int                  `db:"epoch"`
		Seq         int                  `db:"seq"`
		Hash        string               `db:"hash"`
		Author      ailleurs.AgentID     `db:"author_id"`
		Data        []byte               `db:"data"`
	}
	var found row
	err := s.hub.DB.View(t.Context(), func(tx *store.Tx) (err error) {
		found, err = store.One[row](tx, `SELECT b.case_id, b.compartment, b.epoch, b.seq, b.hash, b.author_id, b.data FROM body b
			WHERE b.seq = 1 AND b.author_id = $1 AND b.erased_at IS NULL AND EXISTS (SELECT 1 FROM body n
				WHERE n.case_id = b.case_id AND n.compartment = b.compartment AND n.seq = 2 AND n.erased_at IS NULL
				AND n.epoch = b.epoch)
			AND EXISTS (SELECT 1 FROM envelope e WHERE e.case_id = b.case_id AND e.compartment = b.compartment AND e.for_id = $1 AND e.destroyed_at IS NULL)
			LIMIT 1`, lead)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.Case, ailleurs.SealedBody{
		Case: found.Case, Compartment: found.Compartment, Epoch: found.Epoch, Seq: found.Seq, Hash: found.Hash, Author: found.Author, Data: found.Data,
	}
}

// replace rewrites what a page hands to its script.
func (s *stage) replace(t *testing.T, page []byte, rewrite func(map[string]any)) []byte {
	const begin, end = `<script type="application/json" id="page">`, `</script>`
	before, rest, ok := bytes.Cut(page, []byte(begin))
	data, after, ok2 := bytes.Cut(rest, []byte(end))
	var all map[string]any
	if !ok || !ok2 || json.Unmarshal(data, &all) != nil {
		t.Error("the page hands nothing to its script")
		return page
	}
	rewrite(all)
	out, err := json.Marshal(all)
	if err != nil {
		t.Error(err)
	}
	return slices.Concat(before, []byte(begin), out, []byte(end), after)
}
