package match

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// bruteForce finds the optimum by trying every combination of every feasible placement, with the plain rules alone.
func bruteForce(in *Instance) int64 {
	r := newRules(in)
	type placement struct {
		home   int
		jobs   []int
		points int64
	}
	options := make([][]placement, len(in.Households))
	for k := range in.Households {
		for h := range in.Homes {
			b, entry := r.home(k, h)
			if b != 0 {
				continue
			}
			var choose func(jobs []int)
			choose = func(jobs []int) {
				w := len(jobs)
				if w == len(in.Households[k].Workers) {
					if _, points := r.reasons(k, h, jobs); points > 0 {
						options[k] = append(options[k], placement{h, slices.Clone(jobs), points})
					}
					return
				}
				for j := range in.Jobs {
					if r.job(k, w, j)|r.jobFrom(k, w, j, in.Homes[h].Commune, entry) == 0 {
						choose(append(jobs, j))
					}
				}
			}
			choose(nil)
		}
	}
	units, slots, capacity := make([]int, len(in.Homes)), make([]int, len(in.Jobs)), make([]int, len(in.Members))
	for i := range in.Homes {
		units[i] = in.Homes[i].Units
	}
	for i := range in.Jobs {
		slots[i] = in.Jobs[i].Slots
	}
	for i := range in.Members {
		capacity[i] = in.Members[i].Capacity
	}
	homeOf := make([]int, len(in.Households))
	best := int64(0)
	var place func(k int, points int64)
	place = func(k int, points int64) {
		if k == len(in.Households) {
			for _, pair := range in.Together {
				a, b := homeOf[pair.A], homeOf[pair.B]
				if (a < 0) != (b < 0) || a >= 0 && Km(&in.Communes[in.Homes[a].Commune], &in.Communes[in.Homes[b].Commune]) > pair.Km {
					return
				}
			}
			for _, pair := range in.Apart {
				a, b := homeOf[pair.A], homeOf[pair.B]
				if a >= 0 && b >= 0 && Km(&in.Communes[in.Homes[a].Commune], &in.Communes[in.Homes[b].Commune]) < pair.Km {
					return
				}
			}
			best = max(best, points)
			return
		}
		homeOf[k] = -1
		place(k+1, points)
		for _, o := range options[k] {
			m := in.Homes[o.home].Member
			units[o.home]--
			capacity[m]--
			ok := units[o.home] >= 0 && capacity[m] >= 0
			for _, j := range o.jobs {
				slots[j]--
				ok = ok && slots[j] >= 0
			}
			if ok {
				homeOf[k] = o.home
				place(k+1, points+o.points)
			}
			units[o.home]++
			capacity[m]++
			for _, j := range o.jobs {
				slots[j]++
			}
		}
		homeOf[k] = -1
	}
	place(0, 0)
	return best
}

