package relocation_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// monday is when the tests' cases begin: a working day, 10 h in Paris.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var ground = sync.OnceValue(func() *territory.Territory {
	t, err := territory.Load()
	if err != nil {
		panic(err)
	}
	return t
})

// A hand is an agent with a signing key of their own.
type hand struct {
	ailleurs.Actor
	signer note.Signer
	epoch  int
}

// A town is a member with its three people.
type town struct {
	id                      ailleurs.MemberID
	lead, second, signatory hand
}

// A world is an alliance on a database, with a clock that only the test moves.
type world struct {
	testing.TB
	*relocation.Exchange
	db      *store.DB
	ctx     context.Context
	at      time.Time
	towns   []town
	checker [2]hand
	alarms  []ailleurs.AlertLevel
	notices map[ailleurs.AgentID]int
}

// codes are communes for the towns: Lyon first, then Bordeaux, then others; one in Alsace, one overseas.
var codes = []string{"69123", "33063", "44109", "35238", "59350", "67482", "97411", "31555", "34172", "76540", "21231", "29019", "63113", "87085", "45234", "37261", "51454", "80021"}

// eachWorld runs fn on both engines with an alliance of n towns.
func eachWorld(t *testing.T, n int, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { fn(t, newWorld(t, db, n)) })
}

// onSQLite is a world on SQLite alone, for rules that no engine can change.
func onSQLite(t testing.TB, n int) *world {
	t.Helper()
	return newWorld(t, storetest.SQLite(t, storetest.Setup{}), n)
}

func newWorld(t testing.TB, db *store.DB, n int) *world {
	t.Helper()
	w := &world{TB: t, Exchange: relocation.New(db, ground()), db: db, ctx: t.Context(), at: monday, notices: map[ailleurs.AgentID]int{}}
	w.Alarm = func(_ *store.Tx, _ ailleurs.CaseID, level ailleurs.AlertLevel, _ time.Time) error {
		w.alarms = append(w.alarms, level)
		return nil
	}
	w.write(func(tx *store.Tx) {
		for i := range n {
			w.towns = append(w.towns, w.newTown(tx, codes[i%len(codes)], i, monday.AddDate(-1, 0, 0)))
		}
		hub := w.newMember(tx, "75056", 10_000, monday.AddDate(-1, 0, 0))
		for i := range w.checker {
			w.checker[i] = w.newAgent(tx, hub, ailleurs.Coordinator)
		}
	})
	return w
}

