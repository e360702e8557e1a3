package browser

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// here is the folder of this file.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// rules are the axe-core rule sets of the French reference (RGAA 4) and of WCAG 2.1 A and AA.
const rules = `["RGAAv4", "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]`

// Accessible fails the test for each violation that axe-core finds on the page as it stands; when says which state it is.
func (v *Visitor) Accessible(when string) {
	v.t.Helper()
	source, err := os.ReadFile(filepath.Join(here(), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		missing(v.t, "axe-core is not installed: npm install --ignore-scripts in tests/browser")
	}
	Eval[bool](v, string(source)+"\n;true")
	type violation struct {
		ID    string
		Help  string
		Nodes []string
	}
	found := Eval[[]violation](v, `axe.run(document, {runOnly: {type: "tag", values: `+rules+`}}).then(r => r.violations.map(
		v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => n.html + " ⇒ " + n.failureSummary)})))`)
	for _, f := range found {
		v.t.Errorf("%s: %s: %s\n\t%s", when, f.ID, f.Help, strings.Join(f.Nodes, "\n\t"))
	}
}

// Fits fails the test when the page must be scrolled sideways, and names what sticks out.
func (v *Visitor) Fits(when string) {
	v.t.Helper()
	out := Eval[[]string](v, `(() => {
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return [];
		return [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > wide + 1 && !e.closest('svg, .unseen'))
			.slice(0, 5).map(e => e.outerHTML.slice(0, 120));
	})()`)
	if len(out) > 0 {
		v.t.Errorf("%s: sticks out sideways:\n\t%s", when, strings.Join(out, "\n\t"))
	}
}

// Tall fails the test when something to press is under 44 CSS pixels high or 24 wide; links within a sentence are exempt.
func (v *Visitor) Tall(when string) {
	v.t.Helper()
	small := Eval[[]string](v, `[...document.querySelectorAll('a[href], button, summary, select, input:not([type=hidden], [type=radio], [type=checkbox])')].filter(e => {
		const r = e.getBoundingClientRect();
		if (!r.width || e.matches('.skip') || e.closest('p, dd, td, .prose li, .errors li, .hint') && e.matches('a:not(.button)')) return false;
		return r.height < 43.5 || r.width < 24;
	}).map(e => Math.round(e.getBoundingClientRect().height) + ' px: ' + e.outerHTML.slice(0, 120))`)
	for _, s := range small {
		v.t.Errorf("%s: too small to press: %s", when, s)
	}
}
