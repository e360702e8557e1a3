package relocation

import (
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
)

// A Tab is one of the inbox's five.
type Tab string

// The tabs: À faire, Reçues, Envoyées, En souffrance, Closes.
const (
	ToDo     Tab = "todo"
	Received Tab = "received"
	SentOut  Tab = "sent"
	Overdue  Tab = "overdue"
	Ended    Tab = "ended"
)

// Tabs lists them in the order of the page.
var Tabs = []Tab{ToDo, Received, SentOut, Overdue, Ended}

// A Task is what a case or thread waits for from someone; a message key after "task.".
type Task string

// The tasks.
const (
	TaskSubmit   Task = "submit"    // origin lead: finish the draft and submit the call
	TaskAttest   Task = "attest"    // second: speak with the person, then sign the attestations
	TaskSign     Task = "sign"      // signatory: sign the interpellation
	TaskCheck    Task = "check"     // coordinator: is the card fit to circulate?
	TaskAnswer   Task = "answer"    // addressee: answer the call
	TaskOffer    Task = "offer"     // addressee's signatory: sign the proposal
	TaskReply    Task = "reply"     // origin lead: an addressee asks its one question
	TaskRedirect Task = "redirect"  // origin lead: an addressee names another member
	TaskAdd      Task = "add"       // second and coordinator: one more addressee
	TaskKeep     Task = "keep"      // host: the address is about to be erased
	TaskChoose   Task = "choose"    // origin lead: the person's first yes, or no to each proposal
	TaskWelcome  Task = "welcome"   // addressee's lead: the call of three and the second yes
	TaskHandOver Task = "hand_over" // origin lead: grant person to the host's two
	TaskPlan     Task = "plan"      // host lead: safety of the place, move plan, departure
	TaskArrive   Task = "arrive"    // host lead: has the person arrived?
	TaskFollowUp Task = "follow_up" // host: ask how it goes
	TaskClose    Task = "close"     // host: how did it end?
	TaskNewRing  Task = "new_ring"  // after a compromise, the lead of the two who kept their keys: look for another town
	TaskResume   Task = "resume"    // the other of lead and second asked to resume
	TaskSuspend  Task = "suspend"   // the other of lead and second asked to suspend
	TaskNewKey   Task = "new_key"   // someone's key or post changed: give them the envelopes again
	TaskCallBack Task = "call_back" // origin lead: the call expired, the person was promised a call
	TaskTellNews Task = "tell"      // origin lead: tell the person that the call expired
	TaskReview   Task = "review"    // coordinator: preparation or follow-up is late
)

// A Row is one line of the inbox: opaque, nothing of the person.
type Row struct {
	Case    ailleurs.CaseID   `db:"case_id"`
	Thread  ailleurs.ThreadID `db:"thread_id"` // for an addressee; empty otherwise
	Part    ailleurs.Part     `db:"part"`
	Task    Task              `db:"task"`
	State   string            `db:"state"` // of the thread for an addressee, else of the case
	Speed   ailleurs.Speed    `db:"speed"`
	Due     time.Time         `db:"due_at"` // zero where no clock runs
	Changed time.Time         `db:"changed_at"`
	Seen    time.Time         `db:"seen_at"` // zero: never
}

// Unread reports whether something changed since the agent last opened it.
func (r Row) Unread() bool { return r.Changed.After(r.Seen) }

// An Inbox is one page of one tab.
type Inbox struct {
	Counts map[Tab]int
	Rows   []Row
	Next   string // cursor of the next page; empty on the last
}

