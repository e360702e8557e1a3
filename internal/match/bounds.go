package match

import "sync"

// bounds say, for every household and home commune at once, what a placement there can be worth at most at given prices:
// the best home for a household of that size plus, for each worker, the best job in reach for someone of that occupation,
// licence and level. They leave out ages, dates, wishes and exclusions; what they rule out needs no closer look.
//
// Values are in sixteenths of price units, rounded up, so that they fit 32 bits.
type bounds struct {
	places int
	home   [][]int32 // per size of household, per home commune
	job    [][]int32 // per bound key, per home commune
}

const (
	grain   = 16
	never   = int32(-1 << 29) // no home or job at all
	atLeast = int64(-1 << 28)
	atMost  = int64(1 << 28)
)

// coarse rounds a value up to the grain. Values too large to fit are those of a problem that is huge, where bounds rule
// nothing out.
func coarse(v int64) int32 {
	return int32(min(max((v+grain-1)>>4, atLeast), atMost))
}

func newBounds(p *problem) *bounds {
	b := &bounds{places: len(p.homePlace)}
	for range p.persons {
		b.home = append(b.home, make([]int32, b.places))
	}
	for range p.keys {
		b.job = append(b.job, make([]int32, b.places))
	}
	return b
}

// update recomputes all bounds for the prices of rows, on several workers; the result does not depend on how many.
func (b *bounds) update(p *problem, price []int64, workers int) {
	inParallel(workers, b.places, 64, func(_, from, to int) {
		table := newJobTable(p)
		for place := from; place < to; place++ {
			b.updateHomes(p, price, place)
			b.updateJobs(p, price, place, table)
		}
	})
}

func (b *bounds) updateHomes(p *problem, price []int64, place int) {
	w := &p.in.Settings.Weights
	for size, persons := range p.persons {
		best := never
		for at := p.homeStart[place]; at < p.homeStart[place+1]; at++ {
			h := &p.homes[at]
			spare := int64(h.persons) - int64(persons)
			if spare < 0 {
				continue
			}
			value := (h.worth-w.SpareRoom*min(spare, 3))*scale - price[p.homeRow(h.index)] - price[p.memberRow(h.member)]
			best = max(best, coarse(value))
		}
		b.home[size][place] = best
	}
}

// A jobTable holds, near one commune, the best value of jobs by occupation, by domain and by letter, for each licence
// and level of worker.
type jobTable struct {
	classes              int
	letters, domains     int
	letterOf, domainOf   []int32 // of each job code
	ownLetter, ownDomain []int32 // of each worker's code; −1 where no job has it
	same                 []int32 // the job code equal to each worker's code, or −1
	related              [][]relatedCode
	any, letter          []int32
	domain, code         []int32
}

type relatedCode struct {
	code int32
	fit  int64
}

func newJobTable(p *problem) *jobTable {
	t := &jobTable{classes: 2 * p.levels}
	letters, domains := map[string]int32{}, map[string]int32{}
	part := func(s string, n int) string { return s[:min(len(s), n)] }
	for _, name := range p.fits.jobName {
		t.letterOf = append(t.letterOf, number(letters, part(name, 1)))
		t.domainOf = append(t.domainOf, number(domains, part(name, 3)))
	}
	t.letters, t.domains = len(letters), len(domains)
	lookup := func(in map[string]int32, s string) int32 {
		if n, ok := in[s]; ok {
			return n
		}
		return -1
	}
	for i, own := range p.fits.names {
		t.ownLetter = append(t.ownLetter, lookup(letters, part(own, 1)))
		t.ownDomain = append(t.ownDomain, lookup(domains, part(own, 3)))
		t.same = append(t.same, lookup(p.fits.jobCode, own))
		var list []relatedCode
		for j, fit := range p.fits.row[i] {
			if fit == 80 || fit == 50 && t.domainOf[j] != t.ownDomain[i] {
				list = append(list, relatedCode{int32(j), int64(fit)})
			}
		}
		t.related = append(t.related, list)
	}
	t.any = make([]int32, t.classes)
	t.letter = make([]int32, t.letters*t.classes)
	t.domain = make([]int32, t.domains*t.classes)
	t.code = make([]int32, len(p.fits.jobName)*t.classes)
	return t
}

func (b *bounds) updateJobs(p *problem, price []int64, place int, t *jobTable) {
	for _, list := range [][]int32{t.any, t.letter, t.domain, t.code} {
		for i := range list {
			list[i] = never
		}
	}
	w := &p.in.Settings.Weights
	levels := p.levels
	raise := func(list []int32, item, licence, level int32, value int32) {
		at := (int(item)*2+int(licence))*levels + int(level)
		list[at] = max(list[at], value)
	}
	for _, n := range p.near[place] {
		travel := -w.Commute * int64(n.whole) * scale
		for at := p.jobStart[n.place]; at < p.jobStart[n.place+1]; at++ {
			j := &p.jobs[at]
			value := coarse(travel + j.worth*scale - price[p.jobRow(j.index)])
			level := min(j.level, int32(levels-1))
			for licence := range int32(2) {
				if licence == 0 && (!n.walk || j.licence) || licence == 1 && !n.drive {
					continue
				}
				raise(t.any, 0, licence, level, value)
				raise(t.letter, t.letterOf[j.code], licence, level, value)
				raise(t.domain, t.domainOf[j.code], licence, level, value)
				raise(t.code, j.code, licence, level, value)
			}
		}
	}
	for _, list := range [][]int32{t.any, t.letter, t.domain, t.code} {
		for at := range list {
			if at%levels != 0 {
				list[at] = max(list[at], list[at-1])
			}
		}
	}
	with := func(value int32, fit int64) int32 {
		if value == never {
			return never
		}
		return int32(min(int64(value)+(w.JobFit*fit*scale+grain-1)>>4, atMost))
	}
	for k, key := range p.keys {
		class := int(key.level)
		if key.licence {
			class += levels
		}
		at := func(list []int32, item int32) int32 {
			if item < 0 {
				return never
			}
			return list[int(item)*2*levels+class]
		}
		var best int32
		if key.code < 0 {
			best = with(t.any[class], 10)
		} else {
			best = with(at(t.letter, t.ownLetter[key.code]), 20)
			best = max(best, with(at(t.domain, t.ownDomain[key.code]), 50))
			for _, r := range t.related[key.code] {
				best = max(best, with(at(t.code, r.code), r.fit))
			}
			best = max(best, with(at(t.code, t.same[key.code]), 100))
		}
		b.job[k][place] = best
	}
}

// inParallel cuts 0…n into parts of the given size and runs them on several workers; which worker runs which part is
// left to chance, so that part must write only what belongs to its range (or to its worker).
func inParallel(workers, n, size int, part func(worker, from, to int)) {
	if workers <= 1 || n <= size {
		for from := 0; from < n; from += size {
			part(0, from, min(from+size, n))
		}
		return
	}
	starts := make(chan int)
	var done sync.WaitGroup
	for worker := range workers {
		done.Go(func() {
			for from := range starts {
				part(worker, from, min(from+size, n))
			}
		})
	}
	for from := 0; from < n; from += size {
		starts <- from
	}
	close(starts)
	done.Wait()
}
