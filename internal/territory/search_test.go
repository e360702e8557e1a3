//go:build !js

package territory

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// codes returns the INSEE codes of what a search finds, in order.
func codes(f *Territory, query string, limit int) []string {
	var codes []string
	for _, c := range f.Search(query, limit) {
		codes = append(codes, c.Code)
	}
	return codes
}

func TestSearchFindsACommuneAsPeopleTypeIt(t *testing.T) {
	f := france(t)
	for query, first := range map[string]string{
		// abbreviations, accents, hyphens, apostrophes, ligatures, case
		"st etienne":               "42218",
		"St-Étienne":               "42218",
		"SAINT ETIENNE":            "42218",
		"ste foy les lyon":         "69202",
		"saintes maries de la mer": "13096",
		"stes maries":              "13096",
		"l hay les roses":          "94038",
		"L’Haÿ-les-Roses":          "94038",
		"lhay":                     "94038",
		"Fort de France":           "97209",
		"creteil":                  "94028",
		"cre\u0301teil":            "94028", // decomposed
		"marcq en baroeul":         "59378",
		"Marcq-en-Barœul":          "59378",
		"  lyon  ":                 "69123",
		// unfinished, without article, words left out
		"bord":              "33063",
		"marsei":            "13055",
		"st":                "67482", // Strasbourg rather than one of the saints
		"rochelle":          "17300",
		"havre":             "76351",
		"mure":              "38269", // La Mure, before Muret, which has more people
		"chalon s saone":    "71076",
		"chalon s/ saone":   "71076",
		"bourg bresse":      "01053",
		"etienne rouvray":   "76575",
		"villers cotterets": "02810",
		// with a département
		"saint pierre 17":               "17385",
		"saint-pierre (17)":             "17385",
		"saint pierre reunion":          "97416",
		"saint pierre 974":              "97416",
		"st denis 93":                   "93066",
		"saint denis seine saint denis": "93066",
		"ajaccio 2a":                    "2A004",
		"bastia 2B":                     "2B033",
		"valence tarn et garonne":       "82186",
		"saint denis, la réunion":       "97411",
		// former communes and arrondissements
		"annecy le vieux":        "74010",
		"lyon 3e":                "69123",
		"lyon 3":                 "69123",
		"lyon 03":                "69123",
		"Lyon 3ème":              "69123",
		"lyon 3 eme arr":         "69123",
		"Lyon 3e Arrondissement": "69123",
		"paris 1er":              "75056",
		"paris 15":               "75056",
		"marseille 13":           "13055",
		// codes
		"69003":             "69123",
		"69123":             "69123",
		"69383":             "69123",
		"690":               "69123",
		"69":                "69123",
		"2a":                "2A004",
		"2a004":             "2A004",
		"2A004":             "2A004",
		"33000 bordeaux":    "33063",
		"Bordeaux 33000":    "33063",
		"34000 montpelier":  "34172",
		"01400 condeissiat": "01113", // one of several with this postcode
		"lyon cedex 03":     "69123",
		"BORDEAUX CEDEX":    "33063",
		"lyon 99999":        "69123", // a code that is none
		// a letter or two amiss
		"monpelier":       "34172",
		"villeurbane":     "69266",
		"reuil malmaison": "92063",
	} {
		if got := codes(f, query, 5); len(got) == 0 || got[0] != first {
			c, _ := f.Commune(first)
			t.Errorf("%q: %v, want %s %s first", query, got, first, c.Name)
		}
	}
}

func TestSearchPutsWholeNamesThenBeginningsThenWords(t *testing.T) {
	f := france(t)
	class := func(c Commune, q string) int {
		name := Fold(c.Name)
		bare := name[article(name):]
		switch {
		case name == q:
			return 0
		case bare == q:
			return 1
		case strings.HasPrefix(name, q) || strings.HasPrefix(bare, q):
			return 2
		}
		return 3
	}
	for _, q := range []string{"saint pierre", "vienne", "aix", "rochelle", "mure", "mont", "lyon"} {
		found := f.Search(q, 100)
		for i := 1; i < len(found); i++ {
			a, b := class(found[i-1], q), class(found[i], q)
			if a > b || a == b && a < 3 && found[i-1].Population < found[i].Population {
				t.Errorf("%q: %s before %s", q, found[i-1].Label(), found[i].Label())
			}
		}
	}
}

func TestSearchFindsEveryCommuneByItsNameLabelAndCode(t *testing.T) {
	f := france(t)
	all := f.Communes("")
	step := 1
	if testing.Short() {
		step = 50
	}
	for i := 0; i < len(all); i += step {
		c := all[i]
		if got := codes(f, c.Label(), 1); !slices.Equal(got, []string{c.Code}) {
			t.Errorf("%s by its label %q: %v", c.Code, c.Label(), got)
		}
		if !slices.ContainsFunc(f.Search(c.Code, 100), func(found Commune) bool { return found.Code == c.Code }) {
			t.Errorf("%s not found by its code", c.Code)
		}
		found := f.Search(strings.ToLower(c.Name), 100)
		if len(found) == 0 || Fold(found[0].Name) != Fold(c.Name) {
			t.Errorf("%s not found by its name %q", c.Code, c.Name)
		}
	}
}

