package ailleurs_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages returns the Markdown files of the repository by slash-separated path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "bin" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(p, ".md") {
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			found[filepath.ToSlash(p)] = string(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("only %d pages found: the walk is broken", len(found))
	}
	return found
}

var (
	mdLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notSlug   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// slug is the anchor that forges give to a heading.
func slug(heading string) string {
	return strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func TestEveryLinkInTheDocsLeadsSomewhere(t *testing.T) {
	all := pages(t)
	for name, text := range all {
		for _, m := range mdLink.FindAllStringSubmatch(text, -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, ":") {
				continue // another site
			}
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, m[1])
				continue
			}
			if anchor == "" {
				continue
			}
			heads := mdHeading.FindAllStringSubmatch(all[target], -1)
			if !slices.ContainsFunc(heads, func(h []string) bool { return slug(h[1]) == anchor }) {
				t.Errorf("%s: %s has no heading for %s", name, target, m[1])
			}
		}
	}
}

func TestEveryMakeTargetInTheDocsExists(t *testing.T) {
	b, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, text := range pages(t) {
		for _, m := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			seen++
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(b) {
				t.Errorf("%s speaks of make %s, which the Makefile does not have", name, m[1])
			}
		}
	}
	if seen == 0 {
		t.Error("no make target seen in the docs")
	}
}

func TestArchitecturePageNamesEveryRowOfTheImportTable(t *testing.T) {
	b, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for dir := range arrows {
		name := strings.TrimPrefix(dir, "internal/")
		if name != "." && !regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).Match(b) {
			t.Errorf("docs/architecture.md does not name %s", dir)
		}
	}
}
