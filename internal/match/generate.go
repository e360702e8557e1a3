package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// A Town is a commune as the generator wants it.
type Town struct {
	Commune
	Population int
}

// Scale says how large a generated instance is. Where Homes or Jobs is 0 there are 11 homes and 12 jobs for 10
// households.
type Scale struct {
	Households, Homes, Jobs int
}

// Generate invents an instance on real towns: people, homes and jobs are fictitious, and the same seed gives the same
// instance. Members are towns drawn by population, one for four households; homes and jobs are in the member's own town
// or nearby. A quarter as many pairs to keep apart as households, a tenth as many to keep together.
func Generate(towns []Town, seed uint64, size Scale) *Instance {
	g := newGenerator(towns, seed)
	if size.Homes == 0 {
		size.Homes = size.Households * 11 / 10
	}
	if size.Jobs == 0 {
		size.Jobs = size.Households * 12 / 10
	}
	g.settle(max(3, size.Households/4))
	for range size.Homes {
		g.home()
	}
	for range size.Jobs {
		g.job()
	}
	for range size.Households {
		g.household()
	}
	n := size.Households
	pairs := func(count int, kms ...float64) (list []Pair) {
		for range count {
			a := g.IntN(n)
			b := g.IntN(n)
			if a != b {
				list = append(list, Pair{a, b, kms[g.IntN(len(kms))]})
			}
		}
		return list
	}
	if n > 1 {
		g.in.Apart = pairs(n/4, 30, 80, 200, 400)
		paired := make(map[int]bool)
		listed := make(map[[2]int]bool)
		for _, p := range g.in.Apart {
			listed[[2]int{min(p.A, p.B), max(p.A, p.B)}] = true
		}
		for _, p := range pairs(n/10, 5, 20, 150) {
			if !paired[p.A] && !paired[p.B] && !listed[[2]int{min(p.A, p.B), max(p.A, p.B)}] {
				paired[p.A], paired[p.B] = true, true
				g.in.Together = append(g.in.Together, p)
			}
		}
	}
	return g.in
}

// occupations are codes of the French register (ROME) that ask for little or no diploma, most common first; a worker
// knows one to three of them.
var occupations = []string{
	"K2204", "N1103", "G1602", "D1106", "N1105", "G1603", "K1304", "F1704", "G1803", "N4105", "A1203", "F1703",
	"H2102", "D1507", "K1302", "I1604", "F1602", "K2503", "G1605", "J1501", "N4101", "H3302", "F1606", "A1414",
	"D1505", "K1303", "I1203", "M1601", "F1702", "H2913", "N1101", "G1501", "D1102", "F1601", "K2303", "M1607",
	"I1310", "D1214", "H2909", "G1204", "K1305", "F1607", "A1401", "D1101", "K2202", "N4204", "J1502", "I1606",
}

type generator struct {
	*rand.Rand
	in         *Instance
	towns      []Town
	cumulative []float64
	grid       map[[2]int][]int
	code       map[string]int // communes already in the instance
	memberAt   []int          // town of each member
	memberSum  []float64
	start      Day
}

func newGenerator(towns []Town, seed uint64) *generator {
	g := &generator{
		Rand: rand.New(rand.NewPCG(seed, 0x9E3779B97F4A7C15)), towns: towns, code: make(map[string]int),
		grid: make(map[[2]int][]int), start: dayOf(2026, 12, 1),
	}
	sum := 0.0
	for i, t := range towns {
		sum += math.Pow(float64(max(t.Population, 1)), 0.9)
		g.cumulative = append(g.cumulative, sum)
		g.grid[cell(t)] = append(g.grid[cell(t)], i)
	}
	g.in = &Instance{Date: g.start, Settings: Settings{
		MaxCommuteKm: 15, MaxCommuteKmDriving: 40, FlexDays: 21, MinStayDays: 90, Weights: DefaultWeights,
	}}
	for i, from := range occupations {
		for j, to := range occupations {
			switch near := (i*7 + j*13) % 29; {
			case i != j && near == 0:
				g.in.Proximity = append(g.in.Proximity, Proximity{from, to, true})
			case i != j && near == 1:
				g.in.Proximity = append(g.in.Proximity, Proximity{from, to, false})
			}
		}
	}
	return g
}

func cell(t Town) [2]int { return [2]int{int(math.Floor(t.Lat * 4)), int(math.Floor(t.Lon * 4))} }

