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
	LearnedPrices = "learned_prices" // the same, but what household, home and job could still be worth elsewhere is a price
	phoneFriends  = 8                // members that a town knows
	phoneCalls    = 2                // members that it can ask in a day
	accompanied   = 30               // days after which a household stands on its own, and its host can take another
	proposals     = 3                // placements that a household can be offered in one sitting
)

// A market is a year in the middle of being played.
type market struct {
	y       *Year
	rules   *rules
	cold    bool // the past half-year is not known when the year begins
	fair    *fairPlay
	now     Day
	homes   []int32 // what is left of each, whether on offer today or not
	jobs    []int32
	members []int32 // households that each can take today
	came    [][]Day // per member: when those arrived whom it still accompanies
	placed  []int   // per household: days waited, or −1
	taken   []int   // per home: households
	gave    []given
	points  int64
	refusal int
	banned  [][]int32 // per household: homes that one of the two refused
	free    []bool    // per household: urgent, in time, and a place was free when the day ended
}

// given is one placement that both sides accepted.
type given struct {
	on   Day
	k, h int
	jobs []int
}

func newMarket(y *Year) *market {
	m := &market{y: y, rules: newRules(y.in), now: y.start, members: make([]int32, len(y.in.Members)), came: make([][]Day, len(y.in.Members))}
	for i := range m.members {
		m.members[i] = int32(y.in.Members[i].Capacity)
	}
	for i := range y.in.Homes {
		m.homes = append(m.homes, int32(y.in.Homes[i].Units))
	}
	for i := range y.in.Jobs {
		m.jobs = append(m.jobs, int32(y.in.Jobs[i].Slots))
	}
	m.banned = make([][]int32, len(y.in.Households))
	m.placed = make([]int, len(y.in.Households))
	for k := range m.placed {
		m.placed[k] = -1
	}
	m.taken = make([]int, len(y.homes))
	m.free = make([]bool, len(y.in.Households))
	return m
}

// A Play says how a year is played.
type Play struct {
	Hindsight Hindsight // what the outcome is held against
	Cold      bool      // the half-year before is not known: learned prices begin as the weekly optimum
	Fair      Fairness  // for the two policies that solve
	Stop      func() bool
}

// Play plays a year by one of the policies.
func (y *Year) Play(policy string, p Play) (Outcome, error) {
	m, err := y.play(policy, p)
	if err != nil {
		return Outcome{}, err
	}
	return m.outcome(policy, p.Hindsight), nil
}

func (y *Year) play(policy string, p Play) (*market, error) {
	m := newMarket(y)
	m.cold = p.Cold
	m.fair = &fairPlay{p.Fair, make([]int64, len(groups)), make([]float64, len(m.members)), make([]float64, len(m.members))}
	play, ok := map[string]func(*market, func() bool){
		PhoneAFriend:  (*market).phone,
		FirstCome:     (*market).firstCome,
		UrgencyFirst:  (*market).urgencyFirst,
		WeeklyOptimum: (*market).weekly,
		LearnedPrices: (*market).learned,
	}[policy]
	if !ok {
		return nil, fmt.Errorf("no policy %q", policy)
	}
	play(m, p.Stop)
	return m, nil
}

// days calls each on every day until the last household has lost patience.
func (m *market) days(stop func() bool, each func(day int)) {
	for day := 0; day <= yearDays+Patience && !stop(); day++ {
		m.now = m.y.start + Day(day)
		for i, came := range m.came {
			for len(came) > 0 && came[0]+accompanied <= m.now {
				came = came[1:]
				m.members[i]++
			}
			m.came[i] = came
		}
		each(day)
		m.dusk()
	}
}

// today is the round of those who wait and what is left on offer today.
func (m *market) today(waiting []int32, extra func(k int32) int64) *round {
	return m.round(waiting, extra, m.shut)
}

func (m *market) round(waiting []int32, extra func(k int32) int64, shut func(g *guest, h *lodging) bool) *round {
	y := m.y
	var guests []guest
	day := span{m.now, m.now}
	for _, k := range waiting {
		guests = append(guests, guest{day, k, extra(k)})
	}
	var homes []lodging
	for h, when := range y.homes {
		if m.homes[h] > 0 && when.meets(day) {
			homes = append(homes, lodging{day, int32(h), m.homes[h]})
		}
	}
	var jobs []opening
	for j, when := range y.jobs {
		if m.jobs[j] > 0 && when.meets(day) {
			jobs = append(jobs, opening{day, int32(j), m.jobs[j]})
		}
	}
	return newRound(y.facts, guests, homes, jobs, m.members, shut)
}

func (m *market) shut(g *guest, h *lodging) bool { return slices.Contains(m.banned[g.k], h.h) }

func nothingMore(int32) int64 { return 0 }

// waiting lists the households that wait today, in the order of arrival.
func (m *market) waiting() (list []int32) {
	for k := m.y.first(); int(k) < len(m.placed); k++ {
		if days := m.y.waits(k); m.placed[k] < 0 && days.first <= m.now && m.now <= days.last {
			list = append(list, k)
		}
	}
	return list
}

