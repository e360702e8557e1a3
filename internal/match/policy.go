package match

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Policies are the ways of giving places that a simulation compares.
var Policies = []string{PhoneAFriend, FirstCome, UrgencyFirst, WeeklyOptimum, LearnedPrices}

// The five policies.
const (
	PhoneAFriend  = "phone_a_friend" // a town asks towns it knows, one after the other; the first yes wins
	FirstCome     = "first_come"     // each day, in the order of arrival, the best that is there
	UrgencyFirst  = "urgency_first"  // each week, the most urgent and longest waiting first
	WeeklyOptimum = "weekly_optimum" // each week, the best plan for all who wait
	LearnedPrices = "learned_prices" // the same, but what is likely to be missed later costs something now
	phoneFriends  = 8                // members that a town knows
	phoneCalls    = 2                // members that it can ask in a day
	history       = 183              // days of the past that prices are learned from
	coldStart     = 26 * 7           // days before there is enough past
	replays       = 3                // samples of the past that prices are averaged over
	relearn       = 56               // days between two lessons
)

// Play plays a year by one of the policies; bound is the clairvoyant's.
func (y *Year) Play(policy string, bound int64, stop func() bool) (Outcome, error) {
	m := newMarket(y)
	play, ok := map[string]func(*market, func() bool){
		PhoneAFriend:  (*market).phone,
		FirstCome:     (*market).firstCome,
		UrgencyFirst:  (*market).urgencyFirst,
		WeeklyOptimum: func(m *market, stop func() bool) { m.weekly(nil, stop) },
		LearnedPrices: func(m *market, stop func() bool) { m.weekly(newLesson(m), stop) },
	}[policy]
	if !ok {
		return Outcome{}, fmt.Errorf("no policy %q", policy)
	}
	play(m, stop)
	return m.outcome(policy, bound), nil
}

// days calls each for every so many days until the last household has lost patience.
func (m *market) days(every int, stop func() bool, each func()) {
	for day := 0; day < yearDays+Patience && !stop(); day += every {
		m.dawn(m.y.start + Day(day))
		each()
	}
}

func (m *market) firstCome(stop func() bool) {
	m.days(1, stop, func() {
		for _, k := range m.waiting() {
			m.tryBest(k)
		}
	})
}

func (m *market) urgencyFirst(stop func() bool) {
	m.days(7, stop, func() {
		list := m.waiting()
		in := m.y.in
		slices.SortStableFunc(list, func(a, b int32) int {
			return cmp.Or(cmp.Compare(in.Households[b].Urgency, in.Households[a].Urgency), cmp.Compare(a, b))
		})
		for _, k := range list {
			m.tryBest(k)
		}
	})
}

// tryBest proposes the best placements, at most three, until one is accepted.
func (m *market) tryBest(k int32) {
	for range 3 {
		s, ok := m.best(k)
		if !ok || m.propose(k, s) {
			return
		}
	}
}

// phone: each household's town knows some members, mostly large ones, and asks two a day.
func (m *market) phone(stop func() bool) {
	in := m.y.in
	homesOf := make([][]int32, len(in.Members))
	for h := range in.Homes {
		homesOf[in.Homes[h].Member] = append(homesOf[in.Homes[h].Member], int32(h))
	}
	known := make([][]int, len(in.Households))
	for k := range known {
		random := rand.New(rand.NewPCG(m.y.seed, uint64(k)))
		for range phoneFriends {
			known[k] = append(known[k], random.IntN(len(in.Members)))
		}
	}
	all := make([]int32, len(m.open))
	m.days(1, stop, func() {
		for _, k := range m.waiting() {
			day := int(m.now - in.Households[k].Ready)
			for call := range phoneCalls {
				member := known[k][(day*phoneCalls+call)%phoneFriends]
				copy(all, m.open)
				for h := range in.Homes {
					if in.Homes[h].Member != member {
						m.open[m.p.homeRow(int32(h))] = 0
					}
				}
				s, ok := m.best(k)
				copy(m.open, all)
				if ok && m.propose(k, copied(s)) {
					break
				}
			}
		}
	})
}

// weekly solves each week for all who wait; a lesson says what offers are likely to be worth later.
func (m *market) weekly(l *lesson, stop func() bool) {
	m.days(7, stop, func() {
		for range 2 { // those refused are tried once more
			waiting := m.waiting()
			if len(waiting) == 0 || stop() {
				return
			}
			if l != nil {
				l.learn(stop)
			}
			refused := m.refused
			m.solveWeek(waiting, l, stop)
			if m.refused == refused {
				return
			}
		}
	})
}

