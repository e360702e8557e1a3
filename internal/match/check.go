package match

import (
	"fmt"
	"slices"
)

// A Verdict is what Check found out about a plan.
type Verdict struct {
	Violations []string `json:"violations"` // what is wrong, in words for whoever wrote the solver; empty when all is well
	Placed     int      `json:"placed"`
	Points     int64    `json:"points"` // recomputed

	ClaimedBound   int64   `json:"claimed_bound"`
	ClaimedGap     float64 `json:"claimed_gap"`
	ClaimedOptimal bool    `json:"claimed_optimal"`

	// Where the plan carries a certificate, the bound that its prices prove and the gap to it.
	Certified      bool    `json:"certified"`
	CertifiedBound int64   `json:"certified_bound,omitempty"`
	CertifiedGap   float64 `json:"certified_gap,omitempty"`
}

// Check recomputes a plan's feasibility, points, reasons and certificate from the rules alone.
func Check(in *Instance, p *Plan) *Verdict {
	c := checker{r: newRules(in), in: in, v: &Verdict{Violations: []string{}}}
	c.placements(p)
	v := c.v
	v.ClaimedBound, v.ClaimedOptimal = p.Bound, p.ProvedOptimal
	v.ClaimedGap = gap(v.Points, p.Bound)
	if p.Points != v.Points {
		c.violation("the plan says %d points, its placements add up to %d", p.Points, v.Points)
	}
	if p.Bound < v.Points {
		c.violation("the bound %d is below the points %d", p.Bound, v.Points)
	}
	if p.ProvedOptimal && p.Bound != p.Points {
		c.violation("proved optimal, but the bound %d is not the points %d", p.Bound, p.Points)
	}
	if p.Certificate != nil {
		c.certificate(p)
	}
	return v
}

type checker struct {
	r  *rules
	in *Instance
	v  *Verdict
}

func (c *checker) violation(format string, args ...any) {
	c.v.Violations = append(c.v.Violations, fmt.Sprintf(format, args...))
}

func (c *checker) placements(p *Plan) {
	in := c.in
	households, homes, jobs := index(in.Households), index(in.Homes), index(in.Jobs)
	homeOf := make([]int, len(in.Households))
	for k := range homeOf {
		homeOf[k] = -1
	}
	unitsUsed, slotsUsed, capacityUsed := make([]int, len(in.Homes)), make([]int, len(in.Jobs)), make([]int, len(in.Members))
	mentioned := make([]bool, len(in.Households))
	for i := range p.Placements {
		pl := &p.Placements[i]
		k, known := households[pl.Household]
		h, knownHome := homes[pl.Home]
		if !known || !knownHome {
			c.violation("placement %d: no household %q or no home %q", i, pl.Household, pl.Home)
			continue
		}
		if mentioned[k] {
			c.violation("household %s appears twice", pl.Household)
			continue
		}
		mentioned[k] = true
		household := &in.Households[k]
		if len(pl.Jobs) != len(household.Workers) {
			c.violation("household %s has %d workers and %d jobs", pl.Household, len(household.Workers), len(pl.Jobs))
			continue
		}
		b, entry := c.r.home(k, h)
		taken := make([]int, len(pl.Jobs))
		for w, id := range pl.Jobs {
			j, known := jobs[id]
			if !known {
				c.violation("household %s: no job %q", pl.Household, id)
				b |= tooFar
				continue
			}
			taken[w] = j
			b |= c.r.job(k, w, j) | c.r.jobFrom(k, w, j, in.Homes[h].Commune, entry)
		}
		if b != 0 {
			c.violation("household %s: the placement breaks %s", pl.Household, b)
			continue
		}
		_, points := c.r.reasons(k, h, taken)
		if points != pl.Points {
			c.violation("household %s: %d points, not %d", pl.Household, points, pl.Points)
		}
		if points <= 0 {
			c.violation("household %s: a placement of %d points is never made", pl.Household, points)
		}
		if pl.Reasons != nil {
			sum := int64(0)
			for _, reason := range pl.Reasons {
				sum += reason.Points
			}
			if sum != points {
				c.violation("household %s: its reasons add up to %d, not %d", pl.Household, sum, points)
			}
		}
		c.v.Points += points
		c.v.Placed++
		homeOf[k] = h
		unitsUsed[h]++
		capacityUsed[in.Homes[h].Member]++
		for _, j := range taken {
			slotsUsed[j]++
		}
	}
	for i, u := range p.Unplaced {
		k, known := households[u.Household]
		switch {
		case !known:
			c.violation("unplaced %d: no household %q", i, u.Household)
		case mentioned[k]:
			c.violation("household %s appears twice", u.Household)
		default:
			mentioned[k] = true
		}
	}
	for k, seen := range mentioned {
		if !seen {
			c.violation("household %s is neither placed nor unplaced", in.Households[k].ID)
		}
	}
	for h, used := range unitsUsed {
		if used > in.Homes[h].Units {
			c.violation("home %s: %d households in %d units", in.Homes[h].ID, used, in.Homes[h].Units)
		}
	}
	for j, used := range slotsUsed {
		if used > in.Jobs[j].Slots {
			c.violation("job %s: %d workers in %d slots", in.Jobs[j].ID, used, in.Jobs[j].Slots)
		}
	}
	for m, used := range capacityUsed {
		if used > in.Members[m].Capacity {
			c.violation("member %s: %d households for a capacity of %d", in.Members[m].ID, used, in.Members[m].Capacity)
		}
	}
	between := func(p Pair) float64 {
		return Km(&in.Communes[in.Homes[homeOf[p.A]].Commune], &in.Communes[in.Homes[homeOf[p.B]].Commune])
	}
	for _, p := range in.Apart {
		if homeOf[p.A] >= 0 && homeOf[p.B] >= 0 && between(p) < p.Km {
			c.violation("households %s and %s are less than %g km apart", in.Households[p.A].ID, in.Households[p.B].ID, p.Km)
		}
	}
	for _, p := range in.Together {
		switch a, b := homeOf[p.A] >= 0, homeOf[p.B] >= 0; {
		case a != b:
			c.violation("households %s and %s are placed together or not at all", in.Households[p.A].ID, in.Households[p.B].ID)
		case a && b && between(p) > p.Km:
			c.violation("households %s and %s are more than %g km apart", in.Households[p.A].ID, in.Households[p.B].ID, p.Km)
		}
	}
}

