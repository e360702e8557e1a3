package match

import (
	"math/rand/v2"
	"slices"
)

// A Study plays the same years by several policies.
type Study struct {
	Towns    []Town
	Cases    int    // households a year
	Seeds    int    // years; from First on
	First    uint64 // the first seed
	Policies []string
	Cold     bool // without a past half-year known when a year begins
	Fair     Fairness
	Workers  int
	Stop     func() bool
	Progress func(done, total int)
}

// Run plays all years by all policies, several at once; outcomes are in the order of seeds, then policies, and do not
// depend on Workers.
func (s *Study) Run() ([]Outcome, error) {
	outcomes := make([]Outcome, s.Seeds*len(s.Policies))
	failed := make([]error, len(outcomes))
	done := make(chan struct{})
	finished := make(chan struct{})
	total := s.Seeds + len(outcomes)
	go func() {
		defer close(finished)
		n := 0
		for range done {
			n++
			if s.Progress != nil {
				s.Progress(n, total)
			}
		}
	}()
	// A few years at a time, so that memory does not grow with their number.
	for from := 0; from < s.Seeds; from += 4 {
		years := make([]*Year, min(4, s.Seeds-from))
		known := make([]Hindsight, len(years))
		inParallel(s.Workers, len(years), 1, func(_, i, _ int) {
			years[i] = NewYear(s.Towns, s.First+uint64(from+i), s.Cases)
			known[i] = years[i].Hindsight(s.Stop)
			done <- struct{}{}
		})
		// The slowest policy comes last in the list: it is begun first.
		n := len(years) * len(s.Policies)
		inParallel(s.Workers, n, 1, func(_, at, _ int) {
			at = n - 1 - at
			policy, i := at/len(years), at%len(years)
			to := (from+i)*len(s.Policies) + policy
			outcomes[to], failed[to] = years[i].Play(s.Policies[policy], Play{Hindsight: known[i], Cold: s.Cold, Fair: s.Fair, Stop: s.Stop})
			done <- struct{}{}
		})
	}
	close(done)
	<-finished
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// An Estimate is a mean over years and the interval that holds the means of 95 % of 2,000 bootstrap samples of years.
type Estimate struct{ Mean, Low, High float64 }

// estimate draws its samples with a fixed seed, so that the same outcomes give the same interval.
func estimate(values []float64) Estimate {
	if len(values) == 0 {
		return Estimate{}
	}
	mean := func(pick func(i int) float64) float64 {
		sum := 0.0
		for i := range values {
			sum += pick(i)
		}
		return sum / float64(len(values))
	}
	random := rand.New(rand.NewPCG(1, 2))
	means := make([]float64, 2000)
	for i := range means {
		means[i] = mean(func(int) float64 { return values[random.IntN(len(values))] })
	}
	slices.Sort(means)
	return Estimate{mean(func(i int) float64 { return values[i] }), means[50], means[1949]}
}

// A Line sums up one policy over all years; shares are between 0 and 1.
type Line struct {
	Policy   string
	Years    int
	Ahead    int      // years in which it got more points than the weekly optimum
	Share    Estimate // of the clairvoyant bound
	Placed   Estimate // of all households
	Urgent   Estimate // placed in time, of all urgent households
	Possible Estimate // the same, of those that some policy may have placed in time
	Free     Estimate // the same, of those for whom a place was free at the end of some day in time, and of those placed in time
	Expired  Estimate // homes that nobody used
	Spread   Estimate
	Groups   []GroupLine
}

// A GroupLine is a group of households under one policy.
type GroupLine struct {
	Group       string
	Placed      Estimate
	Median, P95 Estimate // days waited by those placed, year by year
}

// Lines sums up outcomes by policy.
func Lines(outcomes []Outcome, policies []string) []Line {
	var lines []Line
	weekly := map[uint64]int64{}
	for _, o := range outcomes {
		if o.Policy == WeeklyOptimum {
			weekly[o.Seed] = o.Points
		}
	}
	for _, policy := range policies {
		line := Line{Policy: policy}
		of := slices.DeleteFunc(slices.Clone(outcomes), func(o Outcome) bool { return o.Policy != policy })
		over := func(value func(o *Outcome) (part, whole float64)) Estimate {
			var list []float64
			for i := range of {
				if part, whole := value(&of[i]); whole > 0 { // a year without any says nothing
					list = append(list, part/whole)
				}
			}
			return estimate(list)
		}
		line.Years = len(of)
		for _, o := range of {
			if w, ok := weekly[o.Seed]; ok && o.Points > w {
				line.Ahead++
			}
		}
		line.Share = over(func(o *Outcome) (float64, float64) { return o.Share, 1 })
		line.Placed = over(func(o *Outcome) (float64, float64) { return float64(o.Placed), float64(o.Cases) })
		line.Urgent = over(func(o *Outcome) (float64, float64) { return float64(o.UrgentInTime), float64(o.Urgent) })
		line.Possible = over(func(o *Outcome) (float64, float64) { return float64(o.UrgentInTime), float64(o.UrgentPossible) })
		line.Free = over(func(o *Outcome) (float64, float64) {
			return float64(o.UrgentInTime), float64(o.UrgentInTime + o.UrgentLeft)
		})
		line.Expired = over(func(o *Outcome) (float64, float64) { return o.Expired, 1 })
		line.Spread = over(func(o *Outcome) (float64, float64) { return o.Spread, 1 })
		for i := range groups {
			line.Groups = append(line.Groups, GroupLine{
				Group:  groups[i].name,
				Placed: over(func(o *Outcome) (float64, float64) { return float64(o.Waited[i].Placed), float64(o.Waited[i].Cases) }),
				Median: over(func(o *Outcome) (float64, float64) {
					return float64(o.Waited[i].Median * min(o.Waited[i].Placed, 1)), float64(min(o.Waited[i].Placed, 1))
				}),
				P95: over(func(o *Outcome) (float64, float64) {
					return float64(o.Waited[i].P95 * min(o.Waited[i].Placed, 1)), float64(min(o.Waited[i].Placed, 1))
				}),
			})
		}
		lines = append(lines, line)
	}
	return lines
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
