package match

import (
	"math/bits"
	"slices"
	"strings"
)

// A problem is an instance laid out for the solver: homes and jobs by commune, occupations and supports as numbers, and
// the rows that limit the whole: units of homes, slots of jobs, capacities of members and, found while solving, places
// that two households must not both have.
type problem struct {
	in *Instance

	homes     []homeFact // by commune
	homeStart []int32    // per home commune: first of its homes; one more at the end
	homePlace []int32    // per home commune: index into in.Communes
	jobs      []jobFact  // by commune
	jobStart  []int32    // per job commune; one more at the end
	near      [][]nearby // per home commune
	homeAt    []int32    // per home of the instance: position in homes, or −1
	jobAt     []int32

	departement, region   []int32 // per commune
	departements, regions map[string]int32
	communeOf             map[string]int32
	memberOf              map[string]int32

	families []family // households, as the solver sees them
	groups   [][]int32
	groupOf  []int32  // per household
	together [][]Pair // per group: its pairs
	apartOf  [][]int32
	fits     fitTable
	keys     []boundKey
	keyOf    map[boundKey]int32
	levels   int
	persons  []int // distinct sizes of households, ascending
	rows     []row
	rowsOf   [][]int32 // per household: its rows of kind rowPair

	options    [][]*option // per household, per home commune; see scout.option. nil where there are too many
	optionRoom []int       // per household: how many entries it may keep

	manySupports bool
	dear         float64 // no placement is worth more points
	huge         bool    // points too large for the bounds' 32 bits
}

// A row limits how much of something all placements together use.
type row struct {
	kind   rowKind
	index  int32  // of the home, job, member; of the pair in in.Apart
	room   int32  // units, slots, capacity; 1 for a pair
	active bool   // false where it cannot bind
	a, b   places // for a pair: at most one of A with a home in a and B with a home in b
}

// places is a set of home communes.
type places []uint64

func (s places) has(place int32) bool { return s[place>>6]>>(place&63)&1 != 0 }
func (s places) add(place int32)      { s[place>>6] |= 1 << (place & 63) }

func (p *problem) newPlaces() places { return make(places, (len(p.homePlace)+63)/64) }

// bars reports whether household k with a home in the commune counts in a row of kind rowPair.
func (p *problem) bars(r, k, place int32) bool {
	row := &p.rows[r]
	if int32(p.in.Apart[row.index].A) == k {
		return row.a.has(place)
	}
	return row.b.has(place)
}

type rowKind uint8

const (
	rowHome rowKind = iota
	rowJob
	rowMember
	rowPair // at most one of two households in a set of home communes
)

type homeFact struct {
	index, member, place, commune int32 // place counts home communes
	persons, minAge, maxAge       int32
	from, until                   int32
	worth                         int64 // reciprocity points
	accessible, host              bool
	support                       uint64
}

type jobFact struct {
	index, member, commune int32
	code, level, minAge    int32
	from, until            int32
	licence, nights        bool
	worth                  int64 // points that the job gives by itself: none, but in simulations, where it may cost
}

type nearby struct {
	place       int32 // counts job communes
	whole       int32
	walk, drive bool // within reach without and with a licence
}

type family struct {
	base           int64 // points that do not depend on the place
	persons        int32
	minAge, maxAge int32
	ready          int32
	accessible     bool
	hasAges        bool
	workers        []laborer
	needs          uint64
	maxWish        int64
	doubtful       bool // its placements may have no points
	size           int32
}

type laborer struct {
	age, level     int32
	licence, night bool
	any            bool
	codes          []int32
	keys           []int32 // of the bounds on what a job can give
}

// boundKey names the workers for whom one bound serves: same occupation, licence and level.
type boundKey struct {
	code    int32 // −1 for any
	licence bool
	level   int32
}

// fitTable holds the fit of each worker's code, numbered, to each job's code.
type fitTable struct {
	codes   map[string]int32
	names   []string
	row     [][]uint8
	jobCode map[string]int32
	jobName []string
}

func compile(in *Instance) *problem {
	p := &problem{in: in}
	p.places()
	p.rowsOfCapacity()
	p.households()
	p.gather()
	// At most 8 million entries of 16 bytes and 16 million pointers are kept.
	if n := len(p.families); n > 0 && n*len(p.homePlace) <= 16_000_000 {
		p.options = make([][]*option, n)
		p.optionRoom = make([]int, n)
		for k := range p.optionRoom {
			p.optionRoom[k] = 8_000_000 / n
		}
	}
	return p
}

