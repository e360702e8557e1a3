package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"github.com/chromedp/chromedp"
)

// scene is a case of Lyon's as far as a stage.
func (s *stage) scene(to string) ailleurs.CaseID {
	s.t.Helper()
	id, err := s.Scene(s.t.Context(), to, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// refusal waits for a sealed form to be refused and returns what it says beside the field of that name.
func (v *Visitor) refusal(form, field string) string {
	v.t.Helper()
	v.ready()
	Eval[bool](v, fmt.Sprintf(`(document.querySelector(%s).requestSubmit(), true)`, quote(form)))
	v.Until(fmt.Sprintf(`document.querySelector(%s)`, quote(form+" .errors[data-refused]")))
	return Eval[string](v, fmt.Sprintf(`(() => {
		const f = [...document.querySelector(%s).elements].find((e) => e.name.startsWith(%s) && e.getAttribute("aria-invalid"));
		return f ? document.getElementById(f.getAttribute("aria-describedby").split(" ")[0]).innerText : "";
	})()`, quote(form), quote(field)))
}

// settled waits until everything sealed on the page has been opened.
func (v *Visitor) settled() {
	v.t.Helper()
	v.ready()
	v.Until(`document.readyState === "complete" && !document.querySelector("[data-sheet][aria-busy]")`)
}

// look holds a page against the rules of accessibility at both widths and keeps pictures of it in the folder that
// AILLEURS_LOOK names.
func (v *Visitor) look(name string) {
	v.t.Helper()
	for _, width := range []int64{360, 1280} {
		v.Size(width, 800)
		v.Accessible(fmt.Sprintf("%s at %d", name, width))
		v.Fits(fmt.Sprintf("%s at %d", name, width))
		if dir := os.Getenv("AILLEURS_LOOK"); dir != "" {
			png, err := chromedp.Run(v.Ctx, chromedp.FullScreenshot(100))
			if err != nil {
				v.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), png, 0o600); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}

// quiet fails the test for what browsers complained about.
func quiet(t *testing.T, all ...*Visitor) {
	t.Helper()
	for _, v := range all {
		if said := v.Complaints(); len(said) > 0 {
			t.Errorf("a browser complained: %v", said)
		}
	}
}

// A town for which the card is not enough asks, is answered, and proposes something else; each reads what concerns it.
func TestATownAsksAndProposesSomethingElse(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	id := s.scene("called")
	path := "/dossiers/" + string(id)

	bordeaux := s.be("bordeaux")
	thread := bordeaux.interpellation(id)
	bordeaux.Go(thread)
	bordeaux.opened("need")
	decline := `form[data-seal="thread.answer"]:has([value="decline"])`
	Eval[bool](bordeaux, `(document.querySelectorAll("details.confirm").forEach((d) => { d.open = true; }), true)`)
	bordeaux.look("interpellation")
	bordeaux.set(decline, map[string]string{"reason": "card_not_enough"})
	if said := bordeaux.refusal(decline, "question"); said == "" {
		t.Error("a question that is not chosen is not refused by its field")
	}
	bordeaux.look("interpellation-refus")
	bordeaux.set(decline, map[string]string{"question": "household_split"})
	bordeaux.send(decline, thread)

	lyon := s.be("lyon")
	lyon.Go(path)
	lyon.settled()
	lyon.Until(`document.querySelectorAll('form[data-seal="case.reply"] fieldset:not([hidden])').length === 1`)
	lyon.look("question")
	reply := `form[data-seal="case.reply"]`
	if said := lyon.refusal(reply, "replies"); said == "" {
		t.Error("no reply at all is not refused by its field")
	}
	lyon.look("question-refus")
	lyon.set(reply, map[string]string{"replies[]": "later_for_some"})
	lyon.send(reply, path)

	bordeaux.Go(thread)
	bordeaux.opened("answer." + strings.TrimPrefix(thread, "/appels/"))
	if said := bordeaux.Text(`[data-sheet^="answer."]`); !strings.Contains(said, "Une partie du foyer peut venir plus tard") {
		t.Errorf("the reply does not reach who asked: %s", said)
	}
	propose := `form[data-seal="thread.answer"]:has([name="home"])`
	Eval[bool](bordeaux, `(() => { document.querySelector("details.confirm").open = true; for (const id of ["home", "job0"]) document.getElementById(id).selectedIndex = 1; return true; })()`)
	bordeaux.set(propose, map[string]string{
		"from": time.Now().AddDate(0, 0, 25).Format(time.DateOnly), "travel": "host", "first_night": "host", "first_month": "departement", "kind": "counter",
	})
	if said := bordeaux.refusal(propose, "differs"); said == "" {
		t.Error("a counter-proposal that names no difference is not refused by its field")
	}
	bordeaux.set(propose, map[string]string{"differs[]": "later_date"})
	bordeaux.send(propose, thread)
	adjoint := s.be("bordeaux-elu")
	adjoint.Go(thread)
	adjoint.opened("need")
	adjoint.look("contre-proposition-elu")
	adjoint.send(`form[data-seal="thread.sign"]`, thread)

	lyon.Go(path)
	lyon.settled()
	lyon.Until(`document.querySelector('[data-sheet^="answer."] dl')`)
	lyon.look("contre-proposition")
	if said := lyon.Text(`#addressees ~ ul`); !strings.Contains(said, "Une date plus tardive") || !strings.Contains(said, "Logement proposé") {
		t.Errorf("the origin does not read what is proposed instead: %s", said)
	}
	quiet(t, bordeaux, lyon, adjoint)
}

// A town that cannot help names another, which is called upon with three signatures and no new interpellation.
func TestATownNamesAnother(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	id := s.scene("called")
	path := "/dossiers/" + string(id)
	lyon := s.be("lyon")
	lyon.Go(path)
	lyon.settled()
	called := Eval[[]string](lyon, `[...document.querySelectorAll("#addressees ~ ul > li > h3")].map((h) => h.innerText)`)

	bordeaux := s.be("bordeaux")
	thread := bordeaux.interpellation(id)
	bordeaux.Go(thread)
	bordeaux.opened("need")
	bordeaux.Go(thread + "?orienter=1")
	bordeaux.opened("need")
	redirect := `form[data-seal="thread.answer"]:has([value="redirect"])`
	named := Eval[string](bordeaux, fmt.Sprintf(`(() => {
		const select = document.getElementById("redirect");
		const called = %s;
		select.selectedIndex = [...select.options].findIndex((o) => o.value && !called.includes(o.text) && !["Saint-Étienne", "Bordeaux", "Lyon"].includes(o.text));
		return select.selectedOptions[0].text;
	})()`, list(called)))
	bordeaux.send(redirect, thread)

	lyon.Go(path)
	lyon.settled()
	if said := lyon.Text(`#addressees ~ ul`); !strings.Contains(said, named) {
		t.Errorf("the origin does not read that %s is named: %s", named, said)
	}
	lyon.look("commune-nommee")
	lyon.send(`form[data-seal="case.add"]`, path)
	for _, who := range []string{"lyon-binome", "coordination"} {
		v := s.be(who)
		v.Go(path)
		v.settled()
		v.look("ajout-" + who)
		v.send(`form[data-seal="case.agree"]`, path)
		quiet(t, v)
	}
	lyon.Go(path)
	lyon.settled()
	now := Eval[[]string](lyon, `[...document.querySelectorAll("#addressees ~ ul > li > h3")].map((h) => h.innerText)`)
	if len(now) != len(called)+1 || !strings.Contains(strings.Join(now, " "), named) {
		t.Errorf("called are %v, were %v, with %s", now, called, named)
	}
	quiet(t, lyon, bordeaux)
}

// Three rings and fewer than five towns: the reason is written by the lead and agreed to by the second.
func TestFewerTownsAreCalledForAReason(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	path := "/dossiers/" + string(s.scene("draft"))
	lyon := s.be("lyon")
	lyon.Go(path + "/appeler")
	lyon.settled()
	call := `form[data-seal="case.submit"]`
	Eval[bool](lyon, `(() => {
		document.querySelectorAll("main details").forEach((d) => { d.open = true; });
		const of = (ring) => [...document.querySelectorAll('[name="rings[' + ring + '][]"]')].filter((f) => f.nextElementSibling.textContent !== "Saint-Étienne");
		of(0).slice(0, 3).forEach((f) => { f.checked = true; });
		of(1).slice(3, 4).forEach((f) => { f.checked = true; });
		of(2).slice(4, 6).forEach((f) => { f.checked = true; });
		return true;
	})()`)
	if said := lyon.refusal(call, "rings[0]"); !strings.Contains(said, "au moins 5") {
		t.Errorf("three towns without a reason: %q", said)
	}
	lyon.look("appel-refus")
	lyon.set(call, map[string]string{"fewer_why": "les autres sont trop proches de la famille"})
	lyon.send(call, path)
	second := s.be("lyon-binome")
	second.Go(path)
	second.settled()
	second.look("moins-de-cinq")
	if said := second.Text(`[data-sheet="limits"]`); !strings.Contains(said, "trop proches") {
		t.Errorf("the second does not read the reason: %s", said)
	}
	Eval[bool](second, `(document.querySelectorAll("#spoken, #fewer").forEach((f) => { f.checked = true; }), document.querySelectorAll("#spoken, #fewer").length === 2)`)
	second.send(`form[data-seal="case.attest"]`, path)
	quiet(t, lyon, second)
}

// A household that must flee starts again from the town that it flees from.
func TestAHouseholdThatMustFleeIsCalledForAgain(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 16, Cases: 1})
	id := s.scene("following")
	path := "/dossiers/" + string(id)
	bordeaux := s.be("bordeaux")
	bordeaux.Go(path)
	bordeaux.settled()
	Eval[bool](bordeaux, `(document.querySelector('form[action$="/compromis"]').closest("details").open = true)`)
	bordeaux.Click(`form[action$="/compromis"] button`)
	bordeaux.Until(`document.querySelector('form[data-seal="case.again"]')`)
	bordeaux.settled()
	bordeaux.look("mise-en-danger")
	again := `form[data-seal="case.again"]`
	bordeaux.set(again, map[string]string{"home": "nulle part"})
	if said := bordeaux.refusal(again, "home"); said == "" {
		t.Error("a commune that is none is not refused by its field")
	}
	bordeaux.look("mise-en-danger-refus")
	bordeaux.set(again, map[string]string{"home": "33063", "excluded[]": "d:13"})
	bordeaux.send(again, path+"/modifier")
	bordeaux.settled()
	bordeaux.Until(`document.querySelector('[name="person.name"]').value !== ""`)
	bordeaux.look("recommencer-brouillon")
	bordeaux.Go(path)
	bordeaux.opened("limits")
	bordeaux.look("recommencer")
	bordeaux.Until(`document.querySelector('[data-sheet="limits"]').innerText.includes("Rhône")`) // the communes are at hand
	if said := bordeaux.Text(`[data-sheet="limits"]`); !strings.Contains(said, "Bouches-du-Rhône") {
		t.Errorf("what the person said is not in the limits: %s", said)
	}
	if said := bordeaux.Text(`[data-sheet="limits"]`); !strings.Contains(said, "Lyon") {
		t.Errorf("the first town of departure is not excluded by name: %s", said)
	}
	bordeaux.Go(path + "/appeler")
	bordeaux.settled()
	if said := Eval[string](bordeaux, `[...document.querySelectorAll('[name="rings[0][]"]')].map((f) => f.nextElementSibling.textContent).join(" ")`); strings.Contains(said, "Lyon") {
		t.Errorf("a town that has read the file may be called again: %s", said)
	}
	lyon := s.be("lyon")
	lyon.Allow("404")
	lyon.Go(path)
	if lyon.Text("h1") == "" || strings.Contains(lyon.Text("main"), "Dossier "+string(id)[:5]) {
		t.Error("the first town of departure still sees the case")
	}
	quiet(t, bordeaux)
}

// list writes strings as a JavaScript array.
func list(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// interpellation finds the thread of a case in the inbox of its addressee.
func (v *Visitor) interpellation(id ailleurs.CaseID) string {
	v.t.Helper()
	v.Go("/travail?liste=recues")
	v.Until(`document.querySelector('.cards a[href^="/appels/"]')`)
	return Eval[string](v, fmt.Sprintf(`[...document.querySelectorAll(".cards .card")].filter((c) => c.innerText.includes(%s)).map((c) => c.querySelector("a").getAttribute("href"))[0]`, quote(string(id)[:5])))
}
