package match

import (
	"slices"
	"strings"
)

// rules answers, by the text of docs/matching.md and nothing cleverer, whether placements are feasible and what they
// are worth. The solver has its own, faster forms; tests and Check hold them against these.
type rules struct {
	in      *Instance
	related map[[2]string]int // worker's code, job's code: 80 or 50
	place   map[string][]int  // communes by key: "c:", "d:" or "r:" and a code
	member  map[string]int

	// For the household last looked at:
	forHousehold   int
	excludedPlace  []uint8 // per commune: 1 commune, 2 département, 4 region
	excludedMember []bool
	marked         []int
	markedMembers  []int

	// For the worker last looked at, by the job's code:
	fitsFor *Worker
	fits    map[string]fitness
}

type fitness struct {
	fit  int
	code string
}

func newRules(in *Instance) *rules {
	r := &rules{
		in: in, forHousehold: -1, fits: make(map[string]fitness),
		related:        make(map[[2]string]int, len(in.Proximity)),
		place:          make(map[string][]int),
		member:         make(map[string]int, len(in.Members)),
		excludedPlace:  make([]uint8, len(in.Communes)),
		excludedMember: make([]bool, len(in.Members)),
	}
	for _, p := range in.Proximity {
		fit := 50
		if p.Close {
			fit = 80
		}
		key := [2]string{p.From, p.To}
		r.related[key] = max(r.related[key], fit)
	}
	for i := range in.Communes {
		c := &in.Communes[i]
		for _, key := range []string{"c:" + c.Code, "d:" + c.Departement, "r:" + c.Region} {
			r.place[key] = append(r.place[key], i)
		}
	}
	for i := range in.Members {
		r.member[in.Members[i].ID] = i
	}
	return r
}

// look marks the exclusions of household k.
func (r *rules) look(k int) *Household {
	household := &r.in.Households[k]
	if r.forHousehold == k {
		return household
	}
	for _, c := range r.marked {
		r.excludedPlace[c] = 0
	}
	for _, m := range r.markedMembers {
		r.excludedMember[m] = false
	}
	r.marked, r.markedMembers = r.marked[:0], r.markedMembers[:0]
	for _, key := range household.Excluded {
		if strings.HasPrefix(key, "m:") {
			if m, ok := r.member[key[2:]]; ok {
				r.excludedMember[m] = true
				r.markedMembers = append(r.markedMembers, m)
			}
			continue
		}
		bit := map[byte]uint8{'c': 1, 'd': 2, 'r': 4}[key[0]]
		for _, c := range r.place[key] {
			r.excludedPlace[c] |= bit
			r.marked = append(r.marked, c)
		}
	}
	r.forHousehold = k
	return household
}

// broken is a set of rules that a home or job breaks for a household.
type broken uint32

const (
	tooSmall broken = 1 << iota
	notAccessible
	outsideAges
	hostMinor
	freeTooLate
	stayTooShort
	inExcludedCommune
	inExcludedDepartement
	inExcludedRegion
	ofExcludedMember
	needsLicence
	needsNights
	tooYoung
	levelTooHigh
	noFit
	startsTooLate
	startsTooEarly
	tooFar

	excludedAnywhere = inExcludedCommune | inExcludedDepartement | inExcludedRegion | ofExcludedMember
	outOfTime        = startsTooLate | startsTooEarly
)

func (r *rules) excluded(commune, member int) broken {
	var b broken
	if p := r.excludedPlace[commune]; p != 0 {
		if p&1 != 0 {
			b |= inExcludedCommune
		}
		if p&2 != 0 {
			b |= inExcludedDepartement
		}
		if p&4 != 0 {
			b |= inExcludedRegion
		}
	}
	if r.excludedMember[member] {
		b |= ofExcludedMember
	}
	return b
}

// home returns the rules that home h breaks for household k, and the day the household would enter it.
func (r *rules) home(k, h int) (broken, Day) {
	household, home := r.look(k), &r.in.Homes[h]
	entry := max(household.Ready, home.From)
	b := r.excluded(home.Commune, home.Member)
	if household.Persons > home.Persons {
		b |= tooSmall
	}
	if household.Accessible && !home.Accessible {
		b |= notAccessible
	}
	for _, age := range household.Ages {
		if age < home.MinAge || age > home.MaxAge {
			b |= outsideAges
		}
		if age < 18 && home.Kind == "host" {
			b |= hostMinor
		}
	}
	if home.From > household.Ready+Day(r.in.Settings.FlexDays) {
		b |= freeTooLate
	}
	if home.Until != NoBound && home.Until < entry+Day(r.in.Settings.MinStayDays) {
		b |= stayTooShort
	}
	return b, entry
}

// job returns the rules that job j breaks for worker w of household k, whatever the home.
func (r *rules) job(k, w, j int) broken {
	worker, job := &r.look(k).Workers[w], &r.in.Jobs[j]
	b := r.excluded(job.Commune, job.Member)
	if job.Licence && !worker.Licence {
		b |= needsLicence
	}
	if job.Nights && !worker.Nights {
		b |= needsNights
	}
	if worker.Age < job.MinAge {
		b |= tooYoung
	}
	if worker.Level < job.Level {
		b |= levelTooHigh
	}
	if fit, _ := r.fit(worker, job); fit == 0 {
		b |= noFit
	}
	return b
}

