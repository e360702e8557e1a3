package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

func TestCallWithAnyFaultIsRefusedByField(t *testing.T) {
	w := onSQLite(t, 8)
	f := w.opened(ailleurs.Normal)
	o := f.origin
	w.write(func(tx *store.Tx) {
		young := w.newTown(tx, "06088", 19, w.at)
		w.towns = append(w.towns, young) // [8]: newly admitted, may receive cards
		gone := w.newTown(tx, "13055", 20, w.at.AddDate(-1, 0, 0))
		w.ok(tx.Set("member", gone.id, store.Changes{"suspended_at": w.at}))
		headless := w.newTown(tx, "13001", 21, w.at.AddDate(-1, 0, 0))
		w.ok(tx.Set("member", headless.id, store.Changes{"signatory_id": nil}))
		w.towns = append(w.towns, gone, headless)
	})
	nobody := town{id: ailleurs.NewID[ailleurs.MemberID](), lead: w.towns[7].lead, second: w.towns[7].second, signatory: w.towns[7].signatory}
	ring := w.towns[1:6]
	with := func(t town) []town { return append(append([]town{}, ring...), t) }
	for name, c := range map[string]struct {
		rings      [][]town
		change     func(*ailleurs.SubmitCall)
		key, field string
	}{
		"fewer than five":               {[][]town{w.towns[1:5]}, nil, "call.too_few_addressees", "rings[0]"},
		"an addressee twice":            {[][]town{ring, {ring[2]}}, nil, "call.addressee_twice", "rings[1][0]"},
		"calling oneself":               {[][]town{with(o)}, nil, "call.calls_itself", "rings[0][5]"},
		"an unknown member":             {[][]town{with(nobody)}, nil, "call.unknown_member", "rings[0][5]"},
		"a suspended member":            {[][]town{with(w.towns[9])}, nil, "call.member_not_active", "rings[0][5]"},
		"an incomplete team":            {[][]town{with(w.towns[10])}, nil, "call.team_incomplete", "rings[0][5]"},
		"four rings":                    {[][]town{ring, {w.towns[6]}, {w.towns[7]}, {w.towns[8]}}, nil, "call.ring_count", "rings"},
		"an empty ring":                 {[][]town{ring, {}}, nil, "call.empty_ring", "rings[1]"},
		"an attestation left out":       {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Attested = in.Sheet.Attested[1:] }, "call.attestations_missing", "attested"},
		"one checker":                   {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Checkers[1] = in.Sheet.Checkers[0] }, "call.two_checkers", "checkers"},
		"a checker of no role":          {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Checkers[1] = w.towns[7].lead.Agent }, "case.agent_without_role", "checkers[1]"},
		"a checker of the case":         {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Checkers[0] = o.second.Agent }, "call.checker_in_case", "checkers[0]"},
		"another card":                  {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.NeedHead = sum(nil) }, "call.card_changed", "need_head"},
		"another round":                 {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Round = 2 }, "call.bad_round", "round"},
		"a call of yesterday":           {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.CreatedAt = w.at.AddDate(0, 0, -1) }, "call.stale", "created_at"},
		"an unknown speed":              {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Speed = "hurry" }, "case.unknown_speed", "speed"},
		"a reader left out":             {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Envelopes = in.Envelopes[1:] }, "sealed.reader_missing", "envelopes"},
		"limits for an addressee":       {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Envelopes[0].Compartment = ailleurs.Limits }, "sealed.reader_missing", "envelopes"},
		"an envelope in another ring":   {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Envelopes[0].Ring = 2 }, "sealed.wrong_ring", "envelopes[0].ring"},
		"an envelope of an old key":     {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Envelopes[0].KeyEpoch = 2 }, "sealed.key_changed", "envelopes[0].key_epoch"},
		"a sheet changed after signing": {[][]town{ring}, func(in *ailleurs.SubmitCall) { in.Sheet.Speed = ailleurs.Urgent }, "statement.wrong_digest", "digest"},
		"a signature of the second": {[][]town{ring}, func(in *ailleurs.SubmitCall) {
			in.Signed = w.sign(o.second, ailleurs.ToAttest, string(in.Sheet.Call), in.Sheet.Digest())
		}, "signature.other_signer", "statement"},
	} {
		t.Run(name, func(t *testing.T) {
			in := w.call(f, ailleurs.Normal, c.rings...)
			if c.change != nil {
				c.change(&in)
			}
			refusedAt(t, w.Submit(w.ctx, o.lead.Actor, in, w.at), c.key, c.field)
		})
	}
	t.Run("limits beside the card", func(t *testing.T) {
		in := w.call(f, ailleurs.Normal, ring)
		e := in.Envelopes[0]
		e.Compartment = ailleurs.Limits
		in.Envelopes = append(in.Envelopes, e)
		refused(t, w.Submit(w.ctx, o.lead.Actor, in, w.at), "sealed.never_holds")
	})
	w.state(f, ailleurs.Draft)
	if n := w.count("SELECT count(*) FROM call"); n != 0 {
		t.Errorf("%d calls are left", n)
	}
	// A newly admitted member may receive a card at once.
	w.submit(f, w.call(f, ailleurs.Normal, with(w.towns[8])))
	w.verified()
}

