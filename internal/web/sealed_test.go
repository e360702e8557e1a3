package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// What a script seals or keeps from the hub must not leave before that script runs: a form that a browser could send by
// itself, on a slow line, would post in clear what nobody but its readers may see.
func TestNoSealedFormCanBeSentInClear(t *testing.T) {
	actions := regexp.MustCompile(`\{\{.*?\}\}`)
	form := regexp.MustCompile(`<form\b[^>]*>`)
	sealed := regexp.MustCompile(`\bdata-(seal|enter|unlock|step|add|sign)\b`)
	found := 0
	err := fs.WalkDir(templates, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(templates, path)
		if err != nil {
			return err
		}
		for _, tag := range form.FindAllString(actions.ReplaceAllString(string(b), ""), -1) {
			if !sealed.MatchString(tag) {
				continue
			}
			found++
			if !strings.Contains(tag, `method="dialog"`) || strings.Contains(tag, " action=") {
				t.Errorf("%s: %s can be sent without its script", path, tag)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 10 {
		t.Errorf("only %d sealed forms found: the search is broken", found)
	}
}
