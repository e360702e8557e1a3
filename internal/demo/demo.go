// Package demo fills a hub with a fictitious alliance on the real map of France: people who enrol with real keys, cases
// that go through the real use cases, months that pass by the real clocks. Nothing is written into the database directly,
// so that what a newcomer tries is what a town hall would run. It works on databases of the demo kind only.
package demo

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// Size says how much to make. The zero value is the demonstration's own.
type Size struct {
	Towns int // at least 12
	Cases int
}

// A Persona is one of the six people that a newcomer may be: whom, in which part, and the code that opens their keys.
type Persona struct {
	Key   string           `json:"key"` // lyon, lyon-elue, lyon-binome, bordeaux, bordeaux-elu, coordination
	Name  string           `json:"name"`
	Town  string           `json:"town"`
	Agent ailleurs.AgentID `json:"agent"`
	Paper string           `json:"paper"`
}

// foundedBefore is how long before the day of the demonstration its alliance began: past the 30 days in which a new member
// may not receive persons' files, and long enough for the oldest case.
const foundedBefore = 130 * 24 * time.Hour

// A World is a hub that was filled: its personas, and the towns whose people can be played on.
type World struct {
	Personas     []Persona
	h            *hub.Hub
	coordinators []*Person
	towns        []*town
	played       int // cases, by Play
}

// Build fills the hub so that its story has come to the instant at, and returns the six personas.
func Build(ctx context.Context, h *hub.Hub, size Size, at time.Time) ([]Persona, error) {
	w, err := BuildWorld(ctx, h, size, at)
	if err != nil {
		return nil, err
	}
	return w.Personas, nil
}

// BuildWorld is Build for whoever goes on playing.
func BuildWorld(ctx context.Context, h *hub.Hub, size Size, at time.Time) (*World, error) {
	if size.Towns == 0 {
		size.Towns = len(communes)
	}
	if size.Cases == 0 {
		size.Cases = 120
	}
	began := at.Add(-foundedBefore).UTC().Truncate(time.Hour)
	coordinators, err := found(ctx, h, began)
	if err != nil {
		return nil, fmt.Errorf("demo: founding: %w", err)
	}
	// The alliance lists coordinators in the order of their identifiers, and a demonstration calls on the first two: the one
	// whom a visitor may be is always among them.
	slices.SortFunc(coordinators, func(a, b *Person) int { return cmp.Compare(a.Agent, b.Agent) })
	towns, err := admit(ctx, h, coordinators, castOf(size.Towns), began.Add(time.Minute))
	if err != nil {
		return nil, err
	}
	everyone := slices.Clone(coordinators)
	for _, t := range towns {
		everyone = append(everyone, t.people()...)
	}
	if err := learn(ctx, h, everyone); err != nil {
		return nil, err
	}
	if err := giveLines(ctx, h, coordinators[0], towns, began.Add(2*time.Minute)); err != nil {
		return nil, fmt.Errorf("demo: lines: %w", err)
	}
	if err := h.Relocation.Start(ctx, began.Add(2*time.Minute)); err != nil {
		return nil, err
	}
	if err := unfold(ctx, h, towns, stories(h, coordinators, towns, size.Cases), began, at); err != nil {
		return nil, err
	}
	lyon, bordeaux := towns[0], towns[1]
	return &World{h: h, coordinators: coordinators, towns: towns, Personas: []Persona{
		persona("lyon", "Lyon", lyon.lead), persona("lyon-elue", "Lyon", lyon.signatory), persona("lyon-binome", "Lyon", lyon.second),
		persona("bordeaux", "Bordeaux", bordeaux.lead), persona("bordeaux-elu", "Bordeaux", bordeaux.signatory),
		persona("coordination", "Coordination de l’alliance", coordinators[0]),
	}}, nil
}

// giveLines puts the duty officers into the call tree, with numbers that are kept for fiction.
func giveLines(ctx context.Context, h *hub.Hub, by *Person, towns []*town, at time.Time) error {
	var lines []protection.Line
	for _, t := range towns {
		for _, p := range t.people() {
			if p.Is(ailleurs.DutyOfficer) {
				lines = append(lines, protection.Line{Agent: p.Agent, Line: fmt.Sprintf("+331990000%02d", len(lines)+1)})
			}
		}
	}
	return h.Protection.SetLines(ctx, by.Actor, lines, at)
}

// DeclineBut has every addressee of a case say that it has no housing, but the town of that commune: when all have
// answered, the person may choose.
func (w *World) DeclineBut(ctx context.Context, id ailleurs.CaseID, commune string, at time.Time) error {
	w.played++
	s := &story{h: w.h, id: id, n: 40_000 + 100*w.played}
	for _, t := range w.towns {
		if t.place.Code == commune {
			continue
		}
		if _, err := s.threadOf(ctx, t.lead, at); err != nil {
			continue // not called
		}
		s.n++
		s.origin = w.towns[0]
		if err := s.reply(ctx, t, ailleurs.AnswerFile{Kind: ailleurs.Decline, Reason: ailleurs.NoHousing}, at); err != nil {
			return err
		}
	}
	return nil
}