func (p *problem) homeRow(h int32) int32   { return h }
func (p *problem) jobRow(j int32) int32    { return int32(len(p.in.Homes)) + j }
func (p *problem) memberRow(m int32) int32 { return int32(len(p.in.Homes)+len(p.in.Jobs)) + m }

func number(ids map[string]int32, s string) int32 {
	n, ok := ids[s]
	if !ok {
		n = int32(len(ids))
		ids[s] = n
	}
	return n
}

func clampDay(d Day) int32 { return int32(min(max(d, -1<<30), 1<<30)) }

func (p *problem) places() {
	in := p.in
	p.departements, p.regions = map[string]int32{}, map[string]int32{}
	p.communeOf, p.memberOf = make(map[string]int32, len(in.Communes)), make(map[string]int32, len(in.Members))
	p.departement, p.region = make([]int32, len(in.Communes)), make([]int32, len(in.Communes))
	for i := range in.Communes {
		c := &in.Communes[i]
		p.departement[i], p.region[i] = number(p.departements, c.Departement), number(p.regions, c.Region)
		p.communeOf[c.Code] = int32(i)
	}
	for i := range in.Members {
		p.memberOf[in.Members[i].ID] = int32(i)
	}
	supports := p.supports()
	p.manySupports = len(supports) > 64
	masks := make([]uint64, len(in.Members))
	for i := range in.Members {
		masks[i] = supports.mask(in.Members[i].Support)
	}

	order := func(n int, free func(int) bool, commune func(int) int) (list []int32, start, place []int32) {
		for i := range n {
			if free(i) {
				list = append(list, int32(i))
			}
		}
		slices.SortStableFunc(list, func(a, b int32) int { return commune(int(a)) - commune(int(b)) })
		for at, i := range list {
			if c := int32(commune(int(i))); len(place) == 0 || place[len(place)-1] != c {
				place = append(place, c)
				start = append(start, int32(at))
			}
		}
		return list, append(start, int32(len(list))), place
	}
	homes, homeStart, homePlace := order(len(in.Homes),
		func(h int) bool { return in.Homes[h].Units > 0 && in.Members[in.Homes[h].Member].Capacity > 0 },
		func(h int) int { return in.Homes[h].Commune })
	jobs, jobStart, jobPlace := order(len(in.Jobs),
		func(j int) bool { return in.Jobs[j].Slots > 0 },
		func(j int) int { return in.Jobs[j].Commune })
	p.homeStart, p.homePlace, p.jobStart = homeStart, homePlace, jobStart
	p.homeAt, p.jobAt = make([]int32, len(in.Homes)), make([]int32, len(in.Jobs))
	for i := range p.homeAt {
		p.homeAt[i] = -1
	}
	for i := range p.jobAt {
		p.jobAt[i] = -1
	}
	placeOf := make(map[int32]int32)
	for i, c := range homePlace {
		placeOf[c] = int32(i)
	}
	for at, h := range homes {
		home := &in.Homes[h]
		p.homeAt[h] = int32(at)
		p.homes = append(p.homes, homeFact{
			index: h, member: int32(home.Member), commune: int32(home.Commune), place: placeOf[int32(home.Commune)],
			persons: int32(home.Persons), minAge: int32(home.MinAge), maxAge: int32(home.MaxAge),
			from: clampDay(home.From), until: clampDay(home.Until),
			worth:      in.Settings.Weights.Reciprocity * int64(min(max(-in.Members[home.Member].Balance, -10), 10)),
			accessible: home.Accessible, host: home.Kind == "host", support: masks[home.Member],
		})
	}
	p.fits = newFitTable(in)
	levels := map[int]bool{}
	for at, j := range jobs {
		job := &in.Jobs[j]
		p.jobAt[j] = int32(at)
		levels[job.Level] = true
		p.jobs = append(p.jobs, jobFact{
			index: j, member: int32(job.Member), commune: int32(job.Commune),
			code: p.fits.jobCode[job.Rome], level: int32(job.Level), minAge: int32(job.MinAge),
			from: clampDay(job.From), until: clampDay(job.Until), licence: job.Licence, nights: job.Nights,
		})
	}
	p.levels = 8
	reach, drive := in.Settings.MaxCommuteKm, in.Settings.MaxCommuteKmDriving
	at := make(map[int32]int32)
	for i, c := range jobPlace {
		at[c] = int32(i)
	}
	for _, list := range neighbours(in.Communes, homePlace, jobPlace, max(reach, drive)) {
		row := make([]nearby, len(list))
		for i, n := range list {
			row[i] = nearby{at[n.commune], n.whole, n.km <= reach, n.km <= drive}
		}
		p.near = append(p.near, row)
	}
}

