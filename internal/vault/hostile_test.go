package vault

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
)

// A stage is the moment before an attack: Lyon's lead has written a card and handed it to Bordeaux's lead, whose client
// is about to open it. Every attack bends one thing that the hub hands out.
type stage struct {
	*alliance
	t        testing.TB
	origin   *Client // Lyon's lead
	host     *Client // Bordeaux's lead
	opened   *Opened // need, at the origin
	second   ailleurs.SealedBody
	received Received // need, at the host
	at       time.Time
}

func (a *alliance) client(t *Trousseau) *Client {
	a.t.Helper()
	c := NewClient(t)
	if err := c.Learn(a.records, a.checkpoint(len(a.records))); err != nil {
		a.t.Fatal(err)
	}
	return c
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 7)
	return setStage(t)
}

// newFuzzStage is a stage with fresh randomness each time.
func newFuzzStage(f *testing.F) *stage {
	f.Helper()
	return setStage(f)
}

func setStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{alliance: newAlliance(t), t: t, at: now}
	s.origin, s.host = s.client(s.lead), s.client(s.hostLead)
	folder := Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need}
	sealed, opened, err := s.origin.NewFolder(folder, ailleurs.OriginLead, []byte("first"), nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if s.second, s.opened, err = s.origin.Save(opened, []byte("second"), now); err != nil {
		t.Fatal(err)
	}
	envelopes := must[[]ailleurs.SealedEnvelope](t)(s.origin.Grant(s.opened, []Grantee{{s.hostLead.Public(), ailleurs.AddresseeLead}}, time.Time{}, now))
	s.received = Received{
		Folder: folder, Part: ailleurs.AddresseeLead,
		Circle: Circle{
			ailleurs.OriginLead: {s.lead.Agent}, ailleurs.OriginSecond: {s.alliance.second.Agent},
			ailleurs.AddresseeLead: {s.hostLead.Agent}, ailleurs.AddresseeSecond: {s.hostSecond.Agent},
		},
		Head: s.opened.Head, Envelopes: envelopes, Bodies: []ailleurs.SealedBody{sealed.Bodies[0], s.second},
	}
	return s
}

// proof is the inclusion proof of a record under the newest checkpoint, as it is kept in a file.
func (s *stage) proof(index int64) Proof {
	hashes, err := tlog.ProveRecord(int64(len(s.records)), index, s.hub)
	if err != nil {
		s.t.Fatal(err)
	}
	return Proof{index, hashes, s.checkpoint(len(s.records))}
}

func (s *stage) open() error {
	_, err := s.host.Open(s.received, s.at)
	return err
}

// relearn is a hub that goes on with its register, and the host's client that follows it.
func (s *stage) relearn() error {
	return s.host.Learn(s.records[s.host.Known():], s.checkpoint(len(s.records)))
}

// envelope replaces the envelope by one whose text has been edited before the grantor signed it again.
func (s *stage) envelope(edit func(text string) string) error {
	g, _, err := parseEnvelope(s.plain(s.hostLead.id, s.received.Envelopes[0].Data))
	if err != nil {
		s.t.Fatal(err)
	}
	signed := must[[]byte](s.t)(s.lead.sign(edit(g.text())))
	plain := make([]byte, ailleurs.EnvelopePlain)
	copy(plain, signed)
	s.received.Envelopes[0].Data = must[[]byte](s.t)(sealTo(s.hostLead.Public().Recipient, plain))
	return s.open()
}

// body replaces the newest body by one whose text has been edited before its author signed it again.
func (s *stage) body(edit func(text string) string) error {
	b, _, err := parseBody(s.plain(s.opened.key.id, s.second.Data))
	if err != nil {
		s.t.Fatal(err)
	}
	s.replaceBody(must[[]byte](s.t)(pad(string(must[[]byte](s.t)(s.lead.sign(edit(b.text())))), b.Content)))
	return s.open()
}

func (s *stage) replaceBody(plain []byte) {
	file := must[[]byte](s.t)(sealTo(s.opened.key.id.Recipient().String(), plain))
	last := &s.received.Bodies[1]
	last.Data, last.Hash = file, hashHex(file)
	s.received.Head.Hash = last.Hash
}

func (s *stage) plain(id *age.HybridIdentity, file []byte) []byte {
	return must[[]byte](s.t)(openWith(id, file, maxPlain, "file"))
}

// encrypt makes an age file to any recipients at all, as protocol 1 would not.
func encrypt(t testing.TB, plain []byte, to ...age.Recipient) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unlabelled lets a hybrid recipient be mixed with others, which age refuses otherwise.
type unlabelled struct{ age.Recipient }

func (u unlabelled) Wrap(key []byte) ([]*age.Stanza, error) { return u.Recipient.Wrap(key) }

// grease adds a stanza that nobody reads.
type grease struct{}

func (grease) Wrap([]byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: "joint-grease", Args: []string{"a"}, Body: []byte("b")}}, nil
}