// write changes the alliance's tables, which another pillar owns.
func (w *world) write(fn func(tx *store.Tx)) {
	w.Helper()
	err := w.db.Update(w.ctx, func(tx *store.Tx) error {
		fn(tx)
		_, err := journal.Append(tx, journal.Event{Kind: "test.alliance", At: w.at})
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) insert(tx *store.Tx, table string, row store.Changes) {
	if err := tx.Insert(table, row); err != nil {
		w.Fatal(err)
	}
}

func (w *world) newMember(tx *store.Tx, code string, i int, admitted time.Time) ailleurs.MemberID {
	id := ailleurs.NewID[ailleurs.MemberID]()
	kind := "commune"
	if i >= len(codes) {
		kind = "association" // as many as a benchmark wants, without a commune each
	}
	w.insert(tx, "member", store.Changes{
		"id": id, "kind": kind, "code": code, "name": "Ville fictive", "proposed_at": admitted, "charter_at": admitted, "admitted_at": admitted,
	})
	return id
}

func (w *world) newTown(tx *store.Tx, code string, i int, admitted time.Time) town {
	t := town{id: w.newMember(tx, code, i, admitted)}
	t.lead = w.newAgent(tx, t.id, ailleurs.Caseworker)
	t.second = w.newAgent(tx, t.id, ailleurs.Caseworker)
	t.signatory = w.newAgent(tx, t.id, ailleurs.Signatory)
	err := tx.Set("member", t.id, store.Changes{"lead_id": t.lead.Agent, "second_id": t.second.Agent, "signatory_id": t.signatory.Agent})
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func (w *world) newAgent(tx *store.Tx, member ailleurs.MemberID, role ailleurs.Role) hand {
	h := hand{Actor: ailleurs.Actor{Agent: ailleurs.NewID[ailleurs.AgentID](), Member: member, Roles: []ailleurs.Role{role}}}
	w.insert(tx, "agent", store.Changes{
		"id": h.Agent, "member_id": member, "name": "Personne fictive", "email": strings.ToLower(string(h.Agent)) + "@exemple.test", "lang": "fr",
		"notices": "all", "pace": "at_once", "created_at": w.at, "active_at": w.at,
	})
	w.insert(tx, "agent_role", store.Changes{"agent_id": h.Agent, "member_id": member, "role": role, "since": w.at, "register_idx": 0})
	w.newKey(tx, &h)
	return h
}

// newKey gives the agent a key one epoch on and revokes the one before.
func (w *world) newKey(tx *store.Tx, h *hand) {
	skey, vkey, err := note.GenerateKey(rand.Reader, string(h.Agent))
	if err != nil {
		w.Fatal(err)
	}
	if h.signer, err = note.NewSigner(skey); err != nil {
		w.Fatal(err)
	}
	if h.epoch > 0 {
		if err := tx.Set("agent_key", store.Key{h.Agent, h.epoch}, store.Changes{"revoked_at": w.at}); err != nil {
			w.Fatal(err)
		}
	}
	h.epoch++
	w.insert(tx, "agent_key", store.Changes{
		"agent_id": h.Agent, "epoch": h.epoch, "recipient": recipient, "verifier": vkey, "made_at": w.at, "confirmed_at": w.at, "register_idx": 0,
	})
}

// recipient has the form of a hybrid recipient.
var recipient = "age1pq1" + strings.Repeat("qpzry9x8gf2tvdw0s3jn54khce6mua7l", 61)

func (w *world) sign(h hand, purpose ailleurs.Purpose, subject, digest string) []byte {
	w.Helper()
	s := ailleurs.Statement{Purpose: purpose, Subject: subject, Digest: digest, By: h.Agent, Epoch: h.epoch, At: w.at}
	signed, err := note.Sign(&note.Note{Text: s.Text()}, h.signer)
	if err != nil {
		w.Fatal(err)
	}
	return signed
}

// signature is a signed statement with a key of its own.
func (w *world) signature(h hand, purpose ailleurs.Purpose, subject, digest string) ailleurs.Signature {
	return ailleurs.Signature{Once: once(), Signed: w.sign(h, purpose, subject, digest)}
}

func once() string { return rand.Text() }

// ok fails the test on any error.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused fails the test unless err is the refusal of that key.
func refused(t testing.TB, err error, key string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		t.Errorf("got %v, want the refusal %s", err, key)
	}
}

// refusedAs fails the test unless err is the refusal of that kind and key.
func refusedAs(t testing.TB, err error, kind ailleurs.RefusalKind, key string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key || r.Kind != kind {
		t.Errorf("got %#v (%v), want the refusal %s of kind %d", r, err, key, kind)
	}
}

// refusedAt fails the test unless err is the refusal of that key on that field.
func refusedAt(t testing.TB, err error, key, field string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key || r.Field != field {
		t.Errorf("got %#v (%v), want the refusal %s on %s", r, err, key, field)
	}
}

// pass moves the clock and does what is due, job by job at its own instant.
func (w *world) pass(d time.Duration) { w.Helper(); w.until(w.at.Add(d)) }

func (w *world) until(end time.Time) {
	w.Helper()
	handlers := w.Handlers()
	handlers["notice"] = func(_ *store.Tx, _ time.Time, job jobs.Due) error {
		w.notices[ailleurs.AgentID(job.Subject)]++
		return nil
	}
	for {
		var next time.Time
		var some bool
		w.ok(w.db.View(w.ctx, func(tx *store.Tx) (err error) {
			next, some, err = jobs.Next(tx)
			return err
		}))
		if !some || next.After(end) {
			break
		}
		if next.After(w.at) {
			w.at = next
		}
		r, err := jobs.Run(w.ctx, w.db, w.at, handlers)
		w.ok(err)
		for _, f := range r.Failures {
			w.Fatalf("job %s: %v", f.Key, f.Err)
		}
	}
	w.at = end
}

// A file is a dossier as its clients know it.
type file struct {
	id     ailleurs.CaseID
	origin town
	heads  map[string]ailleurs.SealedBody
	epochs map[string]int
	sheet  ailleurs.CallSheet
}

func folderKey(c ailleurs.Compartment, t ailleurs.ThreadID) string { return string(c) + string(t) }

func (f *file) key(c ailleurs.Compartment, t ailleurs.ThreadID) ailleurs.CompartmentKey {
	f.epochs[folderKey(c, t)]++
	return ailleurs.CompartmentKey{Case: f.id, Compartment: c, Thread: t, Epoch: f.epochs[folderKey(c, t)], Recipient: recipient}
}

// noise is n random bytes.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func (f *file) body(by hand, c ailleurs.Compartment, t ailleurs.ThreadID) ailleurs.SealedBody {
	before := f.heads[folderKey(c, t)]
	data := noise(ailleurs.SealedSize(4 << 10))
	b := ailleurs.SealedBody{
		Case: f.id, Compartment: c, Thread: t, Epoch: f.epochs[folderKey(c, t)], Seq: before.Seq + 1, Prev: before.Hash, Hash: sum(data),
		Author: by.Agent, Data: data,
	}
	f.heads[folderKey(c, t)] = b
	return b
}

func (w *world) envelope(f *file, by hand, c ailleurs.Compartment, t ailleurs.ThreadID, to hand, part ailleurs.Part) ailleurs.SealedEnvelope {
	return ailleurs.SealedEnvelope{
		Case: f.id, Compartment: c, Thread: t, Epoch: f.epochs[folderKey(c, t)], For: to.Agent, KeyEpoch: to.epoch, Part: part, By: by.Agent,
		Expires: w.at.Add(ailleurs.EnvelopeLife), Data: noise(ailleurs.SealedSize(ailleurs.EnvelopePlain)),
	}
}

// newCase is what the lead of a town hands in to open a case.
func (w *world) newCase(origin town, speed ailleurs.Speed) (*file, ailleurs.NewCase) {
	f := &file{
		id: ailleurs.NewID[ailleurs.CaseID](), origin: origin, heads: map[string]ailleurs.SealedBody{}, epochs: map[string]int{},
	}
	in := ailleurs.NewCase{Once: once(), Case: f.id, Speed: speed, Second: origin.second.Agent, Signatory: origin.signatory.Agent}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person, ailleurs.Threat} {
		in.Keys = append(in.Keys, f.key(c, ""))
		in.Bodies = append(in.Bodies, f.body(origin.lead, c, ""))
		in.Envelopes = append(in.Envelopes, w.envelope(f, origin.lead, c, "", origin.lead, ailleurs.OriginLead))
		if c != ailleurs.Threat {
			in.Envelopes = append(in.Envelopes, w.envelope(f, origin.lead, c, "", origin.second, ailleurs.OriginSecond))
		}
	}
	return f, in
}

