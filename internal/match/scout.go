package match

import "slices"

// A scout looks for the best placements of households at given prices, over all homes and jobs. Its work is pruned by
// bounds and otherwise complete. One goroutine uses a scout at a time.
type scout struct {
	p      *problem
	price  []int64 // per row, in price units
	room   []int32 // per row: what is left; nil means all of it
	bounds *bounds

	k    int32
	f    *family
	mark struct { // per commune, département, region, member: the last household (plus one) that excludes it
		commune, departement, region, member []int32
	}
	wish struct { // the same for wishes, with their points
		commune, departement, region    []int32
		atCommune, atDepartement, atReg []int64
	}
	hasWish  bool
	fit      [][]uint8 // per worker, per job code
	total    []int32   // per home commune: bound on what jobs and home give
	homes    []homeValue
	lists    [][]candidate
	gathered []candidate
	picks    []int32
	suffix   []int64
	emit     func(home int32, jobs []int32, value int64)
	atLeast  int64 // placements below are not looked for
	keepBest bool
	counted  int
}

type homeValue struct {
	at    int32 // position in p.homes
	entry int32
	value int64
}

func newScout(p *problem, price []int64, b *bounds) *scout {
	s := &scout{p: p, price: price, bounds: b}
	n := len(p.in.Communes)
	s.mark.commune, s.wish.commune = make([]int32, n), make([]int32, n)
	s.wish.atCommune = make([]int64, n)
	s.mark.departement, s.wish.departement = make([]int32, len(p.departements)), make([]int32, len(p.departements))
	s.wish.atDepartement = make([]int64, len(p.departements))
	s.mark.region, s.wish.region = make([]int32, len(p.regions)), make([]int32, len(p.regions))
	s.wish.atReg = make([]int64, len(p.regions))
	s.mark.member = make([]int32, len(p.in.Members))
	s.total = make([]int32, len(p.homePlace))
	s.k = -1
	return s
}

// look prepares the scout for household k.
func (s *scout) look(k int32) {
	if s.k == k {
		return
	}
	p := s.p
	s.k, s.f = k, &p.families[k]
	household := &p.in.Households[k]
	stamp := k + 1
	for _, key := range household.Excluded {
		code := key[2:]
		switch key[0] {
		case 'c':
			if c, ok := p.communeOf[code]; ok {
				s.mark.commune[c] = stamp
			}
		case 'd':
			if d, ok := p.departements[code]; ok {
				s.mark.departement[d] = stamp
			}
		case 'r':
			if r, ok := p.regions[code]; ok {
				s.mark.region[r] = stamp
			}
		case 'm':
			if m, ok := p.memberOf[code]; ok {
				s.mark.member[m] = stamp
			}
		}
	}
	s.hasWish = len(household.Prefer) > 0
	for key, points := range household.Prefer {
		code := key[2:]
		switch key[0] {
		case 'c':
			if c, ok := p.communeOf[code]; ok {
				s.wish.commune[c], s.wish.atCommune[c] = stamp, points
			}
		case 'd':
			if d, ok := p.departements[code]; ok {
				s.wish.departement[d], s.wish.atDepartement[d] = stamp, points
			}
		case 'r':
			if r, ok := p.regions[code]; ok {
				s.wish.region[r], s.wish.atReg[r] = stamp, points
			}
		}
	}
	for len(s.fit) < len(s.f.workers) {
		s.fit = append(s.fit, make([]uint8, len(p.fits.jobName)))
		s.lists = append(s.lists, nil)
	}
	for w := range s.f.workers {
		l := &s.f.workers[w]
		floor := uint8(0)
		if l.any {
			floor = 10
		}
		row := s.fit[w]
		for i := range row {
			row[i] = floor
		}
		for _, c := range l.codes {
			for i, fit := range p.fits.row[c] {
				row[i] = max(row[i], fit)
			}
		}
	}
}

func (s *scout) excluded(commune, member int32) bool {
	stamp := s.k + 1
	return s.mark.commune[commune] == stamp || s.mark.departement[s.p.departement[commune]] == stamp ||
		s.mark.region[s.p.region[commune]] == stamp || s.mark.member[member] == stamp
}

