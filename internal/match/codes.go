package match

// Codes are stable texts: plans carry them and the catalogue of the pages translates each.

// Codes of reasons: what gives or takes points. Those of one placement add up to its points.
const (
	ReasonBase              = "base"               // the household is placed at all
	ReasonUrgency           = "urgency"            // it is urgent
	ReasonWaiting           = "waiting"            // it has waited
	ReasonJobSame           = "job_same"           // a worker's own occupation
	ReasonJobClose          = "job_proche"         // an occupation close to it
	ReasonJobStep           = "job_evolution"      // an occupation that is a step up
	ReasonJobDomain         = "job_domain"         // same first three characters of the code
	ReasonJobField          = "job_field"          // same letter
	ReasonJobAny            = "job_any"            // a worker who takes any job
	ReasonCommute           = "commute"            // kilometres between home and job
	ReasonSpareRoom         = "spare_room"         // places in the home that stay empty
	ReasonPreferCommune     = "prefer_commune"     // the household's wish for, or against, the commune
	ReasonPreferDepartement = "prefer_departement" // the same for the département
	ReasonPreferRegion      = "prefer_region"      // the same for the region
	ReasonSupport           = "support"            // needs that the member can meet
	ReasonReciprocity       = "reciprocity"        // the member hosted less, or more, than it sent
)

// Codes of becauses: why a household has no place.
const (
	NoHome           = "no_home"                    // the instance has no home with a free unit
	NoHomeLarge      = "no_home_large_enough"       // homes are too small
	NoHomeAccessible = "no_home_accessible"         // homes are not accessible
	NoHomeAges       = "no_home_for_ages"           // an age is outside the bounds of the homes
	NoHomeMinors     = "no_home_for_minors"         // homes are with private hosts and someone is under 18
	NoHomeInTime     = "no_home_in_time"            // homes are free too late
	NoHomeLong       = "no_home_long_enough"        // homes are free for too short a stay
	NoHomeAllowed    = "no_home_outside_exclusions" // homes are where the household must not go
	NoJob            = "no_job"                     // the instance has no free job slot, or too few
	NoJobAllowed     = "no_job_outside_exclusions"  // jobs are where the household must not go
	NoJobLicence     = "no_job_without_licence"     // jobs ask for a driving licence
	NoJobDays        = "no_job_without_nights"      // jobs are at night
	NoJobAge         = "no_job_at_this_age"         // the worker is too young for the jobs
	NoJobLevel       = "no_job_at_this_level"       // jobs ask for a higher level
	NoJobFit         = "no_job_that_fits"           // no occupation of the worker fits the jobs
	NoJobInReach     = "no_job_in_reach"            // fitting jobs are too far from every possible home
	NoJobInTime      = "no_job_in_time"             // fitting jobs start too late or too early
	NotWorthIt       = "no_placement_worth_a_point" // every possible placement has no points
	TogetherUnplaced = "together_cannot_be_placed"  // a household it stays near has no possible placement
	TogetherTooFar   = "together_too_far"           // no two places near enough for households that stay near each other
	PlacesTaken      = "places_taken"               // possible places serve others better
)

// Codes of exclusions: the rule an offer breaks for one household ("exclu parce que…").
const (
	ExcludedFull        = "full"                 // no free unit or slot
	ExcludedSmall       = "too_small"            // the home is too small
	ExcludedAccess      = "not_accessible"       // the home is not accessible
	ExcludedAges        = "outside_ages"         // an age is outside the home's bounds
	ExcludedHostMinor   = "host_takes_no_minor"  // a private host and someone under 18
	ExcludedLate        = "free_too_late"        // the home is free too late
	ExcludedShort       = "stay_too_short"       // the home is free for too short a stay
	ExcludedCommune     = "excluded_commune"     // the household must not go to the commune
	ExcludedDepartement = "excluded_departement" // nor to the département
	ExcludedRegion      = "excluded_region"      // nor to the region
	ExcludedMember      = "excluded_member"      // nor to the member
	ExcludedNoJob       = "no_job_near"          // no job for every worker near enough to the home
	ExcludedPoints      = "not_worth_a_point"    // possible, but its points are not positive
)
