package alliance_test

import (
	"fmt"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// dead fails the test unless the person's session is over.
func (p *person) dead() {
	p.h.Helper()
	_, err := p.h.a.Lookup(p.h.Context(), p.token.Reveal(), p.h.at)
	p.h.refused(err, "session.none")
	_, err = p.h.a.ShareOf(p.h.Context(), p.token.Reveal(), p.h.at)
	p.h.refused(err, "session.none")
}

func TestIdleSessionEnds(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		for range 6 {
			h.pass(ailleurs.SessionIdle - time.Second)
			p.look()
		}
		h.pass(ailleurs.SessionIdle + touchSlack)
		p.dead()
		h.at = start // a clock that jumps back revives nobody for longer than the idle time
		p.mustSignIn()
	})
}

// touchSlack is how coarse the sign of life is.
const touchSlack = time.Minute

func TestSessionEndsAfterEightHours(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		end := h.at.Add(ailleurs.SessionLongest)
		for h.at.Add(10 * time.Minute).Before(end) {
			h.pass(10 * time.Minute)
			p.look()
		}
		if !p.viewer.Ends.Equal(end) {
			t.Errorf("the session says it ends at %v, not %v", p.viewer.Ends, end)
		}
		h.at = end
		p.dead()
	})
}

func TestRevokedSessionIsDeadAtOnce(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, _ := h.town(c, "Lyon", "69123")
		p := h.join(c, id, "Une autre", ailleurs.Caseworker)

		// One's own, from another device.
		phone := *p
		phone.mustSignIn()
		list, err := h.a.Sessions(h.Context(), p.viewer, h.at)
		h.must(err)
		if len(list) != 2 {
			t.Fatalf("%d sessions", len(list))
		}
		for _, s := range list {
			if want := map[bool]ailleurs.UnlockerKind{false: ailleurs.PaperUnlocker}[s.Current]; s.By != want {
				t.Errorf("the session says that it was begun with %q, want %q", s.By, want)
			}
			if !s.Current {
				h.must(h.a.EndSession(h.Context(), p.viewer, s.ID, h.at))
				h.refused(h.a.EndSession(h.Context(), p.viewer, s.ID, h.at), "session.unknown")
			}
		}
		phone.dead()
		p.look()

		// A colleague's, who calls to say that a phone is lost; not that of someone elsewhere.
		h.refused(h.a.EndSessionsOf(h.Context(), p.viewer.Actor, c[0].id, h.at), "agent.unknown")
		c[0].look()
		h.must(h.a.EndSessionsOf(h.Context(), c[0].viewer.Actor, p.id, h.at))
		p.dead()
		p.mustSignIn()

		// By revocation of the key: the session dies with the second signature, and the paper code with it.
		_, err = h.a.ProposeRevocation(h.Context(), c[0].viewer.Actor, p.id, h.at)
		h.must(err)
		c[0].approve(about(p.id))
		p.look()
		c[1].approve(about(p.id))
		p.dead()
		_, err = p.signIn()
		h.refused(err, "paper.unknown")
	})
}

func TestTokenIsNotInTheDatabase(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		h.must(h.db.View(h.Context(), func(tx *store.Tx) error {
			hashes, err := store.All[[]byte](tx, "SELECT token_hash FROM session")
			for _, b := range hashes {
				if string(b) == p.token.Reveal() || len(b) != 32 {
					t.Error("a token is stored as it is")
				}
			}
			return err
		}))
		if s := fmt.Sprintf("%v %s %q %+v %x", p.token, p.token, p.token, alliance.Share{1}, alliance.Words("six mots")); s != "[scellé] [scellé] [scellé] [scellé] [scellé]" {
			t.Errorf("secrets print as %s", s)
		}
	})
}

