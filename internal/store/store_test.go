package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// places is a small schema with one of everything: a journalled table with a version, a child whose key has two
// columns, an invariant as a partial unique index, and a plain table.
const places = `
-- journalled
CREATE TABLE place (
    id      TEXT    NOT NULL PRIMARY KEY,
    town    TEXT    NOT NULL UNIQUE,
    beds    INTEGER,
    seal    BLOB,
    at      TEXT,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;
-- journalled
CREATE TABLE hold (
    place       TEXT    NOT NULL REFERENCES place (id),
    seq         INTEGER NOT NULL,
    holder      TEXT    NOT NULL,
    released_at TEXT,
    PRIMARY KEY (place, seq)
) STRICT;
CREATE UNIQUE INDEX hold_one ON hold (place) WHERE released_at IS NULL;
-- plain
CREATE TABLE visit (
    id    INTEGER NOT NULL PRIMARY KEY,
    place TEXT    NOT NULL
) STRICT;
`

type place struct {
	ID   ailleurs.PlaceID `db:"id"`
	Town string           `db:"town"`
	Beds int              `db:"beds,omitzero"`
	Seal []byte           `db:"seal"`
	At   time.Time        `db:"at"`
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

func eachWithPlaces(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.EachWith(t, storetest.Setup{Extra: places}, fn)
}

// update runs a unit whose journal entry the test does without.
func update(ctx context.Context, db *store.DB, fn func(*store.Tx) error) error {
	return db.Update(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		tx.Journalled()
		return nil
	})
}

func count(t *testing.T, db *store.DB, text string, args ...any) int {
	t.Helper()
	var n int
	if err := db.View(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(text, args...).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRowComesBackAsItWasWritten(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		want := []place{
			{ID: "A", Town: "Saint-Étienne", Beds: 3, Seal: []byte{0, 255, 10}, At: noon},
			{ID: "B", Town: "zz"},
		}
		must(t, update(t.Context(), db, func(tx *store.Tx) error {
			return errors.Join(tx.Insert("place", want[0]), tx.Insert("place", &want[1]))
		}))
		must(t, db.View(t.Context(), func(tx *store.Tx) error {
			got, err := store.All[place](tx, "SELECT id, town, beds, seal, at FROM place ORDER BY id")
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			n, err := store.One[int](tx, "SELECT sum(beds) FROM place WHERE beds IS NOT NULL AND id = $1", ailleurs.PlaceID("A"))
			if err != nil || n != 3 {
				t.Errorf("sum = %d, %v", n, err)
			}
			if _, err := store.One[place](tx, "SELECT id FROM place WHERE id = $1", "none"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("absent row: %v", err)
			}
			ids, err := store.All[string](tx, "SELECT town FROM place ORDER BY town")
			if d := cmp.Diff([]string{"Saint-Étienne", "zz"}, ids); d != "" || err != nil {
				t.Error(d, err)
			}
			return nil
		}))
	})
}

func TestUnitThatFailsLeavesNothing(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		sorry := errors.New("sorry")
		err := update(t.Context(), db, func(tx *store.Tx) error {
			must(t, tx.Insert("place", place{ID: "A", Town: "a"}))
			return sorry
		})
		if !errors.Is(err, sorry) {
			t.Errorf("error = %v", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = update(t.Context(), db, func(tx *store.Tx) error {
				must(t, tx.Insert("place", place{ID: "B", Town: "b"}))
				panic("no")
			})
		}()
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = update(t.Context(), db, func(tx *store.Tx) error {
				must(t, tx.Insert("place", place{ID: "C", Town: "c"}))
				runtime.Goexit()
				return nil
			})
		})
		wg.Wait()
		must(t, update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "D", Town: "d"}) }))
		if n := count(t, db, "SELECT count(*) FROM place"); n != 1 {
			t.Errorf("%d rows, want the one of the unit that succeeded", n)
		}
	})
}

// Neighbours in a group: those that fail take nobody with them.
func TestUnitsFailAlone(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				err := update(t.Context(), db, func(tx *store.Tx) error {
					if err := tx.Insert("place", place{ID: ailleurs.PlaceID(fmt.Sprint(i)), Town: fmt.Sprint(i)}); err != nil {
						return err
					}
					if i%3 == 0 {
						return errors.New("no")
					}
					return nil
				})
				if (err != nil) != (i%3 == 0) {
					t.Errorf("unit %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db, "SELECT count(*) FROM place"); n != 133 {
			t.Errorf("%d rows, want 133", n)
		}
	})
}

