package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// The steps of a story, in the order of a case.

// code is the word that the person of every story chooses.
const code = "tournesol"

func (s *story) open(ctx context.Context, at time.Time) error {
	o := s.origin
	card := cardOf(s.n, at)
	c, err := o.lead.Desk(s.h).OpenCase(s.onceFor("open"), desk.DraftForm{
		Card:   card,
		Limits: ailleurs.LimitSet{Home: o.place.Code},
		Person: personOf(s.n, card), Threat: ailleurs.ThreatFile{Where: "près du domicile (fictif)", Whom: "un groupe inventé pour la démonstration"},
	}, o.second.Agent, o.signatory.Agent, s.publics(), at)
	if err != nil {
		return err
	}
	s.id = c.Case
	return s.h.Relocation.Open(ctx, o.lead.Actor, c, at)
}

func (s *story) onceFor(name string) string { return fmt.Sprintf("demonstration-%05d-%s", s.n, name) }

func (s *story) submit(ctx context.Context, at time.Time) error {
	call, err := s.submission(ctx, at)
	if err != nil {
		return err
	}
	return s.h.Relocation.Submit(ctx, s.origin.lead.Actor, call, at)
}

// submission is what the origin's lead seals and signs to call on the towns of the story.
func (s *story) submission(ctx context.Context, at time.Time) (ailleurs.SubmitCall, error) {
	lead := s.origin.lead
	h, err := s.as(ctx, lead, at)
	if err != nil {
		return ailleurs.SubmitCall{}, err
	}
	var rings []ailleurs.Ring
	for _, r := range s.rings {
		var ring ailleurs.Ring
		for _, t := range r {
			ring = append(ring, t.member)
		}
		rings = append(rings, ring)
	}
	checkers := [2]ailleurs.AgentID{s.coordinators[0].Agent, s.coordinators[1].Agent}
	return lead.Desk(s.h).Submit(s.onceFor("submit"), h, rings, s.places(), checkers, s.publics(s.towns()...), at)
}

func (s *story) attest(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.origin.second, at, (*relocation.Exchange).Endorse, func(d *desk.Desk, c desk.Dossier) (ailleurs.Signature, error) {
		return d.Attest(s.onceFor("attest"), c, s.places(), at)
	})
}

func (s *story) signCall(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.origin.signatory, at, (*relocation.Exchange).Endorse, func(d *desk.Desk, c desk.Dossier) (ailleurs.Signature, error) {
		return d.SignCall(s.onceFor("sign"), c, at)
	})
}

