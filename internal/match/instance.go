package match

import "math"

// An Instance is one matching problem. Things refer to one another by index into the slices below.
type Instance struct {
	Date       Day // when it was exported; without effect on the result
	Settings   Settings
	Communes   []Commune
	Members    []Member
	Homes      []Home
	Jobs       []Job
	Households []Household
	Proximity  []Proximity
	Apart      []Pair // if both are placed, their homes are at least Km apart
	Together   []Pair // both are placed at most Km apart, or neither is
}

// Settings are the bounds and weights that hold for the whole instance.
type Settings struct {
	MaxCommuteKm        float64 // home to job, for a worker without a driving licence
	MaxCommuteKmDriving float64 // the same with a licence
	FlexDays            int     // days a household or job can wait after the day it is ready
	MinStayDays         int     // shortest stay worth moving for
	Weights             Weights
}

// Weights turn facts about a placement into points; none is negative.
type Weights struct {
	Base, Urgency, Waiting, JobFit, Commute, SpareRoom, Support, Reciprocity int64
}

// DefaultWeights are those of an instance that names none.
var DefaultWeights = Weights{Base: 1000, Urgency: 400, Waiting: 4, JobFit: 3, Commute: 2, SpareRoom: 20, Support: 50, Reciprocity: 1}

// A Commune is a municipality, by INSEE code, with degrees of latitude and longitude.
type Commune struct {
	Code, Departement, Region string
	Lat, Lon                  float64
}

// A Member is an organisation of the alliance that offers homes and jobs.
type Member struct {
	ID       string
	Capacity int // households it can take, counted on the member that owns the home
	Balance  int // households hosted minus households sent; a debtor (negative) is called on first
	Support  []string
}

// HomeKinds are the kinds of home that exist. In a "host" home (a private host's) nobody under 18 is placed.
var HomeKinds = []string{"hostel", "social", "studio", "shared", "supported", "host"}

// NoBound is an age or a day that bounds nothing: the upper bound of what has none.
const NoBound = math.MaxInt32

// A Home takes Units households of at most Persons each.
type Home struct {
	ID             string
	Member         int // index into Members
	Commune        int // index into Communes
	Kind           string
	Persons        int
	Units          int
	Accessible     bool
	MinAge, MaxAge int // inclusive; 0 and NoBound where there is none
	From, Until    Day // Until is NoBound where there is none
}

// A Job takes Slots workers.
type Job struct {
	ID          string
	Member      int
	Commune     int
	Rome        string // code of the French occupation register
	Level       int
	Slots       int
	Licence     bool
	Nights      bool
	MinAge      int
	From, Until Day // Until is the last day to start, NoBound where there is none
}

// A Household is housed together or not at all, and placed only with one job for each of its workers.
type Household struct {
	ID          string
	Persons     int
	Ages        []int
	Accessible  bool
	Ready       Day
	Urgency     int // 0 to 3
	WaitingDays int
	Workers     []Worker
	Excluded    []string         // c:, d:, r: or m: and a code: where neither home nor job may be
	Prefer      map[string]int64 // c:, d: or r: and a code: points between −300 and 300 for a home there
	Support     []string
}

// A Worker is a member of a household who needs a job.
type Worker struct {
	Age     int
	Rome    []string
	Any     bool // takes any job, at a low fit
	Level   int
	Licence bool
	Nights  bool
}

// Proximity says that someone who knows From can do To: closely ("proche") or as a step up ("evolution").
type Proximity struct {
	From, To string
	Close    bool // kind "proche"; otherwise "evolution"
}

// A Pair ties two households by a distance between their homes.
type Pair struct {
	A, B int // indices into Households
	Km   float64
}
