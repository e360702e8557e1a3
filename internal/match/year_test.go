package match

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func unstopped() bool { return false }

func TestNoPolicyBeatsHindsight(t *testing.T) {
	for seed := range uint64(12) {
		y := NewYear(invented(), seed, 40+int(seed)*10)
		known := y.Hindsight(unstopped)
		if known.Points > known.Bound || known.Points <= 0 {
			t.Fatalf("seed %d: a plan of %d points against a bound of %d", seed, known.Points, known.Bound)
		}
		for _, policy := range Policies {
			o, err := y.Play(policy, Play{Hindsight: known, Cold: seed%2 == 1, Stop: unstopped})
			if err != nil {
				t.Fatal(err)
			}
			if o.Points > known.Bound || o.Points <= 0 || o.Placed == 0 || o.Placed > o.Cases {
				t.Errorf("seed %d, %s: %+v", seed, policy, o)
			}
			if int64(o.UrgentInTime) > known.Urgent {
				t.Errorf("seed %d, %s: %d urgent in time, %d are possible", seed, policy, o.UrgentInTime, known.Urgent)
			}
		}
	}
}

// What is possible, tried in all ways by the plain rules: every day, every home, every job, nobody refusing.
func TestHindsightIsAboveEveryWayToPlay(t *testing.T) {
	var valley []Town // eight towns in a row, each in a département of its own
	for i := range 8 {
		valley = append(valley, Town{Commune{strconv.Itoa(10001 + i), strconv.Itoa(10 + i), "80", 46.5 + 0.02*float64(i), 2.5}, 1000 * (i + 1)})
	}
	tried := 0
	for seed := range uint64(400) {
		y := NewYear(valley, seed, 9)
		r := newRules(y.in)
		type way struct {
			points int64
			home   int
			jobs   []int
			urgent bool
		}
		ways := make([][]way, y.counted)
		first := int(y.first())
		for i := range ways {
			k := first + i
			household := &y.in.Households[k]
			for h := range y.in.Homes {
				broken, _ := r.home(k, h)
				if broken != 0 || y.refused(int32(k), int32(h)) {
					continue
				}
				var choose func(jobs []int, earliest, latest Day)
				choose = func(jobs []int, earliest, latest Day) {
					if earliest > latest {
						return
					}
					if len(jobs) == len(household.Workers) {
						_, points := r.reasons(k, h, jobs)
						urgent := household.Urgency >= 2 && earliest <= household.Ready+Day(inTime[household.Urgency])
						ways[i] = append(ways[i], way{points, h, slices.Clone(jobs), urgent})
						return
					}
					w := len(jobs)
					for j := range y.in.Jobs {
						_, entry := r.home(k, h)
						if r.job(k, w, j) != 0 || r.jobFrom(k, w, j, y.in.Homes[h].Commune, entry)&tooFar != 0 {
							continue
						}
						choose(append(jobs, j), max(earliest, y.jobs[j].first), min(latest, y.jobs[j].last))
					}
				}
				choose(nil, max(household.Ready, y.homes[h].first), min(household.Ready+Patience, y.homes[h].last))
			}
		}
		homes, jobs := map[int]int{}, map[int]int{}
		var most, urgent int64
		var place func(i int, points, inTime int64)
		place = func(i int, points, inTime int64) {
			if i == len(ways) {
				most, urgent = max(most, points), max(urgent, inTime)
				return
			}
			place(i+1, points, inTime)
			for _, w := range ways[i] {
				tried++
				homes[w.home]++
				free := homes[w.home] <= y.in.Homes[w.home].Units
				for _, j := range w.jobs {
					jobs[j]++
					free = free && jobs[j] <= y.in.Jobs[j].Slots
				}
				if free {
					place(i+1, points+w.points, inTime+map[bool]int64{true: 1}[w.urgent])
				}
				homes[w.home]--
				for _, j := range w.jobs {
					jobs[j]--
				}
			}
		}
		place(0, 0, 0)
		known := y.Hindsight(unstopped)
		if known.Bound < most || known.Points > most || known.Urgent < urgent {
			t.Fatalf("seed %d: bound %d and plan %d of a year that gives %d; %d urgent of %d", seed, known.Bound, known.Points, most, known.Urgent, urgent)
		}
	}
	if tried < 5000 {
		t.Errorf("only %d ways were tried", tried)
	}
}

