package match

import (
	"math"
	"slices"
	"sync/atomic"
)

// A search is the state of one solve: a pool of promising columns per group, prices with the bound they prove, and the
// best plan so far.
type search struct {
	p       *problem
	workers int
	scouts  []*scout
	bounds  *bounds
	stop    func() bool
	pool    [][]*column

	price  []float64 // where the dual walk stands
	bound  int64     // least bound proved so far, in price units
	proved []int64   // the prices that prove it

	plan   []*column // per group, nil where unplaced
	points int64
	room   []int32 // what the plan leaves of each row

	quick   bool   // passes leave out groups of several households, which take longest, and prove nothing
	onBound func() // called when the bound or the plan got better
}

func newSearch(p *problem, workers int, stop func() bool) *search {
	s := &search{p: p, workers: max(workers, 1), stop: stop, bounds: newBounds(p), bound: int64(p.dear) * scale * int64(len(p.in.Households))}
	for range s.workers {
		s.scouts = append(s.scouts, newScout(p, nil, s.bounds))
	}
	s.pool = make([][]*column, len(p.groups))
	s.plan = make([]*column, len(p.groups))
	s.price = make([]float64, len(p.rows))
	s.room = make([]int32, len(p.rows))
	for r := range p.rows {
		s.room[r] = p.rows[r].room
	}
	return s
}

// rounded returns prices in whole price units; rows that cannot bind cost nothing.
func (s *search) rounded(price []float64) []int64 {
	list := make([]int64, len(s.p.rows))
	for r, v := range price {
		if s.p.rows[r].active && v > 0 {
			list[r] = int64(math.Round(v * scale))
		}
	}
	return list
}

const poolRoom = 80

// add puts a column into the pool of its group unless it is there.
func (s *search) add(g int32, c *column) bool {
	for _, o := range s.pool[g] {
		if o.same(c) {
			return false
		}
	}
	s.pool[g] = append(s.pool[g], c)
	return true
}

// look gives all scouts prices, and rooms where only what is left counts.
func (s *search) look(price []int64, room []int32) {
	s.bounds.update(s.p, price, s.workers)
	for _, sc := range s.scouts {
		sc.price, sc.room = price, room
	}
}

// pass looks at every feasible placement of every group at the given prices: it adds the best of each to the pool, and
// those within margin of the best, and returns the bound that the prices prove and the columns chosen.
func (s *search) pass(price []int64, margin int64) (bound int64, chosen []*column, added int) {
	s.look(price, nil)
	best := make([]int64, len(s.p.groups))
	chosen = make([]*column, len(s.p.groups))
	news := make([]int, len(s.p.groups))
	var cut atomic.Bool // the pass was stopped before its end: it proves nothing
	inParallel(s.workers, len(s.p.groups), 16, func(worker, from, to int) {
		sc := s.scouts[worker]
		if cut.Load() || s.stop() {
			cut.Store(true)
			return
		}
		for g := int32(from); g < int32(to); g++ {
			known := int64(0)
			for _, c := range s.pool[g] {
				if v := c.value(price); v > known {
					known, chosen[g] = v, c
				}
			}
			var c *column
			best[g] = known
			if !s.quick || len(s.p.groups[g]) == 1 {
				var b int64
				c, b = sc.bestColumn(g, known)
				best[g] = max(b, known)
			}
			if c != nil {
				if s.add(g, c) {
					news[g]++
				}
				if v := c.value(price); v > known {
					chosen[g] = c
				}
			}
			if margin > 0 && best[g] > 0 && len(s.p.groups[g]) == 1 {
				for i, st := range sc.stays(s.p.groups[g][0], max(best[g]-margin, 1)) {
					if i == poolRoom/3 {
						break
					}
					if s.add(g, s.p.column(g, st.points, []spot{st.spot})) {
						news[g]++
					}
				}
			}
			s.trim(g, price)
		}
	})
	for g := range best {
		bound += best[g]
		added += news[g]
	}
	for r, v := range price {
		bound += v * int64(s.p.rows[r].room)
	}
	if bound < s.bound && !s.quick && !cut.Load() {
		s.bound, s.proved = bound, price
		if s.onBound != nil {
			s.onBound()
		}
	}
	return bound, chosen, added
}

