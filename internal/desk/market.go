package desk

import (
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// A Listing is the day's list of offers as the hub hands it out, the same for everyone who may see it. Nothing of a case is
// asked of the hub to get it.
type Listing struct {
	Day     ailleurs.Date  `json:"day"`     // empty: there is no list yet
	Members []ListedMember `json:"members"` // that can be called
	Offers  []ListedOffer  `json:"offers"`
}

// A ListedMember is a member that can be called upon.
type ListedMember struct {
	ID   ailleurs.MemberID `json:"id"`
	Name string            `json:"name"`
	Code string            `json:"code"` // INSEE code of the commune or département, or SIREN
}

// A ListedOffer is an offer with how many of its places the list shows.
type ListedOffer struct {
	ID      ailleurs.OfferID   `json:"id"`
	Member  ailleurs.MemberID  `json:"member"`
	Kind    ailleurs.OfferKind `json:"kind"`
	Commune string             `json:"commune"`
	Free    int                `json:"free"`
	From    ailleurs.Date      `json:"from"`
	Until   ailleurs.Date      `json:"until,omitempty"`

	Housing    ailleurs.HousingKind `json:"housing,omitempty"`
	Persons    int                  `json:"persons,omitempty"`
	Rooms      int                  `json:"rooms,omitempty"`
	Accessible bool                 `json:"accessible,omitempty"`
	MinAge     int                  `json:"min_age,omitempty"`
	MaxAge     int                  `json:"max_age,omitempty"`

	Rome     string                `json:"rome,omitempty"`
	Contract ailleurs.ContractKind `json:"contract,omitempty"`
	Level    int                   `json:"level,omitempty"`
	Licence  bool                  `json:"licence,omitempty"`
	Hours    ailleurs.Hours        `json:"hours,omitempty"`
}

func (o ListedOffer) rules() ailleurs.Offer {
	return ailleurs.Offer{
		ID: o.ID, Member: o.Member, Kind: o.Kind, Commune: o.Commune, Places: o.Free, From: o.From, Until: o.Until, Housing: o.Housing,
		Persons: o.Persons, Rooms: o.Rooms, Accessible: o.Accessible, MinAge: o.MinAge, MaxAge: o.MaxAge, Rome: o.Rome,
		Contract: o.Contract, Level: o.Level, Licence: o.Licence, Hours: o.Hours,
	}
}

// A Market is a listing prepared for the matching engine, once for all the households that will be held against it.
//
// A card says which kinds of housing would do, and the engine knows no such wish: so what a member offers is told apart by
// kind, as though it were several members of the engine's, and a household is kept from those of kinds it does not want. A
// member's capacity is what it has free: no pledge bounds it further.
type Market struct {
	Listing
	Unlocated int // offers in communes without coordinates, which are never placed by distance
	Refused   int // offers that break a rule or name nobody who can be called: the hub should not list them

	in     *match.Instance
	ranker *match.Ranker
	homes  []int // offers behind the instance's homes
	jobs   []int
	owners []owner                   // behind the instance's members
	owned  map[ailleurs.MemberID]int // index into Members
	parts  [][]int                   // members of the instance, by member
	keys   [][]string                // by which each member can be excluded, by the register's codes; nil until asked for
}

// An owner is a member with one kind of housing, or with its jobs, where kind is empty.
type owner struct {
	member int
	kind   ailleurs.HousingKind
}

// jobAge is the age from which anyone works.
const jobAge = ailleurs.YoungestWorker

// NewMarket prepares a listing. Offers that are not fit to be matched are left out and counted.
func NewMarket(l Listing, land *territory.Territory) (*Market, error) {
	if land == nil {
		return nil, ailleurs.Refuse("desk.no_communes", "offers")
	}
	today, _ := match.ParseDay(string(l.Day))
	m := &Market{Listing: l, owned: make(map[ailleurs.MemberID]int, len(l.Members)), parts: make([][]int, len(l.Members))}
	m.in = &match.Instance{Date: today, Settings: match.Settings{
		MaxCommuteKm: 15, MaxCommuteKmDriving: 40, FlexDays: 21, MinStayDays: 90, Weights: match.DefaultWeights,
	}}
	for i, member := range l.Members {
		m.owned[member.ID] = i
	}
	places := make(map[string]territory.Commune)
	communes := make(map[string]int)
	owners := make(map[owner]int)
	seen := make(map[ailleurs.OfferID]bool, len(l.Offers))
	for i, o := range l.Offers {
		member, known := m.owned[o.Member]
		from, dated := match.ParseDay(string(o.From))
		until, ends := match.ParseDay(string(o.Until))
		place, found := places[o.Commune]
		if !found {
			place, found = land.Commune(o.Commune)
			places[o.Commune] = place
		}
		if !known || seen[o.ID] || !dated || !found || place.Code == "" || o.Until != "" && !ends || o.rules().Validate() != nil {
			m.Refused++
			continue
		}
		seen[o.ID] = true
		if !place.Located {
			m.Unlocated++
			continue
		}
		if !ends {
			until = match.NoBound
		}
		commune, known := communes[place.Code]
		if !known {
			commune = len(m.in.Communes)
			communes[place.Code] = commune
			m.in.Communes = append(m.in.Communes, match.Commune{
				Code: place.Code, Departement: place.Departement, Region: place.Region, Lat: place.Point.Lat, Lon: place.Point.Lon,
			})
		}
		of := owner{member, o.Housing}
		part, known := owners[of]
		if !known {
			part = len(m.in.Members)
			owners[of] = part
			m.owners = append(m.owners, of)
			m.parts[member] = append(m.parts[member], part)
			m.in.Members = append(m.in.Members, match.Member{ID: string(o.Member) + "/" + string(o.Housing)})
		}
		if o.Kind == ailleurs.JobOffer {
			m.jobs = append(m.jobs, i)
			m.in.Jobs = append(m.in.Jobs, match.Job{
				ID: string(o.ID), Member: part, Commune: commune, Rome: o.Rome, Level: o.Level, Slots: o.Free, Licence: o.Licence,
				Nights: o.Hours == ailleurs.NightHours, MinAge: jobAge, From: from, Until: until,
			})
			continue
		}
		m.in.Members[part].Capacity += o.Free
		m.homes = append(m.homes, i)
		home := match.Home{
			ID: string(o.ID), Member: part, Commune: commune, Kind: string(o.Housing), Persons: o.Persons, Units: o.Free,
			Accessible: o.Accessible, MinAge: o.MinAge, MaxAge: o.MaxAge, From: from, Until: until,
		}
		if home.MaxAge == 0 {
			home.MaxAge = match.NoBound
		}
		m.in.Homes = append(m.in.Homes, home)
	}
	m.ranker = match.NewRanker(m.in)
	// A browser compiles what it runs often, while it runs: a ranking for nobody spares the first case most of that.
	m.in.Households = []match.Household{{Persons: 1, Workers: []match.Worker{{Any: true, Licence: true, Nights: true, Level: 5, Age: jobAge}}}}
	m.ranker.Rank(0)
	return m, nil
}

// A seeker is a household that looks for a place, and what its reader may know of it.
type seeker struct {
	id      ailleurs.CaseID
	origin  ailleurs.MemberID
	card    ailleurs.Card
	limits  *ailleurs.LimitSet // nil: the reader does not hold them
	waiting int                // days
	called  []ailleurs.Ring    // of the call under way
}

// A barrier says why a household is kept from all that a member offers: the letter of the key by which the limits exclude
// its place, or one of those below.
type barrier byte

const (
	own     barrier = 'o' // the household's own town
	unknown barrier = 'u' // the register does not know the member, so nobody can seal to it
)

// barred finds the members that a household cannot be called to, whatever they offer: those whose own place the limits
// exclude, by the codes under which the register knows them.
func (d *Desk) barred(m *Market, s seeker) (map[int]barrier, error) {
	if err := d.Client.Ready(); err != nil {
		return nil, err
	}
	if m.keys == nil {
		m.keys = make([][]string, len(m.Members))
		for i, member := range m.Members {
			if code := d.Client.MemberCode(member.ID); code != "" {
				m.keys[i] = append(d.keysOf(code), "m:"+string(member.ID))
			}
		}
	}
	out := make(map[int]barrier)
	excluded := make(map[string]bool)
	if s.limits != nil {
		for _, key := range s.limits.Excluded {
			excluded[key] = true
		}
	}
	for i, member := range m.Members {
		switch {
		case member.ID == s.origin:
			out[i] = own
		case m.keys[i] == nil:
			out[i] = unknown
		}
		for _, key := range m.keys[i] {
			if _, known := out[i]; !known && excluded[key] {
				out[i] = barrier(key[0])
			}
		}
	}
	return out, nil
}

// wish is what a card's preferred places are worth each, in points: about as much as the step from a neighbouring
// occupation to one's own.
const wish = 100

// household is what the engine may know of a seeker: the card, and where it must not go.
func (m *Market) household(s seeker, barred map[int]barrier) match.Household {
	ready, _ := match.ParseDay(string(s.card.From))
	h := match.Household{
		ID: string(s.id), Persons: len(s.card.Members), Accessible: s.card.Accessible, Ready: ready, Urgency: s.card.Urgency(m.Day),
		WaitingDays: s.waiting, Prefer: make(map[string]int64, len(s.card.Prefer)),
	}
	for _, p := range s.card.Members {
		h.Ages = append(h.Ages, p.Age.Low())
		if p.Works {
			// A licence without a vehicle takes nobody to work: the job must then be in reach without a car.
			h.Workers = append(h.Workers, match.Worker{
				Age: p.Age.Low(), Rome: p.Rome, Any: p.AnyJob, Level: p.Level, Licence: p.Licence && p.Vehicle, Nights: p.Nights,
			})
		}
	}
	for _, key := range s.card.Prefer {
		h.Prefer[key] = wish
	}
	for _, need := range s.card.Support {
		h.Support = append(h.Support, string(need))
	}
	if s.limits != nil {
		for _, key := range s.limits.Excluded {
			if key[0] != 'm' { // members are barred by all their parts, below
				h.Excluded = append(h.Excluded, key)
			}
		}
	}
	for i := range m.owners {
		if _, out := barred[m.owners[i].member]; out || m.unwanted(s.card, i) {
			h.Excluded = append(h.Excluded, "m:"+m.in.Members[i].ID)
		}
	}
	return h
}

// unwanted reports whether a part of the market is of a kind of housing that the card does not ask for.
func (m *Market) unwanted(c ailleurs.Card, part int) bool {
	kind := m.owners[part].kind
	return kind != "" && len(c.Housing) > 0 && !slices.Contains(c.Housing, kind)
}
