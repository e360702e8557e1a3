package browser

import (
	"fmt"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"github.com/chromedp/chromedp/kb"
)

// On a phone the way around stands on one line: what someone in danger looks for, and a menu with the rest.
func TestWayAroundStandsOnOneLine(t *testing.T) {
	s := newStage(t, demo.Size{Towns: 12, Cases: 1})
	lyon := s.be("lyon")
	lines := func() int {
		return Eval[int](lyon, `new Set([...document.querySelectorAll("header .wide > *, header nav.bar a")].filter((e) => e.getClientRects().length).map((e) => { const r = e.getBoundingClientRect(); return Math.round((r.top + r.bottom) / 20); })).size`)
	}
	for _, width := range []int64{320, 360, 768, 1280} {
		lyon.Size(width, 740)
		lyon.Go("/travail")
		lyon.Until(`document.documentElement.dataset.coffre === "ready"`)
		if n := lines(); n != 1 {
			t.Errorf("at %d px the way around takes %d lines", width, n)
		}
		lyon.Fits(fmt.Sprintf("/travail at %d", width))
		lyon.Tall(fmt.Sprintf("/travail at %d", width))
		if width > 1000 {
			continue
		}
		lyon.See(".to-danger")
		lyon.Click(".menu > summary")
		lyon.See(`.menu a[href="/places"]`)
		lyon.Accessible(fmt.Sprintf("the open menu at %d", width))
		lyon.Fits(fmt.Sprintf("the open menu at %d", width))
		lyon.Keys(kb.Escape)
		lyon.Until(`!document.querySelector(".menu").open && document.activeElement.matches(".menu > summary")`)
	}
	lyon.Size(360, 740)
	lyon.Click(".menu > summary")
	lyon.look("menu")
	coordination := s.be("coordination")
	coordination.Go("/travail")
	if n := Eval[int](coordination, `new Set([...document.querySelectorAll("header nav.bar a")].map((e) => Math.round(e.getBoundingClientRect().top / 20))).size`); n != 1 {
		t.Errorf("the coordination's way around takes %d lines", n)
	}
	coordination.Fits("/travail as coordination")
	quiet(t, lyon, coordination)
}
