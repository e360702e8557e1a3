package desk

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Warning is something in a free text that may not belong there. It warns, it does not forbid: the caseworker decides.
type Warning struct {
	Code WarningCode `json:"code"`
	Text string      `json:"text"` // the words that drew the warning
}

// WarningCode says what kind of thing was seen.
type WarningCode string

// The kinds of warning. Sources: RGPD 9 (health) and 10 with loi 78-17 art. 46 (offences): no field may hold them.
const (
	PhoneNumber  WarningCode = "phone"
	NumberPlate  WarningCode = "plate"
	EmailAddress WarningCode = "email"
	OtherName    WarningCode = "other_name"
	OffenceFact  WarningCode = "offence"
	HealthWord   WarningCode = "health"
)

var (
	phonePattern = regexp.MustCompile(`(?:\+33|0033|0)\s?[1-9](?:[\s.\-]?\d{2}){4}\b`)
	platePattern = regexp.MustCompile(`(?i)\b[A-HJ-NP-TV-Z]{2}[\s-]?\d{3}[\s-]?[A-HJ-NP-TV-Z]{2}\b|\b\d{2,4}\s[A-Z]{2,3}\s(?:\d{2}|2[AB])\b`)
	emailPattern = regexp.MustCompile(`[\p{L}\d._%+-]+@[\p{L}\d-]+\.[\p{L}\d.-]+`)
	namePattern  = regexp.MustCompile(`\p{Lu}[\p{L}'’]+(?:[ -]\p{Lu}[\p{L}'’]+)+`)
)

// Stems that open words of an offence or of health, folded; a word counts when it begins with one.
var (
	offenceStems = []string{
		"condamn", "casier", "cocaine", "cannabis", "heroine", "deal", "trafiqu", "guett", "nourrice", "charbonn", "braqu", "meurtr", "homicid",
		"garde a vue", "incarcer", "prison", "mis en examen", "juge d'instruction", "stupefiant", "shit", "kalach", "fusil", "arme a feu", "recel",
	}
	healthStems = []string{
		"malad", "depress", "psychiatr", "addict", "toxicoman", "hiv", "vih", "diabet", "epilep", "handicap", "enceinte", "grossesse", "suicid",
		"traitement medic", "medicament", "hospitalis", "schizo", "bipolair", "cancer",
	}
)

// Lint looks through a free text before it is sealed. Names that belong (the person's own, places the form already holds)
// are given in known and draw no warning. The order is that of the text, each kind of thing once per wording.
func Lint(text string, known ...string) []Warning {
	var found []Warning
	add := func(code WarningCode, words string) {
		w := Warning{code, words}
		if !slices.Contains(found, w) {
			found = append(found, w)
		}
	}
	for _, p := range []struct {
		code    WarningCode
		pattern *regexp.Regexp
	}{{PhoneNumber, phonePattern}, {NumberPlate, platePattern}, {EmailAddress, emailPattern}} {
		for _, m := range p.pattern.FindAllString(text, -1) {
			add(p.code, strings.TrimSpace(m))
		}
	}
	for _, m := range namePattern.FindAllString(text, -1) {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.Contains(fold(k), fold(m)) }) {
			add(OtherName, m)
		}
	}
	folded := " " + fold(text)
	for _, s := range []struct {
		code  WarningCode
		stems []string
	}{{OffenceFact, offenceStems}, {HealthWord, healthStems}} {
		for _, stem := range s.stems {
			if i := strings.Index(folded, " "+stem); i >= 0 {
				add(s.code, wordsAt(folded[i+1:], strings.Count(stem, " ")+1))
			}
		}
	}
	return found
}

// wordsAt returns the n first words of s.
func wordsAt(s string, n int) string {
	fields := strings.Fields(s)
	return strings.Join(fields[:min(n, len(fields))], " ")
}

// fold lowers a text and takes its accents off, and turns what separates words into single spaces, apostrophes excepted.
func fold(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case strings.ContainsRune("àâä", r):
			r = 'a'
		case strings.ContainsRune("éèêë", r):
			r = 'e'
		case strings.ContainsRune("îï", r):
			r = 'i'
		case strings.ContainsRune("ôö", r):
			r = 'o'
		case strings.ContainsRune("ùûü", r):
			r = 'u'
		case r == 'ç':
			r = 'c'
		case r == '’':
			r = '\''
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'':
			r = ' '
		}
		if r == ' ' && (b.Len() == 0 || strings.HasSuffix(b.String(), " ")) {
			continue
		}
		if utf8.ValidRune(r) {
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}
