package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed i18n
var sentences embed.FS

// A Lang is a language of the screens.
type Lang string

// The languages. French is the source; English says the same.
const (
	French  Lang = "fr"
	English Lang = "en"
)

// Langs lists the languages, the source first.
var Langs = []Lang{French, English}

// Valid reports whether the screens speak l.
func (l Lang) Valid() bool { return slices.Contains(Langs, l) }

// A catalogue holds every sentence of one language by key, from all files of i18n/<lang>. A sentence quotes arguments as
// {name}; {name:prefix} quotes the sentence "prefix.value" instead, for values that are words of the house ("role",
// "state"). A sentence that counts is an object of plural forms, chosen by its argument n.
type catalogue struct {
	lang Lang
	tag  language.Tag
	said map[string]message
}

// message is one sentence: under "other" alone, or under the plural forms of its language ("one", "other").
type message map[string]string

// UnmarshalJSON accepts a string or an object of plural forms.
func (m *message) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*m = message{"other": one}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	for form := range forms {
		if form != "one" && form != "other" {
			return fmt.Errorf("plural form %q is neither one nor other", form)
		}
	}
	if _, ok := forms["other"]; !ok {
		return fmt.Errorf("a sentence that counts needs the form other")
	}
	*m = forms
	return nil
}

// loadCatalogue reads every file of one language; a key may stand in one file only.
func loadCatalogue(lang Lang) (*catalogue, error) {
	c := &catalogue{lang: lang, tag: language.Make(string(lang)), said: make(map[string]message)}
	files, err := fs.Glob(sentences, path.Join("i18n", string(lang), "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		b, err := sentences.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var said map[string]message
		if err := json.Unmarshal(b, &said); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, m := range said {
			if _, ok := c.said[key]; ok {
				return nil, fmt.Errorf("%s: the key %s stands in another file too", name, key)
			}
			for form, text := range m {
				m[form] = typeset(lang, text)
			}
			c.said[key] = m
		}
	}
	return c, nil
}

// Sentence says a refusal outside a page (the command line, an e-mail); the second result is false when the catalogue
// lacks its key.
func Sentence(lang Lang, r *ailleurs.Refusal) (string, bool) {
	c, err := loadedCatalogue(lang)
	if err != nil || !c.has(r.Key) {
		return r.Error(), false
	}
	return c.refusal(r), true
}

// loadedCatalogue is loadCatalogue, once for each language.
func loadedCatalogue(lang Lang) (*catalogue, error) {
	if lang == English {
		return englishOnce()
	}
	return frenchOnce()
}

var (
	frenchOnce  = sync.OnceValues(func() (*catalogue, error) { return loadCatalogue(French) })
	englishOnce = sync.OnceValues(func() (*catalogue, error) { return loadCatalogue(English) })
)

// has reports whether the catalogue knows key.
func (c *catalogue) has(key string) bool { _, ok := c.said[key]; return ok }

// keys lists the keys in alphabetical order.
func (c *catalogue) keys() []string { return slices.Sorted(maps.Keys(c.said)) }

var placeholder = regexp.MustCompile(`\{([a-z_]+)(?::([a-z_]+))?\}`)

// say returns the sentence of key; args alternate names and values. An unknown key is returned between ⟦ ⟧, so that it is
// seen rather than silent; tests keep that from happening.
func (c *catalogue) say(key string, args ...any) string {
	return c.fill(key, func(s string) string { return s }, pairs(args))
}

// fill is say with every quoted value passed through quote.
func (c *catalogue) fill(key string, quote func(string) string, args map[string]any) string {
	m, ok := c.said[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	return placeholder.ReplaceAllStringFunc(m[c.form(m, args)], func(found string) string {
		part := placeholder.FindStringSubmatch(found)
		v, ok := args[part[1]]
		switch {
		case !ok:
			return found
		case part[2] != "":
			return quote(c.say(part[2] + "." + fmt.Sprint(v)))
		default:
			return quote(c.value(v))
		}
	})
}

// form picks the plural form by the argument n.
func (c *catalogue) form(m message, args map[string]any) string {
	if _, ok := m["one"]; !ok {
		return "other"
	}
	n, err := strconv.Atoi(fmt.Sprint(args["n"]))
	if err != nil {
		return "other"
	}
	if plural.Cardinal.MatchPlural(c.tag, max(n, -n), 0, 0, 0, 0) == plural.One {
		return "one"
	}
	return "other"
}

// value writes an argument as the language does.
func (c *catalogue) value(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return c.number(v)
	case time.Time:
		return c.date(v)
	default:
		return fmt.Sprint(v)
	}
}

// pairs gathers alternating names and values.
func pairs(args []any) map[string]any {
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		m[fmt.Sprint(args[i])] = args[i+1]
	}
	return m
}

