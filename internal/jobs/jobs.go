// Package jobs does what is due: reminders, deadlines, expiries, notices. A job is a row written in the transaction that
// wants it done, and gone in the transaction that did it, so that nothing due is lost or done twice.
//
//	jobs.Schedule(tx, jobs.Job{Kind: "call.expire", Subject: string(id), RunAt: deadline})
//	jobs.Cancel(tx, "call.expire", string(id))
//	report, err := jobs.Run(ctx, db, at, handlers)
//
// The clock is the caller's: Run does everything due at the instant it is given and returns, so that a year passes in a
// test as fast as its jobs run.
package jobs

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Job is something to do at or after an instant.
type Job struct {
	Kind    string    // which handler does it
	Subject string    // what it is about: the identifier of a case, call, agent…
	RunAt   time.Time // when it is due
	Key     string    // one job a key; empty means Kind and Subject
	Detail  any       // further values for the handler, written as JSON; nil for none
}

// A Due is a job handed to its handler.
type Due struct {
	Kind    string    `db:"kind"`
	Subject string    `db:"subject"`
	Key     string    `db:"key"`
	RunAt   time.Time `db:"scheduled_at"` // when it was to be done; a retry keeps it
	Detail  string    `db:"detail"`       // JSON, empty for none
	Failed  int       `db:"attempts"`     // how often it has failed before
}

// Unmarshal reads the job's detail into v.
func (d Due) Unmarshal(v any) error { return json.Unmarshal([]byte(d.Detail), v) }

// A Handler does a job inside the transaction that removes it, at the instant of the Run: both happen or neither. It may
// schedule further jobs, its own key included. An error, or a panic, rolls everything back and the job is tried again
// later; what it cannot do inside a transaction (sending a mail) it leaves to a row that someone else picks up.
type Handler func(tx *store.Tx, at time.Time, job Due) error

// Handlers are the handlers by kind.
type Handlers map[string]Handler

const (
	lease       = 5 * time.Minute // how long a job belongs to the hub that took it
	maxAttempts = 8               // failures before a job is parked
	maxDelay    = 6 * time.Hour
)

// delay is how long a job rests after it has failed n times: 1, 2, 4… minutes, at most six hours.
func delay(n int) time.Duration { return min(time.Minute<<min(n-1, 20), maxDelay) }

func (j Job) key() string {
	if j.Key != "" {
		return j.Key
	}
	return defaultKey(j.Kind, j.Subject)
}

func defaultKey(kind, subject string) string { return kind + "/" + subject }

// Schedule writes the job, or moves the one that has its key: instant, kind, subject and detail are the new ones, past
// failures are forgotten, and a parked job goes back to work. Instants count in microseconds.
func Schedule(tx *store.Tx, j Job) error {
	if j.Kind == "" || j.RunAt.IsZero() {
		return fmt.Errorf("jobs: a job needs a kind and an instant, not %q at %v", j.Kind, j.RunAt)
	}
	var detail any
	if j.Detail != nil {
		b, err := json.Marshal(j.Detail)
		if err != nil {
			return fmt.Errorf("jobs: %s: detail: %w", j.Kind, err)
		}
		detail = string(b)
	}
	_, err := tx.Exec(`INSERT INTO job (key, kind, subject, detail, run_at, scheduled_at, attempts) VALUES ($1, $2, $3, $4, $5, $5, 0)
		ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, subject = excluded.subject, detail = excluded.detail, run_at = excluded.run_at,
		scheduled_at = excluded.scheduled_at, attempts = 0, leased_until = NULL, lease = NULL, fault = NULL, parked_at = NULL`,
		j.key(), j.Kind, j.Subject, detail, j.RunAt)
	return err
}

// Cancel removes the job of a kind about a subject, if there is one.
func Cancel(tx *store.Tx, kind, subject string) error {
	return CancelKey(tx, defaultKey(kind, subject))
}

// CancelKey removes the job with a key, if there is one.
func CancelKey(tx *store.Tx, key string) error {
	_, err := tx.Exec("DELETE FROM job WHERE key = $1", key)
	return err
}

// CancelSubject removes every job about a subject and returns how many they were.
func CancelSubject(tx *store.Tx, subject string) (int64, error) {
	return tx.Exec("DELETE FROM job WHERE subject = $1", subject)
}

// When returns the instant for which the job of a kind about a subject is scheduled, zero when there is none.
func When(tx *store.Tx, kind, subject string) (time.Time, error) {
	at, err := store.One[time.Time](tx, "SELECT run_at FROM job WHERE key = $1", defaultKey(kind, subject))
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// Next returns the instant at which the next job is due, false when nothing is waiting.
func Next(tx *store.Tx) (time.Time, bool, error) {
	at, err := store.One[time.Time](tx, "SELECT run_at FROM job WHERE parked_at IS NULL ORDER BY run_at, key LIMIT 1")
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, false, nil
	}
	return at, err == nil, err
}

