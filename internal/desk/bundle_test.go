package desk

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

// ofBordeaux are two offers of Bordeaux's and one of Arcachon, fifty kilometres away.
func ofBordeaux() []Owned {
	return []Owned{
		{ailleurs.Offer{Kind: ailleurs.HomeOffer, Commune: "33063", Housing: ailleurs.PrivateHost, Persons: 3}, []ailleurs.PlaceID{"home"}},
		{ailleurs.Offer{Kind: ailleurs.JobOffer, Commune: "33063", Rome: "G1602"}, []ailleurs.PlaceID{"near"}},
		{ailleurs.Offer{Kind: ailleurs.JobOffer, Commune: "33009", Rome: "G1602"}, []ailleurs.PlaceID{"far"}},
	}
}

func bundled(t *testing.T, job ailleurs.PlaceID) ailleurs.AnswerFile {
	t.Helper()
	a, err := Bundle(ailleurs.AnswerFile{Kind: ailleurs.Propose, Home: "home", Jobs: []ailleurs.PlaceID{job}}, ofBordeaux())
	if err != nil {
		t.Fatal(err)
	}
	// Identifiers of the shape that a card's rules want.
	a.Home, a.Jobs, a.From = ailleurs.NewID[ailleurs.PlaceID](), []ailleurs.PlaceID{ailleurs.NewID[ailleurs.PlaceID]()}, "2026-12-12"
	a.Travel, a.FirstNight, a.FirstMonth = "host", "host", "host"
	return a
}

func TestBundleIsOfTheMembersOwnFreePlaces(t *testing.T) {
	a := bundled(t, "near")
	if a.Bundle.Home.Housing != ailleurs.PrivateHost || len(a.Bundle.Jobs) != 1 || a.Bundle.Jobs[0].Rome != "G1602" {
		t.Errorf("the places are %+v", a.Bundle)
	}
	for field, a := range map[string]ailleurs.AnswerFile{
		"home":    {Kind: ailleurs.Propose, Home: "elsewhere"},
		"jobs[0]": {Kind: ailleurs.Counter, Home: "home", Jobs: []ailleurs.PlaceID{"home"}},
	} {
		_, err := Bundle(a, ofBordeaux())
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != "answer.place_unknown" || r.Field != field {
			t.Errorf("got %v, want answer.place_unknown on %s", err, field)
		}
	}
}

// The refusal comes before anything is sealed, and names the field.
func TestPrivateHostForAMinorIsRefusedBeforeAnythingIsSealed(t *testing.T) {
	w := newWorld(t).before(t, "open")
	f := draftOf(minor)
	f.Person.Authority = ailleurs.Judge
	for _, do := range []func() error{func() error { return w.open(f) }, w.submit, w.attest, w.call, w.check} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	a := bundled(t, "near")
	err := w.posted(a)
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != "answer.minor_with_private_host" || r.Field != "home" {
		t.Errorf("got %v, want answer.minor_with_private_host on home", err)
	}
}

// The élu and the origin look again: a caseworker whose machine does not look has it neither signed nor chosen.
func TestJobOutOfReachIsRefusedUnlessTheWorkerDrives(t *testing.T) {
	w := newWorld(t)
	d := w.desk(w.bordeaux().lead)
	card := form().Card
	card.Words = "héron-tuile"
	card.Members[0].Works = true
	a := bundled(t, "near")
	if err := d.fits(a, card); err != nil {
		t.Fatal(err)
	}
	a = bundled(t, "far")
	err := d.fits(a, card)
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != "answer.job_too_far" || r.Field != "jobs[0]" {
		t.Errorf("got %v, want answer.job_too_far on jobs[0]", err)
	}
	a.Kind, a.Differs = ailleurs.Counter, []ailleurs.Difference{"longer_commute"}
	if err := d.fits(a, card); err != nil {
		t.Errorf("a counter that says so: %v", err)
	}
	a = bundled(t, "far")
	card.Members[0].Licence, card.Members[0].Vehicle = true, true
	if err := d.fits(a, card); err != nil {
		t.Errorf("a worker who drives: %v", err)
	}
	card.Members[0].Vehicle = false
	d.Communes = nil
	refused(t, d.fits(a, card), "desk.no_communes")
}
