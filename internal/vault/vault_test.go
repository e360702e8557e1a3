package vault

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"
	"testing/cryptotest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
)

// now is the instant of every test that needs one.
var now = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// A hub is the register's log as a hub keeps it, and as a hostile one may bend it: the tests' other side.
type hub struct {
	t       testing.TB
	signer  note.Signer
	vkey    string
	records [][]byte
	hashes  []tlog.Hash
}

func newHub(t testing.TB) *hub {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "exemple.test/registre")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &hub{t: t, signer: signer, vkey: vkey}
}

func (h *hub) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = h.hashes[x]
	}
	return out, nil
}

func (h *hub) add(record []byte) {
	h.t.Helper()
	more, err := tlog.StoredHashes(int64(len(h.records)), record, h)
	if err != nil {
		h.t.Fatal(err)
	}
	h.records = append(h.records, record)
	h.hashes = append(h.hashes, more...)
}

func (h *hub) checkpoint(size int) []byte {
	h.t.Helper()
	var root tlog.Hash
	if size > 0 {
		var err error
		if root, err = tlog.TreeHash(int64(size), h); err != nil {
			h.t.Fatal(err)
		}
	}
	return h.signCheckpoint(FormatCheckpoint(h.signer.Name(), int64(size), root))
}

func (h *hub) signCheckpoint(text string) []byte {
	h.t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, h.signer)
	if err != nil {
		h.t.Fatal(err)
	}
	return signed
}

func (h *hub) pin() Pin { return Pin{Verifier: h.vkey} }

// directory is a client's view of the whole register.
func (h *hub) directory() *Directory {
	h.t.Helper()
	d := NewDirectory(h.pin())
	if err := d.Extend(h.records, h.checkpoint(len(h.records))); err != nil {
		h.t.Fatal(err)
	}
	return d
}

// enter adds an entry to the register with the statements of those who approve it.
func (h *hub) enter(e ailleurs.RegisterEntry, approvers ...*Trousseau) {
	h.t.Helper()
	r := ailleurs.RegisterRecord{Entry: e}
	for _, a := range approvers {
		r.Approvals = append(r.Approvals, approve(h.t, a, e))
	}
	h.add(r.Format())
}

func approve(t testing.TB, a *Trousseau, e ailleurs.RegisterEntry) []byte {
	t.Helper()
	s := e.Approval()
	s.By, s.Epoch, s.At = a.Agent, a.Epoch, e.At
	signed, err := Sign(a, s.Text())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// An alliance is three founding coordinators and two towns with their people, all in the register.
type alliance struct {
	*hub
	founders                          [3]*Trousseau
	lyon, bordeaux                    ailleurs.MemberID
	lead, second                      *Trousseau // of Lyon
	hostLead, hostSecond, hostElected *Trousseau // of Bordeaux
}

func newAlliance(t testing.TB) *alliance {
	t.Helper()
	a := &alliance{hub: newHub(t), lyon: ailleurs.NewID[ailleurs.MemberID](), bordeaux: ailleurs.NewID[ailleurs.MemberID]()}
	long := now.AddDate(-1, 0, 0)
	home := ailleurs.NewID[ailleurs.MemberID]()
	a.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: long, Member: home, Code: "75056"})
	for i := range a.founders {
		a.founders[i] = a.trousseau()
		f := a.founders[i]
		a.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: long, Member: home, Agent: f.Agent, Role: ailleurs.Coordinator})
		a.enter(f.Entry(long), f)
	}
	two := a.founders[:2]
	a.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: long, Member: a.lyon, Code: "69123"}, two...)
	a.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: long, Member: a.bordeaux, Code: "33063"}, two...)
	a.lead = a.join(a.lyon, ailleurs.Caseworker, two...)
	a.second = a.join(a.lyon, ailleurs.Caseworker, two...)
	a.hostLead = a.join(a.bordeaux, ailleurs.Caseworker, two...)
	a.hostSecond = a.join(a.bordeaux, ailleurs.Caseworker, two...)
	a.hostElected = a.join(a.bordeaux, ailleurs.Signatory, a.hostLead, a.hostSecond)
	return a
}

func (a *alliance) trousseau() *Trousseau {
	a.t.Helper()
	t, err := NewTrousseau(ailleurs.NewID[ailleurs.AgentID](), a.pin(), Pin{})
	if err != nil {
		a.t.Fatal(err)
	}
	return t
}

