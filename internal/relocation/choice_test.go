package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func TestChoiceOpensSomeTimeAfterTheFirstProposal(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	s := w.proposes(f, w.towns[1])
	o := f.origin
	refusedAs(t, w.Retain(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToRetain, string(s.Thread), s.Digest()), w.at), ailleurs.Conflict, "choice.not_open")
	w.pass(47 * time.Hour)
	w.state(f, ailleurs.Calling)
	w.pass(2 * time.Hour) // two working days after Monday: Wednesday
	w.state(f, ailleurs.Choosing)
	if n := w.count("SELECT count(*) FROM envelope WHERE compartment = 'limits' AND part = 'checker' AND destroyed_at IS NULL"); n != 0 {
		t.Errorf("the coordination still holds %d keys to the limits", n)
	}
	// Whoever has time left may still propose, and the person may still choose it.
	late := w.proposes(f, w.towns[2])
	w.retain(f, late)
	w.verified()
}

func TestSecondYesBindsAndTheOthersLearnNothing(t *testing.T) {
	eachWorld(t, 8, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:7])
		mine, other := w.proposes(f, w.towns[1]), w.proposes(f, w.towns[2])
		refusedProposal := w.proposes(f, w.towns[3])
		w.read(f, w.towns[4])
		for _, town := range w.towns[5:7] {
			w.declines(f, town)
		}
		w.pass(3 * 24 * time.Hour)
		w.state(f, ailleurs.Choosing)
		o, host := f.origin, w.towns[1]

		refusedAs(t, w.Welcome(w.ctx, host.lead.Actor, w.welcome(f, host, mine), w.at), ailleurs.Conflict, "choice.no_first_yes")
		f.epochs[folderKey(ailleurs.Arrival, "")], f.epochs[folderKey(ailleurs.Course, "")] = 0, 0
		delete(f.heads, folderKey(ailleurs.Arrival, ""))
		delete(f.heads, folderKey(ailleurs.Course, ""))
		w.ok(w.Refuse(w.ctx, o.second.Actor, ailleurs.OnThread{Once: once(), Thread: refusedProposal.Thread}, w.at))
		w.retain(f, mine)
		refusedAs(t, w.Retain(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToRetain, string(other.Thread), other.Digest()), w.at), ailleurs.Conflict, "choice.first_yes_given")
		refusedAs(t, w.Welcome(w.ctx, w.towns[2].lead.Actor, w.welcome(&file{id: f.id, origin: o, heads: map[string]ailleurs.SealedBody{}, epochs: map[string]int{}}, w.towns[2], other), w.at),
			ailleurs.Conflict, "choice.no_first_yes")
		w.ok(w.Welcome(w.ctx, host.lead.Actor, w.welcome(f, host, mine), w.at))
		w.state(f, ailleurs.Preparing)

		if n := w.count("SELECT count(*) FROM hold WHERE thread_id = $1 AND assigned_at IS NOT NULL AND released_at IS NULL", mine.Thread); n != 2 {
			t.Errorf("%d places assigned, want 2", n)
		}
		// Within 48 h all others are released, at moments of their own, and what they are shown is the same.
		open := map[ailleurs.ThreadState]int{}
		for _, town := range w.towns[2:5] {
			open[w.threadState(f, town)]++
		}
		if open[ailleurs.Released] == 3 {
			t.Error("all were released at once: the moment tells")
		}
		var first, last time.Time
		w.ok(w.db.View(w.ctx, func(tx *storeTx) error {
			return tx.QueryRow("SELECT min(release_at), max(release_at) FROM thread WHERE state <> 'retained'").Scan(&first, &last)
		}))
		if last.Sub(first) < 10*time.Minute {
			t.Errorf("the others are released within %v of each other", last.Sub(first))
		}
		w.pass(48 * time.Hour)
		for _, town := range w.towns[2:5] {
			v, err := w.Thread(w.ctx, town.lead.Actor, w.threadOf(f, town), w.at)
			w.ok(err)
			if v.State != ailleurs.Released || v.CaseState != "" || len(v.Sealed.Envelopes) > 0 && held(v.Sealed)[ailleurs.Need] || len(v.Holds) != 0 || len(v.Tasks) != 0 {
				t.Errorf("a released addressee sees %s, case %q, %v, %d holds", v.State, v.CaseState, held(v.Sealed), len(v.Holds))
			}
		}
		if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL AND thread_id <> $1", mine.Thread); n != 0 {
			t.Errorf("%d places of others are still held", n)
		}
		w.verified()
	})
}

