package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type storeTx = store.Tx

// suspendAndResume stops the clocks for a while, both signing each time.
func (w *world) suspendAndResume(f *file, pause time.Duration) {
	w.Helper()
	o := f.origin
	digest := w.view(o.lead, f).Digest
	w.ok(w.Suspend(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToSuspend, string(f.id), digest), w.at))
	w.ok(w.Suspend(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToSuspend, string(f.id), digest), w.at))
	w.state(f, ailleurs.Suspended)
	w.pass(pause)
	w.state(f, ailleurs.Suspended)
	digest = w.view(o.lead, f).Digest
	w.ok(w.Resume(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToResume, string(f.id), digest), w.at))
	w.state(f, ailleurs.Suspended)
	w.ok(w.Resume(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToResume, string(f.id), digest), w.at))
}

// stages brings a fresh case to each state in which the household has not left the alliance's care.
func (w *world) stages() map[string]func() *file {
	return map[string]func() *file{
		"draft":     func() *file { return w.opened(ailleurs.Normal) },
		"endorsing": func() *file { return w.submitted(ailleurs.Normal, w.towns[1:6]) },
		"checking":  func() *file { return w.endorsed(ailleurs.Normal, w.towns[1:6]) },
		"calling": func() *file {
			f := w.calling(ailleurs.Normal, w.towns[1:6])
			w.proposes(f, w.towns[1])
			return f
		},
		"choosing": func() *file {
			f, s := w.choosing(ailleurs.Normal)
			w.retain(f, s)
			return f
		},
		"preparing":  func() *file { f, _ := w.preparing(ailleurs.Normal); return f },
		"travelling": func() *file { f, host := w.preparing(ailleurs.Normal); w.depart(f, host); return f },
		"following":  func() *file { f, _ := w.following(); return f },
	}
}

func TestPersonWithdrawsAtAnyMomentAtOnce(t *testing.T) {
	w := onSQLite(t, 6)
	for name, stage := range w.stages() {
		t.Run(name, func(t *testing.T) {
			f := stage()
			w.state(f, ailleurs.CaseState(name))
			refusedAs(t, w.Withdraw(w.ctx, w.towns[2].lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at), map[bool]ailleurs.RefusalKind{
				true: ailleurs.Forbidden, false: ailleurs.NotFound,
			}[w.count("SELECT count(*) FROM thread WHERE case_id = $1", f.id) > 0], map[bool]string{true: "case.not_your_part", false: "case.unknown"}[w.count("SELECT count(*) FROM thread WHERE case_id = $1", f.id) > 0])
			w.ok(w.Withdraw(w.ctx, f.origin.second.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
			w.state(f, ailleurs.Withdrawn)
			for _, query := range []string{
				"SELECT count(*) FROM envelope WHERE case_id = $1 AND destroyed_at IS NULL", "SELECT count(*) FROM hold WHERE case_id = $1 AND released_at IS NULL",
				"SELECT count(*) FROM thread WHERE case_id = $1 AND state NOT IN ('released', 'declined')", "SELECT count(*) FROM inbox WHERE case_id = $1 AND side <> 'closed'",
			} {
				if n := w.count(query, f.id); n != 0 {
					t.Errorf("%s: %d", query, n)
				}
			}
			if v := w.view(f.origin.lead, f); len(v.Sealed.Envelopes) != 0 || len(v.Tasks) != 0 {
				t.Errorf("the origin of a withdrawn case holds %v and has %v to do", held(v.Sealed), v.Tasks)
			}
			refusedAs(t, w.Withdraw(w.ctx, f.origin.lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at), ailleurs.Conflict, "case.no_such_move")
		})
	}
	w.pass(31 * 24 * time.Hour)
	if n := w.count("SELECT count(*) FROM body WHERE data IS NOT NULL"); n != 0 {
		t.Errorf("%d bodies outlive the retention", n)
	}
	w.verified()
}

func TestSuspendedCaseStopsItsClocksForLeadAndSecond(t *testing.T) {
	w := onSQLite(t, 6)
	for name, stage := range w.stages() {
		if name == "travelling" || name == "following" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			f := stage()
			before := w.view(f.origin.lead, f)
			w.suspendAndResume(f, 60*24*time.Hour)
			after := w.view(f.origin.lead, f)
			if after.State != before.State {
				t.Errorf("resumed as %s, was %s", after.State, before.State)
			}
			if want := before.Deadline.Add(60 * 24 * time.Hour); !after.Deadline.Equal(want) {
				t.Errorf("resumed with a deadline of %v, want %v", after.Deadline, want)
			}
		})
	}
	f := w.opened(ailleurs.Normal)
	o, digest := f.origin, w.view(f.origin.lead, f).Digest
	w.ok(w.Suspend(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToSuspend, string(f.id), digest), w.at))
	w.state(f, ailleurs.Draft) // one alone suspends nothing
	refusedAs(t, w.Suspend(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToSuspend, string(f.id), digest), w.at), ailleurs.Conflict, "statement.already_signed")
	refused(t, w.Resume(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToResume, string(f.id), digest), w.at), "case.not_now")
	moving, host := w.preparing(ailleurs.Normal)
	w.depart(moving, host)
	refused(t, w.Suspend(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToSuspend, string(moving.id), w.view(o.lead, moving).Digest), w.at), "case.no_such_move")
	w.verified()
}

