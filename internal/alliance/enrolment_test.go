package alliance_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

func TestThreeFoundersBegin(t *testing.T) {
	onBoth(t, func(h *hub) {
		f := h.founding()
		f.Founders = f.Founders[:2]
		_, err := h.a.Found(h.Context(), f, h.at)
		h.refused(err, "alliance.three_founders")
		c := h.founded()
		for _, p := range c {
			if !p.viewer.Is(ailleurs.Coordinator) || p.viewer.Pending {
				t.Errorf("a founder is %+v", p.viewer)
			}
		}
		_, err = h.a.Found(h.Context(), h.founding(), h.at)
		h.refused(err, "alliance.founded")
	})
}

func TestWholeTownJoins(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		teams, err := h.a.Teams(h.Context(), []ailleurs.MemberID{id}, h.at)
		h.must(err)
		if len(teams) != 1 || !teams[0].Callable() || teams[0].Lead.Recipient != team[0].recipient || teams[0].Persons {
			t.Errorf("the town is %+v", teams)
		}
		r, err := h.a.RegisterFrom(h.Context(), 0)
		h.must(err)
		// One member and three founders (a role and a key each), then the town and its three.
		if want := 1 + 6 + 1 + 6; len(r.Records) != want {
			t.Errorf("%d records, want %d", len(r.Records), want)
		}
	})
}

func TestInvitationWorksOnce(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		i, err := h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une personne", ailleurs.DutyOfficer), h.at)
		h.must(err)
		first, err := h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
		h.must(err)
		second, err := h.a.OpenInvitation(h.Context(), " "+i.Words.Reveal(), "test", h.at)
		h.must(err)
		p := &person{h: h, paper: newPaper(t)}
		_, err = h.a.Enrol(h.Context(), first.Ticket, p.keysFor(first, p.paper.unlocker(), passphrase()), "", h.at)
		h.must(err)
		q := &person{h: h, paper: newPaper(t)}
		_, err = h.a.Enrol(h.Context(), second.Ticket, q.keysFor(second, q.paper.unlocker(), passphrase()), "", h.at)
		h.refused(err, "invitation.used")
		_, err = h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
		h.refused(err, "invitation.used")
	})
}

func TestInvitationDiesAfterThreeDays(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		i, err := h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une personne", ailleurs.DutyOfficer), h.at)
		h.must(err)
		h.pass(ailleurs.InvitationLife - time.Minute)
		e, err := h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
		h.must(err)
		h.pass(time.Minute)
		_, err = h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
		h.refused(err, "invitation.over")
		p := &person{h: h, paper: newPaper(t)}
		_, err = h.a.Enrol(h.Context(), e.Ticket, p.keysFor(e, p.paper.unlocker(), passphrase()), "", h.at)
		h.refused(err, "invitation.over")
	})
}

func TestWrongWordsSpendTheBudget(t *testing.T) {
	onBoth(t, func(h *hub) {
		h.founded()
		for range alliance.Login.Burst {
			_, err := h.a.OpenInvitation(h.Context(), "six mots qui ne sont rien", "198.51.100.0", h.at)
			h.refused(err, "invitation.unknown")
		}
		_, err := h.a.OpenInvitation(h.Context(), "six mots qui ne sont rien", "198.51.100.0", h.at)
		h.refused(err, "budget.spent")
		_, err = h.a.OpenInvitation(h.Context(), "six mots qui ne sont rien", "203.0.113.0", h.at)
		h.refused(err, "invitation.unknown")
		h.pass(time.Minute)
		_, err = h.a.OpenInvitation(h.Context(), "six mots qui ne sont rien", "198.51.100.0", h.at)
		h.refused(err, "invitation.unknown")
	})
}

