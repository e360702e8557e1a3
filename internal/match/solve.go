package match

import (
	"cmp"
	"math"
	"runtime"
	"slices"
)

// Options say how Solve works; the zero value is a good choice.
type Options struct {
	Seed        int64                     // reported in the plan; kept for replaying a run
	Workers     int                       // goroutines; 0 means one per processor. Without effect on the result
	Effort      int                       // 1 is the usual amount of work, 2 twice as much, and so on
	Certificate bool                      // prove the bound in a form that Check can recompute
	Prices      int                       // how many prices to check by solving again; 0 means 10, a negative number none
	Stop        func() bool               // asked often; once true, the best plan so far is returned with the bound proved so far
	Progress    func(bound, points int64) // called when either got better, from the goroutine that solves
}

// coreGroups is the size up to which the whole problem is one core.
const coreGroups = 800

// Solve finds a plan and proves how much better another could be. For an instance without a pending Stop the plan
// depends on the instance, the seed and the effort alone.
func Solve(in *Instance, o Options) *Plan {
	s := solve(in, o)
	return s.report(o)
}

func solve(in *Instance, o Options) *search {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Effort = max(o.Effort, 1)
	stop := o.Stop
	if stop == nil {
		stop = func() bool { return false }
	}
	s := newSearch(compile(in), o.Workers, stop)
	p := s.p
	s.onBound = func() {
		if o.Progress != nil {
			o.Progress(s.provedBound(), s.points)
		}
	}
	s.pass(s.rounded(s.price), 0)
	step := int64(60 * scale)
	if len(p.groups) > coreGroups {
		step = 300 * scale
	}
	s.auction(step)
	s.pass(s.rounded(s.price), 50*scale)
	s.greedy()
	if len(p.groups) <= coreGroups {
		s.exact(o.Effort)
	} else {
		s.large(o.Effort)
	}
	return s
}

// provedBound is the bound in whole points.
func (s *search) provedBound() int64 { return max(floorDiv(s.bound, scale), 0) }

func (s *search) optimal() bool { return s.provedBound() <= s.points }

// restart replaces the plan.
func (s *search) restart(plan []*column) {
	for g, c := range s.plan {
		if c != nil && plan[g] != c {
			s.take(int32(g))
		}
	}
	for g, c := range plan {
		if c != nil && s.plan[g] == nil {
			s.put(int32(g), c)
		}
	}
	if s.onBound != nil {
		s.onBound()
	}
}

// greedy makes a plan from the pool: the groups about which the dual is surest first, each by the column that is worth
// most at the proved prices and fits. What is left is then offered to whoever has no place. It keeps the better of the
// old plan and the new one.
func (s *search) greedy() {
	old, oldPoints := slices.Clone(s.plan), s.points
	for g, c := range s.plan {
		if c != nil {
			s.take(int32(g))
		}
	}
	price := s.pricesNow()
	type turn struct {
		g     int32
		sure  float64
		worth int64
	}
	turns := make([]turn, len(s.pool))
	for g := range s.pool {
		t := turn{g: int32(g)}
		for _, c := range s.pool[g] {
			t.sure = max(t.sure, math.Round(c.weight*20))
			t.worth = max(t.worth, c.value(price))
		}
		turns[g] = t
	}
	slices.SortStableFunc(turns, func(a, b turn) int {
		return cmp.Or(cmp.Compare(b.sure, a.sure), cmp.Compare(b.worth, a.worth))
	})
	for _, t := range turns {
		s.insert(t.g, price, -200*scale)
	}
	s.fill(price)
	if s.points < oldPoints {
		s.restart(old)
	} else if s.onBound != nil {
		s.onBound()
	}
}

// pricesNow is the proved prices, one for each row there is now.
func (s *search) pricesNow() []int64 {
	price := make([]int64, len(s.p.rows))
	copy(price, s.proved)
	return price
}