// trim forgets the columns of a group that are worth least once there are many.
func (s *search) trim(g int32, price []int64) {
	if len(s.pool[g]) <= 2*poolRoom {
		return
	}
	slices.SortStableFunc(s.pool[g], func(a, b *column) int {
		return int(min(max(b.value(price)-a.value(price), -1), 1))
	})
	clear(s.pool[g][poolRoom:])
	s.pool[g] = s.pool[g][:poolRoom]
}

// pick chooses the best column of each group from the pool at the given prices, and returns what they and the prices sum
// to: not a bound, as the pool is not everything.
func (s *search) pick(price []int64, chosen []*column) int64 {
	best := make([]int64, len(s.pool))
	inParallel(s.workers, len(s.pool), 256, func(_, from, to int) {
		for g := from; g < to; g++ {
			chosen[g] = nil
			for _, c := range s.pool[g] {
				if v := c.value(price); v > best[g] {
					best[g], chosen[g] = v, c
				}
			}
		}
	})
	sum := int64(0)
	for _, v := range best {
		sum += v
	}
	for r, v := range price {
		sum += v * int64(s.p.rows[r].room)
	}
	return sum
}

// walk improves the prices by the volume algorithm (Barahona and Anbil, Mathematical Programming 87, 2000): steps start
// from the best prices so far, along a moving average of what the chosen columns leave of each row, and are as long as
// Polyak says on the way to the points of the plan. Every so many iterations a pass looks beyond the pool; only passes
// prove anything.
func (s *search) walk(iterations, every int, factor float64, margin int64) {
	p := s.p
	chosen := make([]*column, len(p.groups))
	center := slices.Clone(s.price)
	var direction, left []float64
	lowest := math.Inf(1)
	worse := 0
	for i := range iterations {
		if s.stop() {
			break
		}
		price := s.rounded(s.price)
		var value int64
		if i%every == 0 {
			s.quick = i > 0
			value, chosen, _ = s.pass(price, margin)
			s.quick = false
			s.separate(chosen)
			for len(s.price) < len(p.rows) {
				s.price, center = append(s.price, 0), append(center, 0)
			}
			if i > 0 {
				// The pool has grown: what it promised at the center before no longer counts.
				lowest = float64(s.pick(s.rounded(center), make([]*column, len(p.groups)))) / scale
			}
		} else {
			value = s.pick(price, chosen)
		}
		n := len(p.rows)
		v := float64(value) / scale
		left = slices.Grow(left[:0], n)[:n]
		for r := range left {
			left[r] = float64(p.rows[r].room)
		}
		for g, c := range chosen {
			if c == nil {
				continue
			}
			for _, r := range c.rows {
				left[r]--
			}
			s.weigh(int32(g), c)
		}
		if direction == nil {
			direction = slices.Clone(left)
		}
		for len(direction) < n {
			direction = append(direction, left[len(direction)])
		}
		// The average that is shortest, within bounds.
		along, across := 0.0, 0.0
		for r := range n {
			if p.rows[r].active {
				d := left[r] - direction[r]
				along -= direction[r] * d
				across += d * d
			}
		}
		share := 0.1
		if across > 0 {
			share = min(max(along/across, 0.01), 0.1)
		}
		ahead := 0.0
		for r := range n {
			if p.rows[r].active {
				direction[r] += share * (left[r] - direction[r])
				ahead += direction[r] * left[r]
			}
		}
		if v < lowest {
			lowest, worse = v, 0
			copy(center, s.price)
			if ahead > 0 {
				factor = min(factor*1.1, 2)
			}
		} else if worse++; worse >= 20 {
			worse, factor = 0, factor*0.8
		}
		norm := 0.0
		for r := range n {
			if p.rows[r].active && (center[r] > 0 || direction[r] < 0) {
				norm += direction[r] * direction[r]
			}
		}
		if norm < 1e-9 {
			break
		}
		step := factor * max(lowest-float64(s.points), 1) / norm
		for r := range n {
			if p.rows[r].active {
				s.price[r] = min(max(0, center[r]-step*direction[r]), p.dear)
			}
		}
	}
	copy(s.price, center)
	if !s.stop() {
		s.pass(s.rounded(center), 0)
	}
}

