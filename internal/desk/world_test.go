package desk

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// now is the instant of every test that needs one: forty days after the founding, so that nobody is under observation.
var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

var founded = now.Add(-40 * 24 * time.Hour)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A world is a hub of the tests' own: a register with its people, and a case whose way it keeps.
type world struct {
	t       testing.TB
	ground  *territory.Territory
	signer  note.Signer
	pin     vault.Pin
	records [][]byte
	hashes  []tlog.Hash
	learnt  *vault.Client

	founders [3]*vault.Trousseau
	towns    []*town // Lyon, Bordeaux, five others, and one that Lyon's limits exclude
	once     int

	c         ailleurs.Case
	sheet     *Call
	threads   []Line
	answers   []Answered
	additions []Added
	stated    []Stated
	sealed    ailleurs.Sealed
}

type town struct {
	id                                 ailleurs.MemberID
	code                               string
	lead, second, signatory, colleague *vault.Trousseau
}

func (t *town) place(land *territory.Territory) Place {
	c, _ := land.Commune(t.code)
	return Place{
		Member: t.id, Code: t.code, Keys: []string{"m:" + string(t.id), "c:" + c.Code, "d:" + c.Departement, "r:" + c.Region},
		Team: ailleurs.Team{Lead: t.lead.Agent, Second: t.second.Agent, Signatory: t.signatory.Agent},
	}
}

func (w *world) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = w.hashes[x]
	}
	return out, nil
}

func (w *world) enter(e ailleurs.RegisterEntry, approvers ...*vault.Trousseau) {
	r := ailleurs.RegisterRecord{Entry: e}
	for _, a := range approvers {
		s := e.Approval()
		s.By, s.Epoch, s.At = a.Agent, a.Epoch, e.At
		r.Approvals = append(r.Approvals, must(vault.Sign(a, s.Text())))
	}
	w.add(r.Format())
}

func (w *world) add(record []byte) {
	w.hashes = append(w.hashes, must(tlog.StoredHashes(int64(len(w.records)), record, w))...)
	w.records = append(w.records, record)
}

func (w *world) checkpoint(size int) []byte {
	root := must(tlog.TreeHash(int64(size), w))
	return must(note.Sign(&note.Note{Text: vault.FormatCheckpoint(w.signer.Name(), int64(size), root)}, w.signer))
}

func (w *world) name(m ailleurs.MemberID, role ailleurs.Role) *vault.Trousseau {
	t := must(vault.NewTrousseau(ailleurs.NewID[ailleurs.AgentID](), w.pin, vault.Pin{}))
	w.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: founded, Member: m, Agent: t.Agent, Role: role}, w.founders[0], w.founders[1])
	w.enter(t.Entry(founded), t, w.founders[0], w.founders[1])
	return t
}

// newWorld founds an alliance and takes the case nowhere yet.
func newWorld(t testing.TB) *world {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "exemple.test/registre")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ground: must(territory.Load()), signer: must(note.NewSigner(skey)), pin: vault.Pin{Verifier: vkey}}
	coordination := ailleurs.NewID[ailleurs.MemberID]()
	w.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: founded, Member: coordination, Code: "75056"})
	for i := range w.founders {
		f := must(vault.NewTrousseau(ailleurs.NewID[ailleurs.AgentID](), w.pin, vault.Pin{}))
		w.founders[i] = f
		w.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: founded, Member: coordination, Agent: f.Agent, Role: ailleurs.Coordinator})
		w.enter(f.Entry(founded), f)
	}
	for _, code := range []string{"69123", "33063", "44109", "59350", "35238", "67482", "31555", "69266"} {
		town := &town{id: ailleurs.NewID[ailleurs.MemberID](), code: code}
		w.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: founded, Member: town.id, Code: code}, w.founders[0], w.founders[1])
		town.lead, town.second = w.name(town.id, ailleurs.Caseworker), w.name(town.id, ailleurs.Caseworker)
		town.signatory, town.colleague = w.name(town.id, ailleurs.Signatory), w.name(town.id, ailleurs.Caseworker)
		w.towns = append(w.towns, town)
	}
	w.learnt = vault.NewClient(w.founders[0])
	if err := w.learnt.Learn(w.records, w.checkpoint(len(w.records))); err != nil {
		t.Fatal(err)
	}
	if wrong := w.learnt.Directory().Unfounded(); len(wrong) > 0 {
		t.Fatalf("the register's record %d counts for nothing: %v", wrong[0].Index, wrong[0].Err)
	}
	return w
}

