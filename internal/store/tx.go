package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// A Tx is one unit of work, or one snapshot to read. It belongs to the function it was given to, and to one goroutine.
//
// In an Update the order is: Bump the version row of the case or member decided about; read; write; append to the
// journal. After any error but ErrNotFound the unit is lost and every further call returns that error.
type Tx struct {
	db      *DB
	ctx     context.Context
	run     runner
	writes  bool
	failed  error
	walking bool             // a query's rows are being handed out
	touched map[touchKey]int // index into order
	order   []Touch
	events  int
	shared  memory // of the group, on SQLite
	own     memory // of this unit
}

// A memory holds what Remember was told, by key.
type memory map[any]remembered

type remembered struct {
	value any
	last  func(tx *Tx, value any) error
}

// Context is the context of the View or Update.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Engine says which database software runs underneath; for tests and operators' pages, not for choosing SQL.
func (tx *Tx) Engine() Engine { return tx.db.engine }

// Kind says whether this is a demo.
func (tx *Tx) Kind() Kind { return tx.db.kind }

// ready reads a statement's text and values, and refuses what this transaction may not write.
func (tx *Tx) ready(text string, args []any) (*statement, string, []any, error) {
	if tx.failed != nil {
		return nil, "", nil, tx.failed
	}
	if tx.walking {
		return nil, "", nil, tx.fail(fmt.Errorf("store: a statement while the rows of another are walked: %q", text))
	}
	s, err := parse(text)
	if err != nil {
		return nil, "", nil, tx.fail(err)
	}
	if s.values != len(args) {
		return nil, "", nil, tx.fail(fmt.Errorf("store: %d values for %d placeholders in %q", len(args), s.values, text))
	}
	in, err := values(args)
	if err != nil {
		return nil, "", nil, tx.fail(fmt.Errorf("%w in %q", err, text))
	}
	if len(s.writes) > 0 && !tx.writes {
		return nil, "", nil, tx.fail(fmt.Errorf("%w: %q", ErrReadOnly, text))
	}
	if tx.db.engine == SQLite {
		return s, s.sqlite, in, nil
	}
	return s, s.postgres, in, nil
}

// plain refuses a statement that writes a journalled table.
func (tx *Tx) plain(s *statement, text string) error {
	for _, name := range s.writes {
		t, err := tx.db.schema.table(name)
		if err != nil {
			return tx.fail(err)
		}
		if t.journalled {
			return tx.fail(fmt.Errorf("%w: %s is journalled, write it with Insert, Put, Set or Delete: %q", ErrUnjournalled, name, text))
		}
	}
	return nil
}