func TestFoldComparesWhatLooksAlike(t *testing.T) {
	for name, want := range map[string]string{
		"Marcq-en-Barœul": "marcq en baroeul", "ŒUILLY": "oeuilly", "L'Haÿ-les-Roses": "l hay les roses", "L’Haÿ": "l hay",
		"Cre\u0301teil": "creteil", "Créteil": "creteil", "Bûcy": "bucy", "Lætitia": "laetitia", "  a--b  ": "a b", "Évry (91)": "evry 91", "": "",
	} {
		if got := Fold(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestFoldedNamesArePlain(t *testing.T) {
	for _, c := range france(t).Communes("") {
		folded := Fold(c.Name)
		if strings.Trim(folded, "abcdefghijklmnopqrstuvwxyz ") != "" || folded != Fold(folded) || strings.Contains(folded, "  ") {
			t.Errorf("%q is folded to %q", c.Name, folded)
		}
		if n := strings.Count(c.Name, "-") + strings.Count(c.Name, " ") + strings.Count(c.Name, "'"); strings.Count(folded, " ") > n {
			t.Errorf("%q is torn apart into %q", c.Name, folded)
		}
	}
}

func TestSearchAnswersNothingToNothing(t *testing.T) {
	f := france(t)
	for _, q := range []string{"", " ", "-", "'’", "–", "東京", "zzzzzz", "\xff\xfe", "🏠"} {
		if got := f.Search(q, 10); len(got) != 0 {
			t.Errorf("%q: %d communes", q, len(got))
		}
	}
	for _, limit := range []int{0, -1} {
		if got := f.Search("lyon", limit); len(got) != 0 {
			t.Errorf("limit %d: %d communes", limit, len(got))
		}
	}
	if got := f.Search("sa", 1<<40); len(got) != maxResults {
		t.Errorf("%d communes, want %d", len(got), maxResults)
	}
}

func TestSearchIsOneForAllGoroutines(t *testing.T) {
	f, err := Parse(Archive()) // index not built yet
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan []string)
	for range 4 {
		go func() { done <- codes(f, "saint", 20) }()
	}
	first := <-done
	for range 3 {
		if other := <-done; !slices.Equal(first, other) {
			t.Errorf("%v and %v", first, other)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, q := range []string{"st etienne", "lyon 3e", "69003", "saint pierre 17", "Saint-Denis (93) – 149 936 hab.", "st st st", "l'", "1 e", "2a", strings.Repeat("st ", 60)} {
		f.Add(q, 10)
	}
	france := france(f)
	f.Fuzz(func(t *testing.T, query string, limit int) {
		found := france.Search(query, limit)
		if len(found) > max(0, min(limit, maxResults)) {
			t.Errorf("%d communes, at most %d asked", len(found), limit)
		}
		seen := map[string]bool{}
		for _, c := range found {
			if seen[c.Code] {
				t.Errorf("%s twice", c.Code)
			}
			seen[c.Code] = true
		}
		if folded := Fold(query); !utf8.ValidString(folded) || folded != Fold(folded) {
			t.Errorf("%q is folded to %q", query, folded)
		}
	})
}

// BenchmarkSearchWorstPrefix searches all 676 prefixes of two letters in turn and reports the slowest, the best of its
// runs: what remains is the work, not the neighbours on the machine.
func BenchmarkSearchWorstPrefix(b *testing.B) {
	f := france(b)
	f.Search("warm", 1)
	best := map[string]time.Duration{}
	for b.Loop() {
		for i := range 26 * 26 {
			q := string([]byte{byte('a' + i/26), byte('a' + i%26)})
			start := time.Now()
			f.Search(q, 20)
			if d := time.Since(start); best[q] == 0 || d < best[q] {
				best[q] = d
			}
		}
	}
	worst := ""
	for q, d := range best {
		if d > best[worst] {
			worst = q
		}
	}
	b.ReportMetric(float64(best[worst].Microseconds()), "µs/worst")
	b.Logf("worst prefix: %q, %v", worst, best[worst])
}

func BenchmarkSearch(b *testing.B) {
	f := france(b)
	for _, q := range []string{"lyon", "saint la", "saint pierre 17", "saint de la", "69", "saint denis seine saint denis", "villleurbane", "aaaaaaaaaaaa"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				f.Search(q, 20)
			}
		})
	}
}

func BenchmarkIndex(b *testing.B) {
	f := france(b)
	b.ReportAllocs()
	for b.Loop() {
		f.buildIndex()
	}
}
