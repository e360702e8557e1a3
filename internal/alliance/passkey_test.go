package alliance_test

import (
	"encoding/json"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// withPasskey enrols someone with a passkey that has PRF, a paper code, and proves both.
func (h *hub) withPasskey(i alliance.Invitation) *person {
	h.Helper()
	p := &person{h: h, paper: newPaper(h.TB), passkey: newAuthenticator(h.TB)}
	e, err := h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
	h.must(err)
	r, err := h.a.BeginEnrolmentPasskey(h.Context(), e.Ticket, h.at)
	h.must(err)
	in, err := h.a.Enrol(h.Context(), e.Ticket, p.keysFor(e, p.paper.unlocker(), p.newPasskey(r, true)), "Firefox", h.at)
	h.must(err)
	p.enter(in)
	p.proveAll()
	return p
}

// newPasskey answers a request; opens says whether the authenticator has PRF.
func (p *person) newPasskey(r alliance.PasskeyRequest, opens bool) alliance.NewUnlocker {
	p.h.Helper()
	n := alliance.NewUnlocker{
		Kind: ailleurs.PasskeyUnlocker, Challenge: r.Challenge, Credential: p.passkey.create(p.h.TB, r, `{"prf":{"enabled":true},"credProps":{"rk":true}}`),
	}
	if opens {
		n.Lock, n.File = lock(ailleurs.PasskeyUnlocker), file("passkey")
	}
	return n
}

func (h *hub) founderWithPasskey() *person {
	h.Helper()
	invitations, err := h.a.Found(h.Context(), h.founding(), h.at)
	h.must(err)
	return h.withPasskey(invitations[0])
}

func (p *person) beginPasskey() alliance.PasskeyRequest {
	p.h.Helper()
	r, err := p.h.a.BeginPasskeySignIn(p.h.Context(), p.h.at)
	p.h.must(err)
	return r
}

func (p *person) finishPasskey(r alliance.PasskeyRequest, body json.RawMessage) error {
	p.h.Helper()
	in, err := p.h.a.SignInWithPasskey(p.h.Context(), r.Challenge, body, "test", "Firefox", p.h.at)
	if err == nil {
		p.enter(in)
	}
	return err
}

func TestPasskeySignsInWithoutAName(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founderWithPasskey()
		for range 3 {
			r := p.beginPasskey()
			h.must(p.finishPasskey(r, p.passkey.get(t, r, origin, true, "")))
		}
		if p.viewer.Agent != p.id || !p.viewer.Is(ailleurs.Coordinator) || p.viewer.Lacking != "" {
			t.Errorf("the viewer is %+v", p.viewer)
		}
	})
}

func TestPRFOutputIsRefused(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founderWithPasskey()
		for _, leak := range []string{
			`{"prf":{"results":{"first":"c2VjcmV0"}}}`,
			`{"prf":{"enabled":true,"results":{"first":"c2VjcmV0"}}}`,
			`{"PRF":{"Results":{"first":"c2VjcmV0"}}}`,
			`{"prf":{"enabled":true},"prf":{"results":{}}}`,
			`{"x":[{"prf":{"first":"c2VjcmV0"}}]}`,
		} {
			r := p.beginPasskey()
			h.refused(p.finishPasskey(r, p.passkey.get(t, r, origin, true, leak)), "passkey.prf_output")
		}
		r := p.beginPasskey()
		h.must(p.finishPasskey(r, p.passkey.get(t, r, origin, true, `{"prf":{}}`)))

		// Nor when the passkey is made.
		made, err := h.a.BeginPasskey(h.Context(), p.viewer, h.at)
		h.must(err)
		p.passkey = newAuthenticator(t)
		n := p.newPasskey(made, true)
		n.Credential = p.passkey.create(t, made, `{"prf":{"enabled":true,"results":{"first":"c2VjcmV0"}}}`)
		_, err = h.a.AddUnlocker(h.Context(), p.viewer, n, nil, h.at)
		h.refused(err, "passkey.prf_output")
	})
}

