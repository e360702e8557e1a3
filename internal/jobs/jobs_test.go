package jobs_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

const tables = `
-- plain
CREATE TABLE done (
    n   INTEGER NOT NULL PRIMARY KEY,
    job TEXT    NOT NULL
) STRICT;
`

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.EachWith(t, storetest.Setup{Extra: tables}, fn)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func update(t testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	must(t, db.Update(t.Context(), fn))
}

// note writes the job down, in the job's own transaction.
func note(tx *store.Tx, at time.Time, job jobs.Due) error {
	_, err := tx.Exec("INSERT INTO done (n, job) SELECT count(*), $1 FROM done", fmt.Sprint(job.Kind, " ", job.Subject, " +", at.Sub(noon)))
	return err
}

func done(t *testing.T, db *store.DB) (all []string) {
	t.Helper()
	must(t, db.View(t.Context(), func(tx *store.Tx) (err error) {
		all, err = store.All[string](tx, "SELECT job FROM done ORDER BY n")
		return err
	}))
	return all
}

func run(t *testing.T, db *store.DB, at time.Time, h jobs.Handlers) jobs.Report {
	t.Helper()
	r, err := jobs.Run(t.Context(), db, at, h)
	must(t, err)
	return r
}

func TestDueJobsRunOnceInOrder(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(tx *store.Tx) error {
			for i := range 5 {
				must(t, jobs.Schedule(tx, jobs.Job{Kind: "remind", Subject: fmt.Sprint(i), RunAt: noon.Add(time.Duration(5-i) * time.Hour)}))
			}
			must(t, jobs.Schedule(tx, jobs.Job{Kind: "expire", Subject: "4", RunAt: noon.Add(time.Hour)}))
			must(t, jobs.Schedule(tx, jobs.Job{Kind: "remind", Subject: "gone", RunAt: noon}))
			must(t, jobs.Cancel(tx, "remind", "gone"))
			must(t, jobs.Schedule(tx, jobs.Job{Kind: "remind", Subject: "all", RunAt: noon, Key: "k"}))
			_, err := jobs.CancelSubject(tx, "all")
			return err
		})
		h := jobs.Handlers{"remind": note, "expire": note}
		run(t, db, noon.Add(time.Hour-time.Microsecond), h)
		if all := done(t, db); len(all) != 0 {
			t.Errorf("before their time: %v", all)
		}
		if r := run(t, db, noon.Add(3*time.Hour), h); r.Done != 4 {
			t.Errorf("%d done, want 4", r.Done)
		}
		run(t, db, noon.Add(3*time.Hour), h)
		want := []string{"expire 4 +3h0m0s", "remind 4 +3h0m0s", "remind 3 +3h0m0s", "remind 2 +3h0m0s"}
		if d := cmp.Diff(want, done(t, db)); d != "" {
			t.Error(d)
		}
		must(t, db.View(t.Context(), func(tx *store.Tx) error {
			at, ok, err := jobs.Next(tx)
			if err != nil || !ok || !at.Equal(noon.Add(4*time.Hour)) {
				t.Errorf("next at %v, %v, %v", at, ok, err)
			}
			return nil
		}))
	})
}

func TestScheduleMovesTheJobOfTheSameKey(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for i := range 3 {
			update(t, db, func(tx *store.Tx) error {
				return jobs.Schedule(tx, jobs.Job{Kind: "remind", Subject: "x", RunAt: noon.Add(time.Duration(i) * time.Hour), Detail: map[string]int{"n": i}})
			})
		}
		seen := ""
		h := jobs.Handlers{"remind": func(tx *store.Tx, at time.Time, job jobs.Due) error {
			var d struct{ N int }
			must(t, job.Unmarshal(&d))
			seen += fmt.Sprint(d.N, job.RunAt.Equal(noon.Add(2*time.Hour)))
			return nil
		}}
		run(t, db, noon.Add(time.Hour), h)
		run(t, db, noon.Add(2*time.Hour), h)
		if seen != "2 true" {
			t.Errorf("seen %q", seen)
		}
	})
}

// A job that schedules its successor: a whole year in one go, and day by day, comes to the same.
func TestAYearOfFollowUpsByTheCallersClock(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		h := jobs.Handlers{"follow": func(tx *store.Tx, at time.Time, job jobs.Due) error {
			if err := note(tx, job.RunAt, job); err != nil {
				return err
			}
			return jobs.Schedule(tx, jobs.Job{Kind: "follow", Subject: job.Subject, RunAt: job.RunAt.Add(30 * 24 * time.Hour)})
		}}
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(jobs.Schedule(tx, jobs.Job{Kind: "follow", Subject: "a", RunAt: noon}),
				jobs.Schedule(tx, jobs.Job{Kind: "follow", Subject: "b", RunAt: noon.Add(time.Hour)}))
		})
		for day := range 181 {
			run(t, db, noon.Add(time.Duration(day)*24*time.Hour), h)
		}
		run(t, db, noon.Add(365*24*time.Hour), h)
		all := done(t, db)
		if len(all) != 26 {
			t.Errorf("%d follow-ups, want 13 of each: %v", len(all), all)
		}
		for i, s := range all {
			if want := []string{"follow a", "follow b"}[i%2]; !strings.HasPrefix(s, want) {
				t.Errorf("follow-up %d is %s, want %s", i, s, want)
			}
		}
	})
}

