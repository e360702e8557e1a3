package match

import (
	"cmp"
	"slices"
)

// report turns the end of a search into a plan.
func (s *search) report(o Options) *Plan {
	in := s.p.in
	r := newRules(in)
	plan := &Plan{Version: 1, Seed: o.Seed, Placements: []Placement{}, Unplaced: []Unplaced{}, Prices: []Price{}}
	for g, c := range s.plan {
		for i, k := range s.p.groups[g] {
			id := in.Households[k].ID
			if c == nil {
				plan.Unplaced = append(plan.Unplaced, Unplaced{Household: id})
				continue
			}
			placement := Placement{Household: id, Home: in.Homes[c.spots[i].home].ID, Jobs: []string{}}
			jobs := make([]int, len(c.spots[i].jobs))
			for w, j := range c.spots[i].jobs {
				jobs[w] = int(j)
				placement.Jobs = append(placement.Jobs, in.Jobs[j].ID)
			}
			placement.Reasons, placement.Points = r.reasons(int(k), int(c.spots[i].home), jobs)
			plan.Points += placement.Points
			plan.Placements = append(plan.Placements, placement)
		}
	}
	slices.SortFunc(plan.Placements, func(a, b Placement) int { return cmp.Compare(a.Household, b.Household) })
	slices.SortFunc(plan.Unplaced, func(a, b Unplaced) int { return cmp.Compare(a.Household, b.Household) })
	plan.Bound = max(s.provedBound(), plan.Points)
	plan.ProvedOptimal = plan.Bound == plan.Points
	plan.Gap = gap(plan.Points, plan.Bound)
	return plan
}
