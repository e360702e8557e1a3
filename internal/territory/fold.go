package territory

import "strings"

// Fold returns a name as it is compared: lower case, without accents, ligatures taken apart (œ as oe), everything that is
// neither letter nor digit (hyphens, apostrophes, spaces, slashes) as one space between words. Letters outside the Latin
// script are dropped.
func Fold(name string) string {
	var b strings.Builder
	b.Grow(len(name) + 2)
	space := false
	for _, r := range name {
		if r >= 0x300 && r <= 0x36f { // combining accents of a decomposed letter
			continue
		}
		letters := plain(r)
		if letters == "" {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteString(letters)
	}
	return b.String()
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

// plain returns the letters or digit that stand for r, none if r separates words.
func plain(r rune) string {
	switch {
	case r >= '0' && r <= '9':
		return alphabet[r-'0' : r-'0'+1]
	case r >= 'a' && r <= 'z':
		return alphabet[r-'a'+10 : r-'a'+11]
	case r >= 'A' && r <= 'Z':
		return alphabet[r-'A'+10 : r-'A'+11]
	}
	switch r {
	case 'à', 'á', 'â', 'ã', 'ä', 'å', 'ā', 'À', 'Á', 'Â', 'Ã', 'Ä', 'Å', 'Ā':
		return "a"
	case 'ç', 'Ç':
		return "c"
	case 'è', 'é', 'ê', 'ë', 'ē', 'È', 'É', 'Ê', 'Ë', 'Ē':
		return "e"
	case 'ì', 'í', 'î', 'ï', 'ī', 'Ì', 'Í', 'Î', 'Ï', 'Ī':
		return "i"
	case 'ñ', 'Ñ':
		return "n"
	case 'ò', 'ó', 'ô', 'õ', 'ö', 'ō', 'Ò', 'Ó', 'Ô', 'Õ', 'Ö', 'Ō':
		return "o"
	case 'ù', 'ú', 'û', 'ü', 'ū', 'Ù', 'Ú', 'Û', 'Ü', 'Ū':
		return "u"
	case 'ý', 'ÿ', 'Ý', 'Ÿ':
		return "y"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	}
	return ""
}
