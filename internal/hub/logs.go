package hub

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Logs are the keys of the two transparency logs.
type Logs struct{ Register, Journal alliance.LogKey }

// The files that hold them, private half first, beside the database, readable by its owner alone. They sign checkpoints; they open nothing.
const (
	registerKey = "register.key"
	journalKey  = "journal.key"
)

// keyDir is where the log keys of a configuration lie.
func (c Config) keyDir() (string, error) {
	switch {
	case c.Keys != "":
		return c.Keys, nil
	case strings.Contains(c.Data, "://"):
		return "", ailleurs.Refuse("hub.config", "keys")
	}
	return c.Data, nil
}

// NewLogs makes the log keys of a new hub under a name (at most 32 letters, digits, dots or hyphens), which opens their
// origin lines. Keys that exist are never written over.
func NewLogs(cfg Config, name string) error {
	dir, err := cfg.keyDir()
	if err != nil {
		return err
	}
	if name == "" || len(name) > 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return ailleurs.Refuse("hub.log_name", "name", "got", name)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for file, log := range map[string]string{registerKey: "/register", journalKey: "/journal"} {
		private, public, err := note.GenerateKey(rand.Reader, name+log)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "hub.log_keys_exist", "data")
		}
		if err != nil {
			return err
		}
		_, err = f.WriteString(private + "\n" + public + "\n")
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func openLogs(cfg Config) (Logs, error) {
	dir, err := cfg.keyDir()
	if err != nil {
		return Logs{}, err
	}
	var l Logs
	if l.Register, err = openLog(filepath.Join(dir, registerKey)); err != nil {
		return l, err
	}
	l.Journal, err = openLog(filepath.Join(dir, journalKey))
	return l, err
}

func openLog(file string) (alliance.LogKey, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return alliance.LogKey{}, ailleurs.Refuse("hub.log_key_missing", "keys", "file", filepath.Base(file))
	}
	if err != nil {
		return alliance.LogKey{}, err
	}
	private, public, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	signer, err := note.NewSigner(private)
	verifier, err2 := note.NewVerifier(public)
	if err != nil || err2 != nil || signer.Name() != verifier.Name() || signer.KeyHash() != verifier.KeyHash() {
		return alliance.LogKey{}, ailleurs.Refuse("hub.log_key_malformed", "keys", "file", filepath.Base(file))
	}
	return alliance.LogKey{Signer: signer, Verifier: public}, nil
}

// readWords reads the six words of an invitation as people type them.
func readWords(typed string) (string, error) {
	words, err := vault.ReadWords(typed, vault.PassphraseWords)
	return strings.Join(words, " "), err
}
