package match

import "slices"

// A column is one way to place a whole group.
type column struct {
	points int64
	rows   []int32 // active rows it uses; one that it uses twice is listed twice
	spots  []spot  // in the order of the group's households

	weight float64 // how often the dual chose it lately
}

func (c *column) same(o *column) bool {
	for i := range c.spots {
		if c.spots[i].home != o.spots[i].home || !slices.Equal(c.spots[i].jobs, o.spots[i].jobs) {
			return false
		}
	}
	return true
}

// uses lists the active rows that a placement of household k uses.
func (p *problem) uses(rows []int32, k, home int32, jobs []int32) []int32 {
	at := &p.homes[p.homeAt[home]]
	if r := p.homeRow(home); p.rows[r].active {
		rows = append(rows, r)
	}
	if r := p.memberRow(at.member); p.rows[r].active {
		rows = append(rows, r)
	}
	for _, j := range jobs {
		if r := p.jobRow(j); p.rows[r].active {
			rows = append(rows, r)
		}
	}
	for _, r := range p.rowsOf[k] {
		if p.bars(r, k, at.place) {
			rows = append(rows, r)
		}
	}
	return rows
}

// column makes a column of spots, which it keeps, or nil where the group's households get into each other's way.
func (p *problem) column(g int32, points int64, spots []spot) *column {
	c := &column{points: points, spots: spots}
	c.rows = make([]int32, 0, 4*len(spots))
	for i, k := range p.groups[g] {
		c.rows = p.uses(c.rows, k, spots[i].home, spots[i].jobs)
	}
	if len(spots) > 1 && !p.inner(g, c) {
		return nil
	}
	return c
}

// inner reports whether a column keeps within the rows and pairs by itself.
func (p *problem) inner(g int32, c *column) bool {
	for i, r := range c.rows {
		n := int32(1)
		for _, other := range c.rows[:i] {
			if other == r {
				n++
			}
		}
		if n > p.rows[r].room {
			return false
		}
	}
	group := p.groups[g]
	between := func(pair Pair) float64 {
		a, b := slices.Index(group, int32(pair.A)), slices.Index(group, int32(pair.B))
		return p.km(p.placeOfHome(c.spots[a].home), p.placeOfHome(c.spots[b].home))
	}
	for _, pair := range p.together[g] {
		if between(pair) > pair.Km {
			return false
		}
	}
	for _, k := range group {
		for _, i := range p.apartOf[k] {
			pair := p.in.Apart[i]
			if int32(pair.A) == k && p.groupOf[pair.B] == g && between(pair) < pair.Km {
				return false
			}
		}
	}
	return true
}

// value is what a column is worth at the given prices.
func (c *column) value(price []int64) int64 {
	v := c.points * scale
	for _, r := range c.rows {
		v -= price[r]
	}
	return v
}

// fits reports whether a column fits into what is left.
func (c *column) fits(room []int32) bool {
	for i, r := range c.rows {
		need := int32(1)
		for _, other := range c.rows[:i] {
			if other == r {
				need++
			}
		}
		if room[r] < need {
			return false
		}
	}
	return true
}

func copied(s spot) spot {
	s.jobs = slices.Clone(s.jobs)
	return s
}

// bestColumn returns the best column of group g whose value is above known, if there is one, and a bound: no column of
// the group is worth more than max(bound, known). For a single household the bound is exact.
func (s *scout) bestColumn(g int32, known int64) (c *column, bound int64) {
	group := s.p.groups[g]
	if len(group) == 1 {
		found, ok := s.best(group[0], known)
		if !ok {
			return nil, known
		}
		return s.p.column(g, s.points(found.home, found.jobs, found.value), []spot{found}), found.value
	}
	return s.bestTogether(g, known)
}

// A stay is the best placement of one household in one commune.
type stay struct {
	spot
	place  int32
	points int64
}

