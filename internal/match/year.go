package match

import (
	"math"
	"slices"
)

// A Year is twelve months of arrivals, known afterwards: households that wait at most Patience days, homes and jobs that
// are on offer for some weeks. Refusals are drawn in advance, so that all policies meet the same.
type Year struct {
	in       *Instance
	seed     uint64
	start    Day
	offerEnd []Day // per home: last day it can be taken
}

// Patience is how long, in days, a household of a Year waits before it turns elsewhere.
const Patience = 56

const (
	yearDays      = 364
	personRefuses = 10 // in 100 proposals
	hostRefuses   = 8
)

// inTime is within how many days an urgent household must be placed.
var inTime = [4]int{Patience, Patience, 21, 7}

// NewYear invents a year of so many cases on real towns. In weeks 20 to 27 a wave from one city doubles the arrivals.
func NewYear(towns []Town, seed uint64, cases int) *Year {
	in := Generate(towns, seed, Scale{Households: cases})
	in.Apart, in.Together = nil, nil
	in.Settings.FlexDays = Patience
	g := newGenerator(towns, seed^0x5DEECE66D)
	y := &Year{in: in, seed: seed, start: in.Date}
	wave := "d:" + towns[g.town()].Departement
	for i := range in.Households {
		k := &in.Households[i]
		day := g.IntN(yearDays)
		if g.chance(13) { // eight weeks of the year hold 15 % of it; this doubles them
			day = 140 + g.IntN(56)
			if len(k.Excluded) > 0 {
				k.Excluded[0] = wave
			}
		}
		k.Ready, k.WaitingDays = y.start+Day(day), 0
	}
	slices.SortStableFunc(in.Households, func(a, b Household) int { return int(a.Ready - b.Ready) })
	for i := range in.Homes {
		h := &in.Homes[i]
		h.From = y.start + Day(g.IntN(yearDays+30)-30)
		end := h.From + Day(14+g.IntN(77))
		y.offerEnd = append(y.offerEnd, end)
		h.Until = end + Day(in.Settings.MinStayDays)
	}
	for i := range in.Jobs {
		j := &in.Jobs[i]
		j.From = y.start + Day(g.IntN(yearDays+30)-30)
		j.Until = j.From + Day(14+g.IntN(77))
	}
	for i := range in.Members {
		in.Members[i].Capacity *= 2
		in.Members[i].Balance = 0
	}
	return y
}

// Clairvoyant bounds the points that any policy could get, had it known the whole year in advance and had nobody refused.
func (y *Year) Clairvoyant(workers int, stop func() bool) int64 {
	s := newSearch(compile(y.in), workers, stop)
	s.pass(s.rounded(s.price), 0)
	s.auction(40 * scale)
	s.pass(s.rounded(s.price), 50*scale)
	s.greedy()
	s.settle(0.002, 25)
	return s.provedBound()
}

// refused reports whether the person, or the host, says no to this home; the answer depends on the two alone.
func (y *Year) refused(k, h int) bool {
	x := y.seed ^ uint64(k)*0x9E3779B97F4A7C15 ^ uint64(h)*0xC2B2AE3D27D4EB4F
	x ^= x >> 31
	x *= 0xD6E8FEB86659FD93
	x ^= x >> 29
	return x%100 < personRefuses+hostRefuses
}

// An Outcome is what a policy did with a year.
type Outcome struct {
	Policy  string
	Seed    uint64
	Points  int64   // of all placements, without points for waiting
	Share   float64 // of the clairvoyant bound
	Cases   int
	Placed  int
	Refused int // proposals that person or host refused

	Urgent, UrgentInTime int
	Waited               []Wait  // by urgency, then by size of household
	Expired              float64 // share of homes that nobody used
	Spread               float64 // standard deviation of households per unit offered between members
}

// A Wait tells how long the households of a group waited for their place.
type Wait struct {
	Group         string
	Cases, Placed int
	Median, P95   int // days
}

// A market is a year in the middle of being played.
type market struct {
	y       *Year
	p       *problem
	rules   *rules
	now     Day
	left    []int32 // per row: what is left, whether on offer today or not
	open    []int32 // per row: what is left of what is on offer today
	placed  []int   // per household: days waited, or −1
	points  int64
	refused int
	taken   []int // per home: households
	banned  map[int32][]int32
	scout   *scout
	quick   *bounds
}