// weigh remembers that the dual chose c.
func (s *search) weigh(g int32, c *column) {
	for _, o := range s.pool[g] {
		o.weight *= 0.9
	}
	c.weight += 0.1
}

// separate adds a row for each pair to keep apart whose chosen columns are too near each other: of the two, at most one
// has a home in a disc less wide than their distance.
func (s *search) separate(chosen []*column) {
	p := s.p
	for i := range p.in.Apart {
		pair := p.in.Apart[i]
		ga, gb := p.groupOf[pair.A], p.groupOf[pair.B]
		if ga == gb || chosen[ga] == nil || chosen[gb] == nil {
			continue
		}
		a := p.placeOfHome(chosen[ga].spots[slices.Index(p.groups[ga], int32(pair.A))].home)
		b := p.placeOfHome(chosen[gb].spots[slices.Index(p.groups[gb], int32(pair.B))].home)
		if p.km(a, b) < pair.Km {
			s.addDisc(int32(i), a, b)
		}
	}
}

func (s *search) addDisc(pair, a, b int32) {
	p := s.p
	for _, r := range p.rowsOf[p.in.Apart[pair].A] {
		if row := &p.rows[r]; row.index == pair && row.a.has(a) && row.b.has(b) {
			return
		}
	}
	middle := midpoint(&p.in.Communes[p.homePlace[a]], &p.in.Communes[p.homePlace[b]])
	disc := p.newPlaces()
	radius := p.in.Apart[pair].Km/2 - 1e-6
	for place := range p.homePlace {
		if Km(&middle, &p.in.Communes[p.homePlace[place]]) < radius {
			disc.add(int32(place))
		}
	}
	if disc.has(a) && disc.has(b) {
		s.addRow(pair, disc, disc)
	}
}

// addRow limits a pair to one home in the two sets, all of whose communes must be too near each other.
func (s *search) addRow(pair int32, a, b places) int32 {
	p := s.p
	r := int32(len(p.rows))
	p.rows = append(p.rows, row{kind: rowPair, index: pair, room: 1, active: true, a: a, b: b})
	s.room = append(s.room, 1)
	for _, k := range []int32{int32(p.in.Apart[pair].A), int32(p.in.Apart[pair].B)} {
		p.rowsOf[k] = append(p.rowsOf[k], r)
		g := p.groupOf[k]
		at := slices.Index(p.groups[g], k)
		count := func(c *column) {
			if p.bars(r, k, p.placeOfHome(c.spots[at].home)) {
				c.rows = append(c.rows, r)
				if s.plan[g] == c {
					s.room[r]--
				}
			}
		}
		for _, c := range s.pool[g] {
			count(c)
		}
		if c := s.plan[g]; c != nil && !slices.Contains(s.pool[g], c) {
			count(c)
		}
	}
	return r
}

