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

type additionRow struct {
	ID     string            `db:"id"`
	Case   ailleurs.CaseID   `db:"case_id"`
	Call   ailleurs.CallID   `db:"call_id"`
	After  ailleurs.ThreadID `db:"after_id"`
	Member ailleurs.MemberID `db:"member_id"`
	Sheet  string            `db:"sheet"`
	Digest string            `db:"digest"`
	By     ailleurs.AgentID  `db:"by_id"`
	At     time.Time         `db:"at"`
	Opened time.Time         `db:"opened_at"`
}

// additions are those of the call under way, oldest first.
func (u *unit) additions() ([]additionRow, error) {
	if u.c.Call == "" {
		return nil, nil
	}
	return store.All[additionRow](u.tx, `SELECT id, case_id, call_id, after_id, member_id, sheet, digest, by_id, at, opened_at FROM addition
		WHERE call_id = $1 ORDER BY at, id`, u.c.Call)
}

// pendingAdditions are those that still wait for a signature and for which the thread of whoever named the member has
// time left.
func (u *unit) pendingAdditions() ([]additionRow, error) {
	all, err := u.additions()
	if err != nil {
		return nil, err
	}
	var out []additionRow
	for _, a := range all {
		t, err := u.thread(a.After)
		if err != nil {
			return nil, err
		}
		if a.Opened.IsZero() && u.at.Before(t.Deadline) {
			out = append(out, a)
		}
	}
	return out, nil
}

// Add calls upon one more member that a redirect has named. Its thread opens once the second and a coordinator agree.
func (e *Exchange) Add(ctx context.Context, by ailleurs.Actor, in ailleurs.Add, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Sheet.Case), func(u *unit) error {
		from, err := u.as(ailleurs.OriginLead)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Calling); err != nil {
			return err
		}
		if err := in.Sheet.Validate(u.c.Member); err != nil {
			return err
		}
		call, sheet, err := u.call()
		if err != nil {
			return err
		}
		t, err := u.thread(in.Sheet.After)
		if err != nil {
			return err
		}
		all, err := u.all()
		if err != nil {
			return err
		}
		switch {
		case in.Sheet.Call != call.ID || in.Sheet.Sheet != call.Digest:
			return ailleurs.RefuseAs(ailleurs.Conflict, "call.not_the_last", "call")
		case in.Sheet.CreatedAt.Before(u.at.Add(-ailleurs.StatementSkew)) || in.Sheet.CreatedAt.After(u.at.Add(ailleurs.StatementSkew)):
			return ailleurs.Refuse("call.stale", "created_at")
		case !u.redirects(t):
			return ailleurs.RefuseAs(ailleurs.Conflict, "add.no_redirect", "after")
		case slices.Contains(sheet.Addressees(), in.Sheet.Member),
			slices.ContainsFunc(all, func(t *thread) bool { return t.Member == in.Sheet.Member }):
			return ailleurs.Refuse("call.addressee_twice", "member")
		}
		if err := u.fellows(in.Sheet.Member); err != nil {
			return err
		}
		know, err := u.know()
		if err != nil {
			return err
		}
		f, err := u.callable(sheet, know, in.Sheet.Member, "member")
		if err != nil {
			return err
		}
		readers := called(f, u.c.Ring)
		if err := complete(in.Sealed, ailleurs.Need, "", readers...); err != nil {
			return err
		}
		if err := u.take(in.Sealed, from, readers); err != nil {
			return err
		}
		text, err := json.Marshal(in.Sheet)
		if err != nil {
			return fmt.Errorf("relocation: sheet of an addition: %w", err)
		}
		digest := in.Sheet.Digest()
		err = u.tx.Insert("addition", additionRow{
			ID: u.rowID(), Case: u.c.ID, Call: call.ID, After: t.ID, Member: f.ID, Sheet: string(text), Digest: digest, By: u.by.Agent, At: u.at,
		})
		if errors.Is(err, store.ErrTaken) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "add.no_redirect", "after")
		}
		if err != nil {
			return err
		}
		if err := u.sign(in.Signed, ailleurs.ToAdd, string(call.ID), digest, from.part); err != nil {
			return err
		}
		t.Replied = u.at
		u.notify(u.c.Second, u.c.Checker1, u.c.Checker2)
		u.say("call.addition", string(t.ID), submitted{Digest: digest, Need: sheet.NeedHead})
		return nil
	})
}

// AgreeToAdd takes the signature of the origin's second or of a coordinator under an addition. With both the thread opens.
func (e *Exchange) AgreeToAdd(ctx context.Context, by ailleurs.Actor, in ailleurs.Signature, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofCall(in.Signed), func(u *unit) error {
		from, err := u.as(ailleurs.OriginSecond, ailleurs.Checker)
		if err != nil {
			return err
		}
		if err := u.in(ailleurs.Calling); err != nil {
			return err
		}
		said, err := claimed(in.Signed)
		if err != nil {
			return err
		}
		pending, err := u.pendingAdditions()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(pending, func(a additionRow) bool { return a.Digest == said.Digest })
		if i < 0 || said.Subject != string(u.c.Call) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "add.not_pending", "signed")
		}
		a := pending[i]
		if err := u.sign(in.Signed, ailleurs.ToAdd, string(a.Call), a.Digest, from.part); err != nil {
			return err
		}
		signed, err := u.signers(ailleurs.ToAdd, string(a.Call), a.Digest)
		if err != nil {
			return err
		}
		second, checker := signed[ailleurs.OriginSecond], signed[ailleurs.Checker]
		if err := distinct(signed[ailleurs.OriginLead], second, checker); err != nil {
			return err
		}
		u.say("call.addition_signed", string(a.After), nil)
		if second == "" || checker == "" {
			return nil
		}
		f, err := u.fellow(a.Member)
		if err != nil {
			return err
		}
		if !f.active() || !f.team().Complete() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "call.member_not_active", "member")
		}
		if err := u.tx.Set("addition", a.ID, store.Changes{"opened_at": u.at}); err != nil {
			return err
		}
		u.notify(u.c.Lead)
		if err := u.openThread(f, u.c.Ring); err != nil {
			return err
		}
		u.clock()
		return nil
	})
}

// SetAside says that the member which a redirect names will not be called upon.
func (e *Exchange) SetAside(ctx context.Context, by ailleurs.Actor, in ailleurs.OnThread, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, ofThread(in.Thread), func(u *unit) error {
		if _, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond); err != nil {
			return err
		}
		if err := u.in(ailleurs.Calling); err != nil {
			return err
		}
		t, err := u.thread(in.Thread)
		if err != nil {
			return err
		}
		if !u.redirects(t) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "add.no_redirect", "")
		}
		t.Replied = u.at
		u.say("call.redirect_set_aside", string(t.ID), nil)
		return u.settle()
	})
}

// viewAdditions shows what one more addressee waits for, to those who sign it.
func (u *unit) viewAdditions(v *CaseView) error {
	switch v.Part {
	case ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.Checker:
	default:
		return nil
	}
	all, err := u.additions()
	if err != nil {
		return err
	}
	for _, a := range all {
		line := AdditionLine{Digest: a.Digest, By: a.By, At: a.At, Opened: a.Opened}
		if err := json.Unmarshal([]byte(a.Sheet), &line.Sheet); err != nil {
			return fmt.Errorf("relocation: sheet of an addition: %w", err)
		}
		v.Additions = append(v.Additions, line)
	}
	return nil
}
