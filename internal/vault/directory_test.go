package vault

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

// What counts for nothing says why.
func TestUnfoundedRecordsSayWhy(t *testing.T) {
	entry := func(kind ailleurs.RegisterKind) ailleurs.RegisterEntry {
		return ailleurs.RegisterEntry{Kind: kind, At: now}
	}
	for _, c := range []struct {
		name, key string
		add       func(*stage)
	}{
		{"a member twice", "vault.already_member", func(s *stage) {
			e := entry(ailleurs.RegisterAccession)
			e.Member, e.Code = s.lyon, "69123"
			s.enter(e, s.founders[0], s.founders[1])
		}},
		{"a member by one coordinator", "vault.too_few_approvals", func(s *stage) {
			e := entry(ailleurs.RegisterAccession)
			e.Member, e.Code = ailleurs.NewID[ailleurs.MemberID](), "69123"
			s.enter(e, s.founders[0], s.lead, s.hostLead)
		}},
		{"a post at no member", "vault.not_a_member", func(s *stage) {
			e := entry(ailleurs.RegisterTeam)
			e.Member, e.Agent, e.Role = ailleurs.NewID[ailleurs.MemberID](), s.lead.Agent, ailleurs.Caseworker
			s.enter(e, s.founders[0], s.founders[1])
		}},
		{"a key nobody proved to hold", "vault.key_not_held", func(s *stage) {
			fresh := s.trousseau()
			s.enter(fresh.Entry(now), s.founders[0], s.founders[1])
		}},
		{"a key out of its turn", "vault.wrong_epoch", func(s *stage) {
			next := must[*Trousseau](s.t)(s.lead.Rotated())
			next.Epoch = 3
			s.enter(next.Entry(now), next, s.founders[0], s.founders[1])
		}},
		{"a revocation of keys not yet made", "vault.wrong_epoch", func(s *stage) {
			e := entry(ailleurs.RegisterRevocation)
			e.Agent, e.Epoch = s.lead.Agent, 2
			s.enter(e, s.founders[0], s.founders[1])
		}},
		{"a statement about something else", "vault.other_statement", func(s *stage) {
			e := entry(ailleurs.RegisterRevocation)
			e.Agent, e.Epoch = s.lead.Agent, 1
			other := e
			other.Agent = s.hostLead.Agent
			s.add(ailleurs.RegisterRecord{Entry: e, Approvals: [][]byte{approve(s.t, s.founders[0], e), approve(s.t, s.founders[1], other)}}.Format())
		}},
		{"an approval by someone revoked", "vault.revoked_signer", func(s *stage) {
			e := entry(ailleurs.RegisterRevocation)
			e.Agent, e.Epoch = s.hostSecond.Agent, 1
			s.enter(e, s.hostLead, s.founders[0])
			e.Agent = s.hostElected.Agent
			s.enter(e, s.hostSecond, s.hostLead)
		}},
		{"a coordinator's key by town people", "vault.too_few_approvals", func(s *stage) {
			e := entry(ailleurs.RegisterTeam)
			e.Member, e.Agent, e.Role = s.lyon, s.lead.Agent, ailleurs.Coordinator
			s.enter(e, s.alliance.second, s.hostLead)
		}},
		{"the holder alone for the next key", "vault.too_few_approvals", func(s *stage) {
			next := must[*Trousseau](s.t)(s.lead.Rotated())
			s.enter(next.Entry(now), next, s.lead)
		}},
		{"a post taken again by the approvals of the first time", "vault.rolled_back", func(s *stage) {
			taken := slices.IndexFunc(s.records, func(r []byte) bool {
				return bytes.Contains(r, []byte("kind team\n")) && bytes.Contains(r, []byte("\nagent "+string(s.hostSecond.Agent)))
			})
			e := entry(ailleurs.RegisterTeam)
			e.Member, e.Agent, e.Role, e.Leaves = s.bordeaux, s.hostSecond.Agent, ailleurs.Caseworker, true
			s.enter(e, s.hostLead, s.founders[0])
			s.add(s.records[taken])
		}},
		{"a post taken by approvals older than its last change", "vault.rolled_back", func(s *stage) {
			e := entry(ailleurs.RegisterTeam)
			e.Member, e.Agent, e.Role, e.Leaves = s.bordeaux, s.hostSecond.Agent, ailleurs.Caseworker, true
			s.enter(e, s.hostLead, s.founders[0])
			e.Leaves, e.At = false, now.Add(-time.Hour)
			s.enter(e, s.hostLead, s.founders[0])
		}},
		{"a post taken, left and taken again within one second", "vault.rolled_back", func(s *stage) {
			e := entry(ailleurs.RegisterTeam)
			e.Member, e.Agent, e.Role = s.bordeaux, s.hostSecond.Agent, ailleurs.DutyOfficer
			s.enter(e, s.hostLead, s.founders[0])
			e.Leaves = true
			s.enter(e, s.hostLead, s.founders[0])
			e.Leaves = false
			s.enter(e, s.hostLead, s.founders[0])
		}},
		{"no record at all", "register.unknown_protocol", func(s *stage) { s.add([]byte("bonjour")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			c.add(s)
			unfounded := s.directory().Unfounded()
			if len(unfounded) != 1 || unfounded[0].Index != int64(len(s.records)-1) {
				t.Fatalf("unfounded: %v", unfounded)
			}
			refused(t, unfounded[0].Err, c.key)
		})
	}
}

func TestInclusionAndConsistencyProofsVerifyAsKept(t *testing.T) {
	s := newStage(t)
	size := int64(len(s.records))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, size-1).Draw(t, "n")
		proof, err := tlog.ProveRecord(size, n, s.hub)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParseProof(Proof{n, proof, s.checkpoint(int(size))}.Format())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Verify(s.pin(), s.records[n]); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Verify(s.pin(), append([]byte("x"), s.records[n]...)); ailleurs.AsRefusal(err) == nil {
			t.Fatal("another record is proved")
		}
		p.Index = (n + 1) % size
		if _, err := p.Verify(s.pin(), s.records[n]); ailleurs.AsRefusal(err) == nil {
			t.Fatal("the record is proved at another place")
		}

		old := rapid.Int64Range(1, size).Draw(t, "old")
		c, err := s.pin().Open(s.checkpoint(int(old)))
		if err != nil {
			t.Fatal(err)
		}
		tree, err := tlog.ProveTree(size, old, s.hub)
		if err != nil {
			t.Fatal(err)
		}
		newer, err := c.Pin().Open(s.checkpoint(int(size)))
		if err != nil {
			t.Fatal(err)
		}
		if err := newer.Extends(tree); err != nil {
			t.Fatal(err)
		}
		if old < size {
			pin := c.Pin()
			pin.Hash[0] ^= 1
			other, err := pin.Open(s.checkpoint(int(size)))
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Extends(tree); ailleurs.AsRefusal(err) == nil {
				t.Fatal("a log that does not extend the one seen is taken")
			}
		}
	})
	_, err := (Pin{}).Open(s.checkpoint(1))
	refused(t, err, "vault.no_pin")
}

