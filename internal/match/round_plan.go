package match

import (
	"cmp"
	"slices"
)

// A layout is who goes where in a round: a choice per guest, nowhere where it has none.
type layout struct {
	r      *round
	chosen []choice
	room   []int32
	points int64
}

func (r *round) layout() *layout {
	l := &layout{r: r, chosen: make([]choice, len(r.guests)), room: slices.Clone(r.room)}
	for g := range l.chosen {
		l.chosen[g] = nowhere
	}
	return l
}

func (l *layout) put(g int32, c choice) {
	l.chosen[g] = c
	l.points += c.points
	c.use(l.room, -1)
}

func (l *layout) take(g int32) choice {
	c := l.chosen[g]
	l.points -= c.points
	c.use(l.room, 1)
	l.chosen[g] = nowhere
	return c
}

// plan makes a layout of many points: guests that have most to lose first, each where it is worth most at the prices,
// then what is left to those without a place, then exchanges.
func (r *round) plan(price []int64, exchanges int) *layout {
	l := r.layout()
	order := make([]int32, len(r.guests))
	worth := make([]int64, len(r.guests))
	for g := range order {
		order[g] = int32(g)
		if c, ok := r.best(int32(g), price, nil, nothing); ok {
			worth[g] = c.value
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(worth[b], worth[a]) })
	free := make([]int64, len(price))
	for _, at := range [][]int64{price, free} {
		floor := int64(-100 * scale)
		for _, g := range order {
			if !l.chosen[g].none() {
				continue
			}
			if c, ok := r.best(g, at, l.room, floor); ok {
				l.put(g, c)
			}
		}
	}
	l.exchange(price, exchanges)
	return l
}

// exchange improves a layout: a guest takes what it would rather have, those who had it look for something else, and so
// on for a few steps; what does not gain is undone.
func (l *layout) exchange(price []int64, rounds int) {
	r := l.r
	free := make([]int64, len(price))
	holders := make([][]int32, len(price)) // per row
	plentiful := int32(len(l.room) - 1)
	each := func(c choice, do func(row int32)) {
		for n, row := range c.rows {
			if row < plentiful && (n < 3 || c.rows[2] != row) {
				do(row)
			}
		}
	}
	hold := func(g int32, c choice) { each(c, func(row int32) { holders[row] = append(holders[row], g) }) }
	drop := func(g int32, c choice) {
		each(c, func(row int32) {
			holders[row] = slices.DeleteFunc(holders[row], func(o int32) bool { return o == g })
		})
	}
	for g, c := range l.chosen {
		if !c.none() {
			hold(int32(g), c)
		}
	}
	type change struct {
		g   int32
		old choice
	}
	for range rounds {
		gained := false
		for g := range l.chosen {
			old := l.chosen[g]
			now := int64(0)
			if !old.none() {
				now = old.worth(price)
			}
			want, ok := r.best(int32(g), price, nil, now)
			if !ok {
				continue
			}
			before := l.points
			var done []change
			move := func(g int32, c choice) {
				done = append(done, change{g, l.chosen[g]})
				if !l.chosen[g].none() {
					drop(g, l.chosen[g])
					l.take(g)
				}
				if !c.none() {
					hold(g, c)
					l.put(g, c)
				}
			}
			queue := []int32{int32(g)}
			for depth := 0; len(queue) > 0 && depth < 8; depth++ {
				who := queue[0]
				queue = queue[1:]
				c, ok := want, true
				if depth > 0 {
					if c, ok = r.best(who, free, l.room, 0); !ok {
						if c, ok = r.best(who, price, nil, 0); ok && depth > 5 {
							ok = false
						}
					}
				}
				if !ok {
					continue
				}
				if !l.chosen[who].none() {
					move(who, nowhere)
				}
				each(c, func(row int32) {
					need := int32(1)
					if row == c.rows[2] && row == c.rows[3] {
						need = 2
					}
					for l.room[row] < need && len(holders[row]) > 0 {
						least := holders[row][0]
						for _, o := range holders[row] {
							if l.chosen[o].points < l.chosen[least].points {
								least = o
							}
						}
						move(least, nowhere)
						queue = append(queue, least)
					}
				})
				if c.fits(l.room) {
					move(who, c)
				}
			}
			for _, who := range queue {
				if c, ok := r.best(who, free, l.room, 0); ok {
					move(who, c)
				}
			}
			if l.points > before {
				gained = true
				continue
			}
			for i := len(done) - 1; i >= 0; i-- {
				who := done[i].g
				if !l.chosen[who].none() {
					drop(who, l.chosen[who])
					l.take(who)
				}
				if old := done[i].old; !old.none() {
					hold(who, old)
					l.put(who, old)
				}
			}
		}
		if !gained {
			return
		}
	}
}