func TestTakenNamesTheIndexOnBothEngines(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		must(t, update(t.Context(), db, func(tx *store.Tx) error {
			must(t, tx.Insert("place", place{ID: "A", Town: "a"}))
			_, err := tx.Exec("INSERT INTO visit (id, place) VALUES (1, 'A')")
			must(t, err)
			return tx.Insert("hold", store.Changes{"place": "A", "seq": 1, "holder": "x"})
		}))
		for want, row := range map[string]func(tx *store.Tx) error{
			"place_pkey":     func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "b"}) },
			"place_town_key": func(tx *store.Tx) error { return tx.Insert("place", place{ID: "B", Town: "a"}) },
			"hold_one": func(tx *store.Tx) error {
				return tx.Insert("hold", store.Changes{"place": "A", "seq": 2, "holder": "y"})
			},
			"hold_pkey": func(tx *store.Tx) error {
				return tx.Insert("hold", store.Changes{"place": "A", "seq": 1, "holder": "y", "released_at": noon})
			},
			"visit_pkey": func(tx *store.Tx) error {
				_, err := tx.Exec("INSERT INTO visit (id, place) VALUES (1, 'A')")
				return err
			},
		} {
			err := update(t.Context(), db, row)
			if !errors.Is(err, store.ErrTaken) || store.TakenIndex(err) != want {
				t.Errorf("index %q, want %q: %v", store.TakenIndex(err), want, err)
			}
		}
		if err := update(t.Context(), db, func(tx *store.Tx) error {
			return tx.Insert("hold", store.Changes{"place": "nowhere", "seq": 1, "holder": "x"})
		}); err == nil || errors.Is(err, store.ErrTaken) {
			t.Errorf("a hold on no place: %v", err)
		}
	})
}

// After an error the unit is lost on both engines, though SQLite alone would go on.
func TestUnitIsLostAfterAnError(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		err := update(t.Context(), db, func(tx *store.Tx) error {
			must(t, tx.Insert("place", place{ID: "A", Town: "a"}))
			if err := tx.Insert("place", place{ID: "A", Town: "a"}); err == nil {
				t.Error("the same place twice")
			}
			_, err := tx.Exec("INSERT INTO visit (id, place) VALUES (1, 'A')")
			if !errors.Is(err, store.ErrTaken) {
				t.Errorf("the unit went on: %v", err)
			}
			return nil
		})
		if !errors.Is(err, store.ErrTaken) {
			t.Errorf("committed after an error: %v", err)
		}
	})
}

func TestJournalledTableIsWrittenByNameOnly(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		for _, text := range []string{
			"INSERT INTO place (id, town) VALUES ('A', 'a')",
			"UPDATE place SET beds = 1",
			"DELETE FROM place",
			`/* x */ DELETE FROM "place"`,
			"WITH x AS (SELECT 1) INSERT INTO place (id, town) SELECT 'A', 'a' FROM x",
		} {
			err := update(t.Context(), db, func(tx *store.Tx) error { _, err := tx.Exec(text); return err })
			if !errors.Is(err, store.ErrUnjournalled) {
				t.Errorf("Exec(%s): %v", text, err)
			}
			err = update(t.Context(), db, func(tx *store.Tx) error { _, err := tx.Query(text); return err })
			if !errors.Is(err, store.ErrUnjournalled) {
				t.Errorf("Query(%s): %v", text, err)
			}
		}
	})
}

func TestWriteWithoutEventIsRefused(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a"}) })
		if !errors.Is(err, store.ErrUnjournalled) {
			t.Errorf("error = %v", err)
		}
		if n := count(t, db, "SELECT count(*) FROM place"); n != 0 {
			t.Error("and the row is there")
		}
	})
}

func TestViewCannotWrite(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a"}) })
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestTouchedNamesEveryRowWritten(t *testing.T) {
	digests := map[store.Engine][]store.Touch{}
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		must(t, update(t.Context(), db, func(tx *store.Tx) error {
			must(t, tx.Insert("place", place{ID: "A", Town: "a"}))
			must(t, tx.Insert("place", place{ID: "B", Town: "b"}))
			must(t, tx.Insert("hold", store.Changes{"place": "A", "seq": 1, "holder": "x/y"}))
			return tx.Insert("hold", store.Changes{"place": "A", "seq": 2, "holder": "z", "released_at": noon})
		}))
		must(t, db.Update(t.Context(), func(tx *store.Tx) error {
			must(t, tx.Bump("place", "A"))
			must(t, tx.Set("place", "A", store.Changes{"beds": 4, "at": noon}))
			must(t, tx.Put("place", place{ID: "C", Town: "Céret", Seal: []byte("s")}))
			must(t, tx.Set("place", "C", store.Changes{"town": "Céret, again"}))
			n, err := tx.SetWhere("hold", store.Changes{"holder": "w"}, "place = $1 AND seq > $2", "A", 1)
			if err != nil || n != 1 {
				t.Errorf("SetWhere: %d, %v", n, err)
			}
			must(t, tx.Delete("place", "B"))
			must(t, tx.Delete("hold", store.Key{"A", 1}))
			got := tx.Touched()
			var keys []string
			for _, x := range got {
				keys = append(keys, fmt.Sprint(x.Table, " ", x.Key, " ", x.Absent))
			}
			want := []string{"place A false", "place C false", "hold A/2 false", "place B true", "hold A/1 true"}
			if d := cmp.Diff(want, keys); d != "" {
				t.Error(d)
			}
			digests[db.Engine()] = got
			must(t, tx.EachRow("place", func(key string, digest [32]byte) error {
				for _, x := range got {
					if x.Table == "place" && x.Key == key && x.Digest != digest {
						t.Errorf("place %s: the digest at writing is not that of the row read back", key)
					}
				}
				return nil
			}))
			b, err := tx.Canonical("place", "A")
			want2 := "row place\nat t 27 2026-11-23T12:00:00.123456Z\nbeds i 1 4\nid t 1 A\ntown t 1 a\n"
			if err != nil || string(b) != want2 {
				t.Errorf("canonical = %q, %v", b, err)
			}
			tx.Journalled()
			return nil
		}))
	})
	if d := cmp.Diff(digests[store.SQLite], digests[store.PostgreSQL]); d != "" && len(digests) == 2 {
		t.Errorf("the engines disagree: %s", d)
	}
}

