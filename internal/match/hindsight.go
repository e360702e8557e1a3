package match

// A Hindsight is what could have been done with a year, had it been known.
type Hindsight struct {
	Bound  int64 // no policy gets more points, whatever it does and whenever
	Points int64 // of a plan found with hindsight
	Urgent int64 // no policy places more urgent households in time
}

// Hindsight bounds what any policy can do in the year, with the same arrivals and the same refusals: a placement counts
// where household, home and jobs are there on one day and nobody would have refused. It does not ask when a member is busy
// with those who came before, which only makes the bounds higher.
func (y *Year) Hindsight(stop func() bool) Hindsight {
	var guests, urgent []guest
	for k := y.first(); int(k) < len(y.in.Households); k++ {
		h := &y.in.Households[k]
		guests = append(guests, guest{span: y.waits(k), k: k})
		if h.Urgency >= 2 {
			urgent = append(urgent, guest{span: span{h.Ready, h.Ready + Day(inTime[h.Urgency])}, k: k})
		}
	}
	r := y.all(guests)
	first := r.plan(make([]int64, len(r.room)), 0)
	p := r.settle(make([]float64, len(r.room)), first.points, 20, 60, stop)
	plan := r.plan(p.price, 2)
	start := make([]float64, len(r.room))
	for row, v := range p.price {
		start[row] = float64(v) / scale
	}
	p = r.settle(start, max(plan.points, first.points), 20, 60, stop)
	found := Hindsight{Bound: floorDiv(p.bound, scale), Points: max(first.points, plan.points, r.plan(p.price, 2).points)}

	// Each urgent household placed in time counts as much.
	u := y.all(urgent)
	const one = 1000
	for i := range u.stays {
		u.stays[i].points = one
	}
	for i := range u.works {
		u.works[i].points = 0
	}
	p = u.settle(make([]float64, len(u.room)), u.plan(make([]int64, len(u.room)), 1).points, 10, 60, stop)
	found.Urgent = floorDiv(p.bound, one*scale)
	return found
}