func (tx *Tx) fail(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// Exec runs an INSERT, UPDATE or DELETE on plain tables and returns the number of rows changed. Values are Go strings,
// integers, bytes, instants, booleans (0 or 1), nil, or named types and pointers to these.
func (tx *Tx) Exec(text string, args ...any) (int64, error) {
	s, spelt, in, err := tx.ready(text, args)
	if err != nil {
		return 0, err
	}
	if err := tx.plain(s, text); err != nil {
		return 0, err
	}
	n, err := tx.run.exec(tx.ctx, spelt, in)
	if err != nil {
		return 0, tx.fail(tx.db.explained(err, text))
	}
	return n, nil
}

// Each calls fn with every row of a query, as the engine gives it: nil, string, int64 or []byte. The slice is reused
// for the next row. fn must not use tx.
func (tx *Tx) Each(fn func(row []any) error, text string, args ...any) error {
	return tx.each(nil, fn, text, args)
}

func (tx *Tx) each(head func([]string) error, fn func([]any) error, text string, args []any) error {
	s, spelt, in, err := tx.ready(text, args)
	if err != nil {
		return err
	}
	if err := tx.plain(s, text); err != nil {
		return err
	}
	return tx.query(head, fn, text, spelt, in)
}

func (tx *Tx) query(head func([]string) error, fn func([]any) error, text, spelt string, in []any) error {
	var own error // an error of fn or head is the caller's, not the engine's
	tx.walking = true
	defer func() { tx.walking = false }()
	err := tx.run.query(tx.ctx, spelt, in, func(columns []string) error {
		if head != nil {
			own = head(columns)
		}
		return own
	}, func(row []any) error {
		own = fn(row)
		return own
	})
	if own != nil {
		return own
	}
	if err != nil {
		return tx.fail(tx.db.explained(err, text))
	}
	return nil
}

// Query runs a SELECT, or a RETURNING statement on plain tables, and holds its rows in memory, so that other
// statements may run while they are walked. All and One read more shortly.
func (tx *Tx) Query(text string, args ...any) (*Rows, error) {
	r := &Rows{at: -1}
	err := tx.each(nil, func(row []any) error {
		r.rows = append(r.rows, append([]any(nil), row...))
		return nil
	}, text, args)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Rows are the rows of a Query.
type Rows struct {
	rows [][]any
	at   int
}

// Next steps to the next row.
func (r *Rows) Next() bool { r.at++; return r.at < len(r.rows) }

// Scan copies the row into what dst point to; NULL gives the zero value.
func (r *Rows) Scan(dst ...any) error { return scan(r.rows[r.at], dst) }

// Len is the number of rows.
func (r *Rows) Len() int { return len(r.rows) }

func scan(row, dst []any) error {
	if len(row) != len(dst) {
		return fmt.Errorf("store: %d columns into %d variables", len(row), len(dst))
	}
	for i, v := range row {
		if err := assign(dst[i], v); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// QueryRow runs a query for its first row.
func (tx *Tx) QueryRow(text string, args ...any) *Row {
	var r Row
	rows, err := tx.Query(text, args...)
	switch {
	case err != nil:
		r.err = err
	case !rows.Next():
		r.err = ErrNotFound
	default:
		r.row = rows.rows[0]
	}
	return &r
}

// Row is the answer to QueryRow.
type Row struct {
	row []any
	err error
}

// Scan copies the row into what dst point to, or returns ErrNotFound; NULL gives the zero value.
func (r *Row) Scan(dst ...any) error {
	if r.err != nil {
		return r.err
	}
	return scan(r.row, dst)
}

// All returns every row of a query: as structs whose db tags name its columns, or, for one column, as plain values.
// Columns without a field are a fault; fields without a column stay zero.
func All[R any](tx *Tx, text string, args ...any) ([]R, error) {
	var out []R
	t := reflect.TypeFor[R]()
	var at []field
	head := func(columns []string) error {
		if scalar(t) {
			if len(columns) != 1 {
				return fmt.Errorf("store: %d columns do not make a %s in %q", len(columns), t, text)
			}
			return nil
		}
		known, err := fields(t)
		if err != nil {
			return err
		}
		for _, c := range columns {
			found := false
			for _, f := range known {
				if f.column == c {
					at, found = append(at, f), true
					break
				}
			}
			if !found {
				return fmt.Errorf("store: %s has no field for column %s of %q", t, c, text)
			}
		}
		return nil
	}
	err := tx.each(head, func(row []any) error {
		var r R
		if at == nil {
			if err := assign(&r, row[0]); err != nil {
				return err
			}
		} else {
			v := reflect.ValueOf(&r).Elem()
			for i, f := range at {
				if err := assign(v.FieldByIndex(f.index).Addr().Interface(), row[i]); err != nil {
					return fmt.Errorf("column %s: %w", f.column, err)
				}
			}
		}
		out = append(out, r)
		return nil
	}, text, args)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// One returns the first row of a query, as All does, or ErrNotFound.
func One[R any](tx *Tx, text string, args ...any) (R, error) {
	var zero R
	all, err := All[R](tx, text, args...)
	if err != nil {
		return zero, err
	}
	if len(all) == 0 {
		return zero, ErrNotFound
	}
	return all[0], nil
}

// Bump locks the row of table whose key is id until the unit ends, and counts one change of it: two Updates that bump
// the same row run one after the other, and what the second reads after its Bump includes what the first wrote. It
// comes before the reads a decision rests on. Rows bumped together are bumped in one order everywhere (by table, then
// key), lest two units wait for each other. The column version is a lock, not a fact: it is no part of the row's digest.
func (tx *Tx) Bump(table string, id any) error {
	if tx.failed != nil {
		return tx.failed
	}
	t, err := tx.db.schema.table(table)
	if err != nil {
		return tx.fail(err)
	}
	if len(t.key) != 1 || t.column(versionColumn) == nil {
		return tx.fail(fmt.Errorf("store: %s has no version column or no single key", table))
	}
	if tx.events > 0 {
		return tx.fail(fmt.Errorf("store: Bump of %s after the journal was written: the order of locks is bump first, journal last", table))
	}
	text := "UPDATE " + table + " SET version = version + 1 WHERE " + t.key[0] + " = $1"
	_, spelt, in, err := tx.ready(text, []any{id})
	if err != nil {
		return err
	}
	n, err := tx.run.exec(tx.ctx, spelt, in)
	if err != nil {
		return tx.fail(tx.db.explained(err, text))
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// Remember keeps a value for as long as the transaction lasts that commits this unit, so that units which follow in the
// same group find it with Recall and need not read it from the database. A unit that fails takes back what it
// remembered. last, unless nil, is run once, with the last value, before COMMIT: it may write plain tables. A value must
// not be changed after it was handed over.
func (tx *Tx) Remember(key, value any, last func(tx *Tx, value any) error) {
	if tx.own == nil {
		tx.own = make(memory)
	}
	tx.own[key] = remembered{value, last}
}

// Recall returns what was remembered under key since the transaction began, or nil.
func (tx *Tx) Recall(key any) any {
	if r, ok := tx.own[key]; ok {
		return r.value
	}
	return tx.shared[key].value
}

// settle runs what a memory wanted done last.
func (m memory) settle(tx *Tx) error {
	for _, r := range m {
		if r.last == nil {
			continue
		}
		if err := r.last(tx, r.value); err != nil {
			return err
		}
	}
	return nil
}

// finish says whether the unit may be committed.
func (tx *Tx) finish() error {
	if tx.failed != nil {
		return tx.failed
	}
	if len(tx.order) > 0 {
		return fmt.Errorf("%w: %s %s has no event", ErrUnjournalled, tx.order[0].Table, tx.order[0].Key)
	}
	return nil
}

// errStop ends a walk over rows early.
var errStop = errors.New("store: stop")
