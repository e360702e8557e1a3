package ailleurs

import (
	"fmt"
	"regexp"
	"slices"
)

// An AgeBand is all that a card says of an age. The lowest age of the band goes to the engine.
type AgeBand string

// AgeBands lists the bands from the youngest: 0–2, 3–10, 11–15, 16–17, 18–21, 22–25, 26–59, 60+.
var AgeBands = []AgeBand{"0-2", "3-10", "11-15", "16-17", "18-21", "22-25", "26-59", "60+"}

var bandEdges = []struct{ low, high int }{{0, 2}, {3, 10}, {11, 15}, {16, 17}, {18, 21}, {22, 25}, {26, 59}, {60, 120}}

// Low is the lowest age of the band, in years; -1 for an unknown band.
func (b AgeBand) Low() int {
	if i := slices.Index(AgeBands, b); i >= 0 {
		return bandEdges[i].low
	}
	return -1
}

// Minor reports whether everyone of the band is under 18.
func (b AgeBand) Minor() bool { return b.Low() >= 0 && b.Low() < 18 }

// IsBandEdge reports whether age is where a band begins (low) or ends: offers' age bounds sit there, so that no offer
// can tell more of a household than its bands do.
func IsBandEdge(age int, low bool) bool {
	for _, e := range bandEdges {
		if low && age == e.low || !low && age == e.high {
			return true
		}
	}
	return false
}

// YoungestWorker is the age below which nobody works or leaves alone (docs/rules.md).
const YoungestWorker = 16

// A Support is something the household needs around a home and a job. No word of health is on the list.
type Support string

// Supports lists them in the order of the form.
var Supports = []Support{"mission_locale", "school_restart", "childcare", "legal_aid", "mentoring"}

// A HouseholdMember is one line of the card: an age band and, for who works, the work looked for.
type HouseholdMember struct {
	Age      AgeBand  `json:"age"`
	Works    bool     `json:"works,omitempty"`
	Rome     []string `json:"rome,omitempty"` // ROME codes looked for, best first, at most 5
	AnyJob   bool     `json:"any_job,omitempty"`
	Level    int      `json:"level,omitempty"` // 0 none … 5
	Licence  bool     `json:"licence,omitempty"`
	Vehicle  bool     `json:"vehicle,omitempty"`
	Nights   bool     `json:"nights,omitempty"`
	Training bool     `json:"training,omitempty"` // a training or school place rather than a job
}

// A Card is the need compartment: what addressees read to answer. Everything in it is chosen from lists; there is no free
// text, so that nobody can write a name, a fact or a place into it.
type Card struct {
	Members    []HouseholdMember `json:"members"`
	Housing    []HousingKind     `json:"housing,omitempty"` // kinds that would do; empty: any
	Accessible bool              `json:"accessible,omitempty"`
	From       Date              `json:"from"`
	Speed      Speed             `json:"speed"`
	Prefer     []string          `json:"prefer,omitempty"` // c:, d: or r: keys, at most 5
	Support    []Support         `json:"support,omitempty"`
	Words      string            `json:"words"` // two random words to say on the phone: héron-tuile
}

// LargestHousehold is the most people one card may hold.
const LargestHousehold = 12

// placeKey is a commune, département or region that a household would like; overseas collectivities are regions of three
// digits.
var placeKey = regexp.MustCompile(`^(c:[0-9][0-9AB][0-9]{3}|d:[0-9][0-9AB][0-9]?|r:[0-9]{2,3})$`)

