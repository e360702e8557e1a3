package ailleurs_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// unspeakable are the words no column, field or enumerated value may contain: opinion, belief, health, origin in the sense
// of the law, and facts of an offence (RGPD art. 9 and 10). What has no field cannot leak, and cannot be asked for.
var unspeakable = []string{
	"party", "parties", "politics", "political", "politique", "opinion", "opinions", "vote",
	"religion", "religious", "faith", "church", "mosque", "belief", "worship", "culte", "croyance",
	"health", "medical", "medecin", "sante", "disease", "illness", "maladie", "diagnosis", "handicap", "disability", "pregnant",
	"addiction", "drug", "drugs", "drogue",
	"ethnic", "ethnicity", "ethnie", "race", "nationality", "nationalite", "sexuality", "orientation",
	"offence", "offense", "infraction", "crime", "conviction", "condamnation", "gang", "network",
}

// labels are names of parties and the administration's codes for them; none may be the text, or a word of the text, of
// anything the programs put into a database.
var labels = regexp.MustCompile(`\b(DVG|DVD|DVC|EXG|EXD|LFI|PCF|EELV|UDI|MoDem|LREM|Parti (socialiste|communiste|radical)|` +
	`Les Républicains|Rassemblement national|Reconquête|La France insoumise|divers (gauche|droite|centre))\b`)

// words splits an identifier, a column name or a value into lower-case words: "PartyID" is "party", "id".
func words(name string) []string {
	var b strings.Builder
	var previous rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(previous) {
			b.WriteByte(' ')
		}
		previous = r
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) })
}

func spokenIn(name string) (string, bool) {
	for _, w := range words(name) {
		if slices.Contains(unspeakable, w) {
			return w, true
		}
	}
	return "", false
}

func TestNoFieldHoldsAnOpinion(t *testing.T) {
	fset, all := sources(t)
	fields := 0
	for _, s := range all {
		// The pages' own code speaks of such words in order to warn about them; it stores nothing.
		stored := s.dir == "." || within(s.dir, "internal") && !within(s.dir, "internal/web")
		if s.test || !stored {
			continue
		}
		for n := range ast.Preorder(s.file) {
			st, ok := n.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range st.Fields.List {
				for _, name := range f.Names {
					fields++
					if w, bad := spokenIn(name.Name); bad {
						t.Errorf("%s: field %s holds %q", fset.Position(name.Pos()), name.Name, w)
					}
				}
				if f.Tag == nil {
					continue
				}
				tag, err := strconv.Unquote(f.Tag.Value)
				if err != nil {
					t.Fatal(err)
				}
				if w, bad := spokenIn(reflect.StructTag(tag).Get("json")); bad {
					t.Errorf("%s: JSON name holds %q", fset.Position(f.Pos()), w)
				}
			}
		}
	}
	if fields == 0 {
		t.Error("no field looked at")
	}
}

func TestNoEnumeratedValueHoldsAnOpinion(t *testing.T) {
	fset, all := sources(t)
	values := 0
	for _, s := range all {
		if s.test || s.dir != "." {
			continue
		}
		for _, decl := range s.file.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for n := range ast.Preorder(g) {
				var text string
				switch n := n.(type) {
				case *ast.Ident:
					text = n.Name
				case *ast.BasicLit:
					text = n.Value
				default:
					continue
				}
				values++
				if w, bad := spokenIn(text); bad {
					t.Errorf("%s: %s holds %q", fset.Position(n.Pos()), text, w)
				}
			}
		}
	}
	if values == 0 {
		t.Error("no constant looked at")
	}
}

func TestNoColumnHoldsAnOpinion(t *testing.T) {
	files, err := filepath.Glob("internal/store/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`--[^\n]*`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(comment.ReplaceAllString(string(b), ""), "\n") {
			if w, bad := spokenIn(line); bad {
				t.Errorf("%s:%d: the schema holds %q", f, i+1, w)
			}
		}
	}
}

func TestNoSeedNamesAParty(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.test {
			continue
		}
		for n := range ast.Preorder(s.file) {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && labels.MatchString(lit.Value) {
				t.Errorf("%s names a party: %s", fset.Position(lit.Pos()), labels.FindString(lit.Value))
			}
		}
	}
}

func TestWordsOfAnIdentifier(t *testing.T) {
	for name, want := range map[string]string{"PartyID": "party", "political_label": "political", "mayorOpinion": "opinion"} {
		if got, bad := spokenIn(name); !bad || got != want {
			t.Errorf("spokenIn(%s) = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"tracer", "healthz", "counterparty"} {
		if got, bad := spokenIn(name); bad {
			t.Errorf("spokenIn(%s) = %q, want nothing", name, got)
		}
	}
}
