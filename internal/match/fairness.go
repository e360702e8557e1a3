package match

import (
	"cmp"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
)

// Fairness is what a plan may be asked for beyond points; a plan under it is not the best by points, and says so.
type Fairness struct {
	Floors  float64 // floorGroups are placed at this share of the rate of all, or more; 0 for no floors
	Balance bool    // members are used evenly, as far as that costs at most balanceCost of the points
}

// balanceCost is the share of the points that evening out members may cost.
const balanceCost = 0.005

// floorGroups are the groups that floors are about: large households, households with minors, and those with a worker
// without a diploma.
var floorGroups = []string{"persons_4_more", "minors", "no_diploma"}

func groupsWithFloors() (list []int) {
	for i := range groups {
		if slices.Contains(floorGroups, groups[i].name) {
			list = append(list, i)
		}
	}
	return list
}

// A Floor is what became of one group.
type Floor struct {
	Group  string
	Rate   float64 // of its households placed
	Wanted float64
	Met    bool
}

// largestWeight is the largest weight and number of points that a second pass can reckon with.
const largestWeight = 100_000

// Rearrange changes a plan that Solve made for the instance so that it is fair, as far as exchanges reach: floors first,
// then balance. Households of pairs, and those of more than two workers, stay as they are. The plan keeps its bound; it is
// no longer called optimal, and prices, which were those of the other plan, are left out. Floors that could not be kept
// are reported as such.
func (f Fairness) Rearrange(in *Instance, plan *Plan, stop func() bool) ([]Floor, error) {
	w := &in.Settings.Weights
	for _, v := range []int64{w.Base, w.Urgency, w.Waiting, w.JobFit, w.Commute, w.SpareRoom, w.Support, w.Reciprocity} {
		if v > largestWeight {
			return nil, ailleurs.Refuse("match.out_of_range", "$.settings.weights", "min", "0", "max", "100000")
		}
	}
	a := newArrangement(in, plan)
	if f.Floors > 0 {
		a.floors(f.Floors, stop)
	}
	if f.Balance {
		a.balance(stop)
	}
	for g, c := range a.l.chosen { // floors give points; without them every placement must still be worth some
		if !c.none() && a.placement(int32(g), c).Points <= 0 {
			a.l.take(int32(g))
		}
	}
	a.write(plan)
	var list []Floor
	if f.Floors > 0 {
		all := a.rate(0)
		for _, g := range groupsWithFloors() {
			floor := Floor{Group: groups[g].name, Rate: a.rate(g), Wanted: f.Floors * all}
			floor.Met = floor.Rate >= floor.Wanted
			list = append(list, floor)
		}
	}
	return list, nil
}

// An arrangement is a plan as a round: who can be moved are its guests, what the others hold is not on offer.
type arrangement struct {
	in     *Instance
	rules  *rules
	r      *round
	l      *layout
	price  []int64
	fixed  []bool // per household: stays as it is
	placed []bool // of those that are fixed
	extra  []int64
}

