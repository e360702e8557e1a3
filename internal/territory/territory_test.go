//go:build !js

package territory

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// france returns the embedded territory.
func france(tb testing.TB) *Territory {
	tb.Helper()
	t, err := Load()
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// The figures of the official geographic code of 2026: a new archive must come with new figures, looked up, not copied.
func TestArchiveHoldsAllOfFrance(t *testing.T) {
	f := france(t)
	got := map[string]int{"communes": len(f.Communes("")), "départements": len(f.Departements()), "régions": len(f.Regions()), "EPCI": len(f.EPCIs())}
	perDepartement := 0
	for _, d := range f.Departements() {
		perDepartement += len(f.Communes(d.Code))
	}
	got["communes, by département"] = perDepartement
	for _, c := range f.Communes("") {
		got["people"] += c.Population
		if c.Counted {
			got["counted"]++
		}
		if c.Located {
			got["located"]++
		}
		if c.SIREN != "" {
			got["with SIREN"]++
		}
		if c.EPCI != "" {
			got["in an EPCI"]++
		}
	}
	want := map[string]int{
		"communes": 34969, "communes, by département": 34969, "départements": 109, "régions": 26, "EPCI": 1255,
		"counted": 34963, "people": 68952941, "located": 34875, "with SIREN": 34875, "in an EPCI": 34871,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryReferenceBetweenTablesHolds(t *testing.T) {
	f := france(t)
	for _, c := range f.Communes("") {
		d, ok := f.Departement(c.Departement)
		if _, isRegion := f.Region(c.Region); !ok || !isRegion || d.Region != c.Region {
			t.Errorf("%s: département %q, region %q", c.Code, c.Departement, c.Region)
		}
		if _, ok := f.EPCI(c.EPCI); !ok && c.EPCI != "" {
			t.Errorf("%s: no EPCI %q", c.Code, c.EPCI)
		}
		if c.SIREN != "" && !ValidSIREN(c.SIREN) {
			t.Errorf("%s: SIREN %s", c.Code, c.SIREN)
		}
		if !utf8.ValidString(c.Name) || c.Name == "" {
			t.Errorf("%s: name %q", c.Code, c.Name)
		}
		for _, p := range c.Postcodes {
			if len(p) != 5 || !isNumber(p) {
				t.Errorf("%s: postcode %q", c.Code, p)
			}
		}
	}
	for _, d := range f.Departements() {
		if _, ok := f.Commune(d.ChefLieu); !ok {
			t.Errorf("département %s: chef-lieu %q", d.Code, d.ChefLieu)
		}
	}
}

func TestCommunesWithoutCoordinatesAreOverseas(t *testing.T) {
	f := france(t)
	without := 0
	for _, c := range f.Communes("") {
		if c.Located {
			continue
		}
		without++
		if d := c.Departement; d != "975" && d != "977" && d != "978" && d < "984" {
			t.Errorf("%s %s has no coordinates", c.Code, c.Name)
		}
	}
	if without != 94 {
		t.Errorf("%d communes without coordinates, want 94", without)
	}
}

func TestCommuneSaysWhatItBelongsTo(t *testing.T) {
	f := france(t)
	got, _ := f.Commune("69123")
	group, _ := f.EPCI(got.EPCI)
	region, _ := f.Region(got.Region)
	got.Postcodes = got.Postcodes[:1:1]
	want := Commune{
		Code: "69123", Name: "Lyon", Departement: "69", Region: "84", EPCI: group.SIREN, SIREN: "216901231", Population: 519127,
		Counted: true, Located: true, Point: Point{45.7685, 4.8236}, Postcodes: []string{"69001"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if group.Name != "Métropole de Lyon" || group.Kind != "MET69" || region.Name != "Auvergne-Rhône-Alpes" {
		t.Errorf("group %+v, region %+v", group, region)
	}
}

func TestFormerCodesLeadToTheCommuneOfToday(t *testing.T) {
	f := france(t)
	for former, today := range map[string]string{
		"69123": "69123", // itself
		"69383": "69123", // Lyon 3e Arrondissement
		"75115": "75056", // Paris 15e
		"13201": "13055", // Marseille 1er
		"74011": "74010", // Annecy-le-Vieux, merged into Annecy
		"50173": "50129", // Équeurdreville-Hainneville, merged into Cherbourg-en-Cotentin
	} {
		if c, ok := f.Commune(former); !ok || c.Code != today {
			t.Errorf("%s leads to %s %s, want %s", former, c.Code, c.Name, today)
		}
	}
	for _, unknown := range []string{"", "0", "00000", "99999", "Lyon", "6912", "691234"} {
		if got, ok := f.Current(unknown); ok {
			t.Errorf("%q leads to %s", unknown, got)
		}
	}
}

func TestPostcodeGivesItsCommunesLargestFirst(t *testing.T) {
	f := france(t)
	names := func(cs []Commune) (names []string) {
		for _, c := range cs {
			names = append(names, c.Name)
		}
		return names
	}
	if got := names(f.Postcode("69003")); !cmp.Equal(got, []string{"Lyon"}) {
		t.Errorf("69003: %v", got)
	}
	shared := f.Postcode("01400")
	if len(shared) < 2 {
		t.Fatalf("01400: %v", names(shared))
	}
	for i := 1; i < len(shared); i++ {
		if shared[i-1].Population < shared[i].Population {
			t.Errorf("01400: %v", names(shared))
		}
	}
	if got := f.Postcode("69"); got != nil {
		t.Errorf("69 is no postcode: %v", names(got))
	}
}

func TestLabelTellsHomonymsApart(t *testing.T) {
	f := france(t)
	saintDenis, _ := f.Commune("93066")
	if got, want := saintDenis.Label(), "Saint-Denis (93) – 149\u202f077\u00a0hab."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	uninhabited, _ := f.Commune("98412")
	if got, want := uninhabited.Label(), "Archipel des Kerguelen (984)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	seen := map[string]string{}
	for _, c := range f.Communes("") {
		if other, twice := seen[c.Label()]; twice {
			t.Errorf("%s and %s are both %q", other, c.Code, c.Label())
		}
		seen[c.Label()] = c.Code
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestOrganisationNumberIsCheckedOffline(t *testing.T) {
	f := france(t)
	lyon, _ := f.Commune("69123")
	for _, tt := range []struct {
		siren, code string
		want        bool
	}{
		{"216901231", "69123", true},
		{"216901231", "69383", true},  // by an arrondissement's code
		{lyon.EPCI, "69123", true},    // the metropolis
		{"216901231", "33063", false}, // Lyon's number for Bordeaux
		{"216901232", "69123", false}, // a slip of the pen
		{"", "98735", false},          // no number known is not a match
		{"216901231", "99999", false}, // no such commune
	} {
		if got := f.BelongsTo(tt.siren, tt.code); got != tt.want {
			t.Errorf("%s belongs to %s: %v", tt.siren, tt.code, got)
		}
	}
	usual := 0
	for _, c := range f.Communes("") {
		if c.SIREN == "" {
			continue
		}
		if back, ok := f.CommuneBySIREN(c.SIREN); !ok || back.Code != c.Code {
			t.Errorf("SIREN %s of %s gives %s", c.SIREN, c.Code, back.Code)
		}
		if UsualSIREN(c.Code) == c.SIREN {
			usual++
		}
	}
	if usual != 28801 {
		t.Errorf("%d communes have the usual SIREN, want 28801", usual)
	}
}

func TestOneWrongDigitMakesASIRENInvalid(t *testing.T) {
	const siren = "216901231"
	if !ValidSIREN(siren) {
		t.Fatal("a true number is refused")
	}
	for i := range siren {
		for d := '0'; d <= '9'; d++ {
			if wrong := siren[:i] + string(d) + siren[i+1:]; wrong != siren && ValidSIREN(wrong) {
				t.Errorf("%s passes", wrong)
			}
		}
	}
	for _, s := range []string{"", "21690123", "2169012310", "21690123a", "२16901231", "-16901231"} {
		if ValidSIREN(s) {
			t.Errorf("%q passes", s)
		}
	}
}

// unpacked returns the text of the embedded archive, and packed makes an archive of a text.
func unpacked(t *testing.T) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(Archive()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func repacked(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDamagedArchiveIsAnError(t *testing.T) {
	text := unpacked(t)
	if _, err := Parse(repacked(t, text)); err != nil {
		t.Fatalf("undamaged: %v", err)
	}
	for name, damaged := range map[string][]byte{
		"empty":             nil,
		"not gzip":          []byte("regions\t26"),
		"cut short":         Archive()[:len(Archive())/2],
		"no table":          repacked(t, ""),
		"table missing":     repacked(t, text[strings.Index(text, "departements\t"):]),
		"last missing":      repacked(t, text[:strings.Index(text, "former\t")]),
		"value missing":     repacked(t, strings.Replace(text, "L'Abergement-Clémenciat\t", "", 1)),
		"count not a count": repacked(t, strings.Replace(text, "communes\t34969", "communes\tmany", 1)),
		"out of order":      repacked(t, strings.Replace(text, "01001\t01002\t", "01002\t01001\t", 1)),
		"no département":    repacked(t, strings.Replace(text, "01001\t01002\t", "00001\t01002\t", 1)),
		"off the globe":     repacked(t, strings.Replace(text, "\t457685\t", "\t9457685\t", 1)),
		"former of nothing": repacked(t, text[:strings.LastIndex(text, "\t")]+"\t99999\n"),
	} {
		if _, err := Parse(damaged); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Parse(repacked(t, strings.Repeat(" ", maxArchive+1))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too large: %v", err)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(Archive()); err != nil {
			b.Fatal(err)
		}
	}
}
