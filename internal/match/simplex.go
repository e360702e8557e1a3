package match

import (
	"math"
	"slices"
)

// A program is a linear program of packing: maximise cost·x where each row of non-negative coefficients sums to at most
// its right-hand side and x ≥ 0. As x = 0 is feasible the primal simplex method needs no first phase, and it starts
// again from where it was after columns were added or costs changed. Its numbers guide the search; nothing is proved
// with them. The basis is kept as a product of elementary matrices.
type program struct {
	rhs   []float64
	cols  [][]term
	cost  []float64
	basic []int32 // per position: a column, or len(cols…) encoded as −1−row for a slack
	at    []int32 // per column: its position, or −1
	slack []int32 // per row: the position of its slack (always the row itself), or −1
	x     []float64
	etas  []eta
	fixed int // etas that the last refactoring left
	dual  []float64
	work  []float64
	queue []int32
	fresh int // steps until all columns are looked at again
	steps int
	stop  func() bool // asked now and then by maximise

	barred      []bool // columns that must be zero
	barredSlack []bool // rows that must hold with equality
}

type term struct {
	row   int32
	value float64
}

// An eta is an elementary matrix: the identity but for one column.
type eta struct {
	at    int32
	pivot float64
	terms []term
}

func newProgram(rhs []float64) *program {
	m := len(rhs)
	l := &program{rhs: slices.Clone(rhs), basic: make([]int32, m), slack: make([]int32, m), x: make([]float64, m), dual: make([]float64, m), work: make([]float64, m), barredSlack: make([]bool, m)}
	random := uint64(88172645463325252)
	for i := range l.rhs {
		random ^= random << 13
		random ^= random >> 7
		random ^= random << 17
		// A little room, different for each row, breaks the ties at which the method would stall.
		l.rhs[i] += 1e-7 * (1 + float64(random>>11)/(1<<53))
		l.basic[i] = int32(-1 - i)
		l.slack[i] = int32(i)
	}
	copy(l.x, l.rhs)
	return l
}

func (l *program) add(cost float64, terms []term) int32 {
	l.cols = append(l.cols, terms)
	l.cost = append(l.cost, cost)
	l.at = append(l.at, -1)
	l.barred = append(l.barred, false)
	return int32(len(l.cols) - 1)
}

// limit adds a row in which the given columns have coefficients. Where the present solution breaks it, a column that
// gives way at a cost (and that must end at zero) keeps the program feasible.
func (l *program) limit(rhs float64, terms map[int32]float64) {
	r := int32(len(l.rhs))
	l.rhs = append(l.rhs, rhs+1e-7*(1+float64(r%97)/97))
	used := 0.0
	for j := range l.cols {
		if v, ok := terms[int32(j)]; ok {
			l.cols[j] = append(l.cols[j], term{r, v})
			used += v * l.level(int32(j))
		}
	}
	l.x, l.dual, l.work, l.barredSlack = append(l.x, 0), append(l.dual, 0), append(l.work, 0), append(l.barredSlack, false)
	way := l.add(-penalty, []term{{r, -1}})
	if used > rhs {
		l.basic = append(l.basic, way)
		l.at[way] = r
		l.slack = append(l.slack, -1)
	} else {
		l.basic = append(l.basic, -1-r)
		l.slack = append(l.slack, r)
	}
}

// forward replaces v by the inverse of the basis times v.
func (l *program) forward(v []float64) {
	for i := range l.etas {
		e := &l.etas[i]
		t := v[e.at]
		if t == 0 {
			continue
		}
		t /= e.pivot
		v[e.at] = t
		for _, o := range e.terms {
			v[o.row] -= o.value * t
		}
	}
}

// backward replaces y by y times the inverse of the basis.
func (l *program) backward(y []float64) {
	for i := len(l.etas) - 1; i >= 0; i-- {
		e := &l.etas[i]
		t := y[e.at]
		for _, o := range e.terms {
			t -= o.value * y[o.row]
		}
		y[e.at] = t / e.pivot
	}
}

