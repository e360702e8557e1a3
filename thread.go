package ailleurs

import (
	"fmt"
	"slices"
	"time"
)

// A ThreadState is where one addressee stands with one call.
type ThreadState string

// The states of a thread: sent → read → studying → an answer → retained or released; or lapsed by silence, or recalled.
const (
	Sent       ThreadState = "sent"
	Read       ThreadState = "read"
	Studying   ThreadState = "studying"
	Proposed   ThreadState = "proposed"
	Countered  ThreadState = "countered"
	Declined   ThreadState = "declined"
	Redirected ThreadState = "redirected"
	Retained   ThreadState = "retained"
	Released   ThreadState = "released"
	Lapsed     ThreadState = "lapsed"
	Recalled   ThreadState = "recalled" // the origin called it back before anyone read it
)

// ThreadStates lists them in order.
var ThreadStates = []ThreadState{Sent, Read, Studying, Proposed, Countered, Declined, Redirected, Retained, Released, Lapsed, Recalled}

// threadMoves lists where each state may go. An answer goes back to studying, for one more round, when the host withdraws
// it before the first yes, when the origin replies to the one question of a "card not enough", and when the place fails
// after the second yes.
var threadMoves = map[ThreadState][]ThreadState{
	Sent:       {Read, Lapsed, Recalled, Released},
	Read:       {Studying, Proposed, Countered, Declined, Redirected, Lapsed, Released},
	Studying:   {Proposed, Countered, Declined, Redirected, Lapsed, Released},
	Proposed:   {Studying, Retained, Released},
	Countered:  {Studying, Retained, Released},
	Retained:   {Studying, Released},
	Declined:   {Studying},
	Redirected: {}, Released: {}, Lapsed: {}, Recalled: {},
}

// CanBecome reports whether a thread in state s may go to t.
func (s ThreadState) CanBecome(t ThreadState) bool { return slices.Contains(threadMoves[s], t) }

// Valid reports whether s is a state.
func (s ThreadState) Valid() bool { return slices.Contains(ThreadStates, s) }

// Open reports whether an answer can still come.
func (s ThreadState) Open() bool { return s == Sent || s == Read || s == Studying }

// Live reports whether the addressee may still see the card.
func (s ThreadState) Live() bool { return s.Open() || s == Proposed || s == Countered || s == Retained }

// An AnswerKind is one of the first-person answers.
type AnswerKind string

// The kinds of answer.
const (
	Propose  AnswerKind = "propose"  // « Nous avons une place »
	Counter  AnswerKind = "counter"  // the same with differences, structured
	Decline  AnswerKind = "decline"  // « Pas chez nous », with a reason
	Redirect AnswerKind = "redirect" // names another member to the origin; only the origin may add it
)

// State is the thread state that the answer leads to.
func (k AnswerKind) State() (ThreadState, bool) {
	switch k {
	case Propose:
		return Proposed, true
	case Counter:
		return Countered, true
	case Decline:
		return Declined, true
	case Redirect:
		return Redirected, true
	}
	return "", false
}

// NeedsSignatory reports whether the host's élu signs the answer besides the caseworker.
func (k AnswerKind) NeedsSignatory() bool { return k == Propose || k == Counter }

// A DeclineReason is why a member says no: a closed list.
type DeclineReason string

// The reasons. LocalRisk is sealed: the hub and the figures get OtherReason in its place.
const (
	NoHousing         DeclineReason = "no_housing"
	NoJob             DeclineReason = "no_job"
	HouseholdSize     DeclineReason = "household_size"
	LocalRisk         DeclineReason = "local_risk"
	NoSupport         DeclineReason = "no_support"
	DatesDoNotFit     DeclineReason = "dates"
	Saturated         DeclineReason = "saturated"
	OutsideCompetence DeclineReason = "outside_competence"
	CardNotEnough     DeclineReason = "card_not_enough" // asks one question
	OtherReason       DeclineReason = "other"
)

// DeclineReasons lists them in the order of the form.
var DeclineReasons = []DeclineReason{
	NoHousing, NoJob, HouseholdSize, LocalRisk, NoSupport, DatesDoNotFit, Saturated, OutsideCompetence, CardNotEnough, OtherReason,
}

// Valid reports whether r is on the list.
func (r DeclineReason) Valid() bool { return slices.Contains(DeclineReasons, r) }

// Coarse is what the hub may know of the reason.
func (r DeclineReason) Coarse() DeclineReason {
	if r == LocalRisk {
		return OtherReason
	}
	return r
}

// An AnswerSheet is the part of an answer that the hub may know: which kind, which places are held, the coarse reason.
// The rest (conditions, the true reason, question) is in the sealed answer body whose hash it carries.
type AnswerSheet struct {
	Case   CaseID        `json:"case"`
	Thread ThreadID      `json:"thread"`
	Round  int           `json:"round"`
	Kind   AnswerKind    `json:"kind"`
	Home   PlaceID       `json:"home,omitempty"`
	Jobs   []PlaceID     `json:"jobs,omitempty"`
	Coarse DeclineReason `json:"coarse,omitempty"`
	Body   string        `json:"body"` // hex SHA-256 of the sealed answer body
	At     time.Time     `json:"at"`
}

// Validate refuses a sheet that no hub may take.
func (s AnswerSheet) Validate() error {
	if _, ok := s.Kind.State(); !ok {
		return Refuse("answer.unknown_kind", "kind")
	}
	if s.Kind.NeedsSignatory() {
		if !ValidID(s.Home) {
			return Refuse("answer.home_missing", "home")
		}
		for i, j := range s.Jobs {
			if !ValidID(j) {
				return Refuse("answer.bad_job", fmt.Sprintf("jobs[%d]", i))
			}
			if slices.Contains(s.Jobs[:i], j) || j == s.Home {
				return Refuse("answer.place_twice", fmt.Sprintf("jobs[%d]", i))
			}
		}
	} else if s.Home != "" || len(s.Jobs) > 0 {
		return Refuse("answer.places_not_asked", "home")
	}
	if s.Kind == Decline {
		if !s.Coarse.Valid() {
			return Refuse("answer.reason_missing", "coarse")
		}
		if s.Coarse == LocalRisk {
			return Refuse("answer.local_risk_is_sealed", "coarse")
		}
	} else if s.Coarse != "" {
		return Refuse("answer.reason_not_asked", "coarse")
	}
	return nil
}

// Digest is what statements about the answer commit to.
func (s AnswerSheet) Digest() string { return digestJSON(s) }
