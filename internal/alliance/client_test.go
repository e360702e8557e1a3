package alliance_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// start is when the alliance of the tests begins: a Friday.
var start = time.Date(2027, 3, 12, 9, 30, 0, 0, time.UTC)

const origin = "https://hub.example"

// A hub is an alliance under test with its clock and the people who have joined it.
type hub struct {
	testing.TB
	a   *alliance.Alliance
	db  *store.DB
	at  time.Time
	cfg alliance.Config
}

// onBoth runs a promise on both engines.
func onBoth(t *testing.T, promise func(h *hub)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { promise(newHub(t, db)) })
}

func newHub(t testing.TB, db *store.DB) *hub {
	t.Helper()
	logKey := func(name string) alliance.LogKey {
		skey, vkey, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := note.NewSigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		return alliance.LogKey{Signer: s, Verifier: vkey}
	}
	h := &hub{TB: t, db: db, at: start}
	h.cfg = alliance.Config{
		DB: db, Origin: origin, Register: logKey("hub.example/register"), Journal: logKey("hub.example/journal"),
		PRFInput:  "constant",
		DrawWords: func() string { return strings.ToLower(rand.Text()) },
		ReadWords: func(typed string) (string, error) { return strings.ToLower(strings.TrimSpace(typed)), nil },
	}
	h.open()
	return h
}

// open makes the alliance from the hub's configuration.
func (h *hub) open() {
	h.Helper()
	a, err := alliance.New(h.cfg)
	h.must(err)
	h.a = a
}

func (h *hub) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// refused fails the test unless err is the refusal named.
func (h *hub) refused(err error, key string) {
	h.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		h.Errorf("got %v, want the refusal %s", err, key)
	}
}

func (h *hub) pass(d time.Duration) { h.at = h.at.Add(d) }

// A person is a client with its own keys: what a browser would hold.
type person struct {
	h         *hub
	id        ailleurs.AgentID
	member    ailleurs.MemberID
	epoch     int
	signer    note.Signer
	verifier  string
	recipient string
	entry     ailleurs.RegisterEntry
	paper     paper
	passkey   *authenticator
	token     alliance.Token
	viewer    alliance.Viewer
}

type paper struct {
	lookup   []byte
	signer   note.Signer
	verifier string
}

func newSigner(t testing.TB, name string) (note.Signer, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s, vkey
}

func newPaper(t testing.TB) paper {
	t.Helper()
	lookup := make([]byte, 16)
	_, _ = rand.Read(lookup)
	s, v := newSigner(t, "paper-"+hex.EncodeToString(lookup))
	return paper{lookup, s, v}
}

func fakeRecipient() string {
	const chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	b := make([]byte, 1952)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = chars[b[i]&31]
	}
	return "age1pq1" + string(b)
}

func file(mark string) []byte {
	return []byte("age-encryption.org/v1\n-> mlkem768x25519 " + mark + "\n")
}

func lock(kind ailleurs.UnlockerKind) string {
	return "ailleurs-lock/1\nkind " + string(kind) + "\nrecipient " + fakeRecipient() + "\n"
}

func (p paper) unlocker() alliance.NewUnlocker {
	return alliance.NewUnlocker{
		Kind: ailleurs.PaperUnlocker, Lock: lock(ailleurs.PaperUnlocker), File: file("paper"), Lookup: p.lookup, Login: p.verifier,
	}
}

func passphrase() alliance.NewUnlocker {
	return alliance.NewUnlocker{Kind: ailleurs.PassphraseUnlocker, Lock: lock(ailleurs.PassphraseUnlocker), File: file("passphrase")}
}

// keysFor makes what a client hands in to enrol, with the unlockers given.
func (p *person) keysFor(e alliance.Enrolment, set ...alliance.NewUnlocker) alliance.NewKeys {
	p.h.Helper()
	p.id, p.epoch = e.Agent, e.Epoch
	p.signer, p.verifier = newSigner(p.h.TB, string(e.Agent))
	p.recipient = fakeRecipient()
	public, err := base64.StdEncoding.DecodeString(strings.SplitN(p.verifier, "+", 3)[2])
	p.h.must(err)
	p.entry = ailleurs.RegisterEntry{
		Kind: ailleurs.RegisterKey, At: p.h.at.Truncate(time.Second), Agent: e.Agent, Epoch: e.Epoch,
		Recipient: ailleurs.RecipientHash(p.recipient), Signer: [32]byte(public[1:]),
	}
	return alliance.NewKeys{
		Recipient: p.recipient, Verifier: p.verifier, Entry: p.entry.Text(), Signed: p.sign(p.entry.Approval()), Unlockers: set,
	}
}

// sign fills in the statement and signs it with the person's key.
func (p *person) sign(s ailleurs.Statement) []byte { return p.signWith(p.signer, s) }

