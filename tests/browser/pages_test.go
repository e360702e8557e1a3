package browser

import (
	"fmt"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
)

// Every page behind the sign-in is open to everyone: no finding of axe, nothing that overflows, at 360 and 1280 pixels, in
// light and in dark, with the sealed parts opened.
func TestPagesOfACaseAreOpenToAll(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 40})
	type visit struct{ who, path, name string }
	visits := []visit{
		{"lyon", "/travail", "travail"},
		{"lyon", "/travail?liste=envoyees", ""},
		{"lyon", "/dossiers/nouveau", "dossier-nouveau"},
		{"lyon", "/places", "places"},
		{"lyon", "/places/nouvelle?kind=home", "place-nouvelle"},
		{"lyon", "/places/nouvelle?kind=job", ""},
		{"lyon", "/personnes", "personnes"},
		{"lyon", "/changements", "changements"},
		{"lyon", "/membres", "membres"},
		{"lyon", "/compte", "compte"},
		{"bordeaux", "/travail?liste=recues", ""},
	}
	people := map[string]*Visitor{"lyon": s.be("lyon"), "bordeaux": s.be("bordeaux"), "coordination": s.be("coordination")}
	// One case or thread in each state that the two leads have, and a draft's own pages.
	for who, list := range map[string]string{"lyon": "envoyees", "bordeaux": "recues", "coordination": "a-faire"} {
		v := people[who]
		v.Go("/travail?liste=" + list)
		seen := map[string]bool{}
		for _, row := range Eval[[][]string](v, `[...document.querySelectorAll(".cards .card")].map((c) => [c.querySelector(".tag").innerText, c.querySelector("a").getAttribute("href")])`) {
			if !seen[row[0]] {
				seen[row[0]] = true
				visits = append(visits, visit{who, row[1], ""})
			}
		}
	}
	if len(visits) < 20 {
		t.Errorf("only %d pages to look at", len(visits))
	}
	for _, at := range visits {
		v := people[at.who]
		for _, width := range []int64{360, 1280} {
			v.Size(width, 800)
			for _, scheme := range []string{"dark", "light"} {
				v.Prefers("prefers-color-scheme", scheme, "prefers-reduced-motion", "reduce")
				v.Go(at.path)
				v.Until(`document.readyState === "complete" && document.documentElement.dataset.coffre === "ready" && !document.querySelector("[data-sheet][aria-busy]")`)
				v.Accessible(fmt.Sprintf("%s as %s at %d in %s", at.path, at.who, width, scheme))
			}
			v.Fits(fmt.Sprintf("%s at %d", at.path, width))
			if at.name != "" && width == 360 {
				v.Shot(at.name + "-phone")
			} else if at.name != "" {
				v.Shot(at.name)
			}
		}
	}
	for who, v := range people {
		if said := v.Complaints(); len(said) > 0 {
			t.Errorf("%s's browser complained: %v", who, said)
		}
	}
}
