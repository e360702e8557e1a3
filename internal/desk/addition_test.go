package desk

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// added has Bordeaux name a town, and Lyon's lead call upon it.
func (w *world) added(named, asked *town) error {
	if err := w.posted(ailleurs.AnswerFile{Kind: ailleurs.Redirect, Redirect: named.id}); err != nil {
		return err
	}
	w.c.Ring = 1
	lead := w.lyon().lead
	out, err := w.desk(lead).Add(w.key(), w.dossier(lead), w.threads[0].ID, w.places(), w.people(), now)
	if err != nil {
		return err
	}
	out.Sheet.Member = asked.id // of a lead whose machine lies, unless it is the town that was named
	signed := w.statement(lead, lead.Agent, ailleurs.ToAdd, string(w.c.Call), out.Sheet.Digest())
	w.state(signed, ailleurs.ToAdd, string(w.c.Call), out.Sheet.Digest())
	w.take(out.Sealed)
	w.additions = []Added{{Sheet: out.Sheet, Digest: out.Sheet.Digest()}}
	return nil
}

func (w *world) agree(p *vault.Trousseau) error {
	_, err := w.desk(p).AgreeToAdd(w.key(), w.dossier(p), w.additions[0].Digest, w.places(), now)
	return err
}

// A town that a redirect names is called upon when three machines, one after the other, find that nothing excludes it.
func TestNamedTownIsCheckedByLeadSecondAndCoordination(t *testing.T) {
	w := newWorld(t).before(t, "answer")
	free := w.towns[6] // in no ring
	if err := w.added(free, free); err != nil {
		t.Fatal(err)
	}
	sealed := 0
	for _, e := range w.sealed.Envelopes {
		if e.Member == free.id && e.Compartment == ailleurs.Need && e.Ring == 1 {
			sealed++
		}
	}
	if sealed != 3 {
		t.Errorf("the card is sealed to %d people of the named town", sealed)
	}
	for who, p := range map[string]*vault.Trousseau{"the second": w.lyon().second, "a coordinator": w.founders[1]} {
		if err := w.agree(p); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
}

func TestTownThatMustNotBeAddedIsRefusedByEachMachine(t *testing.T) {
	for name, c := range map[string]struct {
		key   string
		named func(w *world) *town
	}{
		"excluded by the limits": {"call.excluded_member", func(w *world) *town { return w.barred() }},
		"called upon already":    {"call.addressee_twice", func(w *world) *town { return w.towns[2] }},
		"the origin itself":      {"call.calls_itself", func(w *world) *town { return w.lyon() }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).before(t, "answer")
			refused(t, w.added(c.named(w), c.named(w)), c.key)
			// A lead whose machine lies: the others look for themselves.
			w = newWorld(t).before(t, "answer")
			if err := w.added(w.towns[6], c.named(w)); err != nil {
				t.Fatal(err)
			}
			refused(t, w.agree(w.founders[0]), c.key)
			refused(t, w.agree(w.lyon().second), "add.not_named")
		})
	}
}

func TestAdditionThatTheHubAltersIsNotSigned(t *testing.T) {
	for name, c := range map[string]struct {
		key    string
		change func(w *world)
	}{
		"another town": {"desk.altered_sheet", func(w *world) { w.additions[0].Sheet.Member = w.towns[2].id }},
		"another call": {"desk.altered_sheet", func(w *world) {
			w.additions[0].Sheet.Sheet = w.additions[0].Digest
			w.additions[0].Digest = w.additions[0].Sheet.Digest()
		}},
		"not the lead's": {"desk.not_signed", func(w *world) { w.stated = w.stated[:len(w.stated)-1] }},
		"signed by the élu's": {"desk.not_signed", func(w *world) {
			p := w.lyon().signatory
			w.stated[len(w.stated)-1].Signed = w.statement(p, p.Agent, ailleurs.ToAdd, string(w.c.Call), w.additions[0].Digest)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).before(t, "answer")
			if err := w.added(w.towns[6], w.towns[6]); err != nil {
				t.Fatal(err)
			}
			c.change(w)
			refused(t, w.agree(w.lyon().second), c.key)
		})
	}
}
