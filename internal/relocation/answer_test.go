package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func TestThirdMemberLearnsNothing(t *testing.T) {
	eachWorld(t, 8, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6], w.towns[6:7])
		id := w.threadOf(f, w.towns[1])
		w.proposes(f, w.towns[1])
		s := ailleurs.AnswerSheet{Case: f.id, Thread: id, Round: 1, Kind: ailleurs.Decline, Coarse: ailleurs.NoJob, Body: sum(nil), At: w.at}
		for name, who := range map[string]hand{
			"another addressee": w.towns[2].lead, "one of the next ring": w.towns[6].lead, "a stranger": w.towns[7].lead, "the origin": f.origin.lead,
			"a coordinator": w.checker[0],
		} {
			t.Run(name, func(t *testing.T) {
				_, err := w.Thread(w.ctx, who.Actor, id, w.at)
				refusedAs(t, err, ailleurs.NotFound, "case.unknown")
				refusedAs(t, w.Study(w.ctx, who.Actor, ailleurs.Study{Once: once(), Thread: id, Until: "2026-11-25"}, w.at), ailleurs.NotFound, "case.unknown")
				refusedAs(t, w.Answer(w.ctx, who.Actor, ailleurs.PostAnswer{Once: once(), Sheet: s}, w.at), ailleurs.NotFound, "case.unknown")
				refusedAs(t, w.TakeBack(w.ctx, who.Actor, ailleurs.TakeBack{Once: once(), Thread: id, Reason: ailleurs.NoJob}, w.at), ailleurs.NotFound, "case.unknown")
				refusedAs(t, w.Welcome(w.ctx, who.Actor, ailleurs.Welcome{Once: once(), Thread: id}, w.at), ailleurs.NotFound, "case.unknown")
			})
		}
		for _, who := range []hand{w.towns[1].lead, w.towns[2].lead, w.towns[7].lead} {
			_, err := w.Case(w.ctx, who.Actor, f.id, w.at)
			refusedAs(t, err, ailleurs.NotFound, "case.unknown")
		}
		v := w.read(f, w.towns[2])
		if len(v.Answers) != 0 || len(v.Holds) != 0 {
			t.Errorf("another addressee sees %d answers and %d holds", len(v.Answers), len(v.Holds))
		}
		if h := held(v.Sealed); len(h) != 1 || !h[ailleurs.Need] {
			t.Errorf("another addressee holds %v", h)
		}
		w.verified()
	})
}

func TestSignatorySeesTheCardOnlyWhenAskedToSign(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	host := w.towns[1]
	look := func() map[ailleurs.Compartment]bool {
		v, err := w.Thread(w.ctx, host.signatory.Actor, w.threadOf(f, host), w.at)
		w.ok(err)
		return held(v.Sealed)
	}
	if h := look(); len(h) != 0 {
		t.Errorf("before any proposal the élu holds %v", h)
	}
	if s := w.threadState(f, host); s != ailleurs.Sent {
		t.Errorf("an élu's look made the thread %s", s)
	}
	w.read(f, host)
	in := w.answer(f, host, ailleurs.Propose, nil)
	w.ok(w.Answer(w.ctx, host.lead.Actor, in, w.at))
	if h := look(); len(h) != 2 || !h[ailleurs.Need] || !h[ailleurs.Answer] {
		t.Errorf("asked to sign, the élu holds %v, want need and answer", h)
	}
	if v := w.view(f.origin.lead, f); v.Threads[0].Answer != nil && v.Threads[0].Member == host.id {
		t.Error("the origin sees an answer that the élu has not signed")
	}
	w.offers(f, host, in.Sheet)
	if h := look(); len(h) != 0 {
		t.Errorf("after signing the élu holds %v", h)
	}
	if s := w.threadState(f, host); s != ailleurs.Proposed {
		t.Errorf("signed, the thread is %s", s)
	}
}

func TestOneAnswerPerThreadAndRound(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		host, other := w.towns[1], w.towns[2]
		unread := w.answer(f, host, ailleurs.Decline, nil)
		refusedAs(t, w.Answer(w.ctx, host.lead.Actor, unread, w.at), ailleurs.Conflict, "answer.not_read")
		w.read(f, host)
		w.ok(w.Answer(w.ctx, host.lead.Actor, unread, w.at))
		second := w.answer(f, host, ailleurs.Propose, nil)
		refusedAs(t, w.Answer(w.ctx, host.lead.Actor, second, w.at), ailleurs.Conflict, "answer.already")
		w.ok(w.Answer(w.ctx, host.lead.Actor, unread, w.at)) // the first one sent again
		w.read(f, other)
		w.ok(w.Answer(w.ctx, other.lead.Actor, w.answer(f, other, ailleurs.Propose, nil), w.at))
		refusedAs(t, w.Answer(w.ctx, other.lead.Actor, w.answer(f, other, ailleurs.Counter, nil), w.at), ailleurs.Conflict, "answer.already")
		if n := w.count("SELECT count(*) FROM answer"); n != 2 {
			t.Errorf("%d answers, want 2", n)
		}
		w.verified()
	})
}

