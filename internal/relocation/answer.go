package relocation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type answerRow struct {
	Thread  ailleurs.ThreadID      `db:"thread_id"`
	Round   int                    `db:"round"`
	Case    ailleurs.CaseID        `db:"case_id"`
	Kind    ailleurs.AnswerKind    `db:"kind"`
	Coarse  ailleurs.DeclineReason `db:"coarse,omitzero"`
	Sheet   string                 `db:"sheet"`
	Digest  string                 `db:"digest"`
	By      ailleurs.AgentID       `db:"by_id"`
	At      time.Time              `db:"at"`
	Offered time.Time              `db:"offered_at"`
	Taken   time.Time              `db:"taken_back"`
	Why     ailleurs.DeclineReason `db:"taken_why,omitzero"`
	Refused time.Time              `db:"refused_at"`
}

const selectAnswer = `SELECT thread_id, round, case_id, kind, coarse, sheet, digest, by_id, at, offered_at, taken_back, taken_why,
	refused_at FROM answer `

// line is the answer as views show it.
func (a answerRow) line() (AnswerLine, error) {
	out := AnswerLine{Digest: a.Digest, By: a.By, At: a.At, Offered: a.Offered, TakenOut: a.Taken}
	if err := json.Unmarshal([]byte(a.Sheet), &out.Sheet); err != nil {
		return out, fmt.Errorf("relocation: sheet of an answer: %w", err)
	}
	return out, nil
}

// awaitsSignatory reports whether a proposal or counter still waits for the élu.
func (a answerRow) awaitsSignatory() bool {
	return a.Kind.NeedsSignatory() && a.Offered.IsZero() && a.Taken.IsZero()
}

// answersOf are the answers that a thread gave, oldest first.
func (u *unit) answersOf(id ailleurs.ThreadID) ([]answerRow, error) {
	if u.answers == nil {
		rows, err := store.All[answerRow](u.tx, selectAnswer+"WHERE case_id = $1 ORDER BY round", u.c.ID)
		if err != nil {
			return nil, err
		}
		u.answers = make(map[ailleurs.ThreadID][]answerRow)
		for _, r := range rows {
			u.answers[r.Thread] = append(u.answers[r.Thread], r)
		}
	}
	return u.answers[id], nil
}

// answerOf is the answer of the thread's round; ok is false when there is none.
func (u *unit) answerOf(t *thread) (a answerRow, ok bool, err error) {
	all, err := u.answersOf(t.ID)
	if n := len(all); n > 0 && all[n-1].Round == t.Round {
		return all[n-1], true, nil
	}
	return answerRow{}, false, err
}

// setAnswer changes the answer of the thread's round.
func (u *unit) setAnswer(t *thread, changes store.Changes) error {
	u.answers = nil
	return u.tx.Set("answer", store.Key{t.ID, t.Round}, changes)
}

// Answer answers a call, once in each round. A decline or redirect counts at once; a proposal or counter holds its places
// and waits for the signatory.
func (e *Exchange) Answer(ctx context.Context, by ailleurs.Actor, in ailleurs.PostAnswer, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Sheet.Thread), func(u *unit) error { return u.answer(in) })
}