func TestShareIsHandedToTheLiveSessionOnly(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		in, err := p.signIn()
		h.must(err)
		got, err := h.a.ShareOf(h.Context(), in.Token.Reveal(), h.at)
		h.must(err)
		if got != in.Share || got == (alliance.Share{}) {
			t.Error("another share")
		}
		other, err := h.a.ShareOf(h.Context(), p.token.Reveal(), h.at)
		h.must(err)
		if other == got {
			t.Error("two sessions have one share")
		}
		h.must(h.a.End(h.Context(), in.Token.Reveal(), h.at))
		_, err = h.a.ShareOf(h.Context(), in.Token.Reveal(), h.at)
		h.refused(err, "session.none")
		h.must(h.a.End(h.Context(), in.Token.Reveal(), h.at))
	})
}

func TestPaperCodeSignsInByItsOwnKeyAlone(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		begin := func() alliance.PaperRequest {
			r, err := h.a.BeginPaperSignIn(h.Context(), p.paper.lookup, "test", h.at)
			h.must(err)
			return r
		}
		finish := func(r alliance.PaperRequest, signed []byte) error {
			_, err := h.a.SignInWithPaper(h.Context(), r.Challenge, signed, "test", "", h.at)
			return err
		}
		r := begin()
		h.refused(finish(r, p.sign(r.Statement)), "signature.other_signer") // the trousseau's key is another
		old := begin()
		h.refused(finish(r, p.signWith(p.paper.signer, old.Statement)), "statement.wrong_subject")
		h.must(finish(r, p.signWith(p.paper.signer, r.Statement)))
		h.refused(finish(r, p.signWith(p.paper.signer, r.Statement)), "challenge.over") // replayed
		h.pass(5 * time.Minute)
		h.refused(finish(old, p.signWith(p.paper.signer, old.Statement)), "challenge.over")
		_, err := h.a.BeginPaperSignIn(h.Context(), make([]byte, 16), "test", h.at)
		h.refused(err, "paper.unknown")
	})
}

func TestSuccessCostsNoBudget(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founded()[0]
		for range 3 * alliance.Login.Burst { // a town hall behind one address, at nine o'clock
			p.mustSignIn()
		}
	})
}

func TestSweepTakesWhatTimeHasEnded(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		_, err := h.a.BeginPasskeySignIn(h.Context(), h.at)
		h.must(err)
		_, id, err := h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: "Lyon", Code: "69123", Charter: h.at}, h.at)
		h.must(err)
		_, err = h.a.Sweep(h.Context(), h.at) // full buckets
		h.must(err)
		n, err := h.a.Sweep(h.Context(), h.at)
		h.must(err)
		if n != 0 {
			t.Errorf("%d rows swept that were of use", n)
		}
		c[0].look()
		h.pass(alliance.ChangeLife)
		n, err = h.a.Sweep(h.Context(), h.at)
		h.must(err)
		if n < 5 { // three sessions, a challenge, a change
			t.Errorf("%d rows swept", n)
		}
		for i := range c {
			c[i].mustSignIn()
		}
		_, err = h.a.Approve(h.Context(), c[0].viewer.Actor, []alliance.Approval{{Change: id, Signed: c[0].sign(ailleurs.Statement{})}}, h.at)
		h.refused(err, "change.over")
		// What was not signed in time may be proposed again.
		_, _, err = h.a.ProposeMember(h.Context(), c[0].viewer.Actor, alliance.NewMember{Kind: ailleurs.Commune, Name: "Lyon", Code: "69123", Charter: h.at}, h.at)
		h.must(err)
	})
}

// A page that looks again by itself is no sign of life: a screen nobody sits at goes dark all the same.
func TestGlanceDoesNotKeepASessionAlive(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		for range 14 {
			h.pass(time.Minute)
			if _, err := h.a.Glance(h.Context(), c[0].token.Reveal(), h.at); err != nil {
				t.Fatalf("a session that is not idle yet: %v", err)
			}
		}
		h.pass(2 * time.Minute)
		_, err := h.a.Glance(h.Context(), c[0].token.Reveal(), h.at)
		h.refused(err, "session.none")
	})
}
