package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"codeberg.org/ailleurs/ailleurs"
)

// FileName is the SQLite database inside a data directory.
const FileName = "ailleurs.db"

const (
	maxGroup     = 256  // units committed together
	maxPrepared  = 512  // statements kept ready a connection
	busyTimeout  = 5000 // milliseconds to wait for another process that writes
	oldestSQLite = "3.51.3"
)

// A sqliteEngine is one SQLite file: a connection that writes, handed from unit to unit, and a pool that reads.
type sqliteEngine struct {
	write, read driver.Connector

	viewing chan struct{} // holds one token for each View under way
	done    chan struct{} // closed by close
	idle    struct {
		sync.Mutex
		lanes []*lane // the last used comes first: few connections serve a quiet hub, with their statements and pages warm
	}

	queued  atomic.Int64 // Updates between entry and return
	waiting atomic.Int64 // Updates about to take the turn
	turn    sync.Mutex   // held by the unit that runs; guards what follows
	writer  *lane
	group   *group // begun, not yet committed
	closed  bool
}

// A group is the units that one COMMIT makes durable.
type group struct {
	units  int
	memory memory // what its units remember for each other
	done   chan struct{}
	err    error // set before done closes
}

// A lane is one connection and the statements prepared on it.
type lane struct {
	conn     driver.Conn
	prepared map[string]driver.Stmt
}

func (db *DB) openSQLite(ctx context.Context, dir string) error {
	setting := strings.ToUpper(db.opts.Synchronous)
	switch setting {
	case "":
		setting = "FULL"
	case "FULL", "EXTRA":
	default:
		return ailleurs.Refuse("store.synchronous", "synchronous", "value", db.opts.Synchronous)
	}
	file := filepath.Join(dir, FileName)
	if db.opts.Inspect {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return ailleurs.Refuse("store.absent", "data")
		}
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("store: data directory: %w", err)
	}
	if name, err := networkFilesystem(dir); err != nil {
		return fmt.Errorf("store: data directory: %w", err)
	} else if name != "" {
		return ailleurs.Refuse("store.network_filesystem", "data", "filesystem", name)
	}
	if !db.opts.Inspect {
		// SQLite gives -wal and -shm the mode of the file.
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}

	source := func(reads bool) (driver.Connector, error) {
		if db.opts.Connector != nil {
			return db.opts.Connector(file, reads)
		}
		q := url.Values{}
		q.Set("_busy_timeout", strconv.Itoa(busyTimeout))
		q.Set("_foreign_keys", "on")
		q.Set("_dqs", "0")
		q.Set("_defensive", "1")
		q.Set("_synchronous", setting)
		q.Set("_txlock", "immediate")
		if reads {
			q.Set("_query_only", "on")
		} else {
			q.Set("_journal_mode", "WAL")
		}
		return sqlite.NewConnector("file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode())
	}
	e := &sqliteEngine{done: make(chan struct{})}
	db.sqlite = e
	var err error
	if e.write, err = source(db.opts.Inspect); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if e.read, err = source(true); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if e.writer, err = newLane(ctx, e.write); err != nil {
		return err
	}
	if err := e.check(ctx, db.opts.Inspect); err != nil {
		return err
	}
	n := db.opts.Readers
	if n == 0 {
		n = 8
	}
	e.viewing = make(chan struct{}, n)
	return nil
}

// check asks the engine itself what it is and what it will do.
func (e *sqliteEngine) check(ctx context.Context, inspect bool) error {
	one := func(text string) (v any, err error) {
		err = e.writer.query(ctx, text, nil, nil, func(row []any) error { v = row[0]; return nil })
		return v, err
	}
	version, err := one("SELECT sqlite_version()")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if v, _ := version.(string); older(v, oldestSQLite) {
		return ailleurs.Refuse("store.sqlite_too_old", "data", "version", v, "oldest", oldestSQLite)
	}
	sync, err := one("PRAGMA synchronous")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if n, _ := sync.(int64); n < 2 {
		return ailleurs.Refuse("store.synchronous", "synchronous", "value", strconv.FormatInt(n, 10))
	}
	mode, err := one("PRAGMA journal_mode")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if mode != "wal" && !inspect {
		return fmt.Errorf("store: journal mode is %v, not WAL", mode)
	}
	return nil
}

// older compares dotted versions.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i])
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}

