package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// A Play is a case of the world whose steps are taken when its owner says so: for tests and measurements that want more
// than the stories of the demonstration.
type Play struct{ s *story }

// Play begins a case: the i-th town will call on the others. Nothing is written yet. Not safe for use by several goroutines,
// but plays may go on side by side.
func (w *World) Play(origin int, called ...int) *Play {
	w.played++
	s := &story{h: w.h, n: 10_000 + w.played, coordinators: w.coordinators, origin: w.towns[origin]}
	ring := make([]*town, len(called))
	for i, t := range called {
		ring[i] = w.towns[t]
	}
	s.rings = [][]*town{ring}
	return &Play{s}
}

// Case is the case, once it is opened.
func (p *Play) Case() ailleurs.CaseID { return p.s.id }

// Open writes the draft.
func (p *Play) Open(ctx context.Context, at time.Time) error { return p.s.open(ctx, at) }

// Divert has the origin's lead say that a nearer way out was found.
func (p *Play) Divert(ctx context.Context, at time.Time) error {
	return p.s.h.Relocation.Divert(ctx, p.s.origin.lead.Actor, ailleurs.OnCase{Once: p.s.onceFor("on-the-case"), Case: p.s.id}, at)
}

// Submission is what the origin's lead would post to submit the draft.
func (p *Play) Submission(ctx context.Context, at time.Time) (ailleurs.SubmitCall, error) {
	return p.s.submission(ctx, at)
}

// Call takes an open draft to every addressee: submitted, attested, signed, checked.
func (p *Play) Call(ctx context.Context, at time.Time) error {
	for _, do := range []func(context.Context, time.Time) error{p.s.submit, p.s.attest, p.s.signCall, p.s.check} {
		if err := do(ctx, at); err != nil {
			return fmt.Errorf("demo: play %d: %w", p.s.n, err)
		}
	}
	return nil
}

// Proposal is what the lead of the i-th addressee would post to propose these places, and the thread it is for.
func (p *Play) Proposal(ctx context.Context, i int, home, job Unit, at time.Time) (ailleurs.PostAnswer, error) {
	card := cardOf(p.s.n, at)
	a := ailleurs.AnswerFile{
		Kind: ailleurs.Counter, Differs: []ailleurs.Difference{"one_worker_first"}, From: card.From, Travel: "host", FirstNight: "host",
		FirstMonth: "departement", Home: home.Place, HomeOffer: home.Offer,
		Jobs: []ailleurs.PlaceID{job.Place}, JobOffers: []ailleurs.OfferID{job.Offer},
	}
	return p.s.sealed(ctx, p.s.rings[0][i], a, at)
}

// A Unit is one place of an offer.
type Unit struct {
	Offer ailleurs.OfferID
	Place ailleurs.PlaceID
}

// Units publishes a home and a job of n places each for the i-th town and returns them.
func (w *World) Units(ctx context.Context, i, n int, at time.Time) (homes, jobs []Unit, err error) {
	t := w.towns[i]
	from := ailleurs.Date(at.Format(time.DateOnly))
	publish := func(o ailleurs.Offer) ([]Unit, error) {
		o.Commune, o.From, o.Places = t.place.Code, from, n
		id, err := w.h.Relocation.PublishOffer(ctx, t.lead.Actor, ailleurs.PostOffer{
			Once: fmt.Sprintf("demonstration-units-%05d-%s", i, o.Kind), Offer: o,
		}, at)
		if err != nil {
			return nil, err
		}
		own, err := w.h.Relocation.Offer(ctx, t.lead.Actor, id, at)
		if err != nil {
			return nil, err
		}
		out := make([]Unit, len(own.Places))
		for j, p := range own.Places {
			out[j] = Unit{id, p}
		}
		return out, nil
	}
	homes, err = publish(ailleurs.Offer{Kind: ailleurs.HomeOffer, Housing: ailleurs.Social, Persons: 5, Rooms: 4})
	if err != nil {
		return nil, nil, err
	}
	jobs, err = publish(ailleurs.Offer{Kind: ailleurs.JobOffer, Rome: "G1602", Contract: ailleurs.FixedTerm, Hours: ailleurs.DayHours})
	return homes, jobs, err
}

// Town returns the i-th town's member and its people: lead, second, signatory.
func (w *World) Town(i int) (ailleurs.MemberID, [3]*Person) {
	t := w.towns[i]
	return t.member, [3]*Person{t.lead, t.second, t.signatory}
}

// Callable lists the towns that a case of the i-th may call on.
func (w *World) Callable(i int) []int {
	var out []int
	for _, t := range farFrom(w.h, w.towns, i) {
		out = append(out, slices.Index(w.towns, t))
	}
	return out
}

// Towns is how many towns there are.
func (w *World) Towns() int { return len(w.towns) }
