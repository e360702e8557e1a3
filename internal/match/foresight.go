package match

import (
	"math"
	"math/rand/v2"
)

const (
	replays = 4  // futures that prices are averaged over
	ahead   = 56 // days that each future holds
	week    = 7
)

// A foresight is what the households, homes and jobs that are there can be expected to bring, in points, if they are left
// to wait until next week: dual prices of matching problems made of all who are there and of a future drawn from the
// past, averaged over several such futures.
type foresight struct {
	households, homes, jobs []float64

	// What each was worth when it was last part of a problem, as itself or as a draw from the past: where the next search
	// for prices begins. −1 where it never was.
	homesWere, jobsWere []float64
}

func newForesight(y *Year) *foresight {
	unknown := func(n int) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = -1
		}
		return list
	}
	return &foresight{
		households: make([]float64, len(y.in.Households)), homes: make([]float64, len(y.homes)), jobs: make([]float64, len(y.jobs)),
		homesWere: unknown(len(y.homes)), jobsWere: unknown(len(y.jobs)),
	}
}

// learned: each week, a placement is made where it is worth more than what its household, its home and its jobs can be
// expected to bring if they wait, and a week of waiting costs what it costs in a plan. What will not be there next week
// has nothing to wait for. The urgent bypass the value of waiting: each day, they get what is least missed elsewhere.
func (m *market) learned(stop func() bool) {
	f := newForesight(m.y)
	m.days(stop, func(day int) {
		if day%week == 0 {
			m.fair.week(m)
		}
		if m.cold && day < history {
			if day%week == 0 {
				m.optimum(stop)
			}
			return
		}
		if day%week == 0 {
			f.learn(m, stop)
		}
		m.act(f, day%week == 0, stop)
	})
}

// act places the urgent and, where all is true, everybody for whom waiting is worth less.
func (m *market) act(f *foresight, all bool, stop func() bool) {
	in := m.y.in
	const bypass = 20_000 // more than any placement and all that could be missed
	for range proposals {
		var list []int32
		for _, k := range m.waiting() {
			if all || in.Households[k].Urgency >= 2 {
				list = append(list, k)
			}
		}
		if len(list) == 0 {
			return
		}
		r := m.today(list, func(k int32) int64 {
			if in.Households[k].Urgency >= 2 {
				return bypass
			}
			household := &in.Households[k]
			return week*in.Settings.Weights.Waiting + m.fair.points(household) - int64(f.households[k])
		})
		for i := range r.stays {
			r.stays[i].points -= int32(f.homes[r.homes[r.stays[i].at].h])
		}
		for i := range r.works {
			r.works[i].points -= int32(f.jobs[r.jobs[r.works[i].at].j])
		}
		if !m.offer(r, m.fair.plan(r, stop)) {
			return
		}
	}
}

// learn draws futures and finds prices for each.
func (f *foresight) learn(m *market, stop func() bool) {
	clear(f.households)
	clear(f.homes)
	clear(f.jobs)
	y, next := m.y, m.now+week
	for replay := range replays {
		guests, homes, jobs := m.staying(next)
		here := [3]int{len(guests), len(homes), len(jobs)}
		random := rand.New(rand.NewPCG(dice(y.seed, uint64(m.now), uint64(replay)), 1))
		guests, homes, jobs = y.draw(random, m.now, guests, homes, jobs)
		for i := range guests {
			guests[i].span = weeks(guests[i].span, y.start)
		}
		for i := range homes {
			homes[i].span = weeks(homes[i].span, y.start)
		}
		for i := range jobs {
			jobs[i].span = weeks(jobs[i].span, y.start)
		}
		refuse := random.Uint64() // nobody knows who will refuse, but that some will
		r := newRound(y.facts, guests, homes, jobs, y.unlimited(), func(g *guest, h *lodging) bool {
			return m.shut(g, h) || dice(refuse, uint64(g.k)<<20^uint64(g.first), uint64(h.h)<<20^uint64(h.first))%100 < personRefuses+hostRefuses
		})
		plan := r.plan(make([]int64, len(r.room)), 0)
		p := r.settle(f.start(r), plan.points, 6, 30, stop)
		const part = 1.0 / (replays * scale)
		for g := range here[0] {
			if c, ok := r.best(int32(g), p.price, nil, 0); ok {
				f.households[guests[g].k] += float64(c.value) * part
			}
		}
		for h := range here[1] {
			f.homes[homes[h].h] += float64(p.price[h]) * part
		}
		for j := range here[2] {
			f.jobs[jobs[j].j] += float64(p.price[len(homes)+j]) * part
		}
		f.remember(r, p.price)
	}
}