// Validate refuses a card that is not fit to be sealed; the browser half and the CLI call it before sealing and after
// opening, the hub never can.
func (c Card) Validate() error {
	if len(c.Members) == 0 || len(c.Members) > LargestHousehold {
		return Refuse("card.household_size", "members", "most", fmt.Sprint(LargestHousehold))
	}
	adult, works := false, false
	for i, m := range c.Members {
		at := fmt.Sprintf("members[%d]", i)
		low := m.Age.Low()
		if low < 0 {
			return Refuse("card.age_band", at+".age")
		}
		if low >= YoungestWorker {
			adult = true
		}
		works = works || m.Works
		if !m.Works {
			if len(m.Rome) > 0 || m.AnyJob {
				return Refuse("card.job_of_nonworker", at+".works")
			}
			continue
		}
		if low < YoungestWorker {
			return Refuse("card.too_young_to_work", at+".age", "least", fmt.Sprint(YoungestWorker))
		}
		if len(m.Rome) == 0 && !m.AnyJob {
			return Refuse("card.no_job_named", at+".rome")
		}
		if len(m.Rome) > 5 {
			return Refuse("card.too_many_jobs", at+".rome", "most", "5")
		}
		for j, code := range m.Rome {
			if !romeCode.MatchString(code) || slices.Contains(m.Rome[:j], code) {
				return Refuse("card.rome", fmt.Sprintf("%s.rome[%d]", at, j))
			}
		}
		if m.Level < 0 || m.Level > 5 {
			return Refuse("card.level", at+".level", "least", "0", "most", "5")
		}
	}
	if !adult {
		return Refuse("card.nobody_sixteen", "members", "least", fmt.Sprint(YoungestWorker))
	}
	for i, h := range c.Housing {
		if !slices.Contains(HousingKinds, h) || slices.Contains(c.Housing[:i], h) {
			return Refuse("card.housing", fmt.Sprintf("housing[%d]", i))
		}
		if h == PrivateHost && c.HasMinor() {
			return Refuse("card.minor_with_private_host", fmt.Sprintf("housing[%d]", i))
		}
	}
	if _, err := ParseDate(string(c.From), "from"); err != nil {
		return err
	}
	if !c.Speed.Valid() {
		return Refuse("case.unknown_speed", "speed")
	}
	if err := checkKeys(c.Prefer, "prefer", 5, placeKey); err != nil {
		return err
	}
	for i, s := range c.Support {
		if !slices.Contains(Supports, s) || slices.Contains(c.Support[:i], s) {
			return Refuse("card.support", fmt.Sprintf("support[%d]", i))
		}
	}
	if c.Words == "" {
		return Refuse("card.words_missing", "words")
	}
	return nil
}

// HasMinor reports whether anyone on the card is under 18: then authority must be attested for real, and no private host
// may take the household.
func (c Card) HasMinor() bool {
	return slices.ContainsFunc(c.Members, func(m HouseholdMember) bool { return m.Age.Minor() })
}

// Urgency is the engine's 0–3 for the card's speed on a day: imminent 3, urgent 2, normal 1 if the household is ready
// within 30 days, else 0.
func (c Card) Urgency(today Date) int {
	switch c.Speed {
	case Imminent:
		return 3
	case Urgent:
		return 2
	case Normal:
		if !today.IsZero() && !today.Time().AddDate(0, 0, 30).Before(c.From.Time()) {
			return 1
		}
	}
	return 0
}

func checkKeys(keys []string, field string, most int, form *regexp.Regexp) error {
	if len(keys) > most {
		return Refuse("card.too_many_places", field, "most", fmt.Sprint(most))
	}
	for i, k := range keys {
		if !form.MatchString(k) || slices.Contains(keys[:i], k) {
			return Refuse("card.place_key", fmt.Sprintf("%s[%d]", field, i), "got", k)
		}
	}
	return nil
}

// An AuthorityBasis is what lets a case with a minor go past draft (CASF L223-2 and following).
type AuthorityBasis string

// The bases. The second and third suffice alone where the parents are the danger.
const (
	NotNeeded    AuthorityBasis = "not_needed" // nobody under 18 leaves without a holder of parental authority
	Parents      AuthorityBasis = "parents"    // written agreement of those holding parental authority
	ChildWelfare AuthorityBasis = "child_welfare"
	Judge        AuthorityBasis = "judge"
)

// AuthorityBases lists them in the order of the form.
var AuthorityBases = []AuthorityBasis{NotNeeded, Parents, ChildWelfare, Judge}

