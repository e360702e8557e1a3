package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// refused wants Open to refuse by name.
func refused(t *testing.T, dsn string, opts store.Options, key string) {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, opts)
	if err == nil {
		must(t, db.Close())
	}
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		t.Errorf("refused with %v, want %s", err, key)
	}
}

func TestKindIsWrittenOnceAndTheOtherRefused(t *testing.T) {
	for _, demo := range []bool{false, true} {
		storetest.EachDSN(t, storetest.Setup{Extra: places, Options: store.Options{Demo: demo}}, func(t *testing.T, dsn string, opts store.Options) {
			db := openAt(t, dsn, opts)
			if (db.Kind() == store.Demo) != demo {
				t.Errorf("kind is %s", db.Kind())
			}
			must(t, db.Close())
			opts.Demo = !demo
			refused(t, dsn, opts, map[bool]string{true: "store.demo_data", false: "store.real_data"}[demo])
			opts.Inspect = true
			db = openAt(t, dsn, opts)
			if (db.Kind() == store.Demo) != demo {
				t.Errorf("inspected, kind is %s", db.Kind())
			}
			must(t, db.Close())
		})
	}
}

func TestSettingsThatLoseWritesAreRefused(t *testing.T) {
	for _, s := range []string{"NORMAL", "off", "1", "x"} {
		refused(t, t.TempDir(), store.Options{Synchronous: s}, "store.synchronous")
	}
	for _, s := range []string{"FULL", "extra"} {
		must(t, openAt(t, t.TempDir(), store.Options{Synchronous: s}).Close())
	}
	t.Run(string(store.PostgreSQL), func(t *testing.T) {
		db := storetest.PostgreSQL(t, storetest.Setup{Extra: places}) // on the server that forgets to sync
		refused(t, storetest.Address(t, db), store.Options{}, "store.postgres_setting")
	})
}

func TestNetworkFileSystemIsRefused(t *testing.T) {
	for magic, name := range store.NetworkFilesystems {
		if name == "" || magic == 0 {
			t.Errorf("magic number %x is called %q", magic, name)
		}
	}
	var s syscall.Statfs_t
	must(t, syscall.Statfs(t.TempDir(), &s))
	undo := store.CallNetwork(uint32(s.Type), "NFS") //nolint:gosec // 32 bits
	refused(t, t.TempDir(), store.Options{}, "store.network_filesystem")
	undo()
	must(t, openAt(t, t.TempDir(), store.Options{}).Close())
}

func TestOlderSQLiteIsRecognised(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"3.51.2", "3.51.3", true}, {"3.51.3", "3.51.3", false}, {"3.53.0", "3.51.3", false}, {"3.9.9", "3.51.3", true}, {"4.0", "3.51.3", false},
	} {
		if store.Older(c.a, c.b) != c.want {
			t.Errorf("%s older than %s: %v", c.a, c.b, !c.want)
		}
	}
}

func TestDataOfANewerVersionIsRefused(t *testing.T) {
	storetest.EachDSN(t, storetest.Setup{Extra: places}, func(t *testing.T, dsn string, opts store.Options) {
		must(t, openAt(t, dsn, opts).Close())
		changed := opts
		changed.Migrations = storetest.Foundation(places + "-- another comment\n")
		refused(t, dsn, changed, "store.migration_changed")
		older := opts
		older.Migrations = storetest.Foundation()
		refused(t, dsn, older, "store.newer_schema")
		newer := opts
		newer.Migrations = storetest.Foundation(places, "-- plain\nCREATE TABLE more (id TEXT NOT NULL PRIMARY KEY) STRICT;")
		newer.Inspect = true
		refused(t, dsn, newer, "store.older_schema")
		must(t, openAt(t, dsn, opts).Close())
	})
}

func TestInspectionCreatesNothing(t *testing.T) {
	dir := t.TempDir()
	refused(t, dir, store.Options{Inspect: true}, "store.absent")
	refused(t, filepath.Join(dir, "none"), store.Options{Inspect: true}, "store.absent")
	if found, err := os.ReadDir(dir); err != nil || len(found) > 0 {
		t.Errorf("found %v, %v", found, err)
	}
	refused(t, "postgres://%zz", store.Options{}, "store.dsn")
	storetest.EachDSN(t, storetest.Setup{Extra: places}, func(t *testing.T, dsn string, opts store.Options) {
		must(t, openAt(t, dsn, opts).Close())
		opts.Inspect = true
		db := openAt(t, dsn, opts)
		if err := db.Update(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Update = %v", err)
		}
		if n := count(t, db, "SELECT count(*) FROM place"); n != 0 {
			t.Error("it has rows")
		}
		must(t, db.Close())
	})
}

// A database is nobody's business but the hub's.
func TestDataIsReadableByItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db := openAt(t, dir, store.Options{Migrations: storetest.Foundation(places)})
	must(t, update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a"}) }))
	found := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		must(t, err)
		info, err := d.Info()
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		found++
		return nil
	}))
	if found < 4 {
		t.Errorf("%d files, want the directory, the database, -wal and -shm", found)
	}
	must(t, db.Close())
}