// jobFrom returns the rules that job j breaks for worker w of household k who lives in the commune home since entry.
func (r *rules) jobFrom(k, w, j, home int, entry Day) broken {
	var b broken
	job := &r.in.Jobs[j]
	if job.From > entry+Day(r.in.Settings.FlexDays) {
		b |= startsTooLate
	}
	if job.Until < entry {
		b |= startsTooEarly
	}
	if Km(&r.in.Communes[home], &r.in.Communes[job.Commune]) > r.reach(&r.in.Households[k].Workers[w]) {
		b |= tooFar
	}
	return b
}

func (r *rules) reach(w *Worker) float64 {
	if w.Licence {
		return r.in.Settings.MaxCommuteKmDriving
	}
	return r.in.Settings.MaxCommuteKm
}

// fit returns how well a worker fits a job, in hundredths, and the reason's code.
func (r *rules) fit(w *Worker, j *Job) (fit int, code string) {
	if r.fitsFor != w {
		r.fitsFor = w
		clear(r.fits)
	}
	known, ok := r.fits[j.Rome]
	if !ok {
		known.fit, known.code = r.bestFit(w, j)
		r.fits[j.Rome] = known
	}
	return known.fit, known.code
}

func (r *rules) bestFit(w *Worker, j *Job) (fit int, code string) {
	for _, own := range w.Rome {
		f, c := r.codeFit(own, j.Rome)
		if f > fit {
			fit, code = f, c
		}
	}
	if fit == 0 && w.Any {
		return 10, ReasonJobAny
	}
	return fit, code
}

func (r *rules) codeFit(own, job string) (int, string) {
	switch related := r.related[[2]string{own, job}]; {
	case own == job:
		return 100, ReasonJobSame
	case related == 80:
		return 80, ReasonJobClose
	case related == 50:
		return 50, ReasonJobStep
	case len(own) >= 3 && len(job) >= 3 && own[:3] == job[:3]:
		return 50, ReasonJobDomain
	case own != "" && job != "" && own[0] == job[0]:
		return 20, ReasonJobField
	}
	return 0, ""
}

// A Reason is one part of the points of a placement.
type Reason struct {
	Code   string `json:"code"`
	Points int64  `json:"points"`
	Worker *int   `json:"worker,omitempty"` // which worker it is about, from 0
	Km     *int   `json:"km,omitempty"`     // whole kilometres, for commute
	Count  *int   `json:"count,omitempty"`  // days waited, spare places, needs met
}

// prefer returns the household's wish for a home in commune c, and the reason's code.
func prefer(k *Household, c *Commune) (int64, string) {
	if len(k.Prefer) == 0 {
		return 0, ""
	}
	if p, ok := k.Prefer["c:"+c.Code]; ok {
		return p, ReasonPreferCommune
	}
	if p, ok := k.Prefer["d:"+c.Departement]; ok {
		return p, ReasonPreferDepartement
	}
	return k.Prefer["r:"+c.Region], ReasonPreferRegion
}

// reasons returns the points of placing household k in home h with those jobs, part by part; parts of no points are
// left out. It does not ask whether the placement is feasible.
func (r *rules) reasons(k, h int, jobs []int) (reasons []Reason, points int64) {
	household, home := &r.in.Households[k], &r.in.Homes[h]
	member, w := &r.in.Members[home.Member], &r.in.Settings.Weights
	add := func(reason Reason) {
		if reason.Points != 0 {
			reasons = append(reasons, reason)
			points += reason.Points
		}
	}
	add(Reason{Code: ReasonBase, Points: w.Base})
	add(Reason{Code: ReasonUrgency, Points: w.Urgency * int64(household.Urgency)})
	waited := min(household.WaitingDays, 180)
	add(Reason{Code: ReasonWaiting, Points: w.Waiting * int64(waited), Count: &waited})
	for i, j := range jobs {
		job := &r.in.Jobs[j]
		fit, code := r.fit(&household.Workers[i], job)
		add(Reason{Code: code, Points: w.JobFit * int64(fit), Worker: &i})
		km := int(Km(&r.in.Communes[home.Commune], &r.in.Communes[job.Commune]))
		add(Reason{Code: ReasonCommute, Points: -w.Commute * int64(km), Worker: &i, Km: &km})
	}
	spare := min(home.Persons-household.Persons, 3)
	add(Reason{Code: ReasonSpareRoom, Points: -w.SpareRoom * int64(spare), Count: &spare})
	wish, code := prefer(household, &r.in.Communes[home.Commune])
	add(Reason{Code: code, Points: wish})
	met := supportMet(household.Support, member.Support)
	add(Reason{Code: ReasonSupport, Points: w.Support * int64(met), Count: &met})
	add(Reason{Code: ReasonReciprocity, Points: w.Reciprocity * int64(min(max(-member.Balance, -10), 10))})
	return reasons, points
}

// withoutJobs returns the points of placing household k in home h, but for its workers' jobs.
func (r *rules) withoutJobs(k, h int) int64 {
	household, home := &r.in.Households[k], &r.in.Homes[h]
	member, w := &r.in.Members[home.Member], &r.in.Settings.Weights
	wish, _ := prefer(household, &r.in.Communes[home.Commune])
	return w.Base + w.Urgency*int64(household.Urgency) + w.Waiting*int64(min(household.WaitingDays, 180)) -
		w.SpareRoom*int64(min(home.Persons-household.Persons, 3)) + wish +
		w.Support*int64(supportMet(household.Support, member.Support)) + w.Reciprocity*int64(min(max(-member.Balance, -10), 10))
}

// supportMet counts the different needs that are offered.
func supportMet(needs, offers []string) int {
	met := 0
	for i, need := range needs {
		if slices.Contains(offers, need) && !slices.Contains(needs[:i], need) {
			met++
		}
	}
	return met
}