// stays lists the best placement of household k in each home commune where it is worth at least floor, best first.
func (s *scout) stays(k int32, floor int64) []stay {
	var list []stay
	s.keepBest, s.atLeast = false, floor // every commune counts, none comes first
	var found stay
	var any bool
	s.emit = func(home int32, jobs []int32, value int64) {
		found.home, found.value = home, value
		found.jobs = append(found.jobs[:0], jobs...)
		any = true
		s.atLeast = value + 1
	}
	s.eachPlace(k, func(place int32) {
		any = false
		s.keepBest = true
		s.place(place)
		s.keepBest, s.atLeast = false, floor
		if any {
			list = append(list, stay{copied(found.spot), place, s.points(found.home, found.jobs, found.value)})
		}
	})
	slices.SortStableFunc(list, func(a, b stay) int {
		switch {
		case a.value > b.value:
			return -1
		case a.value < b.value:
			return 1
		}
		return int(a.place - b.place)
	})
	return list
}

// joinLimit bounds the combinations looked at for one group; beyond it the bound is looser, never wrong.
const joinLimit = 2_000_000

func (s *scout) bestTogether(g int32, known int64) (*column, int64) {
	p := s.p
	group := p.groups[g]
	most := make([]int64, len(group))
	total := int64(0)
	for i, k := range group {
		found, ok := s.best(k, nothing)
		if !ok {
			return nil, 0
		}
		most[i] = found.value
		total += found.value
	}
	if total <= known {
		return nil, known
	}
	lists := make([][]stay, len(group))
	for i, k := range group {
		lists[i] = s.stays(k, known+1-(total-most[i]))
		if len(lists[i]) == 0 {
			return nil, known
		}
	}
	j := joiner{p: p, g: g, lists: lists, budget: joinLimit, bound: known, order: p.joinOrder(g)}
	j.rest = make([]int64, len(group)+1)
	for d := len(group) - 1; d >= 0; d-- {
		j.rest[d] = j.rest[d+1] + most[j.order[d]]
	}
	j.chosen = make([]*stay, len(group))
	var best *column
	loose := known // what communes might give where there were too many ways to look at all
	j.leaf = func(value int64) {
		points := int64(0)
		spots := make([]spot, len(group))
		for i, st := range j.chosen {
			spots[i] = copied(st.spot)
			points += st.points
		}
		c := p.column(g, points, spots)
		if c == nil {
			var exact bool
			if c, value, exact = s.untangle(g, j.chosen, j.bound); !exact {
				loose = max(loose, value)
			}
		}
		if c != nil && value > j.bound {
			j.bound, best = value, c
		}
	}
	j.descend(0, 0)
	bound := max(j.bound, loose)
	if j.budget <= 0 {
		bound = total
	}
	return best, bound
}

// A joiner combines communes of the households of one group so that all pairs are near enough.
type joiner struct {
	p      *problem
	g      int32
	order  []int
	lists  [][]stay
	rest   []int64
	chosen []*stay
	leaf   func(value int64)
	bound  int64
	budget int
}

// joinOrder orders a group's households so that each but the first is tied to an earlier one.
func (p *problem) joinOrder(g int32) []int {
	group := p.groups[g]
	order := []int{0}
	for len(order) < len(group) {
		for _, pair := range p.together[g] {
			a, b := slices.Index(group, int32(pair.A)), slices.Index(group, int32(pair.B))
			if slices.Contains(order, a) != slices.Contains(order, b) {
				if slices.Contains(order, a) {
					a = b
				}
				order = append(order, a)
			}
		}
	}
	return order
}

func (j *joiner) descend(depth int, value int64) {
	if depth == len(j.order) {
		j.leaf(value)
		return
	}
	i := j.order[depth]
	list := j.lists[i]
	for at := range list {
		st := &list[at]
		if value+st.value+j.rest[depth+1] <= j.bound {
			return
		}
		if j.budget--; j.budget <= 0 {
			return
		}
		if j.near(i, st.place) {
			j.chosen[i] = st
			j.descend(depth+1, value+st.value)
			j.chosen[i] = nil
		}
	}
}

func (j *joiner) near(i int, place int32) bool {
	group := j.p.groups[j.g]
	for _, pair := range j.p.together[j.g] {
		a, b := slices.Index(group, int32(pair.A)), slices.Index(group, int32(pair.B))
		if b == i {
			a, b = b, a
		}
		if a == i && j.chosen[b] != nil && j.chosen[b].place != place && j.p.km(place, j.chosen[b].place) > pair.Km {
			return false
		}
	}
	return true
}

