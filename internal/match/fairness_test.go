package match

import (
	"math"
	"testing"
)

func TestFloorsAreKeptWhereTheyCanBe(t *testing.T) {
	kept, lagged := 0, 0
	for seed := range uint64(12) {
		in := Generate(invented(), seed, Scale{Households: 60, Homes: 50, Jobs: 90})
		in.Apart, in.Together = in.Apart[:4], in.Together[:2]
		plan := Solve(in, Options{Workers: 1, Prices: -1})
		before := plan.Points
		rate := func(group int) float64 {
			placed := map[string]bool{}
			for _, p := range plan.Placements {
				placed[p.Household] = true
			}
			n, has := 0, 0
			for i := range in.Households {
				if groups[group].has(&in.Households[i]) {
					n++
					if placed[in.Households[i].ID] {
						has++
					}
				}
			}
			return float64(has) / math.Max(float64(n), 1)
		}
		lags := map[string]bool{}
		for _, g := range groupsWithFloors() {
			if lags[groups[g].name] = rate(g) < 0.9*rate(0); lags[groups[g].name] {
				lagged++
			}
		}
		floors, err := Fairness{Floors: 0.9}.Rearrange(in, plan, unstopped)
		if err != nil {
			t.Fatal(err)
		}
		if v := Check(in, plan); len(v.Violations) > 0 {
			t.Fatalf("seed %d: %v", seed, v.Violations)
		}
		if plan.ProvedOptimal || plan.Points > before && before == plan.Bound {
			t.Errorf("seed %d: %d points after %d, called optimal: %v", seed, plan.Points, before, plan.ProvedOptimal)
		}
		if len(plan.Placements)+len(plan.Unplaced) != len(in.Households) {
			t.Errorf("seed %d: %d placed and %d not, of %d", seed, len(plan.Placements), len(plan.Unplaced), len(in.Households))
		}
		for i, g := range groupsWithFloors() {
			f := floors[i]
			if f.Group != groups[g].name || math.Abs(f.Rate-rate(g)) > 1e-9 && f.Rate != 1 || f.Met != (f.Rate >= 0.9*rate(0)) {
				t.Errorf("seed %d: %+v, rates %.3f and %.3f of all", seed, f, rate(g), rate(0))
			}
			if lags[f.Group] && f.Met {
				kept++
			}
		}
	}
	t.Logf("%d of %d floors that were not kept are", kept, lagged)
	if lagged < 10 || kept*3 < lagged {
		t.Errorf("%d of %d floors that were not kept are", kept, lagged)
	}
}

func TestBalanceCostsAtMostHalfAPercent(t *testing.T) {
	near := invented() // all within reach of one another, so that there is a choice
	for i := range near {
		near[i].Lat, near[i].Lon = 46.5+(near[i].Lat-46.5)/6, 2.5+(near[i].Lon-2.5)/6
	}
	even := 0
	for seed := range uint64(8) {
		in := Generate(near, seed, Scale{Households: 40, Homes: 120, Jobs: 140})
		in.Apart, in.Together = in.Apart[:4], in.Together[:2]
		for i := range in.Members {
			in.Members[i].Capacity *= 3
		}
		plan := Solve(in, Options{Workers: 1, Prices: -1})
		spread := func() (sum float64) {
			after := map[string]int{}
			member := map[string]int{}
			for i := range in.Homes {
				member[in.Homes[i].ID] = in.Homes[i].Member
			}
			for i := range in.Members {
				after[in.Members[i].ID] = in.Members[i].Balance
			}
			for _, p := range plan.Placements {
				after[in.Members[member[p.Home]].ID]++
			}
			for _, v := range after {
				sum += float64(v * v)
			}
			return sum
		}
		before, points, placed := spread(), plan.Points, len(plan.Placements)
		if _, err := (Fairness{Balance: true}).Rearrange(in, plan, unstopped); err != nil {
			t.Fatal(err)
		}
		if v := Check(in, plan); len(v.Violations) > 0 {
			t.Fatalf("seed %d: %v", seed, v.Violations)
		}
		if float64(plan.Points) < 0.995*float64(points) || len(plan.Placements) < placed {
			t.Errorf("seed %d: from %d points and %d placed to %d and %d", seed, points, placed, plan.Points, len(plan.Placements))
		}
		if spread() < before {
			even++
		}
	}
	if even < 6 {
		t.Errorf("balances are more even in %d of 8", even)
	}
}

func TestAFairYearIsFairer(t *testing.T) {
	spread, fair := 0.0, 0.0
	low, lifted := 0.0, 0.0
	for seed := uint64(1); seed < 5; seed++ {
		y := NewYear(invented(), seed, 200)
		known := y.Hindsight(unstopped)
		plain, err := y.Play(WeeklyOptimum, Play{Hindsight: known, Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		even, err := y.Play(WeeklyOptimum, Play{Hindsight: known, Fair: Fairness{Balance: true}, Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		floors, err := y.Play(WeeklyOptimum, Play{Hindsight: known, Fair: Fairness{Floors: 0.9}, Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		spread, fair = spread+plain.Spread, fair+even.Spread
		for _, g := range groupsWithFloors() {
			low += ratio(plain.Waited[g].Placed, plain.Waited[g].Cases)
			lifted += ratio(floors.Waited[g].Placed, floors.Waited[g].Cases)
		}
	}
	if fair >= spread {
		t.Errorf("a spread of %.3f instead of %.3f", fair/4, spread/4)
	}
	if lifted <= low {
		t.Errorf("groups with floors are placed at %.3f instead of %.3f", lifted/12, low/12)
	}
}
