package territory

import (
	"cmp"
	"slices"
)

// ValidSIREN reports whether s is nine digits whose check digit is right: the SIREN, number of an organisation in the
// Sirene register, ends with a Luhn check digit (ISO/IEC 7812-1, annex B). It says nothing about existence.
func ValidSIREN(s string) bool {
	if len(s) != 9 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return luhn(s)%10 == 0
}

// luhn returns the Luhn sum of a string of digits, the last of which is the check digit.
func luhn(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum
}

// UsualSIREN returns the SIREN that the commune of an INSEE code had from the start of the register: 21 (a commune), the
// département, the commune's number on four digits, a check digit. Four communes of five still have it; Corsica, the
// overseas and most communes born of a merger do not, and it is empty where the code has letters.
func UsualSIREN(code string) string {
	if len(code) != 5 {
		return ""
	}
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return ""
		}
	}
	digits := "21" + code[:2] + "0" + code[2:]
	return digits + string(rune('0'+(10-luhn(digits+"0")%10)%10))
}

// CommuneBySIREN returns the commune whose municipality has this SIREN.
func (t *Territory) CommuneBySIREN(siren string) (Commune, bool) {
	i, ok := slices.BinarySearchFunc(t.bySIREN, siren, func(i int32, siren string) int {
		return cmp.Compare(t.communes[i].SIREN, siren)
	})
	if !ok {
		return Commune{}, false
	}
	return t.communes[t.bySIREN[i]], true
}

// BelongsTo reports whether siren is that of the commune's municipality or of the group of communes it is part of. The
// code may be a former one. False also for what cannot be known offline: a département, an association, a municipal
// centre for social action (CCAS) have a number of their own.
func (t *Territory) BelongsTo(siren, code string) bool {
	c, ok := t.Commune(code)
	return ok && siren != "" && (siren == c.SIREN || siren == c.EPCI)
}