func TestPersonRefusesEverythingAndTheCallGoesOn(t *testing.T) {
	w := onSQLite(t, 8)
	f := w.calling(ailleurs.Normal, w.towns[1:6], w.towns[6:8])
	s := w.proposes(f, w.towns[1])
	for _, town := range w.towns[2:6] {
		w.declines(f, town)
	}
	w.state(f, ailleurs.Choosing)
	w.retain(f, s)
	w.ok(w.Refuse(w.ctx, f.origin.lead.Actor, ailleurs.OnThread{Once: once(), Thread: s.Thread}, w.at))
	w.state(f, ailleurs.Calling)
	if s := w.threadState(f, w.towns[6]); s != ailleurs.Sent {
		t.Errorf("the next ring is %s", s)
	}
	refusedAs(t, w.Refuse(w.ctx, f.origin.lead.Actor, ailleurs.OnThread{Once: once(), Thread: s.Thread}, w.at), ailleurs.Conflict, "choice.no_such_proposal")
	w.verified()
}

func TestChoiceThatRunsOutOfTimeFreesThePlaces(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f, s := w.choosing(ailleurs.Urgent)
		w.retain(f, s)
		w.pass(25 * time.Hour)
		if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 0 {
			t.Errorf("%d places are still held", n)
		}
		w.state(f, ailleurs.Expired) // there was one ring
		w.verified()
	})
}

// A hold that ran out before the choice did is taken again by the yes, unless somebody else has the place by then.
func TestYesHoldsAPlaceAgain(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	s := w.proposes(f, w.towns[1])
	w.pass(3 * 24 * time.Hour)
	w.state(f, ailleurs.Choosing)
	w.suspendAndResume(f, 20*24*time.Hour)
	w.retain(f, s)
	if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 2 {
		t.Errorf("%d places held after the yes, want 2", n)
	}
	w.verified()
}

func TestObservedMemberIsNotHandedAPerson(t *testing.T) {
	w := onSQLite(t, 6)
	var young town
	w.write(func(tx *storeTx) { young = w.newTown(tx, "06088", 19, w.at.AddDate(0, 0, -5)) })
	w.towns[1] = young
	f, s := w.choosing(ailleurs.Normal)
	w.retain(f, s)
	refusedAs(t, w.Welcome(w.ctx, young.lead.Actor, w.welcome(f, young, s), w.at), ailleurs.Conflict, "member.under_observation")
	w.state(f, ailleurs.Choosing)
}

