package desk

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLintNamesWhatDoesNotBelong(t *testing.T) {
	for text, want := range map[string][]Warning{
		"Joindre entre 18 h et 20 h, le mardi.":         nil,
		"Appeler le 06 12 34 56 78":                     {{PhoneNumber, "06 12 34 56 78"}},
		"une voiture noire, AB-123-CD, devant la porte": {{NumberPlate, "AB-123-CD"}},
		"avec Dominique Exemple":                        {{OtherName, "Dominique Exemple"}},
		"Camille Fictif habite chez sa mère":            nil,
		"a été condamné l'an dernier":                   {{OffenceFact, "condamne"}},
		"suivi pour dépression":                         {{HealthWord, "depression"}},
		"en garde à vue":                                {{OffenceFact, "garde a vue"}},
		"écrire à a.b@exemple.fr":                       {{EmailAddress, "a.b@exemple.fr"}},
		"un idéal commun":                               nil, // "deal" inside a word is no offence
	} {
		if diff := cmp.Diff(want, Lint(text, "Camille Fictif")); diff != "" {
			t.Errorf("Lint(%q): %s", text, diff)
		}
	}
}

func FuzzLintNeverFails(f *testing.F) {
	f.Add("Appeler le 06 12 34 56 78, AB-123-CD")
	f.Fuzz(func(t *testing.T, text string) { Lint(text, text) })
}
