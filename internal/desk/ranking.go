package desk

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// Ranks are the members that a case could call upon, best first, with what speaks for each and what keeps the others out,
// as keys of the catalogue. It is worked out where the card is opened; no score is shown.
type Ranks struct {
	Day      ailleurs.Date `json:"day"`    // of the list; empty where there is none
	Guarded  bool          `json:"limits"` // the reader holds the limits: where it must not go has been left out
	Towns    []RankedTown  `json:"towns"`
	Excluded []RankedTown  `json:"excluded"` // empty without the limits
	Silent   int           `json:"silent"`   // members with nothing on the list
	Notes    []Item        `json:"notes"`    // what the card or the list lacks
}

// A RankedTown is a member with its reasons.
type RankedTown struct {
	Member ailleurs.MemberID `json:"member"`
	Name   string            `json:"name"`
	Barred bool              `json:"barred,omitempty"` // it must not be called, whatever it offers
	Items  []Item            `json:"items"`

	Home ailleurs.OfferID   `json:"home,omitempty"` // what the items speak of
	Jobs []ailleurs.OfferID `json:"jobs,omitempty"`
}

// Rank orders the members for one case, as far as the reader may open it. The card is needed; without the limits nothing
// is said about where it must not go.
func (d *Desk) Rank(m *Market, h Dossier, at time.Time) (Ranks, error) {
	s, limits, err := d.seekerOf(h, at)
	if err != nil {
		return Ranks{}, err
	}
	out, err := d.rank(m, s)
	if err != nil || limits == nil {
		return out, err
	}
	for _, told := range d.suggestions(h.ID, limits) {
		if i := slices.IndexFunc(out.Towns, func(t RankedTown) bool { return t.Member == told.Member }); i >= 0 {
			out.Towns[i].Items = slices.Insert(out.Towns[i].Items, 0, Item{Key: "rank.suggested"})
		}
	}
	return out, nil
}

func (d *Desk) rank(m *Market, s seeker) (Ranks, error) {
	barred, err := d.barred(m, s)
	if err != nil {
		return Ranks{}, err
	}
	m.in.Households = []match.Household{m.household(s, barred)}
	ranking := m.ranker.Rank(0)
	out := Ranks{Day: m.Day, Guarded: s.limits != nil, Towns: []RankedTown{}, Excluded: []RankedTown{}, Notes: m.lacks(s)}

	best := make(map[int]int) // of ranking.Best, by member
	more := make(map[int]int)
	for i, one := range ranking.Best {
		member := m.memberOf(one.Home)
		if _, known := best[member]; known {
			more[member]++
			continue
		}
		best[member] = i
		out.Towns = append(out.Towns, RankedTown{Member: m.Members[member].ID, Name: m.Members[member].Name})
	}
	for i, town := range out.Towns {
		member := m.owned[town.Member]
		one := ranking.Best[best[member]]
		out.Towns[i].Items = d.speaksFor(m, 0, s, one, more[member])
		out.Towns[i].Home = m.Offers[m.homes[one.Home]].ID
		for _, j := range one.Jobs {
			out.Towns[i].Jobs = append(out.Towns[i].Jobs, m.Offers[m.jobs[j]].ID)
		}
	}
	broken := make(map[int]*match.Exclusion) // of each member without a place, the home that breaks the fewest rules
	for i := range ranking.Excluded {
		e := &ranking.Excluded[i]
		member := m.memberOf(e.Home)
		if known := broken[member]; known == nil || len(e.Codes) < len(known.Codes) {
			broken[member] = e
		}
	}
	for i, member := range m.Members {
		if _, ranked := best[i]; ranked {
			continue
		}
		var items []Item
		b, kept := barred[i]
		switch e := broken[i]; {
		case kept:
			items = []Item{{Key: "rank.barred." + barredBy[b]}}
		case e != nil:
			items = m.keepsOut(s, *e)
		case len(m.parts[i]) > 0: // jobs, but no home
			items = []Item{{Key: "rank.excluded.no_home"}}
		default:
			out.Silent++
			continue
		}
		if b != own {
			out.Excluded = append(out.Excluded, RankedTown{Member: member.ID, Name: member.Name, Barred: kept, Items: items})
		}
	}
	if !out.Guarded {
		out.Excluded = []RankedTown{}
	}
	slices.SortStableFunc(out.Excluded, func(a, b RankedTown) int { return cmp.Compare(territory.Fold(a.Name), territory.Fold(b.Name)) })
	for _, b := range ranking.Because {
		out.Notes = append(out.Notes, because(b, s))
	}
	return out, nil
}

var barredBy = map[barrier]string{own: "own", unknown: "unknown", 'c': "commune", 'd': "departement", 'r': "region", 'm': "member"}

// memberOf is the member that owns a home of the instance.
func (m *Market) memberOf(home int) int { return m.owners[m.in.Homes[home].Member].member }