// untangle finds the best column worth more than floor with homes in the chosen communes, where the best placements there
// got into each other's way. Where there are too many to try them all, value is only a bound and exact is false.
func (s *scout) untangle(g int32, chosen []*stay, floor int64) (best *column, value int64, exact bool) {
	group := s.p.groups[g]
	lists := make([][]stay, len(group))
	most := int64(0)
	exact = true
	for i, k := range group {
		s.look(k)
		s.atLeast, s.keepBest = nothing, false
		s.emit = func(home int32, jobs []int32, value int64) {
			if len(lists[i]) < 2000 {
				lists[i] = append(lists[i], stay{copied(spot{home, jobs, value}), chosen[i].place, s.points(home, jobs, value)})
			} else {
				exact = false
			}
		}
		s.place(chosen[i].place)
		slices.SortStableFunc(lists[i], func(a, b stay) int { return int(min(max(b.value-a.value, -1), 1)) })
		most += chosen[i].value
	}
	value = floor
	exact = s.combinations(g, lists, floor+1, 50_000, func(c *column, v int64) int64 {
		best, value = c, v
		return v + 1
	}) && exact
	if !exact {
		return best, most, false
	}
	return best, value, true
}

// combinations calls emit for each feasible column made of one entry of each list (sorted, best first) whose value is at
// least floor; emit returns the floor from then on. It returns false where it gave up after limit steps.
func (s *scout) combinations(g int32, lists [][]stay, floor int64, limit int, emit func(c *column, value int64) int64) bool {
	n := len(lists)
	order := s.p.joinOrder(g)
	j := joiner{p: s.p, g: g, chosen: make([]*stay, n)}
	rest := make([]int64, n+1)
	for d := n - 1; d >= 0; d-- {
		if len(lists[order[d]]) == 0 {
			return true
		}
		rest[d] = rest[d+1] + lists[order[d]][0].value
	}
	var descend func(depth int, value, points int64)
	descend = func(depth int, value, points int64) {
		if depth == n {
			spots := make([]spot, n)
			for i, st := range j.chosen {
				spots[i] = st.spot
			}
			if c := s.p.column(g, points, spots); c != nil {
				floor = emit(c, value)
			}
			return
		}
		i := order[depth]
		for at := range lists[i] {
			st := &lists[i][at]
			if limit--; limit < 0 || value+st.value+rest[depth+1] < floor {
				return
			}
			if j.near(i, st.place) {
				j.chosen[i] = st
				descend(depth+1, value+st.value, points+st.points)
				j.chosen[i] = nil
			}
		}
	}
	descend(0, 0, 0)
	return limit >= 0
}

// listColumns calls emit for every column of group g worth at least floor. It returns false where there are too many.
func (s *scout) listColumns(g int32, floor int64, limit int, emit func(c *column, value int64)) bool {
	p := s.p
	group := p.groups[g]
	if len(group) == 1 {
		return s.list(group[0], floor, limit, func(home int32, jobs []int32, value int64) {
			emit(p.column(g, s.points(home, jobs, value), []spot{copied(spot{home, jobs, value})}), value)
		})
	}
	most := make([]int64, len(group))
	total := int64(0)
	for i, k := range group {
		found, ok := s.best(k, nothing)
		if !ok {
			return true
		}
		most[i] = found.value
		total += found.value
	}
	lists := make([][]stay, len(group))
	complete := true
	for i, k := range group {
		complete = s.list(k, floor-(total-most[i]), 20*limit, func(home int32, jobs []int32, value int64) {
			lists[i] = append(lists[i], stay{copied(spot{home, jobs, value}), p.placeOfHome(home), s.points(home, jobs, value)})
		}) && complete
		slices.SortStableFunc(lists[i], func(a, b stay) int { return int(min(max(b.value-a.value, -1), 1)) })
	}
	count := 0
	return s.combinations(g, lists, floor, joinLimit, func(c *column, value int64) int64 {
		if count++; count <= limit {
			emit(c, value)
		}
		return floor
	}) && complete && count <= limit
}
