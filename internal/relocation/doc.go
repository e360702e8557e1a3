// Package relocation runs the gesture of the alliance: a town calls on another to find a home and a job for a household
// that wants to leave. It decides by the rules of the root package and stores what it cannot read.
//
// Every method of [Exchange] is one use case: it takes the signed-in actor, what a client handed in and the instant, and
// either does all of it in one transaction (facts, journal event, jobs) or refuses and writes nothing. Refusals are
// [ailleurs.Refusal]: NotFound for whoever has no part in the case, Forbidden for whoever has another part, Conflict for
// who comes second or too late, Invalid with the field otherwise. Once is the client's random key: the same request sent
// again is answered and not done again; another request under the same key is refused (store.key_reused).
//
// # The use cases in the order of a case
//
//	Open(NewCase)             origin lead: a draft, sealed to lead and second
//	Save(Save)                whoever may write a compartment: the next body of its chain; or envelopes for a changed key
//	Divert(OnCase)            origin lead or second: the State's own programme takes over
//	Submit(SubmitCall)        origin lead: the call sheet, with every envelope for every ring → endorsing
//	Endorse(Signature)        second (ToAttest) and signatory (ToCall) → checking; imminent → calling
//	SendBack(OnCase)          lead, second or signatory while endorsing, a coordinator while checking → draft
//	Check(Signature)          one of the two coordinators (ToCheck) → calling: the first ring opens
//	Compare                   (read) a coordinator's machine holds the cases that name it against the day's offers
//	Suggest(PostSuggestion)   one of the two coordinators: a sealed note for the origin's two
//	Export(PostExport)        one of the two coordinators: the cases are written into a file
//	Recall(OnCase)            origin lead, until an addressee has read → draft
//	Thread                    (read) an addressee opens its thread: sent → read, envelopes handed out
//	Study(Study)              addressee: « nous étudions, réponse avant le… »
//	Answer(PostAnswer)        addressee's caseworker (ToAnswer): propose, counter, decline, redirect; places are held
//	SignAnswer(Signature)     addressee's signatory (ToOffer): the proposal or counter counts
//	TakeBack(TakeBack)        addressee: before the first yes; one more round opens
//	Reply(Reply)              origin: answers the one question of a "card not enough"; one more round opens
//	Add(Add)                  origin lead: calls upon the member that a redirect has named
//	AgreeToAdd(Signature)     second and a coordinator (ToAdd): its thread opens
//	SetAside(OnThread)        origin lead or second: a redirect is not followed
//	Retain(Signature)         origin lead (ToRetain): the person's first yes
//	Refuse(OnThread)          origin lead or second: the person's no to a proposal
//	Welcome(Welcome)          host lead (ToWelcome): the second yes → preparing; holds become assignments
//	HandOver(HandOver)        origin lead: person, and threat if the lead decides so, to the host's two
//	PlaceFails(OnCase)        host lead or origin lead → choosing
//	Depart(Depart)            host lead (ToPlan) → travelling, with the instant to ring
//	NoShow(OnCase)            host lead or origin lead: found safe → preparing
//	Arrive(Arrive)            host lead (ToArrive) → following; the origin's envelopes are destroyed
//	FollowUp(FollowUp)        host: days 2, 7, 30, 90, 180
//	KeepArrival(Signature)    host lead and second both (ToKeep): the address is kept 90 days more
//	Close(End)                host → closed; retention clocks start
//	Withdraw(OnCase)          whoever records it for the person, at any moment
//	Suspend, Resume(Signature) lead and second both (ToSuspend, ToResume; digest Case.Digest)
//	Compromise(OnCase)        origin or host: access is frozen to the two with whom the household is
//	StartAgain(StartAgain)    their lead: a draft again, from which another town is called
//	Reassign(Reassign)        the other caseworker (ToHandOver): someone leaves, a colleague takes over
//	PublishOffer, ConfirmOffer, WithdrawOffer   a member's homes and jobs
//
// # Reads
//
//	Inbox     one tab of what an agent finds, 20 rows, with the counts of all tabs
//	Cards     the sealed cards of up to 20 cases of the inbox; one read event
//	Case      a case as one part sees it, with what is sealed to the reader; one read event
//	Thread    a thread as its addressee sees it; one read event
//	OfferSnapshot, OwnOffers, Offer
//	Entrusted the cases that someone who wants to leave must first pass on
//
// Case, Thread and Cards hand out an envelope only to the reader it is made out to, only while [ailleurs.MayHold] says so,
// and only in the transaction that records the read.
//
// # Time
//
// Whatever happens when time runs out is a job; [Exchange.Handlers] lists their handlers for the wiring. A handler looks
// at the case again before it acts: a job that comes too early, twice or too late does no harm. Notices to people are jobs
// of kind "notice" with the agent as subject and nothing else.
package relocation