func newArrangement(in *Instance, plan *Plan) *arrangement {
	a := &arrangement{in: in, rules: newRules(in), fixed: make([]bool, len(in.Households)), placed: make([]bool, len(in.Households))}
	for _, pairs := range [][]Pair{in.Apart, in.Together} {
		for _, p := range pairs {
			a.fixed[p.A], a.fixed[p.B] = true, true
		}
	}
	households, homeAt, jobAt := map[string]int{}, map[string]int{}, map[string]int{}
	for i := range in.Households {
		households[in.Households[i].ID] = i
		a.fixed[i] = a.fixed[i] || len(in.Households[i].Workers) > atWork
	}
	homes, jobs, members := make([]lodging, len(in.Homes)), make([]opening, len(in.Jobs)), make([]int32, len(in.Members))
	set := &in.Settings
	for i := range in.Homes {
		h := &in.Homes[i]
		homeAt[h.ID] = i
		last := Day(NoBound)
		if h.Until != NoBound {
			last = h.Until - Day(set.MinStayDays)
		}
		homes[i] = lodging{span{h.From, last}, int32(i), int32(min(h.Units, plenty/2))}
		if last < h.From {
			homes[i].room = 0 // nobody could stay long enough
		}
	}
	for i := range in.Jobs {
		j := &in.Jobs[i]
		jobAt[j.ID] = i
		jobs[i] = opening{span{j.From - Day(set.FlexDays), j.Until}, int32(i), int32(min(j.Slots, plenty/2))}
	}
	for i := range in.Members {
		members[i] = int32(min(in.Members[i].Capacity, plenty/2))
	}
	for i := range plan.Placements {
		p := &plan.Placements[i]
		k := households[p.Household]
		if a.placed[k] = true; !a.fixed[k] {
			continue
		}
		h := homeAt[p.Home]
		homes[h].room--
		members[in.Homes[h].Member]--
		for _, id := range p.Jobs {
			jobs[jobAt[id]].room--
		}
	}
	var guests []guest
	guestOf := make([]int32, len(in.Households))
	for k := range in.Households {
		if !a.fixed[k] {
			h := &in.Households[k]
			guestOf[k] = int32(len(guests))
			guests = append(guests, guest{span{h.Ready, h.Ready + Day(set.FlexDays)}, int32(k), set.Weights.Waiting * int64(min(h.WaitingDays, 180))})
		}
	}
	a.r = newRound(newFacts(in), guests, homes, jobs, members, func(*guest, *lodging) bool { return false })
	a.r.onEntry = true
	a.extra = make([]int64, len(guests))
	a.l = a.r.layout()
	spare := int32(len(a.r.room) - 1)
	for i := range plan.Placements {
		p := &plan.Placements[i]
		k := households[p.Household]
		if a.fixed[k] {
			continue
		}
		h := int32(homeAt[p.Home])
		c := choice{rows: [2 + atWork]int32{h, a.r.memberOf[h], spare, spare}, points: p.Points}
		for n, id := range p.Jobs {
			c.rows[2+n] = int32(len(in.Homes) + jobAt[id])
		}
		a.l.put(guestOf[k], c)
	}
	a.price = make([]int64, len(a.r.room))
	return a
}

// rate is the share of a group that has a place.
func (a *arrangement) rate(group int) float64 {
	placed, n := 0, 0
	count := func(k int, has bool) {
		if groups[group].has(&a.in.Households[k]) {
			n++
			if has {
				placed++
			}
		}
	}
	for g := range a.r.guests {
		count(int(a.r.guests[g].k), !a.l.chosen[g].none())
	}
	for k, fixed := range a.fixed {
		if fixed {
			count(k, a.placed[k])
		}
	}
	if n == 0 {
		return 1
	}
	return ratio(placed, n)
}

// floors raises the points of groups that lag until they do not, or until no price helps.
func (a *arrangement) floors(share float64, stop func() bool) {
	const dear = 40
	step := max(a.in.Settings.Weights.Base/4, 1)
	for range dear {
		lagging := make([]bool, len(groups))
		some := false
		for _, g := range groupsWithFloors() {
			lagging[g] = a.rate(g) < share*a.rate(0)
			some = some || lagging[g]
		}
		if !some || stop() {
			return
		}
		for g := range a.r.guests {
			for i, lags := range lagging {
				if lags && groups[i].has(&a.in.Households[a.r.guests[g].k]) {
					a.raise(int32(g), step)
				}
			}
		}
		a.l.exchange(a.price, 1)
	}
}

// raise gives points to all placements of a guest.
func (a *arrangement) raise(g int32, points int64) {
	a.extra[g] += points
	for _, c := range a.r.corners[g] {
		for i := c.stays[0]; i < c.stays[1]; i++ {
			a.r.stays[i].points += int32(points)
		}
	}
	if c := &a.l.chosen[g]; !c.none() {
		c.points += points
		a.l.points += points
	}
}

