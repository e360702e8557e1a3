package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"codeberg.org/ailleurs/ailleurs"
)

// A postgresEngine is a pool of connections to one PostgreSQL database.
type postgresEngine struct {
	pool   *sql.DB
	closed atomic.Bool
}

const (
	maxAttempts   = 12
	migrationLock = 0x61696c6c65757273 // "ailleurs": the advisory lock that puts hubs starting together in order
)

func (db *DB) openPostgres(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return ailleurs.Refuse("store.dsn", "data")
	}
	config.RuntimeParams["application_name"] = "ailleurs"
	config.RuntimeParams["timezone"] = "UTC"
	e := &postgresEngine{pool: stdlib.OpenDB(*config)}
	db.pg = e
	n := db.opts.Readers
	if n == 0 {
		n = 16
	}
	e.pool.SetMaxOpenConns(n)
	e.pool.SetMaxIdleConns(n)
	for _, setting := range []struct{ name, bad string }{
		{"fsync", "off"}, {"full_page_writes", "off"}, {"synchronous_commit", "off"},
	} {
		var v string
		if err := e.pool.QueryRowContext(ctx, "SELECT current_setting($1)", setting.name).Scan(&v); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if v == setting.bad && !db.opts.Volatile {
			return ailleurs.Refuse("store.postgres_setting", "data", "setting", setting.name, "value", v)
		}
	}
	var encoding string
	if err := e.pool.QueryRowContext(ctx, "SELECT current_setting('server_encoding')").Scan(&encoding); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if encoding != "UTF8" {
		return ailleurs.Refuse("store.postgres_setting", "data", "setting", "server_encoding", "value", encoding)
	}
	return nil
}

// A pgRunner is one transaction.
type pgRunner struct{ tx *sql.Tx }

func (r pgRunner) exec(ctx context.Context, text string, args []any) (int64, error) {
	res, err := r.tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (r pgRunner) query(ctx context.Context, text string, args []any, head func([]string) error, each func([]any) error) error {
	rows, err := r.tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	return drain(ctx, rows, head, each)
}

// drain hands the rows out and closes them.
func drain(ctx context.Context, rows *sql.Rows, head func([]string) error, each func([]any) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if head != nil {
		if err := head(columns); err != nil {
			return err
		}
	}
	row, at := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		at[i] = &row[i]
	}
	for rows.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := rows.Scan(at...); err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r pgRunner) script(ctx context.Context, text string) error {
	_, err := r.tx.ExecContext(ctx, text, pgx.QueryExecModeSimpleProtocol)
	return err
}

func (e *postgresEngine) setup(ctx context.Context, db *DB, fn func(runner) error) error {
	tx, err := e.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted, ReadOnly: db.opts.Inspect})
	if err != nil {
		return db.explained(err, "BEGIN")
	}
	defer func() { _ = tx.Rollback() }()
	if !db.opts.Inspect {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
			return db.explained(err, "pg_advisory_xact_lock")
		}
	}
	if err := fn(pgRunner{tx}); err != nil {
		return err
	}
	return tx.Commit()
}

func (e *postgresEngine) view(ctx context.Context, db *DB, fn func(*Tx) error) error {
	if e.closed.Load() {
		return ErrClosed
	}
	tx, err := e.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return db.explained(err, "BEGIN")
	}
	defer func() { _ = tx.Rollback() }()
	return fn(&Tx{db: db, ctx: ctx, run: pgRunner{tx}})
}

func (e *postgresEngine) update(ctx context.Context, db *DB, fn func(*Tx) error) error {
	if e.closed.Load() {
		return ErrClosed
	}
	for attempt := 1; ; attempt++ {
		err := e.once(ctx, db, fn)
		code := postgresCode(err)
		if code != "40001" && code != "40P01" || errors.Is(err, ErrIndeterminate) || attempt == maxAttempts {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// pause waits a random moment that grows with the attempts, so that those who collided do not meet again.
func pause(ctx context.Context, attempt int) error {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(time.Millisecond)<<min(attempt, 8)))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	t := time.NewTimer(time.Duration(n.Int64()))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once runs one transaction under READ COMMITTED. Invariants do not rest on the isolation level but on three things:
// unique indexes, the version row that Bump locks before the unit reads what it decides about, and the journal's head.
func (e *postgresEngine) once(ctx context.Context, db *DB, fn func(*Tx) error) error {
	if err := db.fault(StepBegin); err != nil {
		return err
	}
	// The transaction does not end with ctx: a COMMIT that is cancelled while it waits for the standby has happened.
	conn, err := e.pool.Conn(ctx)
	if err != nil {
		return db.explained(err, "BEGIN")
	}
	defer func() { _ = conn.Close() }()
	sqlTx, err := conn.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return db.explained(err, "BEGIN")
	}
	defer func() { _ = sqlTx.Rollback() }()
	tx := &Tx{db: db, ctx: ctx, run: pgRunner{sqlTx}, writes: true}
	if err := fn(tx); err != nil {
		return err
	}
	if err := errors.Join(tx.finish(), tx.own.settle(tx)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.fault(StepCommit); err != nil {
		return fmt.Errorf("%w: %w", ErrIndeterminate, err)
	}
	if err := sqlTx.Commit(); err != nil {
		return commitFault(db, err)
	}
	if err := db.fault(StepCommitted); err != nil {
		return fmt.Errorf("%w: %w", ErrIndeterminate, err)
	}
	return nil
}

// commitFault tells a COMMIT that the server refused, which is certain, from one whose answer never came.
func commitFault(db *DB, err error) error {
	switch code := postgresCode(err); {
	case code == "", strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), code == "40003":
		return fmt.Errorf("%w: %w", ErrIndeterminate, err)
	default:
		return db.explained(err, "COMMIT")
	}
}

// close refuses new units; connections in use end with theirs.
func (e *postgresEngine) close() error {
	e.closed.Store(true)
	return e.pool.Close()
}
