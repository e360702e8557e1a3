package relocation

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// The kinds of job. A notice is handled by whoever sends mail: its subject is the agent, and it says nothing else.
const (
	jobNotice     = "notice"
	jobDeadline   = "case.deadline"
	jobChoose     = "case.choose"
	jobReminder   = "thread.reminder"
	jobLapse      = "thread.lapse"
	jobRelease    = "thread.release"
	jobHold       = "hold.expiry"
	jobArrival    = "journey.arrival"
	jobFollowUp   = "followup.due"
	jobFollowLate = "followup.late"
	jobErase      = "case.erase"
	jobKept       = "arrival.kept"
	jobSuspended  = "member.suspended" // its subject is the member; whoever suspends schedules it
	jobWithout    = "case.without"
	jobOffer      = "offer.stale"
	jobSnapshot   = "offer.snapshot"
	jobKeys       = "case.keys"
)

func itoa(n int) string { return strconv.Itoa(n) }

// later schedules a job for when the unit ends. One job stands for each kind, subject and detail.
func (u *unit) later(kind, subject, detail string, at time.Time) {
	j := jobs.Job{Kind: kind, Subject: subject, RunAt: at}
	if detail != "" {
		j.Detail, j.Key = detail, kind+"/"+subject+"/"+detail
	} else {
		j.Key = kind + "/" + subject
	}
	u.jobs = append(u.jobs, j)
}

// Handlers are what happens when time runs out, by kind of job, for jobs.Run.
func (e *Exchange) Handlers() jobs.Handlers {
	onCase := func(fn func(u *unit, detail string) error) jobs.Handler {
		return func(tx *store.Tx, at time.Time, job jobs.Due) error {
			return e.timed(tx, at, job, ailleurs.CaseID(job.Subject), fn)
		}
	}
	onThread := func(fn func(u *unit, t *thread, detail string) error) jobs.Handler {
		return func(tx *store.Tx, at time.Time, job jobs.Due) error {
			id, err := ofThread(ailleurs.ThreadID(job.Subject))(tx)
			if err != nil {
				return err
			}
			return e.timed(tx, at, job, id, func(u *unit, detail string) error {
				t, err := u.thread(ailleurs.ThreadID(job.Subject))
				if errors.Is(err, errUnknown) { // of a call that is over
					return nil
				}
				if err != nil {
					return err
				}
				return fn(u, t, detail)
			})
		}
	}
	return jobs.Handlers{
		jobDeadline:   onCase(func(u *unit, _ string) error { return u.deadline() }),
		jobChoose:     onCase(func(u *unit, _ string) error { return u.opensChoice() }),
		jobReminder:   onThread((*unit).remind),
		jobLapse:      onThread(func(u *unit, t *thread, _ string) error { return u.lapse(t) }),
		jobRelease:    onThread(func(u *unit, t *thread, _ string) error { return u.released(t) }),
		jobHold:       onThread(func(u *unit, t *thread, _ string) error { return u.holdEnds(t) }),
		jobArrival:    onCase(func(u *unit, _ string) error { return u.notArrived() }),
		jobFollowUp:   onCase(func(u *unit, _ string) error { u.notify(u.c.HostLead, u.c.HostSecond); return nil }),
		jobFollowLate: onCase((*unit).followLate),
		jobErase:      onCase((*unit).erase),
		jobSuspended:  e.without,
		jobWithout:    onCase((*unit).goOnWithout),
		jobKept:       onCase(func(u *unit, _ string) error { return u.soonErased() }),
		jobOffer:      e.staleOffer,
		jobSnapshot:   e.daily,
		jobKeys:       onCase(func(u *unit, _ string) error { return u.askForKeys() }),
	}
}

// timed runs a handler about a case as one unit without an actor.
func (e *Exchange) timed(tx *store.Tx, at time.Time, job jobs.Due, id ailleurs.CaseID, fn func(u *unit, detail string) error) error {
	var detail string
	if job.Detail != "" {
		if err := json.Unmarshal([]byte(job.Detail), &detail); err != nil {
			return err
		}
	}
	return e.run(tx.Context(), tx, ailleurs.Actor{}, id, at, func(u *unit) error { return fn(u, detail) })
}

// Start schedules what recurs: the daily list of offers. Calling it again does no harm.
func (e *Exchange) Start(ctx context.Context, at time.Time) error {
	return e.db.Update(ctx, func(tx *store.Tx) error {
		if err := e.snapshot(tx, instant(at)); err != nil {
			return err
		}
		return jobs.Schedule(tx, jobs.Job{Kind: jobSnapshot, Subject: "daily", RunAt: nextSnapshot(at)})
	})
}

