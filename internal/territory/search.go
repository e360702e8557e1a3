package territory

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Bounds of a search: what is typed beyond them is not read, and more results are not given.
const (
	maxQuery   = 120 // bytes
	maxResults = 100
)

// Search returns at most limit communes (100 if more are asked) for what someone typed, best first, each once:
//
//   - names, whole or begun, without regard to case, accents, hyphens, apostrophes or ligatures: "st etienne",
//     "l hay les roses", "lhay", "rochelle", "chalon s saone", "Fort de France";
//   - followed by a département, as number or name: "saint pierre 17", "Saint-Denis (93)", "saint pierre reunion";
//   - former names, delegated communes and arrondissements, which lead to the commune of today: "lyon 3e", "octeville";
//   - postcodes and INSEE codes, whole or begun, alone or beside a name: "69003", "690", "33000 bordeaux", "2a004";
//   - a [Commune.Label];
//   - when nothing else is found, names with a letter or two amiss: "monpelier".
//
// Whole names come before begun ones, beginnings before words inside, today's names before former ones; among equals the
// most populated first.
func (t *Territory) Search(query string, limit int) []Commune {
	if len(query) > maxQuery {
		query = query[:maxQuery]
	}
	if name, tail, ok := strings.Cut(query, "–"); ok && strings.Contains(tail, "hab") {
		query = name // the tail of a label
	}
	words := readWords(Fold(query))
	limit = min(limit, maxResults)
	if limit <= 0 || len(words) == 0 {
		return nil
	}
	s := search{t: t, ix: t.index(), limit: limit}
	s.run(words)
	communes := make([]Commune, len(s.best))
	for i, b := range s.best {
		communes[i] = t.communes[b.commune]
	}
	return communes
}

// The classes of a match, best first.
const (
	wholeName      = iota // the name
	wholeNameBare         // the name without its article: "rochelle"
	nameBegins            // the name begins so, with or without article
	otherNameWhole        // a former name, arrondissement
	wordBegins            // a word inside the name begins so
	otherNameBegins
	otherWordBegins
	wordsBegin // words of the name begin so, in this order, others between
	otherWordsBegin
	resembles // typed with a letter or two amiss
	classes   // number of classes, to shift a match behind all others
)

// A search gathers the best communes for one query.
type search struct {
	t           *Territory
	ix          *index
	limit       int
	departement string // if not empty, communes elsewhere do not count
	behind      int    // classes to add: matches found so come after those found before
	best        []scored
}

type scored struct {
	score   int64 // class, then rank by population; lower is better
	commune int32
}

// offer takes commune among the best if it belongs there.
func (s *search) offer(class int, commune int32) {
	if s.departement != "" && s.t.communes[commune].Departement != s.departement {
		return
	}
	score := int64(class+s.behind)<<32 | int64(s.t.rank[commune])
	if len(s.best) == s.limit && score >= s.best[s.limit-1].score {
		return
	}
	if i := slices.IndexFunc(s.best, func(b scored) bool { return b.commune == commune }); i >= 0 {
		if s.best[i].score <= score {
			return
		}
		s.best = slices.Delete(s.best, i, i+1)
	}
	if len(s.best) == s.limit {
		s.best = s.best[:s.limit-1]
	}
	i, _ := slices.BinarySearchFunc(s.best, score, func(b scored, score int64) int { return cmp.Compare(b.score, score) })
	s.best = slices.Insert(s.best, i, scored{score, commune})
}

func (s *search) run(words []string) {
	if i := slices.IndexFunc(words, isPlaceCode); i >= 0 {
		if s.code(words[i], without(words, i)); len(s.best) > 0 {
			return
		}
		if len(words) > 1 {
			words = without(words, i)
		}
	}
	last := len(words) - 1
	if last == 0 {
		s.number(words[0])
		s.names(words)
	} else {
		s.arrondissement(words[:last], words[last])
		if d, ok := s.t.Departement(strings.ToUpper(words[last])); ok {
			s.departement = d.Code
			s.names(words[:last])
			s.departement = ""
			s.behind += classes
		}
		s.names(words)
	}
	if len(s.best) == 0 {
		s.namedDepartement(words)
	}
	if len(s.best) == 0 {
		s.misspelt(words)
	}
	if len(s.best) == 0 && last > 0 && isNumber(words[last]) {
		s.names(words[:last]) // a number that means nothing here
	}
}

// arrondissement takes Paris, Lyon or Marseille when they come with the number of an arrondissement: "lyon 03".
func (s *search) arrondissement(words []string, number string) {
	if !isNumber(number) {
		return
	}
	full := strings.Join(words, " ") + " " + ordinal(number) + " arrondissement"
	for _, e := range s.ix.begin(full) {
		if n := &s.ix.names[e.name]; n.folded == full {
			s.offer(wholeName, n.commune)
		}
	}
}