func (l *program) push(at int32, v []float64) {
	n := 0
	for _, value := range v {
		if math.Abs(value) > 1e-11 {
			n++
		}
	}
	e := eta{at: at, pivot: v[at], terms: make([]term, 0, n)}
	for i, value := range v {
		if int32(i) != at && math.Abs(value) > 1e-11 {
			e.terms = append(e.terms, term{int32(i), value})
		}
	}
	l.etas = append(l.etas, e)
}

// refactor computes the product form anew, in an order that leaves what is triangular as it is.
func (l *program) refactor() {
	m := len(l.rhs)
	var columns []int32
	free := make([]bool, m) // rows whose slack is not basic
	for i := range free {
		free[i] = true
	}
	for i, b := range l.basic {
		if b >= 0 {
			columns = append(columns, b)
		} else {
			free[-1-b] = false
		}
		l.slack[i] = -1
	}
	slices.Sort(columns)
	l.etas = l.etas[:0]
	inRow := make([][]int32, m)
	count := make([]int32, m)
	left := make(map[int32]int32, len(columns))
	for _, j := range columns {
		n := int32(0)
		for _, t := range l.cols[j] {
			if free[t.row] {
				inRow[t.row] = append(inRow[t.row], j)
				count[t.row]++
				n++
			}
		}
		left[j] = n
		l.at[j] = -1
	}
	done := make(map[int32]bool, len(columns))
	taken := make([]bool, m)
	var front, back []int32
	var pivotFront, pivotBack []int32
	var rowQueue, colQueue []int32
	for i := range m {
		if free[i] && count[i] == 1 {
			rowQueue = append(rowQueue, int32(i))
		}
	}
	for _, j := range columns {
		if left[j] == 1 {
			colQueue = append(colQueue, j)
		}
	}
	remove := func(j, row int32) {
		done[j], taken[row] = true, true
		for _, t := range l.cols[j] {
			if !free[t.row] || taken[t.row] {
				continue
			}
			if count[t.row]--; count[t.row] == 1 {
				rowQueue = append(rowQueue, t.row)
			}
		}
		for _, o := range inRow[row] {
			if !done[o] {
				if left[o]--; left[o] == 1 {
					colQueue = append(colQueue, o)
				}
			}
		}
	}
	for len(rowQueue)+len(colQueue) > 0 {
		if len(rowQueue) > 0 {
			row := rowQueue[0]
			rowQueue = rowQueue[1:]
			if taken[row] || count[row] != 1 {
				continue
			}
			for _, j := range inRow[row] {
				if !done[j] {
					front, pivotFront = append(front, j), append(pivotFront, row)
					remove(j, row)
					break
				}
			}
			continue
		}
		j := colQueue[0]
		colQueue = colQueue[1:]
		if done[j] || left[j] != 1 {
			continue
		}
		for _, t := range l.cols[j] {
			if free[t.row] && !taken[t.row] {
				back, pivotBack = append(back, j), append(pivotBack, t.row)
				remove(j, t.row)
				break
			}
		}
	}
	var middle []int32
	for _, j := range columns {
		if !done[j] {
			middle = append(middle, j)
		}
	}
	slices.SortStableFunc(middle, func(a, b int32) int { return int(left[a] - left[b]) })
	order := append(slices.Clone(front), middle...)
	wanted := slices.Clone(pivotFront)
	for range middle {
		wanted = append(wanted, -1)
	}
	for i := len(back) - 1; i >= 0; i-- {
		order, wanted = append(order, back[i]), append(wanted, pivotBack[i])
	}
	for i := range l.basic {
		l.basic[i] = int32(-1 - i)
		l.slack[i] = int32(i)
	}
	open := slices.Clone(free)
	reserved := make([]bool, m)
	for _, r := range wanted {
		if r >= 0 {
			reserved[r] = true
		}
	}
	for n, j := range order {
		v := l.work
		clear(v)
		for _, t := range l.cols[j] {
			v[t.row] = t.value
		}
		l.forward(v)
		at := wanted[n]
		if at < 0 || math.Abs(v[at]) < 1e-9 {
			at = -1
			best := 1e-7
			fewest := int32(math.MaxInt32)
			for i, value := range v {
				if !open[i] || reserved[i] {
					continue
				}
				if a := math.Abs(value); a > best*4 || a > best/4 && a > 1e-7 && count[i] < fewest {
					best, fewest, at = max(best, a), count[i], int32(i)
				}
			}
			if at < 0 {
				continue // the column depends on others: it leaves the basis
			}
		}
		open[at] = false
		l.push(at, v)
		l.basic[at] = j
		l.at[j] = at
		l.slack[at] = -1
	}
	l.fixed = len(l.etas)
	copy(l.x, l.rhs)
	l.forward(l.x)
	for i, v := range l.x {
		if v < 0 && v > -1e-6 {
			l.x[i] = 0
		}
	}
}

