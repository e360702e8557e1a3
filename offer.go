package ailleurs

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// OfferKind tells a home from a job.
type OfferKind string

// The kinds of offer.
const (
	HomeOffer OfferKind = "home"
	JobOffer  OfferKind = "job"
)

// HousingKind is what sort of home is offered or wished for.
type HousingKind string

// The kinds of housing. A private host never takes a minor.
const (
	Hostel      HousingKind = "hostel"
	Social      HousingKind = "social"
	Studio      HousingKind = "studio"
	Shared      HousingKind = "shared"
	Supported   HousingKind = "supported"
	PrivateHost HousingKind = "host"
)

// HousingKinds lists them in the order of the form.
var HousingKinds = []HousingKind{Hostel, Social, Studio, Shared, Supported, PrivateHost}

// ContractKind is what sort of work is offered.
type ContractKind string

// The kinds of contract.
const (
	Permanent      ContractKind = "permanent"
	FixedTerm      ContractKind = "fixed_term"
	Apprenticeship ContractKind = "apprenticeship"
	Training       ContractKind = "training"
	Internship     ContractKind = "internship"
	CivicService   ContractKind = "civic_service"
)

// ContractKinds lists them in the order of the form.
var ContractKinds = []ContractKind{Permanent, FixedTerm, Apprenticeship, Training, Internship, CivicService}

// Hours is when the work is done.
type Hours string

// The kinds of hours.
const (
	DayHours   Hours = "day"
	EarlyLate  Hours = "early_late"
	NightHours Hours = "night"
)

// AllHours lists them in the order of the form.
var AllHours = []Hours{DayHours, EarlyLate, NightHours}

// An Offer is a home or a job in a commune, from a member: no address, no employer's name, no person. Members and the
// hub read offers in clear, so that clients can match needs against them locally.
type Offer struct {
	ID          OfferID
	Member      MemberID
	Kind        OfferKind
	Commune     string // INSEE code
	Places      int    // units of a home, slots of a job: 1–50
	From        Date
	Until       Date // zero: no end
	ConfirmedAt time.Time
	WithdrawnAt time.Time

	// of a home
	Housing    HousingKind
	Persons    int // how many one unit takes: 1–12
	Rooms      int
	Accessible bool
	MinAge     int // 0: none; on an age-band edge
	MaxAge     int // 0: none

	// of a job
	Rome     string
	Contract ContractKind
	Level    int // 0 none … 5, the level of qualification asked
	Licence  bool
	Hours    Hours
}

var romeCode = regexp.MustCompile(`^[A-N][1-9][0-9]{3}$`)

// Validate refuses an offer that breaks a rule which needs no look-up; the commune is checked by who has the territory.
func (o Offer) Validate() error {
	if o.Places < 1 || o.Places > 50 {
		return Refuse("offer.places", "places", "least", "1", "most", "50")
	}
	if o.From.IsZero() {
		return Refuse("offer.from_missing", "from")
	}
	if !o.Until.IsZero() && o.Until.Before(o.From) {
		return Refuse("offer.until_before_from", "until")
	}
	switch o.Kind {
	case HomeOffer:
		switch {
		case !slices.Contains(HousingKinds, o.Housing):
			return Refuse("offer.housing_kind", "housing")
		case o.Persons < 1 || o.Persons > 12:
			return Refuse("offer.persons", "persons", "least", "1", "most", "12")
		case o.Rooms < 0 || o.Rooms > 12:
			return Refuse("offer.rooms", "rooms", "least", "0", "most", "12")
		case o.MinAge != 0 && !IsBandEdge(o.MinAge, true):
			return Refuse("offer.age_edge", "min_age")
		case o.MaxAge != 0 && !IsBandEdge(o.MaxAge, false):
			return Refuse("offer.age_edge", "max_age")
		case o.MaxAge != 0 && o.MaxAge < o.MinAge:
			return Refuse("offer.ages_crossed", "max_age")
		case o.Housing == PrivateHost && o.MinAge < 18:
			return Refuse("offer.host_adults_only", "min_age")
		}
	case JobOffer:
		switch {
		case !romeCode.MatchString(o.Rome):
			return Refuse("offer.rome", "rome")
		case !slices.Contains(ContractKinds, o.Contract):
			return Refuse("offer.contract", "contract")
		case o.Level < 0 || o.Level > 5:
			return Refuse("offer.level", "level", "least", "0", "most", "5")
		case !slices.Contains(AllHours, o.Hours):
			return Refuse("offer.hours", "hours")
		}
	default:
		return Refuse("offer.kind", "kind", "got", fmt.Sprintf("%q", string(o.Kind)))
	}
	return nil
}

// Fresh reports whether the offer is shown to members: confirmed within OfferFresh and not withdrawn.
func (o Offer) Fresh(at time.Time) bool {
	return o.WithdrawnAt.IsZero() && at.Before(o.ConfirmedAt.Add(OfferFresh))
}