func TestAnswerWithAnyFaultIsRefused(t *testing.T) {
	w := onSQLite(t, 7)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	host := w.towns[1]
	w.read(f, host)
	foreign := w.place(w.towns[6], ailleurs.HomeOffer)
	job := w.place(host, ailleurs.JobOffer)
	gone, err := w.PublishOffer(w.ctx, host.lead.Actor, ailleurs.PostOffer{Once: once(), Offer: offer(ailleurs.HomeOffer, 1)}, w.at)
	w.ok(err)
	withdrawn, err := w.Offer(w.ctx, host.lead.Actor, gone, w.at)
	w.ok(err)
	w.ok(w.WithdrawOffer(w.ctx, host.lead.Actor, ailleurs.OnOffer{Once: once(), Offer: gone}, w.at))
	for name, c := range map[string]struct {
		kind   ailleurs.AnswerKind
		change func(*ailleurs.AnswerSheet)
		key    string
	}{
		"a place of another member": {ailleurs.Propose, func(s *ailleurs.AnswerSheet) { s.Home = foreign }, "answer.place_unknown"},
		"a place of nobody":         {ailleurs.Propose, func(s *ailleurs.AnswerSheet) { s.Home = ailleurs.NewID[ailleurs.PlaceID]() }, "answer.place_unknown"},
		"a job for a home":          {ailleurs.Propose, func(s *ailleurs.AnswerSheet) { s.Home = job }, "answer.place_kind"},
		"a withdrawn offer":         {ailleurs.Counter, func(s *ailleurs.AnswerSheet) { s.Home = withdrawn.Places[0] }, "answer.offer_not_live"},
		"no home":                   {ailleurs.Propose, func(s *ailleurs.AnswerSheet) { s.Home = "" }, "answer.home_missing"},
		"a job twice":               {ailleurs.Propose, func(s *ailleurs.AnswerSheet) { s.Jobs = append(s.Jobs, s.Jobs[0]) }, "answer.place_twice"},
		"a place with a no":         {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Home = job }, "answer.places_not_asked"},
		"a no without reason":       {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Coarse = "" }, "answer.reason_missing"},
		"local risk in clear":       {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Coarse = ailleurs.LocalRisk }, "answer.local_risk_is_sealed"},
		"an unknown kind":           {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Kind = "perhaps" }, "answer.unknown_kind"},
		"another round":             {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Round = 2 }, "answer.wrong_round"},
		"another case":              {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Case = ailleurs.NewID[ailleurs.CaseID]() }, "sealed.wrong_case"},
		"another body":              {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Body = sum(nil) }, "answer.body_missing"},
		"an answer of yesterday":    {ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.At = w.at.AddDate(0, 0, -1) }, "statement.stale"},
	} {
		t.Run(name, func(t *testing.T) {
			forget := folderKey(ailleurs.Answer, w.threadOf(f, host))
			delete(f.epochs, forget)
			delete(f.heads, forget)
			refused(t, w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, c.kind, c.change), w.at), c.key)
		})
	}
	if n := w.count("SELECT count(*) FROM answer") + w.count("SELECT count(*) FROM hold") + w.count("SELECT count(*) FROM body WHERE compartment = 'answer'"); n != 0 {
		t.Errorf("%d rows of refused answers are left", n)
	}
	w.verified()
}

func TestAnswerAfterTheDeadlineHasItsOwnRefusal(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Urgent, w.towns[1:6])
		for _, town := range w.towns[1:6] {
			w.read(f, town)
		}
		host := w.towns[1]
		w.at = w.at.Add(48 * time.Hour) // on the instant, before any job has run
		refusedAs(t, w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, ailleurs.Decline, nil), w.at), ailleurs.Conflict, "answer.too_late")
		w.pass(0)
		if s := w.threadState(f, host); s != ailleurs.Lapsed {
			t.Errorf("after the deadline the thread is %s", s)
		}
		w.state(f, ailleurs.Expired)
		refusedAs(t, w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, ailleurs.Decline, nil), w.at), ailleurs.Conflict, "answer.too_late")
		w.verified()
	})
}

func TestStudyingNamesADayWithinTheDeadline(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	host := w.towns[1]
	id := w.threadOf(f, host)
	study := func(day ailleurs.Date) error {
		return w.Study(w.ctx, host.lead.Actor, ailleurs.Study{Once: once(), Thread: id, Until: day}, w.at)
	}
	refused(t, study("2026-11-30"), "answer.not_read")
	w.read(f, host)
	refusedAt(t, study("2026-11-22"), "thread.study_out_of_time", "until")
	refusedAt(t, study("2026-12-08"), "thread.study_out_of_time", "until")
	refusedAt(t, study("2026-02-30"), "date.impossible", "until")
	w.ok(study("2026-12-07")) // ten working days after Monday 23 November
	if s := w.threadState(f, host); s != ailleurs.Studying {
		t.Errorf("the thread is %s", s)
	}
}

