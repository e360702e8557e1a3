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

type callRow struct {
	ID     ailleurs.CallID  `db:"id"`
	Case   ailleurs.CaseID  `db:"case_id"`
	Round  int              `db:"round"`
	Sheet  string           `db:"sheet"`
	Digest string           `db:"digest"`
	By     ailleurs.AgentID `db:"by_id"`
	At     time.Time        `db:"at"`
	Ended  time.Time        `db:"ended_at"`
}

const selectCall = "SELECT id, case_id, round, sheet, digest, by_id, at, ended_at FROM call "

func (r callRow) sheet() (ailleurs.CallSheet, error) {
	var s ailleurs.CallSheet
	if err := json.Unmarshal([]byte(r.Sheet), &s); err != nil {
		return s, fmt.Errorf("relocation: sheet of a call: %w", err)
	}
	return s, nil
}

// call reads the call under way.
func (u *unit) call() (callRow, ailleurs.CallSheet, error) {
	r, err := store.One[callRow](u.tx, selectCall+"WHERE id = $1", u.c.Call)
	if err != nil {
		return r, ailleurs.CallSheet{}, err
	}
	s, err := r.sheet()
	return r, s, err
}

// Submit sends a draft to be endorsed: everything that the hub can check is checked here, and every envelope that any ring
// will need is handed in here.
func (e *Exchange) Submit(ctx context.Context, by ailleurs.Actor, in ailleurs.SubmitCall, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Sheet.Case), func(u *unit) error { return u.submit(in) })
}

func (u *unit) submit(in ailleurs.SubmitCall) error {
	from, err := u.as(ailleurs.OriginLead)
	if err != nil {
		return err
	}
	if err := u.in(ailleurs.Draft); err != nil {
		return err
	}
	if f, err := u.fellow(u.c.Member); err != nil {
		return err
	} else if !f.active() {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "member.not_active", "")
	}
	s := in.Sheet
	if err := s.Validate(u.c.Member); err != nil {
		return err
	}
	switch {
	case s.Round != u.c.Round+1:
		return ailleurs.RefuseAs(ailleurs.Conflict, "call.bad_round", "round", "expected", fmt.Sprint(u.c.Round+1))
	case s.CreatedAt.Before(u.at.Add(-ailleurs.StatementSkew)) || s.CreatedAt.After(u.at.Add(ailleurs.StatementSkew)):
		return ailleurs.Refuse("call.stale", "created_at")
	case u.c.Fled && s.Speed == ailleurs.Normal:
		return ailleurs.Refuse("call.compromised_is_urgent", "speed")
	}
	need, err := u.lastBody(ailleurs.Need, "")
	if err != nil {
		return err
	}
	if s.NeedHead != need {
		return ailleurs.RefuseAs(ailleurs.Conflict, "call.card_changed", "need_head")
	}
	for i, c := range s.Checkers {
		if u.c.rules().PartOf(c) != "" && c != u.c.Checker1 && c != u.c.Checker2 {
			return ailleurs.Refuse("call.checker_in_case", fmt.Sprintf("checkers[%d]", i))
		}
		if err := holdsRole(u.tx, c, "", ailleurs.Coordinator, fmt.Sprintf("checkers[%d]", i)); err != nil {
			return err
		}
	}
	called, err := u.ringReaders(s)
	if err != nil {
		return err
	}
	u.c.Call, u.c.Round, u.c.Ring, u.c.Speed = s.Call, s.Round, 0, s.Speed
	u.c.Checker1, u.c.Checker2 = s.Checkers[0], s.Checkers[1]
	u.c.Retained = ""

	checkers := []reader{{part: ailleurs.Checker, agent: u.c.Checker1}, {part: ailleurs.Checker, agent: u.c.Checker2}}
	if err := complete(in.Sealed, ailleurs.Need, "", append(called, checkers...)...); err != nil {
		return err
	}
	if err := complete(in.Sealed, ailleurs.Need, "", reader{part: ailleurs.OriginSignatory, agent: u.c.Signatory}); err != nil {
		return err
	}
	if err := complete(in.Sealed, ailleurs.Limits, "", checkers...); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("relocation: sheet: %w", err)
	}
	err = u.tx.Insert("call", callRow{ID: s.Call, Case: u.c.ID, Round: s.Round, Sheet: string(text), Digest: s.Digest(), By: u.by.Agent, At: u.at})
	if errors.Is(err, store.ErrTaken) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "call.exists", "call")
	}
	if err != nil {
		return err
	}
	if err := u.sign(in.Signed, ailleurs.ToAttest, string(s.Call), s.Digest(), from.part); err != nil {
		return err
	}
	circle, err := u.circle()
	if err != nil {
		return err
	}
	if err := u.take(in.Sealed, from, append(circle, called...)); err != nil {
		return err
	}
	if err := u.move(ailleurs.Endorsing, from.part); err != nil {
		return err
	}
	u.notify(u.c.Second, u.c.Signatory)
	u.say("call.submitted", string(s.Call), submitted{s.Digest(), s.NeedHead})
	return nil
}

