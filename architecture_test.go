package ailleurs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "codeberg.org/ailleurs/ailleurs"

// arrows is who may import whom of ours: the table of docs/architecture.md. Left: a directory and everything below it, the
// longest match counts. Right: directories it may import, besides its own parent and children. A new package without a row,
// or an arrow without a place here, fails the test; a new row needs an ADR.
var arrows = map[string][]string{
	".":                    nil,
	"internal/match":       {"."},
	"internal/vault":       {"."},
	"internal/territory":   {"."},
	"internal/store":       {"."},
	"internal/desk":        {".", "internal/vault", "internal/match", "internal/territory"},
	"internal/signature":   {".", "internal/store"},
	"internal/journal":     {".", "internal/store"},
	"internal/jobs":        {".", "internal/store"},
	"internal/mail":        {".", "internal/store"},
	"internal/alliance":    pillar,
	"internal/relocation":  pillar,
	"internal/protection":  pillar,
	"internal/observatory": pillar,
	"internal/web":         front,
	"internal/api":         front,
	"cmd/coffre":           {".", "internal/desk", "internal/vault", "internal/match", "internal/territory"},
	"cmd/ailleurs":         {everything},
	"internal/hub":         {everything},
	"internal/demo":        {everything},
	"bench":                {everything},
	"tests":                {everything},
}

// A pillar never imports another, and never the vault: the hub cannot open anything.
var pillar = []string{
	".", "internal/store", "internal/journal", "internal/jobs", "internal/signature", "internal/territory", "internal/match",
}

// What people and programs see: use cases and places, never the database.
var front = []string{
	".", "internal/alliance", "internal/relocation", "internal/protection", "internal/observatory", "internal/territory",
}

const everything = "*"

// doors names the few packages through which a foreign module or standard package may enter: what nothing else imports,
// nothing else depends on. Prefixes on the left, directories on the right.
var doors = map[string][]string{
	"database/sql":                     {"internal/store"},
	"modernc.org/":                     {"internal/store"},
	"github.com/jackc/":                {"internal/store"},
	"filippo.io/age":                   {"internal/vault"},
	"filippo.io/torchwood":             {"internal/journal", "internal/vault"},
	"github.com/alecthomas/kong":       {"cmd/ailleurs"},
	"github.com/go-webauthn/":          {"internal/alliance", "internal/web"},
	"github.com/wneessen/":             {"internal/mail"},
	"github.com/chromedp/":             {},
	"github.com/ncruces/go-sqlite3":    {},
	"github.com/pocketbase/":           {},
	"github.com/stretchr/testify":      {},
	"go.uber.org/mock":                 {},
	"math/rand":                        {"internal/match"},
	"syscall/js":                       {"cmd/coffre"},
	"github.com/rogpeppe/go-internal/": {},
	"pgregory.net/rapid":               {},
	"github.com/google/go-cmp":         {},
}

// standardOnly are the packages whose promise is to need nothing but Go.
var standardOnly = []string{".", "internal/match", "internal/territory"}

// A source is one Go file of the repository, whatever its build tags and whichever module it belongs to.
type source struct {
	path    string // slash-separated, from the repository's root
	dir     string
	test    bool
	file    *ast.File
	imports []string
}

// sources parses every Go file, nested modules included.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var all []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || name == "vendor" || len(name) > 1 && name[0] == '.') {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(p), test: strings.HasSuffix(name, "_test.go"), file: f}
		s.dir = path.Dir(s.path)
		for _, spec := range f.Imports {
			ip, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, ip)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("only %d Go files found: the walk is broken", len(all))
	}
	return fset, all
}

// within reports whether dir is parent or lies below it. The root is itself alone.
func within(dir, parent string) bool {
	return dir == parent || parent != "." && strings.HasPrefix(dir, parent+"/")
}

// row returns the directory of arrows that rules dir: the longest that contains it.
func row(dir string) (string, bool) {
	best, ok := "", false
	for d := range arrows {
		if within(dir, d) && len(d) >= len(best) {
			best, ok = d, true
		}
	}
	return best, ok
}

func TestImportTable(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		ruled, ok := row(s.dir)
		if !ok {
			t.Errorf("%s: directory %s has no row in the import table", s.path, s.dir)
			continue
		}
		for _, ip := range s.imports {
			target, ours := strings.CutPrefix(ip+"/", modulePath+"/")
			if !ours {
				continue
			}
			target = path.Clean(target)
			if target == "" {
				target = "."
			}
			if within(target, ruled) {
				continue
			}
			allowed := slices.ContainsFunc(arrows[ruled], func(d string) bool { return d == everything || within(target, d) })
			if !allowed {
				t.Errorf("%s imports %s: not an arrow of the import table", s.path, ip)
			}
		}
	}
}