func (s *scout) wishFor(commune int32) int64 {
	if !s.hasWish {
		return 0
	}
	stamp := s.k + 1
	if s.wish.commune[commune] == stamp {
		return s.wish.atCommune[commune]
	}
	if d := s.p.departement[commune]; s.wish.departement[d] == stamp {
		return s.wish.atDepartement[d]
	}
	if r := s.p.region[commune]; s.wish.region[r] == stamp {
		return s.wish.atReg[r]
	}
	return 0
}

// free is what is left of a row.
func (s *scout) free(row int32) int32 {
	if s.room == nil {
		return s.p.rows[row].room
	}
	return s.room[row]
}

// A spot is one placement of one household, in indices of the instance.
type spot struct {
	home  int32
	jobs  []int32
	value int64 // points × scale less prices
}

// best returns the best placement of household k whose value is above floor; ok is false where there is none. The first
// in the order of communes, homes and jobs wins a tie.
func (s *scout) best(k int32, floor int64) (found spot, ok bool) {
	s.atLeast, s.keepBest = floor+1, true
	s.emit = func(home int32, jobs []int32, value int64) {
		found.home, found.value, ok = home, value, true
		found.jobs = append(found.jobs[:0], jobs...)
		s.atLeast = value + 1
	}
	s.scan(k)
	return found, ok
}

// any reports whether household k has a placement that is worth anything.
func (s *scout) any(k int32) (found bool) {
	s.atLeast, s.keepBest = 1, true
	s.emit = func(int32, []int32, int64) {
		found = true
		s.atLeast = 1 << 61 // enough
	}
	s.scan(k)
	return found
}

// list calls emit for every placement of household k worth at least floor, at most limit of them; it returns false where
// there are more. jobs is only valid during the call.
func (s *scout) list(k int32, floor int64, limit int, emit func(home int32, jobs []int32, value int64)) bool {
	s.atLeast, s.keepBest = floor, false
	s.counted = 0
	s.emit = func(home int32, jobs []int32, value int64) {
		if s.counted++; s.counted <= limit {
			emit(home, jobs, value)
		} else {
			s.atLeast = 1 << 61
		}
	}
	s.scan(k)
	return s.counted <= limit
}

// scan looks at the communes that the bounds do not rule out, the most promising first where one placement is sought.
func (s *scout) scan(k int32) { s.eachPlace(k, s.place) }

func (s *scout) eachPlace(k int32, visit func(place int32)) {
	s.look(k)
	if len(s.p.homePlace) == 0 {
		return
	}
	sure := (s.f.base+s.f.maxWish)*scale + s.p.in.Settings.Weights.Support*popcount(s.f.needs)*scale
	if s.p.manySupports {
		sure += s.p.in.Settings.Weights.Support * int64(len(s.p.in.Households[k].Support)) * scale
	}
	if s.p.huge {
		for i := range s.p.homePlace {
			visit(int32(i))
		}
		return
	}
	copy(s.total, s.bounds.home[s.f.size])
	for w := range s.f.workers {
		keys := s.f.workers[w].keys
		switch len(keys) {
		case 0:
			return
		case 1:
			for i, v := range s.bounds.job[keys[0]] {
				s.total[i] = max(s.total[i]+v, 2*never)
			}
		case 2:
			other := s.bounds.job[keys[1]]
			for i, v := range s.bounds.job[keys[0]] {
				s.total[i] = max(s.total[i]+max(v, other[i]), 2*never)
			}
		default:
			for i := range s.total {
				v := never
				for _, key := range keys {
					v = max(v, s.bounds.job[key][i])
				}
				s.total[i] = max(s.total[i]+v, 2*never)
			}
		}
	}
	threshold := func() int64 { return (s.atLeast - sure) >> 4 }
	if s.keepBest {
		first := 0
		for i, v := range s.total {
			if v > s.total[first] {
				first = i
			}
		}
		if int64(s.total[first]) < threshold() || s.total[first] < never>>1 {
			return
		}
		visit(int32(first))
		s.total[first] = 2 * never
	}
	floor := max(threshold(), int64(never>>1))
	for i, v := range s.total {
		if int64(v) >= floor {
			before := s.atLeast
			visit(int32(i))
			if s.atLeast != before {
				floor = max(threshold(), int64(never>>1))
			}
		}
	}
}

