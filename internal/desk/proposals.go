package desk

import (
	"slices"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
)

// Proposals is what the engine proposes for the cases on the table, in words: who could go where and why, who has no place
// and what stands in the way, and what would help most.
type Proposals struct {
	Day      ailleurs.Date `json:"day"`
	Placed   []Proposal    `json:"placed"`
	Unplaced []Proposal    `json:"unplaced"`
	Help     []Help        `json:"help"`
	Notes    []Item        `json:"notes"`
}

// A Proposal is one case with the member, home and jobs proposed for it, or with what stands in the way.
type Proposal struct {
	Case   ailleurs.CaseID    `json:"case"`
	Words  string             `json:"words"`
	Glance []Row              `json:"glance"`
	Member ailleurs.MemberID  `json:"member,omitempty"`
	Name   string             `json:"name,omitempty"`
	Home   ailleurs.OfferID   `json:"home,omitempty"`
	Jobs   []ailleurs.OfferID `json:"jobs,omitempty"`
	Items  []Item             `json:"items"`
	Told   []Item             `json:"told,omitempty"` // what was suggested to the origin already
}

// Help is one more home or job and the cases it would place.
type Help struct {
	Item  Item     `json:"item"`
	Words []string `json:"words"` // of the cases
}

// Solve finds the best plan for the table until stop says that there is no time left; what it has by then is shown with
// what is proved of it.
func (t *Table) Solve(d *Desk, stop func() bool) Proposals {
	t.plan = match.Solve(t.instance(), match.Options{Seed: 1, Prices: 5, Stop: stop})
	return t.proposals(d, t.plan)
}

// proposals puts a plan of the table's own instance into words.
func (t *Table) proposals(d *Desk, plan *match.Plan) Proposals {
	in, m := t.instance(), t.market
	out := Proposals{Day: m.Day, Placed: []Proposal{}, Unplaced: []Proposal{}, Help: []Help{}, Notes: t.lacks(plan)}
	at := make(map[string]int, len(t.seekers))
	for i, s := range t.seekers {
		at[string(s.id)] = i
	}
	homes, jobs := make(map[string]int, len(in.Homes)), make(map[string]int, len(in.Jobs))
	for i := range in.Homes {
		homes[in.Homes[i].ID] = i
	}
	for i := range in.Jobs {
		jobs[in.Jobs[i].ID] = i
	}
	m.in.Households = in.Households // the ranker explains placements of the table
	for _, p := range plan.Placements {
		k := at[p.Household]
		one := match.Ranked{Home: homes[p.Home], Points: p.Points}
		for _, id := range p.Jobs {
			one.Jobs = append(one.Jobs, jobs[id])
		}
		member := m.memberOf(one.Home)
		line := t.line(k)
		line.Member, line.Name, line.Home = m.Members[member].ID, m.Members[member].Name, ailleurs.OfferID(p.Home)
		for _, id := range p.Jobs {
			line.Jobs = append(line.Jobs, ailleurs.OfferID(id))
		}
		line.Items = d.speaksFor(m, k, t.seekers[k], one, 0)
		out.Placed = append(out.Placed, line)
	}
	for _, u := range plan.Unplaced {
		k := at[u.Household]
		line := t.line(k)
		for _, b := range u.Because {
			line.Items = append(line.Items, because(b, t.seekers[k]))
		}
		out.Unplaced = append(out.Unplaced, line)
	}
	for _, p := range plan.Prices {
		if len(p.WouldPlace) == 0 || p.Kind == "capacity" { // a capacity is what is free: more of it is one more home
			continue
		}
		help := Help{}
		for _, id := range p.WouldPlace {
			help.Words = append(help.Words, t.seekers[at[id]].card.Words)
		}
		if p.Kind == "home" {
			o := m.Offers[m.homes[homes[p.ID]]]
			help.Item = Item{Key: "help.home", Args: map[string]string{"kind": string(o.Housing), "n": strconv.Itoa(o.Persons), "town": d.townName(m, o)}}
		} else {
			o := m.Offers[m.jobs[jobs[p.ID]]]
			help.Item = Item{Key: "help.job", Args: map[string]string{"job": o.Rome, "town": d.townName(m, o)}}
		}
		out.Help = append(out.Help, help)
	}
	return out
}

// line is a case of the table without a verdict.
func (t *Table) line(k int) Proposal {
	s := t.seekers[k]
	line := Proposal{Case: s.id, Words: s.card.Words, Glance: outline(s.card), Items: []Item{}}
	for _, n := range t.notes[s.id] {
		item := suggestionItem(n.Suggestion)
		item.Args["day"] = n.At.UTC().Format(time.DateOnly)
		item.Key += "_told"
		line.Told = append(line.Told, item)
	}
	return line
}

// townName is where an offer is: the commune, with the member if that is another.
func (d *Desk) townName(m *Market, o ListedOffer) string {
	name := m.Members[m.owned[o.Member]].Name
	if c, ok := d.Communes.Commune(o.Commune); ok && c.Name != name {
		return c.Name + " (" + name + ")"
	}
	return name
}

// lacks says what the plan could not take into account, and how good it is.
func (t *Table) lacks(plan *match.Plan) []Item {
	items := []Item{}
	note := func(key string, n int) {
		items = append(items, Item{Key: key, Args: map[string]string{"n": strconv.Itoa(n)}})
	}
	switch {
	case t.market.Day == "":
		note("rank.no_list", 0)
	case len(t.market.homes) == 0:
		note("rank.no_homes", 0)
	case !plan.ProvedOptimal:
		note("table.not_proved", 0)
	}
	if n := len(t.instance().Apart); n > 0 {
		note("table.apart", n)
	}
	if n := len(t.instance().Together); n > 0 {
		note("table.together", n)
	}
	lone := 0
	for _, s := range t.seekers {
		if alone(s, t.seekers) {
			lone++
		}
	}
	if lone > 0 {
		note("table.lone_tokens", lone)
	}
	if t.market.Unlocated > 0 {
		note("rank.unlocated", t.market.Unlocated)
	}
	if t.market.Refused > 0 {
		note("rank.refused_offers", t.market.Refused)
	}
	return items
}

// Choices ranks the members for one case of the table, for whoever decides otherwise than the engine.
func (t *Table) Choices(d *Desk, id ailleurs.CaseID) (Ranks, error) {
	i := slices.IndexFunc(t.seekers, func(s seeker) bool { return s.id == id })
	if i < 0 {
		return Ranks{}, ailleurs.Refuse("table.not_on_it", "case")
	}
	return d.rank(t.market, t.seekers[i])
}

// outline is a card in a few lines: how many, which ages, which work.
func outline(c ailleurs.Card) []Row {
	row := Row{Label: "need.household", Items: []Item{{Key: "need.persons", Args: map[string]string{"n": strconv.Itoa(len(c.Members))}}}}
	for _, p := range c.Members {
		row.Items = append(row.Items, Item{Key: "age." + string(p.Age)})
		for _, code := range p.Rome {
			row.Items = append(row.Items, Item{Key: "rome." + code})
		}
		if p.AnyJob {
			row.Items = append(row.Items, Item{Key: "need.any_job"})
		}
	}
	return []Row{row}
}