type supportBits map[string]int

// supports numbers the supports that some household needs. Where there are more than 64, bits do not serve and met
// compares names.
func (p *problem) supports() supportBits {
	ids := supportBits{}
	for i := range p.in.Households {
		for _, s := range p.in.Households[i].Support {
			if _, ok := ids[s]; !ok {
				ids[s] = len(ids)
			}
		}
	}
	return ids
}

// met counts the needs of household k that the member of home h offers.
func (p *problem) met(k int32, h *homeFact) int64 {
	if p.manySupports {
		return int64(supportMet(p.in.Households[k].Support, p.in.Members[h.member].Support))
	}
	return popcount(p.families[k].needs & h.support)
}

func (s supportBits) mask(list []string) uint64 {
	var m uint64
	for _, name := range list {
		if at, ok := s[name]; ok && at < 64 {
			m |= 1 << at
		}
	}
	return m
}

func newFitTable(in *Instance) fitTable {
	t := fitTable{codes: map[string]int32{}, jobCode: map[string]int32{}}
	for i := range in.Jobs {
		if _, ok := t.jobCode[in.Jobs[i].Rome]; !ok {
			t.jobCode[in.Jobs[i].Rome] = int32(len(t.jobName))
			t.jobName = append(t.jobName, in.Jobs[i].Rome)
		}
	}
	for i := range in.Households {
		for w := range in.Households[i].Workers {
			for _, code := range in.Households[i].Workers[w].Rome {
				if _, ok := t.codes[code]; !ok {
					t.codes[code] = int32(len(t.names))
					t.names = append(t.names, code)
				}
			}
		}
	}
	t.row = make([][]uint8, len(t.names))
	for i, own := range t.names {
		t.row[i] = make([]uint8, len(t.jobName))
		for j, job := range t.jobName {
			switch {
			case own == job:
				t.row[i][j] = 100
			case len(own) >= 3 && strings.HasPrefix(job, own[:3]):
				t.row[i][j] = 50
			case job != "" && strings.HasPrefix(own, job[:1]):
				t.row[i][j] = 20
			}
		}
	}
	for _, pr := range in.Proximity {
		i, ok := t.codes[pr.From]
		j, ok2 := t.jobCode[pr.To]
		if ok && ok2 {
			fit := uint8(50)
			if pr.Close {
				fit = 80
			}
			t.row[i][j] = max(t.row[i][j], fit)
		}
	}
	return t
}

// rowsOfCapacity lists the rows and drops those that cannot bind: without that, prices would praise what is not scarce.
func (p *problem) rowsOfCapacity() {
	in := p.in
	workers := 0
	for i := range in.Households {
		workers += len(in.Households[i].Workers)
	}
	for i := range in.Homes {
		p.rows = append(p.rows, row{kind: rowHome, index: int32(i), room: int32(in.Homes[i].Units), active: in.Homes[i].Units < len(in.Households)})
	}
	for i := range in.Jobs {
		p.rows = append(p.rows, row{kind: rowJob, index: int32(i), room: int32(in.Jobs[i].Slots), active: in.Jobs[i].Slots < workers})
	}
	units := make([]int, len(in.Members))
	for i := range in.Homes {
		units[in.Homes[i].Member] += in.Homes[i].Units
	}
	for i := range in.Members {
		capacity := in.Members[i].Capacity
		p.rows = append(p.rows, row{kind: rowMember, index: int32(i), room: int32(capacity), active: capacity < min(units[i], len(in.Households))})
	}
}