// A CaseView is a case as one part sees it.
type CaseView struct {
	ailleurs.Case
	Digest    string              // what ToSuspend, ToResume and ToArrive commit to
	Part      ailleurs.Part       // what the reader plays
	For       ailleurs.AgentID    // whom the reader stands in for, when a deputy
	Tasks     []Task              // what waits for the reader, most pressing first
	Sheet     *CallView           // for the origin and the coordination
	Threads   []ThreadLine        // for the origin's lead and second
	Additions []AdditionLine      // for the origin's lead and second and the coordination
	Answer    *AnswerLine         // for the host: what was agreed
	Hosts     []ailleurs.MemberID // for the host: who was host before, and wrote and granted what is still read
	Holds     []HoldLine          // for the host
	Journey   *Journey            // for the host; the origin sees the state alone
	FollowUps []FollowUpLine      // the light is all the origin sees
	KeptUntil time.Time           // for the host: when the address is erased
	Tails     []Tail              // for who starts again: where the folders stand whose keys are gone
	Signed    []StatementLine
	Sealed    ailleurs.Sealed     // what is sealed to the reader: keys, last bodies and notes, envelopes
	Knows     []ailleurs.MemberID // for the origin of a household that had to flee: members who must not be called upon again
	Renew     []Grant             // envelopes that the reader should make, or make again
	History   []Event
}

// HasTask reports whether the case waits for that from the reader.
func (v CaseView) HasTask(t Task) bool { return slices.Contains(v.Tasks, t) }

// A CallView is a call as the origin and the coordination see it.
type CallView struct {
	Sheet  ailleurs.CallSheet
	Digest string // what ToAttest, ToCall and ToCheck commit to
	By     ailleurs.AgentID
	At     time.Time
	Ended  time.Time
}

// A ThreadLine is one addressee as the origin sees it.
type ThreadLine struct {
	ID       ailleurs.ThreadID
	Member   ailleurs.MemberID
	Ring     int
	State    ailleurs.ThreadState
	Since    time.Time
	Deadline time.Time
	Until    ailleurs.Date // the day an addressee that studies has named
	Question bool          // declined with a question that nobody has answered yet
	Redirect bool          // names another member, whom the origin has neither called upon nor not
	Refused  bool          // the person said no; the addressee will learn no more than the others
	Answer   *AnswerLine
}

// An AnswerLine is the little that the hub knows of an answer.
type AnswerLine struct {
	Sheet    ailleurs.AnswerSheet
	Digest   string // what ToOffer, ToRetain and ToWelcome commit to
	By       ailleurs.AgentID
	At       time.Time
	Offered  time.Time // zero while the signatory has not signed, or need not
	TakenOut time.Time // taken back by the addressee
}

// An AdditionLine is one more addressee that a redirect named.
type AdditionLine struct {
	Sheet  ailleurs.Addition
	Digest string // what ToAdd commits to
	By     ailleurs.AgentID
	At     time.Time
	Opened time.Time // zero while the second or a coordinator has not signed
}

// A HoldLine is a place that a proposal keeps, for its owner and the host.
type HoldLine struct {
	Place    ailleurs.PlaceID  `db:"place_id"`
	Offer    ailleurs.OfferID  `db:"offer_id"`
	Case     ailleurs.CaseID   `db:"case_id"`
	Thread   ailleurs.ThreadID `db:"thread_id"`
	Until    time.Time         `db:"until_at"`
	Assigned time.Time         `db:"assigned_at"` // zero while only held
}

// A Journey is a departure and the instant to ring; nothing of where to.
type Journey struct {
	Departed time.Time `db:"departed_at"`
	RingAt   time.Time `db:"ring_at"`
	Rang     time.Time `db:"rang_at"`
	Arrived  time.Time `db:"arrived_at"`
	Missed   time.Time `db:"missed_at"`
}

// A FollowUpLine is one of the days on which the host asks how it goes.
type FollowUpLine struct {
	Day      int                `db:"day"`
	Due      time.Time          `db:"due_at"`
	Deadline time.Time          `db:"deadline_at"`
	Done     time.Time          `db:"done_at"`
	Light    ailleurs.Wellbeing `db:"light"`
}

// A StatementLine is a signature that was taken.
type StatementLine struct {
	Purpose ailleurs.Purpose `db:"purpose"`
	Subject string           `db:"subject"`
	Digest  string           `db:"digest"`
	By      ailleurs.AgentID `db:"by_id"`
	Part    ailleurs.Part    `db:"part"`
	At      time.Time        `db:"at"`
	Signed  []byte           `db:"signed"`
}

