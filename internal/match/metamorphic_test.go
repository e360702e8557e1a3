package match

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// optimum solves an instance that is small enough for a proof.
func optimum(t interface{ Fatalf(string, ...any) }, in *Instance) int64 {
	plan := Solve(in, Options{Prices: -1})
	hold(t, in, plan)
	if !plan.ProvedOptimal {
		t.Fatalf("not proved: points %d, bound %d", plan.Points, plan.Bound)
	}
	return plan.Points
}

// copied copies what the tests below change.
func duplicate(in *Instance) *Instance {
	out := *in
	out.Homes = append([]Home(nil), in.Homes...)
	out.Jobs = append([]Job(nil), in.Jobs...)
	out.Members = append([]Member(nil), in.Members...)
	out.Households = append([]Household(nil), in.Households...)
	out.Apart = append([]Pair(nil), in.Apart...)
	out.Together = append([]Pair(nil), in.Together...)
	return &out
}

func TestChangesThatShouldNotMatterDoNot(t *testing.T) {
	changes := map[string]func(in *Instance, random *rand.Rand) (factor int64){
		"other names": func(in *Instance, _ *rand.Rand) int64 {
			for i := range in.Homes {
				in.Homes[i].ID = fmt.Sprintf("zz%d", 100-i)
			}
			for i := range in.Jobs {
				in.Jobs[i].ID = fmt.Sprintf("yy%d", 100-i)
			}
			for i := range in.Households {
				in.Households[i].ID = fmt.Sprintf("xx%d", 100-i)
			}
			return 1
		},
		"another order": func(in *Instance, random *rand.Rand) int64 {
			random.Shuffle(len(in.Homes), func(i, j int) { in.Homes[i], in.Homes[j] = in.Homes[j], in.Homes[i] })
			random.Shuffle(len(in.Jobs), func(i, j int) { in.Jobs[i], in.Jobs[j] = in.Jobs[j], in.Jobs[i] })
			to := random.Perm(len(in.Households))
			moved := make([]Household, len(to))
			for from, at := range to {
				moved[at] = in.Households[from]
			}
			in.Households = moved
			for i := range in.Apart {
				in.Apart[i].A, in.Apart[i].B = to[in.Apart[i].B], to[in.Apart[i].A]
			}
			for i := range in.Together {
				in.Together[i].A, in.Together[i].B = to[in.Together[i].B], to[in.Together[i].A]
			}
			return 1
		},
		"offers nobody can use": func(in *Instance, _ *rand.Rand) int64 {
			in.Homes = append(in.Homes, Home{ID: "none", Kind: "studio", MaxAge: NoBound, Units: 9, Until: NoBound, From: in.Date + 9999})
			in.Jobs = append(in.Jobs, Job{ID: "none", Rome: "Z9999", Level: 99, Slots: 9, Until: NoBound})
			return 1
		},
		"units as homes of their own": func(in *Instance, _ *rand.Rand) int64 {
			for i := range in.Homes {
				for n := in.Homes[i].Units; n > 1; n-- {
					in.Homes[i].Units--
					one := in.Homes[i]
					one.ID, one.Units = fmt.Sprintf("%s-%d", one.ID, n), 1
					in.Homes = append(in.Homes, one)
				}
			}
			return 1
		},
		"every weight three times as much": func(in *Instance, _ *rand.Rand) int64 {
			w := &in.Settings.Weights
			*w = Weights{3 * w.Base, 3 * w.Urgency, 3 * w.Waiting, 3 * w.JobFit, 3 * w.Commute, 3 * w.SpareRoom, 3 * w.Support, 3 * w.Reciprocity}
			for i := range in.Households {
				wishes := map[string]int64{}
				for key, points := range in.Households[i].Prefer {
					wishes[key] = 3 * points
				}
				in.Households[i].Prefer = wishes
			}
			return 3
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				in := tiny(t)
				before := optimum(t, in)
				changed := duplicate(in)
				factor := change(changed, rand.New(rand.NewPCG(uint64(before), 1)))
				if after := optimum(t, changed); after != factor*before {
					t.Fatalf("%d points before, %d after", before, after)
				}
			})
		})
	}
}

func TestThePlanDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	in := Generate(invented(), 3, Scale{Households: 70})
	var first []byte
	for _, workers := range []int{1, 2, 8} {
		var b bytes.Buffer
		if err := Solve(in, Options{Workers: workers, Certificate: true}).Write(&b); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b.Bytes()
		} else if !bytes.Equal(first, b.Bytes()) {
			t.Errorf("%d workers write another plan than 1", workers)
		}
	}
}

func TestAnInterruptedSearchStillBounds(t *testing.T) {
	in := Generate(invented(), 5, Scale{Households: 60})
	best := Solve(in, Options{Prices: -1})
	for patience := range 12 {
		asked := 0
		plan := Solve(in, Options{Prices: -1, Certificate: true, Stop: func() bool { asked++; return asked > 1<<patience }, Workers: 1})
		hold(t, in, plan)
		if plan.Bound < best.Points {
			t.Errorf("after %d questions the bound %d is below %d, which can be had", 1<<patience, plan.Bound, best.Points)
		}
	}
}

func TestPricesNameWhatWouldHelp(t *testing.T) {
	in := Generate(invented(), 11, Scale{Households: 40, Homes: 12, Jobs: 60})
	plan := Solve(in, Options{})
	if len(plan.Prices) == 0 {
		t.Fatal("no prices although homes are scarce")
	}
	for _, price := range plan.Prices {
		more := duplicate(in)
		switch price.Kind {
		case "home":
			for i := range more.Homes {
				if more.Homes[i].ID == price.ID {
					more.Homes[i].Units++
				}
			}
		case "job":
			for i := range more.Jobs {
				if more.Jobs[i].ID == price.ID {
					more.Jobs[i].Slots++
				}
			}
		case "capacity":
			for i := range more.Members {
				if more.Members[i].ID == price.ID {
					more.Members[i].Capacity++
				}
			}
		}
		if again := Solve(more, Options{Prices: -1}); again.Points < plan.Points+price.Points {
			t.Errorf("%s %s: promised %d more points, got %d", price.Kind, price.ID, price.Points, again.Points-plan.Points)
		}
	}
}

func TestEveryHouseholdWithoutAPlaceIsToldWhy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := tiny(t)
		for _, u := range Solve(in, Options{}).Unplaced {
			if len(u.Because) == 0 {
				t.Fatalf("%s is told nothing", u.Household)
			}
		}
	})
}

func TestTheRankingAgreesWithTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := tiny(t)
		in.Apart, in.Together = nil, nil
		ranker := NewRanker(in)
		for k := range in.Households {
			alone := duplicate(in)
			alone.Households = in.Households[k : k+1]
			ranking := ranker.Rank(k)
			best := int64(0)
			if len(ranking.Best) > 0 {
				best = ranking.Best[0].Points
			}
			if want := bruteForce(alone); best != want {
				t.Fatalf("best of %s has %d points, brute force finds %d", in.Households[k].ID, best, want)
			}
			if len(ranking.Best)+len(ranking.Excluded) != len(in.Homes) {
				t.Fatalf("%d ranked and %d excluded of %d homes", len(ranking.Best), len(ranking.Excluded), len(in.Homes))
			}
			for _, one := range ranking.Best {
				sum := int64(0)
				for _, reason := range ranker.Reasons(k, one) {
					sum += reason.Points
				}
				if sum != one.Points {
					t.Fatalf("reasons add up to %d, not %d", sum, one.Points)
				}
			}
		}
	})
}