// names takes communes whose name, a word of it, or several words of it in order begin with words.
func (s *search) names(words []string) {
	last := len(words) - 1
	s.beginning(strings.Join(words, " "), false)
	if full := unabridged[words[last]]; full != "" { // "st" begins Strasbourg as well as standing for saint
		words = slices.Clone(words)
		words[last] = full
		s.beginning(strings.Join(words, " "), true)
	}
	if last > 0 && len(s.best) < s.limit {
		s.inOrder(words)
	}
}

// beginning takes communes with a name, or the end of a name from some word on, that begins so. Nothing unfinished is a
// whole name.
func (s *search) beginning(begun string, unfinished bool) {
	for _, e := range s.ix.begin(begun) {
		n := &s.ix.names[e.name]
		whole := !unfinished && len(n.folded) == int(e.at)+len(begun)
		class := nameBegins
		switch {
		case n.other && e.at == 0 && whole:
			class = otherNameWhole
		case n.other && e.at == 0:
			class = otherNameBegins
		case n.other:
			class = otherWordBegins
		case e.at == 0 && whole:
			class = wholeName
		case int(e.at) == n.bare && whole:
			class = wholeNameBare
		case e.at != 0 && int(e.at) != n.bare:
			class = wordBegins
		}
		s.offer(class, n.commune)
	}
}

// inOrder takes communes a name of which has, in order, a word that begins with each of words.
func (s *search) inOrder(words []string) {
	for n := range s.ix.withWords(words) {
		if n.other {
			s.offer(otherWordsBegin, n.commune)
		} else {
			s.offer(wordsBegin, n.commune)
		}
	}
}

func beginInOrder(name string, words []string) bool {
	for w := range strings.SplitSeq(name, " ") {
		if strings.HasPrefix(w, words[0]) {
			if words = words[1:]; len(words) == 0 {
				return true
			}
		}
	}
	return false
}

// code takes the communes of a postcode, then the one of an INSEE code; those that the other words name come first.
func (s *search) code(code string, others []string) {
	named := map[int32]bool{}
	if len(others) > 0 {
		for n := range s.ix.withWords(others) {
			named[n.commune] = true
		}
	}
	take := func(commune int32, class int) {
		if len(named) > 0 && !named[commune] {
			class += 2
		}
		s.offer(class, commune)
	}
	for _, p := range s.t.posted(code) {
		take(p.commune, 0)
	}
	if current, ok := s.t.Current(strings.ToUpper(code)); ok {
		if i, ok := s.t.find(current); ok {
			take(int32(i), 1)
		}
	}
}

// number takes the communes of a département or of a begun postcode.
func (s *search) number(word string) {
	if d, ok := s.t.Departement(strings.ToUpper(word)); ok {
		from, _ := s.t.find(d.Code)
		for i := range s.t.Communes(d.Code) {
			s.offer(wholeName, int32(from+i))
		}
	} else if isNumber(word) && len(word) < 5 {
		for _, p := range s.t.posted(word) {
			s.offer(nameBegins, p.commune)
		}
	}
}

// namedDepartement tries to read the last words as the name of a département, with or without its article.
func (s *search) namedDepartement(words []string) {
	for i := 1; i < len(words); i++ {
		tail := strings.Join(words[i:], " ")
		if len(tail) < 3 {
			continue
		}
		for _, d := range s.t.departements {
			name := Fold(d.Name)
			if strings.HasPrefix(name, tail) || strings.HasPrefix(name[article(name):], tail) {
				s.departement = d.Code
				s.names(words[:i])
				s.departement = ""
			}
		}
	}
}

// misspelt takes the communes whose names are nearest to words: one letter amiss from five letters on, two from nine on.
func (s *search) misspelt(words []string) {
	typed := strings.Join(words, " ")
	allowed := 0
	switch {
	case len(typed) >= 9:
		allowed = 2
	case len(typed) >= 5:
		allowed = 1
	}
	row := make([]int, len(typed)+1)
	for i := range s.ix.names {
		n := &s.ix.names[i]
		if n.other || allowed == 0 || n.folded[0] != typed[0] {
			continue
		}
		if distance(n.folded, typed, allowed, row) <= allowed {
			s.offer(resembles, n.commune)
		}
	}
}

// distance returns the number of letters to insert, remove or replace between a and b (Levenshtein), or more than allowed
// as soon as it is known to exceed it. It works in row, of length len(b)+1.
func distance(a, b string, allowed int, row []int) int {
	if len(a)-len(b) > allowed || len(b)-len(a) > allowed {
		return allowed + 1
	}
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal, least := row[0], len(a)+len(b)
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
			least = min(least, row[j+1])
		}
		if least > allowed {
			return allowed + 1
		}
	}
	return row[len(b)]
}

