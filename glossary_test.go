package ailleurs_test

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// worded are the enumerations that people read on screen; each of their values has a row in docs/glossary.md.
var worded = []string{
	"Role", "MemberKind", "CaseState", "Speed", "Outcome", "Wellbeing", "Compartment", "ThreadState", "AnswerKind", "DeclineReason",
}

func TestGlossaryHasEveryWordOnScreen(t *testing.T) {
	b, err := os.ReadFile("docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(b), -1) {
		rows[m[1]] = m[2]
	}
	seen := make(map[string]bool)
	_, all := sources(t)
	for _, s := range all {
		if s.dir != "." || s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				enum, ok := v.Type.(*ast.Ident)
				if !ok || !slices.Contains(worded, enum.Name) {
					continue
				}
				seen[enum.Name] = true
				for _, value := range v.Values {
					lit, ok := value.(*ast.BasicLit)
					if !ok {
						continue
					}
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					if rows[text] == "" {
						t.Errorf("%s %q has no row in docs/glossary.md", enum.Name, text)
					}
				}
			}
		}
	}
	for _, name := range worded {
		if !seen[name] {
			t.Errorf("no constant of the type %s was found in the root package", name)
		}
	}
}