func TestSuspendedCallIsShownToNoAddressee(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	w.read(f, w.towns[1])
	o := f.origin
	digest := w.view(o.lead, f).Digest
	w.ok(w.Suspend(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToSuspend, string(f.id), digest), w.at))
	w.ok(w.Suspend(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToSuspend, string(f.id), digest), w.at))
	if v := w.read(f, w.towns[1]); len(v.Sealed.Envelopes) != 0 {
		t.Errorf("an addressee of a suspended call holds %v", held(v.Sealed))
	}
	refusedAs(t, w.Answer(w.ctx, w.towns[1].lead.Actor, w.answer(f, w.towns[1], ailleurs.Decline, nil), w.at), ailleurs.Conflict, "answer.suspended")
	if v := w.view(w.checker[0], f); len(v.Sealed.Envelopes) != 0 {
		t.Errorf("a coordinator of a suspended call holds %v", held(v.Sealed))
	}
}

func TestDiversionEndsADraft(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.opened(ailleurs.Normal)
	w.ok(w.Divert(w.ctx, f.origin.second.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
	w.state(f, ailleurs.Diverted)
	g := w.submitted(ailleurs.Normal, w.towns[1:6])
	refused(t, w.Divert(w.ctx, g.origin.lead.Actor, ailleurs.OnCase{Once: once(), Case: g.id}, w.at), "case.no_such_move")
	w.verified()
}

func TestPlaceThatFailsReopensTheChoice(t *testing.T) {
	eachWorld(t, 7, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		mine := w.proposes(f, w.towns[1])
		other := w.proposes(f, w.towns[2])
		for _, town := range w.towns[3:6] {
			w.declines(f, town)
		}
		w.retain(f, mine)
		host := w.towns[1]
		w.ok(w.Welcome(w.ctx, host.lead.Actor, w.welcome(f, host, mine), w.at))
		w.handOver(f, host)
		w.ok(w.PlaceFails(w.ctx, host.lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
		w.state(f, ailleurs.Choosing)
		if n := w.count("SELECT count(*) FROM envelope WHERE part IN ('host_lead', 'host_second') AND destroyed_at IS NULL"); n != 0 {
			t.Errorf("the town that is no host any more keeps %d envelopes", n)
		}
		_, err := w.Case(w.ctx, host.lead.Actor, f.id, w.at)
		refused(t, err, "case.unknown")
		if n := w.count("SELECT count(*) FROM body WHERE compartment IN ('arrival', 'course') AND data IS NOT NULL"); n != 0 {
			t.Errorf("%d bodies of the place that failed are left", n)
		}
		next, sheet := w.towns[2], other // not released yet: back in the choice
		if w.threadState(f, next) != ailleurs.Proposed {
			in := w.answer(f, host, ailleurs.Propose, nil)
			w.ok(w.Answer(w.ctx, host.lead.Actor, in, w.at))
			w.offers(f, host, in.Sheet)
			next, sheet = host, in.Sheet
		}
		w.retain(f, sheet)
		w.ok(w.Welcome(w.ctx, next.lead.Actor, w.welcome(f, next, sheet), w.at))
		w.handOver(f, next)
		w.depart(f, next)
		w.arrive(f, next)
		w.state(f, ailleurs.Following)
		w.verified()
	})
}

func TestNoArrivalRings(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f, host := w.preparing(ailleurs.Normal)
		late := ailleurs.Depart{Once: once(), Case: f.id, RingAt: w.at.Add(29 * time.Hour), Signed: nil}
		refusedAt(t, w.Depart(w.ctx, host.lead.Actor, late, w.at), "journey.ring_at", "ring_at")
		w.depart(f, host)
		w.pass(9 * time.Hour)
		if len(w.alarms) != 0 {
			t.Error("the alarm rang before its time")
		}
		w.pass(2 * time.Hour)
		if len(w.alarms) != 1 || w.alarms[0] != ailleurs.ThreatAlert {
			t.Errorf("the alarm rang %v", w.alarms)
		}
		w.ok(w.NoShow(w.ctx, host.lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
		w.state(f, ailleurs.Preparing)
		old := f.heads[folderKey(ailleurs.Arrival, "")].Hash
		refused(t, w.Depart(w.ctx, host.lead.Actor, ailleurs.Depart{
			Once: once(), Case: f.id, RingAt: w.at.Add(time.Hour), Signed: w.sign(host.lead, ailleurs.ToPlan, string(f.id), old),
		}, w.at), "journey.same_plan")
		w.ok(w.Save(w.ctx, host.lead.Actor, ailleurs.Save{
			Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Bodies: []ailleurs.SealedBody{f.body(host.lead, ailleurs.Arrival, "")}},
		}, w.at))
		w.depart(f, host)
		w.pass(time.Hour)
		w.arrive(f, host)
		w.pass(24 * time.Hour)
		if len(w.alarms) != 1 {
			t.Errorf("the alarm rang after the arrival: %v", w.alarms)
		}
		w.verified()
	})
}

func TestCaseIsPassedOnByTheOtherOfThePair(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f := w.opened(ailleurs.Normal)
		o := f.origin
		var heir hand
		w.write(func(tx *storeTx) { heir = w.newAgent(tx, o.id, ailleurs.Caseworker) })
		if left, err := w.Entrusted(w.ctx, o.lead.Agent); err != nil || len(left) != 1 {
			t.Errorf("%d cases are in the hands of who leaves: %v", len(left), err)
		}
		digest := ailleurs.HandOverDigest(f.id, o.lead.Agent, heir.Agent)
		in := ailleurs.Reassign{Once: once(), Case: f.id, From: o.lead.Agent, To: heir.Agent, Signed: w.sign(o.second, ailleurs.ToHandOver, string(f.id), digest)}
		for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person} {
			in.Envelopes = append(in.Envelopes, w.envelope(f, o.second, c, "", heir, ailleurs.OriginLead))
		}
		refusedAs(t, w.Reassign(w.ctx, w.towns[1].second.Actor, in, w.at), ailleurs.NotFound, "case.unknown")
		other := in
		other.Once, other.To = once(), o.second.Agent
		refusedAt(t, w.Reassign(w.ctx, o.second.Actor, other, w.at), "reassign.plays_already", "to")
		other.Once, other.To = once(), w.towns[1].lead.Agent
		refusedAt(t, w.Reassign(w.ctx, o.second.Actor, other, w.at), "case.agent_without_role", "to")
		w.ok(w.Reassign(w.ctx, o.second.Actor, in, w.at))
		_, err := w.Case(w.ctx, o.lead.Actor, f.id, w.at)
		refused(t, err, "case.unknown")
		if h := held(w.view(heir, f).Sealed); len(h) != 3 {
			t.Errorf("who takes over holds %v", h)
		}
		if left, err := w.Entrusted(w.ctx, o.lead.Agent); err != nil || len(left) != 0 {
			t.Errorf("%d cases are still with who leaves: %v", len(left), err)
		}
		w.verified()
	})
}

