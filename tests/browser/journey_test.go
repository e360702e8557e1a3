package browser

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	exchanges "codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/web"
)

// A stage is a small demonstration, served, with the people one may be.
type stage struct {
	*demo.World
	t       *testing.T
	hub     *exchanges.Hub
	dir     string
	origin  string
	traffic traffic
	secrets []string // that must be nowhere, beside those planted
	lies    atomic.Pointer[liar]
}

func newStage(t *testing.T, size demo.Size) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir()}
	s.origin = Serve(t, func(origin string) http.Handler {
		cfg := exchanges.Config{Data: s.dir, Origin: origin, Demo: true, Now: time.Now}
		if err := exchanges.NewLogs(cfg, "demo"); err != nil {
			t.Fatal(err)
		}
		h, err := exchanges.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.hub = h
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		if s.World, err = demo.BuildWorld(t.Context(), h, size, time.Now().UTC().Truncate(time.Second)); err != nil {
			t.Fatal(err)
		}
		var people []web.Persona
		for _, p := range s.Personas {
			people = append(people, web.Persona{Key: p.Key, Name: p.Name, Town: p.Town, Paper: p.Paper})
		}
		served, err := web.New(web.Config{
			Origin: origin, Now: time.Now, Demo: true, Personas: people, Alliance: h.Alliance, Relocation: h.Relocation,
			Journal: h.Logs.Journal.Signer,
		})
		if err != nil {
			t.Fatal(err)
		}
		return s.traffic.listen(s.bend(served))
	})
	return s
}

// be opens a browser of its own and signs in as one of the personas.
func (s *stage) be(key string) *Visitor {
	s.t.Helper()
	v := Visit(s.t, s.origin)
	v.Size(1280, 900)
	s.enter(v, key)
	return v
}

// enter signs a visitor in as one of the personas.
func (s *stage) enter(v *Visitor, key string) {
	s.t.Helper()
	v.Go("/demo")
	n := 0
	for i, p := range s.Personas {
		if p.Key == key {
			n = i + 1
		}
	}
	v.Until(fmt.Sprintf(`document.querySelector(".cards li:nth-child(%d) form[data-ready]")`, n))
	v.Click(fmt.Sprintf(`.cards li:nth-child(%d) button`, n))
	v.at("/travail")
}

// opened waits until the worker has opened what the page holds.
func (v *Visitor) opened(compartment string) {
	v.t.Helper()
	v.Until(fmt.Sprintf(`document.querySelector('[data-sheet="%s"] dl') !== null`, compartment))
}

// set fills fields by name, as typing and choosing would; a checkbox or radio is chosen by its value.
func (v *Visitor) set(form string, fields map[string]string) {
	v.t.Helper()
	for name, value := range fields {
		ok := Eval[bool](v, fmt.Sprintf(`(() => {
			const all = [...document.querySelectorAll(%s + " [name]")].filter((f) => f.name === %s);
			const field = all.find((f) => f.type === "checkbox" || f.type === "radio" ? (!f.hasAttribute("value") || f.value === %s) : true);
			if (!field) return false;
			if (field.type === "checkbox" || field.type === "radio") field.checked = true; else field.value = %s;
			field.dispatchEvent(new Event("input", { bubbles: true }));
			return field.type === "checkbox" || field.type === "radio" || field.value === %s;
		})()`, quote(form), quote(name), quote(value), quote(value), quote(value)))
		if !ok {
			v.t.Fatalf("no field %s takes %q on %s", name, value, v.Location())
		}
	}
}

// ready waits until forms that seal can be sent.
func (v *Visitor) ready() {
	v.t.Helper()
	v.Until(`document.documentElement.dataset.coffre === "ready"`)
}

// send submits a sealed form and waits for where it leads, or says why not.
func (v *Visitor) send(form, path string) {
	v.t.Helper()
	v.ready()
	Eval[bool](v, fmt.Sprintf(`(document.querySelector(%s).requestSubmit(), true)`, quote(form)))
	v.Until(fmt.Sprintf(`location.pathname === %s && document.readyState === "complete" && !document.querySelector(%s + "[aria-busy]") || document.querySelector(%s + " [data-refused], " + %s + " .errors")`,
		quote(path), quote(form), quote(form), quote(form)))
	if said := v.Text(form + " [data-refused]"); said != "" {
		v.t.Fatalf("%s refused: %s", form, said)
	}
	if said := v.Text(form + " .errors"); said != "" {
		v.t.Fatalf("%s refused: %s", form, said)
	}
}

