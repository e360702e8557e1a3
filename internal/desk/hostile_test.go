package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// refused fails the test unless err is the named refusal.
func refused(t testing.TB, err error, key string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		t.Errorf("want the refusal %s, got %v", key, err)
	}
}

// key is the key of a folder as a reader of it has it, for those who are bribed to misuse it.
func (w *world) keyOf(t *vault.Trousseau, f vault.Folder) *vault.Key {
	for _, e := range w.sealed.Envelopes {
		if e.For == t.Agent && e.Compartment == f.Compartment && e.Thread == f.Thread {
			return must(vault.OpenEnvelope(w.learnt.Directory(), t, e, f, 0, now)).Key
		}
	}
	w.t.Fatalf("no envelope of %s", f.Compartment)
	return nil
}

func (w *world) statement(by *vault.Trousseau, as ailleurs.AgentID, p ailleurs.Purpose, subject, digest string) []byte {
	return must(vault.Sign(by, ailleurs.Statement{Purpose: p, Subject: subject, Digest: digest, By: as, Epoch: 1, At: now}.Text()))
}

// replace puts another signature in the place of those of a purpose.
func replace(list []Stated, p ailleurs.Purpose, signed []byte) {
	for i := range list {
		if list[i].Purpose == p {
			list[i].Signed = signed
		}
	}
}

func drop(list []Stated, p ailleurs.Purpose) []Stated {
	return slices.DeleteFunc(list, func(s Stated) bool { return s.Purpose == p })
}

func envelopeOf(s *ailleurs.Sealed, c ailleurs.Compartment) *ailleurs.SealedEnvelope {
	return &s.Envelopes[slices.IndexFunc(s.Envelopes, func(e ailleurs.SealedEnvelope) bool { return e.Compartment == c })]
}

func bodyOf(s *ailleurs.Sealed, c ailleurs.Compartment) *ailleurs.SealedBody {
	return &s.Bodies[slices.IndexFunc(s.Bodies, func(b ailleurs.SealedBody) bool { return b.Compartment == c })]
}

// with bends the keys that the hub says of someone.
func (p People) with(a ailleurs.AgentID, bend func(*vault.Public)) People {
	for i := range p {
		if p[i].Agent == a {
			bend(&p[i])
		}
	}
	return p
}

func (w *world) call1(bend func(*Dossier)) error {
	d := w.dossier(w.lyon().signatory)
	bend(&d)
	_, err := w.desk(w.lyon().signatory).SignCall(w.key(), d, now)
	return err
}

func (w *world) submit1(people People, places []Place, checkers [2]ailleurs.AgentID) error {
	lead := w.lyon().lead
	_, err := w.desk(lead).Submit(w.key(), w.dossier(lead), w.rings(), places, checkers, people, now)
	return err
}

func (w *world) attest1(bend func(*Dossier), places []Place) error {
	d := w.dossier(w.lyon().second)
	bend(&d)
	_, err := w.desk(w.lyon().second).Attest(w.key(), d, places, now)
	return err
}

func (w *world) check1(bend func(*Dossier)) error {
	d := w.dossier(w.founders[0])
	bend(&d)
	_, err := w.desk(w.founders[0]).Check(w.key(), d, w.places(), now)
	return err
}

func (w *world) answer1(bend func(*Thread)) error {
	p := w.bordeaux().lead
	t := w.thread(p)
	bend(&t)
	_, err := w.desk(p).Answer(w.key(), t, proposal(), w.people(), now)
	return err
}

func (w *world) offer1(bend func(*Thread)) error {
	p := w.bordeaux().signatory
	t := w.thread(p)
	bend(&t)
	_, err := w.desk(p).SignAnswer(w.key(), t, now)
	return err
}

func (w *world) retain1(bend func(*Dossier)) error {
	p := w.lyon().lead
	d := w.dossier(p)
	bend(&d)
	_, _, err := w.desk(p).Retain(w.key(), d, d.Threads[0].ID, "tournesol", now)
	return err
}

func (w *world) handOver1(bend func(*Dossier)) error {
	p := w.lyon().lead
	d := w.dossier(p)
	bend(&d)
	_, err := w.desk(p).HandOver(w.key(), d, false, w.people(), now)
	return err
}

func (w *world) renew1(wanted Wanted) error {
	p := w.lyon().lead
	d := w.dossier(p)
	wanted.Epoch = 1
	d.Renew = []Wanted{wanted}
	_, err := w.desk(p).Regrant(w.key(), d, w.people(), now)
	return err
}

