package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

func TestEveryMessageExistsInBothLanguages(t *testing.T) {
	texts := make(map[language]map[string]string)
	for _, l := range []language{french, english} {
		c, err := l.catalogue()
		if err != nil {
			t.Fatal(err)
		}
		texts[l] = c
	}
	keys := func(l language) []string { return slices.Sorted(maps.Keys(texts[l])) }
	if diff := cmp.Diff(keys(french), keys(english)); diff != "" {
		t.Errorf("keys differ (-fr +en):\n%s", diff)
	}
	placeholder := regexp.MustCompile(`\{[a-z_]+\}`)
	for key, fr := range texts[french] {
		a, b := placeholder.FindAllString(fr, -1), placeholder.FindAllString(texts[english][key], -1)
		slices.Sort(a)
		slices.Sort(b)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s quotes different values (-fr +en):\n%s", key, diff)
		}
	}
}

// literals returns the string literals of the Go files in dirs, tests excepted, that pick accepts.
func literals(t *testing.T, pick func(n ast.Node) []ast.Expr, dirs ...string) []string {
	t.Helper()
	var found []string
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for n := range ast.Preorder(f) {
				for _, e := range pick(n) {
					if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						s, err := strconv.Unquote(lit.Value)
						if err != nil {
							t.Fatal(err)
						}
						found = append(found, s)
					}
				}
			}
		}
	}
	return found
}

// What the commands refuse is said by this catalogue, or by that of the pages for what both can refuse.
func TestEveryRefusalOfACommandHasItsSentence(t *testing.T) {
	texts, err := french.catalogue()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../internal/web/i18n/fr/refusals*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shared := make(map[string]any)
		if err := json.Unmarshal(b, &shared); err != nil {
			t.Fatal(err)
		}
		for key := range shared {
			if texts[key] == "" {
				texts[key] = "said by the pages"
			}
		}
	}
	keys := literals(t, func(n ast.Node) []ast.Expr {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return nil
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(sel.Sel.Name, "Refuse") {
			return call.Args
		}
		return nil
	}, ".", "../../internal/store", "../../internal/journal")
	form := regexp.MustCompile(`^[a-z_]+\.[a-z_.]+$`)
	seen := 0
	for _, key := range keys {
		if !form.MatchString(key) {
			continue
		}
		seen++
		if texts[key] == "" {
			t.Errorf("the refusal %q has no sentence in messages/", key)
		}
	}
	if seen < 10 {
		t.Errorf("only %d refusals seen: the test does not look where they are", seen)
	}
}

func TestEveryFindingOfVerifyHasItsSentence(t *testing.T) {
	texts, err := french.catalogue()
	if err != nil {
		t.Fatal(err)
	}
	names := literals(t, func(n ast.Node) []ast.Expr {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return nil
		}
		return spec.Values
	}, "../../internal/journal")
	form := regexp.MustCompile(`^(row|entry|head|log|checkpoint|file)\.[a-z]+$`)
	seen := 0
	for _, name := range names {
		if form.MatchString(name) {
			seen++
			if texts["verify."+name] == "" {
				t.Errorf("the finding %q has no sentence in messages/", name)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d findings seen: the test does not look where they are", seen)
	}
}

func TestEveryInvariantOfAPillarHasItsSentence(t *testing.T) {
	texts, err := french.catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range relocation.Invariants {
		if texts["verify."+i.Name] == "" {
			t.Errorf("the invariant %q has no sentence in messages/", i.Name)
		}
	}
}

func TestLanguageFollowsTheLocale(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want language
	}{
		{nil, french},
		{map[string]string{"LANG": "C.UTF-8"}, french},
		{map[string]string{"LANG": "en_GB.UTF-8"}, english},
		{map[string]string{"LANG": "en_GB.UTF-8", "LC_MESSAGES": "fr_FR"}, french},
		{map[string]string{"LANG": "fr_FR", "LC_ALL": "en_US"}, english},
	} {
		if got := languageOf(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("languageOf(%v) = %s, want %s", c.env, got, c.want)
		}
	}
}

func TestUnknownRefusalIsStillSaid(t *testing.T) {
	r := ailleurs.Refuse("no.such_key", "config.addr", "value", "x y")
	if got, want := french.sentence(r), "config.addr : no.such_key value x y"; got != want {
		t.Errorf("sentence = %s, want %s", got, want)
	}
}
