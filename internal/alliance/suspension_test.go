package alliance_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A member is suspended by two coordinators, with an entry of the register that each of them signs, and takes part again
// in the same way.
func TestMemberIsSuspendedAndRestoredByTwoCoordinators(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, team := h.town(c, "Lyon", "69123")
		propose := func(p *person, ends bool) error {
			_, err := h.a.ProposeSuspension(h.Context(), p.viewer.Actor, id, ends, h.at)
			return err
		}
		listed := func() bool {
			all, err := h.a.Members(h.Context(), alliance.MemberFilter{Text: "Lyon"})
			h.must(err)
			return len(all) > 0
		}
		h.refused(propose(team[0], false), "actor.role_needed")
		h.refused(propose(c[0], true), "member.stands_so")
		_, err := h.a.ProposeSuspension(h.Context(), c[0].viewer.Actor, c[0].member, false, h.at)
		h.refused(err, "change.about_oneself")
		h.must(propose(c[0], false))
		h.refused(propose(c[1], false), "change.waits_already")
		_, err = h.a.Approve(h.Context(), team[0].viewer.Actor, team[0].approvals(everything), h.at)
		if ailleurs.AsRefusal(err) == nil {
			t.Error("someone of the member has a word in its suspension")
		}
		c[0].approve(everything)
		if !listed() {
			t.Error("one coordinator alone has suspended a member")
		}
		h.pass(time.Second)
		c[1].approve(everything)
		if listed() {
			t.Error("a suspended member may be called upon")
		}
		suspended, err := h.a.Suspended(h.Context())
		h.must(err)
		if len(suspended) != 1 || suspended[0].ID != id || suspended[0].SuspendedAt.IsZero() {
			t.Errorf("suspended are %+v", suspended)
		}
		h.must(h.db.View(h.Context(), func(tx *store.Tx) error {
			var n int
			err := tx.QueryRow("SELECT count(*) FROM job WHERE kind = $1 AND subject = $2", alliance.MemberSuspended, id).Scan(&n)
			if n != 1 {
				t.Errorf("%d jobs have the calls go on without it", n)
			}
			return err
		}))
		_, err = h.a.ProposePosts(h.Context(), c[1].viewer.Actor, id, ailleurs.Team{Lead: team[1].id, Second: team[0].id, Signatory: team[2].id}, h.at)
		h.must(err)
		waiting, err := h.a.Changes(h.Context(), team[0].viewer.Actor, h.at)
		h.must(err)
		if len(waiting) != 0 {
			t.Error("people of a suspended member are asked to sign")
		}
		h.must(propose(c[1], true))
		h.pass(time.Second)
		c[2].approve(everything)
		c[0].approve(everything)
		if !listed() {
			t.Error("the suspension has not ended")
		}
	})
}

// A suspension that is given up leaves the member as it was: admitted.
func TestSuspensionGivenUpChangesNothing(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		id, _ := h.town(c, "Lyon", "69123")
		change, err := h.a.ProposeSuspension(h.Context(), c[0].viewer.Actor, id, false, h.at)
		h.must(err)
		h.must(h.a.Drop(h.Context(), c[1].viewer.Actor, change, h.at))
		m, err := h.a.Member(h.Context(), id)
		h.must(err)
		if !m.SuspendedAt.IsZero() {
			t.Error("it is suspended")
		}
		h.must(h.db.View(h.Context(), func(tx *store.Tx) error {
			var n int
			err := tx.QueryRow("SELECT count(*) FROM member WHERE id = $1 AND declined_at IS NOT NULL", id).Scan(&n)
			if n != 0 {
				t.Error("its accession counts as declined")
			}
			return err
		}))
	})
}