func TestFailedJobRollsBackRestsAndIsParked(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(tx *store.Tx) error {
			for _, kind := range []string{"fails", "panics", "unknown", "works"} {
				must(t, jobs.Schedule(tx, jobs.Job{Kind: kind, Subject: "x", RunAt: noon}))
			}
			return nil
		})
		h := jobs.Handlers{
			"fails": func(tx *store.Tx, at time.Time, job jobs.Due) error {
				must(t, note(tx, at, job))
				return errors.New("no\x00pe")
			},
			"panics": func(*store.Tx, time.Time, jobs.Due) error { panic("no") },
			"works":  note,
		}
		r := run(t, db, noon, h)
		if r.Done != 1 || len(r.Failures) != 3 || r.Failures[0].Parked {
			t.Errorf("report %+v", r)
		}
		if r := run(t, db, noon.Add(59*time.Second), h); len(r.Failures) != 0 {
			t.Errorf("tried again at once: %+v", r)
		}
		at, tries := noon, 1
		for range 100 {
			at = at.Add(time.Hour)
			for _, f := range run(t, db, at, h).Failures {
				if f.Kind == "fails" {
					if tries++; f.Failed != tries || f.Parked != (tries == 8) {
						t.Errorf("try %d: %+v", tries, f)
					}
				}
			}
		}
		if tries != 8 {
			t.Errorf("tried %d times", tries)
		}
		if d := cmp.Diff([]string{"works x +0s"}, done(t, db)); d != "" {
			t.Errorf("what failed left something: %s", d)
		}
		must(t, db.View(t.Context(), func(tx *store.Tx) error {
			parked, err := jobs.Parked(tx)
			if err != nil || len(parked) != 3 || parked[0].Kind != "fails" || parked[0].Fault != "nope" {
				t.Errorf("parked %+v, %v", parked, err)
			}
			if _, ok, err := jobs.Next(tx); ok || err != nil {
				t.Errorf("parked jobs are still due: %v", err)
			}
			return nil
		}))
		update(t, db, func(tx *store.Tx) error { return jobs.Unpark(tx, "fails/x", at) })
		if r := run(t, db, at, jobs.Handlers{"fails": note}); r.Done != 1 {
			t.Errorf("unparked: %+v", r)
		}
	})
}

func TestTwoHubsDoEachJobOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const n = 60
		update(t, db, func(tx *store.Tx) error {
			for i := range n {
				must(t, jobs.Schedule(tx, jobs.Job{Kind: "remind", Subject: fmt.Sprint(i), RunAt: noon}))
			}
			return nil
		})
		h := jobs.Handlers{"remind": func(tx *store.Tx, _ time.Time, job jobs.Due) error {
			n, err := strconv.Atoi(job.Subject)
			must(t, err)
			_, err = tx.Exec("INSERT INTO done (n, job) VALUES ($1, 'x')", n)
			return err
		}}
		var wg sync.WaitGroup
		var mu sync.Mutex
		total := 0
		for range 4 {
			wg.Go(func() {
				r, err := jobs.Run(t.Context(), db, noon, h)
				if err != nil || len(r.Failures) > 0 {
					t.Errorf("%+v, %v", r, err)
				}
				mu.Lock()
				defer mu.Unlock()
				total += r.Done
			})
		}
		wg.Wait()
		if all := done(t, db); total != n || len(all) != n {
			t.Errorf("%d reported, %d done, want %d", total, len(all), n)
		}
	})
}

// A hub that dies while it holds a job gives it up when the lease runs out.
func TestLeaseRunsOut(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		update(t, db, func(tx *store.Tx) error {
			must(t, jobs.Schedule(tx, jobs.Job{Kind: "remind", Subject: "x", RunAt: noon}))
			_, err := tx.Exec("UPDATE job SET lease = 'another', leased_until = $1", noon.Add(5*time.Minute))
			return err
		})
		h := jobs.Handlers{"remind": note}
		if r := run(t, db, noon.Add(4*time.Minute), h); r.Done != 0 {
			t.Error("taken from a hub that lives")
		}
		if r := run(t, db, noon.Add(5*time.Minute), h); r.Done != 1 {
			t.Error("never taken up again")
		}
	})
}
