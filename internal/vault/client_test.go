package vault

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

func contents(b string) map[ailleurs.Compartment][]byte {
	return map[ailleurs.Compartment][]byte{
		ailleurs.Need: []byte("need" + b), ailleurs.Limits: []byte("limits" + b),
		ailleurs.Person: []byte("person" + b), ailleurs.Threat: []byte("threat" + b),
	}
}

// A whole dossier: opened by its own people alone, handed over with a new epoch, closed to the origin from then on.
func TestDossierGoesFromOriginToHost(t *testing.T) {
	s := newStage(t)
	elected := s.join(s.lyon, ailleurs.Signatory, s.lead, s.alliance.second)
	dossier := ailleurs.NewID[ailleurs.CaseID]()
	origin, second, host := s.client(s.lead), s.client(s.alliance.second), s.client(s.hostLead)
	sealed, opened, err := origin.NewDossier(Dossier{dossier, contents(""), s.alliance.second.Public(), elected.Public()}, now)
	if err != nil {
		t.Fatal(err)
	}
	circle := Circle{
		ailleurs.OriginLead: {s.lead.Agent}, ailleurs.OriginSecond: {s.alliance.second.Agent}, ailleurs.OriginSignatory: {elected.Agent},
		ailleurs.HostLead: {s.hostLead.Agent}, ailleurs.HostSecond: {s.hostSecond.Agent},
	}
	// What the hub hands an agent of a folder.
	hand := func(c *Client, part ailleurs.Part, compartment ailleurs.Compartment) Received {
		r := Received{Folder: Folder{Dossier: dossier, Compartment: compartment}, Part: part, Circle: circle}
		for _, b := range sealed.Bodies {
			if b.Compartment == compartment {
				r.Bodies, r.Head = append(r.Bodies, b), HeadOf(b)
			}
		}
		for _, e := range sealed.Envelopes {
			if e.Compartment == compartment && e.For == c.Trousseau().Agent {
				r.Envelopes = append(r.Envelopes, e)
			}
		}
		return r
	}
	for _, p := range []struct {
		client *Client
		part   ailleurs.Part
		holds  []ailleurs.Compartment
	}{
		{origin, ailleurs.OriginLead, []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person, ailleurs.Threat}},
		{second, ailleurs.OriginSecond, []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person}},
		{s.client(elected), ailleurs.OriginSignatory, []ailleurs.Compartment{ailleurs.Need}},
		{host, ailleurs.HostLead, nil},
	} {
		for _, compartment := range ailleurs.Compartments[:] {
			if compartment == ailleurs.Answer {
				continue
			}
			o, err := p.client.Open(hand(p.client, p.part, compartment), now)
			if slices.Contains(p.holds, compartment) {
				if err != nil || string(o.Body.Content) != string(compartment) {
					t.Errorf("%s opens %s: %v", p.part, compartment, err)
				}
			} else if ailleurs.AsRefusal(err) == nil {
				t.Errorf("%s opens %s", p.part, compartment)
			}
		}
	}

	// Arrival: new epochs for the host alone, chained to the origin's bodies.
	person := opened[ailleurs.Person]
	granted := must[[]ailleurs.SealedEnvelope](t)(origin.Grant(person, []Grantee{{s.hostLead.Public(), ailleurs.HostLead}}, time.Time{}, now))
	sealed.Envelopes = append(sealed.Envelopes, granted...)
	atHost := must[*Opened](t)(host.Open(hand(host, ailleurs.HostLead, ailleurs.Person), now))
	rotated, _, err := host.Rotate(atHost, []Grantee{{s.hostSecond.Public(), ailleurs.HostSecond}}, now)
	if err != nil {
		t.Fatal(err)
	}
	sealed.Bodies, sealed.Envelopes = append(sealed.Bodies, rotated.Bodies...), append(sealed.Envelopes, rotated.Envelopes...)
	again := must[*Opened](t)(host.Open(hand(host, ailleurs.HostLead, ailleurs.Person), now))
	if len(again.Bodies) != 2 || again.Body.Epoch != 2 || string(again.Body.Content) != "person" {
		t.Errorf("after the hand-over the host has %d bodies, the newest of epoch %d", len(again.Bodies), again.Body.Epoch)
	}
	hostSecond := must[*Opened](t)(s.client(s.hostSecond).Open(hand(s.client(s.hostSecond), ailleurs.HostSecond, ailleurs.Person), now))
	if hostSecond.Bodies[0] != nil || string(hostSecond.Body.Content) != "person" {
		t.Error("the host's second, who has the new epoch alone, opens another")
	}
	_, err = origin.Open(hand(origin, ailleurs.OriginLead, ailleurs.Person), now)
	refused(t, err, "vault.no_key")
}

func TestNoteIsReadBesideTheChainAndSigned(t *testing.T) {
	s := newStage(t)
	s.received.Notes = []ailleurs.SealedBody{must[ailleurs.SealedBody](t)(SealNote(s.opened.Key(), []byte("au secours"), now))}
	o := must[*Opened](t)(s.host.Open(s.received, now))
	if len(o.Notes) != 1 || string(o.Notes[0].Content) != "au secours" || string(o.Body.Content) != "second" {
		t.Errorf("opened %d notes beside %q", len(o.Notes), o.Body.Content)
	}
}

