package alliance_test

import (
	"sync"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// atOnce runs n contenders at the same time and returns what each came back with.
func atOnce(n int, contender func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = contender(i) })
	}
	wg.Wait()
	return errs
}

// oneWins fails the test unless exactly one contender succeeded and the others met a refusal.
func (h *hub) oneWins(errs []error, key string) {
	h.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			h.refused(err, key)
		}
	}
	if won != 1 {
		h.Errorf("%d won", won)
	}
}

func TestOneOfManyAtOnceSpendsAnInvitation(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		i, err := h.a.Invite(h.Context(), c[0].viewer.Actor, invitee(c[0].member, "Une personne", ailleurs.DutyOfficer), h.at)
		h.must(err)
		const n = 8
		var tickets [n]alliance.Enrolment
		var keys [n]alliance.NewKeys
		for k := range tickets {
			tickets[k], err = h.a.OpenInvitation(h.Context(), i.Words.Reveal(), "test", h.at)
			h.must(err)
			p := &person{h: h, paper: newPaper(t)}
			keys[k] = p.keysFor(tickets[k], p.paper.unlocker(), passphrase())
		}
		h.oneWins(atOnce(n, func(k int) error {
			_, err := h.a.Enrol(t.Context(), tickets[k].Ticket, keys[k], "", h.at)
			return err
		}), "invitation.used")
	})
}

func TestSignaturesAtOnceTakeEffectOnce(t *testing.T) {
	onBoth(t, func(h *hub) {
		c := h.founded()
		before, err := h.a.RegisterFrom(h.Context(), 0)
		h.must(err)
		_, _, err = h.a.ProposeMember(h.Context(), c[0].viewer.Actor, h.lyon(), h.at)
		h.must(err)
		var approvals [3][]alliance.Approval
		for i, p := range c {
			approvals[i] = p.approvals(everything)
		}
		done := 0
		var mu sync.Mutex
		for _, err := range atOnce(3, func(i int) error {
			ids, err := h.a.Approve(t.Context(), c[i].viewer.Actor, approvals[i], h.at)
			mu.Lock()
			defer mu.Unlock()
			done += len(ids)
			return err
		}) {
			if err != nil {
				h.refused(err, "change.applied")
			}
		}
		after, err := h.a.RegisterFrom(h.Context(), 0)
		h.must(err)
		if done != 1 || len(after.Records) != len(before.Records)+1 {
			t.Errorf("took effect %d times, %d records more", done, len(after.Records)-len(before.Records))
		}
	})
}

func TestGuessesAtOnceDoNotShareABudget(t *testing.T) {
	onBoth(t, func(h *hub) {
		h.founded()
		spent := 0
		for _, err := range atOnce(20, func(int) error {
			_, err := h.a.OpenInvitation(t.Context(), "six mots qui ne sont rien", "198.51.100.0", h.at)
			return err
		}) {
			if r := ailleurs.AsRefusal(err); r != nil && r.Key == "budget.spent" {
				spent++
			} else {
				h.refused(err, "invitation.unknown")
			}
		}
		if spent != 20-alliance.Login.Burst {
			t.Errorf("%d were turned away", spent)
		}
	})
}