type submitted struct {
	Digest string `json:"digest"`
	Need   string `json:"need"`
}

// ringReaders checks every addressee and returns whom the card must be sealed to.
func (u *unit) ringReaders(s ailleurs.CallSheet) ([]reader, error) {
	if err := u.fellows(s.Addressees()...); err != nil {
		return nil, err
	}
	know, err := u.know()
	if err != nil {
		return nil, err
	}
	var out []reader
	for i, ring := range s.Rings {
		for j, id := range ring {
			at := fmt.Sprintf("rings[%d][%d]", i, j)
			f, err := u.callable(s, know, id, at)
			if err != nil {
				return nil, err
			}
			out = append(out, called(f, i+1)...)
		}
	}
	return out, nil
}

// callable refuses a member that may not be called upon; at is its field.
func (u *unit) callable(s ailleurs.CallSheet, know []ailleurs.MemberID, id ailleurs.MemberID, at string) (fellow, error) {
	f, ok := u.members[id]
	switch {
	case !ok:
		return f, ailleurs.Refuse("call.unknown_member", at)
	case !f.active():
		return f, ailleurs.Refuse("call.member_not_active", at)
	case !f.team().Complete():
		return f, ailleurs.Refuse("call.team_incomplete", at)
	case slices.Contains(know, id):
		return f, ailleurs.Refuse("call.knows_already", at)
	}
	c := u.c.rules()
	for _, a := range []ailleurs.AgentID{f.Lead, f.Second, f.Signatory} {
		if c.PartOf(a) != "" || a == s.Checkers[0] || a == s.Checkers[1] {
			return f, ailleurs.Refuse("call.same_people", at)
		}
	}
	return f, nil
}

// called are the three people of a member that a ring calls upon.
func called(f fellow, ring int) []reader {
	return []reader{
		{part: ailleurs.AddresseeLead, agent: f.Lead, member: f.ID, ring: ring},
		{part: ailleurs.AddresseeSecond, agent: f.Second, member: f.ID, ring: ring},
		{part: ailleurs.AddresseeSignatory, agent: f.Signatory, member: f.ID, ring: ring},
	}
}

// ofCall is a find for decide when a signed note is about a call.
func ofCall(signed []byte) func(*store.Tx) (ailleurs.CaseID, error) {
	return func(tx *store.Tx) (ailleurs.CaseID, error) {
		s, err := claimed(signed)
		if err != nil {
			return "", err
		}
		c, err := store.One[ailleurs.CaseID](tx, "SELECT case_id FROM call WHERE id = $1", s.Subject)
		if errors.Is(err, store.ErrNotFound) {
			return "", errUnknown
		}
		return c, err
	}
}

