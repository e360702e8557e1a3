package desk

import (
	"slices"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// draftOf is a draft that cannot leave as it is, or should.
func draftOf(bend func(*DraftForm)) DraftForm {
	f := form()
	bend(&f)
	return f
}

func minor(f *DraftForm) {
	f.Card.Members = append(f.Card.Members, ailleurs.HouseholdMember{Age: "11-15"})
}

// What the lead's own machine refuses to write or to send, and by which field.
func TestDraftThatMayNotLeaveIsRefusedByItsField(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, key, field string
		form             DraftForm
	}{
		{"minor without authority", "person.minor_needs_authority", "authority", draftOf(minor)},
		{"authority not asked", "person.authority_missing", "authority", draftOf(func(f *DraftForm) { f.Person.Authority = "" })},
		{"no safe contact", "person.safe_contact_missing", "safe_contact", draftOf(func(f *DraftForm) { f.Person.SafeContact = "" })},
		{"an agreement missing", "person.agreement_missing", "agreements", draftOf(func(f *DraftForm) { f.Person.Agreements = ailleurs.Agreements[1:] })},
		{"private host with a minor", "card.minor_with_private_host", "card.housing[0]", draftOf(func(f *DraftForm) {
			minor(f)
			f.Card.Housing = []ailleurs.HousingKind{ailleurs.PrivateHost}
		})},
		{"nobody on the card", "card.household_size", "card.members", draftOf(func(f *DraftForm) { f.Card.Members = nil })},
		{"home that is no commune", "limits.unknown_home", "limits.home", draftOf(func(f *DraftForm) { f.Limits.Home = "zzzzzz" })},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.before(t, "open")
			err := w.open(c.form)
			if err == nil {
				err = w.submit()
			}
			refused(t, err, c.key)
			if r := ailleurs.AsRefusal(err); r != nil && r.Field != c.field {
				t.Errorf("about the field %s, want %s", r.Field, c.field)
			}
		})
	}
	if err := w.before(t, "open").open(draftOf(func(f *DraftForm) { minor(f); f.Person.MinorsWithParent = true })); err != nil {
		t.Errorf("a minor with a parent: %v", err)
	}
}

func TestMinorNeedsAuthorityForTheSecondToo(t *testing.T) {
	w := newWorld(t).before(t, "open")
	if err := w.open(draftOf(minor)); err != nil {
		t.Fatal(err)
	}
	// A lead whose machine does not look seals and signs a sheet all the same.
	lead := w.lyon().lead
	sheet := ailleurs.CallSheet{
		Case: w.c.ID, Call: ailleurs.NewID[ailleurs.CallID](), Round: 1, Speed: ailleurs.Normal, Rings: w.rings(),
		NeedHead: bodyOf(&w.sealed, ailleurs.Need).Hash, Checkers: w.checkers(), Attested: ailleurs.Attestations, CreatedAt: now,
	}
	w.sheet = &Call{Sheet: sheet, Digest: sheet.Digest()}
	w.c.Call = sheet.Call
	w.state(w.statement(lead, lead.Agent, ailleurs.ToAttest, string(sheet.Call), sheet.Digest()), ailleurs.ToAttest, string(sheet.Call), sheet.Digest())
	refused(t, w.attest(), "person.minor_needs_authority")
}