// call is what the lead hands in to call upon rings of towns.
func (w *world) call(f *file, speed ailleurs.Speed, rings ...[]town) ailleurs.SubmitCall {
	o := f.origin
	s := ailleurs.CallSheet{
		Case: f.id, Call: ailleurs.NewID[ailleurs.CallID](), Round: f.sheet.Round + 1, Speed: speed, NeedHead: f.heads[folderKey(ailleurs.Need, "")].Hash,
		Checkers: [2]ailleurs.AgentID{w.checker[0].Agent, w.checker[1].Agent}, Attested: ailleurs.Attestations, CreatedAt: w.at,
	}
	in := ailleurs.SubmitCall{Once: once()}
	for i, ring := range rings {
		var ids ailleurs.Ring
		for _, t := range ring {
			ids = append(ids, t.id)
			for part, h := range map[ailleurs.Part]hand{
				ailleurs.AddresseeLead: t.lead, ailleurs.AddresseeSecond: t.second, ailleurs.AddresseeSignatory: t.signatory,
			} {
				e := w.envelope(f, o.lead, ailleurs.Need, "", h, part)
				e.Member, e.Ring = t.id, i+1
				in.Envelopes = append(in.Envelopes, e)
			}
		}
		s.Rings = append(s.Rings, ids)
	}
	in.Envelopes = append(in.Envelopes, w.envelope(f, o.lead, ailleurs.Need, "", o.signatory, ailleurs.OriginSignatory))
	for _, c := range w.checker {
		in.Envelopes = append(in.Envelopes,
			w.envelope(f, o.lead, ailleurs.Need, "", c, ailleurs.Checker), w.envelope(f, o.lead, ailleurs.Limits, "", c, ailleurs.Checker))
	}
	in.Sheet = s
	in.Signed = w.sign(o.lead, ailleurs.ToAttest, string(s.Call), s.Digest())
	return in
}