// certificate recomputes the bound that the plan's prices prove.
func (c *checker) certificate(p *Plan) {
	cert, in := p.Certificate, c.in
	if cert.Scale < 1 || cert.Scale > 1<<20 {
		c.violation("certificate: scale %d is not between 1 and %d", cert.Scale, 1<<20)
		return
	}
	total := int64(0)
	prices := func(kind string, by map[string]int64, at map[string]int, capacity func(int) int) []int64 {
		list := make([]int64, len(at))
		for id, price := range by {
			i, known := at[id]
			if !known || price < 0 {
				c.violation("certificate: the price %d of %s %q counts for nothing", price, kind, id)
				continue
			}
			list[i] = price
			total += price * int64(capacity(i))
		}
		return list
	}
	violations := len(c.v.Violations)
	homes := prices("home", cert.Homes, index(in.Homes), func(i int) int { return in.Homes[i].Units })
	jobs := prices("job", cert.Jobs, index(in.Jobs), func(i int) int { return in.Jobs[i].Slots })
	members := prices("member", cert.Members, index(in.Members), func(i int) int { return in.Members[i].Capacity })
	if len(c.v.Violations) > violations {
		return
	}
	best := newPricer(c.r, cert.Scale, homes, jobs, members)
	for k := range in.Households {
		total += max(0, best.household(k))
	}
	c.v.Certified = true
	c.v.CertifiedBound = floorDiv(total, cert.Scale)
	c.v.CertifiedGap = gap(c.v.Points, c.v.CertifiedBound)
	if cert.Bound != c.v.CertifiedBound {
		c.violation("certificate: its prices prove %d, not %d", c.v.CertifiedBound, cert.Bound)
	}
	if p.Bound > cert.Bound {
		c.violation("the bound %d is above the certificate's %d", p.Bound, cert.Bound)
	}
	if c.v.CertifiedBound < c.v.Points {
		c.violation("certificate: its bound %d is below the points %d", c.v.CertifiedBound, c.v.Points)
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}

// A pricer finds what the best feasible placement of a household is worth once prices are paid, by looking at all of
// them; only the order is clever: homes of one commune entered on one day differ by their own value alone.
type pricer struct {
	r                    *rules
	scale                int64
	homes, jobs, members []int64 // prices
	near                 [][]neighbour
	rowOf                []int32   // per commune: its row in near, or −1
	homesIn              [][]int   // per row of near
	inCommune            [][]int32 // jobs by commune
}

func newPricer(r *rules, scale int64, homes, jobs, members []int64) *pricer {
	in := r.in
	p := &pricer{
		r: r, scale: scale, homes: homes, jobs: jobs, members: members,
		rowOf: make([]int32, len(in.Communes)), inCommune: make([][]int32, len(in.Communes)),
	}
	for c := range p.rowOf {
		p.rowOf[c] = -1
	}
	var from, to []int32
	for h := range in.Homes {
		c := in.Homes[h].Commune
		if in.Homes[h].Units == 0 {
			continue
		}
		if p.rowOf[c] < 0 {
			p.rowOf[c] = int32(len(from))
			from = append(from, int32(c))
			p.homesIn = append(p.homesIn, nil)
		}
		p.homesIn[p.rowOf[c]] = append(p.homesIn[p.rowOf[c]], h)
	}
	for j := range in.Jobs {
		c := in.Jobs[j].Commune
		if in.Jobs[j].Slots == 0 {
			continue
		}
		if p.inCommune[c] == nil {
			to = append(to, int32(c))
		}
		p.inCommune[c] = append(p.inCommune[c], int32(j))
	}
	slices.Sort(to)
	p.near = neighbours(in.Communes, from, to, max(in.Settings.MaxCommuteKm, in.Settings.MaxCommuteKmDriving))
	return p
}

const nothing = -1 << 60

// household returns points × scale − prices of household k's best feasible placement, or a number below −2^59 where it
// has none.
func (p *pricer) household(k int) int64 {
	best := int64(nothing)
	p.visit(k, func(homes []valued, jobs []int32, value int64) {
		for _, h := range homes {
			best = max(best, h.value+value)
		}
	})
	return best
}

// A valued home is a feasible one and what it gives by itself.
type valued struct {
	home  int
	entry Day
	value int64
}

// visit calls found for the homes of each commune that household k could enter on the same day, with the best jobs from
// there and what they are worth; communes and days without jobs for all workers are left out.
func (p *pricer) visit(k int, found func(homes []valued, jobs []int32, value int64)) {
	in, r := p.r.in, p.r
	workers := r.look(k).Workers
	// What each job is worth to each worker, or nothing, whatever the home.
	worth := make([][]int64, len(workers))
	for w := range workers {
		worth[w] = make([]int64, len(in.Jobs))
		for j := range in.Jobs {
			worth[w][j] = nothing
			if r.job(k, w, j) == 0 {
				fit, _ := r.fit(&workers[w], &in.Jobs[j])
				worth[w][j] = in.Settings.Weights.JobFit*int64(fit)*p.scale - p.jobs[j]
			}
		}
	}
	var homes []valued
	candidates := make([][]candidate, len(workers))
	picks := make([]int32, len(workers))
	for row, list := range p.homesIn {
		homes = homes[:0]
		for _, h := range list {
			b, entry := r.home(k, h)
			if b != 0 || in.Members[in.Homes[h].Member].Capacity == 0 {
				continue
			}
			points := r.withoutJobs(k, h)
			homes = append(homes, valued{h, entry, points*p.scale - p.homes[h] - p.members[in.Homes[h].Member]})
		}
		slices.SortStableFunc(homes, func(a, b valued) int { return int(a.entry - b.entry) })
		for len(homes) > 0 {
			entry := homes[0].entry
			n := 1
			for n < len(homes) && homes[n].entry == entry {
				n++
			}
			for w := range workers {
				candidates[w] = candidates[w][:0]
				for _, near := range p.near[row] {
					if near.km > r.reach(&workers[w]) {
						continue
					}
					for _, j := range p.inCommune[near.commune] {
						job := &in.Jobs[j]
						if worth[w][j] == nothing || job.From > entry+Day(in.Settings.FlexDays) || job.Until < entry {
							continue
						}
						candidates[w] = append(candidates[w], candidate{j, worth[w][j] - in.Settings.Weights.Commute*int64(near.whole)*p.scale})
					}
				}
			}
			if value, ok := assign(candidates, func(j int32) int { return in.Jobs[j].Slots }, picks); ok {
				found(homes[:n], picks, value)
			}
			homes = homes[n:]
		}
	}
}

// identified is what has an id of its own.
type identified interface {
	Home | Job | Member | Household
}

func index[T identified](list []T) map[string]int {
	at := make(map[string]int, len(list))
	for i := range list {
		at[idOf(&list[i])] = i
	}
	return at
}

func idOf[T identified](thing *T) string {
	switch t := any(thing).(type) {
	case *Home:
		return t.ID
	case *Job:
		return t.ID
	case *Member:
		return t.ID
	case *Household:
		return t.ID
	}
	return ""
}

// String names the rules of the set as offers' exclusions do.
func (b broken) String() string {
	text := ""
	for i, name := range brokenNames {
		if b&(1<<i) != 0 {
			if text != "" {
				text += ", "
			}
			text += name
		}
	}
	return text
}

var brokenNames = [...]string{
	ExcludedSmall, ExcludedAccess, ExcludedAges, ExcludedHostMinor, ExcludedLate, ExcludedShort,
	ExcludedCommune, ExcludedDepartement, ExcludedRegion, ExcludedMember,
	"needs_licence", "at_night", "too_young", "level_too_high", "no_fit", "starts_too_late", "starts_too_early", "too_far",
}