func (p *person) signWith(signer note.Signer, s ailleurs.Statement) []byte {
	p.h.Helper()
	s.By, s.Epoch, s.At = p.id, p.epoch, p.h.at
	signed, err := note.Sign(&note.Note{Text: s.Text()}, signer)
	p.h.must(err)
	return signed
}

// enrol spends an invitation with a paper code and a passphrase, and passes both self-tests.
func (h *hub) enrol(i alliance.Invitation) *person {
	h.Helper()
	p := h.enrolled(i)
	p.proveAll()
	return p
}

// enrolled is enrol without the self-tests.
func (h *hub) enrolled(i alliance.Invitation) *person {
	h.Helper()
	p := &person{h: h, paper: newPaper(h.TB)}
	e, err := h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
	h.must(err)
	in, err := h.a.Enrol(h.Context(), e.Ticket, p.keysFor(e, p.paper.unlocker(), passphrase()), "Firefox", h.at)
	h.must(err)
	p.enter(in)
	return p
}

func (p *person) enter(in alliance.SignedIn) {
	p.h.Helper()
	p.token = in.Token
	p.look()
}

// look looks the session up again.
func (p *person) look() {
	p.h.Helper()
	v, err := p.h.a.Lookup(p.h.Context(), p.token.Reveal(), p.h.at)
	p.h.must(err)
	p.viewer, p.member = v, v.Member
}

func (p *person) proveAll() {
	p.h.Helper()
	list, _, err := p.h.a.Unlockers(p.h.Context(), p.viewer)
	p.h.must(err)
	for _, u := range list {
		if u.Opens && u.Proven.IsZero() {
			p.prove(u.ID)
		}
	}
	p.look()
}

func (p *person) prove(id alliance.UnlockerID) {
	p.h.Helper()
	test, err := p.h.a.BeginProof(p.h.Context(), p.viewer, id, p.h.at)
	p.h.must(err)
	p.h.must(p.h.a.Prove(p.h.Context(), p.viewer, test.Challenge, p.sign(test.Statement), p.h.at))
}

// signIn begins a session by paper.
func (p *person) signIn() (alliance.SignedIn, error) {
	p.h.Helper()
	r, err := p.h.a.BeginPaperSignIn(p.h.Context(), p.paper.lookup, "test", p.h.at)
	if err != nil {
		return alliance.SignedIn{}, err
	}
	return p.h.a.SignInWithPaper(p.h.Context(), r.Challenge, p.signWith(p.paper.signer, r.Statement), "test", "Firefox", p.h.at)
}

func (p *person) mustSignIn() {
	p.h.Helper()
	in, err := p.signIn()
	p.h.must(err)
	p.enter(in)
}

// approvals signs every change that chosen admits and that p may sign.
func (p *person) approvals(chosen func(alliance.Change) bool) []alliance.Approval {
	p.h.Helper()
	changes, err := p.h.a.Changes(p.h.Context(), p.viewer.Actor, p.h.at)
	p.h.must(err)
	var out []alliance.Approval
	for _, c := range changes {
		if c.MaySign && chosen(c) {
			out = append(out, alliance.Approval{Change: c.ID, Signed: p.sign(c.Approval)})
		}
	}
	return out
}

func (p *person) approve(chosen func(alliance.Change) bool) {
	p.h.Helper()
	_, err := p.h.a.Approve(p.h.Context(), p.viewer.Actor, p.approvals(chosen), p.h.at)
	p.h.must(err)
}

func about(agent ailleurs.AgentID) func(alliance.Change) bool {
	return func(c alliance.Change) bool { return c.Agent == agent }
}

func everything(alliance.Change) bool { return true }

// founded is a hub with its three coordinators, signed in.
func (h *hub) founded() [3]*person {
	h.Helper()
	invitations, err := h.a.Found(h.Context(), h.founding(), h.at)
	h.must(err)
	var out [3]*person
	for i := range out {
		out[i] = h.enrol(invitations[i])
	}
	return out
}

func (h *hub) founding() alliance.Founding {
	f := alliance.Founding{Member: alliance.NewMember{
		Kind: ailleurs.Association, Name: "Association fictive", Code: "75056", Siren: "732829320", Charter: h.at,
	}}
	for _, n := range []string{"un", "deux", "trois"} {
		f.Founders = append(f.Founders, alliance.NewInvitation{Name: "Personne " + n, Email: n + "@hub.example", Lang: "fr"})
	}
	return f
}