// resheet is what a hub does that changes a sheet and calls everything by the new digest.
func resheet(d *Dossier, bend func(*ailleurs.CallSheet)) {
	was := d.Sheet.Digest
	bend(&d.Sheet.Sheet)
	d.Sheet.Digest = d.Sheet.Sheet.Digest()
	for i := range d.Signed {
		if d.Signed[i].Digest == was {
			d.Signed[i].Digest = d.Sheet.Digest
		}
	}
}

// relearnt is a client that learns the register anew, as somebody's next page does.
func (w *world) relearnt(t *vault.Trousseau) (*Desk, error) {
	c := vault.NewClient(ptr(*t)) // with pins of its own
	err := c.Learn(w.records, w.checkpoint(len(w.records)))
	return &Desk{Client: c, Communes: w.ground, Unproved: true}, err
}

// hostile are the attacks of a hub that lies, alone or with somebody bribed: the moment, what it does, and the refusal in
// which the client of whoever is asked to act must end.
var hostile = []struct {
	name, before, key string
	do                func(*world) error
}{
	// Whose keys are wrapped to.
	{"recipient key swapped", "submit", "vault.swapped_key", func(w *world) error {
		return w.submit1(w.people().with(w.bordeaux().lead.Agent, func(p *vault.Public) { p.Recipient = w.barred().lead.Public().Recipient }), w.places(), w.checkers())
	}},
	{"signing key swapped", "submit", "vault.swapped_key", func(w *world) error {
		return w.submit1(w.people().with(w.bordeaux().second.Agent, func(p *vault.Public) { p.Verifier = w.barred().lead.Public().Verifier }), w.places(), w.checkers())
	}},
	{"keys of somebody whom no register knows", "submit", "vault.not_registered", func(w *world) error {
		return w.submit1(w.people().with(w.bordeaux().lead.Agent, func(p *vault.Public) { p.Epoch = 2 }), w.places(), w.checkers())
	}},
	{"checker who coordinates nothing", "submit", "vault.wrong_role", func(w *world) error {
		return w.submit1(w.people(), w.places(), [2]ailleurs.AgentID{w.founders[0].Agent, w.barred().lead.Agent})
	}},
	{"outsiders named as an addressee's team", "submit", "desk.not_of_member", func(w *world) error {
		places := w.places()
		places[1].Team = places[7].Team
		return w.submit1(w.people(), places, w.checkers())
	}},
	{"caseworker named as an addressee's signatory", "submit", "desk.not_of_member", func(w *world) error {
		places := w.places()
		places[1].Team.Signatory = w.bordeaux().colleague.Agent
		return w.submit1(w.people(), places, w.checkers())
	}},
	{"revoked key", "submit", "vault.revoked_key", func(w *world) error {
		w.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: w.bordeaux().lead.Agent, Epoch: 1}, w.founders[0], w.founders[1])
		d, err := w.relearnt(w.lyon().lead)
		if err != nil {
			return err
		}
		_, err = d.Submit(w.key(), w.dossier(w.lyon().lead), w.rings(), w.places(), w.checkers(), w.people(), now)
		return err
	}},
	{"key of an earlier epoch", "submit", "vault.old_key", func(w *world) error {
		next := must(w.bordeaux().lead.Rotated())
		w.enter(next.Entry(now), next, w.founders[0], w.founders[1])
		d, err := w.relearnt(w.lyon().lead)
		if err != nil {
			return err
		}
		_, err = d.Submit(w.key(), w.dossier(w.lyon().lead), w.rings(), w.places(), w.checkers(), w.people(), now)
		return err
	}},

	// The register.
	{"revocation left out", "submit", "vault.bad_proof", func(w *world) error {
		w.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: w.bordeaux().lead.Agent, Epoch: 1}, w.founders[0], w.founders[1])
		c := vault.NewClient(must(vault.NewTrousseau(w.lyon().lead.Agent, w.pin, vault.Pin{})))
		return c.Learn(append(slices.Clone(w.records[:len(w.records)-1]), w.records[0]), w.checkpoint(len(w.records)))
	}},
	{"checkpoint from before the revocation", "submit", "vault.stale_checkpoint", func(w *world) error {
		d := must(w.relearnt(w.lyon().lead))
		return d.Client.Learn(nil, w.checkpoint(len(w.records)-1))
	}},
	{"split register, and nothing more is done", "submit", "vault.forked", func(w *world) error {
		lead := w.lyon().lead
		d := must(w.relearnt(lead))
		fork := forkOf(w)
		if err := d.Client.Learn(nil, fork.checkpoint(len(fork.records))); err == nil {
			w.t.Error("a split register was learnt")
		}
		_ = d.Client.Learn(nil, w.checkpoint(len(w.records))) // the good one again does not make it good
		_, err := d.Submit(w.key(), w.dossier(lead), w.rings(), w.places(), w.checkers(), w.people(), now)
		return err
	}},
	{"keys in the reader's own name, and nothing more is done", "submit", "vault.foreign_key", func(w *world) error {
		lead := w.lyon().lead
		forged := must(must(vault.NewTrousseau(lead.Agent, w.pin, vault.Pin{})).Rotated())
		w.enter(forged.Entry(now), forged, w.founders[0], w.founders[1])
		d, _ := w.relearnt(lead)
		_, err := d.Submit(w.key(), w.dossier(lead), w.rings(), w.places(), w.checkers(), w.people(), now)
		return err
	}},
	{"no register at all", "submit", "vault.no_register", func(w *world) error {
		_, err := (&Desk{Client: vault.NewClient(w.lyon().lead), Communes: w.ground, Unproved: true}).OpenDossier(w.dossier(w.lyon().lead), now)
		return err
	}},

	// Where addressees are.
	{"excluded addressee placed elsewhere by its keys", "submit", "desk.other_place", func(w *world) error {
		places := w.places()
		places[1].Member, places[1].Code, places[1].Team = w.barred().id, w.barred().code, places[7].Team
		lead := w.lyon().lead
		rings := w.rings()
		rings[0][0] = w.barred().id
		_, err := w.desk(lead).Submit(w.key(), w.dossier(lead), rings, places, w.checkers(), w.people(), now)
		return err
	}},
	{"excluded addressee placed elsewhere by its code", "submit", "desk.other_place", func(w *world) error {
		places := w.places()
		places[7].Code = "33063"
		places[7].Keys = append(places[7].Keys, places[1].Keys...)
		lead := w.lyon().lead
		rings := w.rings()
		rings[0][0] = w.barred().id
		d := w.dossier(lead)
		d.Sealed = w.handedOut(lead)
		_, err := w.desk(lead).Submit(w.key(), d, rings, places, w.checkers(), w.people(), now)
		return err
	}},
	{"member that nobody admitted", "submit", "call.unknown_member", func(w *world) error {
		places := w.places()
		places[1].Member = ailleurs.NewID[ailleurs.MemberID]()
		lead := w.lyon().lead
		rings := w.rings()
		rings[0][0] = places[1].Member
		_, err := w.desk(lead).Submit(w.key(), w.dossier(lead), rings, places, w.checkers(), w.people(), now)
		return err
	}},
	{"excluded addressee slipped in by a bribed lead", "attest", "call.excluded_member", func(w *world) error {
		return w.attest1(func(d *Dossier) {
			resheet(d, func(s *ailleurs.CallSheet) { s.Rings[0][4] = w.barred().id })
			d.Signed[0].Signed = w.statement(w.lyon().lead, w.lyon().lead.Agent, ailleurs.ToAttest, string(d.Call), d.Sheet.Digest)
		}, w.places())
	}},
	{"excluded addressee shown to the coordination as another", "check", "call.excluded_member", func(w *world) error {
		return w.check1(func(d *Dossier) {
			resheet(d, func(s *ailleurs.CallSheet) { s.Rings[0][4] = w.barred().id })
			l, call := w.lyon(), string(d.Call)
			d.Signed = []Stated{
				{ailleurs.ToAttest, call, d.Sheet.Digest, w.statement(l.lead, l.lead.Agent, ailleurs.ToAttest, call, d.Sheet.Digest)},
				{ailleurs.ToAttest, call, d.Sheet.Digest, w.statement(l.second, l.second.Agent, ailleurs.ToAttest, call, d.Sheet.Digest)},
				{ailleurs.ToCall, call, d.Sheet.Digest, w.statement(l.signatory, l.signatory.Agent, ailleurs.ToCall, call, d.Sheet.Digest)},
			}
		})
	}},

	// The call sheet and its signatures.
	{"call sheet altered", "attest", "desk.altered_sheet", func(w *world) error {
		return w.attest1(func(d *Dossier) { d.Sheet.Sheet.Rings[0][4] = w.towns[6].id }, w.places())
	}},
	{"call sheet altered with its digest", "attest", "desk.altered_statement", func(w *world) error {
		return w.attest1(func(d *Dossier) { resheet(d, func(s *ailleurs.CallSheet) { s.Rings[0][4] = w.towns[6].id }) }, w.places())
	}},
	{"sheet of another case", "attest", "desk.altered_sheet", func(w *world) error {
		return w.attest1(func(d *Dossier) {
			resheet(d, func(s *ailleurs.CallSheet) { s.Case = ailleurs.NewID[ailleurs.CaseID]() })
		}, w.places())
	}},
	{"lead's attestation forged", "attest", "vault.bad_signature", func(w *world) error {
		return w.attest1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToAttest, forge(w.statement(w.lyon().lead, w.lyon().lead.Agent, ailleurs.ToAttest, string(d.Call), d.Sheet.Digest)))
		}, w.places())
	}},
	{"attestation by a caseworker of elsewhere", "attest", "desk.not_signed", func(w *world) error {
		p := w.barred().lead
		return w.attest1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToAttest, w.statement(p, p.Agent, ailleurs.ToAttest, string(d.Call), d.Sheet.Digest))
		}, w.places())
	}},
	{"the second's own attestation shown as the lead's", "attest", "desk.not_signed", func(w *world) error {
		p := w.lyon().second
		return w.attest1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToAttest, w.statement(p, p.Agent, ailleurs.ToAttest, string(d.Call), d.Sheet.Digest))
		}, w.places())
	}},
	{"no attestation", "call", "desk.not_signed", func(w *world) error {
		return w.call1(func(d *Dossier) { d.Signed = nil })
	}},
	{"the lead's attestation shown twice", "check", "desk.not_signed", func(w *world) error {
		return w.check1(func(d *Dossier) { replace(d.Signed, ailleurs.ToAttest, d.Signed[0].Signed) })
	}},
	{"no élu's signature", "check", "desk.not_signed", func(w *world) error {
		return w.check1(func(d *Dossier) { d.Signed = drop(d.Signed, ailleurs.ToCall) })
	}},
	{"a caseworker's signature shown as the élu's", "check", "desk.not_signed", func(w *world) error {
		p := w.lyon().lead
		return w.check1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToCall, w.statement(p, p.Agent, ailleurs.ToCall, string(d.Call), d.Sheet.Digest))
		})
	}},
	{"the élu's signature of another call", "check", "desk.altered_statement", func(w *world) error {
		p := w.lyon().signatory
		return w.check1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToCall, w.statement(p, p.Agent, ailleurs.ToCall, string(ailleurs.NewID[ailleurs.CallID]()), d.Sheet.Digest))
		})
	}},

	// Bodies and envelopes.
	{"wrong card shown to the signatory", "call", "desk.other_card", func(w *world) error {
		b := *bodyOf(&w.sealed, ailleurs.Need)
		next := must(vault.SealBody(w.lyon().lead, w.keyOf(w.lyon().lead, folder(w.c.ID, ailleurs.Need)), vault.HeadOf(b), []byte(`{}`), now))
		return w.call1(func(d *Dossier) { *bodyOf(&d.Sealed, ailleurs.Need) = next })
	}},
	{"wrong card shown to the second", "attest", "desk.other_card", func(w *world) error {
		card := form().Card
		card.Words = "héron-tuile"
		b := *bodyOf(&w.sealed, ailleurs.Need)
		next := must(vault.SealBody(w.lyon().lead, w.keyOf(w.lyon().lead, folder(w.c.ID, ailleurs.Need)), vault.HeadOf(b), must(written(card)), now))
		return w.attest1(func(d *Dossier) { *bodyOf(&d.Sealed, ailleurs.Need) = next }, w.places())
	}},
	{"card of another dossier", "call", "vault.not_for_you", func(w *world) error {
		other := w.before(w.t, "submit")
		b := *bodyOf(&other.sealed, ailleurs.Need)
		b.Case = w.c.ID
		return w.call1(func(d *Dossier) { *bodyOf(&d.Sealed, ailleurs.Need) = b })
	}},
	{"envelope of another dossier", "call", "vault.wrong_dossier", func(w *world) error {
		other := w.before(w.t, "call")
		return w.call1(func(d *Dossier) {
			e := *envelopeOf(ptr(other.handedOut(w.lyon().signatory)), ailleurs.Need)
			e.Case = w.c.ID
			*envelopeOf(&d.Sealed, ailleurs.Need) = e
		})
	}},
	{"envelope of another compartment", "attest", "vault.wrong_compartment", func(w *world) error {
		return w.attest1(func(d *Dossier) {
			e := *envelopeOf(&d.Sealed, ailleurs.Limits)
			e.Compartment = ailleurs.Need
			*envelopeOf(&d.Sealed, ailleurs.Need) = e
		}, w.places())
	}},
	{"envelope of somebody else", "call", "vault.not_for_you", func(w *world) error {
		e := *envelopeOf(ptr(w.handedOut(w.lyon().second)), ailleurs.Need)
		e.For, e.Part = w.lyon().signatory.Agent, ailleurs.OriginSignatory
		return w.call1(func(d *Dossier) { *envelopeOf(&d.Sealed, ailleurs.Need) = e })
	}},
	{"envelope called another epoch's", "call", "vault.mislabelled", func(w *world) error {
		return w.call1(func(d *Dossier) { envelopeOf(&d.Sealed, ailleurs.Need).Epoch = 2 })
	}},
	{"body called another epoch's", "call", "vault.no_key", func(w *world) error {
		return w.call1(func(d *Dossier) { bodyOf(&d.Sealed, ailleurs.Need).Epoch = 2 })
	}},
	{"body called another number's", "call", "vault.mislabelled", func(w *world) error {
		return w.call1(func(d *Dossier) { b := bodyOf(&d.Sealed, ailleurs.Need); b.Seq, b.Prev = 2, b.Hash })
	}},
	{"body called somebody else's", "call", "vault.mislabelled", func(w *world) error {
		return w.call1(func(d *Dossier) { bodyOf(&d.Sealed, ailleurs.Need).Author = w.lyon().second.Agent })
	}},
	{"body damaged", "call", "vault.damaged", func(w *world) error {
		return w.call1(func(d *Dossier) { b := bodyOf(&d.Sealed, ailleurs.Need); b.Data[len(b.Data)-1] ^= 1 })
	}},
	{"body handed out as a note", "call", "vault.unknown_protocol", func(w *world) error {
		return w.call1(func(d *Dossier) { bodyOf(&d.Sealed, ailleurs.Need).Note = true })
	}},
	{"body left out", "call", "desk.not_sealed_to_you", func(w *world) error {
		return w.call1(func(d *Dossier) { d.Sealed.Bodies = nil })
	}},
	{"old envelope replayed", "call", "vault.expired", func(w *world) error {
		_, err := w.desk(w.lyon().signatory).SignCall(w.key(), w.dossier(w.lyon().signatory), now.Add(ailleurs.EnvelopeLife+time.Hour))
		return err
	}},
	{"another key of the same epoch", "call", "vault.two_keys", func(w *world) error {
		second := w.desk(w.lyon().second)
		made, _, err := second.Client.NewFolder(folder(w.c.ID, ailleurs.Need), ailleurs.OriginSecond, []byte("{}"),
			[]vault.Grantee{{Public: w.lyon().signatory.Public(), Part: ailleurs.OriginSignatory}}, now)
		if err != nil {
			return err
		}
		return w.call1(func(d *Dossier) { d.Sealed.Envelopes = append(d.Sealed.Envelopes, made.Envelopes[1]) })
	}},
	{"card rewritten by an addressee", "call", "vault.may_not_write", func(w *world) error {
		f := folder(w.c.ID, ailleurs.Need)
		b := *bodyOf(&w.sealed, ailleurs.Need)
		next := must(vault.SealBody(w.bordeaux().lead, w.keyOf(w.bordeaux().lead, f), vault.HeadOf(b), []byte("{}"), now))
		return w.call1(func(d *Dossier) { *bodyOf(&d.Sealed, ailleurs.Need) = next })
	}},
	{"key granted by an addressee as if it were the lead", "call", "vault.not_in_circle", func(w *world) error {
		k := w.keyOf(w.bordeaux().lead, folder(w.c.ID, ailleurs.Need))
		reader := must(w.learnt.Directory().Reader(w.lyon().signatory.Public()))
		e := must(vault.SealEnvelope(w.bordeaux().lead, ailleurs.OriginLead, k, reader, ailleurs.OriginSignatory, now, now.Add(time.Hour)))
		return w.call1(func(d *Dossier) { *envelopeOf(&d.Sealed, ailleurs.Need) = e })
	}},
	{"somebody of elsewhere named as second", "call", "desk.not_of_member", func(w *world) error {
		return w.call1(func(d *Dossier) { d.Second = w.barred().lead.Agent })
	}},
	{"reader told to play another part", "call", "vault.not_in_circle", func(w *world) error {
		return w.call1(func(d *Dossier) { d.Part = ailleurs.Checker })
	}},
	{"card rolled back behind what this client has seen", "submit", "vault.rolled_back", func(w *world) error {
		lead := w.lyon().lead
		d := w.desk(lead)
		old := w.dossier(lead)
		f := form()
		f.Card.Accessible = true
		save := must(d.SaveDraft(w.key(), old, f, now))
		w.take(save.Sealed)
		if _, err := d.OpenDossier(w.dossier(lead), now); err != nil {
			return err
		}
		_, err := d.OpenDossier(old, now)
		return err
	}},
	{"card of another dossier in a list", "submit", "desk.bare", func(w *world) error {
		lead := w.lyon().lead
		sealed := through(w.handedOut(lead))
		*bodyOf(&sealed, ailleurs.Need) = *bodyOf(ptr(w.before(w.t, "submit").sealed), ailleurs.Need)
		return w.card1(w.desk(lead), sealed, nil)
	}},

	// The thread and the answer.
	{"no interpellation", "answer", "desk.not_signed", func(w *world) error {
		return w.answer1(func(t *Thread) { t.Called = nil })
	}},
	{"interpellation by the élu of elsewhere", "answer", "desk.not_signed", func(w *world) error {
		p := w.barred().signatory
		return w.answer1(func(t *Thread) {
			t.Called[0].Signed = w.statement(p, p.Agent, ailleurs.ToCall, t.Called[0].Subject, t.Called[0].Digest)
		})
	}},
	{"two caseworkers instead of the élu", "answer", "desk.not_signed", func(w *world) error {
		return w.answer1(func(t *Thread) {
			subject, digest := t.Called[0].Subject, t.Called[0].Digest
			t.Called = nil
			for _, p := range []*vault.Trousseau{w.lyon().lead, w.lyon().second} {
				t.Called = append(t.Called, Stated{ailleurs.ToCall, subject, digest, w.statement(p, p.Agent, ailleurs.ToCall, subject, digest)})
			}
		})
	}},
	{"another card than the one called with", "answer", "desk.other_card", func(w *world) error {
		return w.answer1(func(t *Thread) { t.NeedHead = t.Called[0].Digest })
	}},
	{"extra recipient of an answer", "answer", "desk.not_of_member", func(w *world) error {
		return w.answer1(func(t *Thread) { t.Origins[1] = w.barred().lead.Agent })
	}},
	{"answer sheet altered", "offer", "desk.altered_sheet", func(w *world) error {
		return w.offer1(func(t *Thread) { t.Answers[0].Sheet.Home = ailleurs.NewID[ailleurs.PlaceID]() })
	}},
	{"answer sheet called another round's", "offer", "desk.altered_sheet", func(w *world) error {
		return w.offer1(func(t *Thread) { t.Answers[0].Sheet.Round = 2 })
	}},
	{"places that differ from the sealed answer", "offer", "desk.altered_sheet", func(w *world) error {
		return w.offer1(func(t *Thread) {
			a := &t.Answers[0]
			a.Sheet.Home = ailleurs.NewID[ailleurs.PlaceID]()
			a.Digest = a.Sheet.Digest()
		})
	}},
	{"answer replaced before the élu signs", "offer", "desk.other_answer", func(w *world) error {
		return w.offer1(func(t *Thread) { *bodyOf(&t.Sealed, ailleurs.Answer) = w.otherAnswer() })
	}},
	{"replaced answer after the signature", "retain", "desk.other_answer", func(w *world) error {
		return w.retain1(func(d *Dossier) { *bodyOf(&d.Sealed, ailleurs.Answer) = w.otherAnswer() })
	}},
	{"replaced answer with its sheet after the signature", "retain", "desk.altered_statement", func(w *world) error {
		return w.retain1(func(d *Dossier) {
			b := w.otherAnswer()
			*bodyOf(&d.Sealed, ailleurs.Answer) = b
			a := d.Threads[0].Answer
			was := a.Digest
			a.Sheet.Body, a.Sheet.Home, a.Sheet.Jobs = b.Hash, otherHome, []ailleurs.PlaceID{otherJob}
			a.Digest = a.Sheet.Digest()
			for i := range d.Signed {
				if d.Signed[i].Digest == was {
					d.Signed[i].Digest = a.Digest
				}
			}
		})
	}},
	{"forged second signature", "retain", "vault.bad_signature", func(w *world) error {
		return w.retain1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToOffer, forge(w.statement(w.bordeaux().signatory, w.bordeaux().signatory.Agent, ailleurs.ToOffer, string(d.Threads[0].ID), d.Threads[0].Answer.Digest)))
		})
	}},
	{"the caseworker's signature as the élu's", "retain", "desk.not_signed", func(w *world) error {
		p := w.bordeaux().lead
		return w.retain1(func(d *Dossier) {
			replace(d.Signed, ailleurs.ToOffer, w.statement(p, p.Agent, ailleurs.ToOffer, string(d.Threads[0].ID), d.Threads[0].Answer.Digest))
		})
	}},
	{"answer of another thread", "retain", "desk.altered_sheet", func(w *world) error {
		return w.retain1(func(d *Dossier) { d.Threads[0].ID = ailleurs.NewID[ailleurs.ThreadID]() })
	}},
	{"answer of somebody who was not asked", "retain", "desk.not_signed", func(w *world) error {
		return w.retain1(func(d *Dossier) {
			p := w.barred()
			d.Threads[0].Member = w.bordeaux().id
			replace(d.Signed, ailleurs.ToAnswer, w.statement(p.lead, p.lead.Agent, ailleurs.ToAnswer, string(d.Threads[0].ID), d.Threads[0].Answer.Digest))
		})
	}},

	// The host.
	{"another host than the person said yes to", "handover", "desk.other_host", func(w *world) error {
		return w.handOver1(func(d *Dossier) {
			n := w.towns[2]
			d.Host, d.HostLead, d.HostSecond = n.id, n.lead.Agent, n.second.Agent
		})
	}},
	{"another host, thread and all", "handover", "desk.not_signed", func(w *world) error {
		return w.handOver1(func(d *Dossier) {
			n := w.towns[2]
			d.Host, d.HostLead, d.HostSecond = n.id, n.lead.Agent, n.second.Agent
			d.Threads[0].Member = n.id
		})
	}},
	{"one of the host's two is of elsewhere", "handover", "desk.not_of_member", func(w *world) error {
		return w.handOver1(func(d *Dossier) { d.HostSecond = w.barred().second.Agent })
	}},
	{"no second yes", "handover", "desk.not_signed", func(w *world) error {
		return w.handOver1(func(d *Dossier) { d.Signed = drop(d.Signed, ailleurs.ToWelcome) })
	}},
	{"no first yes", "handover", "desk.not_signed", func(w *world) error {
		return w.handOver1(func(d *Dossier) { d.Signed = drop(d.Signed, ailleurs.ToRetain) })
	}},
	{"the other lead's key swapped before the call of three", "welcome", "vault.swapped_key", func(w *world) error {
		other := w.bordeaux().lead.Public()
		other.Recipient = w.barred().lead.Public().Recipient
		_, err := w.desk(w.lyon().lead).CallWords(w.dossier(w.lyon().lead), Thread{}, other, now)
		return err
	}},
	{"outsider named to the host's pair", "welcome", "desk.not_of_member", func(w *world) error {
		p := w.bordeaux().lead
		t := w.thread(p)
		t.Second = w.barred().second.Agent
		_, err := w.desk(p).Welcome(w.key(), t, w.people(), now)
		return err
	}},
	{"file rolled back to before the code word", "arrive", "arrive.wrong_code_word", func(w *world) error {
		p := w.bordeaux().lead
		d := w.dossier(p)
		*bodyOf(&d.Sealed, ailleurs.Person) = *bodyOf(&w.sealed, ailleurs.Person)
		_, err := w.desk(p).Arrive(w.key(), d, "tournesol", w.people(), now)
		return err
	}},

	// Envelopes asked for again.
	{"envelope asked for a member that was not called", "answer", "desk.not_addressed", func(w *world) error {
		return w.renew1(Wanted{Compartment: ailleurs.Need, For: w.barred().lead.Agent, Part: ailleurs.AddresseeLead, Member: w.barred().id, Ring: 1})
	}},
	{"limits asked for a third coordinator", "answer", "desk.not_addressed", func(w *world) error {
		return w.renew1(Wanted{Compartment: ailleurs.Limits, For: w.founders[2].Agent, Part: ailleurs.Checker})
	}},
	{"file asked for a host before any yes", "answer", "desk.other_host", func(w *world) error {
		return w.renew1(Wanted{Compartment: ailleurs.Person, For: w.bordeaux().lead.Agent, Part: ailleurs.HostLead})
	}},
	{"threat asked for a host", "plan", "desk.not_asked_for", func(w *world) error {
		return w.renew1(Wanted{Compartment: ailleurs.Threat, For: w.bordeaux().lead.Agent, Part: ailleurs.HostLead})
	}},
	{"file asked for an élu", "answer", "vault.may_not_hold", func(w *world) error {
		return w.renew1(Wanted{Compartment: ailleurs.Person, For: w.lyon().signatory.Agent, Part: ailleurs.OriginSignatory})
	}},
	{"file asked for somebody of elsewhere as the second", "answer", "desk.not_of_member", func(w *world) error {
		return w.renew1(Wanted{Compartment: ailleurs.Person, For: w.barred().lead.Agent, Part: ailleurs.OriginSecond})
	}},

	// Approvals.
	{"new keys approved without having heard their words", "submit", "vault.other_words", func(w *world) error {
		fresh := must(vault.NewTrousseau(ailleurs.NewID[ailleurs.AgentID](), w.pin, vault.Pin{}))
		_, err := w.desk(w.founders[0]).Approve(fresh.Entry(now).Text(), fresh.Public(), spoken(w.lyon().lead.Public()), now)
		return err
	}},
	{"new keys shown that are not those of the entry", "submit", "vault.swapped_key", func(w *world) error {
		fresh := must(vault.NewTrousseau(ailleurs.NewID[ailleurs.AgentID](), w.pin, vault.Pin{}))
		_, err := w.desk(w.founders[0]).Approve(fresh.Entry(now).Text(), w.barred().lead.Public(), spoken(w.barred().lead.Public()), now)
		return err
	}},
}