func TestKeysThatAreNotTheirEntryAreRefused(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		i, err := h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une personne", ailleurs.DutyOfficer), h.at)
		h.must(err)
		p := &person{h: h, paper: newPaper(t)}
		for _, x := range []struct {
			want   string
			change func(*alliance.NewKeys)
		}{
			{"key.bad_recipient", func(k *alliance.NewKeys) { k.Recipient = "age1" + k.Recipient[7:] }},
			{"key.bad_recipient", func(k *alliance.NewKeys) { k.Recipient = k.Recipient[:100] }},
			{"key.other_keys", func(k *alliance.NewKeys) { k.Recipient = fakeRecipient() }},
			{"key.bad_verifier", func(k *alliance.NewKeys) { _, k.Verifier = newSigner(t, "somebody") }},
			{"key.other_keys", func(k *alliance.NewKeys) { _, k.Verifier = newSigner(t, string(p.id)) }},
			{"key.other_entry", func(k *alliance.NewKeys) { e := p.entry; e.Epoch = 2; k.Entry = e.Text() }},
			{"key.other_entry", func(k *alliance.NewKeys) { e := p.entry; e.Agent = c[0].id; k.Entry = e.Text() }},
			{"key.stale_entry", func(k *alliance.NewKeys) { e := p.entry; e.At = e.At.Add(-24 * time.Hour); k.Entry = e.Text() }},
			{"statement.wrong_digest", func(k *alliance.NewKeys) { e := p.entry; e.At = e.At.Add(time.Second); k.Entry = e.Text() }},
			{"signature.other_signer", func(k *alliance.NewKeys) { k.Signed = c[0].sign(p.entry.Approval()) }},
			{"unlocker.two_needed", func(k *alliance.NewKeys) { k.Unlockers = k.Unlockers[:1] }},
			{"unlocker.none_independent", func(k *alliance.NewKeys) { k.Unlockers = []alliance.NewUnlocker{passphrase(), passphrase()} }},
			{"unlocker.bad_file", func(k *alliance.NewKeys) { k.Unlockers[0].File = []byte("age-encryption.org/v1\n-> X25519 abc\n") }},
			{"unlocker.bad_lock", func(k *alliance.NewKeys) { k.Unlockers[0].Lock = lock(ailleurs.PassphraseUnlocker) }},
			{"unlocker.bad_paper", func(k *alliance.NewKeys) { k.Unlockers[0].Login = k.Verifier }},
		} {
			e, err := h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
			h.must(err)
			keys := p.keysFor(e, p.paper.unlocker(), passphrase())
			x.change(&keys)
			_, err = h.a.Enrol(h.Context(), e.Ticket, keys, "", h.at)
			h.refused(err, x.want)
		}
	})
}

func TestNobodySignsBeforeTheSelfTests(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		i, err := h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une personne", ailleurs.DutyOfficer), h.at)
		h.must(err)
		p := h.enrolled(i)
		_, err = h.a.Approve(h.Context(), c[0].viewer.Actor, c[0].approvals(about(p.id)), h.at)
		h.refused(err, "change.unlockers_unproven")
		p.proveAll()
		c[0].approve(about(p.id))
		if p.look(); !p.viewer.Pending || len(p.viewer.Roles) > 0 {
			t.Errorf("one signature made %+v", p.viewer)
		}
		c[1].approve(about(p.id))
		if p.look(); p.viewer.Pending || !p.viewer.Is(ailleurs.DutyOfficer) {
			t.Errorf("two signatures made %+v", p.viewer)
		}
	})
}

func TestSelfTestNeedsTheKeyAndTheChallenge(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		i, err := h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une personne", ailleurs.DutyOfficer), h.at)
		h.must(err)
		p := h.enrolled(i)
		list, open, err := h.a.Unlockers(h.Context(), p.viewer)
		h.must(err)
		if len(list) != 2 || len(open) != 2 {
			t.Fatalf("%d unlockers, %d files", len(list), len(open))
		}
		test, err := h.a.BeginProof(h.Context(), p.viewer, list[0].ID, h.at)
		h.must(err)
		other, err := h.a.BeginProof(h.Context(), p.viewer, list[0].ID, h.at)
		h.must(err)
		h.refused(h.a.Prove(h.Context(), p.viewer, test.Challenge, c[0].sign(test.Statement), h.at), "signature.other_signer")
		h.refused(h.a.Prove(h.Context(), p.viewer, test.Challenge, p.sign(other.Statement), h.at), "statement.wrong_subject")
		h.must(h.a.Prove(h.Context(), p.viewer, test.Challenge, p.sign(test.Statement), h.at))
		h.refused(h.a.Prove(h.Context(), p.viewer, test.Challenge, p.sign(test.Statement), h.at), "challenge.over")
	})
}