// An option is what one commune has for one household whatever the prices: homes, and jobs for each worker by the day on
// which a home is entered.
type option struct {
	homes []homeValue // values without prices
	days  []optionDay
}

type optionDay struct {
	entry int32
	jobs  [][]candidate // per worker, values without prices; nil where some worker has none
}

// option returns what a commune has for the household last looked at. Options are kept as far as memory allows: most
// communes are looked at again and again.
func (s *scout) option(place int32) *option {
	p := s.p
	if p.options == nil {
		return s.build(place)
	}
	kept := p.options[s.k]
	if kept == nil {
		kept = make([]*option, len(p.homePlace))
		p.options[s.k] = kept
	}
	o := kept[place]
	if o == nil {
		o = s.build(place)
		size := len(o.homes) + 4
		for _, d := range o.days {
			for _, list := range d.jobs {
				size += len(list) + 2
			}
		}
		if p.optionRoom[s.k] >= size {
			p.optionRoom[s.k] -= size
			kept[place] = o
		}
	}
	return o
}

func (s *scout) build(place int32) *option {
	p, f := s.p, s.f
	set := &p.in.Settings
	commune := p.homePlace[place]
	shared := (f.base + s.wishFor(commune)) * scale
	o := &option{}
	flex, stay := int32(min(set.FlexDays, 1<<29)), int32(min(set.MinStayDays, 1<<29))
	for at := p.homeStart[place]; at < p.homeStart[place+1]; at++ {
		h := &p.homes[at]
		if f.persons > h.persons || f.accessible && !h.accessible || h.from > f.ready+flex ||
			f.hasAges && (f.minAge < h.minAge || f.maxAge > h.maxAge || h.host && f.minAge < 18) {
			continue
		}
		entry := max(f.ready, h.from)
		if h.until != 1<<30 && h.until < entry+stay || s.excluded(commune, h.member) {
			continue
		}
		points := h.worth - set.Weights.SpareRoom*int64(min(h.persons-f.persons, 3)) + set.Weights.Support*p.met(s.k, h)
		o.homes = append(o.homes, homeValue{at, entry, shared + points*scale})
		if len(f.workers) > 0 && !slices.ContainsFunc(o.days, func(d optionDay) bool { return d.entry == entry }) {
			o.days = append(o.days, optionDay{entry, s.jobsFrom(place, entry)})
		}
	}
	if len(f.workers) > 0 {
		o.days = slices.DeleteFunc(o.days, func(d optionDay) bool { return d.jobs == nil })
		o.homes = slices.DeleteFunc(o.homes, func(h homeValue) bool {
			return !slices.ContainsFunc(o.days, func(d optionDay) bool { return d.entry == h.entry })
		})
	}
	return o
}

// jobsFrom lists the jobs for each worker from a home commune entered on a day, or nil where a worker has none.
func (s *scout) jobsFrom(place, entry int32) [][]candidate {
	p, f := s.p, s.f
	set := &p.in.Settings
	flex := int32(min(set.FlexDays, 1<<29))
	lists := make([][]candidate, len(f.workers))
	for w := range f.workers {
		l := &f.workers[w]
		list := s.gathered[:0]
		for _, near := range p.near[place] {
			if l.licence && !near.drive || !l.licence && !near.walk {
				continue
			}
			travel := -set.Weights.Commute * int64(near.whole) * scale
			for at := p.jobStart[near.place]; at < p.jobStart[near.place+1]; at++ {
				j := &p.jobs[at]
				fit := s.fit[w][j.code]
				if fit == 0 || j.level > l.level || j.licence && !l.licence || j.nights && !l.night || j.minAge > l.age ||
					j.from > entry+flex || j.until < entry || s.excluded(j.commune, j.member) {
					continue
				}
				list = append(list, candidate{j.index, travel + (set.Weights.JobFit*int64(fit)+j.worth)*scale})
			}
		}
		s.gathered = list
		if len(list) == 0 {
			return nil
		}
		lists[w] = slices.Clone(list)
	}
	return lists
}