var (
	strong = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	link   = regexp.MustCompile(`\[([^\]]+)\]\(((?:/|https://|tel:|sms:|mailto:|#)[^)\s"]*)\)`)
)

// rich is say for sentences that hold **strong** words and [links](/path); all else, arguments included, is escaped.
func (c *catalogue) rich(key string, args ...any) template.HTML {
	m, ok := c.said[key]
	if !ok {
		return template.HTML(template.HTMLEscapeString("⟦" + key + "⟧"))
	}
	// Marks are read before arguments are put in, so that an argument can never make a link.
	marked := make(message, len(m))
	for form, text := range m {
		text = template.HTMLEscapeString(text)
		text = strong.ReplaceAllString(text, "<strong>$1</strong>")
		marked[form] = link.ReplaceAllString(text, `<a href="$2">$1</a>`)
	}
	one := &catalogue{lang: c.lang, tag: c.tag, said: map[string]message{key: marked}}
	args2 := pairs(args)
	for name, v := range args2 {
		args2[name] = c.value(v)
	}
	for _, part := range placeholder.FindAllStringSubmatch(m["one"]+m["other"], -1) {
		if v, ok := args2[part[1]]; ok && part[2] != "" {
			one.said[part[2]+"."+fmt.Sprint(v)] = message{"other": c.say(part[2] + "." + fmt.Sprint(v))}
		}
	}
	return template.HTML(one.fill(key, template.HTMLEscapeString, args2)) //nolint:gosec // escaped above, piece by piece
}

// typeset sets the no-break spaces that French wants, so that translators type plain ones.
func typeset(lang Lang, s string) string {
	if lang != French {
		return s
	}
	return frenchSpaces.Replace(s)
}

const (
	narrow  = "\u202f" // narrow no-break space
	noBreak = "\u00a0"
)

var frenchSpaces = strings.NewReplacer(
	"« ", "«"+narrow, " »", narrow+"»",
	" ;", narrow+";", " !", narrow+"!", " ?", narrow+"?",
	" :", noBreak+":", " —", noBreak+"—", " %", narrow+"%", " €", noBreak+"€",
)

// number writes n with its thousands apart: 34 969 in French, 34,969 in English.
func (c *catalogue) number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	apart := narrow
	if c.lang == English {
		apart = ","
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(apart)
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// Days and months are here rather than in the files: they are grammar, not sentences.
var (
	months = map[Lang][]string{
		French:  {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		English: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	}
	weekdays = map[Lang][]string{
		French:  {"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		English: {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	}
)

// date writes "12 mars 2026", in Paris.
func (c *catalogue) date(t time.Time) string {
	return c.dayOfMonth(t) + noBreak + strconv.Itoa(t.In(territory.Paris()).Year())
}

// day writes "jeudi 12 mars".
func (c *catalogue) day(t time.Time) string {
	return weekdays[c.lang][t.In(territory.Paris()).Weekday()] + " " + c.dayOfMonth(t)
}

func (c *catalogue) dayOfMonth(t time.Time) string {
	t = t.In(territory.Paris())
	d := strconv.Itoa(t.Day())
	if c.lang == French && t.Day() == 1 {
		d = "1er"
	}
	return d + noBreak + months[c.lang][t.Month()-1]
}

// hour writes "14 h 30", "14 h" on the hour; "2:30 pm" in English would be ambiguous beside it, so English has "14:30".
func (c *catalogue) hour(t time.Time) string {
	t = t.In(territory.Paris())
	if c.lang == English {
		return t.Format("15:04")
	}
	s := strconv.Itoa(t.Hour()) + noBreak + "h"
	if t.Minute() > 0 {
		s += noBreak + t.Format("04")
	}
	return s
}