func (m *market) solveWeek(waiting []int32, l *lesson, stop func() bool) {
	in := m.y.in
	week := *in
	week.Households, week.Homes, week.Jobs = nil, nil, nil
	week.Members = slices.Clone(in.Members)
	var homes, jobs []int32
	for i := range week.Members {
		week.Members[i].Capacity = int(m.open[m.p.memberRow(int32(i))])
	}
	for h := range in.Homes {
		if n := m.open[m.p.homeRow(int32(h))]; n > 0 {
			home := in.Homes[h]
			home.Units = int(n)
			week.Homes = append(week.Homes, home)
			homes = append(homes, int32(h))
		}
	}
	for j := range in.Jobs {
		if n := m.open[m.p.jobRow(int32(j))]; n > 0 {
			job := in.Jobs[j]
			job.Slots = int(n)
			week.Jobs = append(week.Jobs, job)
			jobs = append(jobs, int32(j))
		}
	}
	for _, k := range waiting {
		household := in.Households[k]
		household.WaitingDays = int(m.now - household.Ready)
		if banned := m.banned[k]; len(banned) > 0 {
			household.Excluded = slices.Clone(household.Excluded)
			for _, r := range banned {
				household.Excluded = append(household.Excluded, "m:"+in.Members[in.Homes[r].Member].ID)
			}
		}
		week.Households = append(week.Households, household)
	}
	p := compile(&week)
	if l != nil && l.taught {
		for i := range p.homes {
			p.homes[i].worth -= l.home(int(homes[p.homes[i].index]))
		}
		for i := range p.jobs {
			p.jobs[i].worth -= l.job(int(jobs[p.jobs[i].index]))
		}
		for i := range p.families {
			p.families[i].doubtful = true
			if week.Households[i].Urgency >= 2 { // the urgent bypass prices
				p.families[i].base += 4000
			}
		}
	}
	s := newSearch(p, 1, stop)
	s.quickly()
	for g, c := range s.plan {
		if c == nil {
			continue
		}
		taken := spot{home: homes[c.spots[0].home]}
		for _, j := range c.spots[0].jobs {
			taken.jobs = append(taken.jobs, jobs[j])
		}
		m.propose(waiting[p.groups[g][0]], taken)
	}
}

// A lesson is what a market has learned from its past: prices by kind of home and of job, averaged over samples of the
// arrivals of the last half year, each solved with hindsight.
type lesson struct {
	m       *market
	taught  bool
	learned Day
	homes   map[homeKind]float64
	jobs    map[jobKind]float64
}

type homeKind struct {
	persons int
	host    bool
	region  string
}

type jobKind struct {
	field  string
	level  int
	region string
}

func newLesson(m *market) *lesson { return &lesson{m: m} }

func (l *lesson) homeKind(h int) homeKind {
	in := l.m.y.in
	home := &in.Homes[h]
	return homeKind{min(home.Persons, 4), home.Kind == "host", in.Communes[home.Commune].Region}
}

func (l *lesson) jobKind(j int) jobKind {
	in := l.m.y.in
	job := &in.Jobs[j]
	return jobKind{job.Rome[:1], min(job.Level, 3), in.Communes[job.Commune].Region}
}

// Prices count in full while an offer has four weeks left, and for less towards its end.
func remaining(last, now Day) float64 {
	return min(1, float64(last-now)/28)
}

const caution = 0.7 // share of a learned price that is charged; a first guess, not tuned yet

func (l *lesson) home(h int) int64 {
	return int64(caution * l.homes[l.homeKind(h)] * max(0, remaining(l.m.y.offerEnd[h], l.m.now)))
}

func (l *lesson) job(j int) int64 {
	return int64(caution * l.jobs[l.jobKind(j)] * max(0, remaining(l.m.y.in.Jobs[j].Until, l.m.now)))
}

// learn replays the last half year from time to time.
func (l *lesson) learn(stop func() bool) {
	m := l.m
	if m.now < m.y.start+coldStart || l.taught && m.now < l.learned+relearn {
		return
	}
	in := m.y.in
	type mean struct{ sum, n float64 }
	homes, jobs := map[homeKind]*mean{}, map[jobKind]*mean{}
	for sample := range replays {
		random := rand.New(rand.NewPCG(m.y.seed+uint64(sample), uint64(m.now)))
		past := *in
		past.Households, past.Homes, past.Jobs = nil, nil, nil
		since := m.now - history
		var homeOf, jobOf []int
		for k := range in.Households {
			if r := in.Households[k].Ready; r >= since && r <= m.now {
				for range draws(random) {
					past.Households = append(past.Households, in.Households[k])
				}
			}
		}
		for h := range in.Homes {
			if m.y.offerEnd[h] >= since && in.Homes[h].From <= m.now {
				past.Homes = append(past.Homes, in.Homes[h])
				homeOf = append(homeOf, h)
			}
		}
		for j := range in.Jobs {
			if in.Jobs[j].Until >= since && in.Jobs[j].From <= m.now {
				past.Jobs = append(past.Jobs, in.Jobs[j])
				jobOf = append(jobOf, j)
			}
		}
		s := newSearch(compile(&past), 1, stop)
		s.pass(s.rounded(s.price), 0)
		s.auction(100 * scale)
		s.pass(s.rounded(s.price), 60*scale)
		s.greedy()
		s.walk(60, 20, 0.1, 60*scale)
		price := s.pricesNow()
		for i, h := range homeOf {
			kind := l.homeKind(h)
			if homes[kind] == nil {
				homes[kind] = &mean{}
			}
			homes[kind].sum += float64(price[s.p.homeRow(int32(i))]) / scale
			homes[kind].n++
		}
		for i, j := range jobOf {
			kind := l.jobKind(j)
			if jobs[kind] == nil {
				jobs[kind] = &mean{}
			}
			jobs[kind].sum += float64(price[s.p.jobRow(int32(i))]) / scale
			jobs[kind].n++
		}
	}
	if stop() {
		return
	}
	l.homes, l.jobs = map[homeKind]float64{}, map[jobKind]float64{}
	for kind, m := range homes {
		l.homes[kind] = m.sum / m.n
	}
	for kind, m := range jobs {
		l.jobs[kind] = m.sum / m.n
	}
	l.taught, l.learned = true, m.now
}

// draws is how often one arrival occurs in a sample drawn with replacement (Poisson, mean 1).
func draws(random *rand.Rand) int {
	n, p := 0, random.Float64()
	for p > 0.36787944117144233 {
		p *= random.Float64()
		n++
	}
	return n
}