func TestTakenBackProposalFreesItsPlacesAndOpensOneMoreRound(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		host := w.towns[1]
		s := w.proposes(f, host)
		take := ailleurs.TakeBack{Once: once(), Thread: s.Thread}
		refusedAt(t, w.TakeBack(w.ctx, host.lead.Actor, take, w.at), "answer.reason_missing", "reason")
		take.Reason = ailleurs.NoHousing
		w.ok(w.TakeBack(w.ctx, host.lead.Actor, take, w.at))
		if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 0 {
			t.Errorf("%d places are still held", n)
		}
		take.Once = once()
		refused(t, w.TakeBack(w.ctx, host.lead.Actor, take, w.at), "answer.nothing_to_take_back")
		in := w.answer(f, host, ailleurs.Counter, nil)
		if in.Sheet.Round != 2 {
			t.Fatalf("the next round is %d", in.Sheet.Round)
		}
		w.ok(w.Answer(w.ctx, host.lead.Actor, in, w.at))
		w.offers(f, host, in.Sheet)
		if st := w.threadState(f, host); st != ailleurs.Countered {
			t.Errorf("the thread is %s", st)
		}
		for _, town := range w.towns[2:6] {
			w.declines(f, town)
		}
		w.retain(f, in.Sheet)
		take.Once = once()
		refusedAs(t, w.TakeBack(w.ctx, host.lead.Actor, take, w.at), ailleurs.Conflict, "answer.first_yes_given")
		w.verified()
	})
}

func TestCardNotEnoughAsksOneQuestion(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	host := w.towns[1]
	asks := func(s *ailleurs.AnswerSheet) { s.Coarse = ailleurs.CardNotEnough }
	for _, town := range w.towns[2:6] {
		w.declines(f, town)
	}
	w.read(f, host)
	w.ok(w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, ailleurs.Decline, asks), w.at))
	w.state(f, ailleurs.Calling) // a question is no end
	v := w.view(f.origin.lead, f)
	if v.Tasks[0] != "reply" {
		t.Errorf("the origin has %v to do, want reply", v.Tasks)
	}
	id := w.threadOf(f, host)
	reply := ailleurs.Reply{Once: once(), Thread: id, Sealed: ailleurs.Sealed{Bodies: []ailleurs.SealedBody{f.body(f.origin.lead, ailleurs.Answer, id)}}}
	refusedAs(t, w.Reply(w.ctx, host.lead.Actor, reply, w.at), ailleurs.Forbidden, "case.not_your_part")
	w.ok(w.Reply(w.ctx, f.origin.lead.Actor, reply, w.at))
	seen := w.read(f, host)
	if seen.State != ailleurs.Studying || seen.Round != 2 {
		t.Errorf("after the reply the thread is %s in round %d", seen.State, seen.Round)
	}
	got := false
	for _, b := range seen.Sealed.Bodies {
		got = got || b.Hash == reply.Bodies[0].Hash
	}
	if !got {
		t.Error("the addressee is not handed the reply")
	}
	refusedAt(t, w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, ailleurs.Decline, asks), w.at), "answer.one_question", "coarse")
	f.heads[folderKey(ailleurs.Answer, id)] = reply.Bodies[0]
	w.ok(w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, ailleurs.Propose, nil), w.at))
	reply.Once = once()
	refused(t, w.Reply(w.ctx, f.origin.lead.Actor, reply, w.at), "answer.no_question")
	w.verified()
}

func TestUnansweredQuestionDoesNotHoldTheCallForEver(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Normal, w.towns[1:6])
	host := w.towns[1]
	w.read(f, host)
	w.ok(w.Answer(w.ctx, host.lead.Actor, w.answer(f, host, ailleurs.Decline, func(s *ailleurs.AnswerSheet) { s.Coarse = ailleurs.CardNotEnough }), w.at))
	w.pass(30 * 24 * time.Hour)
	w.state(f, ailleurs.Expired)
	w.verified()
}

func TestPlaceIsHeldForACaseAtMost(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.calling(ailleurs.Urgent, w.towns[1:6])
	s := w.proposes(f, w.towns[1])
	if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 2 {
		t.Fatalf("%d places held, want a home and a job", n)
	}
	f2 := w.calling(ailleurs.Urgent, w.towns[1:6])
	w.read(f2, w.towns[1])
	taken := w.answer(f2, w.towns[1], ailleurs.Propose, func(a *ailleurs.AnswerSheet) { a.Home = s.Home })
	refusedAs(t, w.Answer(w.ctx, w.towns[1].lead.Actor, taken, w.at), ailleurs.Conflict, "answer.place_taken")
	w.pass(73 * time.Hour)
	if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 0 {
		t.Errorf("%d places are held for longer than 72 hours", n)
	}
	w.verified()
}
