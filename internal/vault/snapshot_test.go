package vault

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

// eventful is a register in which everything happens that a directory remembers: posts taken, left and taken again, keys
// that follow one another, are claimed and revoked, records that count for nothing.
func eventful(t *testing.T) *stage {
	s := newStage(t)
	post := ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: s.hostSecond.Agent, Role: ailleurs.DutyOfficer}
	s.enter(post, s.hostLead, s.founders[0])
	post.Leaves = true
	s.enter(post, s.hostLead, s.founders[0]) // within the same second
	post.Leaves = false
	s.enter(post, s.hostLead, s.founders[0]) // counts for nothing
	post.At = now.Add(time.Hour)
	s.enter(post, s.hostLead, s.founders[0])
	post.Leaves, post.At = true, now.Add(2*time.Hour)
	s.enter(post, s.hostLead, s.founders[0])
	post.Leaves = false
	s.enter(post, s.hostLead, s.founders[0]) // left and taken again within the same second
	next := must[*Trousseau](t)(s.hostElected.Rotated())
	s.enter(next.Entry(now), next, s.founders[0], s.founders[1])
	s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: next.Agent, Epoch: 1}, s.founders[0], s.founders[1])
	claimed := s.trousseau()
	claimed.Agent, claimed.Epoch = s.hostSecond.Agent, 2
	s.enter(claimed.Entry(now), claimed)
	s.add([]byte("bonjour"))
	s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: now, Member: ailleurs.NewID[ailleurs.MemberID](), Code: "13055"}, s.founders[0], s.founders[1])
	s.join(s.bordeaux, ailleurs.Caseworker, s.hostLead, s.founders[2])
	s.suspension(false, now, s.founders[0], s.founders[1])
	s.suspension(true, now.Add(time.Hour), s.founders[0], s.founders[1])
	return s
}

// restored is the client of a trousseau that goes on from a snapshot, with no more than it kept.
func (s *stage) restored(pin Pin, snapshot []byte) (*Client, error) {
	t := *s.lead
	t.Register = pin
	c := NewClient(&t)
	return c, c.Restore(snapshot)
}

func (s *stage) snapshotAt(t testing.TB, size int) (Pin, []byte) {
	t.Helper()
	own := *s.lead
	own.Register = s.pin()
	c := NewClient(&own)
	if err := c.Learn(s.records[:size], s.checkpoint(size)); err != nil {
		t.Fatal(err)
	}
	return c.directory.Pin(), must[[]byte](t)(c.Snapshot())
}

func TestPageGoesOnFromWhereTheLastOneCameTo(t *testing.T) {
	s := eventful(t)
	whole := s.directory().text()
	if n := len(s.directory().Unfounded()); n != 3 {
		t.Fatalf("%d records count for nothing, want 3", n)
	}
	pins := make([]Pin, len(s.records)+1)
	for i := range pins {
		c, err := s.pin().Open(s.checkpoint(i))
		if err != nil {
			t.Fatal(err)
		}
		pins[i] = c.Pin()
	}
	rapid.Check(t, func(r *rapid.T) {
		kept := rapid.IntRange(1, len(s.records)).Draw(r, "records kept")
		pinned := rapid.IntRange(0, len(s.records)).Draw(r, "records the trousseau has seen")
		_, snapshot := s.snapshotAt(t, kept)
		c, err := s.restored(pins[pinned], snapshot)
		if err != nil {
			r.Fatal(err)
		}
		if c.Known() != int64(kept) {
			r.Fatalf("%d records are known, %d were kept", c.Known(), kept)
		}
		if err := c.Ready(); ailleurs.AsRefusal(err) == nil {
			r.Fatal("a client works before the hub has shown where its register stands")
		}
		between := rapid.IntRange(max(kept, pinned), len(s.records)).Draw(r, "records at the next page")
		for _, size := range []int{between, len(s.records)} {
			if err := c.Learn(s.records[c.Known():size], s.checkpoint(size)); err != nil {
				r.Fatal(err)
			}
		}
		if got := c.directory.text(); got != whole {
			r.Fatalf("what goes on from %d records is\n%s\nat once it is\n%s", kept, got, whole)
		}
	})
}

func TestSnapshotWithAnyByteChangedIsRefused(t *testing.T) {
	s := newStage(t)
	pin, snapshot := s.snapshotAt(t, len(s.records))
	for i := range snapshot {
		bent := bytes.Clone(snapshot)
		bent[i] ^= 1
		c, err := s.restored(pin, bent)
		refused(t, err, "vault.forged_snapshot")
		if c.Known() != 0 {
			t.Fatal("something of it is believed")
		}
	}
	for _, n := range []int{0, 1, 23, 24, len(snapshot) - 1} {
		_, err := s.restored(pin, snapshot[:n])
		refused(t, err, "vault.forged_snapshot")
	}
	// An honest client starts over.
	c, _ := s.restored(pin, nil)
	if err := c.Learn(s.records, s.checkpoint(len(s.records))); err != nil {
		t.Error(err)
	}
}

