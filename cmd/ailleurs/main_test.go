package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"codeberg.org/ailleurs/ailleurs"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ailleurs": main})
}

// TestCommands runs the scripts of testdata, which a non-programmer can read.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "fr_FR.UTF-8")
			return nil
		},
		Cmds:          map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// exits checks the exit status of a command: `exits 2 ailleurs frobnicate`. Its streams serve the next stdout or stderr.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = regexp.MustCompile(`[0-9]+$`).FindString(err.Error())
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

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
	if got, want := french.sentence(r), `refused: no.such_key (config.addr) value="x y"`; got != want {
		t.Errorf("sentence = %s, want %s", got, want)
	}
}
