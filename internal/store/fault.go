package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"codeberg.org/ailleurs/ailleurs"
)

// Faults a caller may want to tell apart, with errors.Is. Use cases turn the first two into refusals of their own.
var (
	// ErrNotFound says that no row has the key asked for.
	ErrNotFound = errors.New("store: no such row")

	// ErrTaken says that a unique index or primary key already holds the value; TakenIndex names it.
	ErrTaken = errors.New("store: taken")

	// ErrIndeterminate says that the answer to COMMIT was lost: the unit may be in the database or not. Only a retry
	// with a key (Once) may follow; telling the person that nothing was written would be a guess.
	ErrIndeterminate = errors.New("store: outcome unknown")

	// ErrUnjournalled says that a unit wrote a journalled table without an event, or by a plain statement.
	ErrUnjournalled = errors.New("store: unjournalled write")

	// ErrReadOnly says that a View, or a database opened for inspection, tried to write.
	ErrReadOnly = errors.New("store: read only")

	// ErrClosed says that the database is closed.
	ErrClosed = errors.New("store: closed")
)

type takenError struct {
	index string
	cause error
}

func (e *takenError) Error() string        { return fmt.Sprintf("store: taken (%s): %v", e.index, e.cause) }
func (e *takenError) Is(target error) bool { return target == ErrTaken }
func (e *takenError) Unwrap() error        { return e.cause }

// TakenIndex returns the name of the unique index behind an ErrTaken, the same on both engines: the name given by
// CREATE UNIQUE INDEX, table_pkey for a primary key, table_column_key for a UNIQUE column. It is "" for other errors.
func TakenIndex(err error) string {
	if t, ok := errors.AsType[*takenError](err); ok {
		return t.index
	}
	return ""
}

// refusals of the store for the person who starts or uses the hub.
func refuseFull() error {
	return ailleurs.RefuseAs(ailleurs.Unavailable, "store.full", "")
}

func refuseBusy() error {
	return ailleurs.RefuseAs(ailleurs.Unavailable, "store.busy", "")
}

// sqliteCode returns SQLite's extended result code, 0 for errors of another origin.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// postgresCode returns PostgreSQL's SQLSTATE, "" for errors of another origin.
func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// explained maps an engine's error for statement text to one of ours.
func (db *DB) explained(err error, text string) error {
	switch code := sqliteCode(err); code {
	case 0:
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return &takenError{index: db.schema.indexOf(err.Error()), cause: err}
	default:
		switch code & 0xff {
		case sqlite3.SQLITE_FULL:
			return fmt.Errorf("%w: %w", refuseFull(), err)
		case sqlite3.SQLITE_BUSY:
			return fmt.Errorf("%w: %w", refuseBusy(), err)
		}
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "23505":
			return &takenError{index: e.ConstraintName, cause: err}
		case e.Code == "53100": // disk_full
			return fmt.Errorf("%w: %w", refuseFull(), err)
		case e.Code == "53300" || e.Code == "57P03": // too_many_connections, cannot_connect_now
			return fmt.Errorf("%w: %w", refuseBusy(), err)
		}
	}
	return fmt.Errorf("store: %w in %q", err, text)
}