// balance prefers members that will have hosted less than others, largest debt first, as strongly as balanceCost allows.
func (a *arrangement) balance(stop func() bool) {
	points := func(l *layout, bonus []int64) (sum int64) {
		for g, c := range l.chosen {
			if !c.none() {
				sum += c.points - a.extra[g]
				if bonus != nil {
					sum -= bonus[c.rows[0]]
				}
			}
		}
		return sum
	}
	before := points(a.l, nil)
	stays := slices.Clone(a.r.stays)
	after := make([]int, len(a.in.Members)) // the balance of each once the plan is carried out
	for i := range after {
		after[i] = a.in.Members[i].Balance
	}
	for _, c := range a.l.chosen {
		if !c.none() {
			after[a.in.Homes[c.rows[0]].Member]++
		}
	}
	old := slices.Clone(a.l.chosen)
	for _, strength := range []int64{64, 32, 16, 8, 4} {
		if stop() {
			return
		}
		bonus := make([]int64, len(a.in.Homes))
		for h := range bonus {
			bonus[h] = -strength * int64(min(max(after[a.in.Homes[h].Member], -10), 10))
		}
		copy(a.r.stays, stays)
		for i := range a.r.stays {
			a.r.stays[i].points += int32(bonus[a.r.stays[i].at])
		}
		even := a.r.layout()
		for g, c := range old {
			if !c.none() {
				c.points += bonus[c.rows[0]]
				even.put(int32(g), c)
			}
		}
		even.exchange(a.price, 2)
		if even.placed() >= a.l.placed() && float64(points(even, bonus)) >= (1-balanceCost)*float64(before) {
			for g := range even.chosen {
				if c := &even.chosen[g]; !c.none() {
					c.points -= bonus[c.rows[0]]
				}
			}
			copy(a.r.stays, stays)
			a.l = even
			return
		}
	}
	copy(a.r.stays, stays)
}

// placement is the placement of a guest, as the rules count it.
func (a *arrangement) placement(g int32, c choice) Placement {
	k := int(a.r.guests[g].k)
	p := Placement{Household: a.in.Households[k].ID, Home: a.in.Homes[c.rows[0]].ID, Jobs: []string{}}
	var jobs []int
	for _, row := range c.rows[2:] {
		if j := int(row) - len(a.in.Homes); j < len(a.in.Jobs) {
			jobs = append(jobs, j)
			p.Jobs = append(p.Jobs, a.in.Jobs[j].ID)
		}
	}
	p.Reasons, p.Points = a.rules.reasons(k, int(c.rows[0]), jobs)
	return p
}

// write puts the arrangement back into the plan.
func (a *arrangement) write(plan *Plan) {
	in := a.in
	moved := make(map[string]bool)
	for g := range a.r.guests {
		moved[in.Households[a.r.guests[g].k].ID] = true
	}
	was := make(map[string]Unplaced)
	for _, u := range plan.Unplaced {
		was[u.Household] = u
	}
	plan.Placements = slices.DeleteFunc(plan.Placements, func(p Placement) bool { return moved[p.Household] })
	plan.Unplaced = slices.DeleteFunc(plan.Unplaced, func(u Unplaced) bool { return moved[u.Household] })
	for g, c := range a.l.chosen {
		k := int(a.r.guests[g].k)
		id := in.Households[k].ID
		if c.none() {
			u, known := was[id]
			if !known {
				u = Unplaced{Household: id, Because: []Because{{Code: PlacesTaken}}}
			}
			plan.Unplaced = append(plan.Unplaced, u)
			continue
		}
		plan.Placements = append(plan.Placements, a.placement(int32(g), c))
	}
	slices.SortFunc(plan.Placements, func(a, b Placement) int { return cmp.Compare(a.Household, b.Household) })
	slices.SortFunc(plan.Unplaced, func(a, b Unplaced) int { return cmp.Compare(a.Household, b.Household) })
	plan.Points = 0
	for i := range plan.Placements {
		plan.Points += plan.Placements[i].Points
	}
	plan.Gap, plan.ProvedOptimal, plan.Prices = gap(plan.Points, plan.Bound), false, []Price{}
}