func newMarket(y *Year) *market {
	m := &market{y: y, p: compile(y.in), rules: newRules(y.in), now: y.start, banned: map[int32][]int32{}}
	m.left = m.p.rooms()
	m.open = make([]int32, len(m.left))
	m.placed = make([]int, len(y.in.Households))
	for k := range m.placed {
		m.placed[k] = -1
	}
	m.taken = make([]int, len(y.in.Homes))
	m.quick = newBounds(m.p)
	price := make([]int64, len(m.p.rows))
	m.quick.update(m.p, price, 1)
	m.scout = newScout(m.p, price, m.quick)
	m.scout.room = m.open
	return m
}

// dawn opens what is on offer today.
func (m *market) dawn(now Day) {
	m.now = now
	in := m.y.in
	for h := range in.Homes {
		r := m.p.homeRow(int32(h))
		m.open[r] = 0
		if in.Homes[h].From <= now && now <= m.y.offerEnd[h] {
			m.open[r] = m.left[r]
		}
	}
	for j := range in.Jobs {
		r := m.p.jobRow(int32(j))
		m.open[r] = 0
		if in.Jobs[j].From <= now && now <= in.Jobs[j].Until {
			m.open[r] = m.left[r]
		}
	}
	for i := range in.Members {
		r := m.p.memberRow(int32(i))
		m.open[r] = m.left[r]
	}
}

// waiting lists the households that wait today, in the order of arrival.
func (m *market) waiting() (list []int32) {
	for k := range m.y.in.Households {
		ready := m.y.in.Households[k].Ready
		if m.placed[k] < 0 && ready <= m.now && m.now <= ready+Patience {
			list = append(list, int32(k))
		}
	}
	return list
}

// best is the best placement of household k in what is open today, but for homes that were refused.
func (m *market) best(k int32) (spot, bool) {
	shut := m.banned[k]
	was := make([]int32, len(shut))
	for i, h := range shut {
		was[i] = m.open[h]
		m.open[h] = 0
	}
	found, ok := m.scout.best(k, 0)
	for i, h := range shut {
		m.open[h] = was[i]
	}
	return found, ok
}

// propose offers a placement; it returns false where person or host refuses, and remembers that.
func (m *market) propose(k int32, s spot) bool {
	if m.y.refused(int(k), int(s.home)) {
		m.refused++
		m.banned[k] = append(m.banned[k], m.p.homeRow(s.home))
		return false
	}
	jobs := make([]int, len(s.jobs))
	for w, j := range s.jobs {
		jobs[w] = int(j)
	}
	_, points := m.rules.reasons(int(k), int(s.home), jobs)
	m.points += points
	m.placed[k] = int(m.now - m.y.in.Households[k].Ready)
	m.taken[s.home]++
	rows := []int32{m.p.homeRow(s.home), m.p.memberRow(int32(m.y.in.Homes[s.home].Member))}
	for _, j := range s.jobs {
		rows = append(rows, m.p.jobRow(j))
	}
	for _, r := range rows {
		m.left[r]--
		m.open[r]--
	}
	return true
}

func (m *market) outcome(policy string, bound int64) Outcome {
	in := m.y.in
	o := Outcome{Policy: policy, Seed: m.y.seed, Points: m.points, Cases: len(in.Households), Refused: m.refused}
	if bound > 0 {
		o.Share = float64(m.points) / float64(bound)
	}
	groups := []struct {
		name string
		in   func(k *Household) bool
	}{
		{"urgency_0", func(k *Household) bool { return k.Urgency == 0 }},
		{"urgency_1", func(k *Household) bool { return k.Urgency == 1 }},
		{"urgency_2", func(k *Household) bool { return k.Urgency == 2 }},
		{"urgency_3", func(k *Household) bool { return k.Urgency == 3 }},
		{"persons_1", func(k *Household) bool { return k.Persons == 1 }},
		{"persons_2_3", func(k *Household) bool { return k.Persons == 2 || k.Persons == 3 }},
		{"persons_4_more", func(k *Household) bool { return k.Persons >= 4 }},
	}
	for _, group := range groups {
		w := Wait{Group: group.name}
		var days []int
		for k := range in.Households {
			if !group.in(&in.Households[k]) {
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
	for k := range in.Households {
		if m.placed[k] >= 0 {
			o.Placed++
		}
		if u := in.Households[k].Urgency; u >= 2 {
			o.Urgent++
			if m.placed[k] >= 0 && m.placed[k] <= inTime[u] {
				o.UrgentInTime++
			}
		}
	}
	unused := 0
	units, used := make([]float64, len(in.Members)), make([]float64, len(in.Members))
	for h := range in.Homes {
		if m.taken[h] == 0 {
			unused++
		}
		units[in.Homes[h].Member] += float64(in.Homes[h].Units)
		used[in.Homes[h].Member] += float64(m.taken[h])
	}
	if len(in.Homes) > 0 {
		o.Expired = float64(unused) / float64(len(in.Homes))
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
