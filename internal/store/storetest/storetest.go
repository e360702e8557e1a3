// Package storetest gives tests a real database on both engines: a SQLite file of their own, and a database of their own
// on a private PostgreSQL server, started once a test binary from Debian's packages and gone with it.
package storetest

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	_ "modernc.org/sqlite" // registers the driver

	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Setup says what a test needs beside an empty database. The zero value is the embedded schema.
type Setup struct {
	// Extra is SQL that becomes one more migration after the foundation, replacing the pillars' own: for tests of
	// packages below the pillars that want tables of their own.
	Extra string

	// Options are handed to store.Open; Migrations and Volatile are set by this package.
	Options store.Options

	// Durable asks for a PostgreSQL server that syncs to disk.
	Durable bool
}

// Each runs fn as one subtest an engine, on an empty database with the embedded schema.
func Each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachWith(t, Setup{}, fn)
}

// EachWith is Each with a setup.
func EachWith(t *testing.T, setup Setup, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachDSN(t, setup, func(t *testing.T, dsn string, opts store.Options) {
		fn(t, Open(t, dsn, opts))
	})
}

// EachDSN runs fn as one subtest an engine with the address of an empty database, for tests that open it themselves.
func EachDSN(t *testing.T, setup Setup, fn func(t *testing.T, dsn string, opts store.Options)) {
	t.Helper()
	t.Run(string(store.SQLite), func(t *testing.T) { fn(t, t.TempDir(), setup.options()) })
	t.Run(string(store.PostgreSQL), func(t *testing.T) {
		opts := setup.options()
		fn(t, postgresDSN(t, setup.Durable, opts), opts)
	})
}

// EachEmpty is EachDSN without any schema at the address: what Restore wants.
func EachEmpty(t *testing.T, setup Setup, fn func(t *testing.T, dsn string, opts store.Options)) {
	t.Helper()
	t.Run(string(store.SQLite), func(t *testing.T) { fn(t, t.TempDir(), setup.options()) })
	t.Run(string(store.PostgreSQL), func(t *testing.T) { fn(t, server(t, setup.Durable).Empty(t), setup.options()) })
}

// Open opens dsn until the test ends.
func Open(t testing.TB, dsn string, opts store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, opts)
	if err != nil {
		t.Fatal(err)
	}
	addresses.Store(db, dsn)
	t.Cleanup(func() {
		addresses.Delete(db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// addresses remembers where the databases opened here are: *store.DB → dsn.
var addresses sync.Map

// Address returns the dsn of a database opened here.
func Address(t testing.TB, db *store.DB) string {
	t.Helper()
	dsn, ok := addresses.Load(db)
	if !ok {
		t.Fatal("not a database that storetest opened")
	}
	return dsn.(string)
}

// Tamper runs statements on the database behind the store's back, with foreign keys unchecked, as whoever holds the
// file or the server could.
func Tamper(t testing.TB, db *store.DB, texts ...string) {
	t.Helper()
	dsn := Address(t, db)
	driver, source, first := "sqlite", "file:"+filepath.Join(dsn, store.FileName), "PRAGMA foreign_keys = off"
	if db.Engine() == store.PostgreSQL {
		driver, source, first = "pgx", dsn, "SET session_replication_role = replica"
	}
	raw, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	defer func() { _ = raw.Close() }()
	for _, text := range append([]string{first}, texts...) {
		if _, err := raw.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// SQLite opens an empty SQLite database until the test or benchmark ends.
func SQLite(t testing.TB, setup Setup) *store.DB {
	t.Helper()
	return Open(t, t.TempDir(), setup.options())
}

// PostgreSQL opens an empty PostgreSQL database until the test or benchmark ends.
func PostgreSQL(t testing.TB, setup Setup) *store.DB {
	t.Helper()
	opts := setup.options()
	return Open(t, postgresDSN(t, setup.Durable, opts), opts)
}

func (s Setup) options() store.Options {
	opts := s.Options
	opts.Volatile = !s.Durable
	if s.Extra != "" {
		opts.Migrations = Foundation(s.Extra)
	}
	return opts
}

// Foundation is the first embedded migration followed by extra ones.
func Foundation(extra ...string) fs.FS {
	const first = "0001_foundation.sql"
	text, err := fs.ReadFile(store.Migrations, first)
	if err != nil {
		panic(err) // it is part of this program
	}
	dir := fstest.MapFS{first: {Data: text}}
	for i, sql := range extra {
		dir[fmt.Sprintf("%04d_extra.sql", i+2)] = &fstest.MapFile{Data: []byte(sql)}
	}
	return dir
}

// inCI says whether a missing engine is an error rather than a reason to skip.
func inCI() bool { return os.Getenv("CI") == "true" }
