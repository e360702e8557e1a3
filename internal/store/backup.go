package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// A backup is a directory that no engine needs to be asked about: manifest.json, and for each table a file
// <table>.jsonl, whose first line names the columns and every other is one row, both as JSON arrays, in the order of the
// key. Text is a string, an integer a number, bytes are {"b": base64}, NULL is null. The manifest carries the SHA-256 of
// each file. A backup of either engine restores into either.

// backupFormat opens every manifest.
const backupFormat = "ailleurs-backup/1"

const manifestName = "manifest.json"

// A manifest says what a backup holds.
type manifest struct {
	Format     string              `json:"format"`
	Kind       Kind                `json:"kind"`
	Engine     Engine              `json:"engine"` // where it comes from; it may go elsewhere
	Migrations []manifestMigration `json:"migrations"`
	Tables     []manifestTable     `json:"tables"` // parents before children
	Notes      map[string]string   `json:"notes"`  // file name → SHA-256
}

type manifestMigration struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Digest  string `json:"digest"`
}

type manifestTable struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

var noteName = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z]+$`)

// Backup writes the whole database, as it is at one instant, into dir, which must not exist: it appears complete or not
// at all. The hub goes on meanwhile. notes, unless nil, gives further small files to keep beside the tables, made from
// the same snapshot, such as a signed checkpoint.
func (db *DB) Backup(ctx context.Context, dir string, notes func(*Tx) (map[string][]byte, error)) (err error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return ailleurs.Refuse("store.backup_exists", "backup")
	}
	part, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-")
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	m := manifest{Format: backupFormat, Kind: db.kind, Engine: db.engine, Notes: make(map[string]string)}
	err = db.View(ctx, func(tx *Tx) error {
		applied, err := db.applied(ctx, tx.run)
		if err != nil {
			return err
		}
		for _, a := range applied {
			m.Migrations = append(m.Migrations, manifestMigration{a.version, a.name, a.digest})
		}
		for _, t := range db.schema.inOrder() {
			if t.name == "migration" { // the manifest has it
				continue
			}
			rows, digest, err := tx.dump(t, filepath.Join(part, t.name+".jsonl"))
			if err != nil {
				return fmt.Errorf("store: backup of %s: %w", t.name, err)
			}
			m.Tables = append(m.Tables, manifestTable{t.name, rows, digest})
		}
		if notes == nil {
			return nil
		}
		files, err := notes(tx)
		if err != nil {
			return err
		}
		for name, content := range files {
			if !noteName.MatchString(name) || name == manifestName || strings.HasSuffix(name, ".jsonl") {
				return fmt.Errorf("store: backup: a note cannot be called %q", name)
			}
			digest := sha256.Sum256(content)
			m.Notes[name] = hex.EncodeToString(digest[:])
			if err := writeSynced(filepath.Join(part, name), func(w io.Writer) error { _, err := w.Write(content); return err }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := writeSynced(filepath.Join(part, manifestName), func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }); err != nil {
		return err
	}
	if err := os.Rename(part, dir); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

// writeSynced writes a file that its owner alone can read and waits until it is on disk.
func writeSynced(name string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err := errors.Join(fill(w), w.Flush(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}

// blob is how bytes stand in a row of JSON.
type blob struct {
	B string `json:"b"`
}

// dump writes one table.
func (tx *Tx) dump(t *table, file string) (rows int64, digest string, err error) {
	sum := sha256.New()
	err = writeSynced(file, func(w io.Writer) error {
		out := json.NewEncoder(io.MultiWriter(w, sum))
		out.SetEscapeHTML(false)
		if err := out.Encode(strings.Split(t.names(), ", ")); err != nil {
			return err
		}
		line := make([]any, len(t.columns))
		return tx.Each(func(row []any) error {
			for i, v := range row {
				if b, ok := v.([]byte); ok {
					v = blob{base64.StdEncoding.EncodeToString(b)}
				}
				line[i] = v
			}
			rows++
			return out.Encode(line)
		}, "SELECT "+t.names()+" FROM "+t.name+" ORDER BY "+strings.Join(t.key, ", "))
	})
	return rows, hex.EncodeToString(sum.Sum(nil)), err
}

// Restore makes the database dsn, which must be empty, out of a backup. It first holds every file against the manifest,
// then loads all in one transaction, then hands the database to verify, unless nil; until verify is content, Open refuses
// the database (store.unfinished_restore), and when it is not, the database is emptied again. A backup of an older schema
// is migrated.
//
// Refusals: store.no_backup, store.backup_damaged (file: which), store.not_empty, and those of Open.
func Restore(ctx context.Context, dir, dsn string, opts Options, verify func(ctx context.Context, db *DB) error) (err error) {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	want := Real
	if opts.Demo {
		want = Demo
	}
	if m.Kind != want {
		return ailleurs.Refuse(map[Kind]string{Demo: "store.demo_data", Real: "store.real_data"}[m.Kind], "backup")
	}
	opts.Inspect = false
	db, err := connect(ctx, dsn, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var applied []migration
	for _, a := range m.Migrations {
		applied = append(applied, migration{version: a.Version, name: a.Name, digest: a.Digest})
	}
	if err := checkApplied(applied, db.steps); err != nil {
		return err
	}
	err = db.setup(ctx, func(run runner) error {
		if err := db.makeRoom(ctx, run); err != nil {
			return err
		}
		if _, err := db.migrate(ctx, run, db.steps[:len(applied)], m.Kind); err != nil {
			return err
		}
		var err error
		if db.schema, err = db.learn(ctx, run, db.steps[:len(applied)]); err != nil {
			return err
		}
		if err := db.load(ctx, run, dir, m); err != nil {
			return err
		}
		if _, err := db.migrate(ctx, run, db.steps, m.Kind); err != nil {
			return err
		}
		if _, err := run.exec(ctx, "INSERT INTO meta (name, value) VALUES ('restoring', '')", nil); err != nil {
			return fmt.Errorf("store: restore: %w", err)
		}
		db.kind = m.Kind
		db.schema, err = db.learn(ctx, run, db.steps)
		return err
	})
	if err != nil {
		return err
	}
	if verify != nil {
		if err := verify(ctx, db); err != nil {
			return errors.Join(err, db.setup(context.WithoutCancel(ctx), func(run runner) error { return db.makeRoom(ctx, run) }))
		}
	}
	return db.setup(ctx, func(run runner) error {
		_, err := run.exec(ctx, "DELETE FROM meta WHERE name = 'restoring'", nil)
		return err
	})
}

func readManifest(dir string) (manifest, error) {
	var m manifest
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, ailleurs.Refuse("store.no_backup", "backup")
	}
	if err != nil {
		return m, fmt.Errorf("store: restore: %w", err)
	}
	damaged := func(file string) error { return ailleurs.Refuse("store.backup_damaged", "backup", "file", file) }
	if err := json.Unmarshal(text, &m); err != nil || m.Format != backupFormat || m.Kind != Real && m.Kind != Demo || len(m.Migrations) == 0 {
		return m, damaged(manifestName)
	}
	digests := maps.Clone(m.Notes)
	if digests == nil {
		digests = make(map[string]string)
	}
	for _, t := range m.Tables {
		if !identifier.MatchString(t.Name) {
			return m, damaged(manifestName)
		}
		digests[t.Name+".jsonl"] = t.SHA256
	}
	for _, name := range slices.Sorted(maps.Keys(digests)) {
		if name != filepath.Base(name) {
			return m, damaged(manifestName)
		}
		sum := sha256.New()
		if err := copyFile(sum, filepath.Join(dir, name)); err != nil {
			return m, err
		}
		if hex.EncodeToString(sum.Sum(nil)) != digests[name] {
			return m, damaged(name)
		}
	}
	return m, nil
}

func copyFile(into hash.Hash, name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return ailleurs.Refuse("store.backup_damaged", "backup", "file", filepath.Base(name))
	}
	if err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	_, err = io.Copy(into, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	return nil
}

// makeRoom drops the tables of an unfinished restore and refuses a database that is in use.
func (db *DB) makeRoom(ctx context.Context, run runner) error {
	applied, err := db.applied(ctx, run)
	if err != nil || len(applied) == 0 {
		return err
	}
	unfinished := false
	err = run.query(ctx, "SELECT value FROM meta WHERE name = 'restoring'", nil, nil, func([]any) error { unfinished = true; return nil })
	if err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	if !unfinished {
		return ailleurs.Refuse("store.not_empty", "data")
	}
	tables, err := declared(db.steps)
	if err != nil {
		return err
	}
	order := (&schema{tables: tables}).inOrder()
	slices.Reverse(order)
	for _, t := range order {
		if err := run.script(ctx, "DROP TABLE IF EXISTS "+t.name); err != nil {
			return fmt.Errorf("store: restore: %w", err)
		}
	}
	return nil
}

// load fills the empty tables. Rows come in the order of their keys, so a row may come before its parent: references are
// checked once all are there.
func (db *DB) load(ctx context.Context, run runner, dir string, m manifest) error {
	check, err := db.postponeReferences(ctx, run)
	if err != nil {
		return err
	}
	if _, err := run.exec(ctx, "DELETE FROM meta", nil); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	for _, mt := range m.Tables {
		t := db.schema.tables[mt.Name]
		damaged := ailleurs.Refuse("store.backup_damaged", "backup", "file", mt.Name+".jsonl")
		if t == nil {
			return damaged
		}
		rows, err := db.loadTable(ctx, run, t, filepath.Join(dir, t.name+".jsonl"), damaged)
		if err != nil {
			return err
		}
		if rows != mt.Rows {
			return damaged
		}
	}
	return check()
}

func (db *DB) loadTable(ctx context.Context, run runner, t *table, file string, damaged error) (rows int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, fmt.Errorf("store: restore: %w", err)
	}
	defer func() { _ = f.Close() }()
	in := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
	in.UseNumber()
	var columns []string
	if err := in.Decode(&columns); err != nil || strings.Join(columns, ", ") != t.names() {
		return 0, damaged
	}
	insert := db.spell("INSERT INTO " + t.name + " (" + t.names() + ") VALUES (" + placeholders(1, len(columns)) + ")")
	for {
		var line []any
		if err := in.Decode(&line); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil || len(line) != len(columns) {
			return rows, damaged
		}
		for i, v := range line {
			if line[i], err = loaded(v); err != nil {
				return rows, damaged
			}
		}
		if _, err := run.exec(ctx, insert, line); err != nil {
			return rows, db.explained(err, insert)
		}
		rows++
	}
}

// loaded turns a value of a backup back into one of a database.
func loaded(v any) (any, error) {
	switch v := v.(type) {
	case nil, string:
		return v, nil
	case json.Number:
		return strconv.ParseInt(v.String(), 10, 64)
	case map[string]any:
		if s, ok := v["b"].(string); ok && len(v) == 1 {
			return base64.StdEncoding.DecodeString(s)
		}
	}
	return nil, fmt.Errorf("store: restore: %T is no value of a column", v)
}

// postponeReferences lets rows come before their parents until check is called, or, on SQLite, until COMMIT.
func (db *DB) postponeReferences(ctx context.Context, run runner) (check func() error, err error) {
	if db.engine == SQLite {
		return func() error { return nil }, run.script(ctx, "PRAGMA defer_foreign_keys = ON")
	}
	var again []string
	var drop []string
	err = run.query(ctx, `SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
		WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`, nil, nil, func(row []any) error {
		drop = append(drop, fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", row[0], row[1]))
		again = append(again, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", row[0], row[1], row[2]))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: restore: %w", err)
	}
	all := func(texts []string) error {
		for _, text := range texts {
			if err := run.script(ctx, text); err != nil {
				return fmt.Errorf("store: restore: %w", err)
			}
		}
		return nil
	}
	return func() error { return all(again) }, all(drop)
}