func TestFewerThanFiveAddresseesNeedAReason(t *testing.T) {
	w := newWorld(t).before(t, "submit")
	lead := w.lyon().lead
	few := []ailleurs.Ring{w.rings()[0][:4]}
	_, err := w.desk(lead).Submit(w.key(), w.dossier(lead), few, w.places(), w.checkers(), w.people(), now)
	refused(t, err, "call.too_few_addressees")
	save, call, err := w.desk(lead).SubmitFewer(w.key(), w.dossier(lead), few, "  les autres sont trop proches ", w.places(), w.checkers(), w.people(), now)
	if err != nil {
		t.Fatal(err)
	}
	if !call.Sheet.FewerWhy {
		t.Error("the sheet does not say that fewer are called")
	}
	// The second and the coordination read the reason before they sign, and sign nothing without one.
	before := w.sealed
	w.submitted(call)
	refused(t, w.attest(), "call.fewer_without_reason")
	w.sealed = before
	w.take(save.Sealed)
	w.take(call.Sealed)
	second := w.lyon().second
	o := must(w.desk(second).OpenDossier(w.dossier(second), now))
	if l := o.Values[string(ailleurs.Limits)].(ailleurs.LimitSet); l.FewerWhy != "les autres sont trop proches" {
		t.Errorf("the second reads %q", l.FewerWhy)
	}
	if err := w.attest(); err != nil {
		t.Error(err)
	}
	// Who calls enough needs no reason, and seals none.
	whole := newWorld(t).before(t, "submit")
	lead = whole.lyon().lead
	save, call, err = whole.desk(lead).SubmitFewer(whole.key(), whole.dossier(lead), whole.rings(), "pour rien", whole.places(), whole.checkers(), whole.people(), now)
	if err != nil || call.Sheet.FewerWhy || len(save.Bodies) > 0 {
		t.Errorf("five are called with %d bodies of a reason: %v", len(save.Bodies), err)
	}
}

// A member is out whichever way the limits name where it is.
func TestExcludedMemberIsOutByAnyOfItsKeys(t *testing.T) {
	w := newWorld(t)
	bordeaux := w.bordeaux()
	for _, key := range bordeaux.place(w.ground).Keys {
		t.Run(key[:2], func(t *testing.T) {
			w := w.before(t, "open")
			if err := w.open(draftOf(func(f *DraftForm) { f.Limits.Excluded = []string{key} })); err != nil {
				t.Fatal(err)
			}
			err := w.submit()
			refused(t, err, "call.excluded_member")
			if r := ailleurs.AsRefusal(err); r != nil && r.Field != "rings[0][0]" {
				t.Errorf("about the field %s", r.Field)
			}
		})
	}
}

func TestHomeExcludesItsDepartementAndSixtyKilometres(t *testing.T) {
	w := newWorld(t).before(t, "submit")
	lead := w.lyon().lead
	f := must(w.desk(lead).Draft(w.dossier(lead), now))
	for _, key := range []string{"c:69123", "d:69", "c:69266", "c:38544"} { // Vienne, in Isère, is 30 km away
		if !f.Limits.Excludes(key) {
			t.Errorf("%s is not excluded", key)
		}
	}
	if f.Limits.Excludes("c:33063") {
		t.Error("Bordeaux is excluded")
	}
}

func TestWrongCodeWordArrivesNobody(t *testing.T) {
	w := newWorld(t).before(t, "arrive")
	p := w.bordeaux().lead
	for code, key := range map[string]string{"coquelicot": "arrive.wrong_code_word", "": "vault.code_word_length"} {
		_, err := w.desk(p).Arrive(w.key(), w.dossier(p), code, w.people(), now)
		refused(t, err, key)
	}
	a, err := w.desk(p).Arrive(w.key(), w.dossier(p), "TOURNESOL", w.people(), now)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Keys) != 1 || a.Keys[0].Epoch != 2 {
		t.Errorf("arrived with keys %v, want person of epoch 2", a.Keys)
	}
	for _, e := range a.Envelopes {
		if e.For != w.bordeaux().lead.Agent && e.For != w.bordeaux().second.Agent {
			t.Errorf("the new epoch is handed to %s", e.Part)
		}
	}
}

