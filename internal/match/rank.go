package match

import (
	"cmp"
	"slices"
)

// A Ranked home is one that a household could go to, with the best jobs near it, if nobody else wanted them.
type Ranked struct {
	Home    int // index into Homes
	Jobs    []int
	Points  int64
	Reasons []Reason
}

// An Exclusion is a home that a household cannot go to, and the rules that say so (codes Excluded…).
type Exclusion struct {
	Home  int
	Codes []string
}

// Ranking orders the offers for one household.
type Ranking struct {
	Best     []Ranked // the best placement per home, most points first, then in the order of homes
	Excluded []Exclusion
	Because  []Because // why there is none, where Best is empty
}

// A Ranker orders the offers of one instance for one household after another; what depends on the offers alone is
// prepared once. One goroutine uses it at a time.
type Ranker struct {
	in     *Instance
	rules  *rules
	pricer *pricer
}

// NewRanker prepares the homes and jobs of an instance. Its households may be replaced afterwards, nothing else.
func NewRanker(in *Instance) *Ranker {
	r := newRules(in)
	return &Ranker{in, r, newPricer(r, 1, make([]int64, len(in.Homes)), make([]int64, len(in.Jobs)), make([]int64, len(in.Members)))}
}

// Rank orders all homes for household k of the instance as though it were alone, and says why the others are out. It is
// what one caseworker sees, in the browser: limit bounds Best, and the exclusions are complete. Pairs are left aside.
func (ranker *Ranker) Rank(k, limit int) *Ranking {
	in, r, p := ranker.in, ranker.rules, ranker.pricer
	r.forHousehold, r.fitsFor = -1, nil // it may be another one by now
	ranking := &Ranking{}
	ranked := p.each(k)
	slices.SortStableFunc(ranked, func(a, b Ranked) int { return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(a.Home, b.Home)) })
	outcome := make([]string, len(in.Homes)) // of homes that break no rule by themselves
	for i := range outcome {
		outcome[i] = ExcludedNoJob
	}
	for _, one := range ranked {
		outcome[one.Home] = ExcludedPoints
		if one.Points <= 0 {
			continue
		}
		outcome[one.Home] = ""
		if len(ranking.Best) < limit {
			one.Reasons, _ = r.reasons(k, one.Home, one.Jobs)
			ranking.Best = append(ranking.Best, one)
		}
	}
	for h := range in.Homes {
		b, _ := r.home(k, h)
		var codes []string
		for i, name := range brokenNames {
			if b&(1<<i) != 0 {
				codes = append(codes, name)
			}
		}
		if in.Homes[h].Units == 0 || in.Members[in.Homes[h].Member].Capacity == 0 {
			codes = append(codes, ExcludedFull)
		}
		if len(codes) == 0 && outcome[h] != "" {
			codes = []string{outcome[h]}
		}
		if len(codes) > 0 {
			ranking.Excluded = append(ranking.Excluded, Exclusion{h, codes})
		}
	}
	if len(ranking.Best) == 0 {
		ranking.Because, _ = explain(r, k, false)
	}
	return ranking
}
