package match

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"codeberg.org/ailleurs/ailleurs"
)

// A Plan is a proposal: who goes where, why, who has no place and why, and how much better another plan could be.
type Plan struct {
	Version       int          `json:"version"`
	Placements    []Placement  `json:"placements"` // in the order of household ids
	Unplaced      []Unplaced   `json:"unplaced"`   // the same
	Points        int64        `json:"points"`
	Bound         int64        `json:"bound"` // no plan has more points than this
	Gap           float64      `json:"gap"`   // (bound − points) / bound, 0 where bound is 0
	ProvedOptimal bool         `json:"proved_optimal"`
	Prices        []Price      `json:"prices"` // what one more of would help most, best first
	Seed          int64        `json:"seed"`
	Certificate   *Certificate `json:"certificate,omitempty"`
}

// A Placement puts a household into a home and each of its workers, in order, into a job.
type Placement struct {
	Household string   `json:"household"`
	Home      string   `json:"home"`
	Jobs      []string `json:"jobs"`
	Points    int64    `json:"points"`
	Reasons   []Reason `json:"reasons,omitempty"` // they add up to Points
}

// Unplaced is a household without a place.
type Unplaced struct {
	Household string    `json:"household"`
	Because   []Because `json:"because,omitempty"` // most helpful first
}

// A Because is a rule that stands between a household and a place.
type Because struct {
	Code   string `json:"code"`
	Homes  int    `json:"homes"`            // homes that remain once this rule has spoken
	Opens  int    `json:"opens,omitempty"`  // homes (or jobs, where the code is about jobs) that only this rule removes
	Worker *int   `json:"worker,omitempty"` // which worker it is about, from 0
}

// A Price says that one more unit, slot or place in a member's capacity was found, by solving again, to add Points and
// to place the households listed, who have none.
type Price struct {
	Kind       string   `json:"kind"` // "home", "job" or "capacity"
	ID         string   `json:"id"`   // of the home, the job or the member
	Points     int64    `json:"points"`
	WouldPlace []string `json:"would_place"`
}

// A Certificate lets anyone recompute an upper bound with additions and comparisons only: non-negative prices, in
// points × Scale, of homes, jobs and members' capacities; what is absent costs nothing.
type Certificate struct {
	Scale   int64            `json:"scale"`
	Homes   map[string]int64 `json:"homes"`
	Jobs    map[string]int64 `json:"jobs"`
	Members map[string]int64 `json:"members"`
	Bound   int64            `json:"bound"`
}

// scale is the number of price units in a point.
const scale = 1024

// Write writes the plan as JSON.
func (p *Plan) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(p); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// ReadPlan reads a plan as Write writes it; what is not a plan is refused.
func ReadPlan(r io.Reader) (*Plan, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	p := new(Plan)
	if err := d.Decode(p); err != nil {
		field := "$"
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			field = "$." + wrong.Field
		}
		return nil, ailleurs.Refuse("match.bad_plan", field, "detail", err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, ailleurs.Refuse("match.bad_plan", "$", "detail", "something follows the plan")
	}
	if p.Version != 1 {
		return nil, ailleurs.Refuse("match.unknown_version", "$.version")
	}
	return p, nil
}

func gap(points, bound int64) float64 {
	if bound == 0 {
		return 0
	}
	return float64(bound-points) / float64(bound)
}