// staying lists who and what of today will still be there on day next.
func (m *market) staying(next Day) (guests []guest, homes []lodging, jobs []opening) {
	y := m.y
	for _, k := range m.waiting() {
		if last := y.waits(k).last; last >= next {
			guests = append(guests, guest{span: span{next, last}, k: k})
		}
	}
	for h, when := range y.homes {
		if m.homes[h] > 0 && when.first <= m.now && when.last >= next {
			homes = append(homes, lodging{span{next, when.last}, int32(h), m.homes[h]})
		}
	}
	for j, when := range y.jobs {
		if m.jobs[j] > 0 && when.first <= m.now && when.last >= next {
			jobs = append(jobs, opening{span{next, when.last}, int32(j), m.jobs[j]})
		}
	}
	return guests, homes, jobs
}

// draw adds a future: what arrived in the half-year before now arrives again, each household and offer as often and on
// such days as chance has it, at the pace of that half-year. Arrivals end with the year, which everybody knows.
func (y *Year) draw(random *rand.Rand, now Day, guests []guest, homes []lodging, jobs []opening) ([]guest, []lodging, []opening) {
	days := float64(max(0, min(now+week+ahead, y.end-1)-now))
	again := func(first Day, arrive func(at Day)) {
		if first <= now-history || first > now {
			return
		}
		for range poisson(random, days/history) {
			arrive(now + 1 + Day(random.Float64()*days))
		}
	}
	for k := range y.in.Households {
		again(y.in.Households[k].Ready, func(at Day) {
			guests = append(guests, guest{span: span{at, at + Patience}, k: int32(k)})
		})
	}
	for h, when := range y.homes {
		again(when.first, func(at Day) {
			homes = append(homes, lodging{span{at, at + when.last - when.first}, int32(h), int32(y.in.Homes[h].Units)})
		})
	}
	for j, when := range y.jobs {
		again(when.first, func(at Day) {
			jobs = append(jobs, opening{span{at, at + when.last - when.first}, int32(j), int32(y.in.Jobs[j].Slots)})
		})
	}
	return guests, homes, jobs
}

// weeks turns days into the weekly sittings since start that they hold: those who meet must meet at one of them.
func weeks(s span, start Day) span {
	if s.first, s.last = (s.first-start+week-1)/week, (s.last-start)/week; s.first > s.last {
		return span{math.MaxInt32, math.MinInt32} // meets nobody
	}
	return s
}

// start is where the search for prices of a round begins: at what each was worth lately, or the like of it on average.
func (f *foresight) start(r *round) []float64 {
	mean := func(list []float64) float64 {
		sum, n := 0.0, 0.0
		for _, v := range list {
			if v >= 0 {
				sum, n = sum+v, n+1
			}
		}
		return sum / max(n, 1)
	}
	known := func(v, otherwise float64) float64 {
		if v < 0 {
			return otherwise
		}
		return v
	}
	home, job := mean(f.homesWere), mean(f.jobsWere)
	list := make([]float64, len(r.room))
	for i := range r.homes {
		list[i] = known(f.homesWere[r.homes[i].h], home)
	}
	for i := range r.jobs {
		list[len(r.homes)+i] = known(f.jobsWere[r.jobs[i].j], job)
	}
	return list
}

func (f *foresight) remember(r *round, price []int64) {
	note := func(were *float64, price int64) {
		if v := float64(price) / scale; *were < 0 {
			*were = v
		} else {
			*were += 0.3 * (v - *were)
		}
	}
	for i := range r.homes {
		note(&f.homesWere[r.homes[i].h], price[i])
	}
	for i := range r.jobs {
		note(&f.jobsWere[r.jobs[i].j], price[len(r.homes)+i])
	}
}

// poisson draws how often something happens that happens mean times on average.
func poisson(random *rand.Rand, mean float64) int {
	n, p := 0, random.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= random.Float64()
	}
	return n
}
