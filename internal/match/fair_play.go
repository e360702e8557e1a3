package match

import "slices"

// A fairPlay prices the floors of a year while it is played, and knows who has hosted how much.
type fairPlay struct {
	Fairness
	lift  []int64   // per group: points that its households get
	units []float64 // per member: units it has offered so far
	used  []float64 // and households that took them
}

// floorStep is by how many points a week the price of a floor rises while it is not kept, and falls while it is.
const floorStep = 40

// week looks at the rates so far, among those who have been placed or have left without.
func (f *fairPlay) week(m *market) {
	if f.Floors > 0 {
		rate := func(group int) (float64, int) {
			placed, n := 0, 0
			for k := m.y.first(); int(k) < len(m.placed); k++ {
				if gone := m.y.waits(k).last < m.now; groups[group].has(&m.y.in.Households[k]) && (gone || m.placed[k] >= 0) {
					n++
					if m.placed[k] >= 0 {
						placed++
					}
				}
			}
			return ratio(placed, n), n
		}
		all, _ := rate(0)
		for _, g := range groupsWithFloors() {
			if r, n := rate(g); n > 0 && r < f.Floors*all {
				f.lift[g] += floorStep
			} else {
				f.lift[g] = max(0, f.lift[g]-floorStep)
			}
		}
	}
	if f.Balance {
		clear(f.units)
		clear(f.used)
		for h, when := range m.y.homes {
			if when.first <= m.now && when.last >= m.y.start {
				f.units[m.y.in.Homes[h].Member] += float64(m.y.in.Homes[h].Units)
				f.used[m.y.in.Homes[h].Member] += float64(m.taken[h])
			}
		}
	}
}

// points that the floors give to household k.
func (f *fairPlay) points(k *Household) (sum int64) {
	for g, v := range f.lift {
		if v > 0 && groups[g].has(k) {
			sum += v
		}
	}
	return sum
}

// plan is r.solve; where members are to be used evenly it prefers those that have hosted less than their share, as
// strongly as the points allow.
func (f *fairPlay) plan(r *round, stop func() bool) *layout {
	best := r.solve(stop)
	if !f.Balance {
		return best
	}
	units, used := 0.0, 0.0
	for i := range f.units {
		units, used = units+f.units[i], used+f.used[i]
	}
	if units == 0 {
		return best
	}
	for _, strength := range []float64{80, 40, 20, 10} {
		even := *r
		even.stays = slices.Clone(r.stays)
		bonus := make([]int64, len(r.homes))
		for h := range bonus {
			i := r.facts.homes[r.homes[h].h].member
			debt := used/units*f.units[i] - f.used[i] // households that it would have hosted by now at the usual rate
			bonus[h] = int64(strength * min(max(debt, -10), 10))
		}
		for i := range even.stays {
			even.stays[i].points += int32(bonus[even.stays[i].at])
		}
		l := even.solve(stop)
		for g := range l.chosen {
			if c := &l.chosen[g]; !c.none() {
				c.points -= bonus[c.rows[0]]
				l.points -= bonus[c.rows[0]]
			}
		}
		if float64(l.gain()) >= (1-balanceCost)*float64(best.gain()) && l.placed() >= best.placed() {
			return l
		}
	}
	return best
}

// gain is the points of a layout without those that guests were given extra.
func (l *layout) gain() (sum int64) {
	for g := range l.chosen {
		if !l.chosen[g].none() {
			sum += l.chosen[g].points - l.r.guests[g].extra
		}
	}
	return sum
}

func (l *layout) placed() (n int) {
	for g := range l.chosen {
		if !l.chosen[g].none() {
			n++
		}
	}
	return n
}
