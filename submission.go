package ailleurs

import "time"

// The types of this file are what a client hands to the hub: sealed parts, the little the hub may know, and the signed
// note that commits to it. Once is a random key that makes a retry harmless: the same key with the same content is taken
// once, with other content it is refused.

// Sealed is the sealed half of anything a client hands in.
type Sealed struct {
	Keys      []CompartmentKey `json:"keys,omitempty"`
	Bodies    []SealedBody     `json:"bodies,omitempty"`
	Envelopes []SealedEnvelope `json:"envelopes,omitempty"`
}

// NewCase opens a dossier: need, limits and person to lead and second, threat to the lead alone, need to the signatory
// once it is endorsed.
type NewCase struct {
	Once      string  `json:"once"`
	Case      CaseID  `json:"case"`
	Speed     Speed   `json:"speed"`
	Second    AgentID `json:"second"`
	Signatory AgentID `json:"signatory"`
	Sealed
}

// Save replaces one or more compartments whole, each body chained to the one before.
type Save struct {
	Once string `json:"once"`
	Case CaseID `json:"case"`
	Sealed
}

// SubmitCall sends a draft to be endorsed: the sheet, the lead's signed attestations, and envelopes of need for every
// ring's caseworkers and signatories, of need and limits for the two checkers.
type SubmitCall struct {
	Once   string    `json:"once"`
	Sheet  CallSheet `json:"sheet"`
	Signed []byte    `json:"signed"` // ToAttest by the lead, digest of the sheet
	Sealed
}

// Add calls upon one more member that a redirect has named: the sheet of it, the lead's ToAdd, and envelopes of need for
// the member's caseworkers and signatory.
type Add struct {
	Once   string   `json:"once"`
	Sheet  Addition `json:"sheet"`
	Signed []byte   `json:"signed"`
	Sealed
}

// Signature is a signed statement about something the hub already has: the second's attestations, the signatory's call,
// a coordinator's check, one more addressee, a host signatory's offer, the first yes, an address kept, suspending, resuming.
type Signature struct {
	Once   string `json:"once"`
	Signed []byte `json:"signed"`
}

// PostAnswer answers a call: the sheet signed by a caseworker of the addressee, and the sealed answer with its own key,
// for the member's two caseworkers and signatory and the origin's lead and second.
type PostAnswer struct {
	Once   string      `json:"once"`
	Sheet  AnswerSheet `json:"sheet"`
	Signed []byte      `json:"signed"` // ToAnswer by the caseworker
	Sealed
}

// Welcome records the second yes on the host's device and opens arrival and course to the host's pair.
type Welcome struct {
	Once   string   `json:"once"`
	Thread ThreadID `json:"thread"`
	Signed []byte   `json:"signed"` // ToWelcome by the host lead, digest of the answer sheet
	Sealed
}

// HandOver grants person (and, if the lead decides so, threat) to the host's two named people.
type HandOver struct {
	Once string `json:"once"`
	Case CaseID `json:"case"`
	Sealed
}

// Depart starts the journey: the host lead signed the plan, and the hub is given the instant to ring and nothing else.
type Depart struct {
	Once   string    `json:"once"`
	Case   CaseID    `json:"case"`
	RingAt time.Time `json:"ring_at"`
	Signed []byte    `json:"signed"` // ToPlan by the host lead, digest of the head of arrival
	Sealed
}

// Arrive records the arrival and hands the dossier over to new epochs that hold the host and the person only.
type Arrive struct {
	Once   string `json:"once"`
	Case   CaseID `json:"case"`
	Signed []byte `json:"signed"` // ToArrive by the host lead
	Sealed
}

// FollowUp records that the host asked how it goes on one of FollowUpDays: the light for the origin, the words sealed.
type FollowUp struct {
	Once  string    `json:"once"`
	Case  CaseID    `json:"case"`
	Day   int       `json:"day"`
	Light Wellbeing `json:"light"`
	Sealed
}

// OnCase asks for something about a case that needs no words: withdrawing it for the person, diverting, sending back,
// recalling the call, a no-show, a place that fails, a compromise.
type OnCase struct {
	Once string `json:"once"`
	Case CaseID `json:"case"`
}

// OnThread asks for something about a thread that needs no words: the person's no to a proposal, a redirect that is not followed.
type OnThread struct {
	Once   string   `json:"once"`
	Thread ThreadID `json:"thread"`
}

// Study says that an addressee is looking into the call and by which day it will answer.
type Study struct {
	Once   string   `json:"once"`
	Thread ThreadID `json:"thread"`
	Until  Date     `json:"until"`
}

// TakeBack withdraws a proposal or counter before the person's first yes; the reason is a coarse one.
type TakeBack struct {
	Once   string        `json:"once"`
	Thread ThreadID      `json:"thread"`
	Reason DeclineReason `json:"reason"`
}

// Reply answers the one question of a "card not enough": the next body of the thread's answer.
type Reply struct {
	Once   string   `json:"once"`
	Thread ThreadID `json:"thread"`
	Sealed
}

// End closes a case with its outcome.
type End struct {
	Once    string  `json:"once"`
	Case    CaseID  `json:"case"`
	Outcome Outcome `json:"outcome"`
}

// StartAgain looks for another town after a compromise, by the lead of the two who kept their keys (Keepers). While the
// household has not left, it carries the next bodies of need and limits. Once it has, the town it flees from becomes its
// town of departure: need and person begin a new epoch for the pair, limits and threat begin anew.
type StartAgain struct {
	Once string `json:"once"`
	Case CaseID `json:"case"`
	Sealed
}

// Reassign passes a case from someone who leaves to a colleague: ToHandOver by the case's other caseworker, digest
// HandOverDigest, and the envelopes for who takes over.
type Reassign struct {
	Once   string  `json:"once"`
	Case   CaseID  `json:"case"`
	From   AgentID `json:"from"`
	To     AgentID `json:"to"`
	Signed []byte  `json:"signed"`
	Sealed
}

// PostOffer publishes an offer; ID, Member and the times are the hub's to set.
type PostOffer struct {
	Once  string `json:"once"`
	Offer Offer  `json:"offer"`
}

// OnOffer renews an offer ("still available") or withdraws it.
type OnOffer struct {
	Once  string  `json:"once"`
	Offer OfferID `json:"offer"`
}
