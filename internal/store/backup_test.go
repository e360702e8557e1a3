package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// chain is a table whose rows refer to rows of the same table that come later in the order of keys.
const chain = places + `
-- journalled
CREATE TABLE chain (
    id   TEXT NOT NULL PRIMARY KEY,
    next TEXT REFERENCES chain (id)
) STRICT;
`

// filled writes one of everything that is hard to carry over.
func filled(t *testing.T, db *store.DB) {
	t.Helper()
	must(t, update(t.Context(), db, func(tx *store.Tx) error {
		must(t, tx.Insert("place", place{ID: "A", Town: "L'Haÿ-les-Roses <&> \u2028 \"\\", Beds: -1 << 62, Seal: []byte{0, 1, 255}, At: noon}))
		must(t, tx.Insert("place", place{ID: "B", Town: "", Seal: []byte{}}))
		must(t, tx.Insert("place", store.Changes{"id": "C", "town": "null"}))
		must(t, tx.Insert("hold", store.Changes{"place": "A", "seq": 1 << 60, "holder": "x"}))
		must(t, tx.Insert("chain", store.Changes{"id": "z"}))
		must(t, tx.Insert("chain", store.Changes{"id": "a", "next": "z"}))
		_, err := tx.Exec("INSERT INTO visit (id, place) VALUES ($1, $2)", 7, "B")
		return err
	}))
}

// contents is every row's canonical bytes, by table and key.
func contents(t *testing.T, db *store.DB) map[string]string {
	t.Helper()
	out := make(map[string]string)
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		for _, table := range db.JournalledTables() {
			must(t, tx.EachRow(table, func(key string, digest [32]byte) error {
				out[table+" "+key] = fmt.Sprintf("%x", digest)
				return nil
			}))
		}
		n, err := store.One[int](tx, "SELECT count(*) FROM visit WHERE id = 7 AND place = 'B'")
		out["visit"] = fmt.Sprint(n)
		return err
	}))
	return out
}

func TestBackupOfEitherEngineRestoresIntoEither(t *testing.T) {
	setup := storetest.Setup{Extra: chain, Options: store.Options{Demo: true}}
	storetest.EachWith(t, setup, func(t *testing.T, from *store.DB) {
		filled(t, from)
		want := contents(t, from)
		backup := filepath.Join(t.TempDir(), "backup")
		must(t, from.Backup(t.Context(), backup, func(*store.Tx) (map[string][]byte, error) {
			return map[string][]byte{"checkpoint.txt": []byte("signed")}, nil
		}))
		if r := ailleurs.AsRefusal(from.Backup(t.Context(), backup, nil)); r == nil || r.Key != "store.backup_exists" {
			t.Errorf("a second backup into the same place: %v", r)
		}
		storetest.EachEmpty(t, setup, func(t *testing.T, dsn string, opts store.Options) {
			verified := false
			must(t, store.Restore(t.Context(), backup, dsn, opts, func(_ context.Context, db *store.DB) error {
				verified = true
				refused(t, dsn, opts, "store.unfinished_restore")
				if d := cmp.Diff(want, contents(t, db)); d != "" {
					t.Error(d)
				}
				return nil
			}))
			if !verified {
				t.Error("nobody verified it")
			}
			to := storetest.Open(t, dsn, opts)
			if d := cmp.Diff(want, contents(t, to)); d != "" || to.Kind() != store.Demo {
				t.Errorf("%s %s", to.Kind(), d)
			}
			err := update(t.Context(), to, func(tx *store.Tx) error {
				return tx.Insert("hold", store.Changes{"place": "nowhere", "seq": 1, "holder": "x"})
			})
			if err == nil {
				t.Error("the restored database checks no references")
			}
			again := filepath.Join(t.TempDir(), "again")
			must(t, to.Backup(t.Context(), again, nil))
			for _, name := range []string{"place.jsonl", "hold.jsonl", "chain.jsonl", "visit.jsonl", "meta.jsonl"} {
				a, err1 := os.ReadFile(filepath.Join(backup, name))
				b, err2 := os.ReadFile(filepath.Join(again, name))
				if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
					t.Errorf("%s differs after restoring, %v:\n%s\n%s", name, err, a, b)
				}
			}
			if r := ailleurs.AsRefusal(store.Restore(t.Context(), backup, dsn, opts, nil)); r == nil || r.Key != "store.not_empty" {
				t.Errorf("restored over a database in use: %v", r)
			}
		})
	})
}