func TestForeignCodeEntersByItsDoor(t *testing.T) {
	_, all := sources(t)
	for _, s := range all {
		if s.test || within(s.dir, "bench") || within(s.dir, "tests") {
			continue
		}
		for _, ip := range s.imports {
			for prefix, dirs := range doors {
				if !strings.HasPrefix(ip, prefix) {
					continue
				}
				if !slices.ContainsFunc(dirs, func(d string) bool { return within(s.dir, d) }) {
					t.Errorf("%s imports %s, whose door is %v", s.path, ip, dirs)
				}
			}
			first, _, _ := strings.Cut(ip, "/")
			foreign := strings.Contains(first, ".") && !strings.HasPrefix(ip, modulePath)
			if foreign && slices.ContainsFunc(standardOnly, func(d string) bool { return within(s.dir, d) }) {
				t.Errorf("%s imports %s: this package needs nothing but Go", s.path, ip)
			}
		}
	}
}

func TestPackageNamesSayWhatIsInThem(t *testing.T) {
	vague := []string{
		"util", "utils", "common", "model", "models", "service", "services", "helper", "helpers", "types", "manager",
		"managers", "misc", "base", "shared", "lib",
	}
	_, all := sources(t)
	for _, s := range all {
		if slices.Contains(vague, strings.TrimSuffix(s.file.Name.Name, "_test")) || slices.Contains(vague, path.Base(s.dir)) {
			t.Errorf("%s: package %s in %s says nothing about what it holds", s.path, s.file.Name.Name, s.dir)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	_, all := sources(t)
	documented := make(map[string]bool)
	for _, s := range all {
		if strings.HasSuffix(s.file.Name.Name, "_test") {
			continue
		}
		said := s.file.Doc != nil && len(strings.TrimSpace(s.file.Doc.Text())) > 0
		documented[s.dir] = documented[s.dir] || said
	}
	for dir, said := range documented {
		if !said {
			t.Errorf("the package in %s has no package comment", dir)
		}
	}
}

// Rules take at time.Time, so that a year of a case can be lived through in a test; only the programs hold a clock.
func TestOnlyProgramsReadTheClock(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.test || within(s.dir, "cmd") || within(s.dir, "bench") || within(s.dir, "tests") {
			continue
		}
		name := importName(s.file, "time")
		for n := range ast.Preorder(s.file) {
			if sel, ok := n.(*ast.SelectorExpr); ok && name != "" {
				x, isIdent := sel.X.(*ast.Ident)
				if isIdent && x.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
					t.Errorf("%s reads the clock: time.%s", fset.Position(sel.Pos()), sel.Sel.Name)
				}
			}
		}
	}
}

// importName returns the name by which f calls the package ip, or "".
func importName(f *ast.File, ip string) string {
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && p == ip {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(ip)
		}
	}
	return ""
}

// A test may be skipped where a server or a browser is missing, never in continuous integration: whoever skips asks the
// environment for CI in the same function, or calls inCI.
func TestNothingIsSkippedInContinuousIntegration(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if !s.test && !importsTesting(s) {
			continue
		}
		for _, decl := range s.file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil || strings.HasPrefix(fn.Name.Name, "Fuzz") {
				continue
			}
			var skips []token.Pos
			asks := false
			for n := range ast.Preorder(fn.Body) {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					x, isIdent := n.X.(*ast.Ident)
					if isIdent && slices.Contains([]string{"t", "tb", "b"}, x.Name) && strings.HasPrefix(n.Sel.Name, "Skip") && n.Sel.Name != "Skipped" {
						skips = append(skips, n.Pos())
					}
				case *ast.BasicLit:
					asks = asks || n.Value == `"CI"`
				case *ast.Ident:
					asks = asks || n.Name == "inCI"
				}
			}
			if !asks {
				for _, p := range skips {
					t.Errorf("%s: %s skips without asking the environment for CI", fset.Position(p), fn.Name.Name)
				}
			}
		}
	}
}

func importsTesting(s source) bool { return slices.Contains(s.imports, "testing") }

// A release carries no yardstick, browser tool or test-only driver: those live in modules of their own.
func TestReleaseModuleNamesNoTestOnlyDriver(t *testing.T) {
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"github.com/pocketbase/pocketbase", "github.com/ncruces/go-sqlite3", "golangci-lint"} {
		if strings.Contains(string(b), m) {
			t.Errorf("go.mod requires %s, which belongs to a nested module", m)
		}
	}
}
