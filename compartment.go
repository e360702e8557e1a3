package ailleurs

import "slices"

// A Compartment is one of the seven sealed parts of a dossier. Knowledge is split along them: the origin knows who, the
// host knows where, the hub neither. Each has keys of its own, so that what is not sealed to you cannot be read by you.
type Compartment string

// The seven compartments of a dossier.
const (
	Need    Compartment = "need"    // the card: household, jobs, housing, dates; lists only, no free text
	Answer  Compartment = "answer"  // one per thread: bundle, conditions, reason, question and reply
	Limits  Compartment = "limits"  // where it must not go; never a reason; never to addressees
	Person  Compartment = "person"  // identity, safe contact, household, papers
	Threat  Compartment = "threat"  // where and from whom the danger comes
	Arrival Compartment = "arrival" // address, employer, school, route; never encrypted to the origin
	Course  Compartment = "course"  // follow-up notes and alerts
)

// Compartments lists the seven in the order of the case page.
var Compartments = []Compartment{Need, Answer, Limits, Person, Threat, Arrival, Course}

// Valid reports whether c is one of the seven.
func (c Compartment) Valid() bool { return slices.Contains(Compartments, c) }
