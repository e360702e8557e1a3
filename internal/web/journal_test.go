package web

import (
	"encoding/csv"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/protection"
)

var kindForm = regexp.MustCompile(`^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$`)

// eventKinds reads the kinds of event that the pillars write: what is given as Kind of a journal.Event, assigned to a kind,
// or passed to a function of theirs that says what happened.
func eventKinds(t *testing.T) map[string]string {
	t.Helper()
	kinds := make(map[string]string)
	set := token.NewFileSet()
	for _, pillar := range []string{"alliance", "relocation", "protection"} {
		dir := filepath.Join("..", pillar)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			f, err := parser.ParseFile(set, filepath.Join(dir, entry.Name()), nil, parser.SkipObjectResolution)
			if err != nil {
				continue // its own build's to report
			}
			note := func(e ast.Expr) {
				if kind, ok := literal(e); ok && kindForm.MatchString(kind) {
					kinds[kind] = set.Position(e.Pos()).String()
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					if sel, ok := n.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Event" {
						for _, e := range n.Elts {
							if kv, ok := e.(*ast.KeyValueExpr); ok {
								note(kv.Value)
							}
						}
					}
				case *ast.AssignStmt:
					for i, left := range n.Lhs {
						name := ""
						switch l := left.(type) {
						case *ast.Ident:
							name = l.Name
						case *ast.SelectorExpr:
							name = l.Sel.Name
						}
						if (name == "kind" || name == "Kind") && i < len(n.Rhs) {
							note(n.Rhs[i])
						}
					}
				case *ast.CallExpr:
					switch called(n) {
					case "say", "both", "offerEvent", "opened":
						for _, arg := range n.Args {
							note(arg)
						}
					}
				}
				return true
			})
		}
	}
	return kinds
}

func TestEveryKindOfEventHasItsWords(t *testing.T) {
	kinds := eventKinds(t)
	if len(kinds) < 60 {
		t.Fatalf("only %d kinds seen: the test no longer reads the code", len(kinds))
	}
	fr := catalogues(t)[French]
	for kind, where := range kinds {
		if !fr.has("event." + kind) {
			t.Errorf("%s writes %q, which has no words", where, kind)
		}
	}
}

func TestExportHoldsNoFormula(t *testing.T) {
	s := newServer(t, nil)
	body, err := s.journalCSV(httptest.NewRequest("POST", "/journal/export", nil), []protection.Entry{
		{Index: 7, Kind: "=cmd|' /C calc'!A0", At: time.Date(2026, 3, 12, 23, 30, 0, 0, time.UTC), By: protection.ByTime},
		{Index: 8, By: protection.NoOne},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(string(body), "\ufeff")
	if !ok {
		t.Error("no byte order mark")
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || len(rows[0]) != 7 {
		t.Fatalf("%d rows of %d cells", len(rows), len(rows[0]))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	if rows[1][1] != "2026-03-13" || rows[1][2] != "00:30:00" {
		t.Errorf("midnight passed in Paris, and the export says %s %s", rows[1][1], rows[1][2])
	}
	if rows[2][1] != "" {
		t.Errorf("an erased entry has the day %q", rows[2][1])
	}
}
