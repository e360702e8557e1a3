package match

import (
	"cmp"
	"slices"
)

// A Year is twelve months of arrivals, known afterwards, and the half-year before, from which a policy can learn.
// Households wait at most Patience days; homes and jobs are on offer for some weeks. Refusals are drawn in advance, so
// that all policies meet the same, and so does the bound.
type Year struct {
	in      *Instance
	facts   *facts
	seed    uint64
	start   Day
	end     Day    // first day without arrivals
	homes   []span // when each home can be taken
	jobs    []span
	counted int // households that arrive in the year itself; they come last
}

// Patience is how long, in days, a household of a Year waits before it turns elsewhere.
const Patience = 56

const (
	yearDays      = 364
	history       = 182 // days before the year
	personRefuses = 10  // in 100 pairs of household and home
	hostRefuses   = 8
)

// inTime is within how many days an urgent household must be placed.
var inTime = [4]int{Patience, Patience, 21, 7}

// NewYear invents a year of so many cases on real towns, and half as many in the half-year before. In weeks 20 to 27 a
// wave from one city doubles the arrivals.
func NewYear(towns []Town, seed uint64, cases int) *Year {
	g := newGenerator(towns, seed^0x5DEECE66D)
	g.settle(max(3, cases/4))
	in := g.in
	in.Settings.FlexDays = Patience
	y := &Year{in: in, seed: seed, start: in.Date, end: in.Date + yearDays}
	wave := "d:" + towns[g.town()].Departement
	arrive := func(n int, day func() int) {
		for range n {
			g.household()
			k := &in.Households[len(in.Households)-1]
			at := day()
			if at >= yearDays { // the wave
				at = 140 + g.IntN(56)
				k.Excluded[0] = wave
			}
			k.Ready, k.WaitingDays = y.start+Day(at), 0
		}
	}
	arrive(cases*87/200, func() int { return g.IntN(history) - history })
	before := len(in.Households)
	arrive(cases, func() int {
		if g.chance(13) { // eight weeks of the year hold 15 % of it; this doubles them
			return yearDays
		}
		return g.IntN(yearDays)
	})
	y.counted = cases
	slices.SortStableFunc(in.Households[:before], func(a, b Household) int { return cmp.Compare(a.Ready, b.Ready) })
	slices.SortStableFunc(in.Households[before:], func(a, b Household) int { return cmp.Compare(a.Ready, b.Ready) })
	days := func() span {
		from := y.start + Day(g.IntN(yearDays+history)-history)
		return span{from, from + Day(14+g.IntN(77))}
	}
	for range cases * 11 * (yearDays + history) / (10 * yearDays) {
		g.home()
		h := &in.Homes[len(in.Homes)-1]
		when := days()
		y.homes = append(y.homes, when)
		h.From, h.Until = when.first, when.last+Day(in.Settings.MinStayDays)
	}
	for range cases * 12 * (yearDays + history) / (10 * yearDays) {
		g.job()
		j := &in.Jobs[len(in.Jobs)-1]
		when := days()
		y.jobs = append(y.jobs, when)
		j.From, j.Until = when.first, when.last
	}
	for i := range in.Members {
		in.Members[i].Balance = 0
	}
	y.facts = newFacts(in)
	return y
}

// first is the first household of the year itself; those before it are history.
func (y *Year) first() int32 { return int32(len(y.in.Households) - y.counted) }

// waits is the days on which household k can be placed.
func (y *Year) waits(k int32) span {
	ready := y.in.Households[k].Ready
	return span{ready, ready + Patience}
}

// refused reports whether the person, or the host, says no to this home; the answer depends on the two alone.
func (y *Year) refused(k, h int32) bool {
	return dice(y.seed, uint64(k), uint64(h))%100 < personRefuses+hostRefuses
}

// dice is a number that depends on three others alone and on nothing that they have in common.
func dice(a, b, c uint64) uint64 {
	x := a
	for _, v := range [...]uint64{b, c} {
		x ^= v + 0x9E3779B97F4A7C15 + x<<6 + x>>2
		x ^= x >> 30
		x *= 0xBF58476D1CE4E5B9
		x ^= x >> 27
		x *= 0x94D049BB133111EB
		x ^= x >> 31
	}
	return x
}

// all is the round of the whole year as it looks afterwards: who shares a day and does not refuse.
func (y *Year) all(guests []guest) *round {
	last := span{y.start, y.end + Patience}
	var homes []lodging
	var jobs []opening
	for h, when := range y.homes {
		if when.meets(last) {
			homes = append(homes, lodging{span{max(when.first, y.start), when.last}, int32(h), int32(y.in.Homes[h].Units)})
		}
	}
	for j, when := range y.jobs {
		if when.meets(last) {
			jobs = append(jobs, opening{span{max(when.first, y.start), when.last}, int32(j), int32(y.in.Jobs[j].Slots)})
		}
	}
	return newRound(y.facts, guests, homes, jobs, y.unlimited(), func(g *guest, h *lodging) bool { return y.refused(g.k, h.h) })
}

// unlimited is as much room with each member as nobody can use.
func (y *Year) unlimited() []int32 {
	list := make([]int32, len(y.in.Members))
	for i := range list {
		list[i] = plenty
	}
	return list
}
