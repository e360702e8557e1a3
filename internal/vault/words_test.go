package vault

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

func TestWordsAreToldApartByFourLetters(t *testing.T) {
	words := Words()
	if len(words) != WordCount {
		t.Fatalf("%d words", len(words))
	}
	form := regexp.MustCompile(`^[a-zàâçèéêëîïôöùûüœ]{4,10}$`)
	four := map[string]string{}
	for i, w := range words {
		if !form.MatchString(w) || utf8.RuneCountInString(w) > 10 {
			t.Errorf("%q is not four to ten lower-case French letters", w)
		}
		f := Fold(w)
		if other, ok := four[f[:4]]; ok {
			t.Errorf("%q and %q begin alike", w, other)
		}
		four[f[:4]] = w
		if i > 0 && Fold(words[i-1]) >= f {
			t.Errorf("%q stands after %q", w, words[i-1])
		}
		if !regexp.MustCompile(`^[a-z]+$`).MatchString(f) {
			t.Errorf("%q folds to %q", w, f)
		}
	}
}

// The list is spoken aloud to people in distress: no word in it is about violence, weapons, drugs, police, prison, death or faith.
func TestWordsHurtNobody(t *testing.T) {
	unwelcome := strings.Fields(`arme fusil pistolet balle bombe sang mort mourir tuer tueur meurtre cadavre cercueil tombe viol
		violence violent guerre combat coup prison police flic juge crime criminel victime otage enlever drogue dealer gang
		cannabis cocaine alcool dieu eglise messe mosquee temple saint pretre imam rabbin priere ange diable enfer satan suicide
		cancer maladie peur terreur haine menace fuir fuite clandestin esclave negre race tribu parti vote`)
	for _, w := range unwelcome {
		if slices.ContainsFunc(Words(), func(v string) bool { return Fold(v) == w }) {
			t.Errorf("%q is in the list", w)
		}
	}
}

func TestWordsAreReadAsPeopleTypeThem(t *testing.T) {
	words := Words()
	pick := func(prefix string) string {
		i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(Fold(w), prefix) })
		if i < 0 {
			t.Fatalf("no word begins with %q", prefix)
		}
		return words[i]
	}
	want := []string{pick("fore"), pick("heli"), pick("boeu")}
	for _, typed := range []string{
		"forêt hélice bœuf", "FORET HELICE BOEUF", "fore heli boeu", "  forêt,\thélice;bœuf\n", "fore\u0302t-he\u0301lice-bœuf", "1. forêt 2. hélices 3. bœufs",
	} {
		got, err := ReadWords(typed, 3)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ReadWords(%q) = %v, %v; want %v", typed, got, err, want)
		}
	}
	_, err := ReadWords("forêt zzzz bœuf", 3)
	refused(t, err, "vault.unknown_word")
	if place := ailleurs.AsRefusal(err).Args["place"]; place != "2" {
		t.Errorf("the wrong word is said to be number %s", place)
	}
	_, err = ReadWords("forêt bœuf", 3)
	refused(t, err, "vault.word_count")
	_, err = ReadWords("for hélice bœuf", 3)
	refused(t, err, "vault.unknown_word")
	_, err = ReadWords(strings.Repeat("forêt ", 500), 3)
	refused(t, err, "vault.too_large")
}

func TestPaperCodeNoticesMostSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var secret [16]byte
		copy(secret[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "secret"))
		code := paperCode(&secret)
		back, err := readPaper(strings.ToUpper(Fold(code)))
		if err != nil || [16]byte(back) != secret {
			t.Fatalf("%q is read back as %x, %v", code, back, err)
		}
	})
	// One word in another's place passes the four bits of checksum once in sixteen times: the lock itself stops those.
	words, passed := Words(), 0
	const tries = 3200
	for i := range tries {
		code := strings.Fields(NewPaperCode())
		code[i%PaperWords] = words[(slices.Index(words, code[i%PaperWords])+1+i%7)%WordCount]
		_, err := readPaper(strings.Join(code, " "))
		if err == nil {
			passed++
		} else {
			refused(t, err, "vault.bad_checksum")
		}
	}
	if passed > tries/8 {
		t.Errorf("%d of %d slips went unnoticed", passed, tries)
	}
}

func TestDrawnWordsCoverTheList(t *testing.T) {
	seen := map[string]bool{}
	for range 4000 {
		for _, w := range strings.Fields(NewPassphrase()) {
			seen[w] = true
		}
	}
	// 24,000 draws miss a given word with a chance of e^-11.7.
	if len(seen) < WordCount-2 {
		t.Errorf("4,000 phrases hold only %d words", len(seen))
	}
	first, second, ok := strings.Cut(NewDossierName(), "-")
	if !ok || !slices.Contains(Words(), first) || !slices.Contains(Words(), second) {
		t.Errorf("a dossier is called %s-%s", first, second)
	}
}

func TestCallWordsAgreeOnlyWithoutAGoBetween(t *testing.T) {
	s := newStage(t)
	host := must[*Opened](t)(s.host.Open(s.received, now))
	here := must[[]string](t)(s.origin.CallWords(s.opened, s.hostLead.Public()))
	there := must[[]string](t)(s.host.CallWords(host, s.lead.Public()))
	if len(here) != 6 || !slices.Equal(here, there) {
		t.Fatalf("%v at the origin, %v at the host", here, there)
	}
	for name, words := range map[string][]string{
		"another person":   must[[]string](t)(s.origin.CallWords(s.opened, s.hostSecond.Public())),
		"another card key": CallWords(s.lead.Public(), s.hostLead.Public(), must[*Key](t)(NewKey(s.opened.Folder))),
		"another recipient": func() []string {
			p := s.hostLead.Public()
			p.Recipient = s.trousseau().Public().Recipient
			return CallWords(s.lead.Public(), p, s.opened.key)
		}(),
	} {
		if slices.Equal(words, here) {
			t.Errorf("%s gives the same words", name)
		}
	}
	p := s.hostLead.Public()
	p.Recipient = s.trousseau().Public().Recipient
	_, err := s.origin.CallWords(s.opened, p)
	refused(t, err, "vault.swapped_key")
}

func TestCodeWordIsTheSameHoweverItIsSaid(t *testing.T) {
	word := func(s string) CodeWord { return must[CodeWord](t)(ReadCodeWord(s)) }
	for _, same := range []string{"Été indien", "ete indien", "ÉTÉ-INDIEN", " e\u0301te\u0301 indien! "} {
		if !word("été indien").Same(word(same)) {
			t.Errorf("%q is another word", same)
		}
	}
	if word("été indien").Same(word("été indienne")) || (CodeWord{}).Same(CodeWord{}) {
		t.Error("different or empty words are the same")
	}
	for _, bad := range []string{"", "mai", "!!!!!", strings.Repeat("a", 41)} {
		_, err := ReadCodeWord(bad)
		refused(t, err, "vault.code_word_length")
	}
	if got := fmt.Sprint(word("tournesol")); got != "[scellé]" {
		t.Errorf("a code word prints %s", got)
	}
}