func TestAStudyDoesNotDependOnWorkers(t *testing.T) {
	run := func(workers int) string {
		study := Study{Towns: invented(), Cases: 60, Seeds: 5, First: 7, Policies: Policies, Workers: workers, Stop: unstopped}
		outcomes, err := study.Run()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := errors.Join(WriteCSV(&b, outcomes), WriteTable(&b, Lines(outcomes, Policies))); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	one := run(1)
	for _, workers := range []int{2, 8} {
		if diff := cmp.Diff(one, run(workers)); diff != "" {
			t.Errorf("%d workers:\n%s", workers, diff)
		}
	}
}

func TestRefusalsAreTheSameForAllPolicies(t *testing.T) {
	y := NewYear(invented(), 5, 200)
	refused, accepted := map[[2]int]string{}, map[[2]int]string{}
	for _, policy := range Policies {
		m, err := y.play(policy, Play{Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		for k, homes := range m.banned {
			for _, h := range homes {
				refused[[2]int{k, int(h)}] = policy
			}
		}
		for _, g := range m.gave {
			accepted[[2]int{g.k, g.h}] = policy
		}
	}
	if len(refused) < 20 || len(accepted) < 200 {
		t.Fatalf("%d refused, %d accepted: too few to tell", len(refused), len(accepted))
	}
	for pair, by := range refused {
		if other, ok := accepted[pair]; ok {
			t.Errorf("household %d and home %d refuse %s and accept %s", pair[0], pair[1], by, other)
		}
	}
}

// free tells, by the plain rules, whether household k could have had home h on a day, with what the policy had left by
// the end of that day, and whether both would have accepted.
func freePlace(y *Year, r *rules, gave []given, k, h int, day Day) bool {
	member := y.in.Homes[h].Member
	units, busy, slots := 0, 0, map[int]int{}
	for _, g := range gave {
		if g.on > day {
			continue
		}
		if g.h == h {
			units++
		}
		if y.in.Homes[g.h].Member == member && g.on+accompanied > day {
			busy++
		}
		for _, j := range g.jobs {
			slots[j]++
		}
	}
	broken, entry := r.home(k, h)
	if broken != 0 || units >= y.in.Homes[h].Units || busy >= y.in.Members[member].Capacity || y.refused(int32(k), int32(h)) {
		return false
	}
	if day < y.homes[h].first || day > y.homes[h].last {
		return false
	}
	workers := len(y.in.Households[k].Workers)
	var choose func(w int) bool
	choose = func(w int) bool {
		if w == workers {
			return true
		}
		for j := range y.in.Jobs {
			if slots[j] < y.in.Jobs[j].Slots && day >= y.jobs[j].first && day <= y.jobs[j].last &&
				r.job(k, w, j) == 0 && r.jobFrom(k, w, j, y.in.Homes[h].Commune, entry) == 0 {
				slots[j]++
				if choose(w + 1) {
					return true
				}
				slots[j]--
			}
		}
		return false
	}
	return choose(0)
}

func TestPoliciesKeepTheRules(t *testing.T) {
	y := NewYear(invented(), 9, 150)
	r := newRules(y.in)
	for _, policy := range Policies {
		m, err := y.play(policy, Play{Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		points := int64(0)
		for i, g := range m.gave {
			if seen[g.k] {
				t.Errorf("%s places household %d twice", policy, g.k)
			}
			seen[g.k] = true
			if ready := y.in.Households[g.k].Ready; g.on < ready || g.on > ready+Patience {
				t.Errorf("%s places household %d, ready on %v, on %v", policy, g.k, ready, g.on)
			}
			if !freePlace(y, r, m.gave[:i], g.k, g.h, g.on) {
				t.Errorf("%s puts household %d into home %d on %v, which it cannot have", policy, g.k, g.h, g.on)
			}
			broken, entry := r.home(g.k, g.h)
			for w, j := range g.jobs {
				broken |= r.job(g.k, w, j) | r.jobFrom(g.k, w, j, y.in.Homes[g.h].Commune, entry)
				if g.on < y.jobs[j].first || g.on > y.jobs[j].last {
					t.Errorf("%s gives job %d on %v, on offer %v", policy, j, g.on, y.jobs[j])
				}
			}
			if broken != 0 {
				t.Errorf("%s breaks rules %b with household %d in home %d", policy, broken, g.k, g.h)
			}
			slots := 0
			for _, o := range m.gave[:i+1] {
				for _, j := range o.jobs {
					if len(g.jobs) > 0 && j == g.jobs[0] {
						slots++
					}
				}
			}
			if len(g.jobs) > 0 && slots > y.in.Jobs[g.jobs[0]].Slots {
				t.Errorf("%s fills job %d with %d", policy, g.jobs[0], slots)
			}
			_, p := r.reasons(g.k, g.h, g.jobs)
			points += p
		}
		if points != m.points {
			t.Errorf("%s counts %d points, the rules %d", policy, m.points, points)
		}
	}
}

func TestUrgentAreNotLeftWhileAPlaceIsFree(t *testing.T) {
	urgent := 0
	for seed := range uint64(4) {
		y := NewYear(invented(), seed, 100)
		m, err := y.play(LearnedPrices, Play{Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		if o := m.outcome(LearnedPrices, Hindsight{}); o.UrgentLeft != 0 {
			t.Errorf("seed %d: %d urgent households were left", seed, o.UrgentLeft)
		}
		r := newRules(y.in)
		for k := int(y.first()); k < len(y.in.Households); k++ {
			household := &y.in.Households[k]
			if household.Urgency < 2 {
				continue
			}
			urgent++
			limit := inTime[household.Urgency]
			if m.placed[k] >= 0 {
				limit = min(limit, m.placed[k]-1)
			}
			for day := household.Ready; day <= household.Ready+Day(limit); day++ {
				for h := range y.in.Homes {
					if freePlace(y, r, m.gave, k, h, day) {
						t.Fatalf("seed %d: on %v household %d has no place and home %d is free", seed, day, k, h)
					}
				}
			}
		}
	}
	if urgent < 50 {
		t.Errorf("only %d urgent households", urgent)
	}
}

func TestLearnedPricesAreWorthLearning(t *testing.T) {
	ahead := 0
	for seed := uint64(30); seed < 36; seed++ {
		y := NewYear(invented(), seed, 200)
		learned, err := y.play(LearnedPrices, Play{Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		weekly, err := y.play(WeeklyOptimum, Play{Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		if learned.points > weekly.points {
			ahead++
		}
	}
	if ahead < 5 {
		t.Errorf("learned prices are ahead in %d years of 6", ahead)
	}
}

func TestAColdStartIsTheWeeklyOptimum(t *testing.T) {
	y := NewYear(invented(), 3, 150)
	half := func(policy string, cold bool) (list []given) {
		m, err := y.play(policy, Play{Cold: cold, Stop: unstopped})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range m.gave {
			if g.on < y.start+history {
				list = append(list, g)
			}
		}
		return list
	}
	equal := cmp.AllowUnexported(given{})
	weekly := half(WeeklyOptimum, false)
	if diff := cmp.Diff(weekly, half(LearnedPrices, true), equal); diff != "" || len(weekly) == 0 {
		t.Errorf("%d placements: %s", len(weekly), diff)
	}
	if cmp.Equal(weekly, half(LearnedPrices, false), equal) {
		t.Error("with a known past nothing was learned either")
	}
}

func TestAStudyReportsWhatItMeasured(t *testing.T) {
	policies := []string{FirstCome, WeeklyOptimum}
	study := Study{Towns: invented(), Cases: 60, Seeds: 3, First: 1, Policies: policies, Workers: 2, Stop: unstopped}
	outcomes, err := study.Run()
	if err != nil {
		t.Fatal(err)
	}
	if len(outcomes) != 6 || outcomes[3].Seed != 2 || outcomes[3].Policy != WeeklyOptimum {
		t.Fatalf("%+v", outcomes)
	}
	lines := Lines(outcomes, policies)
	for _, l := range lines {
		if l.Share.Low > l.Share.Mean || l.Share.High < l.Share.Mean || l.Years != 3 || len(l.Groups) != len(groups) {
			t.Errorf("%+v", l)
		}
	}
	var table, csv, svg bytes.Buffer
	if err := errors.Join(WriteTable(&table, lines), WriteCSV(&csv, outcomes), WriteReport(&svg, lines, 60)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(csv.String(), "\n"); n != 1+6*len(groups) {
		t.Errorf("%d lines of CSV", n)
	}
	if !strings.Contains(table.String(), "weekly_optimum") {
		t.Error(table.String())
	}
	d := xml.NewDecoder(&svg)
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	study.Policies = []string{"lottery"}
	if _, err := study.Run(); err == nil {
		t.Error("a policy that does not exist was played")
	}
}
