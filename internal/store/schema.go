package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

//go:embed migrations/*.sql
var embedded embed.FS

// Migrations is the schema's history: NNNN_name.sql, applied in order, never changed once released.
var Migrations fs.FS = must(fs.Sub(embedded, "migrations"))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A migration is one step forward of the schema.
type migration struct {
	version int
	name    string // file name without .sql
	text    string
	digest  string // SHA-256 of text, hexadecimal
}

// A table is what the store knows about one table: how it is journalled, and its columns.
type table struct {
	name       string
	order      int // position of its CREATE TABLE in the migrations: a parent comes before its children
	journalled bool
	columns    []column // in name order
	key        []string // primary key, in its own order
}

type column struct {
	name string
	kind columnKind
}

type columnKind byte

const (
	textColumn    columnKind = 't'
	integerColumn columnKind = 'i'
	blobColumn    columnKind = 'b'
)

func (t *table) column(name string) *column {
	i, ok := slices.BinarySearchFunc(t.columns, name, func(c column, name string) int { return cmp.Compare(c.name, name) })
	if !ok {
		return nil
	}
	return &t.columns[i]
}

// names returns the columns in name order, separated by commas.
func (t *table) names() string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// A schema is the set of tables of an open database.
type schema struct {
	tables  map[string]*table
	uniques map[string]string // SQLite only: "table.a, table.b" → index name, see indexOf
}

func (s *schema) table(name string) (*table, error) {
	t := s.tables[name]
	if t == nil {
		return nil, fmt.Errorf("store: no table %q", name)
	}
	return t, nil
}

// inOrder returns the tables so that parents come before children.
func (s *schema) inOrder() []*table {
	var all []*table
	for _, t := range s.tables {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *table) int { return a.order - b.order })
	return all
}

// indexOf finds the unique index that SQLite's message speaks of: "… UNIQUE constraint failed: t.a, t.b (2067)", or
// "… index 'name'" for an index on an expression.
func (s *schema) indexOf(message string) string {
	_, what, _ := strings.Cut(message, "UNIQUE constraint failed: ")
	if i := strings.LastIndex(what, " ("); i >= 0 {
		what = what[:i]
	}
	if name, ok := strings.CutPrefix(what, "index '"); ok {
		return strings.TrimSuffix(name, "'")
	}
	return s.uniques[what]
}

var migrationName = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

// migrations reads the steps of dir: 0001, 0002… without a gap.
func migrations(dir fs.FS) ([]migration, error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("store: migrations: %w", err)
	}
	slices.Sort(names)
	var all []migration
	for i, name := range names {
		m := migrationName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("store: migration %s is not called NNNN_name.sql", name)
		}
		if version, _ := strconv.Atoi(m[1]); version != i+1 {
			return nil, fmt.Errorf("store: migration %s comes where %04d was expected", name, i+1)
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("store: migration %s: %w", name, err)
		}
		digest := sha256.Sum256(text)
		all = append(all, migration{i + 1, strings.TrimSuffix(name, ".sql"), string(text), hex.EncodeToString(digest[:])})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("store: no migrations")
	}
	return all, nil
}

