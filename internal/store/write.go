package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const versionColumn = "version"

// Changes are new values by column; nil is NULL.
type Changes map[string]any

// Key is a primary key of several columns, in the order of the table's PRIMARY KEY clause. A key of one column is
// given as the plain value.
type Key []any

// A Touch is a journalled row that the unit wrote and no event has named yet.
type Touch struct {
	Table  string
	Key    string            // see RowKey
	Digest [sha256.Size]byte // of the canonical row, as Canonical gives it
	Absent bool              // the row was deleted; Digest is zero
}

type touchKey struct{ table, key string }

// Insert adds a row: a struct with db tags, a pointer to one, or Changes. Columns not named get their default or NULL.
// A unique index that stands against it gives ErrTaken.
func (tx *Tx) Insert(table string, row any) error {
	t, names, vals, err := tx.rowOf(table, row)
	if err != nil {
		return err
	}
	_, err = tx.write(t, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+placeholders(1, len(names))+")", vals, false)
	return err
}

// Put adds a row, or replaces the named columns of the row that has its key.
func (tx *Tx) Put(table string, row any) error {
	t, names, vals, err := tx.rowOf(table, row)
	if err != nil {
		return err
	}
	var sets []string
	for _, n := range names {
		if !slices.Contains(t.key, n) {
			sets = append(sets, n+" = excluded."+n)
		}
	}
	if len(sets) == 0 { // nothing but the key: write all the same, an acknowledged Put is a durable one
		sets = append(sets, t.key[0]+" = excluded."+t.key[0])
	}
	_, err = tx.write(t, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+placeholders(1, len(names))+
		") ON CONFLICT ("+strings.Join(t.key, ", ")+") DO UPDATE SET "+strings.Join(sets, ", "), vals, false)
	return err
}