// A Failure is a job whose handler failed.
type Failure struct {
	Due
	Err    error
	Parked bool // it failed too often and waits for an operator
}

// A Report says what a Run did.
type Report struct {
	Done     int
	Failures []Failure
}

// Run does every job that is due at an instant, in the order of their instants and keys, those they schedule for that
// instant included, and returns when none is left. Several hubs may run at once: each job is leased by one. The error is
// a fault of the store or the end of ctx; a handler's failure is in the report.
func Run(ctx context.Context, db *store.DB, at time.Time, handlers Handlers) (Report, error) {
	var r Report
	mine := rand.Text()
	for {
		job, ok, err := take(ctx, db, at, mine)
		if err != nil || !ok {
			return r, err
		}
		if err := r.do(ctx, db, at, mine, job, handlers); err != nil {
			return r, err
		}
	}
}

// due chooses the next job; $3 is the instant.
const due = `SELECT key FROM job WHERE parked_at IS NULL AND run_at <= $3 AND (leased_until IS NULL OR leased_until <= $3)
	ORDER BY run_at, key LIMIT 1 FOR UPDATE SKIP LOCKED`

// take leases the next job due; false when there is none.
func take(ctx context.Context, db *store.DB, at time.Time, mine string) (job Due, ok bool, err error) {
	waiting := false
	err = db.View(ctx, func(tx *store.Tx) error { // most of the time nothing is due, and looking costs no write
		next, some, err := Next(tx)
		waiting = some && !next.After(at)
		return err
	})
	if err != nil || !waiting {
		return job, false, err
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		job, err = store.One[Due](tx, `UPDATE job SET lease = $1, leased_until = $2 WHERE key = (`+due+`)
			RETURNING kind, subject, key, scheduled_at, detail, attempts`, mine, at.Add(lease), at)
		if ok = err == nil; errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	return job, ok && err == nil, err
}

// do runs one handler and removes the job, or notes the failure.
func (r *Report) do(ctx context.Context, db *store.DB, at time.Time, mine string, job Due, handlers Handlers) error {
	var failed error // the handler's own
	done := false
	err := db.Update(ctx, func(tx *store.Tx) error {
		failed, done = nil, false
		// Ours still? It may have been cancelled, moved, or taken by another hub after the lease ran out.
		n, err := tx.Exec("DELETE FROM job WHERE key = $1 AND lease = $2", job.Key, mine)
		if err != nil || n == 0 {
			return err
		}
		done = true
		failed = handle(tx, at, job, handlers)
		return failed
	})
	switch {
	case err == nil && done:
		r.Done++
		return nil
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return err
	case errors.Is(err, store.ErrIndeterminate):
		return err // done or not, the row tells; its lease runs out by itself
	}
	// A failure of the handler, or of the store because of what it wrote.
	f := Failure{Due: job, Err: err}
	f.Failed++
	f.Parked = f.Failed >= maxAttempts
	err = db.Update(ctx, func(tx *store.Tx) error {
		var parked any
		if f.Parked {
			parked = at
		}
		_, err := tx.Exec(`UPDATE job SET attempts = $1, run_at = $2, fault = $3, parked_at = $4, lease = NULL, leased_until = NULL
			WHERE key = $5 AND lease = $6`, f.Failed, at.Add(delay(f.Failed)), clip(f.Err.Error()), parked, job.Key, mine)
		return err
	})
	r.Failures = append(r.Failures, f)
	return err
}

// handle runs the handler and turns a panic into a failure: one job must not stop the others.
func handle(tx *store.Tx, at time.Time, job Due, handlers Handlers) (err error) {
	h := handlers[job.Kind]
	if h == nil {
		return fmt.Errorf("jobs: nobody handles %q", job.Kind)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("jobs: %s panicked: %v", job.Kind, p)
		}
	}()
	return h(tx, at, job)
}

// A ParkedJob waits for an operator.
type ParkedJob struct {
	Due
	Fault    string    `db:"fault"`
	ParkedAt time.Time `db:"parked_at"`
}

// Parked lists the jobs that failed too often, the oldest first.
func Parked(tx *store.Tx) ([]ParkedJob, error) {
	return store.All[ParkedJob](tx, `SELECT kind, subject, key, scheduled_at, detail, attempts, fault, parked_at FROM job
		WHERE parked_at IS NOT NULL ORDER BY parked_at, key`)
}

// Unpark puts a parked job back to work at an instant, or returns store.ErrNotFound.
func Unpark(tx *store.Tx, key string, at time.Time) error {
	n, err := tx.Exec("UPDATE job SET parked_at = NULL, attempts = 0, fault = NULL, run_at = $1 WHERE key = $2 AND parked_at IS NOT NULL", at, key)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// clip bounds what is kept of an error's text: whole characters, some 500 bytes.
func clip(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) <= 500 {
		return s
	}
	return strings.ToValidUTF8(s[:500], "")
}
