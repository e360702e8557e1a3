// Package territory knows the ground the alliance stands on: the communes of France and what they belong to, how people
// type their names, how far apart they are, where they lie on the map, and which days are worked there.
//
// A [Territory] is parsed from an archive that a program in generate/ makes once a year from public packages. On the hub
// the archive is embedded ([Load]). A browser downloads the very same file whole and hands it to [Parse], so that the hub
// never learns which towns someone looks up; a browser that only needs distances or working days downloads nothing.
// Distances, calendars, projections and occupations need no archive.
package territory

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxArchive bounds what Parse unpacks, in bytes; the archive of 2026 unpacks to less than a third of it.
const maxArchive = 8 << 20

// A Commune is a town or village of the official geographic code (INSEE COG), as of 1 January of the archive's year.
type Commune struct {
	Code        string // INSEE code, five characters, such as "69123" or "2A004"; not a postcode
	Name        string // with article and accents, such as "L'Haÿ-les-Roses"
	Departement string // code of the département or overseas collectivity
	Region      string
	EPCI        string   // SIREN of its group of communes with own taxation; empty for the 98 that are in none
	SIREN       string   // nine digits; empty for the 94 of overseas collectivities, which the source lists without
	Population  int      // municipal population; 0 when not Counted
	Counted     bool     // a census figure exists: false for six uninhabited districts only
	Located     bool     // Point is known: false for the 94 of overseas collectivities, never placed by distance
	Point       Point    // centre of the commune, to 1/10,000 degree; meaningless unless Located
	Postcodes   []string // sorted; shared, not to be modified
}

// Label is how a commune is shown in a list of choices: "Saint-Denis (93) – 149 936 hab.", with narrow no-break spaces
// (U+202F) between thousands. No two communes share a label, and [Territory.Search] finds the commune from it.
func (c Commune) Label() string {
	label := c.Name + " (" + c.Departement + ")"
	if !c.Counted {
		return label
	}
	return label + " – " + thousands(c.Population) + "\u00a0hab."
}

// thousands writes n ≥ 0 in decimal with U+202F between groups of three.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// A Departement is a département or, for codes from 975 on, an overseas collectivity without départements.
type Departement struct {
	Code     string // such as "33", "2A", "974"
	Name     string
	Region   string
	ChefLieu string // INSEE code of the commune where the prefecture sits
}

// A Region is a region or, for codes of three digits, an overseas collectivity. Region and département codes overlap:
// "75" is Nouvelle-Aquitaine here and Paris there.
type Region struct {
	Code     string
	Name     string
	ChefLieu string
}

// An EPCI is a group of communes with own taxation (établissement public de coopération intercommunale à fiscalité propre).
type EPCI struct {
	SIREN string
	Name  string
	Kind  string // CC, CA, CU, METRO or MET69 (Lyon)
}

// A Territory answers questions about communes. It does not change once parsed and may be used from many goroutines.
type Territory struct {
	communes     []Commune // by code
	departements []Departement
	regions      []Region
	groups       []EPCI   // by SIREN
	former       []former // by code
	bySIREN      []int32
	byPostcode   []posted // by postcode, then most populated first
	byLatitude   []int32  // located communes only
	rank         []int32  // of each commune by population: 0 is the most populated
	index        func() *index
}

// A former is a code, a name or both that lead to a current commune: merged communes, delegated and associated communes,
// municipal arrondissements.
type former struct {
	code, name string
	commune    int32
}

type posted struct {
	postcode string
	commune  int32
}

// Parse reads an archive made by the program in generate/. A damaged archive is an error; it never panics.
func Parse(archive []byte) (*Territory, error) {
	tables, err := readTables(archive, "regions", "departements", "epci", "communes", "former")
	if err != nil {
		return nil, err
	}
	t := &Territory{}
	for r := range tables["regions"].rows(3) {
		t.regions = append(t.regions, Region{Code: r[0], Name: r[1], ChefLieu: r[2]})
	}
	regionOf := map[string]string{}
	for r := range tables["departements"].rows(4) {
		t.departements = append(t.departements, Departement{Code: r[0], Name: r[1], Region: r[2], ChefLieu: r[3]})
		regionOf[r[0]] = r[2]
	}
	for r := range tables["epci"].rows(3) {
		t.groups = append(t.groups, EPCI{SIREN: r[0], Name: r[1], Kind: r[2]})
	}
	if err := t.parseCommunes(tables["communes"], regionOf); err != nil {
		return nil, err
	}
	for r := range tables["former"].rows(3) {
		code := r[2]
		if code == "=" {
			code = r[0]
		}
		i, ok := t.find(code)
		if !ok {
			return nil, fmt.Errorf("territory: former commune %q leads to %q, which is no commune", r[0], code)
		}
		t.former = append(t.former, former{code: r[0], name: r[1], commune: int32(i)})
	}
	t.order()
	t.index = sync.OnceValue(t.buildIndex)
	return t, nil
}