func TestEndorsingTakesTwoPeople(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f := w.submitted(ailleurs.Normal, w.towns[1:6])
		o, call, digest := f.origin, string(f.sheet.Call), f.sheet.Digest()
		refusedAs(t, w.Endorse(w.ctx, o.lead.Actor, w.signature(o.lead, ailleurs.ToAttest, call, digest), w.at), ailleurs.Forbidden, "case.not_your_part")
		refused(t, w.Endorse(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToCall, call, digest), w.at), "case.not_your_part")
		refused(t, w.Endorse(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToOffer, call, digest), w.at), "statement.wrong_purpose")
		refused(t, w.Endorse(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToAttest, call, sum(nil)), w.at), "statement.wrong_digest")
		refusedAs(t, w.Endorse(w.ctx, w.towns[1].second.Actor, w.signature(w.towns[1].second, ailleurs.ToAttest, call, digest), w.at), ailleurs.NotFound, "case.unknown")
		refused(t, w.Check(w.ctx, w.checker[0].Actor, w.signature(w.checker[0], ailleurs.ToCheck, call, digest), w.at), "case.not_now")

		w.ok(w.Endorse(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToAttest, call, digest), w.at))
		w.state(f, ailleurs.Endorsing)
		refusedAs(t, w.Endorse(w.ctx, o.second.Actor, w.signature(o.second, ailleurs.ToAttest, call, digest), w.at), ailleurs.Conflict, "statement.already_signed")
		if v := w.view(o.signatory, f); len(held(v.Sealed)) != 1 || !held(v.Sealed)[ailleurs.Need] || v.Tasks[0] != "sign" {
			t.Errorf("the signatory sees %v and is asked to %v", held(v.Sealed), v.Tasks)
		}
		w.ok(w.Endorse(w.ctx, o.signatory.Actor, w.signature(o.signatory, ailleurs.ToCall, call, digest), w.at))
		w.state(f, ailleurs.Checking)
		for _, c := range w.checker {
			if h := held(w.view(c, f).Sealed); len(h) != 2 || !h[ailleurs.Need] || !h[ailleurs.Limits] {
				t.Errorf("a coordinator checks with %v, want need and limits", h)
			}
		}
		w.verified()
	})
}

// One person in two parts is one person: a deputy of the second cannot be the signatory too.
func TestOneDeputyDoesNotSignTwice(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.submitted(ailleurs.Normal, w.towns[1:6])
	o := f.origin
	deputy := w.deputise(&o.second, ailleurs.Caseworker)
	w.write(func(tx *store.Tx) {
		w.ok(tx.Set("agent", o.signatory.Agent, store.Changes{"deputy_id": deputy.Agent, "absent_from": w.at, "absent_until": w.at.AddDate(0, 0, 5)}))
	})
	call, digest := string(f.sheet.Call), f.sheet.Digest()
	w.ok(w.Endorse(w.ctx, deputy.Actor, w.signature(deputy, ailleurs.ToAttest, call, digest), w.at))
	refusedAs(t, w.Endorse(w.ctx, deputy.Actor, w.signature(deputy, ailleurs.ToCall, call, digest), w.at), ailleurs.Forbidden, "statement.two_people")
	w.state(f, ailleurs.Endorsing)
}

// deputise makes an agent absent for five days, with a new colleague in their place.
func (w *world) deputise(who *hand, role ailleurs.Role) hand {
	var deputy hand
	w.write(func(tx *store.Tx) {
		deputy = w.newAgent(tx, who.Member, role)
		w.ok(tx.Set("agent", who.Agent, store.Changes{"deputy_id": deputy.Agent, "absent_from": w.at, "absent_until": w.at.AddDate(0, 0, 5)}))
	})
	return deputy
}

