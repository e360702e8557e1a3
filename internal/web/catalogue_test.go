package web

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"github.com/google/go-cmp/cmp"
)

func catalogues(t *testing.T) map[Lang]*catalogue {
	t.Helper()
	all := make(map[Lang]*catalogue)
	for _, lang := range Langs {
		c, err := loadCatalogue(lang)
		if err != nil {
			t.Fatal(err)
		}
		all[lang] = c
	}
	return all
}

// arguments returns what a sentence quotes, "name" or "name:prefix", over all its forms.
func arguments(m message) []string {
	var names []string
	for _, text := range m {
		for _, found := range placeholder.FindAllString(text, -1) {
			if !slices.Contains(names, found) {
				names = append(names, found)
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	all := catalogues(t)
	if diff := cmp.Diff(all[French].keys(), all[English].keys()); diff != "" {
		t.Fatalf("keys of the French (-) and English (+) catalogues differ:\n%s", diff)
	}
	for _, key := range all[French].keys() {
		fr, en := all[French].said[key], all[English].said[key]
		if diff := cmp.Diff(arguments(fr), arguments(en)); diff != "" {
			t.Errorf("%s quotes other arguments in French (-) than in English (+):\n%s", key, diff)
		}
		for lang, m := range map[Lang]message{French: fr, English: en} {
			for form, text := range m {
				if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s (%s, %s) is empty or padded: %q", key, lang, form, text)
				}
			}
		}
	}
}

// The prose of both languages has the same skeleton: the same tags, links and facts in the same order.
func TestProseHasTheSameSkeletonInBothLanguages(t *testing.T) {
	tag := regexp.MustCompile(`<[^>]*>|\{\{[^}]*\}\}`)
	names, err := fs.Glob(sentences, "i18n/fr/*.html")
	if err != nil || len(names) == 0 {
		t.Fatalf("no prose: %v", err)
	}
	for _, name := range names {
		fr, err := sentences.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		en, err := sentences.ReadFile(path.Join("i18n/en", path.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tag.FindAllString(string(fr), -1), tag.FindAllString(string(en), -1)); diff != "" {
			t.Errorf("%s: French (-), English (+):\n%s", path.Base(name), diff)
		}
	}
}

var keyInTemplate = regexp.MustCompile(`\b(?:t|rich) "([^"]+)"`)

func TestEveryKeyThatATemplateUsesExists(t *testing.T) {
	fr := catalogues(t)[French]
	checked := 0
	for _, where := range []struct {
		files embedded
		glob  string
	}{{templates, "templates/*.html"}, {templates, "templates/tasks/*.html"}, {sentences, "i18n/*/*.html"}} {
		names, err := fs.Glob(where.files, where.glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := where.files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range keyInTemplate.FindAllStringSubmatch(string(b), -1) {
				checked++
				if !fr.has(found[1]) {
					t.Errorf("%s uses %q, which the catalogue lacks", name, found[1])
				}
			}
		}
	}
	if checked < 20 {
		t.Fatalf("only %d keys seen: the test no longer reads the templates", checked)
	}
	for _, p := range pages {
		if _, ok := p.zero.(titled); !ok && !fr.has(p.name+".title") {
			t.Errorf("page %s has no title %s.title", p.name, p.name)
		}
	}
	for _, status := range []int{401, 403, 404, 409, 413, 422, 429, 500, 503} {
		for _, part := range []string{".title", ".next"} {
			if key := "refused." + kindOfStatus(status) + part; !fr.has(key) {
				t.Errorf("no sentence %s", key)
			}
		}
	}
	for _, rt := range (&Server{}).routes() {
		if rt.navKey != "" && !fr.has(rt.navKey) {
			t.Errorf("route %s: no sentence %s", rt.pattern, rt.navKey)
		}
	}
}

type embedded interface {
	fs.FS
	ReadFile(string) ([]byte, error)
}

// A word whose values are quoted as {name:prefix} has a sentence for each of them.
func TestEveryRoleHasItsWord(t *testing.T) {
	for lang, c := range catalogues(t) {
		for _, role := range ailleurs.Roles {
			if !c.has("role." + string(role)) {
				t.Errorf("%s: no word for the role %s", lang, role)
			}
		}
	}
}

// The house says « vous », writes for everyone, and keeps away from the words of the police, of pity and of publicity.
func TestFrenchKeepsToTheWordsOfTheHouse(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)(^|[^\pL-])(tu|toi|ton|tes|veuillez|merci de|cliquez|cliquer|mail|email|mél|mails|login|loguer|utilisateur|utilisateurs|administré|délinquant|délinquance|dealer|dealers|trafiquant|trafiquants|cité|cités|racaille|victimes|assisté|cas social|indic|balance|bénéficiaire|bénéficiaires|monsieur le maire|les élus|les citoyens|un référent|le référent|les référents|vos référents|votre référent|exfiltrer|migrant|homme providentiel|n°|svp|etc\.)($|[^\pL·])`)
	check := func(where, text string) {
		if found := forbidden.FindString(text); found != "" {
			t.Errorf("%s says %q: %s", where, strings.TrimSpace(found), text)
		}
		if strings.Contains(text, "...") || strings.Contains(text, "'") {
			t.Errorf("%s: three dots or a straight apostrophe: %s", where, text)
		}
	}
	c := catalogues(t)[French]
	for key, m := range c.said {
		for _, text := range m {
			check(key, text)
		}
	}
	names, err := fs.Glob(sentences, "i18n/fr/*.html")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile(`<[^>]*>|\{\{[^}]*\}\}`)
	for _, name := range names {
		b, err := sentences.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(tag.ReplaceAllString(string(b), ""), "\n") {
			check(name, line)
		}
	}
}

func TestSentencesCountQuoteAndEscape(t *testing.T) {
	c := &catalogue{lang: French, tag: catalogues(t)[French].tag, said: map[string]message{
		"days":      {"one": "reste {n} jour", "other": "reste {n} jours"},
		"role.a":    {"other": "référent·e"},
		"asked":     {"other": "rôle : {role:role}"},
		"rich":      {"other": "Voir <i> **{what}** et [l’aide](/aide) de {role:role}"},
		"script":    {"other": "[non](javascript:alert)"},
		"elsewhere": {"other": "{nothing}"},
	}}
	for _, test := range []struct{ got, want string }{
		{c.say("days", "n", 0), "reste 0 jour"},
		{c.say("days", "n", 1), "reste 1 jour"},
		{c.say("days", "n", "2"), "reste 2 jours"},
		{c.say("days", "n", 1200), "reste 1\u202f200 jours"},
		{c.say("asked", "role", "a"), "rôle : référent·e"},
		{c.say("elsewhere"), "{nothing}"},
		{c.say("absent"), "⟦absent⟧"},
		{string(c.rich("rich", "what", "<b>[x](/y)", "role", "a")), `Voir &lt;i&gt; <strong>&lt;b&gt;[x](/y)</strong> et <a href="/aide">l’aide</a> de référent·e`},
		{string(c.rich("script")), "[non](javascript:alert)"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestFrenchSpacesAreSet(t *testing.T) {
	got := typeset(French, "Il dit : « oui » ! Non ? 5 % — fin ; 3 €")
	want := "Il dit\u00a0: «\u202foui\u202f»\u202f! Non\u202f? 5\u202f%\u00a0— fin\u202f; 3\u00a0€"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = typesetHTML(French, `<a title="x : y">Ah ?</a> {{$x := 1}}`)
	if want = "<a title=\"x : y\">Ah\u202f?</a> {{$x := 1}}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDatesHoursAndClocksReadAsFrench(t *testing.T) {
	c := catalogues(t)
	plain := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace
	when := time.Date(2026, 3, 12, 13, 0, 0, 0, time.UTC)
	first := time.Date(2026, 4, 30, 22, 30, 0, 0, time.UTC) // already the first of May in Paris
	for _, test := range []struct{ got, want string }{
		{c[French].date(when), "12 mars 2026"},
		{c[French].date(first), "1er mai 2026"},
		{c[French].hour(first), "0 h 30"},
		{c[French].hour(when), "14 h"},
		{c[English].date(when), "12 March 2026"},
		{c[English].hour(when), "14:00"},
		{c[French].clock(Clock{Due: when, Unit: WorkingDays, Left: 1}), "avant jeudi 12 mars, 14 h — reste 1 jour ouvré"},
		{c[French].clock(Clock{Due: when, Unit: Hours, Left: 3, Short: true}), "reste 3 heures"},
		{c[French].clock(HoursUntil(when, when)), "avant jeudi 12 mars, 14 h — délai dépassé"},
		{c[French].clock(HoursUntil(when, when.Add(-time.Minute))), "avant jeudi 12 mars, 14 h — reste moins d’une heure"},
		{c[English].clock(Clock{Due: when, Unit: WorkingDays, Left: 2}), "before Thursday 12 March, 14:00 — 2 working days left"},
		{c[French].number(149936), "149 936"},
		{c[French].number(-12), "−12"},
		{c[English].number(1234567), "1,234,567"},
	} {
		if plain(test.got) != test.want {
			t.Errorf("got %q, want %q", plain(test.got), test.want)
		}
	}
}
