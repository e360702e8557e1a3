package browser

import "testing"

// The page of those on duty shows what rings without being asked. Whoever is at work on it is told, and loses nothing.
func TestDutyPageLooksAgainByItself(t *testing.T) {
	x := newTown(t)
	lyon, duty, busy := x.visit(t, "lyon"), x.visit(t, "lyon-binome"), x.visit(t, "lyon-binome")
	duty.Go("/astreinte")
	const mark = `document.querySelector("[data-watch]").dataset.watch`
	before := Eval[string](duty, mark)
	busy.Go("/astreinte")
	Eval[bool](busy, `(document.querySelector("main a.button").focus(), true)`)

	lyon.Go("/alerte")
	lyon.Click(`label[for="level-1"]`)
	Eval[bool](lyon, `document.querySelector("button[data-hold]").dispatchEvent(new PointerEvent("pointerdown", {button: 0, bubbles: true}))`)
	lyon.Until(`location.pathname.startsWith('/astreinte/')`)

	duty.Until(mark + " !== " + quote(before))
	busy.See("[data-watch] a")
	if !Eval[bool](busy, `document.activeElement.matches("main a.button")`) {
		t.Error("whoever is at work on the page has lost the focus")
	}
	busy.Accessible("the notice that something has changed")
	// Without a script the browser asks by itself.
	duty.Script(false)
	duty.Go("/astreinte")
	if again := Eval[string](duty, `document.querySelector('meta[http-equiv="refresh"]')?.content ?? ""`); again != "20; url=/astreinte?veille" {
		t.Errorf("without a script the page looks again: %q", again)
	}
}
