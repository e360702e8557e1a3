// Package store keeps the hub's facts in one SQL database: a SQLite file for one machine, PostgreSQL for several, from
// one SQL text.
//
//	db, err := store.Open(ctx, dsn, store.Options{})          // a data directory, or postgres://…
//	err = db.View(ctx, func(tx *store.Tx) error {             // a consistent snapshot
//		cases, err := store.All[caseRow](tx, "SELECT id, state FROM cases WHERE member = $1 ORDER BY id", member)
//		…
//	})
//	err = db.Update(ctx, func(tx *store.Tx) error {           // all or nothing, durable when it returns
//		if err := tx.Bump("cases", id); err != nil { … }      // 1. lock what is decided about
//		c, err := store.One[caseRow](tx, "SELECT …", id)      // 2. read
//		err = tx.Set("cases", id, store.Changes{"state": …})  // 3. write facts by name, plain tables by Exec
//		_, err = journal.Append(tx, journal.Event{…})         // 4. say so, last
//		return err
//	})
//
// # Tables
//
// The schema is migrations/NNNN_name.sql. Above each CREATE TABLE stands "-- journalled" or "-- plain". A journalled
// table holds facts: its rows are written only by Insert, Put, Set, SetWhere, Delete and DeleteWhere, which remember the
// row and the SHA-256 of its canonical bytes, and a unit that wrote one is not committed before an event of the journal
// has named it. A plain table (sessions, jobs, budgets, the logs themselves) is written by Exec.
//
// Columns are TEXT, INTEGER or BLOB, every table has a primary key and lower-case names; rows change only when a
// statement names their table, so CASCADE, SET NULL and triggers are refused. Instants are text of fixed width (FormatTime).
// Migrations of journalled tables add nullable columns or tables; a NULL is no part of a row's digest, so digests stand.
//
// # Statements
//
// Placeholders are $1, $2, $3… in the order of first use; a number may come back. Write what both engines understand:
// ON CONFLICT (…) DO UPDATE, RETURNING, FOR UPDATE and SKIP LOCKED (dropped on SQLite, which has one writer), no casts,
// no date functions, no REAL. PostgreSQL must be able to tell each placeholder's type: compare it with a column, do not
// write "$1 IS NULL". A struct's columns are its db tags, `db:"beds,omitzero"` storing a zero as NULL; NULL reads as the
// zero value, an instant as text, a boolean as 0 or 1.
//
// # Promises
//
// On SQLite one writer at a time runs units, each in a savepoint, and one COMMIT with synchronous=FULL makes up to 256
// of them durable; on PostgreSQL each unit is a READ COMMITTED transaction. Either way a unit that fails or panics
// leaves nothing and takes nobody with it, and nobody is told of success before it is on disk. Rules that must never
// break are unique indexes (ErrTaken, TakenIndex); rules that no index can say rest on Bump. When the answer to COMMIT is
// lost the error is ErrIndeterminate, and the retry carries a key (Tx.Once). A full disk is the refusal store.full and a
// long queue store.busy (Unavailable): nothing was written, and reads go on.
package store
