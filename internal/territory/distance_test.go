//go:build !js

package territory

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDistancesAreThoseOfAnAtlas(t *testing.T) {
	f := france(t)
	for _, tt := range []struct {
		a, b string
		km   float64
	}{
		{"69123", "33063", 436},  // Lyon–Bordeaux
		{"75056", "69123", 392},  // Paris–Lyon
		{"75056", "97411", 9370}, // Paris–Saint-Denis de La Réunion
		{"69123", "69123", 0},
	} {
		a, _ := f.Commune(tt.a)
		b, _ := f.Commune(tt.b)
		if got := DistanceKm(a.Point, b.Point); math.Abs(got-tt.km) > 0.01*tt.km {
			t.Errorf("%s–%s: %.1f km, want about %.0f", a.Name, b.Name, got, tt.km)
		}
	}
	if got, want := DistanceKm(Point{0, 0}, Point{0, 180}), math.Pi*EarthRadius; math.Abs(got-want) > 1e-9 {
		t.Errorf("antipodes: %v, want %v", got, want)
	}
}

func TestDistanceIsTheSameOnEveryMachine(t *testing.T) {
	for _, tt := range []struct {
		a, b Point
		bits uint64
	}{
		{Point{45.758, 4.8351}, Point{44.8624, -0.5848}, 0x407b34896178d320},
		{Point{48.8589, 2.347}, Point{-20.9329, 55.4456}, 0x40c24cff4030af17},
		{Point{48.8589, 2.347}, Point{48.8566, 2.3522}, 0x3fdd566d2619dca2},
	} {
		if got := math.Float64bits(DistanceKm(tt.a, tt.b)); got != tt.bits {
			t.Errorf("%v–%v: %#x, want %#x", tt.a, tt.b, got, tt.bits)
		}
	}
}

func points() *rapid.Generator[Point] {
	return rapid.Custom(func(t *rapid.T) Point {
		return Point{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon")}
	})
}

func TestDistanceIsAMetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := points().Draw(t, "a"), points().Draw(t, "b"), points().Draw(t, "c")
		ab := DistanceKm(a, b)
		if ab != DistanceKm(b, a) {
			t.Error("not symmetric")
		}
		if DistanceKm(a, a) != 0 || !(ab >= 0 && ab <= math.Pi*EarthRadius) {
			t.Errorf("out of range: %v", ab)
		}
		if ab > DistanceKm(a, c)+DistanceKm(c, b)+1e-3 {
			t.Error("a detour is shorter")
		}
		if !Within(a, b, ab) || ab > 0 && Within(a, b, math.Nextafter(ab, 0)) {
			t.Error("the bound is not included, or more than the bound is")
		}
	})
}

// near compares Near with a look at every commune.
func near(t interface{ Errorf(string, ...any) }, f *Territory, center Point, km float64) {
	var want, got []string
	for _, c := range f.Communes("") {
		if c.Located && Within(center, c.Point, km) {
			want = append(want, c.Code)
		}
	}
	last := 0.0
	for _, n := range f.Near(center, km) {
		if n.Km < last || n.Km != DistanceKm(center, n.Point) {
			t.Errorf("%s: out of order or wrong distance", n.Code)
		}
		last = n.Km
		got = append(got, n.Code)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%v km from %v: %d communes, want %d", km, center, len(got), len(want))
	}
}

func TestNearMissesNoCommune(t *testing.T) {
	f := france(t)
	for _, center := range []Point{{90, 0}, {-90, 0}, {89, -170}, {85, 120}, {48.8, 2.3}, {0, 180}} {
		for _, km := range []float64{0, 60, 1000, 5000, 6000, 10000, 15000, 20000, 30000} {
			near(t, f, center, km)
		}
	}
	center := rapid.OneOf(points(), rapid.Custom(func(t *rapid.T) Point {
		return rapid.SampledFrom(f.Communes("")).Draw(t, "commune").Point
	}))
	rapid.Check(t, func(t *rapid.T) {
		near(t, f, center.Draw(t, "center"), rapid.OneOf(rapid.Float64Range(0, 200), rapid.Float64Range(0, 25000)).Draw(t, "km"))
	})
}

func TestNearCrossesTheDateLine(t *testing.T) {
	f, err := Parse(repacked(t, "regions\t1\n986\nWallis et Futuna\n98613\n"+
		"departements\t1\n986\nWallis et Futuna\n986\n98613\n"+
		"epci\t1\n200000172\nCC\nCC\n"+
		"communes\t3\n98611\t98612\t98613\nAlo\tSigave\tUvea\n\t\t\n1\t2\t3\n\t\t\n\t\t\n-140000\t-140000\t-140000\n1799000\t-1799000\t0\n"+
		"former\t1\n98601\n\n98611\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, center := range []Point{{-14, 179.95}, {-14, -179.95}, {-14, 180}} {
		if n := f.Near(center, 30); len(n) != 2 {
			t.Errorf("%d communes around %v, want 2", len(n), center)
		}
	}
}

func TestNearAnswersNothingToNonsense(t *testing.T) {
	f := france(t)
	lyon := Point{45.758, 4.8351}
	for _, km := range []float64{-1, math.NaN(), math.Inf(-1)} {
		if n := f.Near(lyon, km); n != nil {
			t.Errorf("%v km: %d communes", km, len(n))
		}
	}
	for _, p := range []Point{{91, 0}, {0, 181}, {math.NaN(), 0}, {0, math.Inf(1)}} {
		if n := f.Near(p, 60); n != nil {
			t.Errorf("%v: %d communes", p, len(n))
		}
	}
	if n := f.Near(lyon, math.Inf(1)); len(n) != 34875 {
		t.Errorf("the whole globe has %d communes", len(n))
	}
}

func BenchmarkDistance(b *testing.B) {
	a, c := Point{45.758, 4.8351}, Point{44.8624, -0.5848}
	for b.Loop() {
		DistanceKm(a, c)
	}
}

func BenchmarkNear60Km(b *testing.B) {
	f := france(b)
	paris, _ := f.Commune("75056")
	n := 0
	for b.Loop() {
		n = len(f.Near(paris.Point, 60))
	}
	b.ReportMetric(float64(n), "communes")
}
