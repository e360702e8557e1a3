package vault

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryRefusalIsListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`"(vault\.[a-z_]+)"`)
	var used []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || f == "refusals.go" {
			continue
		}
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(source), -1) {
			used = append(used, m[1])
		}
	}
	slices.Sort(used)
	if diff := cmp.Diff(slices.Compact(used), RefusalKeys); diff != "" {
		t.Errorf("RefusalKeys differs from what the package refuses (-used +listed):\n%s", diff)
	}
}
