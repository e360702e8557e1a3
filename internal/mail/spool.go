package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// Spool writes each message to a file of its own in Dir instead of sending it: for the demo, and to try things out.
type Spool struct{ Dir string }

// Send writes one message as an .eml file.
func (s Spool) Send(_ context.Context, m Message) error {
	msg, err := SMTP{From: "ailleurs@localhost"}.compose(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	name := m.At.UTC().Format("20060102-150405-") + rand.Text()[:8] + ".eml"
	f, err := os.OpenFile(filepath.Join(s.Dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	_, err = msg.WriteTo(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}