// nextSnapshot is 4 h in Paris, the next time it comes.
func nextSnapshot(at time.Time) time.Time {
	local := at.In(coordination.Location())
	next := time.Date(local.Year(), local.Month(), local.Day(), 4, 0, 0, 0, local.Location())
	if !next.After(at) {
		next = next.AddDate(0, 0, 1)
	}
	return next
}

// daily makes the list of offers, and looks for envelopes that open nothing any more.
func (e *Exchange) daily(tx *store.Tx, at time.Time, _ jobs.Due) error {
	if err := e.snapshot(tx, instant(at)); err != nil {
		return err
	}
	stale, err := store.All[ailleurs.CaseID](tx, `SELECT DISTINCT e.case_id FROM envelope e
		LEFT JOIN agent_key k ON k.agent_id = e.for_id AND k.confirmed_at IS NOT NULL AND k.revoked_at IS NULL
		WHERE e.destroyed_at IS NULL AND (k.epoch IS NULL OR k.epoch <> e.key_epoch OR e.expires_at < $1)
		UNION SELECT i.case_id FROM inbox i JOIN agent a ON a.id = i.agent_id
		WHERE i.side <> 'closed' AND a.absent_from <= $2 AND a.absent_until > $2 ORDER BY 1`, at.Add(renewBefore), at)
	if err != nil {
		return err
	}
	for _, id := range stale {
		if err := jobs.Schedule(tx, jobs.Job{Kind: jobKeys, Subject: string(id), RunAt: at}); err != nil {
			return err
		}
	}
	return jobs.Schedule(tx, jobs.Job{Kind: jobSnapshot, Subject: "daily", RunAt: nextSnapshot(at)})
}

// askForKeys tells the origin's lead that somebody needs an envelope again; the inbox says so by itself.
func (u *unit) askForKeys() error {
	threads, err := u.all()
	if err != nil {
		return err
	}
	tasks, _, err := u.tasks(threads)
	if err == nil && tasks[ailleurs.OriginLead] == TaskNewKey {
		u.notify(u.c.Lead)
	}
	return err
}

// staleOffer asks the owner whether an offer still stands, two days before it is hidden.
func (e *Exchange) staleOffer(tx *store.Tx, at time.Time, job jobs.Due) error {
	o, err := store.One[offerRow](tx, selectOffer+"WHERE id = $1", job.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !o.Withdrawn.IsZero() || at.Before(o.Confirmed.Add(offerStale)) {
		return err
	}
	return jobs.Schedule(tx, jobs.Job{Kind: jobNotice, Subject: string(o.By), RunAt: at})
}

// deadline is what happens when a case has stayed in its state for as long as it may.
func (u *unit) deadline() error {
	if u.c.Deadline.IsZero() || u.at.Before(u.c.Deadline) || u.c.State == ailleurs.Suspended {
		return nil
	}
	switch u.c.State {
	case ailleurs.Draft:
		if u.c.Fled { // somebody is in danger: it is never erased for being late
			u.notify(u.c.Lead, u.c.Second)
			return u.askAgain(ailleurs.EndorsingAllowance)
		}
		u.say("case.draft_erased", "", nil)
		if err := u.move(ailleurs.Expired, ailleurs.TheClock); err != nil {
			return err
		}
		return u.eraseEverything()
	case ailleurs.Endorsing:
		deputies, err := u.deputies([]ailleurs.AgentID{u.c.Second, u.c.Signatory})
		if err != nil {
			return err
		}
		u.notify(u.c.Second, u.c.Signatory, u.c.Lead, deputies[u.c.Second], deputies[u.c.Signatory])
		return u.askAgain(ailleurs.EndorsingAllowance)
	case ailleurs.Checking:
		u.notify(u.c.Checker1, u.c.Checker2, u.c.Lead)
		return u.askAgain(ailleurs.CheckingAllowance)
	case ailleurs.Calling:
		u.say("call.time_ran_out", string(u.c.Call), nil)
		return u.settle()
	case ailleurs.Choosing:
		u.say("choice.time_ran_out", string(u.c.Call), nil)
		return u.choiceEnds()
	case ailleurs.Preparing:
		u.notify(u.c.Checker1, u.c.Checker2, u.c.HostLead, u.c.HostSecond)
		return u.askAgain(ailleurs.PreparingAllowance)
	case ailleurs.Travelling, ailleurs.Following, ailleurs.Closed, ailleurs.Suspended, ailleurs.Diverted, ailleurs.Compromised,
		ailleurs.Expired, ailleurs.Withdrawn:
	}
	return nil
}

// askAgain looks at an overdue case once more after the same time; its deadline stays where it was.
func (u *unit) askAgain(a ailleurs.Allowance) error {
	calendar, err := u.calendar(u.c.Member)
	if err != nil {
		return err
	}
	u.later(jobDeadline, string(u.c.ID), "", ailleurs.Deadline(a, u.c.Speed, u.at, calendar))
	return nil
}

// choiceEnds releases the places of every proposal and goes on to the next ring: time ran out, and nobody is blamed.
func (u *unit) choiceEnds() error {
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, t := range all {
		if !t.offers() {
			continue
		}
		if err := u.freeHolds(t.ID); err != nil {
			return err
		}
		if err := u.release(t); err != nil {
			return err
		}
	}
	u.c.Retained = ""
	return u.noneLeft()
}

// opensChoice opens the choice some time after the first proposal.
func (u *unit) opensChoice() error {
	if u.c.State != ailleurs.Calling {
		return nil
	}
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.offers() {
			u.say("choice.opened", string(u.c.Call), nil)
			return u.choose()
		}
	}
	return nil
}

