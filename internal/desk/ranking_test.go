package desk

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
)

var townNames = map[string]string{
	"69123": "Lyon", "33063": "Bordeaux", "44109": "Nantes", "59350": "Lille", "35238": "Rennes", "67482": "Strasbourg", "31555": "Toulouse",
	"69266": "Villeurbanne",
}

// listing is a day's list on which every town can be called.
func (w *world) listing(offers ...ListedOffer) Listing {
	l := Listing{Day: "2026-11-23", Offers: offers}
	for _, t := range w.towns {
		l.Members = append(l.Members, ListedMember{t.id, townNames[t.code], t.code})
	}
	return l
}

func (w *world) market(t testing.TB, offers ...ListedOffer) *Market {
	t.Helper()
	m, err := NewMarket(w.listing(offers...), w.ground)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// home is a studio for two, free from December, in the commune of the town's own code.
func (w *world) home(town int, change func(*ListedOffer)) ListedOffer {
	t := w.towns[town]
	o := ListedOffer{
		ID: ailleurs.NewID[ailleurs.OfferID](), Member: t.id, Kind: ailleurs.HomeOffer, Commune: t.code, Free: 1, From: "2026-12-01",
		Housing: ailleurs.Studio, Persons: 2, Rooms: 1,
	}
	if change != nil {
		change(&o)
	}
	return o
}

// job is a cook's post in a commune.
func (w *world) job(town int, commune string, change func(*ListedOffer)) ListedOffer {
	o := ListedOffer{
		ID: ailleurs.NewID[ailleurs.OfferID](), Member: w.towns[town].id, Kind: ailleurs.JobOffer, Commune: commune, Free: 1, From: "2026-12-01",
		Rome: "G1602", Contract: ailleurs.Permanent, Hours: ailleurs.DayHours,
	}
	if change != nil {
		change(&o)
	}
	return o
}

// said is what a ranking says, by town: its keys in order.
func said(towns []RankedTown) map[string][]string {
	out := make(map[string][]string)
	for _, t := range towns {
		for _, item := range t.Items {
			out[t.Name] = append(out[t.Name], item.Key)
		}
	}
	return out
}

func keysIn(items []Item) (keys []string) {
	for _, item := range items {
		keys = append(keys, item.Key)
	}
	return keys
}

const bordeaux, nantes, lille, rennes, strasbourg, toulouse, villeurbanne = 1, 2, 3, 4, 5, 6, 7

func TestEachTownIsRankedWithItsReasonsOrExcludedWithOne(t *testing.T) {
	w := newWorld(t)
	f := form()
	f.Card.Prefer = []string{"r:75"}
	f.Limits.Excluded = []string{"d:31"}
	if err := w.open(f); err != nil {
		t.Fatal(err)
	}
	m := w.market(t,
		w.home(bordeaux, nil), w.home(bordeaux, func(o *ListedOffer) { o.Persons = 3 }), w.job(bordeaux, "33281", nil),
		w.home(nantes, func(o *ListedOffer) { o.Persons = 1 }), w.job(nantes, "44109", nil),
		w.home(lille, nil), w.job(lille, "59350", func(o *ListedOffer) { o.Rome = "N4105" }),
		w.home(strasbourg, func(o *ListedOffer) { o.From = "2027-06-01" }), w.job(strasbourg, "67482", nil),
		w.home(toulouse, nil), w.job(toulouse, "31555", nil),
		w.home(villeurbanne, nil), w.job(villeurbanne, "69266", nil),
		w.home(0, nil), w.job(0, "69123", nil),
	)
	got, err := w.desk(w.lyon().lead).Rank(m, w.dossier(w.lyon().lead), now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"Bordeaux": {"rank.home", "rank.job", "rank.far", "rank.prefer_region", "rank.more_homes"}}, said(got.Towns)); diff != "" {
		t.Errorf("ranked:\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{
		"Nantes": {"rank.excluded.too_small"}, "Lille": {"rank.excluded.no_job_near"}, "Strasbourg": {"rank.excluded.free_too_late"},
		"Toulouse": {"rank.barred.departement"}, "Villeurbanne": {"rank.barred.commune"},
	}, said(got.Excluded)); diff != "" {
		t.Errorf("excluded:\n%s", diff)
	}
	if !got.Guarded || got.Silent != 1 { // Rennes offers nothing
		t.Errorf("guarded %v, %d silent", got.Guarded, got.Silent)
	}
	items := got.Towns[0].Items
	if diff := cmp.Diff(map[string]string{"kind": "studio", "n": "2", "day": "2026-12-01"}, items[0].Args); diff != "" {
		t.Errorf("the home:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"job": "G1602", "contract": "permanent", "km": "6", "fit": "job_same"}, items[1].Args); diff != "" {
		t.Errorf("the job:\n%s", diff)
	}
}

// The second may be asked to rank too, and sees what the lead sees; who holds the card alone is told that nothing is known
// of where it must not go.
func TestNoExclusionIsComputedWithoutTheLimits(t *testing.T) {
	w := newWorld(t).before(t, "plan")
	m := w.market(t, w.home(nantes, nil), w.job(nantes, "44109", nil), w.home(villeurbanne, nil), w.job(villeurbanne, "69266", nil), w.home(lille, nil))
	host := w.bordeaux().lead
	got, err := w.desk(host).Rank(m, w.dossier(host), now)
	if err != nil {
		t.Fatal(err)
	}
	if got.Guarded || len(got.Excluded) > 0 {
		t.Errorf("exclusions without the limits: %+v", got.Excluded)
	}
	if !slices.Contains(keysIn(got.Notes), "rank.without_limits") {
		t.Errorf("nothing says that the limits are missing: %v", keysIn(got.Notes))
	}
	for _, town := range got.Towns {
		if slices.Contains(keysIn(town.Items), "rank.far") || slices.Contains(keysIn(town.Items), "rank.outside_limits") {
			t.Errorf("%s: a distance from a home that the reader does not know", town.Name)
		}
	}
	second := w.lyon().second
	if got, err = w.desk(second).Rank(m, w.dossier(second), now); err != nil || !got.Guarded {
		t.Errorf("the second holds the limits: guarded %v, %v", got.Guarded, err)
	}
}

func TestWhatTheCardOrTheListLacksIsSaid(t *testing.T) {
	w := newWorld(t)
	f := form()
	f.Card.Members = []ailleurs.HouseholdMember{{Age: "22-25", Works: true, AnyJob: true, Licence: true}, {Age: "26-59", Works: true, Rome: []string{"G1602"}, Training: true}}
	f.Limits.Rivals = []string{NewToken()}
	if err := w.open(f); err != nil {
		t.Fatal(err)
	}
	lead := w.lyon().lead
	l := w.listing(w.home(nantes, func(o *ListedOffer) { o.Commune = "98735" }), w.home(nantes, func(o *ListedOffer) { o.Persons = 99 }))
	l.Day = ""
	m, err := NewMarket(l, w.ground)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.desk(lead).Rank(m, w.dossier(lead), now)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"rank.no_list", "rank.no_occupation", "rank.licence_without_vehicle", "rank.training", "rank.pairs_aside", "rank.unlocated",
		"rank.refused_offers", "because.no_home",
	}
	if diff := cmp.Diff(want, keysIn(got.Notes)); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyTheKindsOfHousingOfTheCardAreRanked(t *testing.T) {
	w := newWorld(t)
	f := form()
	f.Card.Housing = []ailleurs.HousingKind{ailleurs.Hostel}
	if err := w.open(f); err != nil {
		t.Fatal(err)
	}
	m := w.market(t,
		w.home(nantes, nil), w.job(nantes, "44109", nil),
		w.home(lille, func(o *ListedOffer) { o.Housing = ailleurs.Hostel }), w.home(lille, nil), w.job(lille, "59350", nil),
	)
	got, err := w.desk(w.lyon().lead).Rank(m, w.dossier(w.lyon().lead), now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Towns) != 1 || got.Towns[0].Name != "Lille" || got.Towns[0].Items[0].Args["kind"] != "hostel" {
		t.Errorf("ranked %+v", got.Towns)
	}
	if diff := cmp.Diff([]string{"rank.excluded.other_kind"}, said(got.Excluded)["Nantes"]); diff != "" {
		t.Error(diff)
	}
}
