package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// The schema promises two things that the engine keeps as rows are written: a child has its parent, and a unique index
// has one row a value. Orphans and Duplicates check them anew, against the migrations and not against the database's own
// idea of its constraints, which whoever can write the file could have dropped.

// A reference is a foreign key that the migrations declare.
type reference struct {
	child, parent      string
	columns, parentKey []string
}

// A uniqueness is a primary key, UNIQUE clause or unique index that the migrations declare.
type uniqueness struct {
	table, name string
	terms       string // columns or expressions, as written
	where       string // predicate of a partial index, "" for all rows
}

// promises reads the constraints off a fresh database in memory, made by the migrations this one has had.
func (db *DB) promises(ctx context.Context) (refs []reference, uniques []uniqueness, err error) {
	mem, err := sqlite.NewConnector("file::memory:")
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	l, err := newLane(ctx, mem)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	for _, m := range db.steps {
		if err := l.script(ctx, m.text); err != nil {
			return nil, nil, fmt.Errorf("store: migration %s: %w", m.name, err)
		}
	}
	str := func(v any) string { s, _ := v.(string); return s }
	last := ""
	err = l.query(ctx, `SELECT m.name, f.id, f."table", f."from", coalesce(f."to", '') FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq`, nil, nil, func(row []any) error {
		if this := fmt.Sprint(row[0], row[1]); this != last {
			last = this
			refs = append(refs, reference{child: str(row[0]), parent: str(row[2])})
		}
		r := &refs[len(refs)-1]
		r.columns = append(r.columns, str(row[3]))
		if to := str(row[4]); to != "" {
			r.parentKey = append(r.parentKey, to)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i := range refs {
		if len(refs[i].parentKey) == 0 { // REFERENCES parent: its primary key
			refs[i].parentKey = db.schema.tables[refs[i].parent].key
		}
	}
	names, err := uniqueIndexes(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	texts := make(map[string]string)
	err = l.query(ctx, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL", nil, nil, func(row []any) error {
		texts[str(row[0])] = str(row[1])
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for said, name := range names {
		u := uniqueness{name: name}
		if text := texts[name]; text != "" {
			u.table, u.terms, u.where = indexParts(text)
		} else {
			var columns []string
			for _, c := range strings.Split(said, ", ") {
				t, column, _ := strings.Cut(c, ".")
				u.table, columns = t, append(columns, column)
			}
			u.terms = strings.Join(columns, ", ")
		}
		uniques = append(uniques, u)
	}
	return refs, uniques, nil
}

// indexParts takes CREATE UNIQUE INDEX name ON table (terms) WHERE where apart.
func indexParts(text string) (table, terms, where string) {
	toks := must(tokens(text))
	depth, open := 0, 0
	for i, t := range toks {
		switch {
		case t.word == "on" && table == "" && i+1 < len(toks):
			table = toks[i+1].word
		case text[t.start] == '(' && t.kind == otherToken:
			if depth == 0 && terms == "" {
				open = t.end
			}
			depth++
		case text[t.start] == ')' && t.kind == otherToken:
			if depth--; depth == 0 && terms == "" {
				terms = text[open:t.start]
			}
		case t.word == "where" && depth == 0:
			return table, terms, text[t.end:]
		}
	}
	return table, terms, ""
}

// Orphans calls fn for every row that names a parent which does not exist.
func (tx *Tx) Orphans(fn func(table, key, parent string) error) error {
	refs, _, err := tx.db.promises(tx.ctx)
	if err != nil {
		return err
	}
	for _, r := range refs {
		t := tx.db.schema.tables[r.child]
		var named, same []string
		for i, c := range r.columns {
			named = append(named, "child."+c+" IS NOT NULL")
			same = append(same, "parent."+r.parentKey[i]+" = child."+c)
		}
		text := "SELECT " + t.names() + " FROM " + r.child + " child WHERE " + strings.Join(named, " AND ") +
			" AND NOT EXISTS (SELECT 1 FROM " + r.parent + " parent WHERE " + strings.Join(same, " AND ") + ")"
		if err := tx.Each(func(row []any) error { return fn(t.name, t.rowKey(row), r.parent) }, text); err != nil {
			return err
		}
	}
	return nil
}

// Duplicates calls fn for every row that shares with another what the named index says only one may have.
func (tx *Tx) Duplicates(fn func(index, table, key string) error) error {
	_, uniques, err := tx.db.promises(tx.ctx)
	if err != nil {
		return err
	}
	for _, u := range uniques {
		t := tx.db.schema.tables[u.table]
		where := "1 = 1"
		if u.where != "" {
			where = "(" + u.where + ")"
		}
		text := "SELECT " + t.names() + " FROM " + u.table + " WHERE " + where + " AND (" + u.terms + ") IN (SELECT " + u.terms +
			" FROM " + u.table + " WHERE " + where + " GROUP BY " + u.terms + " HAVING count(*) > 1)"
		if err := tx.Each(func(row []any) error { return fn(u.name, t.name, t.rowKey(row)) }, text); err != nil {
			return err
		}
	}
	return nil
}

// Damage calls fn with every fault that the engine finds in its own file; PostgreSQL looks after its pages by itself.
func (tx *Tx) Damage(fn func(what string) error) error {
	if tx.db.engine != SQLite {
		return nil
	}
	return tx.run.query(tx.ctx, "PRAGMA quick_check", nil, nil, func(row []any) error {
		if what, _ := row[0].(string); what != "ok" {
			return fn(what)
		}
		return nil
	})
}