// GuardDraft refuses to submit a card whose minors have no authority behind them. It runs in the origin's client, twice:
// for the lead and, independently, for the second.
func GuardDraft(c Card, p PersonFile) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if !slices.Contains(AuthorityBases, p.Authority) {
		return Refuse("person.authority_missing", "authority")
	}
	if p.Authority == NotNeeded && (c.HasMinor() && !p.MinorsWithParent) {
		return Refuse("person.minor_needs_authority", "authority")
	}
	if p.SafeContact == "" {
		return Refuse("person.safe_contact_missing", "safe_contact")
	}
	for _, a := range Agreements {
		if !slices.Contains(p.Agreements, a) {
			return Refuse("person.agreement_missing", "agreements", "agreement", string(a))
		}
	}
	return nil
}

// An Agreement is one purpose the person said yes to, each asked on its own.
type Agreement string

// Agreements lists the purposes: the card shown to addressees and to two coordinators, the file handed to two named
// people of the host, the follow-up after arrival.
var Agreements = []Agreement{"card_to_addressees", "card_to_coordination", "file_to_host", "follow_up"}

// A PersonFile is the person compartment: who, and how to reach them. Read by the origin's pair until arrival, then by
// the host's. Papers are ticked as seen, never stored.
type PersonFile struct {
	Name             string         `json:"name"`
	Born             Date           `json:"born,omitempty"`
	SafeContact      string         `json:"safe_contact"`
	SafeHours        string         `json:"safe_hours,omitempty"`
	Household        string         `json:"household,omitempty"` // who they are to each other
	LeftBehind       string         `json:"left_behind,omitempty"`
	PapersSeen       []string       `json:"papers_seen,omitempty"`
	Authority        AuthorityBasis `json:"authority"`
	MinorsWithParent bool           `json:"minors_with_parent,omitempty"` // each minor leaves with a holder of parental authority
	ParentsDanger    bool           `json:"parents_danger,omitempty"`     // safe contact and household are then closed to them
	Agreements       []Agreement    `json:"agreements"`
	CodeWord         string         `json:"code_word,omitempty"` // set with the first yes, said again at arrival
}

// PapersToSee lists the papers a caseworker may tick as seen.
var PapersToSee = []string{"identity", "residence", "health_cover", "family_book", "school", "bank"}

// LimitSet is the limits compartment: where it must not go; never a reason.
type LimitSet struct {
	Excluded []string `json:"excluded"`            // c:, d:, r: or m: keys
	Rivals   []string `json:"rivals,omitempty"`    // rival tokens: random, one per pair of cases
	StayNear []string `json:"stay_near,omitempty"` // who must stay near: tokens of together pairs
	Home     string   `json:"home"`                // the home commune, whose département and 60 km are excluded by the client
	Lowered  bool     `json:"lowered,omitempty"`   // the 60 km were lowered; the second person agreed
	FewerWhy string   `json:"fewer_why,omitempty"`
}

// limitKey is a commune, département, region or member where a household must not go.
var limitKey = regexp.MustCompile(placeKey.String() + `|^m:[A-Z2-7]{26}$`)

// Validate refuses limits that are not fit to be sealed.
func (l LimitSet) Validate() error {
	if err := checkKeys(l.Excluded, "excluded", 5000, limitKey); err != nil { // 60 km around Paris are 1,252 communes
		return err
	}
	if !placeKey.MatchString("c:" + l.Home) {
		return Refuse("limits.home_missing", "home")
	}
	return nil
}

// Excludes reports whether a place or member is excluded by any of its keys.
func (l LimitSet) Excludes(keys ...string) bool {
	return slices.ContainsFunc(keys, func(k string) bool { return slices.Contains(l.Excluded, k) })
}

// ThreatFile is the threat compartment: where and from whom the danger comes. Origin lead only.
type ThreatFile struct {
	Where string `json:"where"`
	Whom  string `json:"whom"`
	Since Date   `json:"since,omitempty"`
	Notes string `json:"notes,omitempty"`
}

// A Payer is who pays one thing of the move: a list, so that nobody haggles in prose.
type Payer string

