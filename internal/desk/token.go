package desk

import (
	"fmt"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A token ties two cases and says nothing else: six random words, drawn for one pair by a lead of an origin or by two
// coordinators, read out on the phone and sealed into the limits of both. Equal tokens meet again only where somebody holds
// both limits. Rivals are kept apart, households that must stay near are kept together; no network has a name anywhere.

// NewToken draws a token.
func NewToken() string { return vault.NewPassphrase() }

// tokens reads tokens as people type what they heard, and spells them as they were drawn.
func tokens(typed []string, field string) ([]string, error) {
	var out []string
	for i, t := range typed {
		words, err := vault.ReadWords(t, vault.PassphraseWords)
		if err != nil {
			return nil, about(err, fmt.Sprintf("%s[%d]", field, i))
		}
		if token := strings.Join(words, " "); !slices.Contains(out, token) {
			out = append(out, token)
		}
	}
	return out, nil
}

// How far apart rivals are kept, and how near those who must stay near, in kilometres between their homes' communes.
const (
	ApartKm    = ailleurs.HomeRadiusKm
	TogetherKm = 10
)

// pairs finds the households that share a token, in the order of the seekers. Two that are both rivals and to stay near are
// kept apart: safety comes first.
func pairs(seekers []seeker) (apart, together []match.Pair) {
	share := func(a, b []string) bool {
		return slices.ContainsFunc(a, func(t string) bool { return slices.Contains(b, t) })
	}
	for i, a := range seekers {
		for j := i + 1; j < len(seekers); j++ {
			b := seekers[j]
			switch {
			case a.limits == nil || b.limits == nil:
			case share(a.limits.Rivals, b.limits.Rivals):
				apart = append(apart, match.Pair{A: i, B: j, Km: ApartKm})
			case share(a.limits.StayNear, b.limits.StayNear):
				together = append(together, match.Pair{A: i, B: j, Km: TogetherKm})
			}
		}
	}
	return apart, together
}

// alone reports whether a household has a token that no other on the table shares: the pair is then not seen.
func alone(s seeker, all []seeker) bool {
	if s.limits == nil {
		return false
	}
	return slices.ContainsFunc(slices.Concat(s.limits.Rivals, s.limits.StayNear), func(token string) bool {
		return !slices.ContainsFunc(all, func(o seeker) bool {
			return o.id != s.id && o.limits != nil && (slices.Contains(o.limits.Rivals, token) || slices.Contains(o.limits.StayNear, token))
		})
	})
}
