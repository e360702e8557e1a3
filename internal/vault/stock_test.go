package vault

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

// stockAge builds age's own command from the module that this one imports.
func stockAge(t *testing.T) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "filippo.io/age").Output()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "age")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", strings.TrimSpace(string(dir)), "-o", bin, "./cmd/age")
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func TestStockAgeOpensEveryKindOfFile(t *testing.T) {
	bin := stockAge(t)
	s := newStage(t)
	paper := must[*Unlocker](t)(PaperUnlocker(NewPaperCode()))
	if err := s.lead.AddLock(paper); err != nil {
		t.Fatal(err)
	}
	note := must[ailleurs.SealedBody](t)(SealNote(s.opened.Key(), []byte("au secours"), now))
	for _, c := range []struct {
		name, identity, begins, holds string
		file                          []byte
	}{
		{"body", s.opened.key.Identity(), "ailleurs-body/1\n", "second", s.second.Data},
		{"note", s.opened.key.Identity(), "ailleurs-note/1\n", "au secours", note.Data},
		{"envelope", s.hostLead.Identity(), "ailleurs-envelope/1\n", "to " + string(s.hostLead.Agent), s.received.Envelopes[0].Data},
		{"trousseau", paper.Identity(), "ailleurs-trousseau/1\n", string(s.lead.Agent), must[[]byte](t)(s.lead.Wrap(paper.Lock()))},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := filepath.Join(t.TempDir(), "key.txt")
			if err := os.WriteFile(key, []byte(c.identity+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), bin, "--decrypt", "--identity", key)
			cmd.Stdin = bytes.NewReader(c.file)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(out), c.begins) || !strings.Contains(string(out), c.holds) {
				t.Errorf("age shows %.200q", out)
			}
		})
	}
	t.Run("and we open what stock age makes", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), bin, "--encrypt", "--recipient", s.hostLead.Public().Recipient)
		cmd.Stdin = strings.NewReader("bonjour")
		file, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if plain := s.plain(s.hostLead.id, file); string(plain) != "bonjour" {
			t.Errorf("opened %q", plain)
		}
	})
}
