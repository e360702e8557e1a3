package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A refused is one place where the code refuses: the key it names and the arguments it gives.
type refused struct {
	where, key string
	args       []string
}

// refusals reads every call of Refuse and RefuseAs with a literal key, in the whole repository; and every call of a
// function that passes its parameter named key on to them.
func refusals(t *testing.T) []refused {
	t.Helper()
	root := filepath.Join("..", "..")
	set := token.NewFileSet()
	packages := make(map[string][]*ast.File)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n != ".." && strings.HasPrefix(n, ".") || n == "testdata" || n == "node_modules" ||
				name == filepath.Join(root, "cmd", "ailleurs") { // the command line has a catalogue of its own
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err == nil { // a file that does not parse is its own build's to report
			packages[filepath.Dir(name)] = append(packages[filepath.Dir(name)], f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []refused
	for _, files := range packages {
		keyAt := map[string]int{"Refuse": 0, "RefuseAs": 1}
		for _, f := range files {
			for _, d := range f.Decls {
				if name, at, ok := passesKeyOn(d); ok {
					keyAt[name] = at
				}
			}
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				at, ok := keyAt[called(call)]
				if !ok || len(call.Args) <= at {
					return true
				}
				key, ok := literal(call.Args[at])
				if !ok {
					return true
				}
				r := refused{where: set.Position(call.Pos()).String(), key: key}
				for i := at + 2; i < len(call.Args); i += 2 {
					if arg, ok := literal(call.Args[i]); ok {
						r.args = append(r.args, arg)
					}
				}
				all = append(all, r)
				return true
			})
		}
	}
	return all
}

// passesKeyOn reports whether d is a function that refuses with its parameter named key, and which one that is.
func passesKeyOn(d ast.Decl) (name string, at int, ok bool) {
	fun, isFunc := d.(*ast.FuncDecl)
	if !isFunc || fun.Body == nil || fun.Name.Name == "Refuse" || fun.Name.Name == "RefuseAs" {
		return "", 0, false
	}
	at = -1
	i := 0
	for _, field := range fun.Type.Params.List {
		for _, param := range field.Names {
			if param.Name == "key" {
				at = i
			}
			i++
		}
	}
	if at < 0 {
		return "", 0, false
	}
	ast.Inspect(fun.Body, func(n ast.Node) bool {
		if call, isCall := n.(*ast.CallExpr); isCall && (called(call) == "Refuse" || called(call) == "RefuseAs") {
			for _, arg := range call.Args {
				if id, isIdent := arg.(*ast.Ident); isIdent && id.Name == "key" {
					ok = true
				}
			}
		}
		return true
	})
	return fun.Name.Name, at, ok
}

// called returns the bare name of the function that a call calls.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestEveryRefusalHasItsSentence(t *testing.T) {
	fr := catalogues(t)[French]
	all := refusals(t)
	if len(all) < 5 {
		t.Fatalf("only %d refusals seen: the test no longer reads the code", len(all))
	}
	for _, r := range all {
		m, ok := fr.said[r.key]
		if !ok {
			t.Errorf("%s refuses with %q, which the catalogue lacks", r.where, r.key)
			continue
		}
		for _, text := range m {
			for _, part := range placeholder.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(r.args, part[1]) {
					t.Errorf("%s: the sentence of %q quotes {%s}, which this refusal does not give", r.where, r.key, part[1])
				}
			}
		}
	}
}