// speaksFor puts into words what one home with its jobs has for the household, in the order in which people ask.
// k is its number in the market's instance.
func (d *Desk) speaksFor(m *Market, k int, s seeker, one match.Ranked, more int) []Item {
	home := m.Offers[m.homes[one.Home]]
	items := []Item{m.homeItem(home)}
	for i, ring := range s.called {
		if slices.Contains(ring, home.Member) {
			items = append(items, Item{Key: "rank.called", Args: map[string]string{"n": strconv.Itoa(i + 1)}})
		}
	}
	for w, j := range one.Jobs {
		items = append(items, m.jobItem(k, one, w, j))
	}
	if item, ok := d.distance(s, home.Commune); ok {
		items = append(items, item)
	}
	for _, r := range m.ranker.Reasons(k, one) {
		switch r.Code {
		case match.ReasonPreferCommune, match.ReasonPreferDepartement, match.ReasonPreferRegion:
			if r.Points > 0 {
				items = append(items, Item{Key: "rank." + r.Code})
			}
		case match.ReasonSpareRoom:
			items = append(items, Item{Key: "rank.spare_room", Args: map[string]string{"n": strconv.Itoa(*r.Count)}})
		}
	}
	if more > 0 {
		items = append(items, Item{Key: "rank.more_homes", Args: map[string]string{"n": strconv.Itoa(more)}})
	}
	return items
}

// homeItem says what a home is and from when.
func (m *Market) homeItem(o ListedOffer) Item {
	key := "rank.home_now"
	if m.Day.Before(o.From) {
		key = "rank.home"
	}
	return Item{Key: key, Args: map[string]string{
		"kind": string(o.Housing), "n": strconv.Itoa(o.Persons), "day": string(o.From),
	}}
}

// jobItem says what a job is, how far from the home, and how it fits.
func (m *Market) jobItem(k int, one match.Ranked, worker, job int) Item {
	o := m.Offers[m.jobs[job]]
	km := int(m.ranker.Km(one.Home, job))
	key := "rank.job"
	if km == 0 {
		key = "rank.job_here"
	}
	fit := ""
	for _, r := range m.ranker.Reasons(k, one) {
		if r.Worker != nil && *r.Worker == worker && r.Code != match.ReasonCommute {
			fit = r.Code
		}
	}
	return Item{Key: key, Args: map[string]string{"job": o.Rome, "contract": string(o.Contract), "km": strconv.Itoa(km), "fit": fit}}
}

// distance says how far a commune is from the household's own, which only the limits tell.
func (d *Desk) distance(s seeker, commune string) (Item, bool) {
	if s.limits == nil {
		return Item{}, false
	}
	from, ok := d.Communes.Commune(s.limits.Home)
	to, found := d.Communes.Commune(commune)
	if !ok || !found || !from.Located || !to.Located {
		return Item{Key: "rank.outside_limits"}, true
	}
	return Item{Key: "rank.far", Args: map[string]string{"km": strconv.Itoa(int(territory.DistanceKm(from.Point, to.Point)))}}, true
}

// keepsOut puts into words the rules that a member's best home breaks.
func (m *Market) keepsOut(s seeker, e match.Exclusion) []Item {
	var items []Item
	for _, code := range e.Codes {
		if code == match.ExcludedMember && m.unwanted(s.card, m.in.Homes[e.Home].Member) {
			code = "other_kind"
		}
		items = append(items, Item{Key: "rank.excluded." + code})
	}
	return items
}

// because says which rule leaves a household without any home or job.
func because(b match.Because, s seeker) Item {
	code := b.Code
	if code == match.NoHomeAllowed && len(s.card.Housing) > 0 { // kinds of housing are told apart as members
		code = "no_home_of_kind"
	}
	n := 1
	if b.Worker != nil {
		n += *b.Worker
	}
	return Item{Key: "because." + code, Args: map[string]string{"worker": strconv.Itoa(n), "opens": strconv.Itoa(b.Opens)}}
}

// lacks says plainly what cannot be taken into account.
func (m *Market) lacks(s seeker) []Item {
	items := []Item{}
	note := func(key string, n int) {
		items = append(items, Item{Key: key, Args: map[string]string{"n": strconv.Itoa(n)}})
	}
	switch {
	case m.Day == "":
		note("rank.no_list", 0)
	case len(m.homes) == 0:
		note("rank.no_homes", 0)
	}
	if s.limits == nil {
		note("rank.without_limits", 0)
	}
	works := 0
	for i, p := range s.card.Members {
		if !p.Works {
			continue
		}
		works++
		if len(p.Rome) == 0 {
			note("rank.no_occupation", i+1)
		}
		if p.Licence && !p.Vehicle {
			note("rank.licence_without_vehicle", i+1)
		}
		if p.Training {
			note("rank.training", i+1)
		}
	}
	if works == 0 {
		note("rank.nobody_works", 0)
	}
	if s.limits != nil && len(s.limits.Rivals)+len(s.limits.StayNear) > 0 {
		note("rank.pairs_aside", 0)
	}
	if m.Unlocated > 0 {
		note("rank.unlocated", m.Unlocated)
	}
	if m.Refused > 0 {
		note("rank.refused_offers", m.Refused)
	}
	return items
}
