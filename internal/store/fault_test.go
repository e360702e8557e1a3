package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// 500 places, 16 contenders each: one holds, fifteen learn that it is taken.
func TestPlaceIsHeldByExactlyOne(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		const places, contenders = 500, 16
		must(t, update(t.Context(), db, func(tx *store.Tx) error {
			for i := range places {
				if err := tx.Insert("place", place{ID: ailleurs.PlaceID(fmt.Sprint(i)), Town: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		}))
		won := make([]atomic.Int32, places)
		var wg sync.WaitGroup
		for c := range contenders {
			wg.Go(func() {
				for i := range places {
					err := update(t.Context(), db, func(tx *store.Tx) error {
						n, err := store.One[int](tx, "SELECT count(*) FROM hold WHERE place = $1 AND released_at IS NULL", fmt.Sprint(i))
						if err != nil || n > 0 {
							return errors.Join(err, store.ErrTaken)
						}
						return tx.Insert("hold", store.Changes{"place": fmt.Sprint(i), "seq": c, "holder": fmt.Sprint(c)})
					})
					switch {
					case err == nil:
						won[i].Add(1)
					case !errors.Is(err, store.ErrTaken):
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i := range won {
			if n := won[i].Load(); n != 1 {
				t.Errorf("place %d was won %d times", i, n)
			}
		}
		if n := count(t, db, "SELECT count(*) FROM hold WHERE released_at IS NULL"); n != places {
			t.Errorf("%d holds, want %d", n, places)
		}
	})
}

// The answer to COMMIT is lost, once before it took effect and once after. Nobody is told that it failed; the retry
// with its key comes to one row either way.
func TestLostAnswerToCommitIsUnknownAndTheRetrySettlesIt(t *testing.T) {
	for _, step := range []store.Step{store.StepCommit, store.StepCommitted} {
		t.Run(string(step), func(t *testing.T) {
			var broken atomic.Bool
			gone := errors.New("connection lost")
			setup := storetest.Setup{Extra: places, Options: store.Options{Fault: func(s store.Step) error {
				if broken.Load() && s == step {
					return gone
				}
				return nil
			}}}
			storetest.EachWith(t, setup, func(t *testing.T, db *store.DB) {
				attempt := func() (again bool, err error) {
					err = update(t.Context(), db, func(tx *store.Tx) error {
						var err error
						_, again, err = tx.Once("k", []byte("r"), noon, func() ([]byte, error) {
							return nil, tx.Insert("place", place{ID: "A", Town: "a"})
						})
						return err
					})
					return again, err
				}
				broken.Store(true)
				_, err := attempt()
				broken.Store(false)
				if !errors.Is(err, store.ErrIndeterminate) || !errors.Is(err, gone) || ailleurs.AsRefusal(err) != nil {
					t.Errorf("told %v", err)
				}
				again, err := attempt()
				if err != nil || again != (step == store.StepCommitted) {
					t.Errorf("retry: again = %v, %v", again, err)
				}
				if n := count(t, db, "SELECT count(*) FROM place"); n != 1 {
					t.Errorf("%d rows, want 1", n)
				}
			})
		})
	}
}

func TestFaultAtBeginWritesNothing(t *testing.T) {
	no := errors.New("no")
	setup := storetest.Setup{Extra: places, Options: store.Options{Fault: func(s store.Step) error {
		if s == store.StepBegin {
			return no
		}
		return nil
	}}}
	storetest.EachWith(t, setup, func(t *testing.T, db *store.DB) {
		err := update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a"}) })
		if !errors.Is(err, no) || errors.Is(err, store.ErrIndeterminate) {
			t.Errorf("told %v", err)
		}
		if n := count(t, db, "SELECT count(*) FROM place"); n != 0 {
			t.Error("and the row is there")
		}
	})
}

// A COMMIT that the connection did not survive is unknown, and the hub goes on.
func TestServerThatDiesAtCommitLeavesTheOutcomeUnknown(t *testing.T) {
	var kill atomic.Pointer[func()]
	setup := storetest.Setup{Extra: places, Options: store.Options{Fault: func(s store.Step) error {
		if f := kill.Load(); f != nil && s == store.StepCommit {
			(*f)()
		}
		return nil
	}}}
	t.Run(string(store.PostgreSQL), func(t *testing.T) {
		db := storetest.PostgreSQL(t, setup)
		f := func() {
			kill.Store(nil)
			storetest.Tamper(t, db, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()`)
		}
		kill.Store(&f)
		insert := func() error {
			return update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a"}) })
		}
		if err := insert(); !errors.Is(err, store.ErrIndeterminate) {
			t.Errorf("told %v", err)
		}
		must(t, insert())
	})
}

// A full disk refuses writes by name, loses nothing acknowledged, goes on reading, and writes again once there is room.
func TestFullDiskIsRefusedAndReadsGoOn(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("SKIPPED, A FULL DISK IS NOT TESTED: cannot mount a small file system, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 256<<10), 0o600))
	db := openAt(t, dir, store.Options{Migrations: storetest.Foundation(places)})
	write := func(i int) error {
		return update(t.Context(), db, func(tx *store.Tx) error {
			return tx.Insert("place", place{ID: ailleurs.PlaceID(fmt.Sprint(i)), Town: fmt.Sprint(i), Seal: make([]byte, 10<<10)})
		})
	}
	kept := 0
	for ; ; kept++ {
		err := write(kept)
		if err == nil {
			continue
		}
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != "store.full" || r.Kind != ailleurs.Unavailable {
			t.Fatalf("row %d: %v", kept, err)
		}
		break
	}
	if kept < 10 {
		t.Fatalf("full after %d rows", kept)
	}
	if n := count(t, db, "SELECT count(*) FROM place"); n != kept {
		t.Errorf("%d rows read, %d acknowledged", n, kept)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if r := ailleurs.AsRefusal(write(1000 + i)); r == nil || r.Key != "store.full" {
				t.Errorf("a group on a full disk: %v", r)
			}
		})
	}
	wg.Wait()
	must(t, os.Remove(ballast))
	must(t, write(kept))
	must(t, db.Close())
	db = openAt(t, dir, store.Options{Migrations: storetest.Foundation(places)})
	if n := count(t, db, "SELECT count(*) FROM place"); n != kept+1 {
		t.Errorf("%d rows after reopening, want %d", n, kept+1)
	}
	must(t, db.Close())
}

func openAt(t *testing.T, dir string, opts store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// A unit whose caller has gone writes nothing and holds nobody up.
func TestUnitOfACallerWhoLeftIsNotRun(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := update(ctx, db, func(tx *store.Tx) error {
			must(t, tx.Insert("place", place{ID: "A", Town: "a"}))
			cancel()
			return tx.Insert("place", place{ID: "B", Town: "b"})
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		if err := update(ctx, db, func(*store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v", err)
		}
		must(t, update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "C", Town: "c"}) }))
		if n := count(t, db, "SELECT count(*) FROM place"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestLongQueueIsRefusedAsBusy(t *testing.T) {
	db := storetest.SQLite(t, storetest.Setup{Extra: places, Options: store.Options{Queue: 2}})
	enter, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		must(t, update(t.Context(), db, func(*store.Tx) error { close(enter); <-leave; return nil }))
	})
	<-enter
	refused := make(chan error, 2)
	for range 2 { // one waits, one is too many
		wg.Go(func() { refused <- update(t.Context(), db, func(*store.Tx) error { return nil }) })
	}
	first := <-refused
	close(leave)
	wg.Wait()
	if r := ailleurs.AsRefusal(first); r == nil || r.Key != "store.busy" || r.Kind != ailleurs.Unavailable {
		t.Errorf("refused with %v", first)
	}
	must(t, <-refused)
}

func TestCloseWaitsForUnitsUnderWay(t *testing.T) {
	storetest.EachDSN(t, storetest.Setup{Extra: places}, func(t *testing.T, dsn string, opts store.Options) {
		db := openAt(t, dsn, opts)
		var wg sync.WaitGroup
		var kept atomic.Int32
		for i := range 50 {
			wg.Go(func() {
				err := update(t.Context(), db, func(tx *store.Tx) error {
					return tx.Insert("place", place{ID: ailleurs.PlaceID(fmt.Sprint(i)), Town: fmt.Sprint(i)})
				})
				if err == nil {
					kept.Add(1)
				}
			})
			if i == 25 {
				wg.Go(func() { must(t, db.Close()) })
			}
		}
		wg.Wait()
		db = openAt(t, dsn, opts)
		if n := count(t, db, "SELECT count(*) FROM place"); n != int(kept.Load()) {
			t.Errorf("%d rows, %d acknowledged", n, kept.Load())
		}
		must(t, db.Close())
	})
}