// A Grant is an envelope that is wanted: K of the compartment at the epoch, for that agent's current key.
type Grant struct {
	Compartment ailleurs.Compartment
	Thread      ailleurs.ThreadID
	Epoch       int
	For         ailleurs.AgentID
	Part        ailleurs.Part
	Member      ailleurs.MemberID // of an addressee
	Ring        int               // of an addressee
	InPlaceOf   ailleurs.AgentID  // who is absent, when For stands in
}

// A Tail is where a folder stands that goes on under a new key without the old one.
type Tail struct {
	Compartment ailleurs.Compartment
	Epoch       int
	Seq         int
	Hash        string // of the last body; empty when nobody wrote
}

// An Event is a line of the journal about a case, for those who may see it.
// Entry, Salt and Text let a client
// check that it is in the log: Entry is SHA-256(Salt ‖ Text), the leaf at Index.
type Event struct {
	Index  int64
	Kind   string
	At     time.Time
	Actor  ailleurs.AgentID // empty when time did it
	Member ailleurs.MemberID
	Entry  []byte
	Salt   []byte
	Text   string
}

// A ThreadView is a thread as its addressee sees it: neither who else was called nor what they said.
type ThreadView struct {
	ID        ailleurs.ThreadID
	Case      ailleurs.CaseID
	Origin    ailleurs.MemberID
	Member    ailleurs.MemberID // the addressee
	Part      ailleurs.Part
	For       ailleurs.AgentID // whom the reader stands in for, when a deputy
	Lead      ailleurs.AgentID
	Second    ailleurs.AgentID
	Signatory ailleurs.AgentID
	Origins   [2]ailleurs.AgentID // lead and second of the origin, for whom answers are sealed too
	Speed     ailleurs.Speed
	CaseState ailleurs.CaseState // as far as the addressee may know it: calling, choosing, or empty once it is over
	State     ailleurs.ThreadState
	Round     int // of the next answer
	Opened    time.Time
	Deadline  time.Time
	Until     ailleurs.Date
	NeedHead  string          // hex SHA-256 of the card's body, as the call sheet has it
	Called    []StatementLine // the interpellation as the origin's signatory signed it
	Answers   []AnswerLine    // own, oldest first
	Holds     []HoldLine      // own
	Tasks     []Task
	FirstYes  bool   // the person said yes to this proposal once: the call of three comes
	Tails     []Tail // for who welcomes: where arrival and course stand, if somebody else was host before
	Sealed    ailleurs.Sealed
}

// An OwnOffer is an offer as its member sees it.
type OwnOffer struct {
	ailleurs.Offer
	Hidden bool               // unconfirmed for too long, or withdrawn
	Free   int                // places nobody holds
	Places []ailleurs.PlaceID // the free ones, for an answer
	Holds  []HoldLine
}

// A Snapshot is the daily list of offers: the same for every member, a day old at most.
type Snapshot struct {
	Day    ailleurs.Date
	At     time.Time
	Offers []ListedOffer
}

// A ListedOffer is an offer with how many of its places the list shows.
type ListedOffer struct {
	Offer ailleurs.Offer `json:"offer"`
	Free  int            `json:"free"`
}

// Heads proves that bodies handed out are in the journal: one checkpoint, its consistency with the size that the client
// saw last, and each body's event with its place.
type Heads struct {
	Checkpoint []byte // signed note
	Since      int64  // what Extends begins from
	Extends    tlog.TreeProof
	Bodies     []BodyProof
}

// A BodyProof is the event that wrote a body. Before and After are the canonical row around the body's data, so that a
// client that has the data finds the row's digest in the event; Path leads from SHA-256(Salt ‖ Text), the leaf at Index,
// to the checkpoint's root.
type BodyProof struct {
	Hash   string
	Index  int64
	Salt   []byte
	Text   string
	Path   tlog.RecordProof
	Before []byte
	After  []byte
}