func (t *Territory) parseCommunes(communes table, regionOf map[string]string) error {
	t.communes = make([]Commune, 0, communes.length)
	postcodes := make([]string, 0, communes.length+communes.length/4)
	for r := range communes.rows(8) {
		c := Commune{Code: r[0], Name: r[1], Departement: DepartementOf(r[0]), SIREN: r[5]}
		c.Region = regionOf[c.Departement]
		if n := len(t.communes); n > 0 && t.communes[n-1].Code >= c.Code || len(c.Code) != 5 || c.Region == "" {
			return fmt.Errorf("territory: commune %q is out of order or in no département", c.Code)
		}
		if r[2] != "" {
			i, err := strconv.Atoi(r[2])
			if err != nil || i < 0 || i >= len(t.groups) {
				return fmt.Errorf("territory: commune %s: no EPCI %q", c.Code, r[2])
			}
			c.EPCI = t.groups[i].SIREN
		}
		if r[3] != "" {
			population, err := strconv.ParseUint(r[3], 10, 31)
			if err != nil {
				return fmt.Errorf("territory: commune %s: population: %w", c.Code, err)
			}
			c.Population, c.Counted = int(population), true
		}
		from := len(postcodes)
		for code := range strings.FieldsSeq(r[4]) {
			postcodes = append(postcodes, code)
		}
		c.Postcodes = postcodes[from:len(postcodes):len(postcodes)]
		if c.SIREN == "=" {
			c.SIREN = UsualSIREN(c.Code)
		}
		if r[6] != "" {
			lat, err1 := strconv.Atoi(r[6])
			lon, err2 := strconv.Atoi(r[7])
			c.Point, c.Located = Point{Lat: float64(lat) / 1e4, Lon: float64(lon) / 1e4}, true
			if err1 != nil || err2 != nil || !c.Point.Valid() {
				return fmt.Errorf("territory: commune %s: coordinates %q %q", c.Code, r[6], r[7])
			}
		}
		t.communes = append(t.communes, c)
	}
	return nil
}

// order prepares the orders in which communes are looked up.
func (t *Territory) order() {
	// Sorting numbers is several times faster than sorting by comparing communes: population (inverted) or latitude above,
	// the commune's place below.
	keys := make([]uint64, len(t.communes))
	for i := range t.communes {
		keys[i] = uint64(math.MaxUint32-t.communes[i].Population)<<32 | uint64(i)
	}
	slices.Sort(keys)
	t.rank = make([]int32, len(t.communes))
	t.byPostcode = make([]posted, 0, len(t.communes)+len(t.communes)/4)
	for rank, key := range keys {
		i := int32(uint32(key))
		t.rank[i] = int32(rank)
		for _, code := range t.communes[i].Postcodes {
			t.byPostcode = append(t.byPostcode, posted{code, i})
		}
	}
	slices.SortFunc(t.byPostcode, func(a, b posted) int {
		return cmp.Or(cmp.Compare(a.postcode, b.postcode), cmp.Compare(t.rank[a.commune], t.rank[b.commune]))
	})
	keys = keys[:0]
	for i := range t.communes {
		if t.communes[i].SIREN != "" {
			t.bySIREN = append(t.bySIREN, int32(i))
		}
		if t.communes[i].Located {
			keys = append(keys, uint64((t.communes[i].Point.Lat+90)*1e6)<<32|uint64(i))
		}
	}
	slices.SortFunc(t.bySIREN, func(a, b int32) int { return cmp.Compare(t.communes[a].SIREN, t.communes[b].SIREN) })
	slices.Sort(keys)
	t.byLatitude = make([]int32, len(keys))
	for k, key := range keys {
		t.byLatitude[k] = int32(uint32(key))
	}
}

func (t *Territory) find(code string) (int, bool) {
	return slices.BinarySearchFunc(t.communes, code, func(c Commune, code string) int { return cmp.Compare(c.Code, code) })
}

// Current returns the code of the commune of today that code leads to: itself, the commune it was merged into, or the
// commune of an arrondissement of Paris, Lyon or Marseille. It is false when the code was never seen.
func (t *Territory) Current(code string) (string, bool) {
	if i, ok := t.find(code); ok {
		return t.communes[i].Code, true
	}
	i, ok := slices.BinarySearchFunc(t.former, code, func(f former, code string) int { return cmp.Compare(f.code, code) })
	if !ok {
		return "", false
	}
	return t.communes[t.former[i].commune].Code, true
}

// Commune returns the commune of an INSEE code, current or former; the Code of the result is the current one.
func (t *Territory) Commune(code string) (Commune, bool) {
	current, ok := t.Current(code)
	if !ok {
		return Commune{}, false
	}
	i, ok := t.find(current)
	return t.communes[i], ok
}