var otherHome, otherJob = ailleurs.NewID[ailleurs.PlaceID](), ailleurs.NewID[ailleurs.PlaceID]()

// otherAnswer is a second answer body that Bordeaux's lead is bribed to write in the place of the first.
func (w *world) otherAnswer() ailleurs.SealedBody {
	f := vault.Folder{Dossier: w.c.ID, Compartment: ailleurs.Answer, Thread: w.threads[0].ID}
	a := proposal()
	a.Home, a.Jobs = otherHome, []ailleurs.PlaceID{otherJob}
	return must(vault.SealBody(w.bordeaux().lead, w.keyOf(w.bordeaux().lead, f), vault.Head{}, must(written(a)), now))
}

func ptr[T any](v T) *T { return &v }

// forge breaks the signature of a note and leaves its text.
func forge(signed []byte) []byte {
	out := slices.Clone(signed)
	i := len(out) - 10
	if out[i] == 'A' {
		out[i] = 'B'
	} else {
		out[i] = 'A'
	}
	return out
}

func spoken(p vault.Public) string { return strings.Join(vault.KeyWords(p), " ") }

// forkOf is the same register but for its last record: what a hub shows that splits it.
func forkOf(w *world) *world {
	fork := &world{t: w.t, signer: w.signer, pin: w.pin, founders: w.founders}
	for _, r := range w.records[:len(w.records)-1] {
		fork.add(r)
	}
	fork.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: founded, Member: ailleurs.NewID[ailleurs.MemberID](), Code: "75056"})
	return fork
}

func TestHostileHubEndsInANamedRefusal(t *testing.T) {
	w := newWorld(t)
	moments := map[string]*world{}
	for _, a := range hostile {
		if moments[a.before] == nil {
			moments[a.before] = w.before(t, a.before)
		}
	}
	for _, a := range hostile {
		t.Run(a.name, func(t *testing.T) {
			moment := *moments[a.before]
			moment.t = t
			moment.records, moment.hashes = slices.Clone(moment.records), slices.Clone(moment.hashes)
			refused(t, a.do(&moment), a.key)
		})
	}
	if len(hostile) < 30 {
		t.Errorf("%d attacks", len(hostile))
	}
}