// SQLite would allow it, PostgreSQL's connection is busy: neither engine does.
func TestNoStatementRunsWhileRowsAreWalked(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		must(t, update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a"}) }))
		err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.Each(func([]any) error { _, err := tx.Query("SELECT 1"); return err }, "SELECT id FROM place")
		})
		if err == nil || !strings.Contains(err.Error(), "are walked") {
			t.Errorf("error = %v", err)
		}
		must(t, db.View(t.Context(), func(tx *store.Tx) error {
			rows, err := tx.Query("SELECT id FROM place")
			must(t, err)
			for rows.Next() {
				_, err = tx.Query("SELECT 1")
				must(t, err)
			}
			return nil
		}))
	})
}

func TestClosedDatabaseSaysSo(t *testing.T) {
	storetest.EachDSN(t, storetest.Setup{Extra: places}, func(t *testing.T, dsn string, opts store.Options) {
		db := openAt(t, dsn, opts)
		must(t, db.Close())
		must(t, db.Close())
		if err := db.View(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
			t.Errorf("View: %v", err)
		}
		if err := update(t.Context(), db, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Update: %v", err)
		}
	})
}

// More Views than connections: they queue, a panic gives its connection back, and names of directories are no URLs.
func TestViewsShareTheConnections(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c=d%20#é")
	db := openAt(t, dir, store.Options{Migrations: storetest.Foundation(places), Readers: 2})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			defer func() { _ = recover() }()
			must(t, db.View(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Query("SELECT id FROM place"); err != nil || i%5 > 0 {
					return err
				}
				panic("no")
			}))
		})
	}
	wg.Wait()
	must(t, db.Close())
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		t.Error(err)
	}
}

func TestBumpSaysWhatIsNotThere(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		must(t, update(t.Context(), db, func(tx *store.Tx) error {
			if err := tx.Bump("place", "A"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Bump = %v", err)
			}
			if err := tx.Set("place", "A", store.Changes{"beds": 1}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Set = %v", err)
			}
			if err := tx.Delete("place", "A"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Delete = %v", err)
			}
			return tx.Insert("place", place{ID: "A", Town: "a"}) // the unit goes on
		}))
	})
}

// Two units that each read what the other is about to write: with Bump first, one of them sees it.
func TestBumpPreventsWriteSkew(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		for round := range 20 {
			p := ailleurs.PlaceID(fmt.Sprint("P", round))
			must(t, update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: p, Town: string(p)}) }))
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					must(t, update(t.Context(), db, func(tx *store.Tx) error {
						must(t, tx.Bump("place", p))
						n, err := store.One[int](tx, "SELECT count(*) FROM hold WHERE place = $1", p)
						must(t, err)
						if n >= 3 { // at most three, a rule no index keeps
							return nil
						}
						return tx.Insert("hold", store.Changes{"place": p, "seq": i, "holder": "x", "released_at": noon})
					}))
				})
			}
			wg.Wait()
			if n := count(t, db, "SELECT count(*) FROM hold WHERE place = $1", p); n != 3 {
				t.Fatalf("%d holds, want 3", n)
			}
		}
	})
}

func TestRetryWithItsKeyIsAnsweredNotRepeated(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		once := func(request string) (answer string, again bool, err error) {
			err = update(t.Context(), db, func(tx *store.Tx) error {
				b, a, err := tx.Once("agent/key", []byte(request), noon, func() ([]byte, error) {
					return []byte("done"), tx.Insert("place", place{ID: "A", Town: "a"})
				})
				answer, again = string(b), a
				return err
			})
			return answer, again, err
		}
		for i := range 3 {
			answer, again, err := once("request")
			if err != nil || answer != "done" || again != (i > 0) {
				t.Errorf("attempt %d: %q, %v, %v", i, answer, again, err)
			}
		}
		if n := count(t, db, "SELECT seen FROM idempotency WHERE key = 'agent/key'"); n != 3 {
			t.Errorf("the retries did not write: seen %d times", n)
		}
		_, _, err := once("another request")
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != "store.key_reused" || r.Kind != ailleurs.Conflict {
			t.Errorf("key reused: %v", err)
		}
	})
}

func TestTextNoEngineShouldHoldIsRefused(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		for _, s := range []string{"a\x00b", "a\xffb"} {
			err := update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: s}) })
			if r := ailleurs.AsRefusal(err); r == nil || r.Key != "store.text" {
				t.Errorf("%q: %v", s, err)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