func (s *story) suspend(ctx context.Context, at time.Time) error {
	for _, p := range []*Person{s.origin.lead, s.origin.second} {
		err := onCase(ctx, s, p, at, (*relocation.Exchange).Suspend, func(d *desk.Desk, c desk.Dossier) (ailleurs.Signature, error) {
			return d.Stand(s.onceFor("suspend"), c, ailleurs.ToSuspend, at)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *story) check(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.coordinators[s.n%2], at, (*relocation.Exchange).Check, func(d *desk.Desk, c desk.Dossier) (ailleurs.Signature, error) {
		return d.Check(s.onceFor("check"), c, s.places(), at)
	})
}

// read has the first three addressees open the call.
func (s *story) read(ctx context.Context, at time.Time) error {
	for _, t := range s.rings[0][:3] {
		if _, err := s.addressed(ctx, t.lead, at); err != nil {
			return err
		}
	}
	return nil
}

// decline has one or two addressees other than the host say no.
func (s *story) decline(ctx context.Context, at time.Time) error {
	said := 0
	for _, t := range s.rings[0] {
		if t == s.host || said > s.n%2 {
			continue
		}
		reason := ailleurs.DeclineReasons[(s.n+said)%7]
		if reason == ailleurs.LocalRisk {
			reason = ailleurs.Saturated
		}
		if err := s.reply(ctx, t, ailleurs.AnswerFile{Kind: ailleurs.Decline, Reason: reason}, at); err != nil {
			return err
		}
		said++
	}
	return nil
}

func (s *story) reply(ctx context.Context, t *town, a ailleurs.AnswerFile, at time.Time) error {
	post, err := s.sealed(ctx, t, a, at)
	if err != nil {
		return err
	}
	return s.h.Relocation.Answer(ctx, t.lead.Actor, post, at)
}

// sealed is an answer as the lead of an addressee seals and signs it.
func (s *story) sealed(ctx context.Context, t *town, a ailleurs.AnswerFile, at time.Time) (ailleurs.PostAnswer, error) {
	thread, err := s.addressed(ctx, t.lead, at)
	if err != nil {
		return ailleurs.PostAnswer{}, err
	}
	if a, err = s.described(ctx, t, a, at); err != nil {
		return ailleurs.PostAnswer{}, err
	}
	return t.lead.Desk(s.h).Answer(s.onceFor("answer"), thread, a, s.publics(t), at)
}

// answer has the host propose a home and a job for each worker, from its own offers. Somebody else may be quicker.
func (s *story) answer(ctx context.Context, at time.Time) error {
	for range 20 {
		err := s.propose(ctx, at)
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != "answer.place_taken" {
			return err
		}
	}
	return fmt.Errorf("demo: story %d: every place was taken", s.n)
}

func (s *story) propose(ctx context.Context, at time.Time) error {
	card := cardOf(s.n, at)
	offers, err := offersOf(ctx, s.h, s.host, at)
	if err != nil {
		return err
	}
	a := ailleurs.AnswerFile{
		Kind: ailleurs.Propose, From: card.From, Travel: "host", FirstNight: "host", FirstMonth: "departement",
	}
	workers := 0
	for _, m := range card.Members {
		if m.Works {
			workers++
		}
	}
	fits := func(o relocation.OwnOffer) bool {
		return o.Kind == ailleurs.HomeOffer && o.Persons >= len(card.Members) && len(o.Places) > 0
	}
	if !slices.ContainsFunc(offers, fits) { // a town that is asked again and again looks for one more home
		if offers, err = s.oneMoreHome(ctx, len(offers), at); err != nil {
			return err
		}
	}
	for _, o := range offers {
		switch {
		case fits(o) && a.Home == "":
			a.Home, a.HomeOffer = o.Places[0], o.ID
		case o.Kind == ailleurs.JobOffer && len(a.Jobs) < workers && len(o.Places) > 0:
			a.Jobs, a.JobOffers = append(a.Jobs, o.Places[0]), append(a.JobOffers, o.ID)
		}
	}
	if len(a.Jobs) < workers {
		a.Kind, a.Differs = ailleurs.Counter, []ailleurs.Difference{"one_worker_first"}
	}
	return s.reply(ctx, s.host, a, at)
}

// oneMoreHome publishes a home of the host for a household of any size beside its other offers, and lists them all.
func (s *story) oneMoreHome(ctx context.Context, besides int, at time.Time) ([]relocation.OwnOffer, error) {
	_, err := s.h.Relocation.PublishOffer(ctx, s.host.lead.Actor, ailleurs.PostOffer{
		Once: s.onceFor(fmt.Sprintf("home-%d", besides)),
		Offer: ailleurs.Offer{
			Kind: ailleurs.HomeOffer, Housing: ailleurs.Social, Persons: 6, Rooms: 5, Places: 2, Commune: s.host.place.Code,
			From: ailleurs.Date(at.Format(time.DateOnly)),
		},
	}, at)
	if err != nil {
		return nil, err
	}
	return offersOf(ctx, s.h, s.host, at)
}

func (s *story) offer(ctx context.Context, at time.Time) error {
	return onThread(ctx, s, s.host.signatory, at, (*relocation.Exchange).SignAnswer, func(d *desk.Desk, t desk.Thread) (ailleurs.Signature, error) {
		return d.SignAnswer(s.onceFor("offer"), t, at)
	})
}

func (s *story) retain(ctx context.Context, at time.Time) error {
	lead := s.origin.lead
	h, err := s.as(ctx, lead, at)
	if err != nil {
		return err
	}
	thread, err := s.threadOf(ctx, s.host.lead, at)
	if err != nil {
		return err
	}
	save, signed, err := lead.Desk(s.h).Retain(s.onceFor("retain"), h, thread, code, at)
	if err != nil {
		return err
	}
	if err := s.h.Relocation.Save(ctx, lead.Actor, save, at); err != nil {
		return err
	}
	return s.h.Relocation.Retain(ctx, lead.Actor, signed, at)
}

func (s *story) welcome(ctx context.Context, at time.Time) error {
	return onThread(ctx, s, s.host.lead, at, (*relocation.Exchange).Welcome, func(d *desk.Desk, t desk.Thread) (ailleurs.Welcome, error) {
		return d.Welcome(s.onceFor("welcome"), t, s.publics(s.host), at)
	})
}

func (s *story) handOver(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.origin.lead, at, (*relocation.Exchange).HandOver, func(d *desk.Desk, c desk.Dossier) (ailleurs.HandOver, error) {
		return d.HandOver(s.onceFor("handover"), c, s.n%3 == 0, s.publics(s.host), at)
	})
}

func (s *story) prepare(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.host.lead, at, (*relocation.Exchange).Save, func(d *desk.Desk, c desk.Dossier) (ailleurs.Save, error) {
		return d.Plan(s.onceFor("plan"), c, arrivalOf(s.n, at), at)
	})
}

