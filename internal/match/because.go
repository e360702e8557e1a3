package match

import (
	"cmp"
	"math/bits"
	"slices"
)

// becauses says, for each household without a place, which rules stand in the way, most helpful first.
func (s *search) becauses() [][]Because {
	in := s.p.in
	list := make([][]Because, len(in.Households))
	found := make([]possibility, len(in.Households))
	var open []int32
	for k := range in.Households {
		if s.plan[s.p.groupOf[k]] == nil {
			open = append(open, int32(k))
		}
	}
	if len(open) == 0 {
		return list
	}
	s.look(make([]int64, len(s.p.rows)), nil)
	rulesOf := make([]*rules, s.workers)
	inParallel(s.workers, len(open), 4, func(worker, from, to int) {
		if rulesOf[worker] == nil {
			rulesOf[worker] = newRules(in)
		}
		for _, k := range open[from:to] {
			ok := s.scouts[worker].any(k)
			list[k], found[k] = explain(rulesOf[worker], int(k), ok)
		}
	})
	for g, group := range s.p.groups {
		if len(group) == 1 || s.plan[g] != nil {
			continue
		}
		blocked := slices.ContainsFunc(group, func(k int32) bool { return found[k] != possible })
		var joint *column
		small := len(s.p.groups) <= coreGroups // looking for joint places takes too long where there are thousands
		if !blocked && small {
			joint, _ = s.scouts[0].bestColumn(int32(g), 0)
		}
		for _, k := range group {
			switch {
			case found[k] != possible:
			case blocked:
				list[k] = append([]Because{{Code: TogetherUnplaced, Homes: homesOf(list[k])}}, list[k][:0]...)
			case joint == nil && small:
				list[k] = append([]Because{{Code: TogetherTooFar, Homes: homesOf(list[k])}}, list[k][:0]...)
			}
		}
	}
	return list
}

func homesOf(list []Because) int {
	if len(list) == 0 {
		return 0
	}
	return list[0].Homes
}

// possibility says how far a household gets when nobody else wants anything.
type possibility uint8

const (
	impossible possibility = iota
	possible
)

var homeBecause = map[broken]string{
	tooSmall: NoHomeLarge, notAccessible: NoHomeAccessible, outsideAges: NoHomeAges, hostMinor: NoHomeMinors,
	freeTooLate: NoHomeInTime, stayTooShort: NoHomeLong,
}

var jobBecause = map[broken]string{
	needsLicence: NoJobLicence, needsNights: NoJobDays, tooYoung: NoJobAge, levelTooHigh: NoJobLevel, noFit: NoJobFit,
}

// explain finds what removes the last candidate of household k: first homes, then jobs for each worker, then both
// together. Placed says that some placement is feasible and worth points.
func explain(r *rules, k int, placeable bool) ([]Because, possibility) {
	in := r.in
	var homes tally
	entered := map[Day]bool{}
	for h := range in.Homes {
		if in.Homes[h].Units == 0 || in.Members[in.Homes[h].Member].Capacity == 0 {
			continue
		}
		b, entry := r.home(k, h)
		homes.count(b)
		if b == 0 {
			entered[entry] = true
		}
	}
	if homes.all == 0 {
		return []Because{{Code: NoHome}}, impossible
	}
	if homes.free == 0 {
		return homes.becauses(nil, 0, func(b broken) string { return cmp.Or(homeBecause[b], NoHomeAllowed) }), impossible
	}
	if placeable {
		return []Because{{Code: PlacesTaken, Homes: homes.free}}, possible
	}
	var list []Because
	for w := range in.Households[k].Workers {
		var jobs tally
		inTime := 0
		for j := range in.Jobs {
			if in.Jobs[j].Slots == 0 {
				continue
			}
			b := r.job(k, w, j)
			jobs.count(b)
			if b == 0 && slices.ContainsFunc(days(entered), func(d Day) bool {
				return in.Jobs[j].From <= d+Day(in.Settings.FlexDays) && in.Jobs[j].Until >= d
			}) {
				inTime++
			}
		}
		switch {
		case jobs.all == 0:
			list = append(list, Because{Code: NoJob, Homes: homes.free, Worker: &w})
		case jobs.free == 0:
			list = append(list, jobs.becauses(&w, homes.free, func(b broken) string { return cmp.Or(jobBecause[b], NoJobAllowed) })...)
		case inTime == 0:
			list = append(list, Because{Code: NoJobInTime, Homes: homes.free, Opens: jobs.free, Worker: &w})
		}
	}
	if len(list) > 0 {
		return list, impossible
	}
	if worth(r, k) {
		return []Because{{Code: NotWorthIt, Homes: homes.free}}, impossible
	}
	for w := range in.Households[k].Workers {
		list = append(list, Because{Code: NoJobInReach, Homes: homes.free, Worker: &w})
	}
	return list, impossible
}

// worth reports whether household k, all of whose placements have no points, has a feasible one.
func worth(r *rules, k int) bool {
	for h := range r.in.Homes {
		b, entry := r.home(k, h)
		if b != 0 || r.in.Homes[h].Units == 0 || r.in.Members[r.in.Homes[h].Member].Capacity == 0 {
			continue
		}
		all := true
		for w := range r.in.Households[k].Workers {
			all = all && slices.ContainsFunc(indices(r.in.Jobs), func(j int) bool {
				return r.in.Jobs[j].Slots > 0 && r.job(k, w, j) == 0 && r.jobFrom(k, w, j, r.in.Homes[h].Commune, entry) == 0
			})
		}
		if all {
			return true
		}
	}
	return false
}

func indices[T any](list []T) []int {
	n := make([]int, len(list))
	for i := range n {
		n[i] = i
	}
	return n
}

func days(set map[Day]bool) []Day {
	list := make([]Day, 0, len(set))
	for d := range set {
		list = append(list, d)
	}
	return list
}

// A tally counts offers by the rules they break.
type tally struct {
	all, free int
	only      [32]int // broken by this rule alone
	ever      [32]int
}

func (t *tally) count(b broken) {
	t.all++
	if b&excludedAnywhere != 0 { // one rule, whatever key it is broken by
		b = b&^excludedAnywhere | inExcludedCommune
	}
	switch bits.OnesCount32(uint32(b)) {
	case 0:
		t.free++
	case 1:
		t.only[bits.TrailingZeros32(uint32(b))]++
	}
	for rest := b; rest != 0; rest &= rest - 1 {
		t.ever[bits.TrailingZeros32(uint32(rest))]++
	}
}

// becauses lists the rules that are broken: first those without which most offers would be left, then those that remove
// most.
func (t *tally) becauses(worker *int, homes int, code func(broken) string) []Because {
	var order []int
	for i, n := range t.ever {
		if n > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.only[b], t.only[a]), cmp.Compare(t.ever[b], t.ever[a]))
	})
	var list []Because
	for _, i := range order {
		list = append(list, Because{Code: code(1 << i), Homes: homes, Opens: t.only[i], Worker: worker})
	}
	return list
}