func TestDeputyActsWhileTheAbsenceLasts(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	host := w.towns[1]
	deputy := w.deputise(&host.lead, ailleurs.Caseworker)
	id := w.threadOf(f, host)
	v, err := w.Thread(w.ctx, deputy.Actor, id, w.at)
	w.ok(err)
	if v.For != host.lead.Agent || len(v.Sealed.Envelopes) != 0 {
		t.Errorf("a deputy stands in for %q with %v", v.For, held(v.Sealed))
	}
	in, err := w.Inbox(w.ctx, deputy.Actor, "todo", "", w.at)
	w.ok(err)
	if len(in.Rows) != 1 {
		t.Errorf("a deputy has %d things to do", len(in.Rows))
	}
	// The origin is asked to make an envelope, and makes it.
	renew := w.view(f.origin.lead, f).Renew
	if len(renew) != 1 || renew[0].For != deputy.Agent || renew[0].Compartment != ailleurs.Need || renew[0].Part != ailleurs.AddresseeLead {
		t.Fatalf("the origin is asked for %+v", renew)
	}
	e := w.envelope(f, f.origin.lead, ailleurs.Need, "", deputy, ailleurs.AddresseeLead)
	e.Member, e.Ring = renew[0].Member, renew[0].Ring
	w.ok(w.Save(w.ctx, f.origin.lead.Actor, ailleurs.Save{Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Envelopes: []ailleurs.SealedEnvelope{e}}}, w.at))
	if v, err = w.Thread(w.ctx, deputy.Actor, id, w.at); err != nil || !held(v.Sealed)[ailleurs.Need] {
		t.Errorf("a deputy holds %v: %v", held(v.Sealed), err)
	}
	w.pass(6 * 24 * time.Hour)
	_, err = w.Thread(w.ctx, deputy.Actor, id, w.at)
	refusedAs(t, err, ailleurs.NotFound, "case.unknown")
	w.verified()
}