// Communes returns every commune by code, or those of the given département only. The slice is shared: not to be modified.
func (t *Territory) Communes(departement string) []Commune {
	if departement == "" {
		return t.communes
	}
	from, _ := t.find(departement)
	to := from
	for to < len(t.communes) && t.communes[to].Departement == departement {
		to++
	}
	return t.communes[from:to:to]
}

// Postcode returns the communes that a postcode serves, most populated first: one postcode often serves several.
func (t *Territory) Postcode(code string) []Commune {
	var communes []Commune
	for _, p := range t.posted(code) {
		if p.postcode == code {
			communes = append(communes, t.communes[p.commune])
		}
	}
	return communes
}

// posted returns the rows whose postcode begins with prefix.
func (t *Territory) posted(prefix string) []posted {
	from, _ := slices.BinarySearchFunc(t.byPostcode, prefix, func(p posted, prefix string) int { return cmp.Compare(p.postcode, prefix) })
	to := from
	for to < len(t.byPostcode) && strings.HasPrefix(t.byPostcode[to].postcode, prefix) {
		to++
	}
	return t.byPostcode[from:to]
}

// Departement returns the département or overseas collectivity of a code.
func (t *Territory) Departement(code string) (Departement, bool) {
	for _, d := range t.departements {
		if d.Code == code {
			return d, true
		}
	}
	return Departement{}, false
}

// Departements returns all départements and overseas collectivities by code. The slice is shared: not to be modified.
func (t *Territory) Departements() []Departement { return t.departements }

// Region returns the region of a code.
func (t *Territory) Region(code string) (Region, bool) {
	for _, r := range t.regions {
		if r.Code == code {
			return r, true
		}
	}
	return Region{}, false
}

// Regions returns all regions by code. The slice is shared: not to be modified.
func (t *Territory) Regions() []Region { return t.regions }

// EPCI returns the group of communes of a SIREN.
func (t *Territory) EPCI(siren string) (EPCI, bool) {
	i, ok := slices.BinarySearchFunc(t.groups, siren, func(g EPCI, siren string) int { return cmp.Compare(g.SIREN, siren) })
	if !ok {
		return EPCI{}, false
	}
	return t.groups[i], true
}

// EPCIs returns all groups of communes by SIREN. The slice is shared: not to be modified.
func (t *Territory) EPCIs() []EPCI { return t.groups }

// DepartementOf returns the code of the département that an INSEE code of a commune begins with: two characters, three
// overseas. It does not say that either exists.
func DepartementOf(commune string) string {
	n := 2
	if strings.HasPrefix(commune, "97") || strings.HasPrefix(commune, "98") {
		n = 3
	}
	return commune[:min(n, len(commune))]
}

// A table is a section of an archive: a number of rows, and columns whose values are separated by tabs.
type table struct {
	length  int
	columns []string
}

// readTables unpacks an archive that holds the named tables in this order: for each a line with its name and number of
// rows, then a line for each column, up to the next table's name.
func readTables(archive []byte, names ...string) (map[string]table, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("territory: archive: %w", err)
	}
	var text strings.Builder
	text.Grow(3 * len(archive)) // what text of this kind unpacks to
	n, err := io.Copy(&text, io.LimitReader(unzipped, maxArchive+1))
	if err != nil {
		return nil, fmt.Errorf("territory: archive: %w", err)
	}
	if n > maxArchive {
		return nil, fmt.Errorf("territory: archive unpacks to more than %d bytes", maxArchive)
	}
	tables := make(map[string]table, len(names))
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	for i, name := range names {
		if len(lines) == 0 {
			return nil, fmt.Errorf("territory: archive has no table %s", name)
		}
		found, length, _ := strings.Cut(lines[0], "\t")
		n, err := strconv.Atoi(length)
		if found != name || err != nil || n < 0 {
			return nil, fmt.Errorf("territory: archive: want table %s", name)
		}
		end := len(lines)
		if i+1 < len(names) {
			end = 1 + slices.IndexFunc(lines[1:], func(l string) bool { return strings.HasPrefix(l, names[i+1]+"\t") })
			if end == 0 {
				return nil, fmt.Errorf("territory: archive has no table %s", names[i+1])
			}
		}
		tables[name] = table{n, lines[1:end]}
		for _, column := range lines[1:end] {
			if strings.Count(column, "\t") != n-1 {
				return nil, fmt.Errorf("territory: archive: a column of table %s does not have %d values", name, n)
			}
		}
		lines = lines[end:]
	}
	return tables, nil
}

// rows yields the rows of a table of at least width columns, none if it has fewer. A row is overwritten by the next.
func (t table) rows(width int) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		if len(t.columns) < width {
			return
		}
		rest, row := slices.Clone(t.columns[:width]), make([]string, width)
		for range t.length {
			for i := range rest {
				row[i], rest[i], _ = strings.Cut(rest[i], "\t")
			}
			if !yield(row) {
				return
			}
		}
	}
}
