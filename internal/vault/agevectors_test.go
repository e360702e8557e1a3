package vault

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	agevectors "c2sp.org/CCTV/age"
	"filippo.io/age"

	"codeberg.org/ailleurs/ailleurs"
)

// A vector is one of age's published test files: a header of "key: value" lines, an empty line, the age file.
type vector struct {
	name, expect, payload string
	identity              *age.HybridIdentity
	file                  []byte
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	entries, err := fs.ReadDir(agevectors.Vectors, ".")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	for _, entry := range entries {
		b, err := fs.ReadFile(agevectors.Vectors, entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		head, file, _ := bytes.Cut(b, []byte("\n\n"))
		v := vector{name: entry.Name(), file: file}
		for line := range strings.Lines(string(head)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch key {
			case "expect":
				v.expect = value
			case "payload":
				v.payload = value
			case "identity":
				if id, err := age.ParseHybridIdentity(value); err == nil && v.identity == nil {
					v.identity = id
				}
			case "compressed":
				r, err := zlib.NewReader(bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				if v.file, err = io.ReadAll(r); err != nil {
					t.Fatal(err)
				}
			}
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// Every file that age's authors publish either is one hybrid recipient's and opens to the published payload, or is
// refused by name; nothing classic opens, whatever it is mixed with.
func TestPublishedAgeVectorsOpenOnlyWhenHybridAlone(t *testing.T) {
	var nobody [32]byte
	stranger, err := identityFrom(&nobody)
	if err != nil {
		t.Fatal(err)
	}
	tally := map[string]int{}
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			id := v.identity
			if id == nil {
				id = stranger
			}
			stanzas, headerErr := Stanzas(v.file)
			plain, err := openWith(id, v.file, 20<<20, "file")
			if err == nil {
				tally["opened"]++
				sum := sha256.Sum256(plain)
				if v.expect != "success" || len(stanzas) != 1 || stanzas[0] != hybridStanza || hex.EncodeToString(sum[:]) != v.payload {
					t.Errorf("opened, with stanzas %q; expected %s", stanzas, v.expect)
				}
				return
			}
			r := ailleurs.AsRefusal(err)
			if r == nil || plain != nil {
				t.Fatalf("a fault instead of a refusal, or text beside it: %v", err)
			}
			tally[r.Key]++
			classic := slices.ContainsFunc(stanzas, classicStanza)
			passphrase := slices.ContainsFunc(stanzas, func(s string) bool { return strings.HasPrefix(s, "scrypt") })
			switch {
			case headerErr != nil:
				if want := ailleurs.AsRefusal(headerErr).Key; r.Key != want && want != "vault.too_large" {
					t.Errorf("a header refused as %s is refused as %s with a key", want, r.Key)
				}
			case classic || passphrase:
				if r.Key != "vault.classic_stanza" && r.Key != "vault.passphrase_stanza" && r.Key != "vault.unknown_stanza" {
					t.Errorf("stanzas %q are refused as %s", stanzas, r.Key)
				}
			case v.expect == "success" && v.identity != nil && len(stanzas) == 1 && stanzas[0] == hybridStanza:
				t.Errorf("a good hybrid file is refused: %v", err)
			}
		})
	}
	for key, least := range map[string]int{
		"opened": 1, "vault.classic_stanza": 30, "vault.passphrase_stanza": 3, "vault.extra_stanza": 1,
		"vault.unknown_stanza": 3, "vault.damaged": 3, "vault.not_for_you": 1, "vault.not_age": 30,
	} {
		if tally[key] < least {
			t.Errorf("%s: %d vectors, want at least %d of %v", key, tally[key], least, tally)
		}
	}
	t.Log(tally)
}
