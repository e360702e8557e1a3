package territory

import (
	"cmp"
	"math"
	"slices"
)

// EarthRadius is the mean radius R₁ of the Earth, in kilometres (IUGG).
const EarthRadius = 6371.0088

// A Point is a place on the globe, in decimal degrees (WGS 84).
type Point struct {
	Lat float64 // north, −90…90
	Lon float64 // east, −180…180
}

// Valid reports whether p lies on the globe.
func (p Point) Valid() bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180 // false for NaN
}

// DistanceKm returns the great-circle distance in kilometres, by the haversine formula on a sphere of [EarthRadius].
// Products are converted explicitly, so that no compiler fuses a multiplication with an addition (Go specification,
// "Floating-point operators") and every machine compares the same distances.
func DistanceKm(a, b Point) float64 {
	φ1, φ2 := radians(a.Lat), radians(b.Lat)
	sinφ, sinλ := math.Sin(float64(φ2-φ1)/2), math.Sin(radians(float64(b.Lon-a.Lon))/2)
	h := float64(sinφ*sinφ) + float64(float64(float64(math.Cos(φ1)*math.Cos(φ2))*sinλ)*sinλ)
	return float64(2 * EarthRadius * math.Asin(math.Min(1, math.Sqrt(h))))
}

func radians(degrees float64) float64 { return float64(degrees * (math.Pi / 180)) }

// Within reports whether a and b are at most km kilometres apart, compared unrounded and bound included.
func Within(a, b Point, km float64) bool { return DistanceKm(a, b) <= km }

// A Neighbour is a commune with its distance to the centre of a search.
type Neighbour struct {
	Commune
	Km float64
}

// Near returns the located communes at most km kilometres from center, nearest first, bound included; center's own
// commune, if it is one's centre, comes first at 0 km. A negative or not-a-number distance, or a point off the globe,
// has no neighbours.
func (t *Territory) Near(center Point, km float64) []Neighbour {
	if !center.Valid() || !(km >= 0) {
		return nil
	}
	// A circle of angular radius r spans r in latitude and asin(sin r / cos φ) in longitude, unless it holds a pole. Bounds are
	// widened by a hair, as they only spare distances that need not be computed.
	const hair = 1e-9
	r := km/EarthRadius + hair
	south, north := center.Lat-r*180/math.Pi, center.Lat+r*180/math.Pi
	east := 360.0
	if south > -90 && north < 90 {
		east = math.Asin(math.Min(1, math.Sin(r)/math.Cos(radians(center.Lat))))*180/math.Pi + hair
	}
	from, _ := slices.BinarySearchFunc(t.byLatitude, south, func(i int32, lat float64) int {
		return cmp.Compare(t.communes[i].Point.Lat, lat)
	})
	type near struct {
		km      float64
		commune int32
	}
	var found []near
	for _, i := range t.byLatitude[from:] {
		p := t.communes[i].Point
		if p.Lat > north {
			break
		}
		if d := math.Abs(p.Lon - center.Lon); d > east && 360-d > east {
			continue
		}
		if d := DistanceKm(center, p); d <= km {
			found = append(found, near{d, i})
		}
	}
	slices.SortFunc(found, func(a, b near) int { return cmp.Or(cmp.Compare(a.km, b.km), cmp.Compare(a.commune, b.commune)) })
	neighbours := make([]Neighbour, len(found))
	for i, f := range found {
		neighbours[i] = Neighbour{t.communes[f.commune], f.km}
	}
	return neighbours
}