func TestPasskeyOfAnotherSiteOrUserOrMomentIsRefused(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founderWithPasskey()
		begin := func() alliance.PasskeyRequest { return p.beginPasskey() }

		r := begin()
		h.refused(p.finishPasskey(r, p.passkey.get(t, r, "https://hub.example.evil.test", true, "")), "passkey.not_verified")
		r = begin()
		h.refused(p.finishPasskey(r, p.passkey.get(t, r, origin, false, "")), "passkey.not_verified") // no user verification
		r, other := begin(), begin()
		h.refused(p.finishPasskey(r, p.passkey.get(t, other, origin, true, "")), "passkey.not_verified")
		h.pass(2 * alliance.Login.Every)
		stranger := newAuthenticator(t)
		stranger.owner = []byte(p.id)
		r = begin()
		h.refused(p.finishPasskey(r, stranger.get(t, r, origin, true, "")), "passkey.not_verified")
		stolen := *p.passkey
		stolen.owner = []byte(ailleurs.NewID[ailleurs.AgentID]())
		r = begin()
		h.refused(p.finishPasskey(r, stolen.get(t, r, origin, true, "")), "passkey.not_verified")
		h.pass(2 * alliance.Login.Every)

		r = begin()
		answer := p.passkey.get(t, r, origin, true, "")
		h.must(p.finishPasskey(r, answer))
		h.refused(p.finishPasskey(r, answer), "challenge.over") // replayed
		r = begin()
		h.pass(6 * alliance.Login.Every)
		h.refused(p.finishPasskey(r, p.passkey.get(t, r, origin, true, "")), "challenge.over")
		h.refused(p.finishPasskey(r, json.RawMessage(`{"id":`)), "passkey.malformed")
	})
}

func TestCopiedPasskeyIsNoticed(t *testing.T) {
	onBoth(t, func(h *hub) {
		p := h.founderWithPasskey()
		copied := *p.passkey
		for range 2 {
			r := p.beginPasskey()
			h.must(p.finishPasskey(r, p.passkey.get(t, r, origin, true, "")))
		}
		r := p.beginPasskey()
		h.refused(p.finishPasskey(r, copied.get(t, r, origin, true, "")), "passkey.copied")
	})
}

func TestPasskeyWithoutPRFSignsInAndOpensNothing(t *testing.T) {
	onBoth(t, func(h *hub) {
		invitations, err := h.a.Found(h.Context(), h.founding(), h.at)
		h.must(err)
		p := &person{h: h, paper: newPaper(t), passkey: newAuthenticator(t)}
		e, err := h.a.OpenInvitation(h.Context(), invitations[0].Words.Reveal(), "test", h.at)
		h.must(err)

		// It does not count among the two that open.
		r, err := h.a.BeginEnrolmentPasskey(h.Context(), e.Ticket, h.at)
		h.must(err)
		_, err = h.a.Enrol(h.Context(), e.Ticket, p.keysFor(e, p.paper.unlocker(), p.newPasskey(r, false)), "", h.at)
		h.refused(err, "unlocker.two_needed")

		r, err = h.a.BeginEnrolmentPasskey(h.Context(), e.Ticket, h.at)
		h.must(err)
		in, err := h.a.Enrol(h.Context(), e.Ticket, p.keysFor(e, p.paper.unlocker(), passphrase(), p.newPasskey(r, false)), "", h.at)
		h.must(err)
		p.enter(in)
		p.proveAll()
		r = p.beginPasskey()
		h.must(p.finishPasskey(r, p.passkey.get(t, r, origin, true, "")))
		_, files, err := h.a.Unlockers(h.Context(), p.viewer)
		h.must(err)
		if len(files) != 2 {
			t.Errorf("%d files: a passkey without PRF has one", len(files))
		}
	})
}