func (s *story) depart(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.host.lead, at, (*relocation.Exchange).Depart, func(d *desk.Desk, c desk.Dossier) (ailleurs.Depart, error) {
		return d.Depart(s.onceFor("depart"), c, at.Add(8*time.Hour), at)
	})
}

func (s *story) arrive(ctx context.Context, at time.Time) error {
	return onCase(ctx, s, s.host.lead, at, (*relocation.Exchange).Arrive, func(d *desk.Desk, c desk.Dossier) (ailleurs.Arrive, error) {
		return d.Arrive(s.onceFor("arrive"), c, code, s.publics(s.host), at)
	})
}

func (s *story) follow(day int) func(context.Context, time.Time) error {
	return func(ctx context.Context, at time.Time) error {
		light := ailleurs.Well
		if s.n%5 == 0 {
			light = ailleurs.ToBeCalled
		}
		entry := ailleurs.CourseEntry{Day: day, Ties: "appelle sa famille chaque dimanche (fictif)", Lonely: "un peu le soir", Return: "non"}
		return onCase(ctx, s, s.host.lead, at, (*relocation.Exchange).FollowUp, func(d *desk.Desk, c desk.Dossier) (ailleurs.FollowUp, error) {
			return d.FollowUp(s.onceFor(fmt.Sprintf("day-%d", day)), c, entry, light, at)
		})
	}
}

func (s *story) close(ctx context.Context, at time.Time) error {
	return s.h.Relocation.Close(ctx, s.host.lead.Actor, ailleurs.End{
		Once: s.onceFor("close-the-case"), Case: s.id, Outcome: ailleurs.Outcomes[s.n%2],
	}, at)
}

func (s *story) compromise(ctx context.Context, at time.Time) error {
	return s.h.Relocation.Compromise(ctx, s.host.lead.Actor, ailleurs.OnCase{Once: s.onceFor("compromise"), Case: s.id}, at)
}

// onCase makes a step of a use case that needs no words, done by the origin's lead.
func (s *story) onCase(do func(*relocation.Exchange, context.Context, ailleurs.Actor, ailleurs.OnCase, time.Time) error) func(context.Context, time.Time) error {
	return func(ctx context.Context, at time.Time) error {
		return do(s.h.Relocation, ctx, s.origin.lead.Actor, ailleurs.OnCase{Once: s.onceFor("on-the-case"), Case: s.id}, at)
	}
}