// Set changes columns of the row with the given key, or returns ErrNotFound.
func (tx *Tx) Set(table string, key any, changes Changes) error {
	where, args, err := tx.keyClause(table, key)
	if err != nil {
		return err
	}
	n, err := tx.SetWhere(table, changes, where, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// SetWhere changes columns of the rows for which where holds (its placeholders are $1, $2… of args) and returns how
// many they were. It cannot change keys.
func (tx *Tx) SetWhere(table string, changes Changes, where string, args ...any) (int, error) {
	t, err := tx.tableOf(table)
	if err != nil {
		return 0, err
	}
	names := slices.Sorted(maps.Keys(changes))
	var sets []string
	var vals []any
	for i, n := range names {
		if t.column(n) == nil || slices.Contains(t.key, n) {
			return 0, tx.fail(fmt.Errorf("store: %s.%s cannot be set", table, n))
		}
		sets = append(sets, n+" = $"+strconv.Itoa(i+1))
		vals = append(vals, changes[n])
	}
	if len(sets) == 0 {
		return 0, tx.fail(fmt.Errorf("store: no change of %s given", table))
	}
	where, err = shifted(where, len(names))
	if err != nil {
		return 0, tx.fail(err)
	}
	return tx.write(t, "UPDATE "+table+" SET "+strings.Join(sets, ", ")+" WHERE "+where, append(vals, args...), false)
}

// Delete removes the row with the given key, or returns ErrNotFound.
func (tx *Tx) Delete(table string, key any) error {
	where, args, err := tx.keyClause(table, key)
	if err != nil {
		return err
	}
	n, err := tx.DeleteWhere(table, where, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// DeleteWhere removes the rows for which where holds and returns how many they were.
func (tx *Tx) DeleteWhere(table, where string, args ...any) (int, error) {
	t, err := tx.tableOf(table)
	if err != nil {
		return 0, err
	}
	return tx.write(t, "DELETE FROM "+table+" WHERE "+where, args, true)
}

// Attest makes the next event name a journalled row as it stands, unchanged: when the event that named it last is erased.
// A row that does not exist gives ErrNotFound.
func (tx *Tx) Attest(table string, key any) error {
	where, args, err := tx.keyClause(table, key)
	if err != nil {
		return err
	}
	t := tx.db.schema.tables[table]
	n := 0
	err = tx.each(nil, func(row []any) error {
		n++
		tx.touch(t, row, false)
		return nil
	}, "SELECT "+t.names()+" FROM "+table+" WHERE "+where, args)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Touched returns the journalled rows written since the last event, in the order of their first writing.
func (tx *Tx) Touched() []Touch { return tx.order }

// Journalled tells the store that an event naming every touched row has been written. For the journal alone.
func (tx *Tx) Journalled() {
	tx.events++
	tx.order = nil
	clear(tx.touched)
}

func (tx *Tx) tableOf(name string) (*table, error) {
	if tx.failed != nil {
		return nil, tx.failed
	}
	t, err := tx.db.schema.table(name)
	if err != nil {
		return nil, tx.fail(err)
	}
	return t, nil
}

// write runs text, which writes t, and records the rows it wrote as the engine returns them.
func (tx *Tx) write(t *table, text string, args []any, gone bool) (int, error) {
	if t.journalled {
		text += " RETURNING " + t.names()
	}
	_, spelt, in, err := tx.ready(text, args)
	if err != nil {
		return 0, err
	}
	if !t.journalled {
		n, err := tx.run.exec(tx.ctx, spelt, in)
		if err != nil {
			return 0, tx.fail(tx.db.explained(err, text))
		}
		return int(n), nil
	}
	n := 0
	err = tx.query(nil, func(row []any) error {
		n++
		tx.touch(t, row, gone)
		return nil
	}, text, spelt, in)
	return n, err
}

func (tx *Tx) touch(t *table, row []any, gone bool) {
	touch := Touch{Table: t.name, Key: t.rowKey(row), Absent: gone}
	if !gone {
		touch.Digest = sha256.Sum256(t.canonical(row))
	}
	k := touchKey{touch.Table, touch.Key}
	if i, ok := tx.touched[k]; ok {
		tx.order[i] = touch
		return
	}
	if tx.touched == nil {
		tx.touched = make(map[touchKey]int)
	}
	tx.touched[k] = len(tx.order)
	tx.order = append(tx.order, touch)
}

// rowOf reads a struct or Changes into columns and values.
func (tx *Tx) rowOf(name string, row any) (t *table, names []string, vals []any, err error) {
	if t, err = tx.tableOf(name); err != nil {
		return nil, nil, nil, err
	}
	add := func(column string, v any) error {
		if t.column(column) == nil {
			return fmt.Errorf("store: no column %s.%s", name, column)
		}
		names, vals = append(names, column), append(vals, v)
		return nil
	}
	if changes, ok := row.(Changes); ok {
		for _, column := range slices.Sorted(maps.Keys(changes)) {
			if err := add(column, changes[column]); err != nil {
				return nil, nil, nil, tx.fail(err)
			}
		}
		return t, names, vals, nil
	}
	v := reflect.ValueOf(row)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil, nil, nil, tx.fail(fmt.Errorf("store: a %T is not a row of %s", row, name))
	}
	known, err := fields(v.Type())
	if err != nil {
		return nil, nil, nil, tx.fail(err)
	}
	for _, f := range known {
		x := v.FieldByIndex(f.index)
		var in any
		if !f.empty || !x.IsZero() {
			in = x.Interface()
		}
		if err := add(f.column, in); err != nil {
			return nil, nil, nil, tx.fail(err)
		}
	}
	return t, names, vals, nil
}

func (tx *Tx) keyClause(name string, key any) (string, []any, error) {
	t, err := tx.tableOf(name)
	if err != nil {
		return "", nil, err
	}
	args, ok := key.(Key)
	if !ok {
		args = Key{key}
	}
	if len(args) != len(t.key) {
		return "", nil, tx.fail(fmt.Errorf("store: the key of %s is (%s)", name, strings.Join(t.key, ", ")))
	}
	var terms []string
	for i, c := range t.key {
		terms = append(terms, c+" = $"+strconv.Itoa(i+1))
	}
	return strings.Join(terms, " AND "), args, nil
}

func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
	}
	return b.String()
}

// canonical writes a row, whose columns come in name order, so that two rows have the same bytes if and only if they
// hold the same facts: a first line "row <table>", then for every column that is not NULL, in name order,
// "<name> <t|i|b> <length> <bytes>" and a line feed; integers in decimal. Leaving NULL out lets a later migration add a
// column without touching a digest. The column version is a lock, not a fact, and is left out.
func (t *table) canonical(row []any) []byte {
	b := make([]byte, 0, 256)
	b = append(b, "row "...)
	b = append(b, t.name...)
	b = append(b, '\n')
	var digits [20]byte
	for i, c := range t.columns {
		if row[i] == nil || c.name == versionColumn {
			continue
		}
		b = append(b, c.name...)
		b = append(b, ' ', byte(c.kind), ' ')
		switch v := row[i].(type) {
		case string:
			b = strconv.AppendInt(b, int64(len(v)), 10)
			b = append(b, ' ')
			b = append(b, v...)
		case []byte:
			b = strconv.AppendInt(b, int64(len(v)), 10)
			b = append(b, ' ')
			b = append(b, v...)
		case int64:
			d := strconv.AppendInt(digits[:0], v, 10)
			b = strconv.AppendInt(b, int64(len(d)), 10)
			b = append(b, ' ')
			b = append(b, d...)
		}
		b = append(b, '\n')
	}
	return b
}

// rowKey is the row's primary key as text: its columns joined by "/", with "%" and "/" inside them written %25 and %2F.
func (t *table) rowKey(row []any) string {
	var parts []string
	for _, name := range t.key {
		i, _ := slices.BinarySearchFunc(t.columns, name, func(c column, n string) int { return cmp.Compare(c.name, n) })
		switch v := row[i].(type) {
		case string:
			parts = append(parts, keyEscape.Replace(v))
		case int64:
			parts = append(parts, strconv.FormatInt(v, 10))
		case []byte:
			parts = append(parts, fmt.Sprintf("%x", v))
		}
	}
	return strings.Join(parts, "/")
}

var (
	keyEscape   = strings.NewReplacer("%", "%25", "/", "%2F")
	keyUnescape = strings.NewReplacer("%2F", "/", "%25", "%")
)

// ParseKey turns the text of a Touch's key back into a Key for Attest.
func (tx *Tx) ParseKey(table, key string) (Key, error) {
	t, err := tx.tableOf(table)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(key, "/")
	if len(parts) != len(t.key) {
		return nil, fmt.Errorf("store: %q is not a key of %s", key, table)
	}
	var out Key
	for i, name := range t.key {
		switch t.column(name).kind {
		case textColumn:
			out = append(out, keyUnescape.Replace(parts[i]))
		case integerColumn:
			n, err := strconv.ParseInt(parts[i], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("store: %q is not a key of %s", key, table)
			}
			out = append(out, n)
		case blobColumn:
			b, err := hex.DecodeString(parts[i])
			if err != nil {
				return nil, fmt.Errorf("store: %q is not a key of %s", key, table)
			}
			out = append(out, b)
		}
	}
	return out, nil
}

// JournalledTables names the journalled tables, parents before children.
func (db *DB) JournalledTables() []string {
	var names []string
	for _, t := range db.schema.inOrder() {
		if t.journalled {
			names = append(names, t.name)
		}
	}
	return names
}

// EachRow calls fn with the key and the digest of every row of a journalled table, in the order of the key. fn must not
// use tx.
func (tx *Tx) EachRow(table string, fn func(key string, digest [sha256.Size]byte) error) error {
	t, err := tx.tableOf(table)
	if err != nil {
		return err
	}
	return tx.each(nil, func(row []any) error {
		return fn(t.rowKey(row), sha256.Sum256(t.canonical(row)))
	}, "SELECT "+t.names()+" FROM "+table+" ORDER BY "+strings.Join(t.key, ", "), nil)
}

// Canonical returns the bytes whose SHA-256 an event carries for the row, or ErrNotFound.
func (tx *Tx) Canonical(table string, key any) ([]byte, error) {
	where, args, err := tx.keyClause(table, key)
	if err != nil {
		return nil, err
	}
	t := tx.db.schema.tables[table]
	var out []byte
	err = tx.each(nil, func(row []any) error {
		out = t.canonical(row)
		return errStop
	}, "SELECT "+t.names()+" FROM "+table+" WHERE "+where, args)
	if err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	if out == nil {
		return nil, ErrNotFound
	}
	return out, nil
}
