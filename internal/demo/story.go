package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A story is one fictitious case: who calls on whom, and how far it gets. Each step is what people do on their machines
// and hand in to the hub, with their own keys; nothing is written past the use cases.
type story struct {
	h            *hub.Hub
	n            int // of the story: everything that varies follows from it
	coordinators []*Person
	origin       *town
	rings        [][]*town
	host         *town // in the first ring; nil: nobody will propose
	goes         goal

	id      ailleurs.CaseID
	steps   []step
	threads map[ailleurs.MemberID]ailleurs.ThreadID // of the addressees who have found theirs
}

// A step is done after a number of hours from the one before.
type step struct {
	name  string
	hours int
	do    func(ctx context.Context, at time.Time) error
}

// untilChoosing is the step in which nothing is done until the person may choose: at least its hours, and two working days.
const untilChoosing = "wait"

// A goal is where a story has got to on the day of the demonstration.
type goal string

const (
	drafted     goal = "draft"
	endorsing   goal = "endorsing"
	attested    goal = "attested" // endorsing, and only the élu's signature is missing
	checking    goal = "checking"
	called      goal = "called" // calling, nobody has read it
	readBy      goal = "read"
	answering   goal = "answering" // calling, the host's proposal awaits its élu
	proposed    goal = "proposed"
	choosing    goal = "choosing"
	firstYes    goal = "first_yes"
	preparing   goal = "preparing"
	handedOver  goal = "handed_over"
	travelling  goal = "travelling"
	following   goal = "following"
	settled     goal = "settled" // closed
	suspended   goal = "suspended"
	diverted    goal = "diverted"
	withdrawn   goal = "withdrawn"
	silent      goal = "silent" // nobody answers: rings widen, then it expires
	compromised goal = "compromised"
)

// code is the word that the person of every story chooses.
const code = "tournesol"

// as reads a case as one of its people, into what their desk works with.
func (s *story) as(ctx context.Context, p *Person, at time.Time) (desk.Dossier, error) {
	v, err := s.h.Relocation.Case(ctx, p.Actor, s.id, at)
	if err != nil {
		return desk.Dossier{}, err
	}
	h, err := through[desk.Dossier](v)
	if err == nil {
		h.Heads, err = s.heads(ctx, p, v.Sealed, at)
	}
	return h, err
}

// heads are the hub's proofs that the journal knows the bodies it has just handed out, from where the person's own pin
// stands.
func (s *story) heads(ctx context.Context, p *Person, sealed ailleurs.Sealed, at time.Time) (*desk.Heads, error) {
	var hashes []string
	for _, b := range sealed.Bodies {
		if !b.Note {
			hashes = append(hashes, b.Hash)
		}
	}
	v, err := s.h.Relocation.Prove(ctx, s.h.Logs.Journal.Signer, p.Actor, []relocation.Handed{{Case: s.id, Hashes: hashes}}, p.keys.Journal.Size, at)
	if err != nil {
		return nil, err
	}
	return through[*desk.Heads](v)
}

// addressed reads the thread of a town as one of its people.
func (s *story) addressed(ctx context.Context, p *Person, at time.Time) (desk.Thread, error) {
	id, err := s.threadOf(ctx, p, at)
	if err != nil {
		return desk.Thread{}, err
	}
	v, err := s.h.Relocation.Thread(ctx, p.Actor, id, at)
	if err != nil {
		return desk.Thread{}, err
	}
	t, err := through[desk.Thread](v)
	if err == nil {
		t.Heads, err = s.heads(ctx, p, v.Sealed, at)
	}
	return t, err
}

// onCase is a step of one of the people of the case: they read it, make something of it on their desk, and hand that in.
func onCase[In any](ctx context.Context, s *story, by *Person, at time.Time, handIn func(*relocation.Exchange, context.Context, ailleurs.Actor, In, time.Time) error, make func(*desk.Desk, desk.Dossier) (In, error)) error {
	c, err := s.as(ctx, by, at)
	if err != nil {
		return err
	}
	in, err := make(by.Desk(s.h), c)
	if err != nil {
		return err
	}
	return handIn(s.h.Relocation, ctx, by.Actor, in, at)
}

// onThread is a step of one of an addressee's people.
func onThread[In any](ctx context.Context, s *story, by *Person, at time.Time, handIn func(*relocation.Exchange, context.Context, ailleurs.Actor, In, time.Time) error, make func(*desk.Desk, desk.Thread) (In, error)) error {
	t, err := s.addressed(ctx, by, at)
	if err != nil {
		return err
	}
	in, err := make(by.Desk(s.h), t)
	if err != nil {
		return err
	}
	return handIn(s.h.Relocation, ctx, by.Actor, in, at)
}

// threadOf finds the thread of this case in the inbox of an addressee, once for their town.
func (s *story) threadOf(ctx context.Context, p *Person, at time.Time) (ailleurs.ThreadID, error) {
	if id := s.threads[p.Member]; id != "" {
		return id, nil
	}
	for _, tab := range relocation.Tabs {
		after := ""
		for {
			page, err := s.h.Relocation.Inbox(ctx, p.Actor, tab, after, at)
			if err != nil {
				return "", err
			}
			for _, r := range page.Rows {
				if r.Case == s.id && r.Thread != "" {
					if s.threads == nil {
						s.threads = map[ailleurs.MemberID]ailleurs.ThreadID{}
					}
					s.threads[p.Member] = r.Thread
					return r.Thread, nil
				}
			}
			if page.Next == "" {
				break
			}
			after = page.Next
		}
	}
	return "", fmt.Errorf("demo: story %d: no thread for %s", s.n, p.Name)
}