// desk is someone at work, on a machine that has seen no case yet.
func (w *world) desk(t *vault.Trousseau) *Desk {
	return &Desk{Client: must(w.learnt.Beside(t)), Communes: w.ground, Unproved: true}
}

func (w *world) lyon() *town     { return w.towns[0] }
func (w *world) bordeaux() *town { return w.towns[1] }
func (w *world) barred() *town   { return w.towns[7] } // in Lyon's département

func (w *world) key() string {
	w.once++
	return "desk-test-" + string(rune('a'+w.once%26)) + "-0123456789"
}

func (w *world) places() []Place {
	var out []Place
	for _, t := range w.towns {
		out = append(out, t.place(w.ground))
	}
	return out
}

func (w *world) people() People {
	var out People
	for _, f := range w.founders {
		out = append(out, f.Public())
	}
	for _, t := range w.towns {
		out = append(out, t.lead.Public(), t.second.Public(), t.signatory.Public(), t.colleague.Public())
	}
	return out
}

func (w *world) rings() []ailleurs.Ring {
	ring := ailleurs.Ring{}
	for _, t := range w.towns[1:6] {
		ring = append(ring, t.id)
	}
	return []ailleurs.Ring{ring}
}

func (w *world) checkers() [2]ailleurs.AgentID {
	return [2]ailleurs.AgentID{w.founders[0].Agent, w.founders[1].Agent}
}

func (w *world) take(s ailleurs.Sealed) {
	w.sealed.Keys = append(w.sealed.Keys, s.Keys...)
	w.sealed.Bodies = append(w.sealed.Bodies, s.Bodies...)
	w.sealed.Envelopes = append(w.sealed.Envelopes, s.Envelopes...)
}

func (w *world) state(signed []byte, purpose ailleurs.Purpose, subject, digest string) {
	w.stated = append(w.stated, Stated{Purpose: purpose, Subject: subject, Digest: digest, Signed: signed})
}

// handedOut is what the hub hands to one reader: their envelopes, and the last body of each folder these open.
func (w *world) handedOut(to *vault.Trousseau) ailleurs.Sealed {
	out := ailleurs.Sealed{}
	last := map[vault.Folder]ailleurs.SealedBody{}
	for _, b := range w.sealed.Bodies {
		last[vault.Folder{Dossier: b.Case, Compartment: b.Compartment, Thread: b.Thread}] = b
	}
	for _, e := range w.sealed.Envelopes {
		if e.For != to.Agent {
			continue
		}
		out.Envelopes = append(out.Envelopes, e)
		f := vault.Folder{Dossier: e.Case, Compartment: e.Compartment, Thread: e.Thread}
		if b, ok := last[f]; ok {
			out.Bodies = append(out.Bodies, b)
			delete(last, f)
		}
	}
	return out
}

// through carries a view to a desk as JSON does, and so gives each attack a copy of its own.
func through[T any](v T) T {
	var out T
	if err := json.Unmarshal(must(json.Marshal(v)), &out); err != nil {
		panic(err)
	}
	return out
}

func (w *world) dossier(to *vault.Trousseau) Dossier {
	return through(Dossier{
		Case: w.c, Part: w.c.PartOf(to.Agent), Sheet: w.sheet, Threads: w.threads, Signed: w.stated, Additions: w.additions, Sealed: w.handedOut(to),
	})
}

func (w *world) thread(to *vault.Trousseau) Thread {
	b := w.bordeaux()
	t := Thread{
		ID: w.threads[0].ID, Case: w.c.ID, Origin: w.lyon().id, Member: b.id,
		Lead: b.lead.Agent, Second: b.second.Agent, Signatory: b.signatory.Agent, Origins: [2]ailleurs.AgentID{w.c.Lead, w.c.Second},
		State: ailleurs.Read, Round: 1, NeedHead: w.sheet.Sheet.NeedHead, Answers: w.answers, Sealed: w.handedOut(to),
	}
	for _, s := range w.stated {
		if s.Purpose == ailleurs.ToCall {
			t.Called = append(t.Called, s)
		}
	}
	switch to.Agent {
	case t.Lead:
		t.Part = ailleurs.AddresseeLead
	case t.Second:
		t.Part = ailleurs.AddresseeSecond
	case t.Signatory:
		t.Part = ailleurs.AddresseeSignatory
	}
	return through(t)
}

