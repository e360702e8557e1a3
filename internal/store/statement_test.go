package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs/internal/store"
)

func TestStatementIsSpeltForEachEngine(t *testing.T) {
	for _, c := range []struct {
		text, sqlite string
		writes       []string
	}{
		{"SELECT a FROM t WHERE b = $1 AND c = $2 OR b = $1", "SELECT a FROM t WHERE b = ?1 AND c = ?2 OR b = ?1", nil},
		{"SELECT '$1 ?', \"a$2\" FROM t -- $9\n", "SELECT '$1 ?', \"a$2\" FROM t -- $9\n", nil},
		{"SELECT a FROM t WHERE k = $1 FOR UPDATE", "SELECT a FROM t WHERE k = ?1 ", nil},
		{"SELECT a FROM t LIMIT 1 FOR UPDATE SKIP LOCKED", "SELECT a FROM t LIMIT 1 ", nil},
		{"INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = excluded.a", "INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO UPDATE SET a = excluded.a", []string{"t"}},
		{"update T set a = 'it''s; $2' where b = $1", "update T set a = 'it''s; $2' where b = ?1", []string{"t"}},
		{"DELETE FROM t", "DELETE FROM t", []string{"t"}},
		{"WITH x AS (SELECT 1) DELETE FROM \"t\" WHERE a IN (SELECT * FROM x)", "WITH x AS (SELECT 1) DELETE FROM \"t\" WHERE a IN (SELECT * FROM x)", []string{"t"}},
		{"/* FOR UPDATE */ SELECT 1.5", "/* FOR UPDATE */ SELECT 1.5", nil},
	} {
		sqlite, postgres, writes, err := store.Spelt(c.text)
		must(t, err)
		if sqlite != c.sqlite || postgres != c.text {
			t.Errorf("%s\nis spelt %s\n     and %s", c.text, sqlite, postgres)
		}
		if d := cmp.Diff(c.writes, writes); d != "" {
			t.Errorf("%s: %s", c.text, d)
		}
	}
}

func TestStatementThatAnEngineCouldMisreadIsAFault(t *testing.T) {
	for text, why := range map[string]string{
		"SELECT a FROM t WHERE b = $2 AND c = $1": "first appear",
		"SELECT $0":                         "first appear",
		"SELECT ?":                          "placeholders are $n",
		"SELECT 1; DELETE FROM t":           "one statement",
		"DROP TABLE t":                      "not a statement",
		"PRAGMA synchronous = OFF":          "not a statement",
		"COMMIT":                            "not a statement",
		"":                                  "not a statement",
		"INSERT INTO main.t (a) VALUES (1)": "which table",
		"REPLACE INTO t (a) VALUES (1)":     "not a statement",
		"INSERT OR REPLACE INTO t (a) VALUES (1)": "INTO belongs",
		"SELECT a INTO u FROM t":                  "INTO belongs",
		"SELECT 'a":                               "unterminated",
		"SELECT /* a":                             "unterminated",
		"SELECT \"a":                              "unterminated",
		"WITH x AS (UPDATE public.t SET a = 1) SELECT 1": "which table",
	} {
		if _, _, _, err := store.Spelt(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", text, err, why)
		}
	}
}

func TestValuesAndPlaceholdersAreCounted(t *testing.T) {
	eachWithPlaces(t, func(t *testing.T, db *store.DB) {
		for text, args := range map[string][]any{
			"SELECT 1": {1}, "SELECT id FROM place WHERE id = $1": nil, "SELECT id FROM place WHERE beds = $1": {1.5},
		} {
			err := db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.Query(text, args...); return err })
			if err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s with %v: %v", text, args, err)
			}
		}
	})
}

func TestDDLDiffersByFourWords(t *testing.T) {
	got, err := store.ForPostgres("CREATE TABLE t (a TEXT, b INTEGER, c BLOB DEFAULT 'TEXT') STRICT; -- INTEGER\n")
	want := `CREATE TABLE t (a TEXT COLLATE "C", b BIGINT, c BYTEA DEFAULT 'TEXT') ; -- INTEGER` + "\n"
	if err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}

// The tokenizer and the parser take any text.
func FuzzStatement(f *testing.F) {
	f.Add("SELECT a FROM t WHERE b = $1 FOR UPDATE SKIP LOCKED")
	f.Add("INSERT INTO t (a) VALUES ('x''y', \"z\") -- c\n/* d */")
	f.Fuzz(func(t *testing.T, text string) {
		sqlite, _, writes, err := store.Spelt(text)
		if err != nil {
			return
		}
		if strings.Contains(sqlite, "$1") && !strings.ContainsAny(text, "'\"-/") {
			t.Errorf("%q is spelt %q", text, sqlite)
		}
		for _, w := range writes {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
				t.Errorf("%q writes %q?", text, w)
			}
		}
	})
}
