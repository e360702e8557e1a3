package ailleurs

import "slices"

// A Wellbeing is the light that the origin sees after arrival, and all it sees.
type Wellbeing string

// The lights.
const (
	Well       Wellbeing = "well"
	ToBeCalled Wellbeing = "to_be_called"
	InAlert    Wellbeing = "alert"
)

// Wellbeings lists them.
var Wellbeings = []Wellbeing{Well, ToBeCalled, InAlert}

// Valid reports whether w is on the list.
func (w Wellbeing) Valid() bool { return slices.Contains(Wellbeings, w) }

// An Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Settled      Outcome = "settled"
	Independent  Outcome = "independent"
	RedirectedTo Outcome = "redirected"
	ChosenReturn Outcome = "chosen_return"
	BrokenOff    Outcome = "broken_off"
	Rehoused     Outcome = "rehoused"
	UnknownEnd   Outcome = "unknown"
)

// Outcomes lists them in the order of the form.
var Outcomes = []Outcome{Settled, Independent, RedirectedTo, ChosenReturn, BrokenOff, Rehoused, UnknownEnd}

// Valid reports whether o is on the list.
func (o Outcome) Valid() bool { return slices.Contains(Outcomes, o) }