// Endorse takes the second's attestations or the signatory's interpellation. With both the case goes to the coordination;
// an imminent one opens its first ring, and the coordination checks afterwards.
func (e *Exchange) Endorse(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofCall(in.Signed), func(u *unit) error { return u.endorse(in) })
}

func (u *unit) endorse(in ailleurs.Signature) error {
	said, err := claimed(in.Signed)
	if err != nil {
		return err
	}
	purpose, kind, part := ailleurs.ToAttest, "call.attested", ailleurs.OriginSecond
	if said.Purpose == ailleurs.ToCall {
		purpose, kind, part = ailleurs.ToCall, "call.signed", ailleurs.OriginSignatory
	}
	from, err := u.as(part)
	if err != nil {
		return err
	}
	if err := u.in(ailleurs.Endorsing); err != nil {
		return err
	}
	call, sheet, err := u.call()
	if err != nil {
		return err
	}
	if said.Subject != string(call.ID) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "call.not_the_last", "signed")
	}
	if err := u.sign(in.Signed, purpose, string(call.ID), call.Digest, from.part); err != nil {
		return err
	}
	u.say(kind, string(call.ID), nil)
	attested, err := u.signers(ailleurs.ToAttest, string(call.ID), call.Digest)
	if err != nil {
		return err
	}
	signed, err := u.signers(ailleurs.ToCall, string(call.ID), call.Digest)
	if err != nil {
		return err
	}
	lead, second, signatory := attested[ailleurs.OriginLead], attested[ailleurs.OriginSecond], signed[ailleurs.OriginSignatory]
	if err := distinct(lead, second, signatory); err != nil {
		return err
	}
	if second == "" || signatory == "" {
		return nil
	}
	u.notify(u.c.Checker1, u.c.Checker2, u.c.Lead)
	if u.c.Speed != ailleurs.Imminent {
		return u.move(ailleurs.Checking, from.part)
	}
	if err := u.move(ailleurs.Calling, from.part); err != nil {
		return err
	}
	return u.openRing(sheet, 1)
}

// Check takes a coordinator's signature that the card is fit to circulate, and opens the first ring; for an imminent case,
// whose ring is open, it says so afterwards.
func (e *Exchange) Check(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofCall(in.Signed), func(u *unit) error {
		from, err := u.as(ailleurs.Checker)
		if err != nil {
			return err
		}
		if u.c.Speed == ailleurs.Imminent {
			err = u.in(ailleurs.Checking, ailleurs.Calling)
		} else {
			err = u.in(ailleurs.Checking)
		}
		if err != nil {
			return err
		}
		call, sheet, err := u.call()
		if err != nil {
			return err
		}
		if err := u.sign(in.Signed, ailleurs.ToCheck, string(call.ID), call.Digest, from.part); err != nil {
			return err
		}
		u.say("call.checked", string(call.ID), nil)
		if u.c.State == ailleurs.Calling {
			return nil
		}
		if err := u.move(ailleurs.Calling, from.part); err != nil {
			return err
		}
		u.notify(u.c.Lead, u.c.Second)
		return u.openRing(sheet, 1)
	})
}

// SendBack returns a case to its draft: while it is endorsed, by one of the two who sign or the lead; while it is checked,
// by a coordinator, who may also do so to an imminent case that nobody has checked yet.
func (e *Exchange) SendBack(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory, ailleurs.Checker)
		if err != nil {
			return err
		}
		switch u.c.State {
		case ailleurs.Endorsing:
		case ailleurs.Checking:
			if from.part != ailleurs.Checker {
				return ailleurs.RefuseAs(ailleurs.Forbidden, "case.not_your_part", "")
			}
		case ailleurs.Calling:
			checked, err := u.checked()
			if err != nil {
				return err
			}
			if from.part != ailleurs.Checker || checked {
				return u.in(ailleurs.Endorsing, ailleurs.Checking)
			}
		default:
			return u.in(ailleurs.Endorsing, ailleurs.Checking)
		}
		u.notify(u.c.Lead)
		u.say("call.sent_back", string(u.c.Call), nil)
		return u.toDraft(from.part, ailleurs.Released)
	})
}