// The words that only readers of a dossier may ever see: forty of them, four in each free text. The hub, its files, its
// backups and its traffic never hold any.
var (
	planted = map[string]string{
		"person.name":         "Personne Zéphyrine-Essai",
		"person.safe_contact": plant(0),
		"person.safe_hours":   plant(1),
		"person.household":    plant(2),
		"person.left_behind":  plant(3),
		"threat.where":        plant(4),
		"threat.whom":         plant(5),
	}
	plantedLater = map[string]string{
		"address": plant(6), "employer": plant(7), "route": plant(8), "escort": plant(9),
	}
)

// plant is a text of four words that stand nowhere else.
func plant(n int) string {
	birds := []string{"hirondelle", "martinet", "cormoran", "toucan"}
	for i, b := range birds {
		birds[i] = fmt.Sprintf("%s-%02d", b, 4*n+i)
	}
	return strings.Join(birds, " ")
}

// Lyon calls on Bordeaux: from the card to the follow-up in real browsers, one for each person, each with their own keys. The
// two leads unlock with passkeys, Lyon's élue signs in with one that cannot unlock and opens with her phrase, the others have
// their paper codes.
func TestLyonCallsOnBordeaux(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	now := time.Now()

	lyon := s.carry(s.be("lyon"), true)
	lyon.Go("/dossiers/nouveau")
	fields := map[string]string{
		"card.members[0].age": "18-21", "card.members[0].works": "on", "card.members[0].rome[]": "G1602",
		"card.members[0].level": "1", "card.from": now.AddDate(0, 0, 20).Format(time.DateOnly), "card.speed": "normal",
		"card.support[]": "mission_locale", "limits.home": "69123", "person.authority": "not_needed",
	}
	for name, value := range planted {
		fields[name] = value
	}
	const draft = `form[data-seal="case.open"]`
	lyon.set(draft, fields)
	lyon.ready()
	Eval[bool](lyon, `(document.querySelectorAll('[name="person.agreements[]"]').forEach((f) => { f.checked = true; }), true)`)
	Eval[bool](lyon, `(document.querySelector('`+draft+`').requestSubmit(), true)`)
	// The names in the free text draw a warning, once; sending again means it.
	lyon.Until(`document.querySelector("[data-refused]") || location.pathname !== "/dossiers/nouveau"`)
	if said := lyon.Text("[data-refused]"); said != "" {
		if !strings.Contains(said, "Relisez") {
			t.Fatalf("the draft was refused: %s", said)
		}
		Eval[bool](lyon, `(document.querySelector('`+draft+`').requestSubmit(), true)`)
	}
	lyon.Until(`location.pathname.startsWith("/dossiers/") && location.pathname !== "/dossiers/nouveau" && document.readyState === "complete"`)
	path := lyon.Location()
	id := ailleurs.CaseID(strings.TrimPrefix(path, "/dossiers/"))
	lyon.opened("person")
	if shown := lyon.Text(`[data-sheet="person"]`); !strings.Contains(shown, planted["person.name"]) {
		t.Errorf("the lead does not read the name back: %s", shown)
	}
	lyon.Until(`document.querySelector('[data-sheet="limits"]').innerText.includes("Rhône")`) // places by name, not by code
	lyon.Shot("dossier-brouillon")

	lyon.Go(path + "/appeler")
	chosen := Eval[int](lyon, `(() => {
		const all = [...document.querySelectorAll('[name="rings[0][]"]')];
		const name = (f) => f.nextElementSibling.textContent;
		const bordeaux = all.find((f) => name(f) === "Bordeaux");
		const others = all.filter((f) => f !== bordeaux && !["Saint-Étienne"].includes(name(f))).slice(0, 4);
		for (const f of [bordeaux, ...others]) f.checked = true;
		return 1 + others.length;
	})()`)
	if chosen != 5 {
		t.Fatalf("%d towns to call upon, want 5", chosen)
	}
	lyon.send(`form[data-seal="case.submit"]`, path)

	second := s.be("lyon-binome")
	second.Go(path)
	second.opened("need")
	Eval[bool](second, `document.querySelector("#spoken").checked = true`)
	second.send(`form[data-seal="case.attest"]`, path)

	elected := s.carry(s.be("lyon-elue"), false)
	elected.Size(360, 740)
	elected.Go(path)
	elected.opened("need")
	if all := elected.Text("main"); !strings.Contains(all, "Bordeaux, ") {
		t.Errorf("the élue does not see whom she calls upon: %s", all)
	} else if strings.Contains(all, "Zéphyrine") {
		t.Error("the élue sees a name")
	}
	elected.Shot("signature-elue")
	elected.send(`form[data-seal="case.sign"]`, path)

	coordination := s.be("coordination")
	coordination.Go(path)
	coordination.opened("limits")
	coordination.send(`form[data-seal="case.check"]`, path)

	bordeaux := s.carry(s.be("bordeaux"), true)
	bordeaux.Go("/travail?liste=recues")
	bordeaux.Until(`document.querySelector('.cards a[href^="/appels/"]')`)
	thread := Eval[string](bordeaux, `[...document.querySelectorAll('.cards a[href^="/appels/"]')].map((a) => a.getAttribute("href"))[0]`)
	bordeaux.Go(thread)
	bordeaux.opened("need")
	bordeaux.Shot("interpellation")
	bordeaux.set(`form[data-seal="thread.answer"]`, map[string]string{
		"from": now.AddDate(0, 0, 25).Format(time.DateOnly), "travel": "host", "first_night": "host", "first_month": "departement",
	})
	Eval[bool](bordeaux, `(() => { for (const id of ["home", "job0"]) document.getElementById(id).selectedIndex = 1; return true; })()`)
	bordeaux.send(`form[data-seal="thread.answer"]`, thread)

	adjoint := s.be("bordeaux-elu")
	adjoint.Go(thread)
	adjoint.opened("need")
	adjoint.send(`form[data-seal="thread.sign"]`, thread)

	// The four others answer, so that the choice opens; their clicks are played without a browser.
	if err := s.DeclineBut(t.Context(), id, "33063", time.Now()); err != nil {
		t.Fatal(err)
	}
	lyon.Go(path)
	lyon.opened("need")
	lyon.Shot("choix")
	Eval[bool](lyon, `(() => { document.querySelector('form[data-seal="case.retain"] [name=code]').value = "tournesol"; return true; })()`)
	lyon.send(`form[data-seal="case.retain"]`, path)

	bordeaux.Go(thread)
	bordeaux.opened("need")
	bordeaux.Until(`document.querySelector("[data-words]")?.textContent.split("·").length === 6`)
	six := bordeaux.Text("[data-words]")
	lyon.Go(path)
	lyon.Until(`document.querySelector("[data-words]")?.textContent.split("·").length === 6`)
	if got := lyon.Text("[data-words]"); got != six {
		t.Errorf("in the call of three the two leads read different words: %q and %q", got, six)
	}
	Eval[bool](bordeaux, `(() => { for (const id of ["same", "said-yes"]) document.getElementById(id).checked = true; return true; })()`)
	bordeaux.send(`form[data-seal="thread.welcome"]`, "/travail")

	lyon.Go(path)
	lyon.Until(`document.querySelector("[data-words]")?.textContent.split("·").length === 6`)
	if got := lyon.Text("[data-words]"); got != six {
		t.Errorf("the two leads read different words: %q and %q", got, six)
	}
	Eval[bool](lyon, `document.getElementById("same").checked = true`)
	lyon.send(`form[data-seal="case.handover"]`, path)

	bordeaux.Go(path)
	bordeaux.opened("person")
	if shown := bordeaux.Text(`[data-sheet="person"]`); !strings.Contains(shown, planted["person.name"]) {
		t.Errorf("the host does not read the name: %s", shown)
	}
	bordeaux.set(`form[data-seal="case.plan"]`, plantedLater)
	bordeaux.set(`form[data-seal="case.plan"]`, map[string]string{"date": now.AddDate(0, 0, 1).Format(time.DateOnly)})
	Eval[bool](bordeaux, `(document.querySelectorAll('[name="plan[]"]').forEach((f) => { f.checked = true; }), true)`)
	bordeaux.send(`form[data-seal="case.plan"]`, path)
	bordeaux.opened("arrival")
	bordeaux.send(`form[data-seal="case.depart"]`, path)

	lyon.Go(path)
	lyon.opened("need")
	if all := lyon.Text("main"); strings.Contains(all, "martinet-25") {
		t.Error("the origin sees the address")
	}
	bordeaux.Go(path)
	bordeaux.opened("person")
	bordeaux.set(`form[data-seal="case.arrive"]`, map[string]string{"code": "Tournesol"})
	bordeaux.send(`form[data-seal="case.arrive"]`, path)
	bordeaux.opened("person")
	bordeaux.Shot("suivi")

	lyon.Go(path)
	lyon.Until(`document.querySelector("h1")`)
	if all := lyon.Text("main"); strings.Contains(all, planted["person.name"]) || strings.Contains(all, "martinet-25") {
		t.Error("after arrival the origin still reads the dossier")
	}
	for _, v := range []*Visitor{lyon, second, elected, coordination, bordeaux, adjoint} {
		if said := v.Complaints(); len(said) > 0 {
			t.Errorf("a browser complained: %v", said)
		}
	}
	secrets := []string{planted["person.name"], "tournesol"}
	for n := range 10 {
		secrets = append(secrets, strings.Fields(plant(n))...)
	}
	s.blind(append(secrets, s.secrets...))
}