// unabridged are the abbreviations of the first words of names.
var unabridged = map[string]string{"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}

// readWords splits folded text into words as names are indexed: abbreviations spelt out but for the last word, which may
// be unfinished; "3eme", "3 eme" and "3e" alike; "cedex" and its number left out.
func readWords(folded string) []string {
	var words []string
	all := strings.Fields(folded)
	for i, w := range all {
		switch {
		case w == "cedex", i > 0 && all[i-1] == "cedex" && isNumber(w) && len(w) <= 2:
			continue
		case i+1 < len(all) && unabridged[w] != "":
			w = unabridged[w]
		case len(words) > 0 && isNumber(words[len(words)-1]) && isOrdinalEnding(w):
			words[len(words)-1] = ordinal(words[len(words)-1])
			continue
		default:
			if digits := strings.TrimRight(w, "abcdefghijklmnopqrstuvwxyz"); len(digits) < 3 && isNumber(digits) && isOrdinalEnding(w[len(digits):]) {
				w = ordinal(digits)
			}
		}
		words = append(words, w)
	}
	return words
}

func isOrdinalEnding(s string) bool {
	return s == "e" || s == "er" || s == "ere" || s == "eme" || s == "ieme"
}

// ordinal writes digits as names of arrondissements do: "1er", "3e".
func ordinal(digits string) string {
	digits = strings.TrimLeft(digits, "0")
	if digits == "1" {
		return "1er"
	}
	return digits + "e"
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isPlaceCode reports whether a folded word has the form of a postcode or INSEE code.
func isPlaceCode(s string) bool {
	return len(s) == 5 && (isNumber(s) || (s[:2] == "2a" || s[:2] == "2b") && isNumber(s[2:]))
}

func without(words []string, i int) []string { return slices.Delete(slices.Clone(words), i, i+1) }

// article returns the length of the article that a folded name begins with, and the space after it; 0 if it has none.
func article(folded string) int {
	for _, a := range [...]string{"le ", "la ", "les ", "l "} {
		if strings.HasPrefix(folded, a) {
			return len(a)
		}
	}
	return 0
}

// An index holds every folded name and, in alphabetical order, every place in it where a word begins.
type index struct {
	names   []name
	entries []entry
}

type name struct {
	folded  string
	bare    int // where the name begins without its article
	commune int32
	other   bool // a former name, an arrondissement, a spelling without apostrophe
}

// An entry stands for names[name].folded[at:].
type entry struct {
	name int32
	at   uint16
}

func (ix *index) text(e entry) string { return ix.names[e.name].folded[e.at:] }

// begin returns the entries whose text begins with prefix.
func (ix *index) begin(prefix string) []entry {
	from, _ := slices.BinarySearchFunc(ix.entries, prefix, func(e entry, prefix string) int { return cmp.Compare(ix.text(e), prefix) })
	rest := ix.entries[from:]
	// '~' sorts after every folded character.
	to, _ := slices.BinarySearchFunc(rest, prefix+"~", func(e entry, end string) int { return cmp.Compare(ix.text(e), end) })
	return rest[:to]
}

// withWords yields the names that have, in order, a word that begins with each of words. It goes through the names of
// the rarest word; a name that has it twice comes twice.
func (ix *index) withWords(words []string) iter.Seq[*name] {
	var rarest []entry
	for i, w := range words {
		if entries := ix.begin(w); i == 0 || len(entries) < len(rarest) {
			rarest = entries
		}
	}
	return func(yield func(*name) bool) {
		for _, e := range rarest {
			if n := &ix.names[e.name]; beginInOrder(n.folded, words) && !yield(n) {
				return
			}
		}
	}
}

func (t *Territory) buildIndex() *index {
	ix := &index{names: make([]name, 0, len(t.communes)+len(t.former))}
	add := func(folded string, commune int32, other bool) {
		if folded != "" {
			ix.names = append(ix.names, name{folded, article(folded), commune, other})
		}
	}
	for i := range t.communes {
		add(Fold(t.communes[i].Name), int32(i), false)
		if n := t.communes[i].Name; strings.ContainsAny(n, "'’") {
			// "lhay les roses": the apostrophe forgotten
			add(Fold(strings.NewReplacer("'", "", "’", "").Replace(n)), int32(i), true)
		}
	}
	for _, f := range t.former {
		if f.name == "" {
			continue
		}
		if folded := Fold(f.name); folded != Fold(t.communes[f.commune].Name) {
			add(folded, f.commune, true)
		}
	}
	// Sorting by the first eight letters packed into a number spares most comparisons of texts.
	type keyed struct {
		key uint64
		entry
	}
	var sorted []keyed
	for i := range ix.names {
		folded := ix.names[i].folded
		for at := 0; at < len(folded); at++ {
			if at > 0 && folded[at-1] != ' ' {
				continue
			}
			sorted = append(sorted, keyed{packed(folded[at:]), entry{int32(i), uint16(at)}})
		}
	}
	slices.SortFunc(sorted, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return cmp.Or(cmp.Compare(ix.text(a.entry), ix.text(b.entry)), cmp.Compare(a.name, b.name))
	})
	ix.entries = make([]entry, len(sorted))
	for i, s := range sorted {
		ix.entries[i] = s.entry
	}
	return ix
}

// packed returns the first eight bytes of s as a number that sorts as they do.
func packed(s string) uint64 {
	var key uint64
	for i := range 8 {
		key <<= 8
		if i < len(s) {
			key |= uint64(s[i])
		}
	}
	return key
}