// separateShares adds a row for each pair to keep apart whose shares, per group and column of its pool, are too much for
// any mixture of plans: the communes of both that are all too near each other hold more than one in sum.
func (s *search) separateShares(share func(c *column) float64) (added []int32) {
	p := s.p
	type held struct {
		place int32
		share float64
	}
	holds := func(k int32) (list []held, g int32) {
		g = p.groupOf[k]
		at := slices.Index(p.groups[g], k)
		for _, c := range s.pool[g] {
			place := p.placeOfHome(c.spots[at].home)
			i := slices.IndexFunc(list, func(h held) bool { return h.place == place })
			if i < 0 {
				i = len(list)
				list = append(list, held{place, 0})
			}
			list[i].share += share(c)
		}
		slices.SortStableFunc(list, func(a, b held) int {
			switch {
			case a.share > b.share:
				return -1
			case a.share < b.share:
				return 1
			}
			return int(a.place - b.place)
		})
		return list, g
	}
	for i, pair := range p.in.Apart {
		if p.groupOf[pair.A] == p.groupOf[pair.B] {
			continue
		}
		as, _ := holds(int32(pair.A))
		bs, _ := holds(int32(pair.B))
		near := func(a, b int32) bool { return p.km(a, b) < pair.Km }
		split := func(list []held) int {
			n := 0
			for n < len(list) && list[n].share > 1e-4 {
				n++
			}
			return n
		}
		na, nb := min(split(as), 8), split(bs)
		best, bestSet := 1.001, 0
		for set := 1; set < 1<<na; set++ {
			sum := 0.0
			for x := range na {
				if set>>x&1 != 0 {
					sum += as[x].share
				}
			}
			for _, b := range bs[:nb] {
				all := true
				for x := 0; x < na && all; x++ {
					all = set>>x&1 == 0 || near(as[x].place, b.place)
				}
				if all {
					sum += b.share
				}
			}
			if sum > best {
				best, bestSet = sum, set
			}
		}
		if bestSet == 0 {
			continue
		}
		setA, setB := p.newPlaces(), p.newPlaces()
		var inA, inB []int32
		for x := range na {
			if bestSet>>x&1 != 0 {
				inA = append(inA, as[x].place)
			}
		}
		grow := func(from []held, in, other []int32) []int32 {
			for _, h := range from {
				if !slices.Contains(in, h.place) && !slices.ContainsFunc(other, func(o int32) bool { return !near(h.place, o) }) {
					in = append(in, h.place)
				}
			}
			return in
		}
		inB = grow(bs[:nb], inB, inA)
		inA = grow(as, inA, inB)
		inB = grow(bs, inB, inA)
		for _, place := range inA {
			setA.add(place)
		}
		for _, place := range inB {
			setB.add(place)
		}
		added = append(added, s.addRow(int32(i), setA, setB))
	}
	return added
}

func midpoint(a, b *Commune) Commune {
	const degree = math.Pi / 180
	vector := func(c *Commune) (x, y, z float64) {
		return math.Cos(c.Lat*degree) * math.Cos(c.Lon*degree), math.Cos(c.Lat*degree) * math.Sin(c.Lon*degree), math.Sin(c.Lat * degree)
	}
	ax, ay, az := vector(a)
	bx, by, bz := vector(b)
	x, y, z := ax+bx, ay+by, az+bz
	return Commune{Lat: math.Atan2(z, math.Hypot(x, y)) / degree, Lon: math.Atan2(y, x) / degree}
}

// clash reports whether placing group g by c would put it too near a household it must stay apart from.
func (s *search) clash(g int32, c *column) bool {
	p := s.p
	for i, k := range p.groups[g] {
		for _, at := range p.apartOf[k] {
			pair := p.in.Apart[at]
			other := int32(pair.A)
			if other == k {
				other = int32(pair.B)
			}
			og := p.groupOf[other]
			if og == g || s.plan[og] == nil {
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

// put places group g by c, and take undoes it.
func (s *search) put(g int32, c *column) {
	s.plan[g] = c
	s.points += c.points
	for _, r := range c.rows {
		s.room[r]--
	}
}

func (s *search) take(g int32) {
	c := s.plan[g]
	s.plan[g] = nil
	s.points -= c.points
	for _, r := range c.rows {
		s.room[r]++
	}
}
