package match

import (
	"cmp"
	"slices"
)

// A neighbourhood is some groups and what they may use: what they use now and what nobody uses. Solving it as a core can
// only make the plan better.
type neighbourhood struct {
	groups []int32
	core   *core
	before int64
}

// batch is how many neighbourhoods are solved from the same plan, whatever the number of workers.
const batch = 8

// improve solves neighbourhoods around the groups that lose most against the prices, for so many rounds over all of them,
// or until a round finds nothing.
func (s *search) improve(rounds, size, nodes int, margin int64) {
	for range rounds {
		if s.stop() || s.optimal() {
			return
		}
		before := s.points
		s.improveOnce(s.losers(), size, nodes, margin)
		if s.points == before {
			return
		}
	}
}

// losers lists the groups that could be worth more at the proved prices than what the plan gives them, those that lose
// most first.
func (s *search) losers() []int32 {
	price := s.pricesNow()
	loss := make([]int64, len(s.pool))
	inParallel(s.workers, len(s.pool), 256, func(_, from, to int) {
		for g := from; g < to; g++ {
			best := int64(0)
			for _, c := range s.pool[g] {
				best = max(best, c.value(price))
			}
			if c := s.plan[g]; c != nil {
				best -= c.value(price)
			}
			loss[g] = best
		}
	})
	var list []int32
	for g, l := range loss {
		if l > scale/2 {
			list = append(list, int32(g))
		}
	}
	slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(loss[b], loss[a]) })
	return list
}

func (s *search) improveOnce(seeds []int32, size, nodes int, margin int64) {
	price := s.pricesNow()
	seen := make([]bool, len(s.pool)) // was in a neighbourhood of this round as a seed, or near one that found nothing
	users := make([][]int32, len(s.p.rows))
	for at := 0; at < len(seeds); {
		if s.stop() {
			return
		}
		for r := range users {
			users[r] = users[r][:0]
		}
		for g, c := range s.plan {
			if c != nil {
				for _, r := range c.rows {
					users[r] = append(users[r], int32(g))
				}
			}
		}
		busy := make([]bool, len(s.pool))
		claimed := make([]bool, len(s.p.rows))
		var list []*neighbourhood
		for at < len(seeds) && len(list) < batch {
			g := seeds[at]
			at++
			if seen[g] || busy[g] {
				continue
			}
			seen[g] = true
			list = append(list, s.around(g, size, margin, price, users, busy, claimed))
		}
		inParallel(s.workers, len(list), 1, func(_, from, to int) {
			for i := from; i < to; i++ {
				list[i].core.solve(nodes)
			}
		})
		for _, n := range list {
			s.adopt(n)
		}
	}
}

// around makes the neighbourhood of group g: those that use what its best columns need, those that use what theirs need,
// and so on. Groups in busy and spare room in claimed belong to other neighbourhoods; it adds its own.
func (s *search) around(g int32, size int, margin int64, price []int64, users [][]int32, busy, claimed []bool) *neighbourhood {
	n := &neighbourhood{}
	queue := []int32{g}
	busy[g] = true
	best := func(g int32) int64 {
		v := int64(0)
		for _, c := range s.pool[g] {
			v = max(v, c.value(price))
		}
		return v
	}
	for len(queue) > 0 {
		g := queue[0]
		queue = queue[1:]
		n.groups = append(n.groups, g)
		if len(n.groups)+len(queue) >= size {
			continue
		}
		floor := best(g) - margin/4
		type wish struct {
			c *column
			v int64
		}
		var wishes []wish
		for _, c := range s.pool[g] {
			if v := c.value(price); v >= floor {
				wishes = append(wishes, wish{c, v})
			}
		}
		slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.v, a.v) })
		for _, w := range wishes[:min(len(wishes), 6)] {
			for _, r := range w.c.rows {
				if s.room[r] > 0 {
					continue
				}
				for _, u := range users[r] {
					if !busy[u] && len(n.groups)+len(queue) < size {
						busy[u] = true
						queue = append(queue, u)
					}
				}
			}
		}
	}
	// What they may use.
	room := make(map[int32]int32)
	slices.Sort(n.groups)
	for _, g := range n.groups {
		if c := s.plan[g]; c != nil {
			for _, r := range c.rows {
				room[r]++
			}
			n.before += c.points
		}
	}
	cols := make([][]*column, len(n.groups))
	inside := func(g int32) bool { _, ok := slices.BinarySearch(n.groups, g); return ok }
	have := make([]int32, len(s.p.rows))
	for r := range have {
		have[r] = room[int32(r)]
	}
	own := make(map[int32]bool)
	for i, g := range n.groups {
		floor := best(g) - margin
		for _, c := range s.pool[g] {
			if c == s.plan[g] {
				cols[i] = append(cols[i], c)
				continue
			}
			if c.value(price) < floor {
				continue
			}
			for _, r := range c.rows {
				if !own[r] && !claimed[r] {
					own[r], claimed[r] = true, true
					have[r] += s.room[r]
				}
			}
			if c.fits(have) && !s.clashOutside(g, c, inside) {
				cols[i] = append(cols[i], c)
			}
		}
		if c := s.plan[g]; c != nil && !slices.Contains(cols[i], c) {
			cols[i] = append(cols[i], c)
		}
	}
	n.core = newCore(s, n.groups, cols, have)
	plan := make([]*column, len(n.groups))
	for i, g := range n.groups {
		plan[i] = s.plan[g]
	}
	n.core.start(plan)
	return n
}

// adopt takes over what a neighbourhood found, unless it got into the way of another one's pairs.
func (s *search) adopt(n *neighbourhood) bool {
	if n.core.bestPoints <= n.before {
		return false
	}
	old := make([]*column, len(n.groups))
	for i, g := range n.groups {
		if old[i] = s.plan[g]; old[i] != nil {
			s.take(g)
		}
	}
	ok := true
	for i, g := range n.groups {
		if c := n.core.best[i]; c != nil && ok {
			if ok = c.fits(s.room) && !s.clash(g, c); ok {
				s.put(g, c)
			}
		}
	}
	if !ok {
		for _, g := range n.groups {
			if s.plan[g] != nil {
				s.take(g)
			}
		}
		for i, g := range n.groups {
			if old[i] != nil {
				s.put(g, old[i])
			}
		}
		return false
	}
	if s.onBound != nil {
		s.onBound()
	}
	return true
}

// clashOutside reports whether c is too near a household outside the neighbourhood.
func (s *search) clashOutside(g int32, c *column, inside func(int32) bool) bool {
	p := s.p
	for i, k := range p.groups[g] {
		for _, at := range p.apartOf[k] {
			pair := p.in.Apart[at]
			other := int32(pair.A)
			if other == k {
				other = int32(pair.B)
			}
			og := p.groupOf[other]
			if og == g || s.plan[og] == nil || inside(og) {
				continue
			}
			home := s.plan[og].spots[slices.Index(p.groups[og], other)].home
			if p.km(p.placeOfHome(c.spots[i].home), p.placeOfHome(home)) < pair.Km {
				return true
			}
		}
	}
	return false
}