// forPostgres respells SQL of ours for PostgreSQL: the four differences of the dialects' DDL.
func forPostgres(text string) (string, error) {
	toks, err := tokens(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	copied := 0
	for _, t := range toks {
		instead, ok := map[string]string{
			"STRICT": "", "BLOB": "BYTEA", "INTEGER": "BIGINT", "TEXT": `TEXT COLLATE "C"`,
		}[text[t.start:t.end]]
		if t.kind != wordToken || !ok {
			continue
		}
		b.WriteString(text[copied:t.start])
		b.WriteString(instead)
		copied = t.end
	}
	b.WriteString(text[copied:])
	return b.String(), nil
}

// forbidden are clauses that would change rows behind the journal's back, or that the engines treat differently.
var forbidden = []string{"cascade", "trigger", "deferrable", "autoincrement", "without", "real", "boolean", "varchar", "timestamp"}

// declared reads every CREATE TABLE of the migrations and the directive above it.
func declared(steps []migration) (map[string]*table, error) {
	found := make(map[string]*table)
	for _, m := range steps {
		toks, err := tokens(m.text)
		if err != nil {
			return nil, err
		}
		directive := ""
		for i, t := range toks {
			if t.kind == commentToken {
				switch strings.TrimSpace(m.text[t.start:t.end]) {
				case "-- journalled":
					directive = "journalled"
				case "-- plain":
					directive = "plain"
				}
				continue
			}
			if t.kind != wordToken {
				continue
			}
			if slices.Contains(forbidden, t.word) {
				return nil, fmt.Errorf("store: %s has no place in migration %s", strings.ToUpper(t.word), m.name)
			}
			if t.word == "set" && i > 1 && (toks[i-1].word == "delete" || toks[i-1].word == "update") && toks[i-2].word == "on" {
				return nil, fmt.Errorf("store: ON %s SET has no place in migration %s", strings.ToUpper(toks[i-1].word), m.name)
			}
			if t.word != "table" || i == 0 || toks[i-1].word != "create" {
				continue
			}
			if i+1 >= len(toks) || toks[i+1].kind != wordToken {
				return nil, fmt.Errorf("store: CREATE TABLE without a name in migration %s", m.name)
			}
			name := toks[i+1].word
			if name == "if" {
				return nil, fmt.Errorf("store: IF NOT EXISTS has no place in migration %s", m.name)
			}
			if directive == "" {
				return nil, fmt.Errorf("store: table %s of migration %s has neither -- journalled nor -- plain above it", name, m.name)
			}
			found[name] = &table{name: name, order: len(found), journalled: directive == "journalled"}
			directive = ""
		}
	}
	return found, nil
}

// migrate brings the database to the last of steps inside the transaction that run speaks to, and records each.
// Fresh databases get their kind. It returns the version found before.
func (db *DB) migrate(ctx context.Context, run runner, steps []migration, kind Kind) (int, error) {
	applied, err := db.applied(ctx, run)
	if err != nil {
		return 0, err
	}
	if err := checkApplied(applied, steps); err != nil {
		return 0, err
	}
	for _, m := range steps[len(applied):] {
		text := m.text
		if db.engine == PostgreSQL {
			if text, err = forPostgres(text); err != nil {
				return 0, err
			}
		}
		if err := run.script(ctx, text); err != nil {
			return 0, fmt.Errorf("store: migration %s: %w", m.name, err)
		}
		if _, err := run.exec(ctx, db.spell("INSERT INTO migration (version, name, digest) VALUES ($1, $2, $3)"),
			[]any{int64(m.version), m.name, m.digest}); err != nil {
			return 0, fmt.Errorf("store: migration %s: %w", m.name, err)
		}
	}
	if len(applied) == 0 {
		if _, err := run.exec(ctx, db.spell("INSERT INTO meta (name, value) VALUES ('kind', $1)"), []any{string(kind)}); err != nil {
			return 0, fmt.Errorf("store: kind: %w", err)
		}
	}
	return len(applied), nil
}

// applied lists the migrations that the database has had; none for an empty one.
func (db *DB) applied(ctx context.Context, run runner) ([]migration, error) {
	there := "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1"
	if db.engine == PostgreSQL {
		there = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
	}
	var n int64
	if err := run.query(ctx, db.spell(there), []any{"migration"}, nil, func(row []any) error { n, _ = row[0].(int64); return nil }); err != nil {
		return nil, fmt.Errorf("store: migrations applied: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	var applied []migration
	err := run.query(ctx, "SELECT version, name, digest FROM migration ORDER BY version", nil, nil, func(row []any) error {
		version, _ := row[0].(int64)
		name, _ := row[1].(string)
		digest, _ := row[2].(string)
		applied = append(applied, migration{version: int(version), name: name, digest: digest})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: migrations applied: %w", err)
	}
	return applied, nil
}

func checkApplied(applied, steps []migration) error {
	if len(applied) > len(steps) {
		return ailleurs.Refuse("store.newer_schema", "data", "found", strconv.Itoa(len(applied)), "known", strconv.Itoa(len(steps)))
	}
	for i, m := range applied {
		if m.version != i+1 || m.digest != steps[i].digest {
			return ailleurs.Refuse("store.migration_changed", "data", "migration", steps[i].name)
		}
	}
	return nil
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// learn reads the tables' columns and keys from the database itself, so that ALTER TABLE is seen, and checks them
// against what the migrations declare.
func (db *DB) learn(ctx context.Context, run runner, steps []migration) (*schema, error) {
	tables, err := declared(steps)
	if err != nil {
		return nil, err
	}
	columns := `SELECT m.name, c.name, c.type, c.pk FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.pk`
	if db.engine == PostgreSQL {
		columns = `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text,
			coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)::bigint
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
			LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
			WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1, 4`
	}
	err = run.query(ctx, columns, nil, nil, func(row []any) error {
		tableName, _ := row[0].(string)
		name, _ := row[1].(string)
		kind, _ := row[2].(string)
		inKey, _ := row[3].(int64)
		t := tables[tableName]
		if t == nil {
			return fmt.Errorf("store: table %s is not of this schema", tableName)
		}
		if !identifier.MatchString(name) {
			return fmt.Errorf("store: column %s.%s must be lower case", tableName, name)
		}
		c := column{name: name}
		switch strings.ToLower(kind) {
		case "text":
			c.kind = textColumn
		case "integer", "bigint":
			c.kind = integerColumn
		case "blob", "bytea":
			c.kind = blobColumn
		default:
			return fmt.Errorf("store: column %s.%s is neither TEXT, INTEGER nor BLOB but %s", tableName, name, kind)
		}
		t.columns = append(t.columns, c)
		if inKey > 0 {
			t.key = append(t.key, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &schema{tables: tables}
	for _, t := range tables {
		if len(t.key) == 0 {
			return nil, fmt.Errorf("store: table %s is missing or has no primary key", t.name)
		}
		slices.SortFunc(t.columns, func(a, b column) int { return cmp.Compare(a.name, b.name) })
	}
	if db.engine == SQLite {
		s.uniques, err = uniqueIndexes(ctx, run)
	}
	return s, err
}

// uniqueIndexes maps the columns SQLite names when uniqueness fails to the name PostgreSQL would give. Two unique
// indexes over the same columns could not be told apart, so they are refused.
func uniqueIndexes(ctx context.Context, run runner) (map[string]string, error) {
	type index struct {
		table, name, origin string
		columns             []string
	}
	var all []*index
	err := run.query(ctx, `SELECT m.name, l.name, l.origin, coalesce(i.name, '') FROM sqlite_schema m, pragma_index_list(m.name) l,
		pragma_index_info(l.name) i WHERE m.type = 'table' AND l."unique" = 1 ORDER BY m.name, l.name, i.seqno`, nil, nil,
		func(row []any) error {
			tableName, _ := row[0].(string)
			name, _ := row[1].(string)
			origin, _ := row[2].(string)
			col, _ := row[3].(string)
			if n := len(all); n == 0 || all[n-1].name != name {
				all = append(all, &index{table: tableName, name: name, origin: origin})
			}
			last := all[len(all)-1]
			last.columns = append(last.columns, col)
			return nil
		})
	if err != nil {
		return nil, err
	}
	// A key that is the rowid has no index of its own.
	err = run.query(ctx, `SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.pk = 1 AND c.type = 'INTEGER'
		AND (SELECT count(*) FROM pragma_table_info(m.name) k WHERE k.pk > 0) = 1`, nil, nil,
		func(row []any) error {
			tableName, _ := row[0].(string)
			col, _ := row[1].(string)
			all = append(all, &index{table: tableName, origin: "pk", columns: []string{col}})
			return nil
		})
	if err != nil {
		return nil, err
	}
	names := make(map[string]string)
	for _, x := range all {
		var said []string
		for _, c := range x.columns {
			said = append(said, x.table+"."+c)
		}
		name := x.name
		switch x.origin {
		case "pk":
			name = x.table + "_pkey"
		case "u":
			name = x.table + "_" + strings.Join(x.columns, "_") + "_key"
		}
		columns := strings.Join(said, ", ")
		if slices.Contains(x.columns, "") { // on an expression: SQLite names the index itself
			columns = "index '" + x.name + "'"
		}
		if other, ok := names[columns]; ok {
			return nil, fmt.Errorf("store: unique indexes %s and %s cover the same columns", other, name)
		}
		names[columns] = name
	}
	return names, nil
}