func (p *problem) households() {
	in := p.in
	w := &in.Settings.Weights
	supports := p.supports()
	reach := int64(max(in.Settings.MaxCommuteKm, in.Settings.MaxCommuteKmDriving, 0))
	reach = min(reach, 20_038)
	p.keyOf = map[boundKey]int32{}
	key := func(k boundKey) int32 {
		n, ok := p.keyOf[k]
		if !ok {
			n = int32(len(p.keys))
			p.keyOf[k] = n
			p.keys = append(p.keys, k)
		}
		return n
	}
	p.families = make([]family, len(in.Households))
	for i := range in.Households {
		h := &in.Households[i]
		f := &p.families[i]
		f.base = w.Base + w.Urgency*int64(h.Urgency) + w.Waiting*int64(min(h.WaitingDays, 180))
		f.persons, f.ready, f.accessible = int32(h.Persons), clampDay(h.Ready), h.Accessible
		f.needs = supports.mask(h.Support)
		if len(h.Ages) > 0 {
			f.hasAges = true
			f.minAge, f.maxAge = int32(slices.Min(h.Ages)), int32(slices.Max(h.Ages))
		}
		low := int64(0)
		for _, v := range h.Prefer {
			f.maxWish, low = max(f.maxWish, v), min(low, v)
		}
		for j := range h.Workers {
			lw := &h.Workers[j]
			l := laborer{age: int32(lw.Age), level: int32(lw.Level), licence: lw.Licence, night: lw.Nights, any: lw.Any}
			class := int32(min(lw.Level, p.levels-1))
			for _, code := range lw.Rome {
				c := p.fits.codes[code]
				l.codes = append(l.codes, c)
				l.keys = append(l.keys, key(boundKey{c, lw.Licence, class}))
			}
			if lw.Any {
				l.keys = append(l.keys, key(boundKey{-1, lw.Licence, class}))
			}
			f.workers = append(f.workers, l)
		}
		most := f.base + f.maxWish + w.Support*int64(len(h.Support)) + 10*w.Reciprocity + 100*w.JobFit*int64(len(h.Workers))
		p.dear = max(p.dear, float64(most))
		p.huge = p.huge || most > 1<<21
		worst := f.base + low - 3*w.SpareRoom - 10*w.Reciprocity - int64(len(h.Workers))*w.Commute*reach
		f.doubtful = worst <= 0
		if at, found := slices.BinarySearch(p.persons, h.Persons); !found {
			p.persons = slices.Insert(p.persons, at, h.Persons)
		}
	}
	for i := range p.families {
		at, _ := slices.BinarySearch(p.persons, int(p.families[i].persons))
		p.families[i].size = int32(at)
	}
}

// gather makes one group of the households that are placed together or not at all; most groups are one household.
func (p *problem) gather() {
	in := p.in
	parent := make([]int32, len(in.Households))
	for i := range parent {
		parent[i] = int32(i)
	}
	root := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for _, pair := range in.Together {
		a, b := root(int32(pair.A)), root(int32(pair.B))
		parent[max(a, b)] = min(a, b)
	}
	p.groupOf = make([]int32, len(in.Households))
	number := make([]int32, len(in.Households))
	for i := range in.Households {
		r := root(int32(i))
		if r == int32(i) {
			number[i] = int32(len(p.groups))
			p.groups = append(p.groups, nil)
			p.together = append(p.together, nil)
		}
		g := number[r]
		p.groupOf[i] = g
		p.groups[g] = append(p.groups[g], int32(i))
	}
	for _, pair := range in.Together {
		g := p.groupOf[pair.A]
		p.together[g] = append(p.together[g], pair)
	}
	p.apartOf = make([][]int32, len(in.Households))
	for i, pair := range in.Apart {
		p.apartOf[pair.A] = append(p.apartOf[pair.A], int32(i))
		p.apartOf[pair.B] = append(p.apartOf[pair.B], int32(i))
	}
	p.rowsOf = make([][]int32, len(in.Households))
}

// km is the distance between two home communes.
func (p *problem) km(a, b int32) float64 {
	return Km(&p.in.Communes[p.homePlace[a]], &p.in.Communes[p.homePlace[b]])
}

func (p *problem) placeOfHome(h int32) int32 { return p.homes[p.homeAt[h]].place }

func popcount(m uint64) int64 { return int64(bits.OnesCount64(m)) }