// town admits a commune whose lead, second and signatory have joined.
func (h *hub) town(c [3]*person, name, code string) (ailleurs.MemberID, [3]*person) {
	h.Helper()
	id, _, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: name, Code: code, Charter: h.at}, h.at)
	h.must(err)
	c[0].approve(func(x alliance.Change) bool { return x.Member == id })
	c[1].approve(func(x alliance.Change) bool { return x.Member == id })
	var team [3]*person
	for i, role := range []ailleurs.Role{ailleurs.Caseworker, ailleurs.Caseworker, ailleurs.Signatory} {
		team[i] = h.join(c, id, name+" "+string(rune('a'+i)), role)
	}
	posts := ailleurs.Team{Lead: team[0].id, Second: team[1].id, Signatory: team[2].id}
	_, err = h.a.ProposePosts(h.Context(), team[0].viewer.Actor, id, posts, h.at)
	h.must(err)
	for _, p := range team[:2] {
		p.approve(func(x alliance.Change) bool { return x.Kind == alliance.PostChange })
	}
	return id, team
}

// join invites someone, lets them enrol, and has two coordinators confirm them.
func (h *hub) join(c [3]*person, member ailleurs.MemberID, name string, roles ...ailleurs.Role) *person {
	h.Helper()
	p := h.invited(c[0], member, name, roles...)
	c[0].approve(about(p.id))
	c[1].approve(about(p.id))
	p.look()
	return p
}

func (h *hub) invited(by *person, member ailleurs.MemberID, name string, roles ...ailleurs.Role) *person {
	h.Helper()
	i, err := h.a.Invite(h.Context(), by.viewer.Actor, invitee(member, name, roles...), h.at)
	h.must(err)
	return h.enrol(i)
}

func invitee(member ailleurs.MemberID, name string, roles ...ailleurs.Role) alliance.NewInvitation {
	return alliance.NewInvitation{
		Member: member, Name: name, Email: strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@town.example", Lang: "fr", Roles: roles,
	}
}

// An authenticator is a passkey in software: ES256, user verified, with a counter.
type authenticator struct {
	id    []byte
	key   *ecdsa.PrivateKey
	owner []byte
	count uint32
}

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &authenticator{id: id, key: key}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// data is the authenticator data; made adds the credential's public key.
func (k *authenticator) data(made, verified bool) []byte {
	rp := sha256.Sum256([]byte("hub.example"))
	flags := byte(0x01)
	if verified {
		flags |= 0x04
	}
	if made {
		flags |= 0x40
	}
	k.count++
	b := append(rp[:], flags)
	b = binary.BigEndian.AppendUint32(b, k.count)
	if !made {
		return b
	}
	b = append(b, make([]byte, 16)...) // AAGUID
	b = binary.BigEndian.AppendUint16(b, uint16(len(k.id)))
	b = append(b, k.id...)
	point, _ := k.key.PublicKey.Bytes() // 4, X, Y
	b = append(b, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32)
	b = append(b, point[1:33]...)
	b = append(b, 0x22, 0x58, 32)
	return append(b, point[33:]...)
}

func clientData(kind, challenge, from string) []byte {
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": from, "crossOrigin": false})
	return b
}

type publicKeyOptions struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	} `json:"publicKey"`
}

// create answers a request to make a passkey.
func (k *authenticator) create(t testing.TB, r alliance.PasskeyRequest, extensions string) json.RawMessage {
	t.Helper()
	var o publicKeyOptions
	if err := json.Unmarshal(r.Options, &o); err != nil {
		t.Fatal(err)
	}
	k.owner, _ = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	auth := k.data(true, true)
	object := append([]byte{0xa3}, cborText("fmt")...)
	object = append(append(object, cborText("none")...), cborText("attStmt")...)
	object = append(append(object, 0xa0), cborText("authData")...)
	object = append(append(object, 0x58, byte(len(auth))), auth...)
	return k.answer(extensions, map[string]any{
		"clientDataJSON": b64(clientData("webauthn.create", o.PublicKey.Challenge, origin)), "attestationObject": b64(object),
	})
}

func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }

// get answers a request to sign in; verified says whether the user was asked for more than a touch.
func (k *authenticator) get(t testing.TB, r alliance.PasskeyRequest, from string, verified bool, extensions string) json.RawMessage {
	t.Helper()
	var o publicKeyOptions
	if err := json.Unmarshal(r.Options, &o); err != nil {
		t.Fatal(err)
	}
	auth, client := k.data(false, verified), clientData("webauthn.get", o.PublicKey.Challenge, from)
	clientHash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(auth), clientHash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, k.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return k.answer(extensions, map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(sig), "userHandle": b64(k.owner),
	})
}

func (k *authenticator) answer(extensions string, response map[string]any) json.RawMessage {
	if extensions == "" {
		extensions = "{}"
	}
	b, _ := json.Marshal(map[string]any{
		"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": json.RawMessage(extensions), "response": response,
	})
	return b
}