func persona(key, town string, p *Person) Persona {
	return Persona{Key: key, Name: p.Name, Town: town, Agent: p.Agent, Paper: p.Paper}
}

// A happening is one step of one story at its instant.
type happening struct {
	at    time.Time
	story *story
	step  step
}

// tick is how finely the demonstration's past is told: what happens within one tick happens side by side.
const tick = 24 * time.Hour

// unfold lets time pass from began to at: steps of the stories, what falls due, and offers renewed as their owners do.
func unfold(ctx context.Context, h *hub.Hub, towns []*town, all []*story, began, at time.Time) error {
	var what []happening
	for _, s := range all {
		for i, t := range s.instants(at) {
			what = append(what, happening{t, s, s.steps[i]})
		}
	}
	slices.SortStableFunc(what, func(a, b happening) int { return a.at.Compare(b.at) })
	first := at.Add(-24 * time.Hour)
	if len(what) > 0 {
		first = what[0].at
	}
	if err := publish(ctx, h, towns, first.Add(-tick)); err != nil {
		return err
	}
	renewed := first
	for now := first; now.Before(at); now = now.Add(tick) {
		end := min(now.Add(tick).UnixNano(), at.UnixNano())
		until := time.Unix(0, end).UTC()
		if now.Sub(renewed) > ailleurs.OfferFresh-24*time.Hour {
			renewed = now
			if err := renew(ctx, h, towns, now); err != nil {
				return err
			}
		}
		n := 0
		for n < len(what) && what[n].at.Before(until) {
			n++
		}
		if err := together(ctx, what[:n]); err != nil {
			return err
		}
		what = what[n:]
		if err := fallDue(ctx, h, until); err != nil {
			return fmt.Errorf("demo: what fell due: %w", err)
		}
	}
	return nil
}

// instants are those of the steps of a story that has come to its last one shortly before at. A story that waits for the
// day on which the person may choose waits until the jobs of that day have been done, whatever holidays lie between.
func (s *story) instants(at time.Time) []time.Time {
	departement := ""
	if c, ok := s.h.Ground.Commune(s.origin.place.Code); ok {
		departement = c.Departement
	}
	calendar := territory.CalendarOf(departement)
	t := at.Add(-time.Duration(1+s.n%7) * time.Hour)
	out := make([]time.Time, len(s.steps))
	for i := len(s.steps) - 1; i >= 0; i-- {
		out[i] = t
		before := t.Add(-time.Duration(s.steps[i].hours) * time.Hour)
		if s.steps[i].name == untilChoosing {
			for ailleurs.Deadline(ailleurs.ChoosingOpens, ailleurs.Normal, before, calendar).Add(tick).After(t) {
				before = before.Add(-12 * time.Hour)
			}
		}
		t = before
	}
	if s.goes == silent {
		t = at.Add(-45 * 24 * time.Hour) // two rings of ten working days, and the person has not been called back yet
		for i, st := range s.steps {
			t = t.Add(time.Duration(st.hours) * time.Hour)
			out[i] = t
		}
	}
	return out
}

// fallDue does what is due as several hubs on one database would, each job by one of them.
func fallDue(ctx context.Context, h *hub.Hub, at time.Time) error {
	return atOnce(8, func(int) error {
		report, err := h.RunDue(ctx, at)
		if err == nil && len(report.Failures) > 0 {
			err = fmt.Errorf("%s: %w", report.Failures[0].Kind, report.Failures[0].Err)
		}
		return err
	})
}

// together runs the steps of one tick: stories side by side, the steps of one story in their order.
func together(ctx context.Context, what []happening) error {
	byStory := map[*story][]happening{}
	var order []*story
	for _, w := range what {
		if byStory[w.story] == nil {
			order = append(order, w.story)
		}
		byStory[w.story] = append(byStory[w.story], w)
	}
	return atOnce(len(order), func(i int) error {
		for _, w := range byStory[order[i]] {
			if err := w.step.do(ctx, w.at); err != nil {
				return fmt.Errorf("demo: story %d (%s), %s: %w", w.story.n, w.story.goes, w.step.name, err)
			}
		}
		return nil
	})
}

// share is how many of each hundred stories go how far.
var share = []struct {
	goal goal
	n    int
}{
	{drafted, 9},
	{endorsing, 5},
	{attested, 4},
	{checking, 6},
	{called, 7},
	{readBy, 8},
	{answering, 6},
	{proposed, 7},
	{choosing, 6},
	{firstYes, 5},
	{preparing, 5},
	{handedOver, 4},
	{travelling, 2},
	{following, 9},
	{settled, 5},
	{suspended, 2},
	{diverted, 2},
	{withdrawn, 4},
	{silent, 3},
	{compromised, 1},
}