// propose offers a placement of today's round; it returns false where person or host refuses, and remembers that.
func (m *market) propose(r *round, g int32, c choice) bool {
	k, h := r.guests[g].k, r.homes[c.rows[0]].h
	if m.y.refused(k, h) {
		m.refusal++
		m.banned[k] = append(m.banned[k], h)
		return false
	}
	jobs := make([]int, 0, atWork)
	for _, row := range c.rows[2:] {
		if at := int(row) - len(r.homes); at < len(r.jobs) {
			jobs = append(jobs, int(r.jobs[at].j))
		}
	}
	_, points := m.rules.reasons(int(k), int(h), jobs)
	m.points += points
	m.placed[k] = int(m.now - m.y.in.Households[k].Ready)
	m.taken[h]++
	m.gave = append(m.gave, given{m.now, int(k), int(h), jobs})
	m.homes[h]--
	member := r.facts.homes[h].member
	m.members[member]--
	m.came[member] = append(m.came[member], m.now)
	for _, j := range jobs {
		m.jobs[j]--
	}
	return true
}

// oneByOne offers each guest in turn the best that is left.
func (m *market) oneByOne(list []int32) {
	r := m.today(list, nothingMore)
	free := make([]int64, len(r.room))
	for g := range r.guests {
		for range proposals {
			c, ok := m.open(r, int32(g), free)
			if !ok {
				break
			}
			if m.propose(r, int32(g), c) {
				c.use(r.room, -1)
				break
			}
		}
	}
}

// open is the best placement of a guest in what is left, but for homes that were refused since the round was made.
func (m *market) open(r *round, g int32, price []int64) (choice, bool) {
	k := r.guests[g].k
	var hidden []int32
	defer func() {
		for _, h := range hidden {
			r.room[h] += 1 << 20
		}
	}()
	for {
		c, ok := r.best(g, price, nil, 0)
		if !ok || !slices.Contains(m.banned[k], r.homes[c.rows[0]].h) {
			return c, ok
		}
		hidden = append(hidden, c.rows[0])
		r.room[c.rows[0]] -= 1 << 20
	}
}

func (m *market) firstCome(stop func() bool) {
	m.days(stop, func(int) { m.oneByOne(m.waiting()) })
}

func (m *market) urgencyFirst(stop func() bool) {
	in := m.y.in
	m.days(stop, func(day int) {
		if day%week != 0 {
			return
		}
		list := m.waiting()
		slices.SortStableFunc(list, func(a, b int32) int {
			return cmp.Or(cmp.Compare(in.Households[b].Urgency, in.Households[a].Urgency), cmp.Compare(a, b))
		})
		m.oneByOne(list)
	})
}

// phone: each household's town knows some members and asks two a day.
func (m *market) phone(stop func() bool) {
	known := make([][]int32, len(m.placed))
	for k := m.y.first(); int(k) < len(known); k++ {
		random := rand.New(rand.NewPCG(m.y.seed, uint64(k)))
		for range phoneFriends {
			known[k] = append(known[k], int32(random.IntN(len(m.members))))
		}
	}
	m.days(stop, func(int) {
		r := m.today(m.waiting(), nothingMore)
		free := make([]int64, len(r.room))
		members := len(r.homes) + len(r.jobs)
		clear(r.room[members : len(r.room)-1])
		for g := range r.guests {
			k := r.guests[g].k
			day := int(m.now - m.y.in.Households[k].Ready)
			for call := range phoneCalls {
				member := known[k][(day*phoneCalls+call)%phoneFriends]
				r.room[members+int(member)] = m.members[member]
				c, ok := m.open(r, int32(g), free)
				if ok = ok && m.propose(r, int32(g), c); ok {
					c.use(r.room, -1)
				}
				r.room[members+int(member)] = 0
				if ok {
					break
				}
			}
		}
	})
}

// weekly solves each week for all who wait.
func (m *market) weekly(stop func() bool) {
	m.days(stop, func(day int) {
		if day%week == 0 {
			m.fair.week(m)
			m.optimum(stop)
		}
	})
}

// optimum is the best plan of a day; points for waiting count, as they do in any plan.
func (m *market) optimum(stop func() bool) {
	w := &m.y.in.Settings.Weights
	for range proposals {
		r := m.today(m.waiting(), func(k int32) int64 {
			household := &m.y.in.Households[k]
			return w.Waiting*int64(m.now-household.Ready) + m.fair.points(household)
		})
		if !m.offer(r, m.fair.plan(r, stop)) {
			return
		}
	}
}

// solve makes a good plan for a round.
func (r *round) solve(stop func() bool) *layout {
	free := make([]int64, len(r.room))
	first := r.plan(free, 0)
	p := r.settle(make([]float64, len(r.room)), first.points, 6, 30, stop)
	l := r.plan(p.price, 3)
	if l.points < first.points {
		return first
	}
	return l
}

// offer proposes a layout; it returns whether somebody refused.
func (m *market) offer(r *round, l *layout) (refused bool) {
	for g, c := range l.chosen {
		if !c.none() && !m.propose(r, int32(g), c) {
			refused = true
		}
	}
	return refused
}