// Two journeys of the same steps that differ only in what is sealed leave files of the same lengths.
func TestTwinsHaveTheSameLengths(t *testing.T) {
	s := newStage(t)
	lengths := func(c map[ailleurs.Compartment][]byte) (out []int) {
		sealed, opened, err := s.origin.NewDossier(Dossier{ailleurs.NewID[ailleurs.CaseID](), c, s.alliance.second.Public(), s.elected().Public()}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range sealed.Bodies {
			out = append(out, len(b.Data))
		}
		for _, e := range sealed.Envelopes {
			out = append(out, len(e.Data))
		}
		o := opened[ailleurs.Need]
		for range 12 { // sequence numbers of one and two digits
			var b ailleurs.SealedBody
			if b, o, err = s.origin.Save(o, c[ailleurs.Need], now); err != nil {
				t.Fatal(err)
			}
			out = append(out, len(b.Data))
		}
		return out
	}
	one, other := lengths(contents(" of someone")), lengths(contents(strings.Repeat(" of someone else", 200)))
	if !slices.Equal(one, other) {
		t.Errorf("twins have lengths\n%v\n%v", one, other)
	}
	for _, n := range one {
		if n != ailleurs.SealedSize(4<<10) && n != ailleurs.SealedSize(ailleurs.EnvelopePlain) {
			t.Errorf("a file of %d bytes", n)
		}
	}
}

// elected joins Lyon's signatory and lets the origin's client know.
func (s *stage) elected() *Trousseau {
	t := s.join(s.lyon, ailleurs.Signatory, s.lead, s.alliance.second)
	if err := s.origin.Learn(s.records[s.origin.Known():], s.checkpoint(len(s.records))); err != nil {
		s.t.Fatal(err)
	}
	return t
}

func TestBodyLengthTellsTheBucketAlone(t *testing.T) {
	s := newStage(t)
	k := must[*Key](t)(NewKey(s.received.Folder))
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom(ailleurs.BodyBuckets[:4]).Draw(t, "bucket")
		n := size - headRoom - rapid.IntRange(0, 600).Draw(t, "less")
		content := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, n)
		head := Head{Sequence: rapid.IntRange(1, maxNumber-1).Draw(t, "sequence"), Hash: hashHex(content)}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC()
		b, err := SealBody(s.lead, k, head, content, at)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Data) != ailleurs.SealedSize(size) {
			t.Fatalf("content of %d bytes gives a file of %d, not %d", n, len(b.Data), ailleurs.SealedSize(size))
		}
		back, err := openBody(s.origin.directory, k, b, at.Add(time.Hour))
		if err != nil || !bytes.Equal(back.Content, content) || !back.At.Equal(at) || back.Sequence != head.Sequence+1 {
			t.Fatalf("came back otherwise: %v", err)
		}
	})
	for _, size := range ailleurs.BodyBuckets {
		for n, want := range map[int]int{size - headRoom: size, size - headRoom + 1: size * 4} {
			if size == maxPlain && n > MaxContent {
				want = 0
			}
			if got := Bucket(n); got != want {
				t.Errorf("Bucket(%d) = %d, want %d", n, got, want)
			}
		}
	}
	_, err := SealBody(s.lead, k, Head{}, make([]byte, MaxContent+1), now)
	refused(t, err, "vault.too_large")
}

func TestBodyOfTheLargestBucketOpens(t *testing.T) {
	s := newStage(t)
	content := bytes.Repeat([]byte("ailleurs"), MaxContent/8)
	b := must[ailleurs.SealedBody](t)(SealBody(s.lead, s.opened.key, s.opened.Head, content, now))
	if len(b.Data) != ailleurs.SealedSize(maxPlain) {
		t.Errorf("the largest body has %d bytes", len(b.Data))
	}
	back := must[*Body](t)(OpenBody(s.origin.directory, s.opened.key, b, HeadOf(b), now))
	if !bytes.Equal(back.Content, content) {
		t.Error("came back otherwise")
	}
}

// An envelope for a part that never holds the compartment can neither be made nor opened: every pair of the table.
func TestGrantsFollowTheTableOfRights(t *testing.T) {
	for _, c := range ailleurs.Compartments {
		for _, from := range ailleurs.Parts {
			for _, to := range ailleurs.Parts {
				err := checkGrant(c, from, to, "part")
				may := ailleurs.EverHolds(c, from) && ailleurs.EverHolds(c, to) && roleOf(from) == ailleurs.Caseworker
				if may != (err == nil) {
					t.Errorf("%s from %s to %s: %v", c, from, to, err)
				}
				origin := strings.HasPrefix(string(to), "origin")
				if c == ailleurs.Arrival && origin && err == nil {
					t.Errorf("arrival from %s to %s is granted", from, to)
				}
			}
		}
	}
}

func TestNewColleagueCountsOnceWordsAreCompared(t *testing.T) {
	s := newStage(t)
	fresh := s.trousseau()
	s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: fresh.Agent, Role: ailleurs.Caseworker}, s.hostLead, s.hostSecond)
	newcomer := NewClient(fresh)
	entry, own, err := newcomer.ConfirmOwnKey(now)
	if err != nil {
		t.Fatal(err)
	}
	spoken := strings.Join(KeyWords(fresh.Public()), ", ")
	r := ailleurs.RegisterRecord{Entry: entry, Approvals: [][]byte{own}}
	for _, colleague := range []*Trousseau{s.hostLead, s.hostSecond} {
		r.Approvals = append(r.Approvals, must[[]byte](t)(s.client(colleague).ConfirmKey(entry, fresh.Public(), spoken, now)))
	}
	s.add(r.Format())
	if err := newcomer.Learn(s.records, s.checkpoint(len(s.records))); err != nil {
		t.Fatal(err)
	}
	if !newcomer.Directory().Registered(fresh) {
		t.Error("the key does not count")
	}
	if _, err := newcomer.Sign(ailleurs.ToAnswer, "thread", "digest", now); err != nil {
		t.Error(err)
	}
}