func (u *unit) answer(in ailleurs.PostAnswer) error {
	s := in.Sheet
	t, from, err := u.asAddressee(s.Thread, ailleurs.AddresseeLead, ailleurs.AddresseeSecond)
	if err != nil {
		return err
	}
	if err := u.tooLate(t); err != nil {
		return err
	}
	if err := s.Validate(); err != nil {
		return err
	}
	if _, answered, err := u.answerOf(t); err != nil {
		return err
	} else if answered {
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.already", "")
	}
	switch {
	case t.State == ailleurs.Sent:
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.not_read", "")
	case s.Case != u.c.ID:
		return ailleurs.Refuse("sealed.wrong_case", "case")
	case s.Round != t.Round:
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.wrong_round", "round", "expected", fmt.Sprint(t.Round))
	case s.At.Before(u.at.Add(-ailleurs.StatementSkew)) || s.At.After(u.at.Add(ailleurs.StatementSkew)):
		return ailleurs.Refuse("statement.stale", "at")
	case s.Kind == ailleurs.Decline && s.Coarse == ailleurs.CardNotEnough && !t.Replied.IsZero():
		return ailleurs.Refuse("answer.one_question", "coarse")
	}
	if err := u.answerSealed(in.Sealed, s, t); err != nil {
		return err
	}
	if err := u.sign(in.Signed, ailleurs.ToAnswer, string(t.ID), s.Digest(), from.part); err != nil {
		return err
	}
	circle := append(addressees(t),
		reader{part: ailleurs.OriginLead, agent: u.c.Lead}, reader{part: ailleurs.OriginSecond, agent: u.c.Second})
	if err := u.take(in.Sealed, from, circle); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("relocation: sheet: %w", err)
	}
	u.answers = nil
	err = u.tx.Insert("answer", answerRow{
		Thread: t.ID, Round: t.Round, Case: u.c.ID, Kind: s.Kind, Coarse: s.Coarse, Sheet: string(text), Digest: s.Digest(),
		By: u.by.Agent, At: u.at,
	})
	if errors.Is(err, store.ErrTaken) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "answer.already", "")
	}
	if err != nil {
		return err
	}
	u.say("answer.posted", string(t.ID), nil)
	if s.Kind.NeedsSignatory() {
		if err := u.holdPlaces(t, s); err != nil {
			return err
		}
		u.notify(t.Signatory)
		return u.become(t, ailleurs.Studying)
	}
	to, _ := s.Kind.State()
	if err := u.become(t, to); err != nil {
		return err
	}
	u.notify(u.c.Lead)
	return u.settle()
}

// answerSealed refuses an answer whose sealed half is not the one that its sheet names, or is not for all who read it.
func (u *unit) answerSealed(s ailleurs.Sealed, sheet ailleurs.AnswerSheet, t *thread) error {
	for i, k := range s.Keys {
		if k.Compartment != ailleurs.Answer || k.Thread != t.ID {
			return ailleurs.Refuse("sealed.wrong_thread", fmt.Sprintf("keys[%d].thread", i))
		}
	}
	named := false
	for i, b := range s.Bodies {
		if b.Compartment != ailleurs.Answer || b.Thread != t.ID {
			return ailleurs.Refuse("sealed.wrong_thread", fmt.Sprintf("bodies[%d].thread", i))
		}
		named = named || b.Hash == sheet.Body
	}
	for i, e := range s.Envelopes {
		if e.Compartment != ailleurs.Answer || e.Thread != t.ID {
			return ailleurs.Refuse("sealed.wrong_thread", fmt.Sprintf("envelopes[%d].thread", i))
		}
	}
	if !named {
		return ailleurs.Refuse("answer.body_missing", "bodies")
	}
	if len(s.Keys) == 0 { // a later round: the readers hold K already
		return nil
	}
	three := addressees(t)
	readers := []reader{
		three[0], three[1], {part: ailleurs.OriginLead, agent: u.c.Lead}, {part: ailleurs.OriginSecond, agent: u.c.Second},
	}
	if sheet.Kind.NeedsSignatory() {
		readers = append(readers, three[2])
	}
	return complete(s, ailleurs.Answer, t.ID, readers...)
}

// SignAnswer takes the élu's signature under a proposal or counter: from now on it counts, and the person may choose it.
func (e *Exchange) SignAnswer(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofClaimedThread(in.Signed), func(u *unit) error {
		said, err := claimed(in.Signed)
		if err != nil {
			return err
		}
		t, from, err := u.asAddressee(ailleurs.ThreadID(said.Subject), ailleurs.AddresseeSignatory)
		if err != nil {
			return err
		}
		if err := u.tooLate(t); err != nil {
			return err
		}
		a, ok, err := u.answerOf(t)
		if err != nil {
			return err
		}
		if !ok || !a.awaitsSignatory() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "answer.nothing_to_sign", "")
		}
		if err := u.sign(in.Signed, ailleurs.ToOffer, string(t.ID), a.Digest, from.part); err != nil {
			return err
		}
		if err := distinct(a.By, u.by.Agent); err != nil {
			return err
		}
		if err := u.setAnswer(t, store.Changes{"offered_at": u.at}); err != nil {
			return err
		}
		to, _ := a.Kind.State()
		if err := u.become(t, to); err != nil {
			return err
		}
		u.say("answer.offered", string(t.ID), nil)
		u.notify(u.c.Lead, u.c.Second, t.Lead, t.Second)
		if err := u.firstProposal(); err != nil {
			return err
		}
		return u.settle()
	})
}

