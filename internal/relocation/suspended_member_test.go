package relocation_test

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// suspend has a member take no part, as the alliance does, and lets what follows happen.
func (w *world) suspend(t town) {
	w.Helper()
	w.write(func(tx *storeTx) {
		w.ok(tx.Set("member", t.id, store.Changes{"suspended_at": w.at}))
		w.ok(jobs.Schedule(tx, jobs.Job{Kind: "member.suspended", Subject: string(t.id), RunAt: w.at}))
	})
	w.pass(0)
}

// A suspended member's threads end like all others'; its places are free, and the call goes on.
func TestCallGoesOnWithoutASuspendedMember(t *testing.T) {
	eachWorld(t, 8, func(t *testing.T, w *world) {
		f, s := w.choosing(ailleurs.Normal)
		host := w.towns[1]
		w.retain(f, s)
		g := w.calling(ailleurs.Normal, w.towns[1:6])
		w.suspend(host)
		if got := w.threadState(f, host); got != ailleurs.Released {
			t.Errorf("its thread with a first yes is %s", got)
		}
		w.state(f, ailleurs.Expired) // nobody else had proposed, and there was one ring
		if n := w.count("SELECT count(*) FROM hold WHERE case_id = $1 AND released_at IS NULL", f.id); n != 0 {
			t.Errorf("%d places are still held", n)
		}
		if got := w.threadState(g, host); got != ailleurs.Released {
			t.Errorf("its unread thread is %s", got)
		}
		w.state(g, ailleurs.Calling)
		v, err := w.Thread(w.ctx, host.lead.Actor, w.threadOf(g, host), w.at)
		w.ok(err)
		if len(v.Sealed.Envelopes) != 0 {
			t.Errorf("its lead is handed %v", held(v.Sealed))
		}
		refused(t, w.Answer(w.ctx, host.lead.Actor, w.answer(g, host, ailleurs.Decline, nil), w.at), "answer.released")
		again := w.opened(ailleurs.Normal)
		refusedAt(t, w.Submit(w.ctx, again.origin.lead.Actor, w.call(again, ailleurs.Normal, w.towns[1:6]), w.at), "call.member_not_active", "rings[0][0]")
		w.verified()
	})
}

// The people of a suspended member keep what they hold, so that nobody in their care is left alone; they call on nobody.
func TestSuspendedMemberKeepsWhomItCaresForAndCallsOnNobody(t *testing.T) {
	w := onSQLite(t, 8)
	f, host := w.following()
	draft := w.opened(ailleurs.Normal)
	before := w.notices[w.checker[0].Agent]
	w.suspend(host)
	w.suspend(draft.origin)
	if h := held(w.view(host.lead, f).Sealed); !h[ailleurs.Person] || !h[ailleurs.Arrival] {
		t.Errorf("the host's lead holds %v", h)
	}
	if w.notices[w.checker[0].Agent] == before {
		t.Error("the coordination is not told that a household lives at a suspended member's")
	}
	refusedAs(t, w.Submit(w.ctx, draft.origin.lead.Actor, w.call(draft, ailleurs.Normal, w.towns[2:7]), w.at), ailleurs.Forbidden, "member.not_active")
	_, in := w.newCase(draft.origin, ailleurs.Normal)
	refusedAs(t, w.Open(w.ctx, draft.origin.lead.Actor, in, w.at), ailleurs.Forbidden, "member.not_active")
	w.verified()
}