func (g *generator) town() int {
	at := sort.SearchFloat64s(g.cumulative, g.Float64()*g.cumulative[len(g.cumulative)-1])
	return min(at, len(g.towns)-1)
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// commune returns the index of a town in the instance, and puts it there first where it must.
func (g *generator) commune(town int) int {
	t := g.towns[town]
	at, ok := g.code[t.Code]
	if !ok {
		at = len(g.in.Communes)
		g.code[t.Code] = at
		g.in.Communes = append(g.in.Communes, t.Commune)
	}
	return at
}

// settle draws the members.
func (g *generator) settle(n int) {
	taken := make(map[int]bool)
	sum := 0.0
	for range 20 * n {
		town := g.town()
		if len(g.memberAt) == n || taken[town] {
			continue
		}
		taken[town] = true
		g.memberAt = append(g.memberAt, town)
		// Large towns offer more, though less than in proportion.
		sum += math.Pow(float64(max(g.towns[town].Population, 1)), 0.4)
		g.memberSum = append(g.memberSum, sum)
		supports := []string{"mission_locale", "school_restart", "childcare", "legal_aid", "mentoring"}
		g.Shuffle(len(supports), func(i, j int) { supports[i], supports[j] = supports[j], supports[i] })
		g.in.Members = append(g.in.Members, Member{
			ID: "m-" + g.towns[town].Code, Capacity: 1 + g.IntN(4) + g.towns[town].Population/40_000,
			Balance: g.IntN(31) - 15, Support: slices.Clone(supports[:1+g.IntN(3)]),
		})
		g.commune(town)
	}
}

func (g *generator) member() int {
	at := sort.SearchFloat64s(g.memberSum, g.Float64()*g.memberSum[len(g.memberSum)-1])
	return min(at, len(g.memberSum)-1)
}

// around returns a town at most km from the given one: itself, most often.
func (g *generator) around(town int, km float64) int {
	if g.chance(60) {
		return town
	}
	t := g.towns[town]
	c := cell(t)
	for range 8 {
		list := g.grid[[2]int{c[0] + g.IntN(3) - 1, c[1] + g.IntN(3) - 1}]
		if len(list) == 0 {
			continue
		}
		if other := list[g.IntN(len(list))]; Km(&t.Commune, &g.towns[other].Commune) <= km {
			return other
		}
	}
	return town
}

func (g *generator) home() {
	m := g.member()
	h := Home{
		ID: fmt.Sprintf("h%d", len(g.in.Homes)), Member: m, Commune: g.commune(g.around(g.memberAt[m], 15)),
		Kind: HomeKinds[g.IntN(len(HomeKinds))], Units: 1, MaxAge: NoBound, Accessible: g.chance(45),
		From: g.start + Day(g.IntN(80)-20), Until: NoBound,
	}
	switch h.Kind {
	case "studio", "host":
		h.Persons = 1 + g.IntN(2)
	case "hostel":
		h.Persons, h.MinAge, h.MaxAge = 1, 16, 30
		h.Units = 1 + g.IntN(4)
	default:
		h.Persons = 1 + g.IntN(6)
		if g.chance(20) {
			h.Units = 2
		}
	}
	if g.chance(25) {
		h.Until = h.From + Day(60+g.IntN(400))
	}
	g.in.Homes = append(g.in.Homes, h)
}

// occupation draws a code; the common ones come up more often.
func (g *generator) occupation() string {
	return occupations[min(g.IntN(len(occupations)), g.IntN(len(occupations)))]
}

func (g *generator) job() {
	m := g.member()
	j := Job{
		ID: fmt.Sprintf("j%d", len(g.in.Jobs)), Member: m, Commune: g.commune(g.around(g.memberAt[m], 25)),
		Rome: g.occupation(), Level: 1 + min(g.IntN(4), g.IntN(4)), Slots: 1, Licence: g.chance(12), Nights: g.chance(10),
		From: g.start + Day(g.IntN(90)-30), Until: NoBound,
	}
	if g.chance(25) {
		j.Slots = 2 + g.IntN(3)
	}
	if g.chance(40) {
		j.MinAge = 18
	}
	if g.chance(20) {
		j.Until = j.From + Day(30+g.IntN(300))
	}
	g.in.Jobs = append(g.in.Jobs, j)
}

func (g *generator) household() {
	k := Household{
		ID: fmt.Sprintf("k%d", len(g.in.Households)), Persons: 1, Accessible: g.chance(4), Ready: g.start + Day(g.IntN(50)-5),
		Urgency: min(g.IntN(4), g.IntN(4)), WaitingDays: g.IntN(240), Prefer: map[string]int64{},
	}
	if g.chance(35) {
		k.Persons = 2 + min(g.IntN(5), g.IntN(5))
	}
	worker := func(age int) {
		w := Worker{Age: age, Any: g.chance(15), Level: 1 + g.IntN(4), Licence: g.chance(40), Nights: g.chance(60)}
		for range 1 + g.IntN(3) {
			if code := g.occupation(); !slices.Contains(w.Rome, code) {
				w.Rome = append(w.Rome, code)
			}
		}
		k.Workers = append(k.Workers, w)
	}
	first := 16 + g.IntN(10)
	k.Ages = append(k.Ages, first)
	if !g.chance(8) {
		worker(first)
	}
	for i := 1; i < k.Persons; i++ {
		age := g.IntN(60)
		k.Ages = append(k.Ages, age)
		if age >= 18 && len(k.Workers) < 2 && g.chance(50) {
			worker(age)
		}
	}
	origin := g.towns[g.town()]
	k.Excluded = append(k.Excluded, "d:"+origin.Departement)
	if g.chance(50) {
		k.Excluded = append(k.Excluded, "d:"+g.towns[g.town()].Departement)
	}
	if g.chance(15) {
		k.Excluded = append(k.Excluded, "m:"+g.in.Members[g.member()].ID)
	}
	for range g.IntN(4) {
		t := g.towns[g.town()]
		key := []string{"c:" + t.Code, "d:" + t.Departement, "r:" + t.Region}[g.IntN(3)]
		k.Prefer[key] = int64(g.IntN(401) - 200)
	}
	for _, s := range []string{"mission_locale", "school_restart", "childcare", "legal_aid"} {
		if g.chance(30) {
			k.Support = append(k.Support, s)
		}
	}
	g.in.Households = append(g.in.Households, k)
}
