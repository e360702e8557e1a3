package browser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"codeberg.org/ailleurs/ailleurs/internal/match"
)

// The coordination's own browser opens the cases that name it, proposes with reasons, and sends what people decided to the
// origin, sealed; the instance that it exports is what the command line solves, and the plan comes back.
func TestTheCoordinationDecidesFromProposals(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 30})
	lyon := s.be("lyon")
	path := s.draft(lyon, "N1103")
	lyon.Go(path + "/appeler")
	lyon.Until(`document.querySelector("[data-towns] .card")`)
	Eval[bool](lyon, `([...document.querySelectorAll('[name="rings[0][]"]')].filter((f) => !f.disabled).slice(0, 5).forEach((f) => { f.checked = true; }), true)`)
	lyon.send(`form[data-seal="case.submit"]`, path)
	second := s.be("lyon-binome")
	second.Go(path)
	second.opened("need")
	Eval[bool](second, `document.querySelector("#spoken").checked = true`)
	second.send(`form[data-seal="case.attest"]`, path)
	elected := s.be("lyon-elue")
	elected.Go(path)
	elected.opened("need")
	elected.send(`form[data-seal="case.sign"]`, path)

	v := s.be("coordination")
	for _, width := range []int64{360, 1280} {
		v.Size(width, 800)
		v.Go("/propositions")
		v.Until(`document.querySelector('form[data-step="solve"][data-ready]')`)
		v.Accessible(fmt.Sprintf("proposals before at %d", width))
		v.Click(`form[data-step="solve"] button`)
		v.Until(`document.querySelector("[data-placed] .card") || document.querySelector("[data-refused]")`)
		if said := v.Text("[data-refused]"); said != "" {
			t.Fatal(said)
		}
		v.Accessible(fmt.Sprintf("proposals at %d", width))
		v.Fits(fmt.Sprintf("proposals at %d", width))
		if width == 360 {
			v.Shot("propositions-phone")
		}
	}
	v.Shot("propositions")
	cards := Eval[[]string](v, `[...document.querySelectorAll("[data-placed] .card")].map((c) => c.innerText)`)
	for _, card := range cards {
		if !strings.Contains(card, "libre dès") || !strings.Contains(card, "km du domicile") || strings.ContainsAny(card, "⟦{") {
			t.Errorf("a proposal without its reasons, or a sentence with a hole: %s", card)
		}
	}
	for _, card := range Eval[[]string](v, `[...document.querySelectorAll("[data-unplaced] .card, [data-help] li, [data-left] li")].map((c) => c.innerText)`) {
		if strings.ContainsAny(card, "⟦{") {
			t.Errorf("a sentence with a hole: %s", card)
		}
	}

	// Accept what the engine proposes for Lyon's case.
	mark := strings.TrimPrefix(path, "/dossiers/")[:5]
	card := fmt.Sprintf(`[...document.querySelectorAll("[data-placed] .card")].find((c) => c.querySelector("h3").innerText.includes("%s"))`, mark)
	if !Eval[bool](v, `!!`+card) {
		t.Fatalf("nothing is proposed for %s: %v", mark, cards)
	}
	town := Eval[string](v, card+`.querySelector(".town").innerText`)
	Eval[bool](v, `(`+card+`.querySelector("[data-accept]").click(), true)`)
	v.Until(card + `.querySelector("[data-done]").textContent.includes("scellé")`)

	// Decide otherwise: not without a reason, and then with one.
	form := card + `.querySelector('[data-step="otherwise"]')`
	Eval[bool](v, `(`+card+`.querySelector("[data-otherwise]").open = true)`)
	v.Until(form + `.elements.member.options.length > 1`)
	Eval[bool](v, `((f) => { f.elements.member.selectedIndex = 1; f.requestSubmit(); return true; })(`+form+`)`)
	v.Until(form + `.querySelector("[data-refused]")`)
	v.Accessible("a decision without its reason")
	Eval[bool](v, `((f) => { f.elements.override.value = "known_full"; f.requestSubmit(); return true; })(`+form+`)`)
	v.Until(`!` + card + `.querySelector("[data-otherwise]").open`)

	v.Click("details:has([data-token]) summary")
	v.Click("[data-token]")
	v.Until(`document.querySelector("#drawn").textContent.split(" ").length === 6`)

	// The export goes through the command line's engine and comes back as proposals.
	v.Click("[data-files] summary")
	v.Click("[data-export]")
	v.Until(`document.querySelector("[data-exported]").textContent.includes("instance.json")`)
	file := Eval[string](v, `import(document.querySelector('script[src$="/coffre.js"]').src).then((m) => m.ask("table.export")).then((f) => f.text)`)
	in, err := match.Read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var plan bytes.Buffer
	if err := match.Solve(in, match.Options{}).Write(&plan); err != nil {
		t.Fatal(err)
	}
	Eval[bool](v, `((input) => {
		const files = new DataTransfer();
		files.items.add(new File([`+quote(plan.String())+`], "plan.json"));
		input.files = files.files;
		document.querySelector("[data-placed] ol").replaceChildren();
		input.form.requestSubmit();
		return true;
	})(document.querySelector("#plan"))`)
	v.Until(`document.querySelector("[data-placed] .card") || document.querySelector('[data-step="import"] [data-refused]')`)
	if n := Eval[int](v, `document.querySelectorAll("[data-placed] .card").length`); n != len(cards) {
		t.Errorf("the plan comes back with %d proposals, want %d: %s", n, len(cards), v.Text(`[data-step="import"]`))
	}

	lyon.Go(path)
	lyon.Until(`document.querySelector('[data-sheet="suggestions"] dl')`)
	lyon.Accessible("a case with suggestions")
	shown := lyon.Text(`[data-sheet="suggestions"]`)
	if !strings.Contains(shown, "Appeler "+town) || !strings.Contains(shown, "plutôt que "+town) || !strings.Contains(shown, "plus de place") {
		t.Errorf("the origin reads %q of what was suggested, want %s", shown, town)
	}
	if history := lyon.Text("main"); !strings.Contains(history, "écrits dans un fichier") {
		t.Error("the origin does not see that its case was exported")
	} else if !strings.Contains(history, "ouverts pour chercher une place") {
		t.Error("the origin does not see that the coordination looked")
	}
	s.blind([]string{"known_full", "instead_of"})
	for _, who := range []*Visitor{lyon, second, elected, v} {
		if said := who.Complaints(); len(said) > 0 {
			t.Errorf("a browser complained: %v", said)
		}
	}
}
