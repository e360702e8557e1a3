package match

import (
	"math"
	"slices"
)

// A core is a problem cut down to some groups, some columns of each and what is left of the rows: small enough to be
// solved by branch and bound. Bounds are computed in integers from rounded duals, so that the floating-point program
// only guides.
type core struct {
	s       *search
	groups  []int32
	cols    [][]*column
	rowOf   map[int32]int32
	rows    []int32
	room    []int32
	lp      *program
	first   []int32 // per group: its first column in lp
	colOf   []*column
	groupAt []int32
	rowsAt  [][]int32 // per column: rows as lp numbers them

	forbidden []int16
	forced    []bool
	partners  [][]int32 // per group: groups with which it has a pair to keep apart

	best       []*column // per group
	bestPoints int64
	improved   bool
	nodes      int
	limit      int
	complete   bool // nothing was cut off by the limit
	duals      []int64
}

// fine is the number of units of a core's integer duals in a point.
const fine = 1 << 20

// penalty is what breaking a new row costs until the program has found its way around it.
const penalty = 1e6

// newCore makes a core of groups with the given columns; room is what these may use of each row.
func newCore(s *search, groups []int32, cols [][]*column, room []int32) *core {
	c := &core{s: s, groups: groups, cols: cols, rowOf: map[int32]int32{}}
	at := make(map[int32]int32, len(groups))
	for i, g := range groups {
		at[g] = int32(i)
		for _, col := range cols[i] {
			for _, r := range col.rows {
				if _, ok := c.rowOf[r]; !ok {
					c.rowOf[r] = int32(len(groups) + len(c.rows))
					c.rows = append(c.rows, r)
					c.room = append(c.room, room[r])
				}
			}
		}
	}
	rhs := make([]float64, 0, len(groups)+len(c.rows))
	for range groups {
		rhs = append(rhs, 1)
	}
	for _, n := range c.room {
		rhs = append(rhs, float64(n))
	}
	c.lp = newProgram(rhs)
	c.lp.stop = s.stop
	for i := range groups {
		c.first = append(c.first, int32(len(c.colOf)))
		for _, col := range cols[i] {
			c.insert(int32(i), col)
		}
	}
	c.first = append(c.first, int32(len(c.colOf)))
	c.forbidden = make([]int16, len(c.colOf))
	c.forced = make([]bool, len(groups))
	c.best = make([]*column, len(groups))
	c.partners = make([][]int32, len(groups))
	for i, g := range groups {
		for _, k := range s.p.groups[g] {
			for _, a := range s.p.apartOf[k] {
				for _, other := range []int{s.p.in.Apart[a].A, s.p.in.Apart[a].B} {
					if o, ok := at[s.p.groupOf[other]]; ok && o != int32(i) && !slices.Contains(c.partners[i], o) {
						c.partners[i] = append(c.partners[i], o)
					}
				}
			}
		}
	}
	return c
}

func (c *core) insert(group int32, col *column) {
	terms := make([]term, 0, len(col.rows)+1)
	terms = append(terms, term{group, 1})
	rows := make([]int32, 0, len(col.rows))
	for _, r := range col.rows {
		n := c.rowOf[r]
		rows = append(rows, n)
		found := false
		for i := range terms {
			if terms[i].row == n {
				terms[i].value++
				found = true
			}
		}
		if !found {
			terms = append(terms, term{n, 1})
		}
	}
	c.lp.add(float64(col.points), terms)
	c.colOf = append(c.colOf, col)
	c.groupAt = append(c.groupAt, group)
	c.rowsAt = append(c.rowsAt, rows)
}

// apart reports whether two columns break a pair to keep apart.
func (c *core) apart(i, o int32, a, b *column) bool {
	p := c.s.p
	gi, go_ := c.groups[i], c.groups[o]
	for at, k := range p.groups[gi] {
		for _, n := range p.apartOf[k] {
			pair := p.in.Apart[n]
			other := int32(pair.A)
			if other == k {
				other = int32(pair.B)
			}
			if p.groupOf[other] != go_ {
				continue
			}
			ob := slices.Index(p.groups[go_], other)
			if p.km(p.placeOfHome(a.spots[at].home), p.placeOfHome(b.spots[ob].home)) < pair.Km {
				return true
			}
		}
	}
	return false
}

