package ailleurs

import "slices"

// A Suggestion is what a coordinator, who has held the open cards against the day's offers, tells the origin: a member to
// call upon, with the home and the jobs it would be for; or that the engine's proposal was set aside, and why. It is
// sealed into the limits compartment as a note, since its readers are exactly those who may know: the origin's two and the
// two coordinators of the case, no addressee. It decides nothing.
type Suggestion struct {
	Case   CaseID    `json:"case"`
	Day    Date      `json:"day"`              // of the list of offers
	Member MemberID  `json:"member,omitempty"` // empty: no suggestion, the engine's was set aside
	Town   string    `json:"town,omitempty"`   // the member's name
	Home   OfferID   `json:"home,omitempty"`
	Jobs   []OfferID `json:"jobs,omitempty"` // in the order of the card's workers

	// Where people decided otherwise than the engine, what it had proposed, and why.
	Instead    MemberID       `json:"instead,omitempty"`
	InsteadOf  string         `json:"instead_of,omitempty"` // its name
	Override   OverrideReason `json:"override,omitempty"`
	Overridden bool           `json:"overridden,omitempty"`
}

// An OverrideReason is why a coordinator did not follow the engine. It is chosen from a list, never written.
type OverrideReason string

// OverrideReasons lists them in the order of the form.
var OverrideReasons = []OverrideReason{"already_called", "known_full", "too_far_from_ties", "better_support", "kept_for_urgent", "data_wrong", "person_wish"}

// Validate refuses a suggestion that is not fit to be sealed, or that names no reason for setting the engine aside.
func (s Suggestion) Validate() error {
	switch {
	case !ValidID(s.Case):
		return Refuse("case.bad_id", "case")
	case s.Member == "" && !s.Overridden:
		return Refuse("suggestion.empty", "member")
	case s.Member != "" && (!ValidID(s.Member) || !ValidID(s.Home)):
		return Refuse("suggestion.member", "member")
	case s.Overridden != (s.Override != ""):
		return Refuse("suggestion.reason_missing", "override")
	case s.Overridden && !slices.Contains(OverrideReasons, s.Override):
		return Refuse("suggestion.reason_missing", "override")
	case len(s.Jobs) > LargestHousehold || slices.ContainsFunc(s.Jobs, func(id OfferID) bool { return !ValidID(id) }):
		return Refuse("suggestion.jobs", "jobs")
	case s.Instead != "" && !ValidID(s.Instead):
		return Refuse("suggestion.member", "instead")
	}
	for _, name := range []string{s.Town, s.InsteadOf} {
		if name != "" {
			if err := CheckName(name, "town"); err != nil {
				return err
			}
		}
	}
	return nil
}

// PostExport says which open cases a coordinator's machine is about to write into a file. The file never passes through the
// hub.
type PostExport struct {
	Once  string   `json:"once"`
	Cases []CaseID `json:"cases"`
}

// PostSuggestion hands in a sealed suggestion: one note of the smallest size to the limits of a case. The signature is
// inside.
type PostSuggestion struct {
	Once string     `json:"once"`
	Case CaseID     `json:"case"`
	Note SealedBody `json:"note"`
}
