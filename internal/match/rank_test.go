package match

import "testing"

// Home by home, the ranking gives what trying every pair of jobs by the plain rules gives.
func TestEachHomeIsRankedByItsBestJobs(t *testing.T) {
	in := Generate(invented(), 7, Scale{Households: 60, Homes: 150, Jobs: 400})
	for j := range in.Jobs { // rules that the generator makes rare
		in.Jobs[j].Licence, in.Jobs[j].Nights = j%3 == 0, j%5 == 0
	}
	ranker, r := NewRanker(in), newRules(in)
	compared := 0
	for k := range in.Households {
		workers := in.Households[k].Workers
		if len(workers) > 2 {
			continue
		}
		got := make(map[int]int64)
		for _, one := range ranker.Rank(k).Best {
			got[one.Home] = one.Points
		}
		for h := range in.Homes {
			want := int64(0)
			b, entry := r.home(k, h)
			fits := func(w, j int) bool {
				return in.Jobs[j].Slots > 0 && r.job(k, w, j)|r.jobFrom(k, w, j, in.Homes[h].Commune, entry) == 0
			}
			try := func(jobs ...int) {
				_, points := r.reasons(k, h, jobs)
				want = max(want, points)
			}
			switch {
			case b != 0 || in.Homes[h].Units == 0 || in.Members[in.Homes[h].Member].Capacity == 0:
			case len(workers) == 0:
				try()
			default:
				for i := range in.Jobs {
					if !fits(0, i) {
						continue
					}
					if len(workers) == 1 {
						try(i)
						continue
					}
					for j := range in.Jobs {
						if fits(1, j) && (i != j || in.Jobs[i].Slots > 1) {
							try(i, j)
						}
					}
				}
			}
			if got[h] != want {
				t.Fatalf("household %d in home %d: %d points, by the rules %d", k, h, got[h], want)
			}
			if want > 0 {
				compared++
			}
		}
	}
	if compared < 500 {
		t.Fatalf("only %d homes were possible: the comparison says little", compared)
	}
}