// through carries a view from the hub to a desk as JSON does, so that the demonstration fails where a browser would.
func through[To, From any](v From) (To, error) {
	var out To
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

// publics are the keys of everyone whom a story may seal to.
func (s *story) publics(more ...*town) desk.People {
	var out desk.People
	add := func(people ...*Person) {
		for _, p := range people {
			out = append(out, p.public)
		}
	}
	add(s.origin.people()...)
	add(s.coordinators...)
	for _, t := range more {
		add(t.people()...)
	}
	return out
}

func (s *story) towns() []*town {
	var out []*town
	for _, r := range s.rings {
		out = append(out, r...)
	}
	return out
}

func (s *story) places() []desk.Place {
	var out []desk.Place
	for _, t := range s.towns() {
		out = append(out, t.place)
	}
	return out
}

// plan lists the steps of the story up to its goal.
func (s *story) plan() {
	add := func(name string, hours int, do func(context.Context, time.Time) error) {
		s.steps = append(s.steps, step{name, hours, do})
	}
	reached := func(g goal) bool { return s.goes == g }
	add("open", 0, s.open)
	if reached(drafted) {
		return
	}
	if reached(diverted) {
		add("divert", 4, s.onCase((*relocation.Exchange).Divert))
		return
	}
	add("submit", 4, s.submit)
	if reached(endorsing) {
		return
	}
	add("attest", 3, s.attest)
	if reached(attested) {
		return
	}
	add("sign", 2, s.signCall)
	if reached(checking) {
		return
	}
	if reached(suspended) {
		add("suspend", 1, s.suspend)
		return
	}
	add("check", 4, s.check)
	if reached(called) || reached(silent) {
		return
	}
	add("read", 6, s.read)
	if reached(readBy) {
		return
	}
	add("decline", 3, s.decline)
	add("answer", 3, s.answer)
	if reached(answering) {
		return
	}
	add("offer", 4, s.offer)
	if reached(proposed) {
		return
	}
	if reached(withdrawn) {
		add("withdraw", 5, s.onCase((*relocation.Exchange).Withdraw))
		return
	}
	add(untilChoosing, 24*5, func(context.Context, time.Time) error { return nil })
	if reached(choosing) {
		return
	}
	add("first yes", 2, s.retain)
	if reached(firstYes) {
		return
	}
	add("second yes", 5, s.welcome)
	if reached(preparing) {
		return
	}
	add("hand over", 1, s.handOver)
	if reached(handedOver) {
		return
	}
	add("plan", 24, s.prepare)
	add("depart", 20, s.depart)
	if reached(travelling) {
		return
	}
	add("arrive", 3, s.arrive)
	if reached(compromised) {
		add("compromise", 24*3, s.compromise)
		return
	}
	add("day 2", 48, s.follow(2))
	add("day 7", 24*5, s.follow(7))
	if reached(following) {
		return
	}
	add("day 30", 24*23, s.follow(30))
	add("close", 24, s.close)
}

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

// cardOf draws the card of the n-th story.
func cardOf(n int, at time.Time) ailleurs.Card {
	jobs := []string{"G1602", "F1703", "N1103", "K1302", "G1603", "J1501", "N4105", "A1203", "H3302", "D1106"}
	worker := ailleurs.HouseholdMember{
		Age: ailleurs.AgeBands[4+n%2], Works: true, Rome: []string{jobs[n%len(jobs)], jobs[(n+3)%len(jobs)]}, Level: n % 4,
		Licence: n%4 == 0, Nights: n%3 == 0,
	}
	c := ailleurs.Card{
		Members: []ailleurs.HouseholdMember{worker}, From: ailleurs.Date(at.AddDate(0, 0, 20).Format(time.DateOnly)),
		Speed: ailleurs.Normal, Words: vault.NewDossierName(),
	}
	switch n % 5 {
	case 1: // with a mother who works and a younger child
		c.Members = append(c.Members,
			ailleurs.HouseholdMember{Age: "26-59", Works: true, Rome: []string{"K2204"}, AnyJob: true},
			ailleurs.HouseholdMember{Age: "3-10"})
		c.Support = []ailleurs.Support{"childcare", "legal_aid"}
	case 3: // with a brother in school
		c.Members = append(c.Members, ailleurs.HouseholdMember{Age: "11-15"})
		c.Support = []ailleurs.Support{"school_restart"}
	default:
		c.Support = []ailleurs.Support{"mission_locale"}
	}
	return c
}

// personOf draws a person whom nobody is.
func personOf(n int, c ailleurs.Card) ailleurs.PersonFile {
	p := ailleurs.PersonFile{
		Name: nameOf(300 + n), SafeContact: fmt.Sprintf("01 99 00 %02d %02d", n/100, n%100), SafeHours: "le mardi après 18 h",
		Household: "personne fictive, pour la démonstration", Authority: ailleurs.NotNeeded, Agreements: ailleurs.Agreements,
		PapersSeen: []string{"identity"},
	}
	if c.HasMinor() {
		p.MinorsWithParent = true
	}
	return p
}

func arrivalOf(n int, at time.Time) ailleurs.ArrivalFile {
	return ailleurs.ArrivalFile{
		Address: fmt.Sprintf("%d, rue de l’Exemple (adresse fictive)", n+1), Employer: "cuisine d’un lycée (fictif)", Route: "train, puis tramway",
		Date: ailleurs.Date(at.AddDate(0, 0, 1).Format(time.DateOnly)), Escort: "référent·e d’accueil", Plan: ailleurs.MoveSteps,
	}
}