// A coordinator who is away while a card waits to be checked does not hold it up: the origin is asked at once to give the
// deputy the card and the limits, for as long as the absence lasts.
func TestCheckersDeputyGetsAnEnvelope(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.endorsed(ailleurs.Normal, w.towns[1:6])
	deputy := w.deputise(&w.checker[0], ailleurs.Coordinator)
	v := w.view(f.origin.lead, f)
	if !v.HasTask("new_key") || len(v.Renew) != 2 {
		t.Fatalf("the origin is asked %v for %+v", v.Tasks, v.Renew)
	}
	save := ailleurs.Save{Once: once(), Case: f.id}
	for _, r := range v.Renew {
		if r.For != deputy.Agent || r.InPlaceOf != w.checker[0].Agent || r.Part != ailleurs.Checker {
			t.Errorf("the origin is asked for %+v", r)
		}
		save.Envelopes = append(save.Envelopes, w.envelope(f, f.origin.lead, r.Compartment, "", deputy, ailleurs.Checker))
	}
	w.ok(w.Save(w.ctx, f.origin.lead.Actor, save, w.at))
	if h := held(w.view(deputy, f).Sealed); !h[ailleurs.Need] || !h[ailleurs.Limits] {
		t.Errorf("the deputy holds %v", h)
	}
	w.ok(w.Check(w.ctx, deputy.Actor, w.signature(deputy, ailleurs.ToCheck, string(f.sheet.Call), f.sheet.Digest()), w.at))
	w.state(f, ailleurs.Calling)
	w.pass(6 * 24 * time.Hour)
	_, err := w.Case(w.ctx, deputy.Actor, f.id, w.at)
	refusedAs(t, err, ailleurs.NotFound, "case.unknown")
	w.verified()
}

func TestChangedKeyBecomesATaskForTheOrigin(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	w.ok(w.Start(w.ctx, w.at))
	w.write(func(tx *storeTx) { w.newKey(tx, &w.towns[1].second) })
	v := w.view(f.origin.lead, f)
	if len(v.Renew) != 1 || v.Renew[0].For != w.towns[1].second.Agent {
		t.Errorf("the origin is asked for %+v", v.Renew)
	}
	w.pass(24 * time.Hour)
	in, err := w.Inbox(w.ctx, f.origin.lead.Actor, "todo", "", w.at)
	w.ok(err)
	if len(in.Rows) != 1 || in.Rows[0].Task != "new_key" {
		t.Errorf("a day later the origin's inbox says %+v", in.Rows)
	}
}