// stories casts n cases: every fourth is Lyon's, and Bordeaux is called by most of these.
func stories(h *hub.Hub, coordinators []*Person, towns []*town, n int) []*story {
	var goals []goal
	for _, s := range share {
		for range max(1, (s.n*n+50)/100) {
			goals = append(goals, s.goal)
		}
	}
	out := make([]*story, 0, n)
	for i := range n {
		// A stride that is prime to the number of goals spreads them over the towns.
		s := &story{h: h, n: i, coordinators: coordinators, goes: goals[i*37%len(goals)]}
		from := 0
		if i%4 != 0 {
			from = 2 + i%(len(towns)-2)
		}
		s.origin = towns[from]
		s.rings = circles(h, towns, from, i)
		if s.goes != silent && i%4 != 2 {
			s.rings = s.rings[:1] // most calls are answered before they widen
		}
		if s.goes != silent {
			s.host = s.rings[0][0]
		}
		s.plan()
		out = append(out, s)
	}
	return out
}

// circles chooses two rings of five towns that the case may call on.
func circles(h *hub.Hub, towns []*town, from, n int) [][]*town {
	far := farFrom(h, towns, from)
	slices.SortStableFunc(far, func(a, b *town) int {
		return cmp.Compare(turn(a, n), turn(b, n))
	})
	if from == 0 && n%8 != 4 { // Lyon calls on Bordeaux, most of the time
		i := slices.Index(far, towns[1])
		far = slices.Insert(slices.Delete(far, i, i+1), 0, towns[1])
	}
	return [][]*town{far[:5], far[5:10]}
}

// farFrom lists the towns outside what the home of a case from there excludes.
func farFrom(h *hub.Hub, towns []*town, from int) []*town {
	origin, _ := h.Ground.Commune(towns[from].place.Code)
	near := make(map[string]bool)
	for _, x := range h.Ground.Near(origin.Point, ailleurs.HomeRadiusKm) {
		near[x.Commune.Code] = true
	}
	far := make([]*town, 0, len(towns))
	for i, t := range towns {
		c, _ := h.Ground.Commune(t.place.Code)
		if i != from && c.Departement != origin.Departement && !near[c.Code] {
			far = append(far, t)
		}
	}
	return far
}

// turn orders the towns differently for each story.
func turn(t *town, n int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", n, t.place.Code)
	return h.Sum64()
}

// publish has every town offer homes and jobs.
func publish(ctx context.Context, h *hub.Hub, towns []*town, at time.Time) error {
	from := ailleurs.Date(at.Format(time.DateOnly))
	return atOnce(len(towns), func(i int) error {
		t := towns[i]
		for j, o := range offersFor(i, from) {
			o.Commune = t.place.Code
			_, err := h.Relocation.PublishOffer(ctx, t.lead.Actor, ailleurs.PostOffer{Once: fmt.Sprintf("demonstration-offer-%03d-%d", i, j), Offer: o}, at)
			if err != nil {
				return fmt.Errorf("demo: offer of %s: %w", t.place.Code, err)
			}
		}
		return nil
	})
}

// offersFor are the five offers of the i-th town: three homes, two jobs.
func offersFor(i int, from ailleurs.Date) []ailleurs.Offer {
	jobs := []string{"G1602", "N1103", "F1703", "J1501", "D1106", "K2204", "A1203", "H3302"}
	home := func(kind ailleurs.HousingKind, persons, rooms, places int) ailleurs.Offer {
		return ailleurs.Offer{Kind: ailleurs.HomeOffer, Housing: kind, Persons: persons, Rooms: rooms, Places: places, From: from, Accessible: rooms == 3}
	}
	job := func(code string, contract ailleurs.ContractKind, places int) ailleurs.Offer {
		return ailleurs.Offer{Kind: ailleurs.JobOffer, Rome: code, Contract: contract, Places: places, From: from, Hours: ailleurs.DayHours}
	}
	many := 1
	if i == 1 { // Bordeaux, whom Lyon calls upon again and again
		many = 5
	}
	return []ailleurs.Offer{
		home(ailleurs.Studio, 1, 1, (4+i%3)*many), home(ailleurs.Social, 4, 3, 6*many), home(ailleurs.Hostel, 2, 1, 4*many),
		job(jobs[i%len(jobs)], ailleurs.Apprenticeship, 9*many), job(jobs[(i+3)%len(jobs)], ailleurs.FixedTerm, 9*many),
	}
}

// offersOf are a town's own offers.
func offersOf(ctx context.Context, h *hub.Hub, t *town, at time.Time) ([]relocation.OwnOffer, error) {
	page, _, err := h.Relocation.OwnOffers(ctx, t.lead.Actor, "", at)
	return page, err
}

// renew has every town say that its offers still stand.
func renew(ctx context.Context, h *hub.Hub, towns []*town, at time.Time) error {
	return atOnce(len(towns), func(i int) error {
		offers, err := offersOf(ctx, h, towns[i], at)
		if err != nil {
			return err
		}
		for _, o := range offers {
			in := ailleurs.OnOffer{Once: "demonstration-" + string(o.ID)[:12] + at.Format("20060102"), Offer: o.ID}
			if err := h.Relocation.ConfirmOffer(ctx, towns[i].lead.Actor, in, at); err != nil {
				return err
			}
		}
		return nil
	})
}