// opened is a draft of the first town.
func (w *world) opened(speed ailleurs.Speed) *file {
	w.Helper()
	f, in := w.newCase(w.towns[0], speed)
	w.ok(w.Open(w.ctx, w.towns[0].lead.Actor, in, w.at))
	return f
}

// submitted is a case that waits for its two signatures.
func (w *world) submitted(speed ailleurs.Speed, rings ...[]town) *file {
	w.Helper()
	f := w.opened(speed)
	w.submit(f, w.call(f, speed, rings...))
	return f
}

func (w *world) submit(f *file, in ailleurs.SubmitCall) {
	w.Helper()
	w.ok(w.Submit(w.ctx, f.origin.lead.Actor, in, w.at))
	f.sheet = in.Sheet
}

// endorsed is a case that the second and the signatory have signed.
func (w *world) endorsed(speed ailleurs.Speed, rings ...[]town) *file {
	w.Helper()
	f := w.submitted(speed, rings...)
	w.endorse(f)
	return f
}

func (w *world) endorse(f *file) {
	w.Helper()
	o, call, digest := f.origin, string(f.sheet.Call), f.sheet.Digest()
	w.ok(w.Endorse(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToAttest, call, digest), w.at))
	w.ok(w.Endorse(w.ctx, o.signatory.Actor, w.signature(o.signatory, ailleurs.ToCall, call, digest), w.at))
}

// calling is a case whose first ring is open.
func (w *world) calling(speed ailleurs.Speed, rings ...[]town) *file {
	w.Helper()
	f := w.endorsed(speed, rings...)
	if speed != ailleurs.Imminent {
		w.ok(w.Check(w.ctx, w.checker[0].Actor, w.signature(w.checker[0], ailleurs.ToCheck, string(f.sheet.Call), f.sheet.Digest()), w.at))
	}
	return f
}

// threadOf is the thread of a town in the call under way.
func (w *world) threadOf(f *file, t town) ailleurs.ThreadID {
	w.Helper()
	var id ailleurs.ThreadID
	w.ok(w.db.View(w.ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT id FROM thread WHERE call_id = $1 AND member_id = $2", f.sheet.Call, t.id).Scan(&id)
	}))
	return id
}

// read opens the thread of a town as its lead.
func (w *world) read(f *file, t town) relocation.ThreadView {
	w.Helper()
	v, err := w.Thread(w.ctx, t.lead.Actor, w.threadOf(f, t), w.at)
	w.ok(err)
	return v
}

// place publishes an offer of one place and returns the place.
func (w *world) place(t town, kind ailleurs.OfferKind) ailleurs.PlaceID {
	w.Helper()
	id, err := w.PublishOffer(w.ctx, t.lead.Actor, ailleurs.PostOffer{Once: once(), Offer: offer(kind, 1)}, w.at)
	w.ok(err)
	o, err := w.Offer(w.ctx, t.lead.Actor, id, w.at)
	w.ok(err)
	return o.Places[0]
}

func offer(kind ailleurs.OfferKind, places int) ailleurs.Offer {
	o := ailleurs.Offer{Kind: kind, Commune: "33063", Places: places, From: "2026-12-01"}
	if kind == ailleurs.HomeOffer {
		o.Housing, o.Persons, o.Rooms = ailleurs.Studio, 1, 1
	} else {
		o.Rome, o.Contract, o.Level, o.Hours = "G1602", ailleurs.Apprenticeship, 2, ailleurs.DayHours
	}
	return o
}