func TestRestoreThatIsNotVerifiedLeavesNothing(t *testing.T) {
	setup := storetest.Setup{Extra: chain}
	from := storetest.SQLite(t, setup)
	filled(t, from)
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, from.Backup(t.Context(), backup, nil))
	storetest.EachEmpty(t, setup, func(t *testing.T, dsn string, opts store.Options) {
		no := errors.New("no")
		if err := store.Restore(t.Context(), backup, dsn, opts, func(context.Context, *store.DB) error { return no }); !errors.Is(err, no) {
			t.Errorf("error = %v", err)
		}
		inspect := opts
		inspect.Inspect = true
		refused(t, dsn, inspect, "store.absent")
		must(t, store.Restore(t.Context(), backup, dsn, opts, nil))
	})
}

func TestDamagedBackupIsRefusedByTheNameOfTheFile(t *testing.T) {
	setup := storetest.Setup{Extra: chain}
	from := storetest.SQLite(t, setup)
	filled(t, from)
	for file, damage := range map[string]func(t *testing.T, name string){
		"place.jsonl": func(t *testing.T, name string) {
			b, err := os.ReadFile(name)
			must(t, err)
			b[len(b)/2] ^= 1
			must(t, os.WriteFile(name, b, 0o600))
		},
		"hold.jsonl":     func(t *testing.T, name string) { must(t, os.Truncate(name, 10)) },
		"visit.jsonl":    func(t *testing.T, name string) { must(t, os.Remove(name)) },
		"checkpoint.txt": func(t *testing.T, name string) { must(t, os.WriteFile(name, nil, 0o600)) },
		"manifest.json":  func(t *testing.T, name string) { must(t, os.WriteFile(name, []byte("{}"), 0o600)) },
	} {
		backup := filepath.Join(t.TempDir(), "backup")
		must(t, from.Backup(t.Context(), backup, func(*store.Tx) (map[string][]byte, error) {
			return map[string][]byte{"checkpoint.txt": []byte("signed")}, nil
		}))
		damage(t, filepath.Join(backup, file))
		dir := filepath.Join(t.TempDir(), "data")
		err := store.Restore(t.Context(), backup, dir, store.Options{Migrations: storetest.Foundation(chain)}, nil)
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != "store.backup_damaged" || r.Args["file"] != file {
			t.Errorf("%s: %v", file, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something was written: %v", file, err)
		}
	}
	err := store.Restore(t.Context(), t.TempDir(), t.TempDir(), store.Options{}, nil)
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != "store.no_backup" {
		t.Errorf("no backup at all: %v", err)
	}
}

func TestBackupOfAnOlderSchemaIsMigrated(t *testing.T) {
	from := storetest.SQLite(t, storetest.Setup{Extra: chain})
	filled(t, from)
	want := contents(t, from)
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, from.Backup(t.Context(), backup, nil))
	storetest.EachEmpty(t, storetest.Setup{}, func(t *testing.T, dsn string, opts store.Options) {
		opts.Migrations = storetest.Foundation(chain, "ALTER TABLE place ADD COLUMN note TEXT;")
		must(t, store.Restore(t.Context(), backup, dsn, opts, nil))
		if d := cmp.Diff(want, contents(t, storetest.Open(t, dsn, opts))); d != "" {
			t.Error(d)
		}
	})
}

// Units go on while a backup is taken, and it shows one instant: every place has its hold.
func TestBackupIsOneInstant(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					id := fmt.Sprint(w, ".", i)
					_ = update(ctx, db, func(tx *store.Tx) error {
						if err := tx.Insert("place", place{ID: ailleurs.PlaceID(id), Town: id}); err != nil {
							return err
						}
						return tx.Insert("hold", store.Changes{"place": id, "seq": 1, "holder": "x"})
					})
				}
			})
		}
		for range 5 {
			backup := filepath.Join(t.TempDir(), "backup")
			must(t, db.Backup(t.Context(), backup, nil))
			lines := func(name string) int {
				b, err := os.ReadFile(filepath.Join(backup, name))
				must(t, err)
				return bytes.Count(b, []byte("\n"))
			}
			if p, h := lines("place.jsonl"), lines("hold.jsonl"); p != h {
				t.Errorf("%d places, %d holds", p-1, h-1)
			}
		}
		stop()
		wg.Wait()
	})
}
