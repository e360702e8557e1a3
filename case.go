package ailleurs

import (
	"slices"
	"time"
)

// A CaseState is where a case stands. The nine first are the main way, in order; the others leave it.
type CaseState string

// The states of a case.
const (
	Draft      CaseState = "draft"
	Endorsing  CaseState = "endorsing"
	Checking   CaseState = "checking"
	Calling    CaseState = "calling"
	Choosing   CaseState = "choosing"
	Preparing  CaseState = "preparing"
	Travelling CaseState = "travelling"
	Following  CaseState = "following"
	Closed     CaseState = "closed"

	Suspended   CaseState = "suspended"   // lead and second stopped the clocks; comes back to where it was
	Diverted    CaseState = "diverted"    // the State's own programme takes over
	Compromised CaseState = "compromised" // the new place is known to those it must not be known to
	Expired     CaseState = "expired"     // three rings were silent or said no; the person was told
	Withdrawn   CaseState = "withdrawn"   // the person changed their mind; nobody asks why
)

// Way lists the states of the main way in order; side states are not on it.
var Way = []CaseState{Draft, Endorsing, Checking, Calling, Choosing, Preparing, Travelling, Following, Closed}

// SideStates lists the others.
var SideStates = []CaseState{Suspended, Diverted, Compromised, Expired, Withdrawn}

// Valid reports whether s is a state.
func (s CaseState) Valid() bool { return slices.Contains(Way, s) || slices.Contains(SideStates, s) }

// Ended reports whether nothing moves the case on any more; only the retention clock runs.
func (s CaseState) Ended() bool {
	return s == Closed || s == Diverted || s == Expired || s == Withdrawn
}

// Before reports whether s comes before t on the way; false when either is a side state.
func (s CaseState) Before(t CaseState) bool {
	i, j := slices.Index(Way, s), slices.Index(Way, t)
	return i >= 0 && j >= 0 && i < j
}

// A Speed says which clocks run.
type Speed string

// The speeds. Imminent halves the urgent clocks and lets the coordination check afterwards; two signatures are kept.
const (
	Normal   Speed = "normal"
	Urgent   Speed = "urgent"
	Imminent Speed = "imminent"
)

// Speeds lists the speeds from the slowest.
var Speeds = []Speed{Normal, Urgent, Imminent}

// Valid reports whether s is a speed.
func (s Speed) Valid() bool { return slices.Contains(Speeds, s) }

// A Part is what someone plays in one case; access follows the part, never the role alone.
type Part string

// The parts. An addressee is a member called upon, in its own thread; it becomes the host with the second yes.
const (
	OriginLead         Part = "origin_lead"
	OriginSecond       Part = "origin_second"
	OriginSignatory    Part = "origin_signatory"
	Checker            Part = "checker" // one of the two coordinators named for this case
	AddresseeLead      Part = "addressee_lead"
	AddresseeSecond    Part = "addressee_second"
	AddresseeSignatory Part = "addressee_signatory"
	HostLead           Part = "host_lead"
	HostSecond         Part = "host_second"
	ThePerson          Part = "person" // what the person decides, recorded by a caseworker or on their own card
	TheClock           Part = "clock"  // what happens when time runs out
)

// Parts lists the parts that people with an account play, for tables and the matrix test.
var Parts = []Part{
	OriginLead, OriginSecond, OriginSignatory, Checker,
	AddresseeLead, AddresseeSecond, AddresseeSignatory, HostLead, HostSecond,
}

// A Move is one edge of the life of a case. By lists the parts of which any one may make it; All instead says that each
// of them must have agreed. Only narrows it to cases of one speed; empty means any.
type Move struct {
	From, To CaseState
	By       []Part
	All      bool
	Only     Speed
}

// Moves is the whole life of a case: what is not listed is refused. Source: docs/rules.md, "Every move".
var Moves = buildMoves()