// newLane opens a connection. The driver is spoken to directly: a lane has one owner at a time and keeps its statements,
// which is all that the pool of database/sql would add.
func newLane(ctx context.Context, connector driver.Connector) (*lane, error) {
	conn, err := connector.Connect(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &lane{conn: conn}, nil
}

func (l *lane) close() error {
	if l == nil || l.conn == nil {
		return nil
	}
	l.forget()
	err := l.conn.Close()
	l.conn = nil
	return err
}

// forget closes the prepared statements.
func (l *lane) forget() {
	for _, s := range l.prepared {
		_ = s.Close()
	}
	l.prepared = nil
}

func (l *lane) prepare(text string) (driver.Stmt, error) {
	if s := l.prepared[text]; s != nil {
		return s, nil
	}
	if len(l.prepared) >= maxPrepared {
		l.forget()
	}
	s, err := l.conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	if l.prepared == nil {
		l.prepared = make(map[string]driver.Stmt)
	}
	l.prepared[text] = s
	return s, nil
}

// named numbers values for the driver.
func named(args []any) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}

// exec and query do not hand ctx to the driver: an interrupted statement would roll back the whole group, and watching
// a context costs a goroutine a statement. They look at it between statements and rows.

func (l *lane) exec(ctx context.Context, text string, args []any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s, err := l.prepare(text)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), named(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (l *lane) query(ctx context.Context, text string, args []any, head func([]string) error, each func([]any) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := l.prepare(text)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	columns := rows.Columns()
	if head != nil {
		if err := head(columns); err != nil {
			return err
		}
	}
	values, row := make([]driver.Value, len(columns)), make([]any, len(columns))
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				v = append([]byte{}, b...) // the driver may use its buffer again
			}
			row[i] = v
		}
		if err := each(row); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (l *lane) script(ctx context.Context, text string) error {
	_, err := l.conn.(driver.ExecerContext).ExecContext(ctx, text, nil)
	return err
}

// command runs BEGIN, COMMIT and the like, whatever the state of the caller's context.
func (l *lane) command(text string) error {
	_, err := l.exec(context.Background(), text, nil)
	return err
}

func (e *sqliteEngine) setup(ctx context.Context, db *DB, fn func(runner) error) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	begin := "BEGIN IMMEDIATE"
	if db.opts.Inspect {
		begin = "BEGIN"
	}
	if err := e.writer.command(begin); err != nil {
		return db.explained(err, begin)
	}
	if err := fn(e.writer); err != nil {
		return errors.Join(err, e.writer.command("ROLLBACK"))
	}
	return e.writer.command("COMMIT")
}

func (e *sqliteEngine) view(ctx context.Context, db *DB, fn func(*Tx) error) error {
	select {
	case <-e.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case e.viewing <- struct{}{}:
	}
	defer func() { <-e.viewing }()
	l, err := e.reader(ctx)
	if err != nil {
		return err
	}
	if err := l.command("BEGIN"); err != nil {
		_ = l.close()
		return db.explained(err, "BEGIN")
	}
	defer func() { // also the way out of a panic
		if err := l.command("ROLLBACK"); err != nil {
			_ = l.close()
			return
		}
		e.idle.Lock()
		defer e.idle.Unlock()
		e.idle.lanes = append(e.idle.lanes, l)
	}()
	return fn(&Tx{db: db, ctx: ctx, run: l})
}

// reader takes an idle connection, or opens one.
func (e *sqliteEngine) reader(ctx context.Context) (*lane, error) {
	e.idle.Lock()
	defer e.idle.Unlock()
	if n := len(e.idle.lanes); n > 0 {
		l := e.idle.lanes[n-1]
		e.idle.lanes = e.idle.lanes[:n-1]
		return l, nil
	}
	return newLane(ctx, e.read)
}

// update takes the turn, runs the unit inside the open group, or opens one, and leaves: the last to leave, with nobody
// waiting for the turn or the group full, commits for all. Nobody returns before the COMMIT that covers them.
func (e *sqliteEngine) update(ctx context.Context, db *DB, fn func(*Tx) error) error {
	limit := int64(db.opts.Queue)
	if limit == 0 {
		limit = 4096
	}
	if e.queued.Add(1) > limit {
		e.queued.Add(-1)
		return refuseBusy()
	}
	defer e.queued.Add(-1)

	g, err := e.takeTurn(ctx, db, fn)
	if err != nil {
		return err
	}
	<-g.done
	return g.err
}