// remind tells an addressee that has not answered: its caseworkers, and after longer silence its signatory.
func (u *unit) remind(t *thread, which string) error {
	if !t.State.Open() || u.c.State == ailleurs.Suspended {
		return nil
	}
	if which != "signatory" {
		u.notify(t.Lead, t.Second)
		return nil
	}
	if t.State == ailleurs.Sent || t.State == ailleurs.Read {
		u.notify(t.Signatory, t.Lead)
	}
	return nil
}

// lapse ends a thread that was silent until its deadline.
func (u *unit) lapse(t *thread) error {
	if u.c.State != ailleurs.Calling && u.c.State != ailleurs.Choosing || u.at.Before(t.Deadline) {
		return nil
	}
	if t.State.Open() {
		if err := u.end(t, ailleurs.Lapsed); err != nil {
			return err
		}
		u.say("thread.lapsed", string(t.ID), nil)
		u.notify(t.Lead, t.Second)
	}
	if u.c.State == ailleurs.Calling && u.kind == "" {
		u.say("call.time_ran_out", string(u.c.Call), nil)
	}
	return u.settle()
}

// released tells an addressee that it is released, in the words that all get.
func (u *unit) released(t *thread) error {
	if t.Release.IsZero() || u.at.Before(t.Release) || !t.State.CanBecome(ailleurs.Released) {
		return nil
	}
	if err := u.end(t, ailleurs.Released); err != nil {
		return err
	}
	u.say("thread.released", string(t.ID), nil)
	u.notify(t.Lead, t.Second, t.Signatory)
	return nil
}

// holdEnds releases the places of a proposal that nobody chose in time. The proposal stands: a first yes holds them again
// if they are still free.
func (u *unit) holdEnds(t *thread) error {
	if u.c.State == ailleurs.Suspended {
		return nil
	}
	n, err := store.One[int](u.tx, `SELECT count(*) FROM hold WHERE thread_id = $1 AND released_at IS NULL AND assigned_at IS NULL AND until_at <= $2`, t.ID, u.at)
	if err != nil || n == 0 {
		return err
	}
	if err := u.freeHolds(t.ID); err != nil {
		return err
	}
	u.say("hold.expired", string(t.ID), nil)
	u.notify(t.Lead)
	return nil
}

// notArrived rings: the instant that the host gave has come, and nobody has said that the household arrived.
func (u *unit) notArrived() error {
	if u.c.State != ailleurs.Travelling {
		return nil
	}
	j, ok, err := u.underway()
	if err != nil || !ok || u.at.Before(j.RingAt) {
		return err
	}
	if err := u.tx.Set("journey", j.ID, store.Changes{"rang_at": u.at}); err != nil {
		return err
	}
	u.say("journey.rang", "", nil)
	u.notify(u.c.HostLead, u.c.HostSecond, u.c.Lead, u.c.Second)
	return u.alarm(ailleurs.ThreatAlert)
}

// followLate tells the coordination that nobody has asked how it goes.
func (u *unit) followLate(detail string) error {
	if u.c.State != ailleurs.Following {
		return nil
	}
	all, err := u.followups()
	if err != nil {
		return err
	}
	for _, f := range all {
		if itoa(f.Day) == detail && f.Done.IsZero() {
			u.notify(u.c.Checker1, u.c.Checker2, u.c.HostLead, u.c.HostSecond)
		}
	}
	return nil
}
