package match

import (
	"math"
	"slices"
)

// An Outcome is what a policy did with a year.
type Outcome struct {
	Policy  string
	Seed    uint64
	Points  int64   // of all placements, without points for waiting
	Bound   int64   // no policy gets more
	Found   int64   // what a plan made with hindsight gets
	Share   float64 // of the clairvoyant bound
	Cases   int
	Placed  int
	Refused int // proposals that person or host refused

	Urgent, UrgentInTime int
	UrgentPossible       int     // no policy places more of them in time
	UrgentLeft           int     // not placed in time though a place was free when a day ended
	Waited               []Wait  // by group
	Expired              float64 // share of homes that nobody used
	Spread               float64 // standard deviation of households per unit offered between members
}

// A Wait tells how long the households of a group waited for their place.
type Wait struct {
	Group         string
	Cases, Placed int
	Median, P95   int // days
}

// groups of households that are looked at apart; a household can be in several.
var groups = []struct {
	name string
	has  func(k *Household) bool
}{
	{"all", func(*Household) bool { return true }},
	{"urgency_0", func(k *Household) bool { return k.Urgency == 0 }},
	{"urgency_1", func(k *Household) bool { return k.Urgency == 1 }},
	{"urgency_2", func(k *Household) bool { return k.Urgency == 2 }},
	{"urgency_3", func(k *Household) bool { return k.Urgency == 3 }},
	{"persons_1", func(k *Household) bool { return k.Persons == 1 }},
	{"persons_2_3", func(k *Household) bool { return k.Persons == 2 || k.Persons == 3 }},
	{"persons_4_more", func(k *Household) bool { return k.Persons >= 4 }},
	{"minors", func(k *Household) bool { return len(k.Ages) > 0 && slices.Min(k.Ages) < 18 }},
	{"no_diploma", func(k *Household) bool {
		return slices.ContainsFunc(k.Workers, func(w Worker) bool { return w.Level <= 1 })
	}},
}

// dusk notes the urgent households that, at the end of a day within their time, have no place though one is free that
// they and its host would accept.
func (m *market) dusk() {
	var list []int32
	for _, k := range m.waiting() {
		h := &m.y.in.Households[k]
		if h.Urgency >= 2 && !m.free[k] && m.now <= h.Ready+Day(inTime[h.Urgency]) {
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return
	}
	r := m.round(list, nothingMore, func(g *guest, h *lodging) bool { return m.y.refused(g.k, h.h) })
	free := make([]int64, len(r.room))
	for g, k := range list {
		_, m.free[k] = r.best(int32(g), free, nil, 0)
	}
}

func (m *market) outcome(policy string, known Hindsight) Outcome {
	in := m.y.in
	o := Outcome{
		Policy: policy, Seed: m.y.seed, Points: m.points, Bound: known.Bound, Found: known.Points, Cases: m.y.counted,
		Refused: m.refusal, UrgentPossible: int(known.Urgent),
	}
	if known.Bound > 0 {
		o.Share = float64(m.points) / float64(known.Bound)
	}
	first := int(m.y.first())
	for _, group := range groups {
		w := Wait{Group: group.name}
		var days []int
		for k := first; k < len(in.Households); k++ {
			if !group.has(&in.Households[k]) {
				continue
			}
			w.Cases++
			if m.placed[k] >= 0 {
				days = append(days, m.placed[k])
			}
		}
		slices.Sort(days)
		w.Placed = len(days)
		if len(days) > 0 {
			w.Median, w.P95 = days[len(days)/2], days[len(days)*95/100]
		}
		o.Waited = append(o.Waited, w)
	}
	for k := first; k < len(in.Households); k++ {
		if m.placed[k] >= 0 {
			o.Placed++
		}
		if u := in.Households[k].Urgency; u >= 2 {
			o.Urgent++
			if m.placed[k] >= 0 && m.placed[k] <= inTime[u] {
				o.UrgentInTime++
			} else if m.free[k] {
				o.UrgentLeft++
			}
		}
	}
	unused, offered := 0, 0
	units, used := make([]float64, len(in.Members)), make([]float64, len(in.Members))
	for h := range in.Homes {
		if m.y.homes[h].last < m.y.start {
			continue
		}
		offered++
		if m.taken[h] == 0 {
			unused++
		}
		units[in.Homes[h].Member] += float64(in.Homes[h].Units)
		used[in.Homes[h].Member] += float64(m.taken[h])
	}
	if offered > 0 {
		o.Expired = float64(unused) / float64(offered)
	}
	n, sum, squares := 0.0, 0.0, 0.0
	for i := range units {
		if units[i] > 0 {
			share := used[i] / units[i]
			n, sum, squares = n+1, sum+share, squares+share*share
		}
	}
	if n > 0 {
		o.Spread = math.Sqrt(max(0, squares/n-sum/n*sum/n))
	}
	return o
}