// start gives the core a plan to beat: a column (or nil) per group, which must be feasible.
func (c *core) start(plan []*column) {
	copy(c.best, plan)
	c.bestPoints = 0
	for _, col := range plan {
		if col != nil {
			c.bestPoints += col.points
		}
	}
}

// crash makes the basis of the plan to beat, so that the program starts from there.
func (c *core) crash() {
	for i, col := range c.best {
		if col == nil {
			continue
		}
		for j := c.first[i]; j < c.first[i+1]; j++ {
			if c.colOf[j] == col {
				c.lp.basic[i] = j
				c.lp.at[j] = int32(i)
				c.lp.slack[i] = -1
				break
			}
		}
	}
	c.lp.refactor()
}

// solve runs branch and bound over at most limit nodes. It returns the bound on the core's optimum that the root proves,
// in points; complete says whether the best plan is proved the best of the core.
func (c *core) solve(limit int) (root float64) {
	c.limit, c.complete, c.nodes = limit, true, 0
	c.crash()
	c.lp.maximise(1 << 30)
	root = float64(c.bound()) / fine
	c.node()
	return root
}

// bound is an upper bound on the core's points under the present forbidden columns and forced groups, in 1/fine points.
func (c *core) bound() int64 {
	n := len(c.groups)
	c.duals = slices.Grow(c.duals[:0], len(c.lp.rhs))[:len(c.lp.rhs)]
	clear(c.duals)
	total := int64(0)
	c.lp.prices()
	for i := range c.rows {
		d := int64(math.Round(max(0, min(c.lp.dual[n+i], 4e6)) * fine))
		c.duals[n+i] = d
		total += d * int64(c.room[i])
	}
	for i := range c.groups {
		total += c.bestIn(i)
	}
	return total
}

// worth is what a column is worth at the duals of the last bound.
func (c *core) worth(j int32) int64 {
	v := c.colOf[j].points * fine
	for _, r := range c.rowsAt[j] {
		v -= c.duals[r]
	}
	return v
}

func (c *core) bestIn(i int) int64 {
	best := int64(0)
	if c.forced[i] {
		best = -1 << 50
	}
	for j := c.first[i]; j < c.first[i+1]; j++ {
		if c.forbidden[j] == 0 {
			best = max(best, c.worth(j))
		}
	}
	return best
}

func (c *core) forbid(j int32, undo *[]int32) {
	c.forbidden[j]++
	c.lp.barred[j] = true
	*undo = append(*undo, j)
}

func (c *core) allow(undo []int32) {
	for _, j := range undo {
		c.forbidden[j]--
		c.lp.barred[j] = c.forbidden[j] > 0
	}
}

// force says that group i is placed, or may again not be.
func (c *core) force(i int32, placed bool) {
	c.forced[i] = placed
	c.lp.barredSlack[i] = placed
}

// node solves the program under the present restrictions and branches where it must. The program is optimal on entry to
// the root only.
func (c *core) node() {
	if c.nodes++; c.nodes > c.limit || c.s.stop() {
		c.complete = false
		return
	}
	if !c.lp.repair(5000) {
		// Nothing is feasible, or so it seems: the integers below decide, and they cut off only what they may.
		c.lp.refactor()
	}
	c.lp.maximise(200_000)
	bound := c.bound()
	if floorDiv(bound, fine) <= c.bestPoints {
		return
	}
	c.round()
	spare := bound - (c.bestPoints+1)*fine
	if spare < 0 {
		return
	}
	// What loses more than the bound can spare is in no better plan.
	var undo []int32
	for i := range c.groups {
		best := c.bestIn(i)
		for j := c.first[i]; j < c.first[i+1]; j++ {
			if c.forbidden[j] == 0 && best-c.worth(j) > spare {
				c.forbid(j, &undo)
			}
		}
	}
	c.branch()
	c.allow(undo)
}