// prices computes the dual of the current basis.
func (l *program) prices() {
	for i, b := range l.basic {
		if b >= 0 {
			l.dual[i] = l.cost[b]
		} else {
			l.dual[i] = 0
		}
	}
	l.backward(l.dual)
}

func (l *program) reduced(j int32) float64 {
	d := l.cost[j]
	for _, t := range l.cols[j] {
		d -= l.dual[t.row] * t.value
	}
	return d
}

// entering returns the variable that promises most, as a column or −1−row; ok is false at the optimum.
func (l *program) entering() (v int32, ok bool) {
	best := 1e-6
	consider := func(candidate int32, d float64) {
		if d > best {
			best, v, ok = d, candidate, true
		}
	}
	kept := l.queue[:0]
	for _, j := range l.queue {
		if l.at[j] >= 0 || l.barred[j] {
			continue
		}
		if d := l.reduced(j); d > 1e-6 {
			kept = append(kept, j)
			consider(j, d)
		}
	}
	l.queue = kept
	if l.fresh--; l.fresh <= 0 {
		ok, l.fresh, l.queue = false, 6, l.queue[:0]
		best = 1e-6
	}
	for i, s := range l.slack {
		if s < 0 && !l.barredSlack[i] {
			consider(int32(-1-i), -l.dual[i])
		}
	}
	if ok && l.fresh < 6 {
		return v, true
	}
	// Look at all columns and keep the best of them for the next steps.
	type promise struct {
		j int32
		d float64
	}
	var top []promise
	for j := range l.cols {
		if l.at[j] >= 0 || l.barred[j] {
			continue
		}
		if d := l.reduced(int32(j)); d > 1e-6 {
			top = append(top, promise{int32(j), d})
		}
	}
	slices.SortFunc(top, func(a, b promise) int {
		switch {
		case a.d > b.d:
			return -1
		case a.d < b.d:
			return 1
		}
		return int(a.j - b.j)
	})
	for _, t := range top[:min(len(top), 30)] {
		l.queue = append(l.queue, t.j)
		consider(t.j, t.d)
	}
	return v, ok
}

// maximise runs the simplex method to its end or for so many steps; it reports whether it reached the optimum.
func (l *program) maximise(limit int) bool {
	l.queue = l.queue[:0]
	for range limit {
		l.steps++
		if len(l.etas)-l.fixed > 80 {
			l.refactor()
		}
		l.prices()
		if l.steps%64 == 0 && l.stop != nil && l.stop() {
			return false
		}
		enter, ok := l.entering()
		if !ok {
			return true
		}
		v := l.work
		clear(v)
		if enter >= 0 {
			for _, t := range l.cols[enter] {
				v[t.row] = t.value
			}
		} else {
			v[-1-enter] = 1
		}
		l.forward(v)
		leave, ratio := -1, math.Inf(1)
		for i, a := range v {
			if a > 1e-9 {
				r := max(l.x[i], 0) / a
				if r < ratio-1e-12 || r < ratio+1e-12 && leave >= 0 && a > v[leave] {
					ratio, leave = min(r, ratio), i
				}
			}
		}
		if leave < 0 {
			return false
		}
		if v[leave] < 1e-7 && len(l.etas) > l.fixed {
			l.refactor()
			continue
		}
		for i, a := range v {
			if a != 0 {
				l.x[i] -= ratio * a
			}
		}
		l.exchange(leave, enter, v, ratio)
	}
	return false
}

