package match

import (
	"bufio"
	"fmt"
	"io"
	"slices"
)

// WriteModel writes the whole problem, every feasible placement a binary variable, as an integer program in the LP format
// that CBC, GLPK and HiGHS read. It uses the plain rules, not the solver: other people's programs are held against ours
// with it. The size grows with the number of placements, which makes it unfit for thousands of households.
// It returns the number of variables.
func WriteModel(w io.Writer, in *Instance) (variables int, err error) {
	r := newRules(in)
	p := newPricer(r, 1, make([]int64, len(in.Homes)), make([]int64, len(in.Jobs)), make([]int64, len(in.Members)))
	out := bufio.NewWriter(w)
	type use struct{ variable, times int }
	homes, jobs, members := make([][]use, len(in.Homes)), make([][]use, len(in.Jobs)), make([][]use, len(in.Members))
	of := make([][]int, len(in.Households)) // variables
	var placeOf []int                       // commune of each variable
	fmt.Fprint(out, "Maximize\n points:")
	for k := range in.Households {
		p.placements(k, func(h int, taken []int, points int64) {
			x := variables
			variables++
			fmt.Fprintf(out, " + %d x%d\n", points, x)
			of[k] = append(of[k], x)
			placeOf = append(placeOf, in.Homes[h].Commune)
			homes[h] = append(homes[h], use{x, 1})
			members[in.Homes[h].Member] = append(members[in.Homes[h].Member], use{x, 1})
			for i, j := range taken {
				if !slices.Contains(taken[:i], j) {
					times := 0
					for _, o := range taken {
						if o == j {
							times++
						}
					}
					jobs[j] = append(jobs[j], use{x, times})
				}
			}
		})
	}
	if variables == 0 {
		fmt.Fprint(out, " 0 x0\n")
	}
	fmt.Fprint(out, "Subject To\n")
	rows := 0
	row := func(sum []use, less []use, sign string, limit int) {
		fmt.Fprintf(out, " r%d:", rows)
		rows++
		for _, u := range sum {
			fmt.Fprintf(out, " + %d x%d\n", u.times, u.variable)
		}
		for _, u := range less {
			fmt.Fprintf(out, " - %d x%d\n", u.times, u.variable)
		}
		fmt.Fprintf(out, " %s %d\n", sign, limit)
	}
	uses := func(list []int, within func(commune int) bool) (sum []use) {
		for _, x := range list {
			if within(placeOf[x]) {
				sum = append(sum, use{x, 1})
			}
		}
		return sum
	}
	anywhere := func(int) bool { return true }
	for k := range of {
		if len(of[k]) > 1 {
			row(uses(of[k], anywhere), nil, "<=", 1)
		}
	}
	limit := func(list []use, room int) {
		most := 0
		for _, u := range list {
			most += u.times
		}
		if most > room {
			row(list, nil, "<=", room)
		}
	}
	for h := range homes {
		limit(homes[h], in.Homes[h].Units)
	}
	for j := range jobs {
		limit(jobs[j], in.Jobs[j].Slots)
	}
	for m := range members {
		limit(members[m], in.Members[m].Capacity)
	}
	communes := func(k int) (list []int) {
		for _, x := range of[k] {
			list = append(list, placeOf[x])
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	km := func(a, b int) float64 { return Km(&in.Communes[a], &in.Communes[b]) }
	for _, pair := range in.Together {
		if len(of[pair.A])+len(of[pair.B]) == 0 {
			continue
		}
		row(uses(of[pair.A], anywhere), uses(of[pair.B], anywhere), "=", 0)
		for _, c := range communes(pair.A) {
			row(uses(of[pair.A], func(d int) bool { return d == c }), uses(of[pair.B], func(d int) bool { return km(c, d) <= pair.Km }), "<=", 0)
		}
	}
	for _, pair := range in.Apart {
		for _, c := range communes(pair.A) {
			near := uses(of[pair.B], func(d int) bool { return km(c, d) < pair.Km })
			if len(near) > 0 {
				row(append(near, uses(of[pair.A], func(d int) bool { return d == c })...), nil, "<=", 1)
			}
		}
	}
	if rows == 0 {
		fmt.Fprint(out, " r0: x0 <= 1\n")
	}
	fmt.Fprint(out, "Binary\n")
	for x := range max(variables, 1) {
		fmt.Fprintf(out, " x%d\n", x)
	}
	fmt.Fprint(out, "End\n")
	if err := out.Flush(); err != nil {
		return variables, fmt.Errorf("write model: %w", err)
	}
	return variables, nil
}

// placements calls found for every feasible placement of household k that is worth points.
func (p *pricer) placements(k int, found func(home int, jobs []int, points int64)) {
	in, r := p.r.in, p.r
	workers := r.look(k).Workers
	suited := make([][]bool, len(workers))
	for w := range workers {
		suited[w] = make([]bool, len(in.Jobs))
		for j := range in.Jobs {
			suited[w][j] = r.job(k, w, j) == 0
		}
	}
	for row, homes := range p.homesIn {
		for _, h := range homes {
			b, entry := r.home(k, h)
			if b != 0 || in.Members[in.Homes[h].Member].Capacity == 0 {
				continue
			}
			var choose func(taken []int)
			choose = func(taken []int) {
				w := len(taken)
				if w == len(workers) {
					if _, points := r.reasons(k, h, taken); points > 0 {
						found(h, taken, points)
					}
					return
				}
				for _, near := range p.near[row] {
					if near.km > r.reach(&workers[w]) {
						continue
					}
					for _, j := range p.inCommune[near.commune] {
						job := &in.Jobs[j]
						if !suited[w][j] || job.From > entry+Day(in.Settings.FlexDays) || job.Until < entry {
							continue
						}
						times := 1
						for _, o := range taken {
							if o == int(j) {
								times++
							}
						}
						if times <= job.Slots {
							choose(append(taken, int(j)))
						}
					}
				}
			}
			choose(nil)
		}
	}
}