// round makes plans out of the program's solution: whole columns first, then by their share, then whatever fits.
func (c *core) round() {
	type share struct {
		j     int32
		level float64
		worth int64
	}
	var list []share
	for j := range c.colOf {
		if c.forbidden[j] == 0 {
			if l := c.lp.level(int32(j)); l > 1e-6 {
				list = append(list, share{int32(j), l, 0})
			} else if w := c.worth(int32(j)); w > 0 {
				list = append(list, share{int32(j), 0, w})
			}
		}
	}
	slices.SortFunc(list, func(a, b share) int {
		switch {
		case a.level > b.level+1e-9:
			return -1
		case a.level < b.level-1e-9:
			return 1
		case a.worth > b.worth:
			return -1
		case a.worth < b.worth:
			return 1
		}
		return int(a.j - b.j)
	})
	room := slices.Clone(c.room)
	plan := make([]int32, len(c.groups))
	for i := range plan {
		plan[i] = -1
	}
	points := int64(0)
	for _, sh := range list {
		i := c.groupAt[sh.j]
		if plan[i] >= 0 || !c.takes(room, sh.j) || c.clashes(plan, i, sh.j) {
			continue
		}
		plan[i] = sh.j
		points += c.colOf[sh.j].points
		for _, r := range c.rowsAt[sh.j] {
			room[r-int32(len(c.groups))]--
		}
	}
	if points > c.bestPoints {
		c.bestPoints = points
		c.improved = true
		for i, j := range plan {
			c.best[i] = nil
			if j >= 0 {
				c.best[i] = c.colOf[j]
			}
		}
	}
}

func (c *core) takes(room []int32, j int32) bool {
	rows := c.rowsAt[j]
	for i, r := range rows {
		need := int32(1)
		for _, o := range rows[:i] {
			if o == r {
				need++
			}
		}
		if room[r-int32(len(c.groups))] < need {
			return false
		}
	}
	return true
}

func (c *core) clashes(plan []int32, i, j int32) bool {
	for _, o := range c.partners[i] {
		if plan[o] >= 0 && c.apart(i, o, c.colOf[j], c.colOf[plan[o]]) {
			return true
		}
	}
	return false
}

// branch splits the node on one group: it uses a home (or a job, or a column) or it does not.
func (c *core) branch() {
	group, uses := c.choose()
	if group < 0 {
		return
	}
	in := make([]bool, c.first[group+1]-c.first[group])
	for j := c.first[group]; j < c.first[group+1]; j++ {
		in[j-c.first[group]] = uses(j)
	}
	var undo []int32
	for j := c.first[group]; j < c.first[group+1]; j++ {
		if !in[j-c.first[group]] {
			c.forbid(j, &undo)
		}
	}
	// Columns of others that are too near whatever is left to the group are of no use any more.
	for _, o := range c.partners[group] {
		for j := c.first[o]; j < c.first[o+1]; j++ {
			if c.forbidden[j] > 0 {
				continue
			}
			all := true
			for n := c.first[group]; n < c.first[group+1] && all; n++ {
				all = c.forbidden[n] > 0 || c.apart(o, group, c.colOf[j], c.colOf[n])
			}
			if all {
				c.forbid(j, &undo)
			}
		}
	}
	force := !c.forced[group]
	if force {
		c.force(group, true)
	}
	basis := c.lp.saved()
	c.node()
	if force {
		c.force(group, false)
	}
	c.allow(undo)
	c.lp.load(basis)

	undo = undo[:0]
	for j := c.first[group]; j < c.first[group+1]; j++ {
		if in[j-c.first[group]] {
			c.forbid(j, &undo)
		}
	}
	c.node()
	c.allow(undo)
}