func TestSentBackCallLeavesNothingBehind(t *testing.T) {
	w := onSQLite(t, 6)
	back := ailleurs.OnCase{Once: once()}
	for _, c := range []struct {
		name string
		f    *file
		by   hand
	}{
		{"by the second", w.submitted(ailleurs.Normal, w.towns[1:6]), w.towns[0].second},
		{"by the signatory", w.submitted(ailleurs.Normal, w.towns[1:6]), w.towns[0].signatory},
		{"by a coordinator", w.endorsed(ailleurs.Normal, w.towns[1:6]), w.checker[1]},
		{"afterwards, when imminent", w.endorsed(ailleurs.Imminent, w.towns[1:6]), w.checker[1]},
	} {
		t.Run(c.name, func(t *testing.T) {
			back.Once, back.Case = once(), c.f.id
			w.ok(w.SendBack(w.ctx, c.by.Actor, back, w.at))
			w.state(c.f, ailleurs.Draft)
			if n := w.count("SELECT count(*) FROM envelope WHERE case_id = $1 AND destroyed_at IS NULL", c.f.id); n != 7 {
				t.Errorf("%d envelopes are left, want the 7 of the draft", n)
			}
			w.submit(c.f, w.call(c.f, ailleurs.Normal, w.towns[1:6]))
			w.state(c.f, ailleurs.Endorsing)
		})
	}
	f := w.endorsed(ailleurs.Normal, w.towns[1:6])
	back.Once, back.Case = once(), f.id
	refusedAs(t, w.SendBack(w.ctx, w.towns[0].lead.Actor, back, w.at), ailleurs.Forbidden, "case.not_your_part")
	w.verified()
}

func TestAddresseesGetNothingBeforeTheCheck(t *testing.T) {
	eachWorld(t, 7, func(t *testing.T, w *world) {
		f := w.endorsed(ailleurs.Normal, w.towns[1:6], w.towns[6:7])
		if n := w.count("SELECT count(*) FROM thread"); n != 0 {
			t.Errorf("%d threads before the check", n)
		}
		if n := w.count("SELECT count(*) FROM inbox WHERE agent_id = $1", w.towns[1].lead.Agent); n != 0 {
			t.Error("an addressee's inbox shows a call that nobody has checked")
		}
		w.pass(0)
		if w.notices[w.towns[1].lead.Agent] != 0 {
			t.Error("an addressee was told of a call that nobody has checked")
		}
		w.ok(w.Check(w.ctx, w.checker[1].Actor, w.signature(w.checker[1], ailleurs.ToCheck, string(f.sheet.Call), f.sheet.Digest()), w.at))
		w.pass(0)
		for _, a := range []hand{w.towns[1].lead, w.towns[1].second, w.towns[1].signatory} {
			if w.notices[a.Agent] != 1 {
				t.Errorf("%d notices to an addressee, want 1", w.notices[a.Agent])
			}
		}
		if w.notices[w.towns[6].lead.Agent] != 0 {
			t.Error("the second ring was told with the first")
		}
		v := w.read(f, w.towns[1])
		if h := held(v.Sealed); len(h) != 1 || !h[ailleurs.Need] {
			t.Errorf("an addressee holds %v, want need alone", h)
		}
		w.verified()
	})
}

func TestImminentCallGoesOutWithTwoSignaturesAndIsCheckedAfterwards(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.endorsed(ailleurs.Imminent, w.towns[1:6])
	w.state(f, ailleurs.Calling)
	v := w.read(f, w.towns[1])
	if want := w.at.Add(24 * time.Hour); !v.Deadline.Equal(want) {
		t.Errorf("an imminent call is due at %v, want %v", v.Deadline, want)
	}
	if w.view(w.checker[0], f).Tasks[0] != "check" {
		t.Error("nobody is asked to check afterwards")
	}
	w.ok(w.Check(w.ctx, w.checker[0].Actor, w.signature(w.checker[0], ailleurs.ToCheck, string(f.sheet.Call), f.sheet.Digest()), w.at))
	w.state(f, ailleurs.Calling)
	if tasks := w.view(w.checker[1], f).Tasks; len(tasks) != 0 {
		t.Errorf("after the check a coordinator has %v to do", tasks)
	}
}

func TestCallCanBeRecalledUntilFirstRead(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	id := w.threadOf(f, w.towns[1])
	w.ok(w.Recall(w.ctx, f.origin.lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
	w.state(f, ailleurs.Draft)
	v, err := w.Thread(w.ctx, w.towns[1].lead.Actor, id, w.at)
	w.ok(err)
	if v.State != ailleurs.Recalled || len(v.Sealed.Envelopes) != 0 {
		t.Errorf("after a recall the addressee finds %s and %v", v.State, held(v.Sealed))
	}
	w.submit(f, w.call(f, ailleurs.Normal, w.towns[1:6]))
	w.endorse(f)
	w.ok(w.Check(w.ctx, w.checker[0].Actor, w.signature(w.checker[0], ailleurs.ToCheck, string(f.sheet.Call), f.sheet.Digest()), w.at))
	w.read(f, w.towns[3])
	refusedAs(t, w.Recall(w.ctx, f.origin.lead.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at), ailleurs.Conflict, "call.read_already")
	w.verified()
}
