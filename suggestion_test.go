package ailleurs

import "testing"

func TestNobodyOverridesWithoutAReason(t *testing.T) {
	whole := Suggestion{
		Case: NewID[CaseID](), Day: "2026-11-23", Member: NewID[MemberID](), Town: "Bordeaux", Home: NewID[OfferID](), Jobs: []OfferID{NewID[OfferID]()},
	}
	for name, test := range map[string]struct {
		change func(*Suggestion)
		want   string
	}{
		"as the engine proposes":  {func(*Suggestion) {}, ""},
		"another town, with why":  {func(s *Suggestion) { s.Overridden, s.Override, s.Instead = true, "known_full", NewID[MemberID]() }, ""},
		"no town, with why":       {func(s *Suggestion) { s.Member, s.Home, s.Overridden, s.Override = "", "", true, "data_wrong" }, ""},
		"no town, without":        {func(s *Suggestion) { s.Member, s.Home = "", "" }, "suggestion.empty"},
		"another town, without":   {func(s *Suggestion) { s.Overridden = true }, "suggestion.reason_missing"},
		"a reason that is prose":  {func(s *Suggestion) { s.Overridden, s.Override = true, "parce que" }, "suggestion.reason_missing"},
		"a town without a home":   {func(s *Suggestion) { s.Home = "" }, "suggestion.member"},
		"markup in a name":        {func(s *Suggestion) { s.Town = "<b>Bordeaux" }, "name.bad_character"},
		"a job that is no offer":  {func(s *Suggestion) { s.Jobs = []OfferID{"x"} }, "suggestion.jobs"},
		"a case that is no case":  {func(s *Suggestion) { s.Case = "x" }, "case.bad_id"},
		"a reason without a need": {func(s *Suggestion) { s.Override = "known_full" }, "suggestion.reason_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := whole
			test.change(&s)
			got := ""
			if r := AsRefusal(s.Validate()); r != nil {
				got = r.Key
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
