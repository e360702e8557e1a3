package browser

import (
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"github.com/chromedp/chromedp/kb"
)

// A commune of a case is found as people type, on their device: the hub is asked for the list that everyone gets, and
// never for a place. Free text is looked at while it is typed, and nothing of it is sent.
func TestWhatIsTypedIntoASealedFormStaysOnTheDevice(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	lyon := s.be("lyon")
	lyon.Go("/dossiers/nouveau")
	lyon.ready()
	lyon.Type("#home", "villeurb")
	lyon.Until(`document.querySelector('.field:has(#home) [role=option]')?.textContent.startsWith("Villeurbanne (69)")`)
	lyon.Accessible("communes found in a sealed form")
	lyon.Keys(kb.ArrowDown)
	lyon.Enter()
	lyon.Until(`document.getElementById("home").value.startsWith("Villeurbanne (69)") && document.querySelector('.field:has(#home) [role=listbox]').hidden`)
	if path := lyon.Location(); path != "/dossiers/nouveau" {
		t.Fatalf("choosing a commune sent the form: %s", path)
	}
	lyon.Type("#household", "sa mère est malade, voir le 06 12 34 56 78")
	lyon.Until(`document.querySelector(".field:has(#household) .lint")?.textContent.includes("06 12 34 56 78")`)
	if said := lyon.Text(".field:has(#household) .lint"); !strings.Contains(said, "santé") {
		t.Errorf("the second look says %q", said)
	}
	lyon.Type("#safe", "06 12 34 56 78")
	lyon.Accessible("a second look at free text")
	lyon.look("saisie")
	asked := Eval[[]string](lyon, `performance.getEntriesByType("resource").map((e) => e.name)`)
	for _, address := range asked {
		if strings.Contains(address, "/communes?") || strings.Contains(strings.ToLower(address), "villeurb") {
			t.Errorf("the hub was asked %s", address)
		}
	}
	if said := lyon.Text(".field:has(#safe) .lint"); said != "" {
		t.Errorf("a number in the field for a number: %q", said)
	}
	quiet(t, lyon)
	s.blind([]string{"Villeurbanne", "sa mère est malade", "06 12 34 56 78"})
}

// What was sealed before stands in the form of a draft that is edited, and is not lost by saving it.
func TestEditedDraftKeepsWhatWasSealed(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	path := "/dossiers/" + string(s.scene("draft"))
	lyon := s.be("lyon")
	form := `form[data-seal="case.save"]`
	lyon.Go(path + "/modifier")
	lyon.ready()
	lyon.Until(`document.getElementById("home").value.startsWith("Lyon (69)")`)
	name := Eval[string](lyon, `document.getElementById("name").value`)
	if name == "" {
		t.Fatal("the form is empty")
	}
	lyon.set(form, map[string]string{"limits.excluded[]": "d:13", "person.left_behind": "un petit frère"})
	lyon.send(form, path)
	named := `document.querySelector('[data-sheet="limits"]').innerText.includes("Bouches-du-Rhône")`
	lyon.Until(named)
	before := lyon.Text(`[data-sheet="limits"]`)
	if !strings.Contains(before, "Bouches-du-Rhône") || !strings.Contains(before, "888") {
		t.Fatalf("the limits are %s", before)
	}
	lyon.Go(path + "/modifier")
	lyon.ready()
	lyon.Until(`document.getElementById("excluded-0").value === "d:13" && document.getElementById("left").value === "un petit frère"`)
	lyon.set(form, map[string]string{"person.left_behind": "un frère"})
	lyon.send(form, path)
	lyon.Until(named)
	if after := lyon.Text(`[data-sheet="limits"]`); after != before {
		t.Errorf("the limits were %s\nand are %s", before, after)
	}
	quiet(t, lyon)
}
