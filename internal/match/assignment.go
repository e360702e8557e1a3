package match

// A taker wants jobs: each candidate is a job and what it is worth. A job is listed at most once.
type candidate struct {
	job   int32
	value int64
}

// assign gives each worker one of its candidates, no job to more workers than it has slots, so that the sum of values is
// greatest. It returns false where that cannot be done. Of several best assignments it returns the same one for the same
// input. Values are between −2^49 and 2^49.
func assign(workers [][]candidate, slots func(job int32) int, jobs []int32) (sum int64, ok bool) {
	n := len(workers)
	jobs = jobs[:n]
	switch n {
	case 0:
		return 0, true
	case 1:
		best := -1
		for i, c := range workers[0] {
			if best < 0 || c.value > workers[0][best].value {
				best = i
			}
		}
		if best < 0 {
			return 0, false
		}
		jobs[0] = workers[0][best].job
		return workers[0][best].value, true
	}
	// Only the n best candidates of a worker matter: the others take at most n − 1 of them away.
	columnOf := make(map[int32]int)
	var columns []int32
	top := make([][]candidate, n)
	for w, all := range workers {
		top[w] = best(all, n)
		for _, c := range top[w] {
			if _, seen := columnOf[c.job]; !seen {
				columnOf[c.job] = len(columns)
				for range min(slots(c.job), n) {
					columns = append(columns, c.job)
				}
			}
		}
	}
	m := len(columns)
	if m < n {
		return 0, false
	}
	// Hungarian method with potentials; rows are workers, columns are slots.
	const impossible = int64(1) << 55
	cost := make([]int64, n*m)
	for i := range cost {
		cost[i] = impossible
	}
	for w := range top {
		for _, c := range top[w] {
			for at := columnOf[c.job]; at < m && columns[at] == c.job; at++ {
				cost[w*m+at] = -c.value
			}
		}
	}
	u, v := make([]int64, n+1), make([]int64, m+1)
	row, way := make([]int, m+1), make([]int, m+1)
	least, used := make([]int64, m+1), make([]bool, m+1)
	for i := 1; i <= n; i++ {
		row[0] = i
		for j := range least {
			least[j], used[j] = 1<<62, false
		}
		at := 0
		for row[at] != 0 {
			used[at] = true
			delta, next := int64(1)<<62, 0
			for j := 1; j <= m; j++ {
				if used[j] {
					continue
				}
				if reduced := cost[(row[at]-1)*m+j-1] - u[row[at]] - v[j]; reduced < least[j] {
					least[j], way[j] = reduced, at
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := 0; j <= m; j++ {
				if used[j] {
					u[row[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			at = next
		}
		for at != 0 {
			row[at] = row[way[at]]
			at = way[at]
		}
	}
	for j := 1; j <= m; j++ {
		if row[j] == 0 {
			continue
		}
		c := cost[(row[j]-1)*m+j-1]
		if c == impossible {
			return 0, false
		}
		sum -= c
		jobs[row[j]-1] = columns[j-1]
	}
	return sum, true
}

// best returns the n candidates of greatest value, in an order that depends on the input alone.
func best(all []candidate, n int) []candidate {
	if len(all) <= n {
		return all
	}
	top := make([]candidate, 0, n+1)
	for _, c := range all {
		if len(top) == n && c.value <= top[n-1].value {
			continue
		}
		at := len(top)
		for at > 0 && top[at-1].value < c.value {
			at--
		}
		top = append(top, candidate{})
		copy(top[at+1:], top[at:])
		top[at] = c
		top = top[:min(len(top), n)]
	}
	return top
}
