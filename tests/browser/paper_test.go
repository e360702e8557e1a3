package browser

import (
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// prints has the page shown as it comes out of a printer, or on the screen again.
func (v *Visitor) prints(on bool) {
	v.t.Helper()
	p := emulation.SetEmulatedMediaParams{}
	if on {
		p.Media = "print"
	}
	if _, err := chromedp.Call(v.Ctx, emulation.SetEmulatedMedia, p); err != nil {
		v.t.Fatal(err)
	}
}

// The paper that a person keeps in a pocket names neither the alliance nor a town nor the case, and what is typed on it
// goes nowhere.
func TestPaperForThePocketNamesNothing(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	id := s.scene("called")
	path := "/dossiers/" + string(id)
	lyon := s.be("lyon")
	lyon.Go(path)
	lyon.settled()
	lyon.Click(`a[href$="/papier"]`)
	lyon.Until(`location.pathname.endsWith("/papier") && document.documentElement.dataset.coffre === "ready"`)
	lyon.Until(`document.querySelector('[data-value="need.words"]').textContent !== ""`)
	lyon.Type("#slip-who", "Philomène")
	lyon.Type("#slip-number", "01 99 00 77 66")
	lyon.look("papier")
	words := lyon.Text(`[data-value="need.words"]`)
	lyon.prints(true)
	paper := lyon.Text("body")
	lyon.prints(false)
	for _, is := range []string{"Philomène", "01 99 00 77 66", words, "17", "112", "119", "arrêter"} {
		if !strings.Contains(paper, is) {
			t.Errorf("the paper lacks %q:\n%s", is, paper)
		}
	}
	for _, not := range []string{"Ailleurs", "Lyon", "Bordeaux", "dossier", "Dossier", string(id)[:5], "alliance", "commune", "Espace de travail"} {
		if strings.Contains(paper, not) {
			t.Errorf("the paper says %q:\n%s", not, paper)
		}
	}
	lyon.Go(path)
	lyon.settled()
	lyon.prints(true)
	if printed := lyon.Text("main"); !strings.Contains(printed, "Copie ") || !strings.Contains(printed, "La carte") {
		t.Errorf("the print of a case does not say whose copy it is:\n%s", printed)
	}
	lyon.prints(false)
	quiet(t, lyon)
	s.blind([]string{"Philomène", "01 99 00 77 66"})
}

// When nobody could answer, the page says what to tell the person: the day of the next call, and where else to turn.
func TestNobodyIsLeftWithoutADoor(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 120})
	lyon := s.be("lyon")
	lyon.Go("/travail?liste=envoyees")
	path := ""
	for range 5 {
		path = Eval[string](lyon, `[...document.querySelectorAll(".cards .card")].filter((c) => c.innerText.includes("Rappeler la personne")).map((c) => c.querySelector("a").getAttribute("href"))[0] ?? ""`)
		next := Eval[string](lyon, `document.querySelector('.pager [rel=next]')?.getAttribute("href") ?? ""`)
		if path != "" || next == "" {
			break
		}
		lyon.Go(next)
	}
	if path == "" {
		t.Fatal("no case of the demonstration found nobody")
	}
	lyon.Go(path)
	lyon.settled()
	lyon.look("sans-reponse")
	said := lyon.Text("main")
	for _, is := range []string{"Nous vous rappelons le", "115", "119", "116", "Mission locale"} {
		if !strings.Contains(said, is) {
			t.Errorf("the page lacks %q", is)
		}
	}
	quiet(t, lyon)
}
