package alliance

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// MemberSuspended is the kind of job that follows a suspension, with the member as subject: whatever the member was called
// upon for goes on without it.
const MemberSuspended = "member.suspended"

// ProposeSuspension asks that a member take no part, or take part again; two coordinators sign (Approve), of whom the
// proposer may be one. From the second signature on nobody calls upon it, nothing new is sealed to its people, and it
// opens no case; what its people hold they keep, so that nobody in their care is left alone.
func (a *Alliance) ProposeSuspension(ctx context.Context, by ailleurs.Actor, member ailleurs.MemberID, ends bool, at time.Time) (ChangeID, error) {
	if err := by.Require(ailleurs.Coordinator); err != nil {
		return "", err
	}
	var id ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Bump("member", member); err != nil {
			return missing(err, "member.unknown", "member")
		}
		m, err := memberOf(tx, member)
		if err != nil {
			return err
		}
		switch {
		case m.AdmittedAt.IsZero():
			return ailleurs.RefuseAs(ailleurs.NotFound, "member.unknown", "member")
		case member == by.Member:
			return ailleurs.RefuseAs(ailleurs.Forbidden, "change.about_oneself", "member")
		case m.SuspendedAt.IsZero() == ends:
			return ailleurs.RefuseAs(ailleurs.Conflict, "member.stands_so", "member")
		}
		waiting, err := store.One[int](tx, `SELECT count(*) FROM change WHERE member_id = $1 AND kind = $2
			AND applied_at IS NULL AND dropped_at IS NULL AND expires_at > $3`, member, Accession, at)
		if err != nil {
			return err
		}
		if waiting > 0 {
			return ailleurs.RefuseAs(ailleurs.Conflict, "change.waits_already", "member")
		}
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterSuspension, Member: member, Ends: ends}
		// The column knows one kind of change of a membership: which one it is stands in the entry.
		if id, err = proposeEntry(tx, Accession, e, member, by.Agent, at); err != nil {
			return err
		}
		if err := tellApprovers(tx, member, []ailleurs.AgentID{by.Agent}, true, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "member.suspension_proposed", At: at, Actor: by.Agent, Member: member})
	})
	return id, err
}

// applySuspension puts it into effect, and has whatever the member was called upon for go on without it.
func applySuspension(tx *store.Tx, e ailleurs.RegisterEntry, at time.Time) error {
	if e.Ends {
		return tx.Set("member", e.Member, store.Changes{"suspended_at": nil})
	}
	if err := tx.Set("member", e.Member, store.Changes{"suspended_at": at}); err != nil {
		return err
	}
	return jobs.Schedule(tx, jobs.Job{Kind: MemberSuspended, Subject: string(e.Member), RunAt: at})
}

// Suspended lists the members that take no part for now, by name.
func (a *Alliance) Suspended(ctx context.Context) ([]ailleurs.Member, error) {
	var out []ailleurs.Member
	err := a.db.View(ctx, func(tx *store.Tx) error {
		rows, err := store.All[memberRow](tx, "SELECT "+memberColumns+" FROM member WHERE suspended_at IS NOT NULL ORDER BY name, id")
		out = nil
		for _, r := range rows {
			out = append(out, r.member())
		}
		return err
	})
	return out, err
}
