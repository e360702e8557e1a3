package match

import (
	"math"
	"slices"
)

const earthKm = 6371.0088 // mean radius of the Earth, IUGG

// Km is the great-circle distance between two communes in kilometres (haversine). The conversions keep the compiler
// from fusing products and sums, so that every processor gives the same bits.
func Km(a, b *Commune) float64 {
	const degree = math.Pi / 180
	la, lb := a.Lat*degree, b.Lat*degree
	u := math.Sin(float64(lb-la) / 2)
	v := math.Sin(float64(float64(b.Lon*degree)-float64(a.Lon*degree)) / 2)
	h := float64(u*u) + float64(float64(math.Cos(la)*math.Cos(lb))*float64(v*v))
	return 2 * earthKm * math.Asin(math.Sqrt(min(h, 1)))
}

// A neighbour is a commune near another.
type neighbour struct {
	commune int32
	whole   int32 // whole kilometres, rounded down
	km      float64
}

// neighbours lists, for each commune of from, those of to at most km away, in the order of to.
func neighbours(communes []Commune, from, to []int32, km float64) [][]neighbour {
	type point struct {
		x, y, z float64
		at      int32 // position in to
	}
	unit := func(c *Commune) point {
		const degree = math.Pi / 180
		sinLat, cosLat := math.Sincos(c.Lat * degree)
		sinLon, cosLon := math.Sincos(c.Lon * degree)
		return point{float64(cosLat * cosLon), float64(cosLat * sinLon), sinLat, 0}
	}
	points := make([]point, len(to))
	for i, c := range to {
		points[i] = unit(&communes[c])
		points[i].at = int32(i)
	}
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.z < b.z:
			return -1
		case a.z > b.z:
			return 1
		}
		return int(a.at) - int(b.at)
	})
	// The chord of an arc of km, a little longer so that rounding loses nobody: haversine decides.
	chord := 2.0
	if km < earthKm*math.Pi {
		chord = 2 * math.Sin(km/(2*earthKm))
	}
	chord += 1e-9
	lists := make([][]neighbour, len(from))
	var found []int32
	for i, c := range from {
		p := unit(&communes[c])
		first, _ := slices.BinarySearchFunc(points, p.z-chord, func(q point, z float64) int {
			if q.z < z {
				return -1
			}
			return 1
		})
		found = found[:0]
		for _, q := range points[first:] {
			if q.z > p.z+chord {
				break
			}
			dx, dy, dz := p.x-q.x, p.y-q.y, p.z-q.z
			if dx*dx+dy*dy+dz*dz <= chord*chord {
				found = append(found, q.at)
			}
		}
		slices.Sort(found)
		for _, at := range found {
			if d := Km(&communes[c], &communes[to[at]]); d <= km {
				lists[i] = append(lists[i], neighbour{to[at], int32(d), d})
			}
		}
	}
	return lists
}