func TestNobodyTravelsWithAnOpenLine(t *testing.T) {
	w := newWorld(t)
	host := w.bordeaux().lead
	for _, c := range []struct {
		name, key string
		plan      ailleurs.ArrivalFile
		ring      time.Time
	}{
		{"no escort", "plan.step_open", func() ailleurs.ArrivalFile {
			a := arrival()
			a.Plan = append(a.Plan[:2:2], a.Plan[3:]...)
			return a
		}(), now.Add(time.Hour)},
		{"no address", "plan.address_missing", ailleurs.ArrivalFile{Date: "2026-12-12", Plan: ailleurs.MoveSteps}, now.Add(time.Hour)},
		{"a ring in the past", "plan.ring_in_the_past", arrival(), now},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.before(t, "plan")
			save := must(w.desk(host).Plan(w.key(), w.dossier(host), c.plan, now))
			w.take(save.Sealed)
			_, err := w.desk(host).Depart(w.key(), w.dossier(host), c.ring, now)
			refused(t, err, c.key)
		})
	}
	w = w.before(t, "plan")
	_, err := w.desk(host).Depart(w.key(), w.dossier(host), now.Add(time.Hour), now)
	refused(t, err, "desk.not_sealed_to_you") // nobody has planned anything
}

func TestAnswerFitsTheCard(t *testing.T) {
	w := newWorld(t).before(t, "answer")
	p := w.bordeaux().lead
	for name, c := range map[string]struct {
		key  string
		bend func(*ailleurs.AnswerFile)
	}{
		"no job for the worker": {"answer.job_for_each_worker", func(a *ailleurs.AnswerFile) { a.Jobs = nil }},
		"no home":               {"answer.home_missing", func(a *ailleurs.AnswerFile) { a.Home = "" }},
		"nobody pays":           {"answer.payer_missing", func(a *ailleurs.AnswerFile) { a.Travel = "" }},
		"counter like a yes":    {"answer.difference_missing", func(a *ailleurs.AnswerFile) { a.Kind = ailleurs.Counter }},
	} {
		t.Run(name, func(t *testing.T) {
			a := proposal()
			c.bend(&a)
			_, err := w.desk(p).Answer(w.key(), w.thread(p), a, w.people(), now)
			refused(t, err, c.key)
		})
	}
	// That the place is known to the wrong people is for the origin alone: the hub learns another reason.
	a := must(w.desk(p).Answer(w.key(), w.thread(p), ailleurs.AnswerFile{Kind: ailleurs.Decline, Reason: ailleurs.LocalRisk}, w.people(), now))
	if a.Sheet.Coarse != ailleurs.OtherReason {
		t.Errorf("the hub learns %s", a.Sheet.Coarse)
	}
}

func TestMemberUnderObservationGetsNoFile(t *testing.T) {
	w := newWorld(t).before(t, "handover")
	lead := w.lyon().lead
	early := founded.Add(ailleurs.ObservationPeriod - time.Hour)
	_, err := w.desk(lead).HandOver(w.key(), w.dossier(lead), false, w.people(), early)
	refused(t, err, "desk.host_observed")
}

func TestHandOverSealsTheThreatToTheLeadAloneAndOnlyWhenDecided(t *testing.T) {
	w := newWorld(t).before(t, "handover")
	lead := w.lyon().lead
	for _, decided := range []bool{false, true} {
		h := must(w.desk(lead).HandOver(w.key(), w.dossier(lead), decided, w.people(), now))
		to := map[ailleurs.Compartment][]ailleurs.AgentID{}
		for _, e := range h.Envelopes {
			to[e.Compartment] = append(to[e.Compartment], e.For)
		}
		if len(to[ailleurs.Person]) != 2 || len(to[ailleurs.Threat]) > 1 || (len(to[ailleurs.Threat]) == 1) != decided {
			t.Errorf("decided %v: handed over %v", decided, to)
		}
		if decided && to[ailleurs.Threat][0] != w.bordeaux().lead.Agent {
			t.Error("the threat goes to another than the host's lead")
		}
	}
}

func TestCallWordsAreTheSameOnBothMachines(t *testing.T) {
	w := newWorld(t).before(t, "welcome")
	lead, host := w.lyon().lead, w.bordeaux().lead
	a := must(w.desk(lead).CallWords(w.dossier(lead), Thread{}, host.Public(), now))
	b := must(w.desk(host).CallWords(Dossier{}, w.thread(host), lead.Public(), now))
	if len(a) != 6 || !slices.Equal(a, b) {
		t.Errorf("%v and %v", a, b)
	}
}