// answer is what a town hands in to answer.
func (w *world) answer(f *file, t town, kind ailleurs.AnswerKind, change func(*ailleurs.AnswerSheet)) ailleurs.PostAnswer {
	w.Helper()
	id := w.threadOf(f, t)
	in := ailleurs.PostAnswer{Once: once()}
	var round int
	w.ok(w.db.View(w.ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT round FROM thread WHERE id = $1", id).Scan(&round)
	}))
	if f.epochs[folderKey(ailleurs.Answer, id)] == 0 {
		in.Keys = append(in.Keys, f.key(ailleurs.Answer, id))
		for part, h := range map[ailleurs.Part]hand{ailleurs.AddresseeLead: t.lead, ailleurs.AddresseeSecond: t.second, ailleurs.AddresseeSignatory: t.signatory} {
			e := w.envelope(f, t.lead, ailleurs.Answer, id, h, part)
			e.Member, e.Ring = t.id, ringOf(f.sheet, t.id)
			in.Envelopes = append(in.Envelopes, e)
		}
		in.Envelopes = append(in.Envelopes,
			w.envelope(f, t.lead, ailleurs.Answer, id, f.origin.lead, ailleurs.OriginLead),
			w.envelope(f, t.lead, ailleurs.Answer, id, f.origin.second, ailleurs.OriginSecond))
	}
	in.Bodies = append(in.Bodies, f.body(t.lead, ailleurs.Answer, id))
	in.Sheet = ailleurs.AnswerSheet{Case: f.id, Thread: id, Round: round, Kind: kind, Body: in.Bodies[0].Hash, At: w.at}
	if kind.NeedsSignatory() {
		in.Sheet.Home, in.Sheet.Jobs = w.place(t, ailleurs.HomeOffer), []ailleurs.PlaceID{w.place(t, ailleurs.JobOffer)}
	}
	if kind == ailleurs.Decline {
		in.Sheet.Coarse = ailleurs.NoHousing
	}
	if change != nil {
		change(&in.Sheet)
	}
	in.Signed = w.sign(t.lead, ailleurs.ToAnswer, string(id), in.Sheet.Digest())
	return in
}

func ringOf(s ailleurs.CallSheet, m ailleurs.MemberID) int {
	for i, ring := range s.Rings {
		for _, id := range ring {
			if id == m {
				return i + 1
			}
		}
	}
	return 0
}

// proposes reads, proposes and signs for a town; it returns the answer's sheet.
func (w *world) proposes(f *file, t town) ailleurs.AnswerSheet {
	w.Helper()
	w.read(f, t)
	in := w.answer(f, t, ailleurs.Propose, nil)
	w.ok(w.Answer(w.ctx, t.lead.Actor, in, w.at))
	w.offers(f, t, in.Sheet)
	return in.Sheet
}

func (w *world) offers(_ *file, t town, s ailleurs.AnswerSheet) {
	w.Helper()
	w.ok(w.SignAnswer(w.ctx, t.signatory.Actor, w.signature(t.signatory, ailleurs.ToOffer, string(s.Thread), s.Digest()), w.at))
}

// declines reads and declines for a town.
func (w *world) declines(f *file, t town) {
	w.Helper()
	w.read(f, t)
	w.ok(w.Answer(w.ctx, t.lead.Actor, w.answer(f, t, ailleurs.Decline, nil), w.at))
}

// choosing is a case in which the second town has proposed and all others of the ring declined.
func (w *world) choosing(speed ailleurs.Speed) (*file, ailleurs.AnswerSheet) {
	w.Helper()
	f := w.calling(speed, w.towns[1:6])
	s := w.proposes(f, w.towns[1])
	for _, t := range w.towns[2:6] {
		w.declines(f, t)
	}
	w.state(f, ailleurs.Choosing)
	return f, s
}

func (w *world) retain(f *file, s ailleurs.AnswerSheet) {
	w.Helper()
	o := f.origin
	w.ok(w.Retain(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToRetain, string(s.Thread), s.Digest()), w.at))
}

// welcome is what the host's lead hands in with the second yes.
func (w *world) welcome(f *file, t town, s ailleurs.AnswerSheet) ailleurs.Welcome {
	in := ailleurs.Welcome{Once: once(), Thread: s.Thread, Signed: w.sign(t.lead, ailleurs.ToWelcome, string(s.Thread), s.Digest())}
	for _, c := range []ailleurs.Compartment{ailleurs.Arrival, ailleurs.Course} {
		in.Keys = append(in.Keys, f.key(c, ""))
		in.Bodies = append(in.Bodies, f.body(t.lead, c, ""))
		in.Envelopes = append(in.Envelopes, w.envelope(f, t.lead, c, "", t.lead, ailleurs.HostLead), w.envelope(f, t.lead, c, "", t.second, ailleurs.HostSecond))
	}
	return in
}

