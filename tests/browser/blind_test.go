package browser

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"
)

// disguises are the forms in which a secret could lie in a file or a request: as it is, in base64 at each of its three
// alignments (both alphabets), in hex of either case, in UTF-16 of either order.
func disguises(secret string) [][]byte {
	raw := []byte(secret)
	out := [][]byte{raw, []byte(hex.EncodeToString(raw)), bytes.ToUpper([]byte(hex.EncodeToString(raw)))}
	for shift := range 3 {
		padded := append(make([]byte, shift), raw...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// The first and last characters may mix with what stands beside the secret; those between hold nothing else.
			text := enc.EncodeToString(padded)
			from, to := (8*shift+5)/6, 8*len(padded)/6
			out = append(out, []byte(text[from:to]))
		}
	}
	for _, big := range []bool{false, true} {
		var wide []byte
		for _, u := range utf16.Encode([]rune(secret)) {
			if big {
				wide = append(wide, byte(u>>8), byte(u))
			} else {
				wide = append(wide, byte(u), byte(u>>8))
			}
		}
		out = append(out, wide)
	}
	return out
}

// holds names the disguise in which b, or what b unpacks to, holds the secret; empty when it does not.
func holds(b []byte, secret string) bool {
	for _, d := range disguises(secret) {
		if bytes.Contains(b, d) {
			return true
		}
	}
	for rest := b; ; {
		i := bytes.Index(rest, []byte{0x1f, 0x8b, 0x08})
		if i < 0 {
			return false
		}
		rest = rest[i:]
		if z, err := gzip.NewReader(bytes.NewReader(rest)); err == nil {
			plain, _ := io.ReadAll(io.LimitReader(z, 8<<20)) // a false start or a cut end still gives what it gives
			if bytes.Contains(plain, []byte(secret)) {
				return true
			}
		}
		rest = rest[1:]
	}
}

// blind looks for secrets in every file of the hub, in a backup of it, and in everything that browsers have posted.
func (s *stage) blind(secrets []string) {
	s.t.Helper()
	backup := filepath.Join(s.t.TempDir(), "backup")
	if err := s.hub.DB.Backup(s.t.Context(), backup, nil); err != nil {
		s.t.Fatal(err)
	}
	looked := 0
	for _, dir := range []string{s.dir, backup} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			looked += len(b)
			for _, secret := range secrets {
				if holds(b, secret) {
					s.t.Errorf("%s holds %q", filepath.Base(path), secret)
				}
			}
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	posted := []byte(s.traffic.said())
	for _, secret := range secrets {
		if holds(posted, secret) {
			s.t.Errorf("a browser posted %q", secret)
		}
	}
	if looked < 1<<20 || len(posted) < 1<<13 {
		s.t.Errorf("only %d bytes of files and %d of requests to look at: the search is broken", looked, len(posted))
	}
}

// The search itself must find what is there, in each disguise.
func TestTheSearchFindsWhatIsHidden(t *testing.T) {
	const secret = "hirondelle-secrète"
	for i, d := range disguises(secret) {
		if !holds(append(append([]byte("before "), d...), " after"...), secret) {
			t.Errorf("disguise %d is not found", i)
		}
	}
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("xyz"[:shift] + secret + "end"))
		if !holds([]byte(text), secret) {
			t.Errorf("base64 at %d is not found", shift)
		}
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("some " + secret + " text"))
	_ = z.Close()
	if !holds(append([]byte("head"), packed.Bytes()...), secret) {
		t.Error("gzip is not found")
	}
	if holds([]byte("nothing to see"), secret) {
		t.Error("found where there is nothing")
	}
}