func TestPersonIsHandedOverToTheTwoNamedHostsAlone(t *testing.T) {
	w := onSQLite(t, 7)
	f, s := w.choosing(ailleurs.Normal)
	host, o := w.towns[1], w.towns[0]
	w.retain(f, s)
	grant := func(to hand, part ailleurs.Part, c ailleurs.Compartment) ailleurs.SealedEnvelope {
		return w.envelope(f, o.lead, c, "", to, part)
	}
	both := func() []ailleurs.SealedEnvelope {
		return []ailleurs.SealedEnvelope{grant(host.lead, ailleurs.HostLead, ailleurs.Person), grant(host.second, ailleurs.HostSecond, ailleurs.Person)}
	}
	over := func(by hand, e ...ailleurs.SealedEnvelope) error {
		return w.HandOver(w.ctx, by.Actor, ailleurs.HandOver{Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Envelopes: e}}, w.at)
	}
	refusedAs(t, over(o.lead, both()...), ailleurs.Conflict, "case.not_now")
	w.ok(w.Welcome(w.ctx, host.lead.Actor, w.welcome(f, host, s), w.at))
	if v := w.view(o.lead, f); v.Tasks[0] != "hand_over" {
		t.Errorf("the origin has %v to do", v.Tasks)
	}
	if h := held(w.view(host.lead, f).Sealed); h[ailleurs.Person] || !h[ailleurs.Need] || !h[ailleurs.Answer] || !h[ailleurs.Arrival] || !h[ailleurs.Course] {
		t.Errorf("before the hand-over the host lead holds %v", h)
	}
	refusedAs(t, over(o.second, both()...), ailleurs.Forbidden, "case.not_your_part")
	refused(t, over(o.lead, both()[0]), "sealed.reader_missing")
	refused(t, over(o.lead, append(both(), grant(w.towns[2].lead, ailleurs.HostLead, ailleurs.Person))...), "sealed.wrong_person")
	refused(t, over(o.lead, append(both(), grant(host.second, ailleurs.HostSecond, ailleurs.Threat))...), "sealed.never_holds")
	refused(t, over(o.lead, append(both(), grant(o.second, ailleurs.HostLead, ailleurs.Person))...), "sealed.wrong_person")
	w.ok(over(o.lead, append(both(), grant(host.lead, ailleurs.HostLead, ailleurs.Threat))...))
	if h := held(w.view(host.lead, f).Sealed); !h[ailleurs.Person] || !h[ailleurs.Threat] {
		t.Errorf("after the hand-over the host lead holds %v", h)
	}
	if h := held(w.view(host.second, f).Sealed); !h[ailleurs.Person] || h[ailleurs.Threat] {
		t.Errorf("after the hand-over the host second holds %v", h)
	}
	if renew := w.view(o.lead, f).Renew; len(renew) != 0 {
		t.Errorf("the origin is asked for %+v", renew)
	}
	// What other addressees answered is none of the host's business.
	foreign := w.envelope(f, o.lead, ailleurs.Answer, w.threadOf(f, w.towns[2]), host.lead, ailleurs.HostLead)
	refused(t, w.Save(w.ctx, o.lead.Actor, ailleurs.Save{Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Envelopes: []ailleurs.SealedEnvelope{foreign}}}, w.at), "sealed.wrong_person")
	w.verified()
}

// The origin never gets arrival: it cannot be granted, written or read by it, in any state.
func TestOriginNeverGetsArrival(t *testing.T) {
	w := onSQLite(t, 6)
	f, host := w.following()
	o := f.origin
	if n := w.count("SELECT count(*) FROM envelope WHERE part LIKE 'origin%' AND destroyed_at IS NULL"); n != 0 {
		t.Errorf("after arrival the origin still has %d envelopes", n)
	}
	for _, h := range []hand{o.lead, o.second, o.signatory} {
		v := w.view(h, f)
		if len(v.Sealed.Envelopes) != 0 {
			t.Errorf("after arrival the origin holds %v", held(v.Sealed))
		}
		if v.Journey != nil {
			t.Error("the origin sees the journey")
		}
		for part := range map[ailleurs.Part]bool{ailleurs.OriginLead: true, ailleurs.OriginSecond: true, ailleurs.OriginSignatory: true, ailleurs.HostLead: true} {
			for _, c := range []ailleurs.Compartment{ailleurs.Arrival, ailleurs.Course} {
				e := w.envelope(f, host.lead, c, "", h, part)
				err := w.Save(w.ctx, host.lead.Actor, ailleurs.Save{Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Envelopes: []ailleurs.SealedEnvelope{e}}}, w.at)
				if ailleurs.AsRefusal(err) == nil {
					t.Errorf("%s granted to %s: %v", c, part, err)
				}
			}
		}
	}
	if v := w.view(o.lead, f); len(v.FollowUps) != len(ailleurs.FollowUpDays) {
		t.Error("the origin does not see the light")
	}
	w.verified()
}
