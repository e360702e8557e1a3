package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// Engine is the database software under a DB.
type Engine string

// The two engines.
const (
	SQLite     Engine = "SQLite"
	PostgreSQL Engine = "PostgreSQL"
)

// Kind says whether a database holds people or play. It is written once, at creation.
type Kind string

// The two kinds.
const (
	Real Kind = "real"
	Demo Kind = "demo"
)

// Options adjust Open. The zero value opens, or creates, a real database.
type Options struct {
	// Demo creates a demo database, and accepts only one. Without it a demo database is refused.
	Demo bool

	// Inspect opens what is there, of either kind and of any schema not newer than ours, to read it: nothing is
	// created, migrated or written.
	Inspect bool

	// Synchronous is SQLite's setting of that name: "" or FULL, or EXTRA. NORMAL and OFF lose acknowledged writes in a
	// power cut and are refused.
	Synchronous string

	// Readers is the number of concurrent Views on SQLite, and of connections on PostgreSQL; 0 means 8 and 16.
	Readers int

	// Queue is how many Updates may wait for SQLite's writer before further ones are refused as busy; 0 means 4096.
	Queue int

	// Migrations replaces the embedded schema, in tests.
	Migrations fs.FS

	// Volatile accepts a PostgreSQL server that runs without fsync, in tests.
	Volatile bool

	// Connector, in tests, reaches SQLite through another driver: file is the database, reads says that the connection
	// only reads. It sets every pragma itself.
	Connector func(file string, reads bool) (driver.Connector, error)

	// Fault, in tests, is asked at each step of an Update whether it fails there.
	Fault func(Step) error
}

// A Step is a moment of an Update at which a test can make the store fail.
type Step string

// The steps, in order. A fault at Commit or Committed is what a caller sees as ErrIndeterminate: in the first case the
// unit is not in the database, in the second it is.
const (
	StepBegin     Step = "begin"
	StepCommit    Step = "commit"
	StepCommitted Step = "committed"
)

// A DB is one open database. It is safe for use by many goroutines.
type DB struct {
	engine Engine
	kind   Kind
	opts   Options
	steps  []migration
	schema *schema
	sqlite *sqliteEngine
	pg     *postgresEngine
}

// Open opens the database that dsn names: a data directory, which holds the SQLite file ailleurs.db, or the URL of a
// PostgreSQL database (postgres://…). It creates what is missing and applies the migrations that are.
//
// What it will not open it refuses by name (*ailleurs.Refusal, field data unless another fits): store.synchronous,
// store.network_filesystem, store.sqlite_too_old, store.newer_schema, store.older_schema (to inspect),
// store.migration_changed, store.demo_data, store.real_data, store.absent, store.unfinished_restore,
// store.postgres_setting.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	db, err := connect(ctx, dsn, opts)
	if err != nil {
		return nil, err
	}
	if err := db.settle(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect reaches the engine and checks what it is; the schema comes after.
func connect(ctx context.Context, dsn string, opts Options) (*DB, error) {
	if opts.Migrations == nil {
		opts.Migrations = Migrations
	}
	steps, err := migrations(opts.Migrations)
	if err != nil {
		return nil, err
	}
	db := &DB{opts: opts, steps: steps}
	if isPostgres(dsn) {
		db.engine = PostgreSQL
		err = db.openPostgres(ctx, dsn)
	} else {
		db.engine = SQLite
		err = db.openSQLite(ctx, dsn)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// settle migrates, learns the schema and checks the kind, in one transaction.
func (db *DB) settle(ctx context.Context) error {
	return db.setup(ctx, func(run runner) error {
		kind := Real
		if db.opts.Demo {
			kind = Demo
		}
		if db.opts.Inspect {
			applied, err := db.applied(ctx, run)
			if err != nil {
				return err
			}
			if len(applied) == 0 {
				return ailleurs.Refuse("store.absent", "data")
			}
			if err := checkApplied(applied, db.steps); err != nil {
				return err
			}
			if len(applied) < len(db.steps) {
				return ailleurs.Refuse("store.older_schema", "data")
			}
		} else if _, err := db.migrate(ctx, run, db.steps, kind); err != nil {
			return err
		}
		var err error
		if db.schema, err = db.learn(ctx, run, db.steps); err != nil {
			return err
		}
		return db.checkMeta(ctx, run, kind)
	})
}

// checkMeta reads the kind and refuses the other one, and a database whose restore was not finished.
func (db *DB) checkMeta(ctx context.Context, run runner, want Kind) error {
	unfinished := false
	err := run.query(ctx, "SELECT name, value FROM meta", nil, nil, func(row []any) error {
		name, _ := row[0].(string)
		value, _ := row[1].(string)
		switch name {
		case "kind":
			db.kind = Kind(value)
		case "restoring":
			unfinished = true
		}
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("store: meta: %w", err)
	case unfinished && !db.opts.Inspect:
		return ailleurs.Refuse("store.unfinished_restore", "data")
	case db.opts.Inspect || db.kind == want:
		return nil
	case db.kind == Demo:
		return ailleurs.Refuse("store.demo_data", "data")
	default:
		return ailleurs.Refuse("store.real_data", "data")
	}
}

// Engine says which database software runs underneath.
func (db *DB) Engine() Engine { return db.engine }

// Kind says whether this is a demo.
func (db *DB) Kind() Kind { return db.kind }

// spell gives the engine's form of a text of ours that is known to parse.
func (db *DB) spell(text string) string {
	s := must(parse(text))
	if db.engine == SQLite {
		return s.sqlite
	}
	return s.postgres
}

// A runner speaks to one connection, inside a transaction, in the engine's own spelling.
type runner interface {
	// exec returns the number of rows changed.
	exec(ctx context.Context, text string, args []any) (int64, error)
	// query calls head, unless nil, with the columns' names, then each with every row; row is reused.
	query(ctx context.Context, text string, args []any, head func(columns []string) error, each func(row []any) error) error
	// script runs several statements without values.
	script(ctx context.Context, text string) error
}

// View runs fn on a consistent snapshot of the database; fn cannot write. It never waits for writers.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	if db.engine == SQLite {
		return db.sqlite.view(ctx, db, fn)
	}
	return db.pg.view(ctx, db, fn)
}

// Update runs fn as one unit: everything it writes is committed together and durably before Update returns nil, or
// nothing is. fn returns an error, or panics, to write nothing; Update hands that error on.
//
// fn must have no effect but through tx, as it may be run again after a deadlock or serialization failure (PostgreSQL),
// and must not call View or Update. It bumps first, journals last (see Tx). An error that is ErrIndeterminate means
// that the outcome is unknown; every other error means that nothing was written.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	if db.opts.Inspect {
		return ErrReadOnly
	}
	if db.engine == SQLite {
		return db.sqlite.update(ctx, db, fn)
	}
	return db.pg.update(ctx, db, fn)
}

// setup runs fn in the transaction that opens the database.
func (db *DB) setup(ctx context.Context, fn func(runner) error) error {
	if db.engine == SQLite {
		return db.sqlite.setup(ctx, db, fn)
	}
	return db.pg.setup(ctx, db, fn)
}

// Close waits for the Updates under way and closes the database.
func (db *DB) Close() error {
	switch {
	case db.sqlite != nil:
		return db.sqlite.close(db)
	case db.pg != nil:
		return db.pg.close()
	}
	return nil
}

func (db *DB) fault(step Step) error {
	if db.opts.Fault == nil {
		return nil
	}
	return db.opts.Fault(step)
}
