package territory

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The size of the map of mainland France and Corsica, in its own units: the viewBox is "0 0 613 585".
const (
	MapWidth  = 613
	MapHeight = 585
)

// An Outline is a département on the map, drawn as SVG path data within the viewBox.
type Outline struct {
	Departement string // code
	Name        string
	Path        string // M, l and z only
}

// ParseMap reads an archive of outlines made by the program in generate/.
func ParseMap(archive []byte) ([]Outline, error) {
	tables, err := readTables(archive, "outlines")
	if err != nil {
		return nil, err
	}
	var outlines []Outline
	for r := range tables["outlines"].rows(3) {
		outlines = append(outlines, Outline{Departement: r[0], Name: r[1], Path: r[2]})
	}
	return outlines, nil
}

// XY is a place on the map: x to the right, y downwards, in units of the viewBox.
type XY struct{ X, Y float64 }

// Project returns the place on the map of a point of mainland France or Corsica. The map is a Mercator projection, turned
// by less than a tenth of a degree; its six coefficients were fitted by least squares so that communes fall into the
// outlines of their départements. Overseas points fall off the map: they belong into an [Inset].
func Project(p Point) XY {
	u := 1000 * radians(p.Lon)
	v := 1000 * math.Log(math.Tan(math.Pi/4+radians(p.Lat)/2))
	return XY{
		X: 217.343625 + 2.381196*u - 0.002377*v,
		Y: 2467.137663 + 0.001486*u - 2.370487*v,
	}
}

// An Inset is a labelled box, drawn at the edge of the map where no outline lies, that stands for an overseas département
// or collectivity.
type Inset struct {
	Departement         string // code
	X, Y, Width, Height float64
}

// Insets are the overseas départements, then the inhabited overseas collectivities, in the order of their codes.
var Insets = func() []Inset {
	codes := []string{"971", "972", "973", "974", "976", "975", "977", "978", "986", "987", "988"}
	insets := make([]Inset, len(codes))
	for i, code := range codes {
		insets[i] = Inset{Departement: code, X: 4 + float64(i%2)*48, Y: 396 + float64(i/2)*31, Width: 44, Height: 27}
	}
	return insets
}()

// Rings returns the closed polygons of SVG path data made of straight lines (commands M, m, L, l, Z, z), without repeating
// the first corner at the end.
func Rings(path string) ([][]XY, error) {
	var (
		rings   [][]XY
		ring    []XY
		at      XY
		command byte
	)
	for rest := strings.TrimLeft(path, " ,\t\n"); rest != ""; rest = strings.TrimLeft(rest, " ,\t\n") {
		switch c := rest[0]; c {
		case 'M', 'm', 'L', 'l':
			if len(ring) > 0 && (c == 'M' || c == 'm') {
				return nil, errors.New("territory: path is not closed")
			}
			command, rest = c, rest[1:]
			continue
		case 'Z', 'z':
			if len(ring) == 0 {
				return nil, errors.New("territory: path closes nothing")
			}
			at, command = ring[0], 0
			rings, ring = append(rings, ring), nil
			rest = rest[1:]
			continue
		}
		if command == 0 {
			return nil, fmt.Errorf("territory: path has numbers without a command at %.10q", rest)
		}
		var pair [2]float64
		for i := range pair {
			rest = strings.TrimLeft(rest, " ,\t\n")
			n := 0
			for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.' || n == 0 && rest[n] == '-') {
				n++
			}
			v, err := strconv.ParseFloat(rest[:n], 64)
			if err != nil {
				return nil, fmt.Errorf("territory: path: %w", err)
			}
			pair[i], rest = v, rest[n:]
		}
		if command == 'm' || command == 'l' {
			at = XY{at.X + pair[0], at.Y + pair[1]}
		} else {
			at = XY{pair[0], pair[1]}
		}
		ring = append(ring, at)
	}
	if len(ring) > 0 || len(rings) == 0 {
		return nil, errors.New("territory: path is empty or not closed")
	}
	return rings, nil
}