// takeTurn runs the unit and returns the group it belongs to. It keeps its promises when fn panics or ends the goroutine.
func (e *sqliteEngine) takeTurn(ctx context.Context, db *DB, fn func(*Tx) error) (*group, error) {
	e.waiting.Add(1)
	e.turn.Lock()
	e.waiting.Add(-1)
	defer func() {
		if g := e.group; g != nil && (g.units >= maxGroup || e.waiting.Load() == 0) {
			e.commit(db)
		}
		e.turn.Unlock()
	}()
	if e.closed {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if e.group == nil {
		if err := e.begin(ctx, db); err != nil {
			return nil, err
		}
	}
	return e.unit(ctx, db, fn)
}

func (e *sqliteEngine) begin(ctx context.Context, db *DB) error {
	if err := db.fault(StepBegin); err != nil {
		return err
	}
	if e.writer == nil {
		l, err := newLane(ctx, e.write)
		if err != nil {
			return err
		}
		e.writer = l
	}
	if err := e.writer.command("BEGIN IMMEDIATE"); err != nil {
		if sqliteCode(err)&0xff != sqlite3.SQLITE_BUSY {
			e.dropWriter()
		}
		return db.explained(err, "BEGIN IMMEDIATE")
	}
	e.group = &group{memory: make(memory), done: make(chan struct{})}
	return nil
}

// unit runs fn in a savepoint of its own.
func (e *sqliteEngine) unit(ctx context.Context, db *DB, fn func(*Tx) error) (_ *group, err error) {
	g, kept := e.group, false
	if err := e.writer.command("SAVEPOINT unit"); err != nil {
		e.abandon(err)
		return nil, db.explained(err, "SAVEPOINT")
	}
	defer func() {
		if kept {
			return
		}
		back := e.writer.command("ROLLBACK TO unit")
		if back == nil {
			back = e.writer.command("RELEASE unit")
		}
		if back != nil { // SQLite has rolled back the whole transaction: disk full, input/output error, no memory
			e.abandon(errors.Join(err, back))
		}
	}()
	tx := &Tx{db: db, ctx: ctx, run: e.writer, writes: true, shared: g.memory}
	if err := fn(tx); err != nil {
		return nil, err
	}
	if err := tx.finish(); err != nil {
		return nil, err
	}
	if err := e.writer.command("RELEASE unit"); err != nil {
		return nil, db.explained(err, "RELEASE")
	}
	kept = true
	g.units++
	maps.Copy(g.memory, tx.own)
	return g, nil
}

// abandon ends a group whose transaction is gone: none of its units is in the database, and that is certain.
func (e *sqliteEngine) abandon(cause error) {
	g := e.group
	e.group = nil
	e.dropWriter()
	if sqliteCode(cause)&0xff == sqlite3.SQLITE_FULL {
		g.err = fmt.Errorf("%w: the group was rolled back: %w", refuseFull(), cause)
	} else {
		g.err = fmt.Errorf("store: the group was rolled back: %w", cause)
	}
	close(g.done)
}

// commit makes the group durable and wakes its units.
func (e *sqliteEngine) commit(db *DB) {
	g := e.group
	e.group = nil
	defer close(g.done)
	if g.units == 0 {
		if err := e.writer.command("ROLLBACK"); err != nil {
			e.dropWriter()
		}
		return
	}
	if err := g.memory.settle(&Tx{db: db, ctx: context.Background(), run: e.writer, writes: true}); err != nil {
		e.dropWriter()
		g.err = fmt.Errorf("store: the group was rolled back: %w", err)
		return
	}
	if err := db.fault(StepCommit); err != nil {
		e.dropWriter()
		g.err = fmt.Errorf("%w: %w", ErrIndeterminate, err)
		return
	}
	err := e.writer.command("COMMIT")
	if err == nil {
		if err := db.fault(StepCommitted); err != nil {
			g.err = fmt.Errorf("%w: %w", ErrIndeterminate, err)
		}
		return
	}
	e.dropWriter()
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_FULL:
		// The frame that would mark the transaction committed is the last one written, and it was not.
		g.err = fmt.Errorf("%w: %w", refuseFull(), err)
	default:
		g.err = fmt.Errorf("%w: %w", ErrIndeterminate, err)
	}
}

// dropWriter closes the writing connection, and with it whatever transaction it was in; the next unit opens another.
func (e *sqliteEngine) dropWriter() {
	_ = e.writer.close()
	e.writer = nil
}

func (e *sqliteEngine) close(db *DB) error {
	e.turn.Lock()
	already := e.closed
	e.closed = true
	if e.group != nil { // its last unit has left, the next one waits behind us and will find the store closed
		e.commit(db)
	}
	var errs []error
	if e.writer != nil {
		errs = append(errs, e.writer.close())
		e.writer = nil
	}
	e.turn.Unlock()
	if already {
		return nil
	}
	close(e.done)
	for range cap(e.viewing) { // every View has left, and none will enter
		e.viewing <- struct{}{}
	}
	for _, l := range e.idle.lanes {
		errs = append(errs, l.close())
	}
	e.idle.lanes = nil
	return errors.Join(errs...)
}
