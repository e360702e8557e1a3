package match

import (
	"math/bits"
	"slices"
)

// A span is days, both ends included.
type span struct{ first, last Day }

func (s span) meets(o span) bool { return s.first <= o.last && o.first <= s.last }

// A guest is a household that looks for a place during some days; a lodging and an opening are a home and a job on offer
// during some. In a round one household may stand for several guests, and one home or job for several offers.
type guest struct {
	span
	k     int32
	extra int64 // points added to all its placements
}

type lodging struct {
	span
	h, room int32
}

type opening struct {
	span
	j, room int32
}

// A round is a matching problem in which those who meet must share a day: household, home and jobs of a placement are all
// there on one day. Rows are homes, then jobs, then members.
type round struct {
	*facts
	guests []guest
	homes  []lodging
	jobs   []opening
	room   []int32 // per row; the last row is one of which there is always enough

	onEntry bool // jobs must be there on the day the home is entered, not on any day that all share

	corners [][]corner // per guest
	stays   []offered  // homes, with the points of household, home and wish
	works   []offered  // jobs, with the points of fit and way

	memberOf []int32 // per home: the member's row
	most     [atWork]int64
}

// A corner is one commune where a guest could live: homes there and, for each worker, jobs within reach.
type corner struct {
	place int32
	stays [2]int32
	works [atWork][2]int32
}

type offered struct {
	at     int32 // into homes or jobs of the round
	points int32
}

// plenty is what is left of the last row, which stands in for the jobs that a placement has no need of.
const plenty = 1 << 24

// A choice is a placement of one guest: the rows of home, member and jobs. Its first row is −1 where it is none.
type choice struct {
	rows   [2 + atWork]int32
	points int64
	value  int64 // points × scale less prices
}

func (c *choice) none() bool { return c.rows[0] < 0 }

var nowhere = choice{rows: [2 + atWork]int32{-1}}

// newRound lists who could go where; members says how many households each can still take. shut keeps a guest out of a
// lodging.
func newRound(f *facts, guests []guest, homes []lodging, jobs []opening, members []int32, shut func(g *guest, h *lodging) bool) *round {
	r := &round{facts: f, guests: guests, homes: homes, jobs: jobs}
	for i := range homes {
		r.room = append(r.room, homes[i].room)
	}
	for i := range jobs {
		r.room = append(r.room, jobs[i].room)
	}
	for i := range homes {
		r.memberOf = append(r.memberOf, int32(len(homes)+len(jobs))+f.homes[homes[i].h].member)
	}
	r.room = append(append(r.room, members...), plenty)
	homesAt, jobsAt := make([][]int32, len(f.homePlaces)), make([][]int32, f.jobPlaces)
	for i := range homes {
		at := f.homes[homes[i].h].place
		homesAt[at] = append(homesAt[at], int32(i))
	}
	for i := range jobs {
		at := f.jobs[jobs[i].j].place
		jobsAt[at] = append(jobsAt[at], int32(i))
	}
	var places, jobPlaces []int32
	for place := range homesAt {
		if len(homesAt[place]) > 0 {
			places = append(places, int32(place))
		}
	}
	for place := range jobsAt {
		if len(jobsAt[place]) > 0 {
			jobPlaces = append(jobPlaces, int32(place))
		}
	}
	// From a place of jobs to the homes around it, where both have something on offer.
	around := make([][]near, f.jobPlaces)
	for _, place := range places {
		for _, n := range f.near[place] {
			if len(jobsAt[n.place]) > 0 {
				around[n.place] = append(around[n.place], near{place, n.cost, n.walk, n.drive})
			}
		}
	}
	set := &f.in.Settings
	r.corners = make([][]corner, len(guests))
	var corners []corner
	cornerAt := make([]int32, len(f.homePlaces)) // one more than the corner of the guest at hand, 0 for none
	var found []inReach
	fill := make([]int32, len(places)+1)
	for g := range guests {
		who := &guests[g]
		k := &f.households[who.k]
		from := len(corners)
		for _, place := range places {
			commune := f.homePlaces[place]
			if k.excludes(f, commune) {
				continue
			}
			c := corner{place: place, stays: [2]int32{int32(len(r.stays)), 0}}
			for _, at := range homesAt[place] {
				lodging := &homes[at]
				h := &f.homes[lodging.h]
				if lodging.room > 0 && lodging.meets(who.span) && h.takes(k) && !slices.Contains(k.members, h.member) && !shut(who, lodging) {
					here := k.points + who.extra + h.worth - set.Weights.SpareRoom*int64(min(h.persons-k.persons, 3)) +
						set.Weights.Support*int64(bits.OnesCount64(k.needs&h.support)) + f.wish(k, commune)
					r.stays = append(r.stays, offered{at, int32(here)})
				}
			}
			if c.stays[1] = int32(len(r.stays)); c.stays[1] > c.stays[0] {
				corners = append(corners, c)
				cornerAt[place] = int32(len(corners) - from)
			}
		}
		mine := corners[from:]
		for n := range k.workers {
			w := &k.workers[n]
			found = found[:0]
			clear(fill[:len(mine)+1])
			for _, place := range jobPlaces {
				for _, at := range jobsAt[place] {
					opening := &jobs[at]
					j := &f.jobs[opening.j]
					if !j.takes(w) || opening.room <= 0 || !opening.meets(who.span) || f.excluded(k, j.commune, j.member) {
						continue
					}
					points := int32(set.Weights.JobFit * int64(w.fit[j.code]))
					for _, n := range around[place] {
						if c := cornerAt[n.place]; c > 0 && (w.licence && n.drive || !w.licence && n.walk) {
							found = append(found, inReach{c - 1, offered{at, points + n.cost}})
							fill[c]++
						}
					}
				}
			}
			// In the order of corners.
			first := int32(len(r.works))
			r.works = append(r.works, make([]offered, len(found))...)
			for c := range mine {
				fill[c+1] += fill[c]
				mine[c].works[n] = [2]int32{first + fill[c], first + fill[c+1]}
			}
			for _, o := range found {
				r.works[first+fill[o.corner]] = o.offered
				fill[o.corner]++
			}
		}
		for i := range mine {
			cornerAt[mine[i].place] = 0
		}
		kept := slices.DeleteFunc(mine, func(c corner) bool {
			for n := range k.workers {
				if c.works[n][0] == c.works[n][1] {
					return true
				}
			}
			return false
		})
		corners = corners[:from+len(kept)]
		r.corners[g] = corners[from:len(corners):len(corners)]
	}
	return r
}

