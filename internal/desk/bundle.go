package desk

import (
	"fmt"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// reachKm is how far a job may be from the home of somebody without a car.
const reachKm = 15.0

// An Owned offer is one of the answering member's own, with the places that nobody holds.
type Owned struct {
	ailleurs.Offer
	Places []ailleurs.PlaceID
}

// Bundle says in a proposal or counter what its places are, from the member's own offers. Other answers stay as they are.
func Bundle(a ailleurs.AnswerFile, own []Owned) (ailleurs.AnswerFile, error) {
	a.Bundle = nil
	if !a.Kind.NeedsSignatory() || a.Home == "" {
		return a, nil
	}
	of := func(id ailleurs.PlaceID, kind ailleurs.OfferKind, field string) (ailleurs.Offer, error) {
		for _, o := range own {
			if o.Kind == kind && slices.Contains(o.Places, id) {
				return o.Offer, nil
			}
		}
		return ailleurs.Offer{}, ailleurs.Refuse("answer.place_unknown", field)
	}
	home, err := of(a.Home, ailleurs.HomeOffer, "home")
	if err != nil {
		return a, err
	}
	b := ailleurs.Bundle{Home: home}
	for i, id := range a.Jobs {
		job, err := of(id, ailleurs.JobOffer, fmt.Sprintf("jobs[%d]", i))
		if err != nil {
			return a, err
		}
		b.Jobs = append(b.Jobs, job)
	}
	a.Bundle = &b
	return a, nil
}

// reachable refuses a job that is further from the home than somebody without a car can go every day, unless its worker
// has a licence and a vehicle or a counter says that the way is longer.
func (d *Desk) reachable(a ailleurs.AnswerFile, c ailleurs.Card) error {
	if a.Bundle == nil || slices.Contains(a.Differs, "longer_commute") {
		return nil
	}
	var workers []ailleurs.HouseholdMember
	for _, m := range c.Members {
		if m.Works {
			workers = append(workers, m)
		}
	}
	for i, job := range a.Bundle.Jobs {
		if job.Commune == a.Bundle.Home.Commune || i < len(workers) && workers[i].Licence && workers[i].Vehicle {
			continue
		}
		if d.Communes == nil {
			return ailleurs.Refuse("desk.no_communes", "home")
		}
		home, knownHome := d.Communes.Commune(a.Bundle.Home.Commune)
		work, knownWork := d.Communes.Commune(job.Commune)
		if !knownHome || !knownWork || !home.Located || !work.Located || !territory.Within(home.Point, work.Point, reachKm) {
			return ailleurs.Refuse("answer.job_too_far", fmt.Sprintf("jobs[%d]", i), "home", home.Label(), "job", work.Label())
		}
	}
	return nil
}

// fits refuses an answer that is not fit for the card: what the card's rules say, and what only a map can.
func (d *Desk) fits(a ailleurs.AnswerFile, c ailleurs.Card) error {
	if err := a.Validate(c); err != nil {
		return err
	}
	return d.reachable(a, c)
}
