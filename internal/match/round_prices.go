package match

import (
	"math"
	"slices"
)

// A pricing is prices of the rows of a round and the bound that they prove: no plan has more points.
type pricing struct {
	price []int64 // points × scale
	bound int64   // the same
}

// A pool is placements per guest that are good at some prices.
type pool [][]choice

const poolSize = 60

// dual is the bound that prices prove: what the rows cost, and what each guest has left of its best placement among all.
// Placements within margin of the best, one per corner, go into the pool.
func (r *round) dual(price []int64, p pool, margin int64) int64 {
	sum := int64(0)
	for row, v := range price {
		sum += v * int64(r.room[row])
	}
	for g := range r.guests {
		floor := int64(0)
		for i := range p[g] {
			p[g][i].value = p[g][i].worth(price)
			floor = max(floor, p[g][i].value)
		}
		best := floor
		for i := range r.corners[g] {
			c, ok := r.inCorner(int32(g), &r.corners[g][i], price, r.room, max(floor-margin, 0))
			if !ok {
				continue
			}
			best = max(best, c.value)
			floor = max(floor, c.value)
			if !slices.ContainsFunc(p[g], func(o choice) bool { return o.rows == c.rows }) {
				p[g] = append(p[g], c)
			}
		}
		if len(p[g]) > poolSize {
			slices.SortStableFunc(p[g], func(a, b choice) int { return int(min(max(b.value-a.value, -1), 1)) })
			p[g] = p[g][:poolSize/2]
		}
		sum += best
	}
	return sum
}

// pick is dual over the pool alone, which proves nothing; it writes what each guest would take to chosen.
func (r *round) pick(price []int64, p pool, chosen []*choice) int64 {
	sum := int64(0)
	for row, v := range price {
		sum += v * int64(r.room[row])
	}
	for g := range p {
		best := int64(0)
		chosen[g] = nil
		for i := range p[g] {
			if v := p[g][i].worth(price); v > best {
				best, chosen[g] = v, &p[g][i]
			}
		}
		sum += best
	}
	return sum
}

// settle looks for prices that prove the least bound, from the given start, by the volume algorithm (Barahona and Anbil,
// Mathematical Programming 87, 2000): steps start from the best prices so far, go along a moving average of what the
// chosen placements leave of each row, and are as long as Polyak says on the way to target points, which a plan is known
// to have. It makes so many passes over all placements, and so many steps over the pool after each; only passes prove
// anything.
func (r *round) settle(start []float64, target int64, passes, steps int, stop func() bool) pricing {
	n := len(r.room) - 1 // the last row has no price
	start = start[:n]
	here, center, direction, left := slices.Clone(start), slices.Clone(start), make([]float64, n), make([]float64, n+1)
	price := make([]int64, n+1)
	best := pricing{price: make([]int64, n+1), bound: math.MaxInt64}
	all := make(pool, len(r.guests))
	chosen := make([]*choice, len(r.guests))
	factor := 0.2
	toPrice := func(v []float64) {
		for row := range v {
			price[row] = int64(math.Round(v[row] * scale))
		}
	}
	margin := int64(200 * scale)
	for range passes {
		if stop() {
			break
		}
		toPrice(center)
		bound := r.dual(price, all, margin)
		if bound < best.bound {
			best.bound = bound
			copy(best.price, price)
		}
		copy(here, center)
		lowest := int64(math.MaxInt64)
		idle := 0
		for i := range steps {
			toPrice(here)
			value := r.pick(price, all, chosen)
			for row := range left {
				left[row] = float64(r.room[row])
			}
			for _, c := range chosen {
				if c != nil {
					for _, row := range c.rows {
						left[row]--
					}
				}
			}
			for row := range direction {
				if r.room[row] >= plenty/2 { // no row at all
					left[row] = 0
				}
			}
			share := 0.1
			if i == 0 {
				share = 1
			} else {
				along, across := 0.0, 0.0
				for row := range direction {
					d := left[row] - direction[row]
					along -= direction[row] * d
					across += d * d
				}
				if across > 0 {
					share = min(max(along/across, 0.02), 0.2)
				}
			}
			ahead, norm := 0.0, 0.0
			for row := range direction {
				direction[row] += share * (left[row] - direction[row])
				ahead += direction[row] * left[row]
				if here[row] > 0 || direction[row] < 0 {
					norm += direction[row] * direction[row]
				}
			}
			if value < lowest {
				if ahead > 0 {
					factor = min(factor*1.15, 2)
				}
				lowest, idle = value, 0
				copy(center, here)
			} else if idle++; idle >= 8 {
				idle, factor = 0, max(factor*0.7, 0.002)
			}
			if norm < 1e-9 {
				break
			}
			step := factor * max(float64(lowest)/scale-float64(target), 1) / norm
			for row := range here {
				here[row] = max(0, center[row]-step*direction[row])
			}
		}
	}
	toPrice(center)
	if bound := r.dual(price, all, 0); bound < best.bound {
		best.bound = bound
		copy(best.price, price)
	}
	return best
}