// Payers lists them.
var Payers = []Payer{"host", "origin", "departement", "state", "association", "person"}

// AnswerFile is the answer compartment: what a member says to the origin and nobody else.
type AnswerFile struct {
	Kind       AnswerKind    `json:"kind"`
	Home       PlaceID       `json:"home,omitempty"`
	Jobs       []PlaceID     `json:"jobs,omitempty"` // in the order of the card's workers
	HomeOffer  OfferID       `json:"home_offer,omitempty"`
	JobOffers  []OfferID     `json:"job_offers,omitempty"`
	Bundle     *Bundle       `json:"bundle,omitempty"` // what these places are
	From       Date          `json:"from,omitempty"`
	Travel     Payer         `json:"travel,omitempty"`
	FirstNight Payer         `json:"first_night,omitempty"`
	FirstMonth Payer         `json:"first_month,omitempty"`
	Differs    []Difference  `json:"differs,omitempty"` // of a counter: what is not as asked
	Reason     DeclineReason `json:"reason,omitempty"`
	Question   CardQuestion  `json:"question,omitempty"`
	Replies    []CardReply   `json:"replies,omitempty"` // the origin's, to the question
	Redirect   MemberID      `json:"redirect,omitempty"`
	Conditions []Condition   `json:"conditions,omitempty"`
}

// A Difference is one way in which a counter departs from the card.
type Difference string

// Differences lists them.
var Differences = []Difference{"other_housing", "smaller_home", "later_date", "other_job", "training_first", "one_worker_first", "longer_commute"}

// A Condition is what a host asks for in return, from a list.
type Condition string

// Conditions lists them.
var Conditions = []Condition{"visit_first", "trial_week", "mentor_accepted", "school_enrolled", "weekly_meeting"}

// A CardQuestion is the one question that "card not enough" may ask.
type CardQuestion string

// CardQuestions lists them.
var CardQuestions = []CardQuestion{"accessible_detail", "school_level", "job_experience", "date_flexible", "household_split"}

// A CardReply is what the origin says to a question: from the list of that question, because the card has no free text.
type CardReply string

// CardReplies lists what may be replied to each question; one reply at least.
var CardReplies = map[CardQuestion][]CardReply{
	"accessible_detail": {"no_steps", "ground_floor", "lift", "wide_doors", "adapted_bathroom"},
	"school_level":      {"nursery", "primary", "lower_secondary", "upper_secondary", "vocational"},
	"job_experience":    {"no_experience", "some_months", "some_years", "qualified"},
	"date_flexible":     {"date_fixed", "two_weeks_later", "a_month_later", "earlier_too"},
	"household_split":   {"all_together", "later_for_some", "two_homes_near"},
}

// CheckReplies refuses replies that are not of the question's list, or none.
func CheckReplies(q CardQuestion, replies []CardReply) error {
	if len(replies) == 0 {
		return Refuse("answer.reply_missing", "replies")
	}
	for i, r := range replies {
		if !slices.Contains(CardReplies[q], r) || slices.Contains(replies[:i], r) {
			return Refuse("answer.reply_unknown", fmt.Sprintf("replies[%d]", i))
		}
	}
	return nil
}

// A Bundle is what the places of a proposal are, as their member offers them: the origin reads it without asking the hub
// about any place, and every signer checks it against the card.
type Bundle struct {
	Home Offer   `json:"home"`
	Jobs []Offer `json:"jobs,omitempty"` // in the order of the places
}

// fits refuses a bundle that the card rules out: a private host for a household with a minor, always; a home that is too
// small, not accessible or of a kind that was not asked for, unless a counter says so.
func (b Bundle) fits(c Card, differs []Difference) error {
	counters := func(d Difference) bool { return slices.Contains(differs, d) }
	h := b.Home
	switch {
	case h.Housing == PrivateHost && c.HasMinor():
		return Refuse("answer.minor_with_private_host", "home")
	case h.Persons < len(c.Members) && !counters("smaller_home"):
		return Refuse("answer.home_too_small", "home", "persons", fmt.Sprint(len(c.Members)), "holds", fmt.Sprint(h.Persons))
	case c.Accessible && !h.Accessible && !counters("other_housing"):
		return Refuse("answer.home_not_accessible", "home")
	case len(c.Housing) > 0 && !slices.Contains(c.Housing, h.Housing) && !counters("other_housing"):
		return Refuse("answer.other_housing", "home")
	}
	return nil
}