// insert places group g by the column of its pool that fits and is worth most, at least floor.
func (s *search) insert(g int32, price []int64, floor int64) bool {
	var best *column
	for _, c := range s.pool[g] {
		if v := c.value(price); v > floor && c.fits(s.room) && !s.clash(g, c) {
			best, floor = c, v
		}
	}
	if best == nil {
		return false
	}
	s.put(g, best)
	return true
}

// fill offers what is left, all of it, to the groups that have no place.
func (s *search) fill(price []int64) {
	s.look(price, s.room)
	sc := s.scouts[0]
	for g := range s.plan {
		if s.plan[g] != nil || s.stop() {
			continue
		}
		c, _ := sc.bestColumn(int32(g), nothing)
		if c != nil && c.points > 0 && c.fits(s.room) && !s.clash(int32(g), c) {
			s.add(int32(g), c)
			s.put(int32(g), c)
		}
	}
	s.look(price, nil)
}

// exact solves the whole problem as one core: prices by the dual walk and then by the simplex method, columns that can
// be part of a better plan than the best known, branch and bound over those.
func (s *search) exact(effort int) {
	if s.optimal() {
		return
	}
	s.settle(0.002, 40)
	s.greedy()
	s.improve(2, 60, 10, 200*scale)
	s.master(60, 40*scale)
	s.greedy()
	s.improve(3, 60, 20, 200*scale)
	spread := int64(16 * scale)
	for !s.stop() && !s.optimal() {
		need := s.bound - (s.points+1)*scale
		spread = min(spread, need)
		c, whole := s.coreOf(spread)
		if c == nil {
			return
		}
		c.start(s.plan)
		nodes := 400 * effort // a narrow core is for finding plans; the last one is for the proof
		if spread == need {
			nodes = 20_000 * effort
		}
		c.solve(nodes)
		if c.bestPoints > s.points {
			s.restart(c.best)
		}
		outside := s.bound - spread - 1 // whatever uses another column is worth less than that
		if !whole || !c.complete {
			if spread == need || !whole {
				return
			}
		} else if limit := max(s.points*scale+scale-1, outside); limit < s.bound && s.points*scale > outside-scale {
			s.bound = s.points * scale
			if s.onBound != nil {
				s.onBound()
			}
			return
		}
		spread *= 3
	}
}

// settle walks until three walks lowered the bound by less than the given share each, or for so many walks: the first
// ones after an auction may only fill the pool.
func (s *search) settle(share float64, walks int) {
	slow := 0
	for range walks {
		before := s.bound
		s.walk(60, 15, 0.1, 0)
		if float64(before-s.bound) < share*float64(before) {
			slow++
		}
		if s.stop() || slow == 3 {
			return
		}
	}
}

// coreOf makes a core of all groups and all columns that lose at most spread against the proved prices; whole is false
// where there were too many to list.
func (s *search) coreOf(spread int64) (c *core, whole bool) {
	price := s.pricesNow()
	s.look(price, nil)
	p := s.p
	groups := make([]int32, len(p.groups))
	cols := make([][]*column, len(p.groups))
	complete := make([]bool, len(p.groups))
	inParallel(s.workers, len(groups), 8, func(worker, from, to int) {
		sc := s.scouts[worker]
		for g := int32(from); g < int32(to); g++ {
			groups[g] = g
			_, bound := sc.bestColumn(g, 0)
			complete[g] = sc.listColumns(g, bound-spread, 3000, func(col *column, _ int64) {
				cols[g] = append(cols[g], col)
			})
			if plan := s.plan[g]; plan != nil {
				at := slices.IndexFunc(cols[g], plan.same)
				if at < 0 {
					cols[g] = append(cols[g], plan)
				} else {
					cols[g][at] = plan
				}
			}
		}
	})
	whole = !slices.Contains(complete, false)
	return newCore(s, groups, cols, p.rooms()), whole
}