// checked reports whether a coordinator has signed the call.
func (u *unit) checked() (bool, error) {
	call, _, err := u.call()
	if err != nil {
		return false, err
	}
	by, err := u.signers(ailleurs.ToCheck, string(call.ID), call.Digest)
	return len(by) > 0, err
}

// Recall takes a call back that was sent by mistake, until one of its addressees has read it.
func (e *Exchange) Recall(ctx context.Context, by ailleurs.Actor, in ailleurs.OnCase, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Calling); err != nil {
			return err
		}
		threads, err := u.all()
		if err != nil {
			return err
		}
		for _, t := range threads {
			if t.State != ailleurs.Sent {
				return ailleurs.RefuseAs(ailleurs.Conflict, "call.read_already", "")
			}
		}
		u.say("call.recalled", string(u.c.Call), nil)
		return u.toDraft(from.part, ailleurs.Recalled)
	})
}

// toDraft ends the call: its threads, its holds, and every envelope that was made for it.
func (u *unit) toDraft(by ailleurs.Part, threads ailleurs.ThreadState) error {
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, t := range all {
		end := threads
		if end == ailleurs.Recalled && t.State != ailleurs.Sent {
			end = ailleurs.Released
		}
		if t.State.CanBecome(end) {
			if err := u.end(t, end); err != nil {
				return err
			}
		}
	}
	if err := u.destroy("call_id = $1", u.c.Call); err != nil {
		return err
	}
	if err := u.tx.Set("call", u.c.Call, store.Changes{"ended_at": u.at}); err != nil {
		return err
	}
	u.c.Checker1, u.c.Checker2, u.c.Ring = "", "", 0
	return u.move(ailleurs.Draft, by)
}

// openRing opens the threads of ring n (1-based) of the call and starts their clocks: only from now on are their envelopes
// handed out. A member that left meanwhile is passed over.
func (u *unit) openRing(s ailleurs.CallSheet, n int) error {
	ring := s.Rings[n-1]
	if err := u.fellows(ring...); err != nil {
		return err
	}
	if _, err := u.all(); err != nil {
		return err
	}
	u.c.Ring, u.c.Deadline = n, time.Time{}
	for _, id := range ring {
		f := u.members[id]
		if !f.active() || !f.team().Complete() {
			continue
		}
		if err := u.openThread(f, n); err != nil {
			return err
		}
	}
	u.clock()
	if u.c.Deadline.IsZero() { // nobody left in this ring
		return u.settle()
	}
	return nil
}

// openThread opens the thread of one addressee and starts its clocks.
func (u *unit) openThread(f fellow, ring int) error {
	calendar, err := u.calendar(f.ID)
	if err != nil {
		return err
	}
	after := func(a ailleurs.Allowance) time.Time { return instant(ailleurs.Deadline(a, u.c.Speed, u.at, calendar)) }
	t := &thread{
		ID: ailleurs.NewID[ailleurs.ThreadID](), Call: u.c.Call, Case: u.c.ID, Member: f.ID, Ring: ring, State: ailleurs.Sent, Since: u.at,
		Round: 1, Lead: f.Lead, Second: f.Second, Signatory: f.Signatory, Opened: u.at, Deadline: after(ailleurs.CallingAllowance),
	}
	u.threads = append(u.threads, t)
	if t.Deadline.After(u.c.Deadline) {
		u.c.Deadline = t.Deadline
	}
	u.later(jobReminder, string(t.ID), "1", after(ailleurs.FirstReminder))
	u.later(jobReminder, string(t.ID), "signatory", after(ailleurs.SignatoryTold))
	u.later(jobReminder, string(t.ID), "2", after(ailleurs.SecondReminder))
	u.later(jobLapse, string(t.ID), "", t.Deadline)
	u.notify(f.Lead, f.Second, f.Signatory)
	return nil
}
