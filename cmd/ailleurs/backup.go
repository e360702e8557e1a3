package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type backupCommand struct {
	Data   string `required:"" env:"AILLEURS_DATA" placeholder:"DIR|URL" help:"Data directory, or URL of a PostgreSQL database."`
	Backup string `required:"" placeholder:"DIR" help:"Directory to make."`
	Keys   string `placeholder:"DIR" help:"Directory of the log keys, which sign the checkpoints beside the tables; the data directory by default."`
}

// Run writes the database as it is at one instant into a new directory, with a signed checkpoint of each log whose key is
// at hand. The hub goes on meanwhile. The log keys themselves are never in a backup: whoever held both could sign another
// past.
func (c backupCommand) Run(w world) (err error) {
	db, err := store.Open(w, c.Data, store.Options{Inspect: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	signers, err := c.signers()
	if err != nil {
		return err
	}
	var lines []string
	err = db.Backup(w, c.Backup, func(tx *store.Tx) (map[string][]byte, error) {
		notes := make(map[string][]byte)
		for _, log := range journal.Logs {
			head, err := journal.HeadOf(tx, log)
			if err != nil {
				return nil, err
			}
			lines = append(lines, headLine(w.language, log, head))
			if signer, ok := signers[log]; ok {
				if notes[string(log)+".checkpoint"], err = journal.Checkpoint(tx, log, signer); err != nil {
					return nil, err
				}
			}
		}
		return notes, nil
	})
	if err != nil {
		return err
	}
	for _, line := range lines {
		fmt.Fprintln(w.out, line)
	}
	said := "backup.checkpoints"
	if len(signers) < len(journal.Logs) {
		said = "backup.no_checkpoints"
	}
	fmt.Fprintln(w.out, w.language.say(said, "backup", c.Backup))
	return nil
}

// signers reads the log keys that are at hand: <log>.key, the private key on the first line.
func (c backupCommand) signers() (map[journal.Log]note.Signer, error) {
	signers := make(map[journal.Log]note.Signer)
	dir := c.Keys
	if dir == "" {
		dir = c.Data
	}
	if strings.Contains(dir, "://") { // a server: no keys lie beside the data
		return signers, nil
	}
	for _, log := range journal.Logs {
		name := string(log) + ".key"
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, unreadable(err, "keys", name)
		}
		private, _, _ := strings.Cut(string(b), "\n")
		if signers[log], err = note.NewSigner(private); err != nil {
			return nil, ailleurs.Refuse("backup.log_key", "keys", "file", name)
		}
	}
	return signers, nil
}
