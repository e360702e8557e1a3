package desk

import (
	"slices"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// found is a case whose household must flee, as its reader is handed it.
func (w *world) found(to *vault.Trousseau, was ailleurs.CaseState) Dossier {
	w.c.State, w.c.Resumes = ailleurs.Compromised, was
	return w.dossier(to)
}

// A town that a household flees from calls as a town of departure: limits of its own, and nobody's key but its pair's.
func TestHostOfAHouseholdThatFleesBecomesItsOrigin(t *testing.T) {
	w := newWorld(t).before(t, "")
	b := w.bordeaux()
	h := w.found(b.lead, ailleurs.Following)
	_, err := w.desk(b.lead).StartAgain(w.key(), h, AgainForm{Home: "nulle part"}, w.people(), now)
	refused(t, err, "limits.unknown_home")
	// Limits and threat go on where they stand: whoever has read the threat before sees no step back.
	h.Tails = w.tails(ailleurs.Limits, ailleurs.Threat)
	out, err := w.desk(b.lead).StartAgain(w.key(), h, AgainForm{Home: "33063", Excluded: []string{"d:13"}}, w.people(), now)
	if err != nil {
		t.Fatal(err)
	}
	epochs := map[ailleurs.Compartment]int{}
	for _, k := range out.Keys {
		epochs[k.Compartment] = k.Epoch
	}
	// The card is at its first epoch since the beginning, the person's file at its second since the arrival.
	if epochs[ailleurs.Need] != 2 || epochs[ailleurs.Person] != 3 || epochs[ailleurs.Limits] != 2 || epochs[ailleurs.Threat] != 2 {
		t.Errorf("new keys by epoch: %v", epochs)
	}
	for _, e := range out.Envelopes {
		if e.For != b.lead.Agent && e.For != b.second.Agent || e.Part != ailleurs.OriginLead && e.Part != ailleurs.OriginSecond {
			t.Errorf("%s is sealed to %s as %s", e.Compartment, e.For, e.Part)
		}
		if e.Compartment == ailleurs.Threat && e.For != b.lead.Agent {
			t.Error("the threat is sealed to the second")
		}
	}
	// What the hub then hands out is a draft like any other, from Bordeaux.
	w.sealed, w.stated, w.threads, w.sheet = out.Sealed, nil, nil, nil
	w.c = ailleurs.Case{
		ID: w.c.ID, Member: b.id, Speed: ailleurs.Urgent, State: ailleurs.Draft, Since: now, Round: 1,
		Lead: b.lead.Agent, Second: b.second.Agent, Signatory: b.signatory.Agent, Fled: true,
	}
	for _, p := range []*vault.Trousseau{b.lead, b.second} {
		o, err := w.desk(p).OpenDossier(w.dossier(p), now)
		if err != nil {
			t.Fatal(err)
		}
		card, limits := o.Values[string(ailleurs.Need)].(ailleurs.Card), o.Values[string(ailleurs.Limits)].(ailleurs.LimitSet)
		if card.Speed != ailleurs.Urgent || card.Words == "" {
			t.Errorf("the card calls at the speed %s", card.Speed)
		}
		for _, key := range []string{"c:33063", "d:33", "m:" + string(b.id), "m:" + string(w.lyon().id), "c:69123", "d:69", "d:13"} {
			if !slices.Contains(limits.Excluded, key) {
				t.Errorf("%s is not excluded", key)
			}
		}
		if slices.Contains(limits.Excluded, "r:75") || slices.Contains(limits.Excluded, "r:84") {
			t.Error("a whole region is excluded for one town")
		}
		if person := o.Values[string(ailleurs.Person)].(ailleurs.PersonFile); person.Name == "" || person.CodeWord != "" {
			t.Errorf("the file of the person is %+v", person)
		}
	}
	// Nobody who has read the file is called again, whatever the hub lets through.
	rings := []ailleurs.Ring{{w.towns[2].id, w.towns[3].id, w.towns[4].id, w.towns[5].id, w.towns[6].id}}
	d := w.dossier(b.lead)
	d.Knows = []ailleurs.MemberID{w.towns[4].id}
	_, err = w.desk(b.lead).Submit(w.key(), d, rings, w.places(), w.checkers(), w.people(), now)
	refused(t, err, "call.knows_already")
	d.Knows = nil
	if _, err = w.desk(b.lead).Submit(w.key(), d, rings, w.places(), w.checkers(), w.people(), now); err != nil {
		t.Error(err)
	}
}

// tails are where folders of the case stand.
func (w *world) tails(compartments ...ailleurs.Compartment) []Tail {
	var out []Tail
	for _, c := range compartments {
		tail := Tail{Compartment: c}
		for _, b := range w.sealed.Bodies {
			if b.Compartment == c {
				tail.Epoch, tail.Seq, tail.Hash = b.Epoch, b.Seq, b.Hash
			}
		}
		out = append(out, tail)
	}
	return out
}

// A town whose place failed and that is chosen again goes on where it stood: its own machine, which has seen the first
// plan, takes the second.
func TestSecondWelcomeGoesOnWhereTheFirstStood(t *testing.T) {
	w := newWorld(t).before(t, "depart")
	b := w.bordeaux()
	same := w.desk(b.lead) // one machine throughout
	if _, err := same.OpenDossier(w.dossier(b.lead), now); err != nil {
		t.Fatal(err)
	}
	thread := w.thread(b.lead)
	thread.Tails = w.tails(ailleurs.Arrival)
	y, err := same.Welcome(w.key(), thread, w.people(), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range y.Keys {
		if want := map[ailleurs.Compartment]int{ailleurs.Arrival: 2, ailleurs.Course: 1}[k.Compartment]; k.Epoch != want {
			t.Errorf("%s goes on at epoch %d, want %d", k.Compartment, k.Epoch, want)
		}
	}
	kept := w.sealed.Envelopes[:0]
	for _, e := range w.sealed.Envelopes {
		if e.Compartment != ailleurs.Arrival && e.Compartment != ailleurs.Course {
			kept = append(kept, e)
		}
	}
	w.sealed.Envelopes = kept
	w.take(y.Sealed)
	o, err := same.OpenDossier(w.dossier(b.lead), now)
	if err != nil {
		t.Fatal(err)
	}
	if a := o.Values[string(ailleurs.Arrival)].(ailleurs.ArrivalFile); a.Address != "" {
		t.Errorf("the plan of the place that failed is still there: %+v", a)
	}
	// A hub that names an older head is refused.
	thread.Tails[0].Seq, thread.Tails[0].Hash = 0, ""
	_, err = same.Welcome(w.key(), thread, w.people(), now)
	refused(t, err, "vault.rolled_back")
}

func TestOriginAddsTheTownThatIsKnownToItsLimits(t *testing.T) {
	w := newWorld(t).before(t, "plan")
	lead := w.lyon().lead
	out, err := w.desk(lead).StartAgain(w.key(), w.found(lead, ailleurs.Preparing), AgainForm{}, w.people(), now)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Keys) != 0 || len(out.Envelopes) != 0 || len(out.Bodies) != 2 {
		t.Errorf("the origin hands in %d keys, %d envelopes, %d bodies", len(out.Keys), len(out.Envelopes), len(out.Bodies))
	}
	w.take(out.Sealed)
	w.c.State, w.c.Resumes, w.c.Host, w.c.HostLead, w.c.HostSecond = ailleurs.Draft, "", "", "", ""
	o := must(w.desk(lead).OpenDossier(w.dossier(lead), now))
	limits := o.Values[string(ailleurs.Limits)].(ailleurs.LimitSet)
	for _, key := range []string{"m:" + string(w.bordeaux().id), "d:33", "d:69"} {
		if !slices.Contains(limits.Excluded, key) {
			t.Errorf("%s is not excluded", key)
		}
	}
	_, err = w.desk(lead).StartAgain(w.key(), w.dossier(lead), AgainForm{}, w.people(), now)
	refused(t, err, "case.not_now")
}