// Validate refuses an answer that is not fit to be sealed for the given card.
func (a AnswerFile) Validate(c Card) error {
	if _, ok := a.Kind.State(); !ok {
		return Refuse("answer.unknown_kind", "kind")
	}
	if a.Kind == Decline {
		if !a.Reason.Valid() {
			return Refuse("answer.reason_missing", "reason")
		}
		if a.Reason == CardNotEnough && !slices.Contains(CardQuestions, a.Question) {
			return Refuse("answer.question_missing", "question")
		}
		return nil
	}
	if a.Kind == Redirect {
		if !ValidID(a.Redirect) {
			return Refuse("answer.redirect_missing", "redirect")
		}
		return nil
	}
	if !ValidID(a.Home) {
		return Refuse("answer.home_missing", "home")
	}
	workers := 0
	for _, m := range c.Members {
		if m.Works {
			workers++
		}
	}
	if a.Kind == Propose && len(a.Jobs) != workers {
		return Refuse("answer.job_for_each_worker", "jobs", "workers", fmt.Sprint(workers), "got", fmt.Sprint(len(a.Jobs)))
	}
	if a.Kind == Counter && len(a.Differs) == 0 {
		return Refuse("answer.difference_missing", "differs")
	}
	if a.Bundle == nil || len(a.Bundle.Jobs) != len(a.Jobs) {
		return Refuse("answer.bundle_missing", "home")
	}
	if err := a.Bundle.fits(c, a.Differs); err != nil {
		return err
	}
	if _, err := ParseDate(string(a.From), "from"); err != nil {
		return err
	}
	for _, p := range []struct {
		field string
		payer Payer
	}{{"travel", a.Travel}, {"first_night", a.FirstNight}, {"first_month", a.FirstMonth}} {
		if !slices.Contains(Payers, p.payer) {
			return Refuse("answer.payer_missing", p.field)
		}
	}
	return nil
}

// ArrivalFile is the arrival compartment: where. Named host caseworkers and the person; never the origin.
type ArrivalFile struct {
	Address  string     `json:"address"`
	Employer string     `json:"employer,omitempty"`
	School   string     `json:"school,omitempty"`
	Route    string     `json:"route,omitempty"`
	Date     Date       `json:"date"`
	Escort   string     `json:"escort,omitempty"`
	Plan     []MoveStep `json:"plan,omitempty"` // what was checked
}

// A MoveStep is one line of the move plan's checklist.
type MoveStep string

// MoveSteps lists what must be settled before anyone travels.
var MoveSteps = []MoveStep{"place_safe", "travel", "escort", "first_night", "first_month", "school_rights", "agreement_signed"}

// ReadyToTravel refuses a plan with an open line.
func (f ArrivalFile) ReadyToTravel() error {
	for _, s := range MoveSteps {
		if !slices.Contains(f.Plan, s) {
			return Refuse("plan.step_open", "plan", "step", string(s))
		}
	}
	if f.Address == "" {
		return Refuse("plan.address_missing", "address")
	}
	_, err := ParseDate(string(f.Date), "date")
	return err
}

// CourseFile is the course compartment: follow-up notes.
type CourseFile struct {
	Entries []CourseEntry `json:"entries"`
}

// A CourseEntry is one follow-up: ties, loneliness and wish to return are asked each time.
type CourseEntry struct {
	Day      int    `json:"day"` // of FollowUpDays
	Ties     string `json:"ties,omitempty"`
	Lonely   string `json:"lonely,omitempty"`
	Return   string `json:"return,omitempty"`
	LeftHome string `json:"left_home,omitempty"` // news of those left behind
	Note     string `json:"note,omitempty"`
}