// form is a household of two adults, one of whom works.
func form() DraftForm {
	return DraftForm{
		Card: ailleurs.Card{
			Members: []ailleurs.HouseholdMember{{Age: "22-25", Works: true, Rome: []string{"G1602"}}, {Age: "26-59"}},
			From:    "2026-12-10", Speed: ailleurs.Normal,
		},
		Limits: ailleurs.LimitSet{Home: "69123"},
		Person: ailleurs.PersonFile{
			Name: "Camille Fictif", SafeContact: "01 99 00 00 00", Authority: ailleurs.NotNeeded, Agreements: ailleurs.Agreements,
		},
		Threat: ailleurs.ThreatFile{Where: "un lieu inventé"},
	}
}

func (w *world) open(f DraftForm) error {
	l := w.lyon()
	n, err := w.desk(l.lead).OpenCase(w.key(), f, l.second.Agent, l.signatory.Agent, w.people(), now)
	if err != nil {
		return err
	}
	w.c = ailleurs.Case{
		ID: n.Case, Member: l.id, Speed: n.Speed, State: ailleurs.Draft, Since: now, Lead: l.lead.Agent, Second: n.Second, Signatory: n.Signatory,
	}
	w.take(n.Sealed)
	return nil
}

func (w *world) submit() error {
	lead := w.lyon().lead
	s, err := w.desk(lead).Submit(w.key(), w.dossier(lead), w.rings(), w.places(), w.checkers(), w.people(), now)
	if err != nil {
		return err
	}
	w.submitted(s)
	return nil
}

func (w *world) submitted(s ailleurs.SubmitCall) {
	w.take(s.Sealed)
	w.c.State, w.c.Call, w.c.Checkers, w.c.Round = ailleurs.Endorsing, s.Sheet.Call, s.Sheet.Checkers, 1
	w.sheet = &Call{Sheet: s.Sheet, Digest: s.Sheet.Digest()}
	w.state(s.Signed, ailleurs.ToAttest, string(s.Sheet.Call), s.Sheet.Digest())
	w.threads = []Line{{ID: ailleurs.NewID[ailleurs.ThreadID](), Member: w.bordeaux().id, State: ailleurs.Sent}}
}

func (w *world) signed(s ailleurs.Signature, err error, purpose ailleurs.Purpose, subject, digest string) error {
	if err == nil {
		w.state(s.Signed, purpose, subject, digest)
	}
	return err
}

func (w *world) attest() error {
	p := w.lyon().second
	s, err := w.desk(p).Attest(w.key(), w.dossier(p), w.places(), now)
	return w.signed(s, err, ailleurs.ToAttest, string(w.c.Call), w.sheet.Digest)
}

func (w *world) call() error {
	p := w.lyon().signatory
	s, err := w.desk(p).SignCall(w.key(), w.dossier(p), now)
	return w.signed(s, err, ailleurs.ToCall, string(w.c.Call), w.sheet.Digest)
}

func (w *world) check() error {
	p := w.founders[0]
	s, err := w.desk(p).Check(w.key(), w.dossier(p), w.places(), now)
	w.c.State, w.c.Ring = ailleurs.Calling, 1
	return w.signed(s, err, ailleurs.ToCheck, string(w.c.Call), w.sheet.Digest)
}

// proposal is what Bordeaux answers.
func proposal() ailleurs.AnswerFile {
	return ailleurs.AnswerFile{
		Kind: ailleurs.Propose, Home: ailleurs.NewID[ailleurs.PlaceID](), Jobs: []ailleurs.PlaceID{ailleurs.NewID[ailleurs.PlaceID]()},
		From: "2026-12-12", Travel: "host", FirstNight: "host", FirstMonth: "departement",
		Bundle: &ailleurs.Bundle{
			Home: ailleurs.Offer{Kind: ailleurs.HomeOffer, Commune: "33063", Housing: ailleurs.Studio, Persons: 2},
			Jobs: []ailleurs.Offer{{Kind: ailleurs.JobOffer, Commune: "33063", Rome: "G1602"}},
		},
	}
}

func (w *world) answer() error {
	p := w.bordeaux().lead
	a, err := w.desk(p).Answer(w.key(), w.thread(p), proposal(), w.people(), now)
	if err != nil {
		return err
	}
	w.take(a.Sealed)
	w.answers = []Answered{{Sheet: a.Sheet, Digest: a.Sheet.Digest()}}
	w.threads[0].Answer = &w.answers[0]
	w.state(a.Signed, ailleurs.ToAnswer, string(w.threads[0].ID), a.Sheet.Digest())
	return nil
}