// place looks at all placements with a home in one commune.
func (s *scout) place(place int32) {
	p, f := s.p, s.f
	o := s.option(place)
	if len(o.homes) == 0 {
		return
	}
	pairs := int64(0)
	for _, r := range p.rowsOf[s.k] {
		if p.bars(r, s.k, place) {
			pairs += s.price[r]
			if s.free(r) <= 0 {
				return
			}
		}
	}
	s.homes = s.homes[:0]
	for _, h := range o.homes {
		home := &p.homes[h.at]
		homeRow, memberRow := p.homeRow(home.index), p.memberRow(home.member)
		if s.free(homeRow) <= 0 || s.free(memberRow) <= 0 {
			continue
		}
		h.value -= pairs + s.price[homeRow] + s.price[memberRow]
		if len(f.workers) == 0 {
			s.offer(h, nil, h.value)
		} else {
			s.homes = append(s.homes, h)
		}
	}
	for i := range o.days {
		s.entered(&o.days[i])
	}
}

// entered looks at the homes of s.homes that are entered on one day: they share their jobs.
func (s *scout) entered(day *optionDay) {
	p, f := s.p, s.f
	bestHome := int64(nothing)
	for _, h := range s.homes {
		if h.entry == day.entry {
			bestHome = max(bestHome, h.value)
		}
	}
	if bestHome == nothing {
		return
	}
	n := len(f.workers)
	s.suffix = slices.Grow(s.suffix[:0], n+1)[:n+1]
	s.suffix[n] = 0
	jobs := int32(len(p.in.Homes)) // the first row of a job
	for w := range f.workers {
		list := s.lists[w][:0]
		best := int64(nothing)
		for _, c := range day.jobs[w] {
			if s.free(jobs+c.job) <= 0 {
				continue
			}
			c.value -= s.price[jobs+c.job]
			list = append(list, c)
			best = max(best, c.value)
		}
		s.lists[w] = list
		if len(list) == 0 {
			return
		}
		s.suffix[w] = best
	}
	for w := n - 1; w >= 0; w-- {
		s.suffix[w] += s.suffix[w+1]
	}
	if bestHome+s.suffix[0] < s.atLeast {
		return
	}
	s.picks = slices.Grow(s.picks[:0], n)[:n]
	if s.keepBest && n > 2 {
		value, ok := assign(s.lists[:n], func(j int32) int { return int(s.free(jobs + j)) }, s.picks)
		if !ok {
			return
		}
		for _, h := range s.homes {
			if h.entry == day.entry {
				s.offer(h, s.picks, h.value+value)
			}
		}
		return
	}
	for _, h := range s.homes {
		if h.entry == day.entry && h.value+s.suffix[0] >= s.atLeast {
			s.combine(h, 0, h.value)
		}
	}
}

// combine gives workers from w on their jobs in all ways that can still reach s.atLeast.
func (s *scout) combine(h homeValue, w int, value int64) {
	n := len(s.f.workers)
	for _, c := range s.lists[w][:] {
		if value+c.value+s.suffix[w+1] < s.atLeast {
			continue
		}
		taken := int32(0)
		for _, other := range s.picks[:w] {
			if other == c.job {
				taken++
			}
		}
		if taken > 0 && taken >= s.free(s.p.jobRow(c.job)) {
			continue
		}
		s.picks[w] = c.job
		if w == n-1 {
			s.offer(h, s.picks, value+c.value)
		} else {
			s.combine(h, w+1, value+c.value)
		}
	}
}

// offer hands over a placement that is good enough.
func (s *scout) offer(h homeValue, jobs []int32, value int64) {
	if value < s.atLeast {
		return
	}
	home := s.p.homes[h.at].index
	if s.f.doubtful && s.points(home, jobs, value) <= 0 {
		return
	}
	s.emit(home, jobs, value)
}

// points is what a placement of the household last looked at is worth before prices.
func (s *scout) points(home int32, jobs []int32, value int64) int64 {
	p := s.p
	at := &p.homes[p.homeAt[home]]
	value += s.price[p.homeRow(home)] + s.price[p.memberRow(at.member)]
	for _, j := range jobs {
		value += s.price[p.jobRow(j)]
	}
	for _, r := range p.rowsOf[s.k] {
		if p.bars(r, s.k, at.place) {
			value += s.price[r]
		}
	}
	return value / scale
}