func buildMoves() []Move {
	moves := []Move{
		{From: Draft, To: Endorsing, By: []Part{OriginLead}},
		{From: Draft, To: Diverted, By: []Part{OriginLead, OriginSecond}},
		{From: Draft, To: Expired, By: []Part{TheClock}},
		{From: Endorsing, To: Checking, By: []Part{OriginSecond, OriginSignatory}, All: true},
		// Imminent danger does not wait for the coordination, which checks afterwards; the two signatures are kept.
		{From: Endorsing, To: Calling, By: []Part{OriginSecond, OriginSignatory}, All: true, Only: Imminent},
		{From: Endorsing, To: Draft, By: []Part{OriginLead, OriginSecond, OriginSignatory}}, // one of the two says not yet
		{From: Checking, To: Calling, By: []Part{Checker}},
		{From: Checking, To: Draft, By: []Part{Checker}}, // the card is not fit to circulate
		{From: Calling, To: Choosing, By: []Part{TheClock}},
		{From: Calling, To: Expired, By: []Part{TheClock}},
		{From: Calling, To: Draft, By: []Part{OriginLead, Checker}},    // recalled before anyone read it; or unfit, checked afterwards
		{From: Choosing, To: Calling, By: []Part{ThePerson, TheClock}}, // all refused
		{From: Choosing, To: Preparing, By: []Part{HostLead}},          // the second yes, recorded on the host's device
		{From: Preparing, To: Choosing, By: []Part{HostLead, OriginLead}},
		{From: Preparing, To: Travelling, By: []Part{HostLead}},
		{From: Travelling, To: Preparing, By: []Part{HostLead, OriginLead}}, // a no-show, found safe
		{From: Travelling, To: Following, By: []Part{HostLead}},
		{From: Following, To: Closed, By: []Part{HostLead, HostSecond}},
		{From: Compromised, To: Draft, By: []Part{HostLead, OriginLead}}, // another town is called, with both signatures
	}
	for _, s := range []CaseState{Preparing, Travelling, Following} {
		moves = append(moves, Move{From: s, To: Compromised, By: []Part{HostLead, HostSecond, OriginLead, OriginSecond, ThePerson}})
	}
	for _, s := range Way {
		if s.Before(Travelling) {
			moves = append(moves,
				Move{From: s, To: Suspended, By: []Part{OriginLead, OriginSecond}, All: true},
				Move{From: Suspended, To: s, By: []Part{OriginLead, OriginSecond}, All: true})
		}
		if !s.Ended() {
			moves = append(moves, Move{From: s, To: Withdrawn, By: []Part{ThePerson}})
		}
	}
	return append(moves,
		Move{From: Suspended, To: Withdrawn, By: []Part{ThePerson}},
		Move{From: Compromised, To: Withdrawn, By: []Part{ThePerson}})
}

// MoveAllowed refuses a move that the life of a case of that speed does not have, or that by may not take part in.
func MoveAllowed(from, to CaseState, speed Speed, by Part) error {
	known := false
	for _, m := range Moves {
		if m.From == from && m.To == to && (m.Only == "" || m.Only == speed) {
			known = true
			if slices.Contains(m.By, by) {
				return nil
			}
		}
	}
	if known {
		return RefuseAs(Forbidden, "case.not_your_move", "", "to", string(to))
	}
	return RefuseAs(Conflict, "case.no_such_move", "", "from", string(from), "to", string(to))
}

// A Case is what the hub knows of a dossier: who handles it, where it stands, by when it must move. Nothing of the person.
type Case struct {
	ID         CaseID
	Member     MemberID // the origin
	Speed      Speed
	State      CaseState
	Since      time.Time
	Deadline   time.Time // zero where no clock runs
	Resumes    CaseState // the state that a suspended or compromised case was in
	Round      int       // of calls: 1 for the first
	Ring       int       // the widest ring opened, 0 before calling
	Call       CallID    // the call under way or the last one; empty before the first
	Lead       AgentID
	Second     AgentID
	Signatory  AgentID
	Checkers   [2]AgentID // empty until submitted
	Retained   ThreadID   // the proposal the person said yes to, once or twice
	Host       MemberID   // empty until the second yes
	HostLead   AgentID
	HostSecond AgentID
	Arrived    time.Time // zero before
	Fled       bool      // a compromise sent the household calling again, from its origin or from the town it had come to
	Outcome    Outcome   // once closed
	CallBack   Date      // once expired: when the person is called back
}

// PartOf tells which part agent plays in the case itself (addressees play theirs in a thread); empty when none.
func (c Case) PartOf(agent AgentID) Part {
	switch {
	case agent == "":
		return ""
	case agent == c.Lead:
		return OriginLead
	case agent == c.Second:
		return OriginSecond
	case agent == c.Signatory:
		return OriginSignatory
	case agent == c.Checkers[0] || agent == c.Checkers[1]:
		return Checker
	case agent == c.HostLead:
		return HostLead
	case agent == c.HostSecond:
		return HostSecond
	}
	return ""
}

// Standing is what the case itself says to MayHold about a part; a thread's reader adds what the thread says.
func (c Case) Standing(part Part) Standing {
	return Standing{Case: c.State, Resumes: c.Resumes, Part: part}
}

// Digest is what a statement about the case as it stands commits to: suspending, resuming, arriving. It changes with
// every move, so that no statement can serve twice.
func (c Case) Digest() string {
	return digestJSON(struct {
		Case  CaseID    `json:"case"`
		State CaseState `json:"state"`
		Since string    `json:"since"`
	}{c.ID, c.State, FormatTime(c.Since)})
}

// HandOverDigest is what a ToHandOver statement commits to: one case passes from one agent to another.
func HandOverDigest(c CaseID, from, to AgentID) string {
	return digestJSON(struct {
		Case CaseID  `json:"case"`
		From AgentID `json:"from"`
		To   AgentID `json:"to"`
	}{c, from, to})
}
