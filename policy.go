package ailleurs

import "slices"

// A Right says that a part may hold a compartment's key while the case is between two states of the way, both included.
// Where Thread is set the part must besides stand in a thread that is in one of those states; AskedToSign narrows it to
// an élu whose signature a proposal or a counter is waiting for.
type Right struct {
	Compartment Compartment
	Part        Part
	From, Until CaseState
	Thread      []ThreadState
	AskedToSign bool
	Explicit    bool // only by a grant somebody decided on, never as part of a hand-over
}

// live is what an addressee's thread must be for its caseworkers to see the card.
var live = []ThreadState{Sent, Read, Studying, Proposed, Countered, Retained}

// Rights is the table of docs/rules.md, "Who may hold a key": what it does not list, nobody holds. The origin has no line
// for arrival, the addressees none for limits, an élu none for person, threat, arrival or course.
var Rights = []Right{
	{Compartment: Need, Part: OriginLead, From: Draft, Until: Travelling}, // at arrival the origin's envelopes are destroyed
	{Compartment: Need, Part: OriginSecond, From: Draft, Until: Travelling},
	{Compartment: Need, Part: OriginSignatory, From: Endorsing, Until: Choosing},
	{Compartment: Need, Part: Checker, From: Checking, Until: Choosing},
	{Compartment: Need, Part: AddresseeLead, From: Calling, Until: Choosing, Thread: live},
	{Compartment: Need, Part: AddresseeSecond, From: Calling, Until: Choosing, Thread: live},
	{Compartment: Need, Part: AddresseeSignatory, From: Calling, Until: Choosing, Thread: live, AskedToSign: true},
	{Compartment: Need, Part: HostLead, From: Preparing, Until: Following},
	{Compartment: Need, Part: HostSecond, From: Preparing, Until: Following},

	{Compartment: Answer, Part: AddresseeLead, From: Calling, Until: Choosing},
	{Compartment: Answer, Part: AddresseeSecond, From: Calling, Until: Choosing},
	{Compartment: Answer, Part: AddresseeSignatory, From: Calling, Until: Choosing, AskedToSign: true},
	{Compartment: Answer, Part: OriginLead, From: Calling, Until: Travelling},
	{Compartment: Answer, Part: OriginSecond, From: Calling, Until: Travelling},
	{Compartment: Answer, Part: HostLead, From: Preparing, Until: Following},
	{Compartment: Answer, Part: HostSecond, From: Preparing, Until: Following},

	{Compartment: Limits, Part: OriginLead, From: Draft, Until: Travelling},
	{Compartment: Limits, Part: OriginSecond, From: Draft, Until: Travelling},
	{Compartment: Limits, Part: Checker, From: Checking, Until: Calling},

	{Compartment: Person, Part: OriginLead, From: Draft, Until: Travelling},
	{Compartment: Person, Part: OriginSecond, From: Draft, Until: Travelling},
	{Compartment: Person, Part: HostLead, From: Preparing, Until: Closed},
	{Compartment: Person, Part: HostSecond, From: Preparing, Until: Closed},

	{Compartment: Threat, Part: OriginLead, From: Draft, Until: Travelling},
	{Compartment: Threat, Part: HostLead, From: Preparing, Until: Following, Explicit: true},

	{Compartment: Arrival, Part: HostLead, From: Preparing, Until: Following},
	{Compartment: Arrival, Part: HostSecond, From: Preparing, Until: Following},

	{Compartment: Course, Part: HostLead, From: Preparing, Until: Closed},
	{Compartment: Course, Part: HostSecond, From: Preparing, Until: Closed},
}

// A Standing is what decides whether a key may be handed out: where the case is, which part, and for an addressee where
// its thread is and whether its élu's signature is awaited.
type Standing struct {
	Case        CaseState
	Resumes     CaseState // for a suspended or compromised case: the state it was in
	Part        Part
	Thread      ThreadState
	AskedToSign bool
}

// MayHold reports whether a key of the compartment may be handed out. A suspended case is shown to its own origin alone. A
// compromised one is shown to the two people with whom the household is: the origin's pair while it has not left, the
// host's from the departure on. Of an expired one the origin's pair keeps the safe contact, to call back. Any other that
// ended is shown to nobody but, once closed, those whom the table still lists.
func MayHold(c Compartment, s Standing) bool {
	state := s.Case
	switch state {
	case Suspended:
		if s.Part != OriginLead && s.Part != OriginSecond {
			return false
		}
		state = s.Resumes
	case Compromised:
		if lead, second := Keepers(s.Resumes); s.Part != lead && s.Part != second {
			return false
		}
		if state = Following; s.Resumes == Preparing {
			state = Preparing
		}
	case Expired: // the origin has promised to call the person back
		return c == Person && (s.Part == OriginLead || s.Part == OriginSecond)
	case Diverted, Withdrawn:
		return false
	case Draft, Endorsing, Checking, Calling, Choosing, Preparing, Travelling, Following, Closed:
	}
	for _, r := range Rights {
		if r.Compartment != c || r.Part != s.Part || state.Before(r.From) || r.Until.Before(state) {
			continue
		}
		if len(r.Thread) > 0 && !slices.Contains(r.Thread, s.Thread) {
			continue
		}
		if r.AskedToSign && !s.AskedToSign {
			continue
		}
		return true
	}
	return false
}

// Keepers are the two parts that keep their keys in a case that was compromised in the given state, and look for another
// town: the origin's pair while the household has not left, the host's from the departure on.
func Keepers(was CaseState) (lead, second Part) {
	if was == Preparing {
		return OriginLead, OriginSecond
	}
	return HostLead, HostSecond
}

// EverHolds reports whether the part may hold the compartment in any state at all: an envelope for any other pair is
// refused when it is handed in, whatever the moment.
func EverHolds(c Compartment, p Part) bool {
	return slices.ContainsFunc(Rights, func(r Right) bool { return r.Compartment == c && r.Part == p })
}

// Writers lists which parts may save a body of each compartment.
var Writers = map[Compartment][]Part{
	Need:    {OriginLead, OriginSecond},
	Limits:  {OriginLead, OriginSecond},
	Person:  {OriginLead, OriginSecond, HostLead, HostSecond},
	Threat:  {OriginLead},
	Answer:  {AddresseeLead, AddresseeSecond, OriginLead, OriginSecond}, // the origin writes the reply to a question
	Arrival: {HostLead, HostSecond},
	Course:  {HostLead, HostSecond},
}

// MayWrite reports whether the part may save a body of the compartment.
func MayWrite(c Compartment, p Part) bool { return slices.Contains(Writers[c], p) }
