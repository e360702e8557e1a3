package alliance_test

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// unlocker finds the person's unlocker of a kind.
func (p *person) unlocker(kind ailleurs.UnlockerKind) alliance.Unlocker {
	p.h.Helper()
	list, _, err := p.h.a.Unlockers(p.h.Context(), p.viewer)
	p.h.must(err)
	for _, u := range list {
		if u.Kind == kind {
			return u
		}
	}
	p.h.Fatalf("no %s", kind)
	return alliance.Unlocker{}
}

func TestTwoUnlockersAreAlwaysLeft(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		h.refused(h.a.RemoveUnlocker(h.Context(), p.viewer, p.unlocker(ailleurs.PassphraseUnlocker).ID, h.at), "unlocker.two_needed")

		second := newPaper(t)
		id, err := h.a.AddUnlocker(h.Context(), p.viewer, second.unlocker(), nil, h.at)
		h.must(err)
		// Unproven, it does not count.
		h.refused(h.a.RemoveUnlocker(h.Context(), p.viewer, p.unlocker(ailleurs.PassphraseUnlocker).ID, h.at), "unlocker.two_needed")
		p.prove(id)
		h.must(h.a.RemoveUnlocker(h.Context(), p.viewer, p.unlocker(ailleurs.PassphraseUnlocker).ID, h.at))
		p.look()
		if p.viewer.Lacking != "" {
			t.Errorf("lacking %s", p.viewer.Lacking)
		}
	})
}

func TestOneUnlockerSurvivesTheBrowser(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		id, err := h.a.AddUnlocker(h.Context(), p.viewer, passphrase(), nil, h.at)
		h.must(err)
		p.prove(id)
		h.refused(h.a.RemoveUnlocker(h.Context(), p.viewer, p.unlocker(ailleurs.PaperUnlocker).ID, h.at), "unlocker.none_independent")
	})
}

func TestNewLockBringsTheOtherFilesAnew(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		p := c[0]
		_, before, err := h.a.Unlockers(h.Context(), p.viewer)
		h.must(err)
		for i := range before {
			before[i].Data = file("anew")
		}
		_, err = h.a.AddUnlocker(h.Context(), p.viewer, newPaper(t).unlocker(), before, h.at)
		h.must(err)
		_, after, err := h.a.Unlockers(h.Context(), p.viewer)
		h.must(err)
		anew := 0
		for _, f := range after {
			if string(f.Data) == string(file("anew")) {
				anew++
			}
		}
		if len(after) != 3 || anew != 2 {
			t.Errorf("%d of %d files are new", anew, len(after))
		}
		// Nobody rewraps another's.
		h.refused(h.a.Rewrap(h.Context(), c[1].viewer, before, h.at), "unlocker.unknown")
		before[0].Data = []byte("something else")
		h.refused(h.a.Rewrap(h.Context(), p.viewer, before, h.at), "unlocker.bad_file")
	})
}

func TestLostPhoneIsCutOffAtOnce(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founderWithPasskey()
		phone := *p
		r := phone.beginPasskey()
		h.must(phone.finishPasskey(r, phone.passkey.get(t, r, origin, true, "")))

		p.mustSignIn() // with the paper code, elsewhere
		h.must(h.a.LostDevice(h.Context(), p.viewer, p.unlocker(ailleurs.PasskeyUnlocker).ID, h.at))
		phone.dead()
		r = phone.beginPasskey()
		h.refused(phone.finishPasskey(r, phone.passkey.get(t, r, origin, true, "")), "passkey.not_verified")
		if p.look(); p.viewer.Lacking != "unlocker.two_needed" {
			t.Errorf("lacking %q", p.viewer.Lacking)
		}

		p.passkey = newAuthenticator(t)
		made, err := h.a.BeginPasskey(h.Context(), p.viewer, h.at)
		h.must(err)
		id, err := h.a.AddUnlocker(h.Context(), p.viewer, p.newPasskey(made, true), nil, h.at)
		h.must(err)
		p.prove(id)
		if p.look(); p.viewer.Lacking != "" {
			t.Errorf("lacking %q", p.viewer.Lacking)
		}
	})
}

func TestWhoLostEverythingIsConfirmedAnew(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		lead := team[0]
		i, err := h.a.Reinvite(h.Context(), team[1].viewer.Actor, lead.id, h.at)
		h.must(err)
		_, err = h.a.Reinvite(h.Context(), lead.viewer.Actor, c[0].id, h.at)
		h.refused(err, "change.not_yours")

		again := h.enrol(i)
		if again.id != lead.id || again.epoch != 2 || !again.viewer.Pending || len(again.viewer.Roles) > 0 {
			t.Fatalf("enrolled anew as %+v", again.viewer)
		}
		lead.look() // the old keys count until the new ones do
		team[1].approve(about(lead.id))
		again.look()
		if !again.viewer.Pending {
			t.Error("one colleague was enough")
		}
		team[2].approve(about(lead.id))
		again.look()
		if again.viewer.Pending || !again.viewer.Is(ailleurs.Caseworker) {
			t.Errorf("confirmed as %+v", again.viewer)
		}
		lead.dead()
		_, err = lead.signIn()
		h.refused(err, "paper.unknown")
		teams, err := h.a.Teams(h.Context(), []ailleurs.MemberID{id}, h.at)
		h.must(err)
		if k := teams[0].Lead; k == nil || k.Epoch != 2 || k.Recipient != again.recipient {
			t.Errorf("the lead's key is %+v", k)
		}
	})
}
