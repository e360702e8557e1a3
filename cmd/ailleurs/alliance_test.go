package main

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A client is a person with real keys who believes nothing of the hub but what the register proves.
type client struct {
	*testing.T
	a     *alliance.Alliance
	at    time.Time
	keys  *vault.Trousseau
	codes []string
	actor ailleurs.Actor
	token string
}

// newAlliance is the hub's side with real words and log keys.
func newAlliance(t *testing.T) *alliance.Alliance {
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
	a, err := alliance.New(alliance.Config{
		DB: storetest.SQLite(t, storetest.Setup{}), Origin: "https://hub.example", PRFInput: vault.PasskeyInput,
		Register: logKey("hub.example/register"), Journal: logKey("hub.example/journal"), DrawWords: vault.NewPassphrase,
		ReadWords: func(typed string) (string, error) {
			words, err := vault.ReadWords(typed, vault.PassphraseWords)
			return strings.Join(words, " "), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *client) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *client) sign(s ailleurs.Statement) []byte {
	c.Helper()
	s.By, s.Epoch, s.At = c.keys.Agent, c.keys.Epoch, c.at
	signed, err := vault.Sign(c.keys, s.Text())
	c.must(err)
	return signed
}

// enrols takes an invitation through what a browser does, with two paper codes.
func enrols(t *testing.T, a *alliance.Alliance, i alliance.Invitation, at time.Time) *client {
	t.Helper()
	c := &client{T: t, a: a, at: at}
	e, err := a.OpenInvitation(t.Context(), strings.ToUpper(i.Words.Reveal()), "test", at)
	c.must(err)
	if e.Pins.Hash() != i.Pins.Hash() {
		t.Error("the paper says another register")
	}
	register, err := vault.ParsePin(e.Pins.Register)
	c.must(err)
	journal, err := vault.ParsePin(e.Pins.Journal)
	c.must(err)
	c.keys, err = vault.NewTrousseau(e.Agent, register, journal)
	c.must(err)
	for c.keys.Epoch < e.Epoch {
		c.keys, err = c.keys.Rotated()
		c.must(err)
	}
	unlockers := make(map[string]*vault.Unlocker)
	for range 2 {
		code := vault.NewPaperCode()
		u, err := vault.PaperUnlocker(code)
		c.must(err)
		c.must(c.keys.AddLock(u))
		c.codes = append(c.codes, code)
		unlockers[u.Lock().Text()] = u
	}
	var added []alliance.NewUnlocker
	for _, code := range c.codes {
		u, err := vault.PaperUnlocker(code)
		c.must(err)
		in, err := vault.NewPaperSignIn(code)
		c.must(err)
		file, err := c.keys.Wrap(u.Lock())
		c.must(err)
		added = append(added, alliance.NewUnlocker{
			Kind: ailleurs.PaperUnlocker, Lock: u.Lock().Text(), File: file, Lookup: in.Lookup(), Login: in.Verifier(),
		})
	}
	entry, public := c.keys.Entry(at), c.keys.Public()
	in, err := a.Enrol(t.Context(), e.Ticket, alliance.NewKeys{
		Recipient: public.Recipient, Verifier: public.Verifier, Entry: entry.Text(), Signed: c.sign(entry.Approval()), Unlockers: added,
	}, "", at)
	c.must(err)
	c.token = in.Token.Reveal()
	for _, f := range in.Files {
		keys, err := vault.OpenTrousseau(f.Data, unlockers[f.Lock])
		c.must(err)
		if keys.Public() != public {
			t.Error("the file opens to other keys")
		}
		test, err := a.BeginProof(t.Context(), c.viewer(), f.Unlocker, at)
		c.must(err)
		c.must(a.Prove(t.Context(), c.viewer(), test.Challenge, c.sign(test.Statement), at))
	}
	c.actor = c.viewer().Actor
	return c
}

func (c *client) viewer() alliance.Viewer {
	c.Helper()
	v, err := c.a.Lookup(c.Context(), c.token, c.at)
	c.must(err)
	return v
}

// approves signs all that waits for this client.
func (c *client) approves() {
	c.Helper()
	c.actor = c.viewer().Actor
	changes, err := c.a.Changes(c.Context(), c.actor, c.at)
	c.must(err)
	var approvals []alliance.Approval
	for _, x := range changes {
		if x.MaySign {
			approvals = append(approvals, alliance.Approval{Change: x.ID, Signed: c.sign(x.Approval)})
		}
	}
	_, err = c.a.Approve(c.Context(), c.actor, approvals, c.at)
	c.must(err)
}

// replays checks the register as this client's first visit would, from the pin of its paper, and that all of it counts.
func (c *client) replays() *vault.Directory {
	c.Helper()
	d := vault.NewDirectory(c.keys.Register)
	r, err := c.a.RegisterFrom(c.Context(), d.Size())
	c.must(err)
	c.must(d.Extend(r.Records, r.Checkpoint))
	for _, u := range d.Unfounded() {
		c.Errorf("record %d counts for nothing: %v", u.Index, u.Err)
	}
	return d
}

// TestClientsCountEveryRecordTheHubAccepts keeps the hub's rules no looser than those by which clients read the register.
func TestClientsCountEveryRecordTheHubAccepts(t *testing.T) {
	at := time.Date(2027, 3, 12, 9, 30, 0, 0, time.UTC)
	a := newAlliance(t)
	f := alliance.Founding{Member: alliance.NewMember{
		Kind: ailleurs.Association, Name: "Association fictive", Code: "75056", Siren: "732829320", Charter: at,
	}}
	for _, n := range []string{"un", "deux", "trois"} {
		f.Founders = append(f.Founders, alliance.NewInvitation{Name: "Personne " + n, Email: n + "@hub.example", Lang: "fr"})
	}
	invitations, err := a.Found(t.Context(), f, at)
	if err != nil {
		t.Fatal(err)
	}
	var founders [3]*client
	for i := range founders {
		founders[i] = enrols(t, a, invitations[i], at)
	}
	first := founders[0]
	first.replays()

	// A town joins, and three people of it.
	town, _, err := a.ProposeMember(t.Context(), first.actor, alliance.NewMember{Kind: ailleurs.Commune, Name: "Lyon", Code: "69123", Charter: at}, at)
	first.must(err)
	first.approves()
	founders[1].approves()
	var people [4]*client
	for i, role := range []ailleurs.Role{ailleurs.Caseworker, ailleurs.Caseworker, ailleurs.Signatory, ailleurs.Caseworker} {
		invitation, err := a.Invite(t.Context(), first.actor, alliance.NewInvitation{
			Member: town, Name: "Personne", Email: string(rune('a'+i)) + "@town.example", Lang: "fr", Roles: []ailleurs.Role{role},
		}, at)
		first.must(err)
		people[i] = enrols(t, a, invitation, at)
		first.approves()
		founders[1].approves()
	}
	lead := people[0]
	lead.actor = lead.viewer().Actor
	_, err = a.ProposePosts(t.Context(), lead.actor, town, ailleurs.Team{Lead: lead.keys.Agent, Second: people[1].keys.Agent, Signatory: people[2].keys.Agent}, at)
	lead.must(err)
	lead.approves()
	people[1].approves()

	// The lead loses everything, and two colleagues confirm the new keys.
	invitation, err := a.Reinvite(t.Context(), people[1].actor, lead.keys.Agent, at)
	lead.must(err)
	again := enrols(t, a, invitation, at)
	people[1].approves()
	people[2].approves()

	// Someone leaves; two colleagues sign.
	_, err = a.ProposeDeparture(t.Context(), people[1].actor, people[3].keys.Agent, at)
	lead.must(err)
	people[1].approves()
	people[2].approves()

	d := again.replays()
	if err := d.CheckOwn(again.keys); err != nil {
		t.Error(err)
	}
	teams, err := a.Teams(t.Context(), []ailleurs.MemberID{town}, at)
	again.must(err)
	for _, k := range []*alliance.PublicKey{teams[0].Lead, teams[0].Second, teams[0].Signatory} {
		if _, err := d.Reader(vault.Public{Agent: k.Agent, Epoch: k.Epoch, Recipient: k.Recipient, Verifier: k.Verifier}); err != nil {
			t.Errorf("nothing can be sealed to %s: %v", k.Name, err)
		}
	}
	if _, err := d.Reader(lead.keys.Public()); err == nil {
		t.Error("the lost keys can still be sealed to")
	}
	if _, err := d.Reader(people[3].keys.Public()); err == nil {
		t.Error("whoever left can still be sealed to")
	}
}