// attacks are what a hub, or someone with its help, can try, and the name by which each is refused.
var attacks = []struct {
	name, key string
	try       func(*stage) error
}{
	// What the file is made out to.
	{"classic recipient's stanza", "vault.classic_stanza", func(s *stage) error {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		s.received.Envelopes[0].Data = encrypt(s.t, make([]byte, ailleurs.EnvelopePlain), id.Recipient())
		return s.open()
	}},
	{"classic stanza beside ours", "vault.classic_stanza", func(s *stage) error {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		plain := s.plain(s.hostLead.id, s.received.Envelopes[0].Data)
		s.received.Envelopes[0].Data = encrypt(s.t, plain, unlabelled{s.hostLead.id.Recipient()}, id.Recipient())
		return s.open()
	}},
	{"passphrase stanza", "vault.passphrase_stanza", func(s *stage) error {
		r, err := age.NewScryptRecipient("un deux trois")
		if err != nil {
			return err
		}
		r.SetWorkFactor(10)
		s.received.Envelopes[0].Data = encrypt(s.t, make([]byte, ailleurs.EnvelopePlain), r)
		return s.open()
	}},
	{"second hybrid recipient", "vault.extra_stanza", func(s *stage) error {
		plain := s.plain(s.hostLead.id, s.received.Envelopes[0].Data)
		s.received.Envelopes[0].Data = encrypt(s.t, plain, s.hostLead.id.Recipient(), s.hostSecond.id.Recipient())
		return s.open()
	}},
	{"stanza of an unknown kind", "vault.unknown_stanza", func(s *stage) error {
		plain := s.plain(s.hostLead.id, s.received.Envelopes[0].Data)
		s.received.Envelopes[0].Data = encrypt(s.t, plain, unlabelled{s.hostLead.id.Recipient()}, grease{})
		return s.open()
	}},
	{"envelope of another reader", "vault.not_for_you", func(s *stage) error {
		to := []Grantee{{s.hostSecond.Public(), ailleurs.AddresseeSecond}}
		s.received.Envelopes = must[[]ailleurs.SealedEnvelope](s.t)(s.origin.Grant(s.opened, to, time.Time{}, now))
		return s.open()
	}},
	{"file cut short", "vault.damaged", func(s *stage) error {
		data := s.received.Envelopes[0].Data
		s.received.Envelopes[0].Data = data[:len(data)-1]
		return s.open()
	}},
	{"file with one bit turned", "vault.damaged", func(s *stage) error {
		data := slices.Clone(s.received.Envelopes[0].Data)
		data[len(data)-100] ^= 1
		s.received.Envelopes[0].Data = data
		return s.open()
	}},
	{"no age file", "vault.not_age", func(s *stage) error {
		s.received.Envelopes[0].Data = []byte("-----BEGIN PGP MESSAGE-----\n")
		return s.open()
	}},
	{"age file in text armour", "vault.not_age", func(s *stage) error {
		var b bytes.Buffer
		w := armor.NewWriter(&b)
		_, _ = w.Write(s.received.Envelopes[0].Data)
		_ = w.Close()
		s.received.Envelopes[0].Data = b.Bytes()[:2000]
		return s.open()
	}},
	{"envelope far too big", "vault.too_large", func(s *stage) error {
		s.received.Envelopes[0].Data = encrypt(s.t, make([]byte, 1<<20), s.hostLead.id.Recipient())
		return s.open()
	}},
	{"envelope a little too small", "vault.wrong_size", func(s *stage) error {
		plain := s.plain(s.hostLead.id, s.received.Envelopes[0].Data)
		s.received.Envelopes[0].Data = must[[]byte](s.t)(sealTo(s.hostLead.Public().Recipient, plain[:ailleurs.EnvelopePlain-1]))
		return s.open()
	}},

	// What the envelope says.
	{"envelope of another dossier", "vault.wrong_dossier", func(s *stage) error {
		f := s.received.Folder
		f.Dossier = ailleurs.NewID[ailleurs.CaseID]()
		return s.otherFolder(f, ailleurs.OriginLead)
	}},
	{"envelope of another compartment", "vault.wrong_compartment", func(s *stage) error {
		s.received.Folder.Compartment = ailleurs.Course
		return s.open()
	}},
	{"envelope of another thread", "vault.wrong_thread", func(s *stage) error {
		f := Folder{s.received.Folder.Dossier, ailleurs.Answer, ailleurs.NewID[ailleurs.ThreadID]()}
		s.received.Folder = Folder{f.Dossier, f.Compartment, ailleurs.NewID[ailleurs.ThreadID]()}
		return s.otherFolder(f, ailleurs.OriginLead)
	}},
	{"envelope of another epoch", "vault.wrong_epoch", func(s *stage) error {
		_, err := OpenEnvelope(s.host.directory, s.hostLead, s.received.Envelopes[0], s.received.Folder, 2, now)
		return err
	}},
	{"envelope sent on by its reader", "vault.wrong_person", func(s *stage) error {
		plain := s.plain(s.hostLead.id, s.received.Envelopes[0].Data)
		s.received.Envelopes[0].Data = must[[]byte](s.t)(sealTo(s.hostSecond.Public().Recipient, plain))
		s.received.Part = ailleurs.AddresseeSecond
		_, err := s.client(s.hostSecond).Open(s.received, now)
		return err
	}},
	{"envelope for the reader's former keys", "vault.not_for_you", func(s *stage) error {
		next := must[*Trousseau](s.t)(s.hostLead.Rotated())
		s.enter(next.Entry(now), next, s.hostSecond, s.founders[0])
		_, err := s.client(next).Open(s.received, now)
		return err
	}},
	{"envelope past its day", "vault.expired", func(s *stage) error {
		s.at = now.Add(ailleurs.EnvelopeLife + time.Second)
		return s.open()
	}},
	{"envelope with its day put off by the hub", "vault.mislabelled", func(s *stage) error {
		s.received.Envelopes[0].Expires = now.AddDate(1, 0, 0)
		return s.open()
	}},
	{"envelope for longer than ninety days", "vault.expires_too_late", func(s *stage) error {
		return s.envelope(func(text string) string {
			i := strings.Index(text, "expires ")
			return text[:i] + "expires " + now.AddDate(1, 0, 0).Format(timeForm) + "\n"
		})
	}},
	{"envelope from tomorrow", "vault.not_yet", func(s *stage) error {
		_, err := OpenEnvelope(s.host.directory, s.hostLead, s.received.Envelopes[0], s.received.Folder, 1, now.Add(-time.Hour))
		return err
	}},
	{"envelope of another protocol", "vault.unknown_protocol", func(s *stage) error {
		return s.envelope(func(text string) string { return strings.Replace(text, "envelope/1", "envelope/2", 1) })
	}},
	{"envelope with a line too many", "vault.malformed", func(s *stage) error {
		return s.envelope(func(text string) string { return text + "note bonjour\n" })
	}},
	{"envelope with something in its padding", "vault.bad_padding", func(s *stage) error {
		plain := s.plain(s.hostLead.id, s.received.Envelopes[0].Data)
		plain[ailleurs.EnvelopePlain-1] = 1
		s.received.Envelopes[0].Data = must[[]byte](s.t)(sealTo(s.hostLead.Public().Recipient, plain))
		return s.open()
	}},
	{"envelope by someone who borrows a name", "vault.bad_signature", func(s *stage) error {
		impostor := s.trousseau()
		impostor.Agent = s.lead.Agent
		s.received.Envelopes[0] = s.forge(impostor, ailleurs.OriginLead, s.opened.key)
		return s.open()
	}},
	{"envelope by someone nobody knows", "vault.unknown_signer", func(s *stage) error {
		s.received.Envelopes[0] = s.forge(s.trousseau(), ailleurs.OriginLead, s.opened.key)
		return s.open()
	}},
	{"envelope by someone revoked since", "vault.revoked_signer", func(s *stage) error {
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: s.lead.Agent, Epoch: 1}, s.alliance.second, s.founders[1])
		if err := s.relearn(); err != nil {
			return err
		}
		return s.open()
	}},
	{"envelope relabelled to another part", "vault.mislabelled", func(s *stage) error {
		s.received.Envelopes[0].Part = ailleurs.HostLead
		return s.open()
	}},
	{"envelope for a part the reader does not play", "vault.wrong_part", func(s *stage) error {
		s.received.Circle[ailleurs.HostLead] = []ailleurs.AgentID{s.hostLead.Agent}
		s.received.Part = ailleurs.HostLead
		return s.open()
	}},
	{"reader outside the circle", "vault.not_in_circle", func(s *stage) error {
		delete(s.received.Circle, ailleurs.AddresseeLead)
		return s.open()
	}},
	{"envelope by a caseworker outside the circle", "vault.not_in_circle", func(s *stage) error {
		s.received.Envelopes[0] = s.forge(s.hostSecond, ailleurs.OriginLead, s.opened.key)
		return s.open()
	}},
	{"envelope by the élu", "vault.may_not_grant", func(s *stage) error {
		s.received.Circle[ailleurs.AddresseeSignatory] = []ailleurs.AgentID{s.hostElected.Agent}
		s.received.Envelopes[0] = s.forge(s.hostElected, ailleurs.AddresseeSignatory, s.opened.key)
		return s.open()
	}},
	{"envelope by an élu who says they are the lead", "vault.wrong_role", func(s *stage) error {
		s.received.Circle[ailleurs.OriginLead] = []ailleurs.AgentID{s.hostElected.Agent}
		s.received.Envelopes[0] = s.forge(s.hostElected, ailleurs.OriginLead, s.opened.key)
		return s.open()
	}},
	{"limits shown to an addressee", "vault.may_not_hold", func(s *stage) error {
		f := Folder{Dossier: s.received.Folder.Dossier, Compartment: ailleurs.Limits}
		s.received.Folder = f
		return s.otherFolder(f, ailleurs.OriginLead)
	}},
	{"arrival granted to the origin", "vault.may_not_hold", func(s *stage) error {
		f := Folder{Dossier: s.received.Folder.Dossier, Compartment: ailleurs.Arrival}
		_, o, err := s.host.NewFolder(f, ailleurs.HostLead, []byte("address"), nil, now)
		if err != nil {
			return err
		}
		_, err = s.host.Grant(o, []Grantee{{s.lead.Public(), ailleurs.OriginLead}}, time.Time{}, now)
		return err
	}},
	{"envelope sealed by an élu", "vault.may_not_grant", func(s *stage) error {
		reader := must[Reader](s.t)(s.host.directory.Reader(s.hostLead.Public()))
		_, err := SealEnvelope(s.hostElected, ailleurs.AddresseeSignatory, s.opened.key, reader, ailleurs.AddresseeLead, now, now.AddDate(0, 1, 0))
		return err
	}},
	{"envelope sealed to nobody proved", "vault.not_registered", func(s *stage) error {
		_, err := SealEnvelope(s.lead, ailleurs.OriginLead, s.opened.key, Reader{}, ailleurs.AddresseeLead, now, now.AddDate(0, 1, 0))
		return err
	}},
	{"envelope sealed for longer than ninety days", "vault.expires_too_late", func(s *stage) error {
		_, err := s.origin.Grant(s.opened, []Grantee{{s.hostLead.Public(), ailleurs.AddresseeLead}}, now.AddDate(0, 0, 91), now)
		return err
	}},
	{"envelope sealed for no time", "vault.expired", func(s *stage) error {
		_, err := s.origin.Grant(s.opened, []Grantee{{s.hostLead.Public(), ailleurs.AddresseeLead}}, now, now)
		return err
	}},
	{"envelope sealed for no part", "vault.malformed", func(s *stage) error {
		_, err := s.origin.Grant(s.opened, []Grantee{{s.hostLead.Public(), "mayor"}}, time.Time{}, now)
		return err
	}},
	{"body that is not the head asked for", "vault.broken_chain", func(s *stage) error {
		_, err := OpenBody(s.origin.directory, s.opened.key, s.second, Head{2, strings.Repeat("0", 64)}, now)
		return err
	}},
	{"body older than the head asked for", "vault.rolled_back", func(s *stage) error {
		_, err := OpenBody(s.origin.directory, s.opened.key, s.received.Bodies[0], s.opened.Head, now)
		return err
	}},
	{"unsigned note in the place of the head", "vault.unsigned", func(s *stage) error {
		b := s.second
		b.Note = true
		_, err := OpenBody(s.origin.directory, s.opened.key, b, s.opened.Head, now)
		return err
	}},
	{"body for another epoch's key", "vault.wrong_epoch", func(s *stage) error {
		b := s.second
		b.Epoch = 2
		_, err := OpenBody(s.origin.directory, s.opened.key, b, s.opened.Head, now)
		return err
	}},
	{"body sealed after a head that cannot be", "vault.broken_chain", func(s *stage) error {
		_, err := SealBody(s.lead, s.opened.key, Head{Sequence: 3}, nil, now)
		return err
	}},
	{"two keys for one epoch", "vault.two_keys", func(s *stage) error {
		other := must[*Key](s.t)(NewKey(s.received.Folder))
		s.received.Envelopes = append(s.received.Envelopes, s.forge(s.lead, ailleurs.OriginLead, other))
		return s.open()
	}},
	{"envelope kept back", "vault.no_key", func(s *stage) error {
		s.received.Envelopes = nil
		return s.open()
	}},

	// What the bodies say.
	{"newest body kept back", "vault.rolled_back", func(s *stage) error {
		s.received.Bodies = s.received.Bodies[:1]
		return s.open()
	}},
	{"all bodies kept back", "vault.rolled_back", func(s *stage) error {
		s.received.Bodies = nil
		return s.open()
	}},
	{"folder rolled back with its head after it was seen", "vault.rolled_back", func(s *stage) error {
		if err := s.open(); err != nil {
			return err
		}
		s.received.Bodies = s.received.Bodies[:1]
		s.received.Head = HeadOf(s.received.Bodies[0])
		return s.open()
	}},
	{"another body in the place of the newest", "vault.broken_chain", func(s *stage) error {
		b := must[ailleurs.SealedBody](s.t)(SealBody(s.lead, s.opened.key, HeadOf(s.received.Bodies[0]), []byte("other"), now))
		s.received.Bodies[1] = b
		return s.open()
	}},
	{"body dropped from the middle", "vault.broken_chain", func(s *stage) error {
		b, o, err := s.origin.Save(s.opened, []byte("third"), now)
		if err != nil {
			return err
		}
		s.received.Bodies[1], s.received.Head = b, o.Head
		return s.open()
	}},
	{"body of another dossier", "vault.wrong_dossier", func(s *stage) error {
		return s.body(func(text string) string {
			return strings.Replace(text, string(s.received.Folder.Dossier), strings.Repeat("A", 26), 1)
		})
	}},
	{"body of another compartment", "vault.wrong_compartment", func(s *stage) error {
		return s.body(func(text string) string { return strings.Replace(text, "compartment need", "compartment person", 1) })
	}},
	{"body of another epoch", "vault.wrong_epoch", func(s *stage) error {
		return s.body(func(text string) string { return strings.Replace(text, "\nepoch 1", "\nepoch 2", 1) })
	}},
	{"body of a later instant", "vault.not_yet", func(s *stage) error {
		return s.body(func(text string) string { return strings.Replace(text, "at 2026", "at 2027", 1) })
	}},
	{"body with another content than signed", "vault.damaged", func(s *stage) error {
		plain := s.plain(s.opened.key.id, s.second.Data)
		s.replaceBody(bytes.Replace(plain, []byte("second"), []byte("secund"), 1))
		return s.open()
	}},
	{"body longer than its bucket says", "vault.bad_padding", func(s *stage) error {
		plain := s.plain(s.opened.key.id, s.second.Data)
		s.replaceBody(append(plain, make([]byte, 12<<10)...))
		return s.open()
	}},
	{"body signed under a borrowed name", "vault.bad_signature", func(s *stage) error {
		impostor := s.trousseau()
		impostor.Agent = s.lead.Agent
		b := must[ailleurs.SealedBody](s.t)(SealBody(impostor, s.opened.key, HeadOf(s.received.Bodies[0]), []byte("other"), now))
		s.received.Bodies[1], s.received.Head = b, HeadOf(b)
		return s.open()
	}},
	{"body by someone who may read but not write", "vault.may_not_write", func(s *stage) error {
		b := must[ailleurs.SealedBody](s.t)(SealBody(s.hostSecond, s.opened.key, HeadOf(s.received.Bodies[0]), []byte("other"), now))
		s.received.Bodies[1], s.received.Head = b, HeadOf(b)
		return s.open()
	}},
	{"body by an author revoked before", "vault.revoked_signer", func(s *stage) error {
		second := s.alliance.second
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now.Add(-time.Hour), Agent: second.Agent, Epoch: 1}, s.lead, s.founders[1])
		if err := s.relearn(); err != nil {
			return err
		}
		b := must[ailleurs.SealedBody](s.t)(SealBody(second, s.opened.key, HeadOf(s.received.Bodies[0]), []byte("other"), now))
		s.received.Bodies[1], s.received.Head = b, HeadOf(b)
		return s.open()
	}},
	{"body under another author's name", "vault.mislabelled", func(s *stage) error {
		s.received.Bodies[1].Author = s.hostLead.Agent
		return s.open()
	}},
	{"body that is not what its hash says", "vault.damaged", func(s *stage) error {
		s.received.Bodies[1].Data = s.received.Bodies[0].Data
		return s.open()
	}},
	{"unsigned note as a body", "vault.unsigned", func(s *stage) error {
		s.received.Bodies[1].Note = true
		return s.open()
	}},
	{"body as an unsigned note", "vault.unknown_protocol", func(s *stage) error {
		b := s.received.Bodies[1]
		b.Note = true
		s.received.Notes = []ailleurs.SealedBody{b}
		return s.open()
	}},
	{"note of another dossier", "vault.wrong_dossier", func(s *stage) error {
		k := s.opened.Key()
		k.Case = ailleurs.NewID[ailleurs.CaseID]()
		s.received.Notes = []ailleurs.SealedBody{must[ailleurs.SealedBody](s.t)(SealNote(k, []byte("au secours"), now))}
		return s.open()
	}},
	{"new epoch whose first body is kept back", "vault.rolled_back", func(s *stage) error {
		sealed, _, err := s.origin.Rotate(s.opened, []Grantee{{s.hostLead.Public(), ailleurs.AddresseeLead}}, now)
		if err != nil {
			return err
		}
		s.received.Envelopes = append(s.received.Envelopes, sealed.Envelopes[1])
		return s.open()
	}},
	{"new epoch whose envelope is kept back", "vault.no_key", func(s *stage) error {
		sealed, o, err := s.origin.Rotate(s.opened, []Grantee{{s.hostLead.Public(), ailleurs.AddresseeLead}}, now)
		if err != nil {
			return err
		}
		s.received.Bodies, s.received.Head = append(s.received.Bodies, sealed.Bodies...), o.Head
		return s.open()
	}},

	// Whose keys these are.
	{"recipient swapped", "vault.swapped_key", func(s *stage) error {
		p := s.hostLead.Public()
		p.Recipient = s.trousseau().Public().Recipient
		return s.grant(p)
	}},
	{"verifier swapped", "vault.swapped_key", func(s *stage) error {
		p := s.hostLead.Public()
		other := s.trousseau()
		other.Agent = p.Agent
		p.Verifier = other.Public().Verifier
		return s.grant(p)
	}},
	{"classic recipient", "vault.classic_recipient", func(s *stage) error {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		p := s.hostLead.Public()
		p.Recipient = id.Recipient().String()
		return s.grant(p)
	}},
	{"recipient of no known kind", "vault.unknown_recipient", func(s *stage) error {
		p := s.hostLead.Public()
		p.Recipient = strings.ToUpper(p.Recipient)
		return s.grant(p)
	}},
	{"keys not in the register", "vault.not_registered", func(s *stage) error { return s.grant(s.trousseau().Public()) }},
	{"keys entered without approval", "vault.not_registered", func(s *stage) error {
		mole := s.trousseau()
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: mole.Agent, Role: ailleurs.Caseworker})
		s.enter(mole.Entry(now), mole)
		return s.grantAfter(mole)
	}},
	{"keys approved by one colleague twice", "vault.not_registered", func(s *stage) error {
		mole := s.join(s.bordeaux, ailleurs.Caseworker, s.hostLead, s.hostLead)
		return s.grantAfter(mole)
	}},
	{"keys approved by people of another town", "vault.not_registered", func(s *stage) error {
		return s.grantAfter(s.join(s.bordeaux, ailleurs.Caseworker, s.lead, s.alliance.second))
	}},
	{"keys approved for others than those entered", "vault.not_registered", func(s *stage) error {
		mole, shown := s.trousseau(), s.trousseau()
		shown.Agent = mole.Agent
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: mole.Agent, Role: ailleurs.Caseworker}, s.hostLead, s.hostSecond)
		r := ailleurs.RegisterRecord{Entry: mole.Entry(now), Approvals: [][]byte{
			approve(s.t, mole, mole.Entry(now)), approve(s.t, s.hostLead, shown.Entry(now)), approve(s.t, s.hostSecond, shown.Entry(now)),
		}}
		s.add(r.Format())
		return s.grantAfter(mole)
	}},
	{"keys that their holder never held", "vault.not_registered", func(s *stage) error {
		mole := s.trousseau()
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: mole.Agent, Role: ailleurs.Caseworker}, s.hostLead, s.hostSecond)
		s.enter(mole.Entry(now), s.hostLead, s.hostSecond)
		return s.grantAfter(mole)
	}},
	{"coordinator named by a town", "vault.wrong_role", func(s *stage) error {
		mole := s.join(s.bordeaux, ailleurs.Caseworker, s.hostLead, s.hostSecond)
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: mole.Agent, Role: ailleurs.Coordinator}, s.hostLead, s.hostSecond)
		if err := s.origin.Learn(s.records[s.origin.Known():], s.checkpoint(len(s.records))); err != nil {
			return err
		}
		_, err := s.origin.Grant(s.opened, []Grantee{{mole.Public(), ailleurs.Checker}}, time.Time{}, now)
		return err
	}},
	{"former keys", "vault.old_key", func(s *stage) error {
		next := must[*Trousseau](s.t)(s.hostLead.Rotated())
		s.enter(next.Entry(now), next, s.hostSecond, s.founders[0])
		return s.grantAfter(s.hostLead)
	}},
	{"revoked keys", "vault.revoked_key", func(s *stage) error {
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: s.hostLead.Agent, Epoch: 1}, s.hostSecond, s.founders[0])
		return s.grantAfter(s.hostLead)
	}},
	{"someone who left their post", "vault.no_post", func(s *stage) error {
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: s.hostLead.Agent, Role: ailleurs.Caseworker, Leaves: true}, s.hostSecond, s.founders[0])
		return s.grantAfter(s.hostLead)
	}},
	{"person granted to a member under observation", "vault.new_member", func(s *stage) error {
		town := ailleurs.NewID[ailleurs.MemberID]()
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: now.AddDate(0, 0, -29), Member: town, Code: "44109"}, s.founders[0], s.founders[1])
		newcomer := s.join(town, ailleurs.Caseworker, s.founders[0], s.founders[1])
		if err := s.origin.Learn(s.records[s.origin.Known():], s.checkpoint(len(s.records))); err != nil {
			return err
		}
		_, _, err := s.origin.NewFolder(Folder{Dossier: s.received.Folder.Dossier, Compartment: ailleurs.Person}, ailleurs.OriginLead, nil,
			[]Grantee{{newcomer.Public(), ailleurs.HostLead}}, now)
		return err
	}},

	// What the register's log says.
	{"revocation left out", "vault.missing_records", func(s *stage) error {
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: s.lead.Agent, Epoch: 1}, s.alliance.second, s.founders[0])
		return s.host.Learn(nil, s.checkpoint(len(s.records)))
	}},
	{"revocation replaced", "vault.bad_proof", func(s *stage) error {
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: s.lead.Agent, Epoch: 1}
		s.enter(e, s.alliance.second, s.founders[0])
		e.Agent = s.alliance.second.Agent
		return s.host.Learn([][]byte{ailleurs.RegisterRecord{Entry: e}.Format()}, s.checkpoint(len(s.records)))
	}},
	{"stale checkpoint", "vault.stale_checkpoint", func(s *stage) error {
		fresh := NewClient(s.hostLead) // its pin has moved on with what it learnt
		return fresh.Learn(s.records[:5], s.checkpoint(5))
	}},
	{"register rewritten", "vault.forked", func(s *stage) error {
		fork := &hub{t: s.t, signer: s.signer, vkey: s.vkey}
		for _, r := range s.records[:len(s.records)-1] {
			fork.add(r)
		}
		fork.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: now, Member: s.lyon, Code: "69123"})
		fork.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: now, Member: s.lyon, Code: "69123"})
		return NewClient(s.hostLead).Learn(fork.records, fork.checkpoint(len(fork.records)))
	}},
	{"register split at the same size", "vault.forked", func(s *stage) error {
		fork := &hub{t: s.t, signer: s.signer, vkey: s.vkey}
		for range s.records {
			fork.add([]byte("x"))
		}
		return NewClient(s.hostLead).Learn(fork.records, fork.checkpoint(len(fork.records)))
	}},
	{"checkpoint of another log", "vault.wrong_log", func(s *stage) error {
		other := newHub(s.t)
		return s.host.Learn(nil, other.checkpoint(0))
	}},
	{"checkpoint of another origin by the same key", "vault.wrong_log", func(s *stage) error {
		return s.host.Learn(nil, s.signCheckpoint(strings.Replace(FormatCheckpoint(s.signer.Name(), 1, [32]byte{}), "registre", "journal", 1)))
	}},
	{"checkpoint edited after it was signed", "vault.bad_signature", func(s *stage) error {
		c := s.checkpoint(len(s.records))
		return s.host.Learn(nil, bytes.Replace(c, []byte("\n"+itoa(len(s.records))), []byte("\n99"), 1))
	}},
	{"checkpoint that is none", "vault.malformed", func(s *stage) error {
		return s.host.Learn(nil, s.signCheckpoint(s.signer.Name()+"\n-1\nAAAA\n"))
	}},
	{"key under one's own name that one did not make", "vault.foreign_key", func(s *stage) error {
		double := s.trousseau()
		double.Agent, double.Epoch = s.hostLead.Agent, 2
		s.enter(double.Entry(now), double, s.hostSecond, s.founders[0])
		return s.relearn()
	}},
	{"such a key that does not even count", "vault.foreign_key", func(s *stage) error {
		double := s.trousseau()
		double.Agent, double.Epoch = s.hostLead.Agent, 2
		s.enter(double.Entry(now), double)
		return s.relearn()
	}},
	{"anything at all after the alarm", "vault.foreign_key", func(s *stage) error {
		double := s.trousseau()
		double.Agent, double.Epoch = s.hostLead.Agent, 2
		s.enter(double.Entry(now), double)
		_ = s.relearn()
		s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: now, Member: ailleurs.NewID[ailleurs.MemberID](), Code: "59350"}, s.founders[0], s.founders[1])
		_ = s.relearn()
		return s.open()
	}},
	{"anything at all before the register is known", "vault.no_register", func(s *stage) error {
		_, err := NewClient(s.hostLead).Open(s.received, now)
		return err
	}},

	{"key sealed to before the register is known", "vault.no_register", func(s *stage) error {
		_, err := NewDirectory(s.pin()).Reader(s.lead.Public())
		return err
	}},
	{"envelope believed before the register is known", "vault.no_register", func(s *stage) error {
		_, err := OpenEnvelope(NewDirectory(s.pin()), s.hostLead, s.received.Envelopes[0], s.received.Folder, 1, now)
		return err
	}},
	{"envelope believed without a register", "vault.no_register", func(s *stage) error {
		_, err := OpenEnvelope(nil, s.hostLead, s.received.Envelopes[0], s.received.Folder, 1, now)
		return err
	}},
	{"alarm asked before the register is known", "vault.no_register", func(s *stage) error {
		return NewDirectory(s.pin()).CheckOwn(s.lead)
	}},
	{"statement of a colleague before one's own key counts", "vault.not_registered", func(s *stage) error {
		fresh := s.trousseau()
		_, err := s.client(fresh).Sign(ailleurs.ToAnswer, "thread", "digest", now)
		return err
	}},
	{"entry approved before one's own key counts", "vault.not_registered", func(s *stage) error {
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: s.lead.Agent, Epoch: 1}
		_, err := s.client(s.trousseau()).Approve(e, now)
		return err
	}},
	{"key approved without its words", "vault.other_statement", func(s *stage) error {
		_, err := s.host.Approve(s.trousseau().Entry(now), now)
		return err
	}},
	{"one's own key confirmed as a colleague's", "vault.other_statement", func(s *stage) error {
		_, err := s.host.ConfirmKey(s.hostLead.Entry(now), s.hostLead.Public(), strings.Join(KeyWords(s.hostLead.Public()), " "), now)
		return err
	}},
	{"card saved by its reader", "vault.may_not_write", func(s *stage) error {
		o, err := s.host.Open(s.received, now)
		if err != nil {
			return err
		}
		_, _, err = s.host.Save(o, []byte("mine"), now)
		return err
	}},
	{"epoch begun by a reader", "vault.may_not_write", func(s *stage) error {
		o, err := s.host.Open(s.received, now)
		if err != nil {
			return err
		}
		_, _, err = s.host.Rotate(o, nil, now)
		return err
	}},
	{"dossier without its threat", "vault.malformed", func(s *stage) error {
		c := contents("")
		delete(c, ailleurs.Threat)
		_, _, err := s.origin.NewDossier(Dossier{s.received.Folder.Dossier, c, s.alliance.second.Public(), s.lead.Public()}, now)
		return err
	}},
	{"words of a call over another compartment", "vault.wrong_compartment", func(s *stage) error {
		o := *s.opened
		o.Folder.Compartment = ailleurs.Person
		_, err := s.origin.CallWords(&o, s.hostLead.Public())
		return err
	}},

	// What unlocks.
	{"trousseau made up by the hub", "vault.forged_trousseau", func(s *stage) error {
		u := must[*Unlocker](s.t)(PasskeyUnlocker(make([]byte, 32)))
		plain := make([]byte, TrousseauSize)
		copy(plain, s.hostLead.text()+"mac "+b64.EncodeToString(make([]byte, 32))+"\n")
		_, err := Unlock(must[[]byte](s.t)(sealTo(u.lock.Recipient, plain)), u, s.hostLead.Agent)
		return err
	}},
	{"trousseau of someone else", "vault.wrong_person", func(s *stage) error {
		u := must[*Unlocker](s.t)(PasskeyUnlocker(make([]byte, 32)))
		if err := s.lead.AddLock(u); err != nil {
			return err
		}
		_, err := Unlock(must[[]byte](s.t)(s.lead.Wrap(u.Lock())), u, s.hostLead.Agent)
		return err
	}},
	{"lower cost of scrypt", "vault.lower_cost", func(s *stage) error {
		l := Lock{Kind: PassphraseLock, Salt: NewSalt(), Recipient: s.hostLead.Public().Recipient}
		_, err := ParseLock(strings.Replace(l.Text(), "131072", "32768", 1))
		return err
	}},
	{"lock slipped in", "vault.unknown_lock", func(s *stage) error {
		u := must[*Unlocker](s.t)(PaperUnlocker(NewPaperCode()))
		_, err := s.host.Wraps([]Lock{u.Lock()})
		return err
	}},
	{"lock left out", "vault.missing_lock", func(s *stage) error {
		if err := s.hostLead.AddLock(must[*Unlocker](s.t)(PaperUnlocker(NewPaperCode()))); err != nil {
			return err
		}
		_, err := s.host.Wraps(nil)
		return err
	}},
	{"snapshot of the register made up", "vault.forged_snapshot", func(s *stage) error {
		return NewClient(s.hostLead).Restore(must[[]byte](s.t)(s.origin.Snapshot()))
	}},
	{"memory of the journal made up", "vault.forged_memory", func(s *stage) error {
		return NewClient(s.hostLead).Recall(s.origin.Memory())
	}},
	{"snapshot in the place of the memory", "vault.forged_memory", func(s *stage) error {
		return NewClient(s.hostLead).Recall(must[[]byte](s.t)(s.host.Snapshot()))
	}},

	// What is signed.
	{"body's text as a statement", "vault.reserved_label", func(s *stage) error {
		_, err := Sign(s.lead, s.opened.Body.text())
		return err
	}},
	{"colleague's key with other words", "vault.other_words", func(s *stage) error {
		fresh := s.trousseau()
		words := KeyWords(s.trousseau().Public())
		_, err := s.host.ConfirmKey(fresh.Entry(now), fresh.Public(), strings.Join(words, " "), now)
		return err
	}},
	{"colleague's words with another key", "vault.swapped_key", func(s *stage) error {
		fresh, double := s.trousseau(), s.trousseau()
		double.Agent = fresh.Agent
		_, err := s.host.ConfirmKey(double.Entry(now), fresh.Public(), strings.Join(KeyWords(fresh.Public()), " "), now)
		return err
	}},
	{"register entry as an ordinary statement", "vault.reserved_label", func(s *stage) error {
		_, err := s.host.Sign(ailleurs.ToConfirm, string(s.lead.Agent), s.trousseau().Entry(now).Digest(), now)
		return err
	}},
}