// firstProposal starts the clock after which the choice opens, when this is the only proposal so far.
func (u *unit) firstProposal() error {
	if u.c.State != ailleurs.Calling {
		return nil
	}
	all, err := u.all()
	if err != nil {
		return err
	}
	n := 0
	for _, t := range all {
		if t.offers() {
			n++
		}
	}
	if n != 1 {
		return nil
	}
	calendar, err := u.calendar(u.c.Member)
	if err != nil {
		return err
	}
	u.later(jobChoose, string(u.c.ID), "", ailleurs.Deadline(ailleurs.ChoosingOpens, u.c.Speed, u.at, calendar))
	return nil
}

// ofClaimedThread is a find for decide when a signed note is about a thread.
func ofClaimedThread(signed []byte) func(*store.Tx) (ailleurs.CaseID, error) {
	return func(tx *store.Tx) (ailleurs.CaseID, error) {
		s, err := claimed(signed)
		if err != nil {
			return "", err
		}
		return ofThread(ailleurs.ThreadID(s.Subject))(tx)
	}
}

// TakeBack withdraws a proposal or counter, signed by the élu or not yet, before the person's first yes. Its places are
// free again and one more round opens until the thread's deadline.
func (e *Exchange) TakeBack(ctx context.Context, by ailleurs.Actor, in ailleurs.TakeBack, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Thread), func(u *unit) error {
		t, _, err := u.asAddressee(in.Thread, ailleurs.AddresseeLead, ailleurs.AddresseeSecond, ailleurs.AddresseeSignatory)
		if err != nil {
			return err
		}
		if !in.Reason.Valid() || in.Reason == ailleurs.LocalRisk {
			return ailleurs.Refuse("answer.reason_missing", "reason")
		}
		if err := u.in(ailleurs.Calling, ailleurs.Choosing); err != nil {
			return err
		}
		a, ok, err := u.answerOf(t)
		if err != nil {
			return err
		}
		switch {
		case u.c.Retained == t.ID:
			return ailleurs.RefuseAs(ailleurs.Conflict, "answer.first_yes_given", "")
		case !ok || !t.offers() && !(t.State == ailleurs.Studying && a.awaitsSignatory()):
			return ailleurs.RefuseAs(ailleurs.Conflict, "answer.nothing_to_take_back", "")
		}
		if err := u.setAnswer(t, store.Changes{"taken_back": u.at, "taken_why": in.Reason.Coarse()}); err != nil {
			return err
		}
		if err := u.freeHolds(t.ID); err != nil {
			return err
		}
		if err := u.become(t, ailleurs.Studying); err != nil {
			return err
		}
		t.Round++
		u.say("answer.taken_back", string(t.ID), nil)
		u.notify(u.c.Lead, t.Lead, t.Second)
		return u.noneLeft()
	})
}

// Reply answers the one question of an addressee for whom the card is not enough: the next body of the answer, and one
// more round until the thread's deadline, or for as long as a first reminder takes when that has passed.
func (e *Exchange) Reply(ctx context.Context, by ailleurs.Actor, in ailleurs.Reply, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Thread), func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Calling, ailleurs.Choosing); err != nil {
			return err
		}
		t, err := u.thread(in.Thread)
		if err != nil {
			return err
		}
		a, ok, err := u.answerOf(t)
		if err != nil {
			return err
		}
		if !ok || !a.asks() || t.State != ailleurs.Declined || !t.Replied.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "answer.no_question", "")
		}
		if len(in.Bodies) != 1 || len(in.Keys) > 0 || in.Bodies[0].Compartment != ailleurs.Answer || in.Bodies[0].Thread != t.ID {
			return ailleurs.Refuse("answer.body_missing", "bodies")
		}
		circle := append(addressees(t),
			reader{part: ailleurs.OriginLead, agent: u.c.Lead}, reader{part: ailleurs.OriginSecond, agent: u.c.Second})
		if err := u.take(in.Sealed, from, circle); err != nil {
			return err
		}
		calendar, err := u.calendar(t.Member)
		if err != nil {
			return err
		}
		if err := u.become(t, ailleurs.Studying); err != nil {
			return err
		}
		t.Replied = u.at
		t.Round++
		if least := instant(ailleurs.Deadline(ailleurs.FirstReminder, u.c.Speed, u.at, calendar)); t.Deadline.Before(least) {
			t.Deadline = least
			u.later(jobLapse, string(t.ID), "", t.Deadline)
		}
		u.say("answer.replied", string(t.ID), saved{Heads: []string{in.Bodies[0].Hash}})
		u.notify(t.Lead, t.Second)
		return nil
	})
}

