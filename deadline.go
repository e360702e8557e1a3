package ailleurs

import "time"

// A Calendar counts the working days of the member that must act: public holidays differ between départements.
type Calendar interface {
	// AddWorkingDays returns the instant n working days after from, Europe/Paris.
	AddWorkingDays(from time.Time, n int) time.Time
}

// An Allowance is the time a step may take: hours of the clock when urgent, working days when normal.
type Allowance struct {
	Urgent  time.Duration
	Working int
}

// The allowances of docs/rules.md, "Time allowed". Imminent halves Urgent.
var (
	EndorsingAllowance = Allowance{Urgent: 12 * time.Hour, Working: 3}
	CheckingAllowance  = Allowance{Urgent: 4 * time.Hour, Working: 2}
	CallingAllowance   = Allowance{Urgent: 48 * time.Hour, Working: 10}
	ChoosingAllowance  = Allowance{Urgent: 24 * time.Hour, Working: 5}
	PreparingAllowance = Allowance{Urgent: 48 * time.Hour, Working: 15}
	FollowUpAllowance  = Allowance{Urgent: 72 * time.Hour, Working: 3}

	FirstReminder  = Allowance{Urgent: 24 * time.Hour, Working: 3}  // to the addressee's caseworkers
	SecondReminder = Allowance{Urgent: 36 * time.Hour, Working: 7}  // again
	SignatoryTold  = Allowance{Urgent: 30 * time.Hour, Working: 5}  // to the signatory, after silence
	ChoosingOpens  = Allowance{Urgent: 12 * time.Hour, Working: 2}  // after the first proposal
	LongestHold    = Allowance{Urgent: 72 * time.Hour, Working: 10} // a place is never held longer
)

// The fixed times and counts (docs/rules.md).
const (
	DraftLife      = 30 * 24 * time.Hour  // then the card is erased
	ArrivalAlarm   = 4 * time.Hour        // no arrival: alarm
	ReleaseWindow  = 48 * time.Hour       // the others become released at a random moment within it
	OfferFresh     = 14 * 24 * time.Hour  // unconfirmed for longer: hidden
	CardKept       = 30 * 24 * time.Hour  // after the case ends
	ArrivalKept    = 90 * 24 * time.Hour  // unless renewed by two, each time for as long again
	ArrivalAsked   = 30 * 24 * time.Hour  // before it is erased: from then on it may be renewed
	PersonKept     = 183 * 24 * time.Hour // person and course, after the last follow-up
	EnvelopeLife   = 90 * 24 * time.Hour  // longest expiry of an envelope
	InvitationLife = 72 * time.Hour
	SessionIdle    = 15 * time.Minute
	SessionLongest = 8 * time.Hour
	CallBackAfter  = 30 * 24 * time.Hour            // date given to the person when a call expires
	ExpiredKept    = CallBackAfter + 7*24*time.Hour // the safe contact of an expired case, until the call-back is over
	JourneyLongest = 24 * time.Hour                 // travelling is of the same day
	MinAddressees  = 5
	RingsPerCall   = 3
	HomeRadiusKm   = 60.0 // excluded around home by the client itself
	MostAddressees = 12   // in one ring: a card is not broadcast
)

// FollowUpDays are the days after arrival on which the host asks how it goes.
var FollowUpDays = []int{2, 7, 30, 90, 180}

// Deadline returns the end of an allowance that starts at from.
func Deadline(a Allowance, speed Speed, from time.Time, cal Calendar) time.Time {
	switch speed {
	case Urgent:
		return from.Add(a.Urgent)
	case Imminent:
		return from.Add(a.Urgent / 2)
	default:
		return cal.AddWorkingDays(from, a.Working)
	}
}

// StateDeadline returns when a case that enters state at from must have moved on; ok is false where no clock runs.
func StateDeadline(state CaseState, speed Speed, from time.Time, cal Calendar) (deadline time.Time, ok bool) {
	switch state {
	case Draft:
		return from.Add(DraftLife), true
	case Endorsing:
		return Deadline(EndorsingAllowance, speed, from, cal), true
	case Checking:
		return Deadline(CheckingAllowance, speed, from, cal), true
	case Calling:
		return Deadline(CallingAllowance, speed, from, cal), true
	case Choosing:
		return Deadline(ChoosingAllowance, speed, from, cal), true
	case Preparing:
		return Deadline(PreparingAllowance, speed, from, cal), true
	case Travelling, Following, Closed, Suspended, Diverted, Compromised, Expired, Withdrawn:
		return time.Time{}, false
	}
	return time.Time{}, false
}