// tiny draws an instance small enough for brute force in which every rule has a say.
func tiny(t *rapid.T) *Instance {
	number := func(name string, low, high int) int { return rapid.IntRange(low, high).Draw(t, name) }
	maybe := func(name string, percent int) bool { return number(name, 1, 100) <= percent }
	in := &Instance{Date: 20000, Settings: Settings{
		MaxCommuteKm: 15, MaxCommuteKmDriving: 40, FlexDays: number("flex", 0, 21), MinStayDays: 90, Weights: DefaultWeights,
	}}
	if maybe("poor", 15) {
		in.Settings.Weights = Weights{Base: int64(number("base", 0, 60)), Urgency: 30, Waiting: 1, JobFit: 1, Commute: 4, SpareRoom: 30, Support: 10, Reciprocity: 3}
	}
	codes := []string{"G1602", "G1603", "G1803", "N1103", "A1203"}
	for c := range number("communes", 1, 4) {
		in.Communes = append(in.Communes, Commune{
			Code: fmt.Sprint("3300", c), Departement: []string{"33", "34"}[c%2], Region: []string{"75", "76"}[c/2],
			Lat: 44.8 + float64(number("lat", 0, 30))/100, Lon: -0.5 + float64(number("lon", 0, 30))/100,
		})
	}
	supports := []string{"mission_locale", "childcare", "legal_aid"}
	some := func(name string, of []string, most int) (list []string) {
		for range number(name, 0, most) {
			list = append(list, rapid.SampledFrom(of).Draw(t, name))
		}
		return list
	}
	for m := range number("members", 1, 2) {
		in.Members = append(in.Members, Member{fmt.Sprint("m", m), number("capacity", 0, 3), number("balance", -12, 12), some("offers", supports, 2)})
	}
	for h := range number("homes", 1, 4) {
		home := Home{
			ID: fmt.Sprint("h", h), Member: number("member", 0, len(in.Members)-1), Commune: number("commune", 0, len(in.Communes)-1),
			Kind: rapid.SampledFrom(HomeKinds).Draw(t, "kind"), Persons: number("persons", 1, 5), Units: number("units", 0, 2),
			Accessible: maybe("accessible", 60), MaxAge: NoBound, From: Day(20000 + number("from", -10, 30)), Until: NoBound,
		}
		if maybe("ages", 20) {
			home.MinAge, home.MaxAge = 16, 30
		}
		if maybe("until", 20) {
			home.Until = home.From + Day(number("stay", 60, 140))
		}
		in.Homes = append(in.Homes, home)
	}
	for j := range number("jobs", 0, 4) {
		job := Job{
			ID: fmt.Sprint("j", j), Member: number("member", 0, len(in.Members)-1), Commune: number("commune", 0, len(in.Communes)-1),
			Rome: rapid.SampledFrom(codes).Draw(t, "rome"), Level: number("level", 1, 3), Slots: number("slots", 0, 2),
			Licence: maybe("licence", 15), Nights: maybe("nights", 15), From: Day(20000 + number("from", -10, 40)), Until: NoBound,
		}
		if maybe("minAge", 15) {
			job.MinAge = 18
		}
		if maybe("until", 20) {
			job.Until = job.From + Day(number("start", 0, 20))
		}
		in.Jobs = append(in.Jobs, job)
	}
	keys := []string{"c:33000", "c:33001", "d:34", "r:76", "m:m1", "c:99999", "m:nobody"}
	for k := range number("households", 1, 4) {
		household := Household{
			ID: fmt.Sprint("k", k), Persons: number("size", 1, 4), Accessible: maybe("chair", 10), Ready: Day(20000 + number("ready", -5, 25)),
			Urgency: number("urgency", 0, 3), WaitingDays: number("waiting", 0, 200), Support: some("needs", supports, 2),
			Prefer: map[string]int64{},
		}
		for range number("ages", 0, 2) {
			household.Ages = append(household.Ages, number("age", 1, 40))
		}
		if maybe("excludes", 25) {
			household.Excluded = some("excluded", keys, 2)
		}
		for _, key := range some("prefer", keys[:4], 2) {
			household.Prefer[key] = int64(number("wish", -300, 300))
		}
		for range number("workers", 0, 2) {
			household.Workers = append(household.Workers, Worker{
				Age: number("age", 16, 30), Rome: some("knows", codes, 2), Any: maybe("any", 30), Level: number("level", 1, 4),
				Licence: maybe("licence", 50), Nights: maybe("nights", 70),
			})
		}
		in.Households = append(in.Households, household)
	}
	for range number("proximity", 0, 3) {
		in.Proximity = append(in.Proximity, Proximity{rapid.SampledFrom(codes).Draw(t, "from"), rapid.SampledFrom(codes).Draw(t, "to"), maybe("close", 50)})
	}
	pairs := func(name string, most int) (list []Pair) {
		if n := len(in.Households); n > 1 {
			for range number(name, 0, most) {
				a := number("a", 0, n-1)
				b := (a + number("b", 1, n-1)) % n
				list = append(list, Pair{a, b, float64(number("km", 0, 40))})
			}
		}
		return list
	}
	in.Apart, in.Together = pairs("apart", 2), pairs("together", 2)
	return in
}

// hold fails unless a plan is feasible, adds up, and its bound is a bound.
func hold(t interface{ Fatalf(string, ...any) }, in *Instance, plan *Plan) {
	if v := Check(in, plan); len(v.Violations) > 0 {
		t.Fatalf("violations: %q", v.Violations)
	}
}

func TestTinyInstancesAreSolvedToTheOptimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := tiny(t)
		plan := Solve(in, Options{Certificate: true})
		hold(t, in, plan)
		want := bruteForce(in)
		if plan.Points != want || !plan.ProvedOptimal {
			t.Fatalf("points %d, bound %d, proved %t; brute force finds %d", plan.Points, plan.Bound, plan.ProvedOptimal, want)
		}
	})
}
