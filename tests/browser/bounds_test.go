package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
)

// What is too large is refused before it is sealed, in words beside the form, and nothing leaves the browser; what a script
// sends all the same, the hub refuses.
func TestWhatIsTooLargeIsRefusedInTheBrowser(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	v := s.be("lyon")
	v.Go("/dossiers/nouveau")
	const form = `form[data-seal="case.open"]`
	v.ready()
	v.set(form, map[string]string{
		"card.members[0].age": "18-21", "card.from": time.Now().AddDate(0, 0, 20).Format(time.DateOnly), "card.speed": "normal",
		"limits.home": "69123", "person.authority": "not_needed", "person.name": "Personne d’essai", "person.safe_contact": "une voisine",
		"threat.where": "ici",
	})
	Eval[bool](v, `(document.querySelectorAll('[name="person.agreements[]"]').forEach((f) => { f.checked = true; }), true)`)
	// A pasted archive: no attribute of a field holds back what a script, or a paste in an old browser, puts there.
	Eval[bool](v, `(() => { const f = document.querySelector('[name="threat.whom"]'); f.removeAttribute("maxlength"); f.value = "x".repeat(5 << 20); return true; })()`)
	before := len(s.traffic.said())
	said := v.refusal(form, "threat")
	if said == "" {
		said = v.Text(form + " .errors")
	}
	if !strings.Contains(said, "trop") && !strings.Contains(said, "Mo") {
		t.Errorf("five mebibytes of text are refused with %q", said)
	}
	if v.Location() != "/dossiers/nouveau" {
		t.Errorf("the page went on to %s", v.Location())
	}
	if sent := len(s.traffic.said()) - before; sent > 1<<20 {
		t.Errorf("%d bytes left the browser", sent)
	}
	v.Accessible("/dossiers/nouveau, too large")
	quiet(t, v)

	v.Allow("status of 413")
	for path, size := range map[string]int{"/dossiers": 6 << 20, "/compte/preferences": 65 << 10, "/session/continuer": 65 << 10} {
		status := Eval[int](v, fmt.Sprintf(`fetch(%s, { method: "POST", headers: { "Content-Type": "application/json" }, body: "x".repeat(%d) }).then((r) => r.status)`, quote(path), size))
		if status != 413 {
			t.Errorf("%d bytes to %s: %d, want 413", size, path, status)
		}
	}
}

// A form that is refused says so where it stands, and its page is as open to everyone as before: at the narrow width in
// light, at the wide one in dark.
func TestPagesStayOpenToAllAfterARefusal(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	draft := "/dossiers/" + string(s.scene("draft"))
	called := s.scene("called")
	people := map[string]*Visitor{"lyon": s.be("lyon"), "bordeaux": s.be("bordeaux")}
	thread := people["bordeaux"].interpellation(called)
	for _, at := range []struct {
		who, path, form string
		before          string // what makes the form wrong, as a script
	}{
		{"lyon", "/dossiers/nouveau", `form[data-seal="case.open"]`, ""},
		{"lyon", draft + "/modifier", `form[data-seal="case.save"]`, `document.querySelector('[name="person.name"]').value = ""`},
		{"lyon", draft + "/appeler", `form[data-seal="case.submit"]`, ""},
		{"bordeaux", thread, `form[data-seal="thread.answer"]:has([name="kind"][value="decline"])`, ""},
		{"bordeaux", thread, `form[data-seal="thread.answer"]:has([name="home"])`, ""},
	} {
		v := people[at.who]
		for _, look := range []struct {
			width  int64
			scheme string
		}{{360, "light"}, {1280, "dark"}} {
			when := fmt.Sprintf("%s, %s refused at %d in %s", at.path, at.form, look.width, look.scheme)
			v.Size(look.width, 800)
			v.Prefers("prefers-color-scheme", look.scheme, "prefers-reduced-motion", "reduce")
			v.Go(at.path)
			v.settled()
			if !Eval[bool](v, fmt.Sprintf(`(() => {
				const form = document.querySelector(%s);
				if (!form) return false;
				form.noValidate = true;
				form.closest("details")?.setAttribute("open", "");
				%s;
				return true;
			})()`, quote(at.form), at.before)) {
				t.Errorf("%s: there is no such form", when)
				continue
			}
			v.refusal(at.form, "")
			v.Accessible(when)
			v.Fits(when)
		}
	}
	for _, v := range people {
		quiet(t, v)
	}
}

// The pages on which one comes in and keeps one's keys, at the wide width and in dark.
func TestDoorsAreOpenToAllInTheDark(t *testing.T) {
	x := newExchange(t)
	v := Visit(t, x.origin)
	v.Size(1280, 800)
	v.Prefers("prefers-color-scheme", "dark", "prefers-reduced-motion", "reduce")
	w := x.activate(v, x.papers[0].Words.Reveal(), noPasskey)
	v.at("/compte")
	v.Accessible("/compte, wide and dark")
	v.Click("details:has([data-add]) summary")
	v.Accessible("/compte, adding, wide and dark")
	v.leave()
	v.Accessible("/entrer, wide and dark")
	v.Click("details:has([data-enter=paper]) summary")
	v.Type(`[data-enter="paper"] textarea`, "ces mots ne sont pas un code")
	v.Click(`[data-enter="paper"] button`)
	v.See(`[data-enter="paper"] .errors`)
	v.Accessible("/entrer, refused, wide and dark")
	Eval[bool](v, `(document.querySelector('[data-enter="paper"] textarea').value = "", true)`)
	v.Type(`[data-enter="paper"] textarea`, w.paper)
	v.Click(`[data-enter="paper"] button`)
	v.at(work)
	Eval[bool](v, `(sessionStorage.clear(), true)`)
	v.Go("/ouvrir")
	v.Accessible("/ouvrir, wide and dark")
}