// asks reports whether the answer is the question of a card that is not enough.
func (a answerRow) asks() bool {
	return a.Kind == ailleurs.Decline && a.Coarse == ailleurs.CardNotEnough
}

// settle moves a call on when nobody is left who could still answer: to the choice, or to a wider ring.
func (u *unit) settle() error {
	if u.c.State != ailleurs.Calling {
		return nil
	}
	all, err := u.all()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(t *thread) bool { return t.State.Open() }) {
		return nil
	}
	if slices.ContainsFunc(all, func(t *thread) bool { return t.offers() }) {
		return u.choose()
	}
	waits, err := u.awaitsOrigin(all)
	if err != nil || waits {
		return err
	}
	return u.widen()
}

// awaitsOrigin reports whether a question or a redirect waits for the origin while its thread could still run, or an
// addressee that a redirect named for the two who must agree.
func (u *unit) awaitsOrigin(all []*thread) (bool, error) {
	for _, t := range all {
		asks, err := u.question(t)
		if err != nil || asks || u.redirects(t) {
			return true, err
		}
	}
	pending, err := u.pendingAdditions()
	return len(pending) > 0, err
}

// question reports whether the addressee's one question waits for the origin's reply.
func (u *unit) question(t *thread) (bool, error) {
	if t.State != ailleurs.Declined || !t.Replied.IsZero() || !u.at.Before(t.Deadline) {
		return false, nil
	}
	a, ok, err := u.answerOf(t)
	return ok && a.asks(), err
}

// redirects reports whether the addressee has named another member and the origin has neither called upon it nor not.
func (u *unit) redirects(t *thread) bool {
	return t.State == ailleurs.Redirected && t.Replied.IsZero() && u.at.Before(t.Deadline)
}

// choose opens the choice. The coordination's key to the limits is destroyed: nobody else is called.
func (u *unit) choose() error {
	if err := u.move(ailleurs.Choosing, ailleurs.TheClock); err != nil {
		return err
	}
	u.notify(u.c.Lead, u.c.Second)
	return u.destroy("compartment = 'limits' AND part = $1", ailleurs.Checker)
}

// widen opens the next ring, or tells the origin that the call found nobody.
func (u *unit) widen() error {
	_, sheet, err := u.call()
	if err != nil {
		return err
	}
	if u.c.Ring < len(sheet.Rings) {
		u.notify(u.c.Lead)
		return u.openRing(sheet, u.c.Ring+1)
	}
	return u.expire()
}

// expire ends a call that found nobody. The origin keeps what it takes to reach the person until the call-back is over.
func (u *unit) expire() error {
	if err := u.move(ailleurs.Expired, ailleurs.TheClock); err != nil {
		return err
	}
	u.c.CallBack = ailleurs.Date(u.at.Add(ailleurs.CallBackAfter).In(coordination.Location()).Format(time.DateOnly))
	if err := u.endCall(); err != nil {
		return err
	}
	if err := u.destroy("NOT (compartment = 'person' AND part IN ($1, $2, $3, $4))",
		ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.HostLead, ailleurs.HostSecond); err != nil {
		return err
	}
	u.notify(u.c.Lead, u.c.Second)
	u.later(jobErase, string(u.c.ID), string(eraseAll), u.at.Add(ailleurs.ExpiredKept))
	return nil
}

// endCall ends every thread that is still alive, with the same words for all. The host's own ends with the case alone.
func (u *unit) endCall() error {
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, t := range all {
		if !t.State.CanBecome(ailleurs.Released) || t.State == ailleurs.Retained && !u.c.State.Ended() {
			continue
		}
		if err := u.end(t, ailleurs.Released); err != nil {
			return err
		}
		u.notify(t.Lead, t.Second)
	}
	if u.c.Call == "" {
		return nil
	}
	return u.tx.Set("call", u.c.Call, store.Changes{"ended_at": u.at})
}