type inReach struct {
	corner int32
	offered
}

// best is the best placement of guest g at the given prices that is worth more than floor and fits into room, which may
// be nil for all there is. The first wins a tie.
func (r *round) best(g int32, price []int64, room []int32, floor int64) (found choice, ok bool) {
	if room == nil {
		room = r.room
	}
	for i := range r.corners[g] {
		if c, better := r.inCorner(g, &r.corners[g][i], price, room, floor); better {
			found, ok, floor = c, true, c.value
		}
	}
	return found, ok
}

// inCorner is the best placement of guest g in one corner, as best is.
func (r *round) inCorner(g int32, c *corner, price []int64, room []int32, floor int64) (found choice, ok bool) {
	who := &r.guests[g]
	workers := len(r.households[who.k].workers)
	homes, members, spare := int32(len(r.homes)), len(r.homes)+len(r.jobs), int32(len(r.room)-1)
	jobs, jobRoom := price[homes:members], room[homes:members]
	most := int64(0)
	for n := range workers {
		best := int64(nothing)
		for _, w := range r.works[c.works[n][0]:c.works[n][1]] {
			if v := int64(w.points)*scale - jobs[w.at]; v > best && jobRoom[w.at] > 0 {
				best = v
			}
		}
		if best == nothing {
			return found, false
		}
		r.most[n] = best
		most += best
	}
	for _, s := range r.stays[c.stays[0]:c.stays[1]] {
		member := r.memberOf[s.at]
		value := int64(s.points)*scale - price[s.at] - price[member]
		if value+most <= floor || room[s.at] <= 0 || room[member] <= 0 {
			continue
		}
		if workers == 0 {
			if s.points > 0 {
				found, ok, floor = choice{[4]int32{s.at, member, spare, spare}, int64(s.points), value}, true, value
			}
			continue
		}
		days := span{max(who.first, r.homes[s.at].first), min(who.last, r.homes[s.at].last)}
		if r.onEntry {
			days.last = days.first
		}
		for _, w := range r.works[c.works[0][0]:c.works[0][1]] {
			v := value + int64(w.points)*scale - jobs[w.at]
			if v+most-r.most[0] <= floor || jobRoom[w.at] <= 0 || !r.jobs[w.at].meets(days) {
				continue
			}
			if workers == 1 {
				if points := int64(s.points) + int64(w.points); points > 0 {
					found, ok, floor = choice{[4]int32{s.at, member, homes + w.at, spare}, points, v}, true, v
				}
				continue
			}
			both := span{max(days.first, r.jobs[w.at].first), min(days.last, r.jobs[w.at].last)}
			for _, x := range r.works[c.works[1][0]:c.works[1][1]] {
				sum := v + int64(x.points)*scale - jobs[x.at]
				points := int64(s.points) + int64(w.points) + int64(x.points)
				if sum > floor && jobRoom[x.at] > 0 && (x.at != w.at || jobRoom[x.at] > 1) && r.jobs[x.at].meets(both) && points > 0 {
					found, ok, floor = choice{[4]int32{s.at, member, homes + w.at, homes + x.at}, points, sum}, true, sum
				}
			}
		}
	}
	return found, ok
}

// use adds times to what is left of the rows of a placement.
func (c *choice) use(room []int32, times int32) {
	for _, row := range c.rows {
		room[row] += times
	}
}

// worth is what a placement is worth at prices.
func (c *choice) worth(price []int64) int64 {
	return c.points*scale - price[c.rows[0]] - price[c.rows[1]] - price[c.rows[2]] - price[c.rows[3]]
}

// fits reports whether a placement fits into what is left.
func (c *choice) fits(room []int32) bool {
	for _, row := range c.rows {
		if room[row] <= 0 {
			return false
		}
	}
	return c.rows[2] != c.rows[3] || room[c.rows[2]] > 1
}
