package vault

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// suspension enters that Bordeaux takes no part, or does again, at an instant.
func (s *stage) suspension(ends bool, at time.Time, approvers ...*Trousseau) {
	s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterSuspension, At: at, Member: s.bordeaux, Ends: ends}, approvers...)
}

// Nothing new is sealed to the people of a suspended member, whatever the hub says, until two coordinators end it; what
// they signed before still counts.
func TestNothingIsSealedToASuspendedMember(t *testing.T) {
	s := newStage(t)
	s.suspension(false, now, s.founders[0], s.founders[1])
	d := s.directory()
	_, err := d.Reader(s.hostLead.Public())
	refused(t, err, "vault.member_suspended")
	if d.ReceivesPersons(s.bordeaux, now.AddDate(1, 0, 0)) {
		t.Error("persons' files may go to a suspended member")
	}
	if _, err := d.Reader(s.lead.Public()); err != nil {
		t.Errorf("another member's lead: %v", err)
	}
	pin, snapshot := s.snapshotAt(t, len(s.records))
	c, err := s.restored(pin, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if c.Serves(s.hostLead.Agent, s.bordeaux, ailleurs.Caseworker) {
		t.Error("a snapshot has forgotten the suspension")
	}
	s.suspension(true, now.Add(time.Hour), s.founders[1], s.founders[2])
	d = s.directory()
	if _, err := d.Reader(s.hostLead.Public()); err != nil {
		t.Errorf("after the suspension: %v", err)
	}
}

func TestSuspensionThatCountsForNothingSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name, key string
		add       func(*stage)
	}{
		{"by one coordinator", "vault.too_few_approvals", func(s *stage) { s.suspension(false, now, s.founders[0], s.hostLead) }},
		{"by people of the member", "vault.too_few_approvals", func(s *stage) { s.suspension(false, now, s.hostLead, s.hostSecond) }},
		{"of no member", "vault.not_a_member", func(s *stage) {
			s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterSuspension, At: now, Member: ailleurs.NewID[ailleurs.MemberID]()}, s.founders[0], s.founders[1])
		}},
		{"ended before it began", "vault.rolled_back", func(s *stage) { s.suspension(true, now, s.founders[0], s.founders[1]) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			c.add(s)
			unfounded := s.directory().Unfounded()
			if len(unfounded) != 1 {
				t.Fatalf("unfounded: %v", unfounded)
			}
			refused(t, unfounded[0].Err, c.key)
		})
	}
	// The approvals of one that is over cannot be entered again.
	s := newStage(t)
	s.suspension(false, now, s.founders[0], s.founders[1])
	first := s.records[len(s.records)-1]
	s.suspension(true, now.Add(time.Hour), s.founders[0], s.founders[1])
	s.add(first)
	d := s.directory()
	if n := len(d.Unfounded()); n != 1 {
		t.Fatalf("%d records count for nothing", n)
	}
	refused(t, d.Unfounded()[0].Err, "vault.rolled_back")
	// What people of a suspended member approve does not count.
	s = newStage(t)
	s.suspension(false, now, s.founders[0], s.founders[1])
	s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, At: now, Member: s.bordeaux, Agent: s.hostElected.Agent, Role: ailleurs.DutyOfficer}, s.hostLead, s.hostSecond)
	refused(t, s.directory().Unfounded()[0].Err, "vault.too_few_approvals")
}
