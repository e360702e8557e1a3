package relocation

import (
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// without has the cases that a suspended member has to do with go on, each as a unit of its own.
func (e *Exchange) without(tx *store.Tx, at time.Time, job jobs.Due) error {
	cases, err := store.All[ailleurs.CaseID](tx, `SELECT t.case_id FROM thread t JOIN dossier d ON d.id = t.case_id AND d.call_id = t.call_id
		WHERE t.member_id = $1 AND t.state NOT IN ('released', 'lapsed', 'recalled')
		UNION SELECT id FROM dossier WHERE host_id = $1 AND state NOT IN ('closed', 'diverted', 'expired', 'withdrawn') ORDER BY 1`, job.Subject)
	if err != nil {
		return err
	}
	for _, id := range cases {
		if err := jobs.Schedule(tx, jobs.Job{
			Kind: jobWithout, Subject: string(id), Detail: job.Subject, Key: jobWithout + "/" + string(id) + "/" + job.Subject, RunAt: at,
		}); err != nil {
			return err
		}
	}
	return nil
}

// goOnWithout ends the thread of a member that was suspended after the case called upon it, in the words that all others
// get, a first yes included: nobody goes there. Of a household that it welcomes the coordination is told, and its people
// keep what they hold.
func (u *unit) goOnWithout(member string) error {
	f, err := u.fellow(ailleurs.MemberID(member))
	if err != nil || f.Suspended.IsZero() { // meanwhile it takes part again
		return err
	}
	if u.c.Host == f.ID && !u.c.State.Ended() {
		u.say("member.suspended", "", nil)
		u.notify(u.c.Checker1, u.c.Checker2, u.c.Lead)
		return nil
	}
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.Member != f.ID || t.State == ailleurs.Retained || !t.State.CanBecome(ailleurs.Released) {
			continue
		}
		if u.c.Retained == t.ID {
			u.c.Retained = ""
		}
		if err := u.end(t, ailleurs.Released); err != nil {
			return err
		}
		u.say("thread.released", string(t.ID), nil)
		u.notify(u.c.Lead, u.c.Second, t.Lead, t.Second)
		if !u.answerable() {
			return nil
		}
		return u.noneLeft()
	}
	return nil
}
