package match

import "slices"

// known is a little less than what household k can surely have without the shut rows, from the pool: not less than 0.
func (s *search) known(k int32, price []int64, shut []int32) int64 {
	best := int64(0)
	if g := s.p.groupOf[k]; len(s.p.groups[g]) == 1 {
		for _, c := range s.pool[g] {
			if v := c.value(price) - 1; v > best && !slices.ContainsFunc(c.rows, func(r int32) bool { return slices.Contains(shut, r) }) {
				best = v
			}
		}
	}
	return best
}

// auction starts the prices (after Bertsekas, Annals of Operations Research 14, 1988): each household in turn bids for its
// best placement what that is worth to it more than the next best, plus step, and puts out whoever was there. Groups and
// pairs are left aside. From prices of zero the walk would be long, misled by a pool that knows only what everybody
// wants. It returns the number of bids.
func (s *search) auction(step int64) (bids int) {
	p := s.p
	price := s.rounded(s.price)
	s.look(price, nil)
	sc := s.scouts[0]
	rooms := p.rooms()
	shut := slices.Clone(rooms)
	holders := make([][]int32, len(p.rows))
	rowsOf := make([][]int32, len(p.in.Households))
	queue := make([]int32, len(p.in.Households))
	for k := range queue {
		queue[k] = int32(k)
	}
	leave := func(k int32) {
		for _, r := range rowsOf[k] {
			holders[r] = slices.DeleteFunc(holders[r], func(o int32) bool { return o == k })
		}
		rowsOf[k] = nil
	}
	most := 60 * len(queue)
	for len(queue) > 0 && bids < most && !s.stop() {
		k := queue[0]
		queue = queue[1:]
		bids++
		if bids%(len(p.in.Households)/2+1) == 0 {
			s.look(price, nil) // bounds stay true while prices rise, but grow loose
		}
		sc.room = nil
		first, ok := sc.best(k, s.known(k, price, nil))
		if !ok {
			continue
		}
		first = copied(first)
		rows := p.uses(nil, k, first.home, first.jobs)
		if g := p.groupOf[k]; len(p.groups[g]) == 1 {
			s.add(g, p.column(g, sc.points(first.home, first.jobs, first.value), []spot{first}))
		}
		var full []int32
		for i, r := range rows {
			need := 1
			for _, o := range rows[:i] {
				if o == r {
					need++
				}
			}
			if len(holders[r])+need > int(rooms[r]) && !slices.Contains(full, r) {
				full = append(full, r)
			}
		}
		if len(full) > 0 {
			for _, r := range full {
				shut[r] = 0
			}
			sc.room = shut
			second, ok := sc.best(k, s.known(k, price, full))
			raise := first.value + step
			if ok {
				raise -= second.value
				if g := p.groupOf[k]; len(p.groups[g]) == 1 {
					s.add(g, p.column(g, sc.points(second.home, second.jobs, second.value), []spot{copied(second)}))
				}
			}
			for _, r := range full {
				shut[r] = rooms[r]
				price[r] += raise/int64(len(full)) + 1
				times := 0
				for _, o := range rows {
					if o == r {
						times++
					}
				}
				for len(holders[r])+times > int(rooms[r]) && len(holders[r]) > 0 {
					out := holders[r][0]
					leave(out)
					queue = append(queue, out)
				}
			}
		}
		for _, r := range rows {
			holders[r] = append(holders[r], k)
		}
		rowsOf[k] = rows
	}
	sc.room = nil
	for r, v := range price {
		s.price[r] = float64(v) / scale
	}
	return bids
}