// otherFolder hands the host the envelope of another folder's key.
func (s *stage) otherFolder(f Folder, from ailleurs.Part) error {
	s.received.Envelopes[0] = s.forge(s.lead, from, must[*Key](s.t)(NewKey(f)))
	return s.open()
}

// forge is an envelope for the host's lead by a grantor who checks nothing.
func (s *stage) forge(by *Trousseau, from ailleurs.Part, k *Key) ailleurs.SealedEnvelope {
	to := s.hostLead.Public()
	return must[ailleurs.SealedEnvelope](s.t)(by.grant(&Grant{
		Key: k, To: to.Agent, ToEpoch: to.Epoch, Part: ailleurs.AddresseeLead, From: by.Agent, FromPart: from, fromEpoch: by.Epoch,
		At: now, Expires: now.AddDate(0, 1, 0), hash: ailleurs.RecipientHash(to.Recipient),
	}, must[*age.HybridRecipient](s.t)(parseRecipient(to.Recipient, "to"))))
}

func (s *stage) grant(p Public) error {
	_, err := s.origin.Grant(s.opened, []Grantee{{p, ailleurs.AddresseeLead}}, time.Time{}, now)
	return err
}

func (s *stage) grantAfter(t *Trousseau) error {
	if err := s.origin.Learn(s.records[s.origin.Known():], s.checkpoint(len(s.records))); err != nil {
		return err
	}
	return s.grant(t.Public())
}

func TestHostileHubIsRefusedByName(t *testing.T) {
	t.Run("without attack", func(t *testing.T) {
		s := newStage(t)
		o, err := s.host.Open(s.received, now)
		if err != nil {
			t.Fatal(err)
		}
		if string(o.Body.Content) != "second" {
			t.Fatalf("opened %q", o.Body.Content)
		}
	})
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) { refused(t, a.try(newStage(t)), a.key) })
	}
	if len(attacks) < 30 {
		t.Errorf("%d attacks", len(attacks))
	}
}

// A recipient has one spelling, so that its hash in the register is that of its key.
func TestRecipientHasOneSpelling(t *testing.T) {
	s := newStage(t)
	text := s.lead.Public().Recipient
	if r, err := parseRecipient(text, "recipient"); err != nil || r.String() != text {
		t.Fatal(err)
	}
	for i := range text {
		for _, c := range []string{strings.ToUpper(text[i : i+1]), "q", "p", "1", ""} {
			other := text[:i] + c + text[i+1:]
			if other == text {
				continue
			}
			if _, err := parseRecipient(other, "recipient"); ailleurs.AsRefusal(err) == nil {
				t.Fatalf("%q is taken for a recipient", other)
			}
		}
	}
}