// The form warns before it seals, and the person's own name and contact draw no warning.
func TestFormWarnsOfWhatDoesNotBelong(t *testing.T) {
	f := form()
	if w := f.Lint(); len(w) != 0 {
		t.Errorf("a plain form warns: %v", w)
	}
	f.Threat.Notes = "voiture AB-123-CD, condamné l’an dernier"
	f.Person.Household = "suivi pour dépression"
	want := map[WarningCode]bool{NumberPlate: true, OffenceFact: true, HealthWord: true}
	for _, w := range f.Lint() {
		if !want[w.Code] {
			t.Errorf("warns of %s: %s", w.Code, w.Text)
		}
		delete(want, w.Code)
	}
	for code := range want {
		t.Errorf("does not warn of %s", code)
	}
}

// What is approved is what the text says, by whoever's key counts; other texts are no approval.
func TestApprovalSaysWhatTheTextSays(t *testing.T) {
	w := newWorld(t)
	d, b := w.desk(w.founders[0]), w.bordeaux()
	team := b.place(w.ground).Team
	fresh := must(vault.NewTrousseau(ailleurs.NewID[ailleurs.AgentID](), w.pin, vault.Pin{}))
	entry := ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: b.lead.Agent, Epoch: 1}
	text := team.Text(b.id, now)
	for _, c := range []struct {
		text string
		want ailleurs.Statement
	}{
		{text, team.Approval(b.id, text)},
		{entry.Text(), entry.Approval()},
		{fresh.Entry(now).Text(), fresh.Entry(now).Approval()},
	} {
		signed, err := d.Approve(c.text, fresh.Public(), spoken(fresh.Public()), now)
		if err != nil {
			t.Fatal(err)
		}
		s := must(d.Client.VerifyStatement(signed))
		c.want.By = w.founders[0].Agent
		if err := s.Matches(c.want, now); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Approve("n'importe quoi\n", fresh.Public(), "", now); ailleurs.AsRefusal(err) == nil {
		t.Errorf("a text that says nothing: %v", err)
	}
	own := w.desk(fresh)
	_, err := own.Approve(text, fresh.Public(), "", now)
	refused(t, err, "vault.not_registered")
}

// Somebody of the same member who stands in reads and saves as the lead; what they wrote stays good afterwards.
func TestColleagueStandsIn(t *testing.T) {
	w := newWorld(t).before(t, "submit")
	l := w.lyon()
	give := w.dossier(l.lead)
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person} {
		give.Renew = append(give.Renew, Wanted{Compartment: c, Epoch: 1, For: l.colleague.Agent, Part: ailleurs.OriginLead})
	}
	save := must(w.desk(l.lead).Regrant(w.key(), give, w.people(), now))
	w.take(save.Sealed)
	view := w.dossier(l.colleague)
	view.Part = ailleurs.OriginLead // for the lead, who is away
	f := must(w.desk(l.colleague).Draft(view, now))
	f.Card.Accessible = true
	save = must(w.desk(l.colleague).SaveDraft(w.key(), view, f, now))
	if len(save.Bodies) != 1 {
		t.Fatalf("saved %d compartments, want the card alone", len(save.Bodies))
	}
	w.take(save.Sealed)
	if back := must(w.desk(l.second).Draft(w.dossier(l.second), now)); !back.Card.Accessible {
		t.Error("the second reads the older card")
	}
}

// A signer's page has not loaded the communes: what the code alone tells is checked all the same.
func TestPlacesAreCheckedWithoutTheCommunes(t *testing.T) {
	w := newWorld(t).before(t, "attest")
	d := w.desk(w.lyon().second)
	d.Communes = nil
	if _, err := d.Attest(w.key(), w.dossier(w.lyon().second), w.places(), now); err != nil {
		t.Error(err)
	}
	places := w.places()
	places[1].Keys = places[2].Keys
	_, err := d.Attest(w.key(), w.dossier(w.lyon().second), places, now)
	refused(t, err, "desk.other_place")
}
