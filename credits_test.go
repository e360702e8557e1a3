package ailleurs_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the generated part of CREDITS.md")

// TestCreditsNameEveryModule keeps the table of Go modules in CREDITS.md true; `make credits` rewrites it.
func TestCreditsNameEveryModule(t *testing.T) {
	const begin, end = "<!-- modules: written by make credits -->\n", "<!-- end of modules -->\n"
	b, err := os.ReadFile("CREDITS.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), begin)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("CREDITS.md has no part between %q and %q", begin, end)
	}
	want := moduleTable(t)
	if *update {
		if err := os.WriteFile("CREDITS.md", []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(got, want); diff != "" {
		t.Errorf("CREDITS.md differs from what is imported; run make credits (-file +imported):\n%s", diff)
	}
}

// A module is one of another author that this one imports.
type module struct{ Path, Dir string }

func moduleTable(t *testing.T) string {
	shipped := modules(t, []string{"GOOS=linux", "GOARCH=amd64"}, "./cmd/...", "./internal/...")
	maps.Copy(shipped, modules(t, []string{"GOOS=js", "GOARCH=wasm"}, "./cmd/..."))
	tested := modules(t, nil, "-test", "./...")
	var b strings.Builder
	b.WriteString("\n| module | licence | where |\n|---|---|---|\n")
	maps.Copy(tested, shipped)
	for _, m := range slices.SortedFunc(maps.Values(tested), func(a, b module) int { return cmp.Compare(a.Path, b.Path) }) {
		where := "in the binary"
		if _, ok := shipped[m.Path]; !ok {
			where = "in tests and measurements only"
		}
		licence, err := licenceOf(m.Dir)
		if err != nil {
			t.Errorf("%s: %v", m.Path, err)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Path, licence, where)
	}
	b.WriteString("\n")
	return b.String()
}

// modules returns the foreign modules that the packages matching args are built from, by path.
func modules(t *testing.T, env []string, args ...string) map[string]module {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-deps", "-json=Module"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]module)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = module{p.Module.Path, p.Module.Dir}
		}
	}
}

// licenceOf recognises the licence in a module's directory by sentences that only it contains, and names it as SPDX does.
func licenceOf(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "[LC][IO][CP]*"))
	if err != nil {
		return "", err
	}
	// Some modules of a larger repository state their licence in the README alone.
	for _, f := range append(files, filepath.Join(dir, "README.md")) {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		text := strings.Join(strings.Fields(string(b)), " ")
		has := func(s string) bool { return strings.Contains(text, s) }
		switch {
		case has("Apache License Version 2.0"):
			return "Apache-2.0", nil
		case has("[Zero-Clause BSD](https://opensource.org/licenses/0BSD) (reproduced below)"):
			return "0BSD", nil
		case has("Mozilla Public License Version 2.0"):
			return "MPL-2.0", nil
		case has("Permission is hereby granted, free of charge"):
			return "MIT", nil
		case has("Permission to use, copy, modify, and/or distribute this software for any purpose"),
			has("Permission to use, copy, modify, and distribute this software for any purpose"):
			return "ISC", nil
		case has("Redistribution and use in source and binary forms") && (has("Neither the name") || has("names of")):
			return "BSD-3-Clause", nil
		case has("Redistribution and use in source and binary forms"):
			return "BSD-2-Clause", nil
		}
	}
	return "unknown", fmt.Errorf("no licence recognised in %s", dir)
}
