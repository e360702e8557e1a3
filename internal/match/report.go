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
	if o.Certificate {
		plan.Certificate = s.certify(o)
	}
	if o.Prices >= 0 {
		n := o.Prices
		if n == 0 {
			n = 10
		}
		plan.Prices = s.worthMore(n)
	}
	for g, c := range s.plan {
		if c == nil {
			continue
		}
		for i, k := range s.p.groups[g] {
			placement := Placement{Household: in.Households[k].ID, Home: in.Homes[c.spots[i].home].ID, Jobs: []string{}}
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
	becauses := s.becauses()
	for k := range in.Households {
		if s.plan[s.p.groupOf[k]] == nil {
			plan.Unplaced = append(plan.Unplaced, Unplaced{Household: in.Households[k].ID, Because: becauses[k]})
		}
	}
	slices.SortFunc(plan.Placements, func(a, b Placement) int { return cmp.Compare(a.Household, b.Household) })
	slices.SortFunc(plan.Unplaced, func(a, b Unplaced) int { return cmp.Compare(a.Household, b.Household) })
	plan.Bound = max(s.provedBound(), plan.Points)
	if plan.Certificate != nil {
		plan.Bound = min(plan.Bound, plan.Certificate.Bound)
	}
	plan.ProvedOptimal = plan.Bound == plan.Points
	plan.Gap = gap(plan.Points, plan.Bound)
	return plan
}

// certify finds prices that leave pairs out and the bound they prove. Where there are pairs, that is another problem,
// whose prices are sought anew from where these stand.
func (s *search) certify(o Options) *Certificate {
	t := s
	if len(s.p.in.Apart)+len(s.p.in.Together) > 0 {
		loose := *s.p.in
		loose.Apart, loose.Together = nil, nil
		t = newSearch(compile(&loose), s.workers, s.stop)
		copy(t.price, make([]float64, len(t.price)))
		for r := range t.price {
			t.price[r] = float64(s.pricesNow()[r]) / scale
		}
		t.points = s.points
		t.pass(t.rounded(t.price), 0)
		if !s.stop() {
			t.walk(200*max(o.Effort, 1), 25, 0.05, 150*scale)
			if len(t.p.groups) <= coreGroups {
				t.master(30, 400*scale)
			}
		}
	}
	if t.proved == nil { // stopped before the first pass was through; a certificate takes one
		t.stop = func() bool { return false }
		t.pass(make([]int64, len(t.p.rows)), 0)
	}
	in := s.p.in
	cert := &Certificate{Scale: scale, Homes: map[string]int64{}, Jobs: map[string]int64{}, Members: map[string]int64{}}
	cert.Bound = max(floorDiv(t.bound, scale), 0)
	// What nobody can have costs more than anything is worth: it adds nothing, and rules out what is no placement.
	dear := int64(t.p.dear+1) * scale
	for r, row := range t.p.rows {
		price := int64(0)
		if r < len(t.proved) {
			price = t.proved[r]
		}
		if row.room == 0 {
			price = dear
		}
		if price == 0 {
			continue
		}
		switch row.kind {
		case rowHome:
			cert.Homes[in.Homes[row.index].ID] = price
		case rowJob:
			cert.Jobs[in.Jobs[row.index].ID] = price
		case rowMember:
			cert.Members[in.Members[row.index].ID] = price
		case rowPair: // left out by contract
		}
	}
	return cert
}

// worthMore tries one more of what the prices say is scarcest, by solving the neighbourhood of those who want it again,
// and lists what it found to help, best first.
func (s *search) worthMore(n int) []Price {
	p := s.p
	price := s.pricesNow()
	var rows []int32
	for r := range p.rows {
		if price[r] >= scale && p.rows[r].active && p.rows[r].kind != rowPair && p.rows[r].room > 0 {
			rows = append(rows, int32(r))
		}
	}
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(price[b], price[a]) })
	list := []Price{}
	old, oldPoints := slices.Clone(s.plan), s.points
	for _, r := range rows[:min(len(rows), n)] {
		if s.stop() {
			break
		}
		p.rows[r].room++
		s.room[r]++
		s.improveOnce(s.wanting(r, price), 60, 20, 200*scale)
		if s.points > oldPoints {
			found := Price{Points: s.points - oldPoints, WouldPlace: []string{}}
			switch p.rows[r].kind {
			case rowHome:
				found.Kind, found.ID = "home", p.in.Homes[p.rows[r].index].ID
			case rowJob:
				found.Kind, found.ID = "job", p.in.Jobs[p.rows[r].index].ID
			default:
				found.Kind, found.ID = "capacity", p.in.Members[p.rows[r].index].ID
			}
			for g := range s.plan {
				if old[g] == nil && s.plan[g] != nil {
					for _, k := range p.groups[g] {
						found.WouldPlace = append(found.WouldPlace, p.in.Households[k].ID)
					}
				}
			}
			slices.Sort(found.WouldPlace)
			list = append(list, found)
			for g, c := range s.plan {
				if c != nil && old[g] != c {
					s.take(int32(g))
				}
			}
			for g, c := range old {
				if c != nil && s.plan[g] == nil {
					s.put(int32(g), c)
				}
			}
		}
		p.rows[r].room--
		s.room[r]--
	}
	slices.SortStableFunc(list, func(a, b Price) int { return cmp.Compare(b.Points, a.Points) })
	return list
}

// wanting lists the groups, at most four, that have most to gain from more of row r.
func (s *search) wanting(r int32, price []int64) []int32 {
	type gain struct {
		g int32
		v int64
	}
	var gains []gain
	for g := range s.pool {
		now := int64(0)
		if c := s.plan[g]; c != nil {
			now = c.value(price)
			if slices.Contains(c.rows, r) {
				continue
			}
		}
		best := int64(nothing)
		for _, c := range s.pool[g] {
			if slices.Contains(c.rows, r) {
				best = max(best, c.value(price)+price[r])
			}
		}
		if best > now {
			gains = append(gains, gain{int32(g), best - now})
		}
	}
	slices.SortStableFunc(gains, func(a, b gain) int { return cmp.Compare(b.v, a.v) })
	var list []int32
	for _, g := range gains[:min(len(gains), 4)] {
		list = append(list, g.g)
	}
	return list
}