func TestSchemaThatBreaksARuleIsAFault(t *testing.T) {
	for name, text := range map[string]string{
		"neither -- journalled":      "CREATE TABLE x (id TEXT NOT NULL PRIMARY KEY) STRICT;",
		"CASCADE":                    "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY REFERENCES meta (name) ON DELETE CASCADE) STRICT;",
		"ON DELETE SET":              "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY, m TEXT REFERENCES meta (name) ON DELETE SET NULL) STRICT;",
		"TRIGGER":                    "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY) STRICT; CREATE TRIGGER t AFTER INSERT ON x BEGIN DELETE FROM x; END;",
		"primary key":                "-- plain\nCREATE TABLE x (id TEXT NOT NULL) STRICT;",
		"lower case":                 "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY, \"Name\" TEXT) STRICT;",
		"REAL":                       "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY, n REAL) STRICT;",
		"neither TEXT, INTEGER nor":  "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY, n ANY) STRICT;",
		"cover the same columns":     "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY, n TEXT UNIQUE) STRICT; CREATE UNIQUE INDEX y ON x (n) WHERE n > 'a';",
		"is not of this schema":      "-- plain\nCREATE TABLE x (id TEXT NOT NULL PRIMARY KEY) STRICT; ALTER TABLE x RENAME TO y;",
		"IF NOT EXISTS":              "-- plain\nCREATE TABLE IF NOT EXISTS x (id TEXT NOT NULL PRIMARY KEY) STRICT;",
		"CREATE TABLE without a nam": "-- plain\nCREATE TABLE 'x' (id TEXT NOT NULL PRIMARY KEY) STRICT;",
	} {
		_, err := store.Open(t.Context(), t.TempDir(), store.Options{Migrations: storetest.Foundation(text)})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, dir := range map[string]fstest.MapFS{
		"no migrations":     {},
		"is not called":     {"1_x.sql": {}},
		"0001 was expected": {"0002_x.sql": {}},
	} {
		_, err := store.Open(t.Context(), t.TempDir(), store.Options{Migrations: dir})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Every earlier schema, with rows in it, comes to the present one, and the digests of its rows stand.
func TestEveryEarlierSchemaMigratesWithItsData(t *testing.T) {
	steps := []string{
		places,
		"ALTER TABLE place ADD COLUMN rooms INTEGER;\nCREATE INDEX place_rooms ON place (rooms);",
		"-- journalled\nCREATE TABLE more (id TEXT NOT NULL PRIMARY KEY, place TEXT REFERENCES place (id)) STRICT;\nALTER TABLE place ADD COLUMN note TEXT;",
	}
	for from := 1; from <= len(steps); from++ {
		storetest.EachDSN(t, storetest.Setup{Extra: places}, func(t *testing.T, dsn string, opts store.Options) {
			opts.Migrations = storetest.Foundation(steps[:from]...)
			db := openAt(t, dsn, opts)
			must(t, update(t.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: "A", Town: "a", Beds: 2}) }))
			digest := func() (out string) {
				must(t, db.View(t.Context(), func(tx *store.Tx) error {
					b, err := tx.Canonical("place", "A")
					out = string(b)
					return err
				}))
				return out
			}
			before := digest()
			must(t, db.Close())
			opts.Migrations = storetest.Foundation(steps...)
			db = openAt(t, dsn, opts)
			if after := digest(); after != before {
				t.Errorf("the canonical row was\n%sand is\n%s", before, after)
			}
			must(t, update(t.Context(), db, func(tx *store.Tx) error {
				must(t, tx.Set("place", "A", store.Changes{"rooms": 1, "note": "x"}))
				return tx.Insert("more", store.Changes{"id": "M", "place": "A"})
			}))
			must(t, db.Close())
			must(t, openAt(t, dsn, opts).Close())
		})
	}
}

// The embedded schema is reached from each of its own beginnings.
func TestEmbeddedSchemaMigratesFromEveryVersion(t *testing.T) {
	names, err := fs.Glob(store.Migrations, "*.sql")
	must(t, err)
	for from := 1; from <= len(names); from++ {
		first := fstest.MapFS{}
		for _, name := range names[:from] {
			text, err := fs.ReadFile(store.Migrations, name)
			must(t, err)
			first[name] = &fstest.MapFile{Data: text}
		}
		storetest.EachDSN(t, storetest.Setup{Options: store.Options{Migrations: first}}, func(t *testing.T, dsn string, opts store.Options) {
			must(t, openAt(t, dsn, opts).Close())
			opts.Migrations = nil
			must(t, openAt(t, dsn, opts).Close())
		})
	}
}

// A migration that fails leaves the schema where it was.
func TestFailedMigrationLeavesNothing(t *testing.T) {
	storetest.EachDSN(t, storetest.Setup{Extra: places}, func(t *testing.T, dsn string, opts store.Options) {
		must(t, openAt(t, dsn, opts).Close())
		broken := opts
		broken.Migrations = storetest.Foundation(places, "-- plain\nCREATE TABLE more (id TEXT NOT NULL PRIMARY KEY) STRICT;\nCREATE INDEX i ON nothing (id);")
		if _, err := store.Open(t.Context(), dsn, broken); err == nil || ailleurs.AsRefusal(err) != nil {
			t.Errorf("error = %v", err)
		}
		must(t, openAt(t, dsn, opts).Close())
	})
}
