//go:build !js

package territory

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mainland(tb testing.TB) map[string][][]XY {
	tb.Helper()
	outlines, err := LoadMap()
	if err != nil {
		tb.Fatal(err)
	}
	rings := map[string][][]XY{}
	for _, o := range outlines {
		if rings[o.Departement], err = Rings(o.Path); err != nil {
			tb.Fatalf("%s: %v", o.Departement, err)
		}
	}
	return rings
}

// inside reports whether p is inside the rings, by the even-odd rule.
func inside(rings [][]XY, p XY) bool {
	in := false
	for _, ring := range rings {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if (a.Y > p.Y) != (b.Y > p.Y) && p.X < (b.X-a.X)*(p.Y-a.Y)/(b.Y-a.Y)+a.X {
				in = !in
			}
		}
	}
	return in
}

func TestCommunesFallIntoTheirDepartementOnTheMap(t *testing.T) {
	rings := mainland(t)
	all, hit := 0, 0
	for _, c := range france(t).Communes("") {
		if own, ok := rings[c.Departement]; ok {
			all++
			if inside(own, Project(c.Point)) {
				hit++
			}
		}
	}
	t.Logf("%d of %d", hit, all)
	if all != 34746 || float64(hit) < 0.995*float64(all) {
		t.Errorf("%d of %d communes (%.2f %%) are inside the outline of their département", hit, all, 100*float64(hit)/float64(all))
	}
}

func TestMapShowsEveryDepartementOnce(t *testing.T) {
	f := france(t)
	outlines, err := LoadMap()
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	bytes := 0
	for _, o := range outlines {
		shown[o.Departement]++
		bytes += len(o.Path)
		if o.Name == "" {
			t.Errorf("%s has no name", o.Departement)
		}
	}
	if len(outlines) != 96 || bytes > 72000 {
		t.Errorf("%d outlines of %d bytes, want 96 of at most 72,000", len(outlines), bytes)
	}
	for _, i := range Insets {
		shown[i.Departement]++
	}
	want := map[string]int{}
	for _, d := range f.Departements() {
		if d.Code != "984" && d.Code != "989" { // nobody is at home there
			want[d.Code] = 1
		}
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
}

func TestInsetsTouchNeitherTheMainlandNorEachOther(t *testing.T) {
	rings := mainland(t)
	for i, a := range Insets {
		if a.X < 0 || a.Y < 0 || a.X+a.Width > MapWidth || a.Y+a.Height > MapHeight {
			t.Errorf("%s leaves the map", a.Departement)
		}
		for _, b := range Insets[i+1:] {
			if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
				t.Errorf("%s and %s overlap", a.Departement, b.Departement)
			}
		}
		for code, own := range rings {
			if inside(own, XY{a.X, a.Y}) {
				t.Errorf("%s lies in %s", a.Departement, code)
			}
			for _, ring := range own {
				for _, p := range ring {
					if p.X >= a.X && p.X <= a.X+a.Width && p.Y >= a.Y && p.Y <= a.Y+a.Height {
						t.Fatalf("%s covers a corner of %s at %.1f %.1f", a.Departement, code, p.X, p.Y)
					}
				}
			}
		}
	}
}

func TestNeighboursShareTheirBorder(t *testing.T) {
	rings := mainland(t)
	corners := map[XY]bool{}
	grid := func(p XY) XY { return XY{math.Round(p.X * 10), math.Round(p.Y * 10)} }
	for _, ring := range rings["69"] {
		for _, p := range ring {
			corners[grid(p)] = true
		}
	}
	shared := 0
	for _, neighbour := range []string{"01", "38", "42", "71"} {
		for _, ring := range rings[neighbour] {
			for _, p := range ring {
				if corners[grid(p)] {
					shared++
				}
			}
		}
	}
	if shared < len(corners)*9/10 {
		t.Errorf("the Rhône shares %d of its %d corners", shared, len(corners))
	}
}

func TestPathsThatAreNotClosedPolygonsAreErrors(t *testing.T) {
	got, err := Rings("m 1,2 3,0 0,3 z M10 10l.5-1 1 1z")
	want := [][]XY{{{1, 2}, {4, 2}, {4, 5}}, {{10, 10}, {10.5, 9}, {11.5, 10}}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, path := range []string{"", "z", "m", "m 1", "m 1 2", "m 1 2 3 4", "1 2 z", "m 1 2 c 1 2 3 4 5 6 z", "m 1 2 z 3 4", "m 1 2 m 3 4 z", "m 1 x z", "m -- z", "m 1e5 2 z"} {
		if got, err := Rings(path); err == nil {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func TestDamagedMapIsAnError(t *testing.T) {
	for _, damaged := range [][]byte{nil, []byte("outlines"), repacked(t, "outlines\t2\nA\nB\nC\n"), repacked(t, strings.Repeat("x", 100))} {
		if got, err := ParseMap(damaged); err == nil {
			t.Errorf("%v", got)
		}
	}
}