func TestDirectoryGrowsAsTheRegisterDoes(t *testing.T) {
	s := newStage(t)
	whole := s.directory()
	rapid.Check(t, func(t *rapid.T) {
		d := NewDirectory(s.pin())
		for at := 0; at < len(s.records); {
			next := min(len(s.records), at+rapid.IntRange(0, 5).Draw(t, "step"))
			if err := d.Extend(s.records[at:next], s.checkpoint(next)); err != nil {
				t.Fatal(err)
			}
			at = next
		}
		if d.Pin() != whole.Pin() || len(d.Unfounded()) != 0 {
			t.Fatalf("grown in steps it is at %v, at once at %v", d.Pin(), whole.Pin())
		}
	})
}

func TestPinComesBackFromItsText(t *testing.T) {
	s := newStage(t)
	pin := s.directory().Pin()
	if back, err := ParsePin(pin.String()); err != nil || back != pin {
		t.Errorf("%v, %v", back, err)
	}
	if back, err := ParsePin(Pin{}.String()); err != nil || back != (Pin{}) {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", "- ", "a+b+c 1 x", pin.Verifier + " 01 " + b64.EncodeToString(make([]byte, 32)), pin.Verifier + " 1 AAAA", pin.Verifier + " -1 " + b64.EncodeToString(make([]byte, 32))} {
		_, err := ParsePin(bad)
		refused(t, err, "vault.malformed")
	}
}

func TestEventIsProvedWithItsSalt(t *testing.T) {
	salt, event := bytes.Repeat([]byte{3}, 32), []byte(`{"kind":"case.saved","detail":{"heads":["00"]}}`)
	journal := newHub(t)
	journal.add([]byte("before"))
	journal.add(EventRecord(salt, event))
	proof := must[tlog.RecordProof](t)(tlog.ProveRecord(2, 1, journal))
	p := Proof{1, proof, journal.checkpoint(2)}
	if _, err := p.Verify(journal.pin(), EventRecord(salt, event)); err != nil {
		t.Error(err)
	}
	_, err := p.Verify(journal.pin(), EventRecord(salt, append(event, ' ')))
	refused(t, err, "vault.bad_proof")
}