// exchange makes enter basic in place of what is basic at a position; v is the entering column in terms of the basis.
func (l *program) exchange(at int, enter int32, v []float64, value float64) {
	l.push(int32(at), v)
	if b := l.basic[at]; b >= 0 {
		l.at[b] = -1
	} else {
		l.slack[-1-b] = -1
	}
	l.basic[at] = enter
	l.x[at] = value
	if enter >= 0 {
		l.at[enter] = int32(at)
	} else {
		l.slack[-1-enter] = int32(at)
	}
}

// repair makes an optimal basis feasible again after columns or slacks were barred, by the dual simplex method. It
// returns false where nothing is feasible, or after so many steps.
func (l *program) repair(limit int) bool {
	row := make([]float64, len(l.rhs))
	for range limit {
		if len(l.etas)-l.fixed > 80 {
			l.refactor()
		}
		leave, worst := -1, 2e-6
		for i, b := range l.basic {
			excess := -l.x[i]
			if b >= 0 && l.barred[b] || b < 0 && l.barredSlack[-1-b] {
				excess = math.Abs(l.x[i])
			}
			if excess > worst {
				worst, leave = excess, i
			}
		}
		if leave < 0 {
			return true
		}
		l.steps++
		l.prices()
		clear(row)
		row[leave] = 1
		l.backward(row)
		sign := 1.0
		if l.x[leave] < 0 {
			sign = -1
		}
		enter, found := int32(0), false
		least, pivot := math.Inf(1), 0.0
		consider := func(candidate int32, alpha, d float64) {
			if alpha *= sign; alpha > 1e-8 {
				ratio := max(-d, 0) / alpha
				if ratio < least-1e-9 || ratio < least+1e-9 && alpha > pivot {
					least, pivot, enter, found = min(ratio, least), alpha, candidate, true
				}
			}
		}
		for i, s := range l.slack {
			if s < 0 && !l.barredSlack[i] && row[i] != 0 {
				consider(int32(-1-i), row[i], -l.dual[i])
			}
		}
		for j := range l.cols {
			if l.at[j] >= 0 || l.barred[j] {
				continue
			}
			alpha := 0.0
			for _, t := range l.cols[j] {
				alpha += row[t.row] * t.value
			}
			if alpha > 1e-8 || alpha < -1e-8 {
				consider(int32(j), alpha, l.reduced(int32(j)))
			}
		}
		if !found {
			return false
		}
		v := l.work
		clear(v)
		if enter >= 0 {
			for _, t := range l.cols[enter] {
				v[t.row] = t.value
			}
		} else {
			v[-1-enter] = 1
		}
		l.forward(v)
		if math.Abs(v[leave]) < 1e-9 {
			return false
		}
		step := l.x[leave] / v[leave]
		for i, a := range v {
			if a != 0 {
				l.x[i] -= step * a
			}
		}
		l.exchange(leave, enter, v, step)
	}
	return false
}

// saved is the basis, for load.
func (l *program) saved() []int32 { return slices.Clone(l.basic) }

// load returns to a saved basis.
func (l *program) load(basis []int32) {
	for j := range l.at {
		l.at[j] = -1
	}
	for i := range l.slack {
		l.slack[i] = -1
	}
	copy(l.basic, basis)
	for i, b := range l.basic {
		if b >= 0 {
			l.at[b] = int32(i)
		} else {
			l.slack[-1-b] = int32(i)
		}
	}
	l.refactor()
}

// level is the value of column j.
func (l *program) level(j int32) float64 {
	if l.at[j] < 0 {
		return 0
	}
	return l.x[l.at[j]]
}
