package match

import (
	"cmp"
	"slices"
)

// A Ranked home is one that a household could go to, with the best jobs near it, if nobody else wanted them.
type Ranked struct {
	Home   int   // index into Homes
	Jobs   []int // in the order of the household's workers; homes of one commune may share the slice
	Points int64
}

// An Exclusion is a home that a household cannot go to, and the rules that say so (codes Excluded…).
type Exclusion struct {
	Home  int
	Codes []string // not to be modified
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
	in       *Instance
	rules    *rules
	codes    []rankedCode
	towns    []rankedTown // where there is a free home
	codesFor map[broken][]string

	// For the household being ranked:
	broken []broken    // per home
	wanted []wantedJob // jobs that some worker could do
	first  [][]int32   // per worker and commune, the first of them; −1 where there is none
	used   [][]int32   // per worker, the communes where first is set
	met    []int32     // per member, needs met; −1 not counted yet
}

// A rankedCode is an occupation and the jobs in it that have a free slot.
type rankedCode struct {
	sample int // any of its jobs
	jobs   []int32
}

// A rankedTown is a commune with free homes and, in the order of communes, those with free jobs in the longest reach.
type rankedTown struct {
	commune int
	homes   []int32
	near    []neighbour
}

// A wantedJob is a job with what it gives a worker, in a list by commune in the order of jobs.
type wantedJob struct {
	job, next   int32
	from, until Day
	value       int64
}

// NewRanker prepares the homes and jobs of an instance. Its households may be replaced afterwards, nothing else.
func NewRanker(in *Instance) *Ranker {
	ranker := &Ranker{
		in: in, rules: newRules(in), codesFor: make(map[broken][]string),
		broken: make([]broken, len(in.Homes)), met: make([]int32, len(in.Members)),
	}
	codeAt := make(map[string]int)
	hasJob := make([]bool, len(in.Communes))
	for j := range in.Jobs {
		job := &in.Jobs[j]
		if job.Slots == 0 {
			continue
		}
		hasJob[job.Commune] = true
		at, known := codeAt[job.Rome]
		if !known {
			at = len(ranker.codes)
			codeAt[job.Rome] = at
			ranker.codes = append(ranker.codes, rankedCode{sample: j})
		}
		ranker.codes[at].jobs = append(ranker.codes[at].jobs, int32(j))
	}
	homesIn := make([][]int32, len(in.Communes))
	for h := range in.Homes {
		if in.Homes[h].Units > 0 && in.Members[in.Homes[h].Member].Capacity > 0 {
			homesIn[in.Homes[h].Commune] = append(homesIn[in.Homes[h].Commune], int32(h))
		}
	}
	var from, to []int32
	for c := range in.Communes {
		if len(homesIn[c]) > 0 {
			from = append(from, int32(c))
		}
		if hasJob[c] {
			to = append(to, int32(c))
		}
	}
	near := neighbours(in.Communes, from, to, max(in.Settings.MaxCommuteKm, in.Settings.MaxCommuteKmDriving))
	for i, c := range from {
		ranker.towns = append(ranker.towns, rankedTown{int(c), homesIn[c], near[i]})
	}
	return ranker
}

