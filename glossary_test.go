package ailleurs_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// worded are the enumerations that people read on screen; each of their values has a row in docs/glossary.md.
var worded = []string{
	"Role", "MemberKind", "CaseState", "Speed", "Outcome", "Wellbeing", "Compartment", "ThreadState", "AnswerKind", "DeclineReason",
}

// spoken are the catalogue's names for these enumerations.
var spoken = map[string]string{
	"Role": "role", "MemberKind": "kind", "CaseState": "case_state", "Speed": "speed", "Outcome": "outcome", "Wellbeing": "light",
	"Compartment": "compartment", "ThreadState": "thread_state", "AnswerKind": "answer_kind", "DeclineReason": "decline",
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

// frenchTexts returns the sentences of the screens by key, and the pages of prose by file.
func frenchTexts(t *testing.T) map[string]string {
	t.Helper()
	const dir = "internal/web/i18n/fr"
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]string)
	for _, f := range files {
		b, err := os.ReadFile(dir + "/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f.Name(), ".json") {
			said[f.Name()] = string(b)
			continue
		}
		var all map[string]any
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatal(f.Name(), err)
		}
		for key, v := range all {
			said[key] = fmt.Sprint(v)
		}
	}
	if len(said) < 500 {
		t.Fatalf("only %d texts were read", len(said))
	}
	return said
}

// What the glossary says is on screen is what the screens say, capitals and articles aside.
func TestGlossarySaysWhatTheScreensSay(t *testing.T) {
	b, err := os.ReadFile("docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	article := regexp.MustCompile(`^(les |la |le |l’)`)
	fold := func(s string) string { return article.ReplaceAllString(strings.ToLower(strings.TrimSpace(s)), "") }
	cells := make(map[string][]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(b), -1) {
		cells[m[1]] = append(cells[m[1]], fold(m[2]))
	}
	said, looked := frenchTexts(t), 0
	for _, prefix := range spoken {
		for key, text := range said {
			value, ok := strings.CutPrefix(key, prefix+".")
			if !ok || cells[value] == nil {
				continue
			}
			looked++
			if !slices.Contains(cells[value], fold(text)) {
				t.Errorf("the screens call %s %q, the glossary %q", key, text, cells[value])
			}
		}
	}
	if looked < 50 {
		t.Errorf("only %d words were compared", looked)
	}
}

// One thing has one name: the words that the glossary rules out are in none of the French texts, guides among them.
func TestScreensKeepToTheGlossary(t *testing.T) {
	b, err := os.ReadFile("docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "## Words that are not on screen")
	if !ok {
		t.Fatal("docs/glossary.md does not say which words are not used")
	}
	said, words := frenchTexts(t), 0
	for _, guide := range []string{"referent", "elu", "coordination", "astreinte"} {
		name := "docs/guides/" + guide + ".md"
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			said[fmt.Sprintf("%s:%d", name, i+1)] = line
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\| ([^|]+) \\|").FindAllStringSubmatch(section, -1) {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			words++
			found := regexp.MustCompile(`(?i)(^|[^\pL])` + regexp.QuoteMeta(m[1]) + `(s|e|es)?($|[^\pL])`)
			for key, text := range said {
				if found.MatchString(text) {
					t.Errorf("%s says %q, not %s: %s", key, m[1], row[2], text)
				}
			}
		}
	}
	if words < 15 {
		t.Errorf("only %d words are ruled out", words)
	}
}