func (p *problem) rooms() []int32 {
	room := make([]int32, len(p.rows))
	for r := range p.rows {
		room[r] = p.rows[r].room
	}
	return room
}

// master sharpens the prices by the simplex method over the pool, adding what passes find, for at most so many rounds.
// Columns that lose more than margin against the proved prices wait outside.
func (s *search) master(rounds int, margin int64) {
	p := s.p
	price := s.pricesNow()
	n := len(p.groups)
	rowAt := make([]int32, len(p.rows))
	rhs := make([]float64, n)
	for i := range rhs {
		rhs[i] = 1
	}
	for r := range p.rows {
		if p.rows[r].active {
			rowAt[r] = int32(len(rhs))
			rhs = append(rhs, float64(p.rows[r].room))
		}
	}
	lp := newProgram(rhs)
	lp.stop = s.stop
	inside := make(map[*column]int32)
	insert := func(g int32, c *column) int32 {
		terms := []term{{g, 1}}
		for _, r := range c.rows {
			if int(r) >= len(rowAt) {
				continue
			}
			at := slices.IndexFunc(terms, func(t term) bool { return t.row == rowAt[r] })
			if at >= 0 {
				terms[at].value++
			} else {
				terms = append(terms, term{rowAt[r], 1})
			}
		}
		inside[c] = lp.add(float64(c.points), terms)
		return inside[c]
	}
	grow := func(price []int64, margin int64) {
		for g := range s.pool {
			best := int64(0)
			for _, c := range s.pool[g] {
				best = max(best, c.value(price))
			}
			for _, c := range s.pool[g] {
				if _, in := inside[c]; !in && c.value(price) >= best-margin {
					insert(int32(g), c)
				}
			}
		}
	}
	grow(price, margin)
	for g, c := range s.plan { // start from the plan
		if c == nil {
			continue
		}
		j, in := inside[c]
		if !in {
			j = insert(int32(g), c)
		}
		lp.basic[g], lp.at[j], lp.slack[g] = j, int32(g), -1
	}
	lp.refactor()
	for range rounds {
		if s.stop() || !lp.maximise(100_000) {
			return
		}
		lp.prices()
		value := 0.0
		for i, v := range lp.x {
			if b := lp.basic[i]; b >= 0 {
				value += lp.cost[b] * v
			}
		}
		for len(s.price) < len(p.rows) {
			s.price = append(s.price, 0)
		}
		for r := range p.rows {
			s.price[r] = 0
			if p.rows[r].active {
				s.price[r] = max(0, lp.dual[rowAt[r]])
			}
		}
		price = s.rounded(s.price)
		bound, _, _ := s.pass(price, 5*scale)
		before := len(lp.cols)
		grow(price, margin)
		if len(lp.cols) > before && float64(bound)/scale-value > 0.2 {
			continue
		}
		rows := s.separateShares(func(c *column) float64 {
			if j, in := inside[c]; in {
				return lp.level(j)
			}
			return 0
		})
		if len(rows) == 0 {
			return
		}
		for _, r := range rows {
			rowAt = append(rowAt, int32(len(lp.rhs)))
			terms := make(map[int32]float64)
			pair := p.in.Apart[p.rows[r].index]
			for _, g := range []int32{p.groupOf[pair.A], p.groupOf[pair.B]} {
				for _, c := range s.pool[g] {
					if j, in := inside[c]; in && slices.Contains(c.rows, r) {
						terms[j] = 1
					}
				}
			}
			lp.limit(1, terms)
		}
		lp.refactor()
	}
}

// large improves prices and plan in turn where the problem is too large to be one core.
func (s *search) large(effort int) {
	s.settle(0.004, 20*effort)
	s.greedy()
	for range 6 * effort {
		if s.stop() || s.optimal() {
			return
		}
		s.improve(1, 60, 10, 150*scale)
		s.settle(0.001, 4)
		s.greedy()
	}
	s.improve(2*effort, 100, 20, 150*scale)
}