// join names someone to a post and registers their key.
func (a *alliance) join(m ailleurs.MemberID, role ailleurs.Role, approvers ...*Trousseau) *Trousseau {
	a.t.Helper()
	t, at := a.trousseau(), now.AddDate(0, -6, 0)
	a.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: at, Member: m, Agent: t.Agent, Role: role}, approvers...)
	a.enter(t.Entry(at), append([]*Trousseau{t}, approvers...)...)
	return t
}

// refused fails the test unless err is the named refusal.
func refused(t testing.TB, err error, key string) {
	t.Helper()
	r := ailleurs.AsRefusal(err)
	if r == nil {
		t.Fatalf("want the refusal %s, got %v", key, err)
	}
	if r.Key != key {
		t.Fatalf("want the refusal %s, got %v", key, err)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestCardTravelsFromLyonToBordeaux(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	a := newAlliance(t)
	d := a.directory()
	if u := d.Unfounded(); len(u) != 0 {
		t.Fatalf("the register holds records that count for nothing: %v", u)
	}
	folder := Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need}
	k := must[*Key](t)(NewKey(folder))
	body := must[ailleurs.SealedBody](t)(SealBody(a.lead, k, Head{}, []byte(`{"rooms":2}`), now))
	reader := must[Reader](t)(d.Reader(a.hostLead.Public()))
	envelope := must[ailleurs.SealedEnvelope](t)(SealEnvelope(a.lead, ailleurs.OriginLead, k, reader, ailleurs.AddresseeLead, now, now.AddDate(0, 1, 0)))

	if got := len(envelope.Data); got != ailleurs.SealedSize(ailleurs.EnvelopePlain) {
		t.Errorf("an envelope has %d bytes, SealedSize says %d", got, ailleurs.SealedSize(ailleurs.EnvelopePlain))
	}
	if err := envelope.Validate("envelope", now); err != nil {
		t.Error(err)
	}
	g := must[*Grant](t)(OpenEnvelope(d, a.hostLead, envelope, folder, 1, now))
	opened := must[*Body](t)(OpenBody(d, g.Key, body, HeadOf(body), now))
	if string(opened.Content) != `{"rooms":2}` || opened.Author != a.lead.Agent {
		t.Fatalf("opened %q by %s", opened.Content, opened.Author)
	}
	_, err := OpenEnvelope(d, a.hostSecond, envelope, folder, 1, now)
	refused(t, err, "vault.not_for_you")
}

func TestTrousseauOpensWithEachOfItsLocks(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 2)
	a := newAlliance(t)
	code, phrase, salt, device := NewPaperCode(), NewPassphrase(), NewSalt(), bytes.Repeat([]byte{7}, 32)
	unlockers := []*Unlocker{
		must[*Unlocker](t)(PasskeyUnlocker(bytes.Repeat([]byte{1}, 32))),
		must[*Unlocker](t)(PassphraseUnlocker(phrase, salt, device)),
		must[*Unlocker](t)(PaperUnlocker(code)),
	}
	for _, u := range unlockers {
		if err := a.lead.AddLock(u); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range unlockers {
		lock := must[Lock](t)(ParseLock(u.Lock().Text()))
		file := must[[]byte](t)(a.lead.Wrap(lock))
		if len(file) != ailleurs.SealedSize(TrousseauSize) {
			t.Errorf("a wrapped trousseau has %d bytes", len(file))
		}
		back := must[*Trousseau](t)(OpenTrousseau(file, u))
		if back.Public() != a.lead.Public() || back.Register != a.lead.Register {
			t.Errorf("%s: another trousseau came back", lock.Kind)
		}
	}
	// The hub knows the lock's public key, and still cannot slip in a trousseau of its own making.
	forged := a.trousseau()
	forged.Agent = a.lead.Agent
	file := must[[]byte](t)(sealTo(unlockers[0].Lock().Recipient, func() []byte {
		b := make([]byte, TrousseauSize)
		copy(b, forged.text()+"mac "+b64.EncodeToString(make([]byte, 32))+"\n")
		return b
	}()))
	_, err := OpenTrousseau(file, unlockers[0])
	refused(t, err, "vault.forged_trousseau")
}

func TestSecretsPrintSealed(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 3)
	a := newAlliance(t)
	k := must[*Key](t)(NewKey(Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Person}))
	u := must[*Unlocker](t)(PasskeyUnlocker(make([]byte, 32)))
	w := must[CodeWord](t)(ReadCodeWord("Tournesol"))
	for _, secret := range []any{a.lead, *a.lead, k, *k, u, *u, w, &Body{Content: []byte("x")}, Grant{Key: k}, Note{}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if got := fmt.Sprintf(verb, secret); got != "[scellé]" {
				t.Errorf("%T prints %q with %s", secret, got, verb)
			}
		}
	}
}
