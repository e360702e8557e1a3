package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/ailleurs/ailleurs"
)

//go:embed words.txt
var wordsText string

// WordCount is the length of the list: each word carries eleven bits.
const WordCount = 2048

// How many words make a secret or a comparison.
const (
	PassphraseWords = 6  // 66 bits
	PaperWords      = 12 // 128 bits and four of checksum
	phoneWords      = 6  // 66 bits
)

// Words is the list of protocol 1, in order: plain French words of at least four letters, no two of which begin with the
// same four once accents are dropped. It never changes.
func Words() []string { return slices.Clone(wordList().words) }

type indexedWords struct {
	words  []string
	byFour map[string]int
}

var wordList = sync.OnceValue(func() indexedWords {
	list := indexedWords{words: strings.Fields(wordsText), byFour: make(map[string]int, WordCount)}
	for i, w := range list.words {
		list.byFour[Fold(w)[:4]] = i
	}
	return list
})

// folds maps the letters of French that Fold does not keep.
var folds = strings.NewReplacer(
	"à", "a", "â", "a", "ä", "a", "á", "a", "ã", "a", "å", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "ö", "o", "õ", "o",
	"ù", "u", "ú", "u", "û", "u", "ü", "u", "ý", "y", "ÿ", "y", "œ", "oe", "æ", "ae", "ß", "ss",
)

// Fold is s in lower case without accents, whichever way they were typed (é, or e and a combining accent).
func Fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	return folds.Replace(s)
}

// maxTyped bounds what a person types as words, in bytes.
const maxTyped = 1024

// ReadWords reads n words of the list as people type them: any case, accents or none, anything but letters between
// them. The first four letters of each decide. It returns them as the list spells them; the refusal of a word that is
// not there says which one by its place, from 1.
func ReadWords(s string, n int) ([]string, error) {
	if len(s) > maxTyped {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "words")
	}
	typed := strings.FieldsFunc(Fold(s), func(r rune) bool { return r < 'a' || r > 'z' })
	if len(typed) != n {
		return nil, ailleurs.Refuse("vault.word_count", "words", "want", itoa(n), "got", itoa(len(typed)))
	}
	list := wordList()
	words := make([]string, n)
	for i, t := range typed {
		if len(t) < 4 {
			return nil, ailleurs.Refuse("vault.unknown_word", "words", "place", itoa(i+1))
		}
		at, ok := list.byFour[t[:4]]
		if !ok {
			return nil, ailleurs.Refuse("vault.unknown_word", "words", "place", itoa(i+1))
		}
		words[i] = list.words[at]
	}
	return words, nil
}

// wordsOf spells the first 11·n bits of b.
func wordsOf(b []byte, n int) []string {
	list := wordList().words
	words := make([]string, n)
	acc, bits := 0, 0
	for i, next := 0, 0; i < n; {
		if bits < 11 {
			acc, bits = acc<<8|int(b[next]), bits+8
			next++
			continue
		}
		bits -= 11
		words[i] = list[acc>>bits]
		acc &= 1<<bits - 1
		i++
	}
	return words
}

func randomWords(n int) []string {
	b := make([]byte, (11*n+7)/8)
	_, _ = rand.Read(b) // never fails
	return wordsOf(b, n)
}

// NewPassphrase draws a phrase of six words. Nobody chooses their own.
func NewPassphrase() string { return strings.Join(randomWords(PassphraseWords), " ") }

// NewDossierName draws the two words by which a dossier is called on the phone, such as « héron-tuile ».
func NewDossierName() string { return strings.Join(randomWords(2), "-") }

// NewPaperCode draws a code of twelve words: 128 bits, and four bits by which most slips of the pen are noticed.
func NewPaperCode() string {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails
	return paperCode(&secret)
}

func paperCode(secret *[16]byte) string {
	return strings.Join(wordsOf(append(secret[:], paperChecksum(secret[:])<<4), PaperWords), " ")
}

func paperChecksum(secret []byte) byte {
	sum := sha256.Sum256(append([]byte("ailleurs/1 paper\n"), secret...))
	return sum[0] >> 4
}

// readPaper is the 128 bits of a paper code.
func readPaper(code string) ([]byte, error) {
	words, err := ReadWords(code, PaperWords)
	if err != nil {
		return nil, err
	}
	list := wordList()
	var secret []byte
	acc, bits := 0, 0
	for _, w := range words {
		acc, bits = acc<<11|list.byFour[Fold(w)[:4]], bits+11
		for bits >= 8 {
			bits -= 8
			secret = append(secret, byte(acc>>bits))
			acc &= 1<<bits - 1
		}
	}
	if len(secret) != 16 || byte(acc) != paperChecksum(secret) {
		return nil, ailleurs.Refuse("vault.bad_checksum", "words")
	}
	return secret, nil
}

// KeyWords are the six words of one person's public keys, for two people side by side or on the phone to compare before
// the keys count. Keys made to match a given six words cost 2^66 trials.
func KeyWords(p Public) []string {
	sum := sha256.Sum256([]byte("ailleurs/1 key words\n" + string(p.Agent) + "\n" + itoa(p.Epoch) + "\n" + p.Recipient + "\n" + p.Verifier + "\n"))
	return wordsOf(sum[:], phoneWords)
}

// CallWords are the six words that the two leads of a handover read to each other: the same for both whoever comes
// first, and different if anyone stands between them. They depend on both people's public keys and on the key of the
// card: keys alone could be searched in pairs until two different sixes agree (2^33 trials), but the card's key is drawn
// by the origin and unknown to the go-between until its keys are fixed, which leaves 2^66.
func CallWords(a, b Public, need *Key) []string {
	one, other := publicSum(a), publicSum(b)
	if string(one[:]) > string(other[:]) {
		one, other = other, one
	}
	h := sha256.New()
	h.Write([]byte("ailleurs/1 call words\n" + string(need.Folder.Dossier) + "\n"))
	h.Write(one[:])
	h.Write(other[:])
	h.Write(need.seed[:])
	return wordsOf(h.Sum(nil), phoneWords)
}

func publicSum(p Public) [32]byte {
	return sha256.Sum256([]byte("ailleurs/1 public\n" + string(p.Agent) + "\n" + itoa(p.Epoch) + "\n" + p.Recipient + "\n" + p.Verifier + "\n"))
}

// A CodeWord is the word that a person chose, as it is kept and compared: letters and digits alone, folded.
type CodeWord struct {
	scelle
	folded string
}

// ReadCodeWord takes a code word as people write or say it; it wants at least four letters or digits and at most forty.
func ReadCodeWord(s string) (CodeWord, error) {
	if len(s) > maxTyped {
		return CodeWord{}, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "code")
	}
	folded := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, Fold(s))
	if n := len([]rune(folded)); n < 4 || n > 40 {
		return CodeWord{}, ailleurs.Refuse("vault.code_word_length", "code")
	}
	return CodeWord{folded: folded}, nil
}

// Folded is the form to keep in a sealed body.
func (c CodeWord) Folded() string { return c.folded }

// Same reports whether two code words are the same word, in a time that does not tell where they differ.
func (c CodeWord) Same(d CodeWord) bool {
	return c.folded != "" && subtle.ConstantTimeCompare([]byte(c.folded), []byte(d.folded)) == 1
}