// Rank orders all homes for household k of the instance as though it were alone, and says why the others are out. It is
// what one caseworker sees, in the browser. Pairs are left aside.
func (ranker *Ranker) Rank(k int) *Ranking {
	in, r := ranker.in, ranker.rules
	r.forHousehold, r.fitsFor = -1, nil // it may be another one by now
	ranking := &Ranking{Best: make([]Ranked, 0, len(in.Homes)), Excluded: make([]Exclusion, 0, len(in.Homes))}
	outcome := make([]string, len(in.Homes)) // of homes that break no rule by themselves
	for h := range in.Homes {
		ranker.broken[h], _ = r.home(k, h)
		outcome[h] = ExcludedNoJob
	}
	ranker.want(k)
	ranker.visit(k, func(homes []valued, jobs []int, value int64) {
		for _, h := range homes {
			if points := h.value + value; points > 0 {
				outcome[h.home] = ""
				ranking.Best = append(ranking.Best, Ranked{h.home, jobs, points})
			} else {
				outcome[h.home] = ExcludedPoints
			}
		}
	})
	slices.SortFunc(ranking.Best, func(a, b Ranked) int { return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(a.Home, b.Home)) })
	for h := range in.Homes {
		codes := ranker.namesOf(ranker.broken[h])
		if in.Homes[h].Units == 0 || in.Members[in.Homes[h].Member].Capacity == 0 {
			codes = append(slices.Clone(codes), ExcludedFull)
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

// Reasons returns what adds up to the points of a home that Rank gave household k.
func (ranker *Ranker) Reasons(k int, one Ranked) []Reason {
	reasons, _ := ranker.rules.reasons(k, one.Home, one.Jobs)
	return reasons
}

// Km is the distance between the communes of a home and a job.
func (ranker *Ranker) Km(home, job int) float64 {
	return Km(&ranker.in.Communes[ranker.in.Homes[home].Commune], &ranker.in.Communes[ranker.in.Jobs[job].Commune])
}

// namesOf names broken rules; the same set always by the same slice.
func (ranker *Ranker) namesOf(b broken) []string {
	if b == 0 {
		return nil
	}
	codes, known := ranker.codesFor[b]
	if !known {
		for i, name := range brokenNames {
			if b&(1<<i) != 0 {
				codes = append(codes, name)
			}
		}
		ranker.codesFor[b] = slices.Clip(codes)
	}
	return codes
}

// want lists, for each worker of household k and each commune, the jobs that the worker could do from some home.
func (ranker *Ranker) want(k int) {
	in, r := ranker.in, ranker.rules
	workers := r.look(k).Workers
	for w, communes := range ranker.used {
		for _, c := range communes {
			ranker.first[w][c] = -1
		}
		ranker.used[w] = communes[:0]
	}
	for len(ranker.first) < len(workers) {
		none := make([]int32, len(in.Communes))
		for c := range none {
			none[c] = -1
		}
		ranker.first, ranker.used = append(ranker.first, none), append(ranker.used, nil)
	}
	ranker.wanted = ranker.wanted[:0]
	for w := range workers {
		worker := &workers[w]
		last := make(map[int]int32)
		for i := range ranker.codes {
			code := &ranker.codes[i]
			fit, _ := r.bestFit(worker, &in.Jobs[code.sample])
			if fit == 0 {
				continue
			}
			value := in.Settings.Weights.JobFit * int64(fit)
			for _, j := range code.jobs {
				job := &in.Jobs[j]
				if job.Licence && !worker.Licence || job.Nights && !worker.Nights || worker.Age < job.MinAge || worker.Level < job.Level ||
					r.excluded(job.Commune, job.Member) != 0 {
					continue
				}
				at := int32(len(ranker.wanted))
				ranker.wanted = append(ranker.wanted, wantedJob{j, -1, job.From - Day(in.Settings.FlexDays), job.Until, value})
				if before, ok := last[job.Commune]; ok {
					ranker.wanted[before].next = at
				} else {
					ranker.first[w][job.Commune] = at
					ranker.used[w] = append(ranker.used[w], int32(job.Commune))
				}
				last[job.Commune] = at
			}
		}
	}
}

// visit calls found for the homes of each commune that household k could enter on the same day, with the best jobs from
// there and what they are worth; communes and days without jobs for all workers are left out.
func (ranker *Ranker) visit(k int, found func(homes []valued, jobs []int, value int64)) {
	in, r := ranker.in, ranker.rules
	household, weights := r.look(k), &in.Settings.Weights
	fixed := weights.Base + weights.Urgency*int64(household.Urgency) + weights.Waiting*int64(min(household.WaitingDays, 180))
	for m := range ranker.met {
		ranker.met[m] = -1
	}
	var homes []valued
	candidates := make([][]candidate, len(household.Workers))
	picks := make([]int32, len(household.Workers))
	for i := range ranker.towns {
		town := &ranker.towns[i]
		wish, _ := prefer(household, &in.Communes[town.commune])
		homes = homes[:0]
		for _, h := range town.homes {
			if ranker.broken[h] != 0 {
				continue
			}
			home := &in.Homes[h]
			member := &in.Members[home.Member]
			if ranker.met[home.Member] < 0 {
				ranker.met[home.Member] = int32(supportMet(household.Support, member.Support))
			}
			homes = append(homes, valued{int(h), max(household.Ready, home.From), fixed + wish -
				weights.SpareRoom*int64(min(home.Persons-household.Persons, 3)) + weights.Support*int64(ranker.met[home.Member]) +
				weights.Reciprocity*int64(min(max(-member.Balance, -10), 10))})
		}
		if byEntry := func(a, b valued) int { return int(a.entry - b.entry) }; !slices.IsSortedFunc(homes, byEntry) {
			slices.SortStableFunc(homes, byEntry)
		}
		for len(homes) > 0 {
			entry := homes[0].entry
			n := 1
			for n < len(homes) && homes[n].entry == entry {
				n++
			}
			if value, ok := ranker.employ(household, town, entry, candidates, picks); ok {
				jobs := make([]int, len(picks))
				for w, j := range picks {
					jobs[w] = int(j)
				}
				found(homes[:n], jobs, value)
			}
			homes = homes[n:]
		}
	}
}

// employ finds the best jobs for all workers of a household that enters a home of the town on a day.
func (ranker *Ranker) employ(household *Household, town *rankedTown, entry Day, candidates [][]candidate, picks []int32) (int64, bool) {
	commute := ranker.in.Settings.Weights.Commute
	alone := len(household.Workers) == 1
	for w := range household.Workers {
		reach := ranker.rules.reach(&household.Workers[w])
		list := candidates[w][:0]
		for _, near := range town.near {
			at := ranker.first[w][near.commune]
			if at < 0 || near.km > reach {
				continue
			}
			way := commute * int64(near.whole)
			for ; at >= 0; at = ranker.wanted[at].next {
				job := &ranker.wanted[at]
				if job.from > entry || job.until < entry {
					continue
				}
				c := candidate{job.job, job.value - way}
				switch {
				case !alone || len(list) == 0:
					list = append(list, c)
				case c.value > list[0].value || c.value == list[0].value && c.job < list[0].job:
					list[0] = c
				}
			}
		}
		candidates[w] = list
		if len(list) == 0 {
			return 0, false
		}
	}
	return assign(candidates, func(j int32) int { return ranker.in.Jobs[j].Slots }, picks)
}