// fork is a hub that shows another register from a record on, signed with the same key.
func (s *stage) fork(from int) *hub {
	f := &hub{t: s.t, signer: s.signer, vkey: s.vkey}
	for i, r := range s.records {
		if i >= from {
			r = append(bytes.Clone(r), ' ')
		}
		f.add(r)
	}
	return f
}

func TestRegisterNeverGoesBackBehindASnapshot(t *testing.T) {
	s := eventful(t)
	n := len(s.records)
	kept := n - 4
	for _, c := range []struct {
		name, key string
		try       func(c *Client) error
	}{
		{"an older checkpoint", "vault.stale_checkpoint", func(c *Client) error {
			return c.Learn(nil, s.checkpoint(kept-1))
		}},
		{"another root at the same size", "vault.forked", func(c *Client) error {
			return c.Learn(nil, s.fork(kept-2).checkpoint(kept))
		}},
		{"more records after another past", "vault.forked", func(c *Client) error {
			f := s.fork(kept - 2)
			f.add([]byte("more"))
			// What the client has hashed leads nowhere that this log has signed.
			if r := ailleurs.AsRefusal(c.Learn(f.records[kept:], f.checkpoint(n+1))); r == nil || r.Key != "vault.bad_proof" {
				t.Errorf("want bad_proof, got %v", r)
			}
			return c.Learn(nil, f.checkpoint(kept))
		}},
		{"a record left out", "vault.missing_records", func(c *Client) error {
			return c.Learn(s.records[kept+1:], s.checkpoint(n))
		}},
		{"other records than signed", "vault.bad_proof", func(c *Client) error {
			return c.Learn(s.fork(kept + 1).records[kept:], s.checkpoint(n))
		}},
		{"another log", "vault.wrong_log", func(c *Client) error {
			other := newHub(t)
			return c.Learn(nil, other.checkpoint(0))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pin, snapshot := s.snapshotAt(t, kept)
			client, err := s.restored(pin, snapshot)
			if err != nil {
				t.Fatal(err)
			}
			refused(t, c.try(client), c.key)
			if client.Ready() == nil {
				t.Error("the client works on")
			}
		})
	}
}

// A trousseau that was shown one register elsewhere and a snapshot of another here are the sign of a fork.
func TestTrousseauAndSnapshotMustBeOfOneRegister(t *testing.T) {
	s := eventful(t)
	n := len(s.records)
	elsewhere := func(size int) Pin {
		c, err := s.pin().Open(s.fork(n / 2).checkpoint(size))
		if err != nil {
			t.Fatal(err)
		}
		return c.Pin()
	}
	for _, size := range []int{n/2 + 1, n - 2} { // behind the snapshot and at its size
		_, snapshot := s.snapshotAt(t, n-2)
		c, err := s.restored(elsewhere(size), snapshot)
		refused(t, err, "vault.forked")
		refused(t, c.Learn(s.records, s.checkpoint(n)), "vault.forked") // for good
	}
	_, snapshot := s.snapshotAt(t, n-2)
	c, err := s.restored(elsewhere(n-1), snapshot) // ahead: the records that follow show it
	if err != nil {
		t.Fatal(err)
	}
	refused(t, c.Learn(s.records[n-2:], s.checkpoint(n)), "vault.forked")

	own := *s.lead
	own.Register = newHub(t).pin()
	refused(t, NewClient(&own).Restore(snapshot), "vault.wrong_log")
}

func TestWhatTheSnapshotKnewIsStillRefusedAndAlarmed(t *testing.T) {
	s := eventful(t)
	n := len(s.records)
	double := s.trousseau()
	double.Agent, double.Epoch = s.lead.Agent, 2
	s.enter(double.Entry(now), double) // counts for nothing, and is a claim on the lead's name
	own := *s.lead
	c := NewClient(&own)
	if err := c.directory.Extend(s.records, s.checkpoint(n+1)); err != nil {
		t.Fatal(err)
	}
	snapshot := must[[]byte](t)(c.directory.snapshot(&own))
	next, err := s.restored(c.directory.Pin(), snapshot)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, next.Learn(nil, s.checkpoint(n+1)), "vault.foreign_key")

	pin, snapshot := s.snapshotAt(t, n)
	next, err = s.restored(pin, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Learn(nil, s.checkpoint(n)); err != nil {
		t.Fatal(err)
	}
	_, err = next.Directory().Reader(s.hostElected.Public())
	refused(t, err, "vault.revoked_key")
	if _, err := next.Directory().Reader(s.hostLead.Public()); err != nil {
		t.Error(err)
	}
}