func (w *world) offer() error {
	p := w.bordeaux().signatory
	s, err := w.desk(p).SignAnswer(w.key(), w.thread(p), now)
	w.c.State = ailleurs.Choosing
	return w.signed(s, err, ailleurs.ToOffer, string(w.threads[0].ID), w.answers[0].Digest)
}

func (w *world) retain() error {
	p := w.lyon().lead
	save, s, err := w.desk(p).Retain(w.key(), w.dossier(p), w.threads[0].ID, "tournesol", now)
	if err != nil {
		return err
	}
	w.take(save.Sealed)
	w.c.Retained = w.threads[0].ID
	return w.signed(s, err, ailleurs.ToRetain, string(w.threads[0].ID), w.answers[0].Digest)
}

func (w *world) welcome() error {
	b := w.bordeaux()
	y, err := w.desk(b.lead).Welcome(w.key(), w.thread(b.lead), w.people(), now)
	if err != nil {
		return err
	}
	w.take(y.Sealed)
	w.c.State, w.c.Host, w.c.HostLead, w.c.HostSecond = ailleurs.Preparing, b.id, b.lead.Agent, b.second.Agent
	w.state(y.Signed, ailleurs.ToWelcome, string(w.threads[0].ID), w.answers[0].Digest)
	return nil
}

func (w *world) handOver() error {
	p := w.lyon().lead
	h, err := w.desk(p).HandOver(w.key(), w.dossier(p), true, w.people(), now)
	w.take(h.Sealed)
	return err
}

func arrival() ailleurs.ArrivalFile {
	return ailleurs.ArrivalFile{Address: "1, rue de l’Exemple", Date: "2026-12-12", Plan: slices.Clone(ailleurs.MoveSteps)}
}

func (w *world) plan() error {
	p := w.bordeaux().lead
	s, err := w.desk(p).Plan(w.key(), w.dossier(p), arrival(), now)
	w.take(s.Sealed)
	return err
}

func (w *world) depart() error {
	p := w.bordeaux().lead
	_, err := w.desk(p).Depart(w.key(), w.dossier(p), now.Add(8*time.Hour), now)
	w.c.State = ailleurs.Travelling
	return err
}

func (w *world) arrive() error {
	p := w.bordeaux().lead
	a, err := w.desk(p).Arrive(w.key(), w.dossier(p), "Tournesol", w.people(), now)
	w.take(a.Sealed)
	w.c.State = ailleurs.Following
	return err
}

func (w *world) follow() error {
	p := w.bordeaux().lead
	f, err := w.desk(p).FollowUp(w.key(), w.dossier(p), ailleurs.CourseEntry{Day: 2}, ailleurs.Well, now)
	w.take(f.Sealed)
	return err
}

// A step is one thing that somebody does on their own machine; steps lists the whole way.
type step struct {
	name string
	do   func(*world) error
}

var steps = []step{
	{"open", func(w *world) error { return w.open(form()) }},
	{"submit", (*world).submit},
	{"attest", (*world).attest},
	{"call", (*world).call},
	{"check", (*world).check},
	{"answer", (*world).answer},
	{"offer", (*world).offer},
	{"retain", (*world).retain},
	{"welcome", (*world).welcome},
	{"handover", (*world).handOver},
	{"plan", (*world).plan},
	{"depart", (*world).depart},
	{"arrive", (*world).arrive},
	{"follow", (*world).follow},
}

// before brings a fresh case of the world to the moment before a step. Every step up to there must be taken.
func (w *world) before(t testing.TB, name string) *world {
	t.Helper()
	fresh := *w
	fresh.t, fresh.c, fresh.sheet, fresh.threads, fresh.answers, fresh.additions, fresh.stated, fresh.sealed = t, ailleurs.Case{}, nil, nil, nil, nil, nil, ailleurs.Sealed{}
	for _, s := range steps {
		if s.name == name {
			return &fresh
		}
		if err := s.do(&fresh); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
	}
	return &fresh
}

func TestTheWholeWayIsTakenOnPeoplesOwnMachines(t *testing.T) {
	w := newWorld(t).before(t, "")
	host := w.bordeaux().second
	o, err := w.desk(host).OpenDossier(w.dossier(host), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Person, ailleurs.Arrival, ailleurs.Course} {
		if o.Values[string(c)] == nil {
			t.Errorf("the host's second reads nothing of %s", c)
		}
	}
	if o.Values[string(ailleurs.Threat)] != nil {
		t.Error("the threat was handed to the host's second")
	}
}
