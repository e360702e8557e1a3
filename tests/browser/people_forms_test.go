package browser

import (
	"fmt"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
)

// opened shows every folded part of a page.
func (v *Visitor) unfold() {
	v.t.Helper()
	Eval[bool](v, `(document.querySelectorAll("main details").forEach((d) => { d.open = true; }), true)`)
}

// post sends a plain form of a page and waits for the page that answers it.
func (v *Visitor) post(form string) {
	v.t.Helper()
	Eval[bool](v, fmt.Sprintf(`(window.beforePost = true, document.querySelector(%s).requestSubmit(), true)`, quote(form)))
	v.Until(`!window.beforePost && document.readyState === "complete"`)
}

// card is a form of the card of a person, by the person's name and the address the form goes to.
func card(name, action string) string {
	return fmt.Sprintf(`li.card[data-test="%s"] form[action="%s"]`, name, action)
}

// mark gives cards a handle by the name in their heading.
func (v *Visitor) mark() {
	v.t.Helper()
	Eval[bool](v, `(document.querySelectorAll("li.card").forEach((c) => { c.dataset.test = c.querySelector("h2, h3")?.innerText ?? ""; }), true)`)
}

// sign approves the first card that waits for the visitor, and returns what the page says when it does not go.
func (v *Visitor) sign() string {
	v.t.Helper()
	v.Go("/changements")
	v.Until(`document.querySelector("form[data-sign][data-ready]")`)
	Eval[bool](v, `(window.beforePost = true, document.querySelector("form[data-sign]").requestSubmit(), true)`)
	v.Until(`!window.beforePost && document.readyState === "complete" || document.querySelector(".errors[data-refused]")`)
	return v.Text(".errors[data-refused]")
}

// The forms about people and members, each sent once as it should be and once as it should not, open to all each time.
func TestFormsAboutPeopleAreDriven(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	names := map[string]string{}
	for _, p := range s.Personas {
		names[p.Key] = p.Name
	}
	lyon, second := s.be("lyon"), s.be("lyon-binome")
	lyon.Allow("422")
	lyon.Allow("409")

	// Posts: two of them by one person, then both exchanged.
	lyon.Go("/personnes")
	lyon.unfold()
	lyon.look("personnes-formulaires")
	posts := `form[action="/personnes/postes"]`
	swap := func(same bool) {
		Eval[bool](lyon, fmt.Sprintf(`(() => {
			const [lead, second] = ["lead", "second"].map((n) => document.querySelector(%s).elements[n]);
			const [a, b] = [lead.value, second.value];
			second.value = a;
			if (!%v) lead.value = b;
			return true;
		})()`, quote(posts), same))
	}
	swap(true)
	lyon.post(posts)
	if said := lyon.Text(".errors"); said == "" {
		t.Error("one person fills two posts")
	}
	lyon.unfold()
	lyon.look("postes-refus")
	lyon.Go("/personnes")
	lyon.unfold()
	swap(false)
	lyon.post(posts)
	lyon.See(`[role="status"]`)
	if said := lyon.sign(); said != "" {
		t.Fatalf("the lead's signature is refused: %s", said)
	}
	if said := second.sign(); said != "" {
		t.Fatalf("the second's signature is refused: %s", said)
	}
	lyon.Go("/personnes")
	lyon.mark()
	if said := lyon.Text(fmt.Sprintf(`li.card[data-test="%s"] .tag.good`, names["lyon"])); !strings.Contains(strings.ToLower(said), "binôme") {
		t.Errorf("after the exchange the lead is %q", said)
	}

	// Whoever holds a post cannot leave before somebody else holds it: the page says so.
	lyon.unfold()
	lyon.post(card(names["lyon-elue"], "/personnes/depart"))
	if said := lyon.Text(".errors"); said == "" {
		t.Errorf("somebody leaves with a post: %s", lyon.Text("main"))
	}
	lyon.unfold()
	lyon.look("depart-refus")

	// A revocation, proposed and seen by the other caseworker.
	lyon.Go("/personnes")
	lyon.mark()
	lyon.unfold()
	lyon.post(card(names["lyon-elue"], "/personnes/revocation"))
	lyon.See(`[role="status"]`)
	second.Go("/changements")
	second.look("revocation")
	second.unfold()
	second.post(`form[action="/changements/abandonner"]`)

	// A paper for a colleague who lost everything.
	lyon.Go("/personnes")
	lyon.mark()
	lyon.unfold()
	lyon.post(card(names["lyon-elue"], "/personnes/reinvitation"))
	if n := Eval[int](lyon, `document.querySelectorAll(".words li").length`); n != 6 {
		t.Errorf("the paper has %d words: %s", n, lyon.Text("main"))
	}
	lyon.look("reinvitation")

	// A member is suspended by two of the coordination: one proposes and signs.
	coordination := s.be("coordination")
	coordination.Allow("409")
	coordination.Go("/membres?nom=Bordeaux")
	coordination.Click(`.cards a[href^="/membres/"]`)
	coordination.Until(`location.pathname.startsWith("/membres/") && document.readyState === "complete"`)
	town := coordination.Location()
	coordination.unfold()
	coordination.look("suspension")
	coordination.post(`form[action$="/suspension"]`)
	coordination.See(`[role="status"]`)
	coordination.look("suspension-a-signer")
	if said := coordination.sign(); said != "" {
		t.Errorf("a coordinator's signature is refused: %s", said)
	}
	coordination.Go(town)
	coordination.unfold()
	coordination.post(`form[action$="/suspension"]`)
	coordination.Accessible("a suspension that waits already")
	if said := coordination.Text("main"); !strings.Contains(said, "déjà") {
		t.Errorf("a suspension that waits is proposed again: %s", said)
	}
	quiet(t, lyon, second, coordination)
}