// choose finds a group on which to branch: one that the program splits, or, where it splits none, one whose whole
// columns break a pair; and the columns on one side. It returns −1 where there is nothing to decide.
func (c *core) choose() (group int32, uses func(j int32) bool) {
	group = -1
	bestScore := 0.0
	for i := range c.groups {
		top, sum := 0.0, 0.0
		for j := c.first[i]; j < c.first[i+1]; j++ {
			if c.forbidden[j] == 0 {
				l := c.lp.level(j)
				sum += l
				top = max(top, l)
			}
		}
		split := min(top, 1-top)
		if top < 1e-4 {
			split = 0
		}
		if split > 1e-4 && split > bestScore {
			bestScore, group = split, int32(i)
		}
	}
	if group >= 0 {
		return group, c.side(group)
	}
	// Whole columns: do they break pairs, or is the bound not reached for want of precision?
	chosen := make([]int32, len(c.groups))
	for i := range c.groups {
		chosen[i] = -1
		for j := c.first[i]; j < c.first[i+1]; j++ {
			if c.forbidden[j] == 0 && c.lp.level(j) > 0.5 {
				chosen[i] = j
			}
		}
	}
	for i := range c.groups {
		if chosen[i] >= 0 && c.clashes(chosen, int32(i), chosen[i]) && c.several(int32(i)) {
			j := chosen[i]
			return int32(i), func(n int32) bool { return n == j }
		}
	}
	for i := range c.groups {
		if chosen[i] >= 0 && c.several(int32(i)) {
			j := chosen[i]
			return int32(i), func(n int32) bool { return n == j }
		}
	}
	for i := range c.groups {
		if chosen[i] < 0 && c.several(int32(i)) {
			for j := c.first[i]; j < c.first[i+1]; j++ {
				if c.forbidden[j] == 0 {
					return int32(i), func(n int32) bool { return n == j }
				}
			}
		}
	}
	return -1, nil
}

// several reports whether the group still has a choice: two columns, or one and none.
func (c *core) several(i int32) bool {
	n := 0
	for j := c.first[i]; j < c.first[i+1]; j++ {
		if c.forbidden[j] == 0 {
			n++
		}
	}
	return n > 1 || n == 1 && !c.forced[i]
}

// side divides the columns of a split group by the home, else the job, that has most of it without having all.
func (c *core) side(group int32) func(j int32) bool {
	type thing struct{ kind, at, id int32 }
	sum := map[thing]float64{}
	var order []thing
	note := func(t thing, l float64) {
		if _, ok := sum[t]; !ok {
			order = append(order, t)
		}
		sum[t] += l
	}
	total := 0.0
	for j := c.first[group]; j < c.first[group+1]; j++ {
		l := c.lp.level(j)
		if c.forbidden[j] > 0 || l < 1e-6 {
			continue
		}
		total += l
		for s, sp := range c.colOf[j].spots {
			note(thing{0, int32(s), sp.home}, l)
			for w, job := range sp.jobs {
				note(thing{1 + int32(w), int32(s), job}, l)
			}
		}
	}
	has := func(j int32, t thing) bool {
		sp := &c.colOf[j].spots[t.at]
		if t.kind == 0 {
			return sp.home == t.id
		}
		return sp.jobs[t.kind-1] == t.id
	}
	for _, kinds := range []bool{true, false} {
		best, found := 0.0, thing{-1, 0, 0}
		for _, t := range order {
			if (t.kind == 0) == kinds && sum[t] < min(total, 1)-1e-4 && sum[t] > best {
				best, found = sum[t], t
			}
		}
		if found.kind >= 0 {
			return func(j int32) bool { return has(j, found) }
		}
	}
	// One home and one job, yet less than whole: the column against nothing, or against another that differs in nothing.
	top := int32(-1)
	for j := c.first[group]; j < c.first[group+1]; j++ {
		if c.forbidden[j] == 0 && (top < 0 || c.lp.level(j) > c.lp.level(top)) {
			top = j
		}
	}
	return func(j int32) bool { return j == top }
}