// preparing is a case that the second town will welcome, handed over.
func (w *world) preparing(speed ailleurs.Speed) (*file, town) {
	w.Helper()
	f, s := w.choosing(speed)
	t := w.towns[1]
	w.retain(f, s)
	w.ok(w.Welcome(w.ctx, t.lead.Actor, w.welcome(f, t, s), w.at))
	w.handOver(f, t)
	return f, t
}

func (w *world) handOver(f *file, t town) {
	w.Helper()
	in := ailleurs.HandOver{Once: once(), Case: f.id}
	in.Envelopes = append(in.Envelopes,
		w.envelope(f, f.origin.lead, ailleurs.Person, "", t.lead, ailleurs.HostLead), w.envelope(f, f.origin.lead, ailleurs.Person, "", t.second, ailleurs.HostSecond))
	w.ok(w.HandOver(w.ctx, f.origin.lead.Actor, in, w.at))
}

func (w *world) depart(f *file, t town) {
	w.Helper()
	plan := f.heads[folderKey(ailleurs.Arrival, "")].Hash
	w.ok(w.Depart(w.ctx, t.lead.Actor, ailleurs.Depart{
		Once: once(), Case: f.id, RingAt: w.at.Add(10 * time.Hour), Signed: w.sign(t.lead, ailleurs.ToPlan, string(f.id), plan),
	}, w.at))
}

func (w *world) arrive(f *file, t town) {
	w.Helper()
	in := ailleurs.Arrive{Once: once(), Case: f.id}
	in.Keys = append(in.Keys, f.key(ailleurs.Person, ""))
	in.Bodies = append(in.Bodies, f.body(t.lead, ailleurs.Person, ""))
	in.Envelopes = append(in.Envelopes,
		w.envelope(f, t.lead, ailleurs.Person, "", t.lead, ailleurs.HostLead), w.envelope(f, t.lead, ailleurs.Person, "", t.second, ailleurs.HostSecond))
	in.Signed = w.sign(t.lead, ailleurs.ToArrive, string(f.id), w.view(t.lead, f).Digest)
	w.ok(w.Arrive(w.ctx, t.lead.Actor, in, w.at))
}

// following is a case whose household has arrived.
func (w *world) following() (*file, town) {
	w.Helper()
	f, t := w.preparing(ailleurs.Normal)
	w.depart(f, t)
	w.pass(6 * time.Hour)
	w.arrive(f, t)
	return f, t
}

// view is the case as someone sees it.
func (w *world) view(h hand, f *file) relocation.CaseView {
	w.Helper()
	v, err := w.Case(w.ctx, h.Actor, f.id, w.at)
	w.ok(err)
	return v
}

// state fails the test unless the case is in the state.
func (w *world) state(f *file, want ailleurs.CaseState) {
	w.Helper()
	var got ailleurs.CaseState
	w.ok(w.db.View(w.ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT state FROM dossier WHERE id = $1", f.id).Scan(&got)
	}))
	if got != want {
		w.Fatalf("the case is %s, want %s", got, want)
	}
}

// threadState is where the thread of a town stands.
func (w *world) threadState(f *file, t town) ailleurs.ThreadState {
	w.Helper()
	var got ailleurs.ThreadState
	w.ok(w.db.View(w.ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT state FROM thread WHERE call_id = $1 AND member_id = $2", f.sheet.Call, t.id).Scan(&got)
	}))
	return got
}

// count is the answer to a query for one number.
func (w *world) count(query string, args ...any) int {
	w.Helper()
	var n int
	w.ok(w.db.View(w.ctx, func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))
	return n
}

// held lists the compartments of the envelopes handed out.
func held(s ailleurs.Sealed) map[ailleurs.Compartment]bool {
	out := map[ailleurs.Compartment]bool{}
	for _, e := range s.Envelopes {
		out[e.Compartment] = true
	}
	return out
}

// verified holds the whole database against its own journal.
func (w *world) verified() {
	w.Helper()
	r, err := journal.Verify(w.ctx, w.db, journal.VerifyOptions{Invariants: relocation.Invariants})
	w.ok(err)
	for _, f := range r.Findings {
		w.Errorf("verify: %s", f)
	}
}
