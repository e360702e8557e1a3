package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type verifyCommand struct {
	Data string `required:"" env:"AILLEURS_DATA" placeholder:"DIR|URL" help:"Data directory, or URL of a PostgreSQL database."`
	remembered
}

// Run re-checks the whole database offline, prints what it saw, and refuses when anything is not as it should be. It writes
// nothing.
func (c verifyCommand) Run(w world) (err error) {
	opts, err := c.options()
	if err != nil {
		return err
	}
	db, err := store.Open(w, c.Data, store.Options{Inspect: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	report, err := journal.Verify(w, db, opts)
	if err != nil {
		return err
	}
	return say(w, report)
}

// remembered is what was kept elsewhere to hold a database against.
type remembered struct {
	Checkpoint []string `placeholder:"FILE" help:"Checkpoint kept elsewhere, which the logs must extend. Repeat for several."`
	LogKey     []string `placeholder:"KEY" help:"Public key that must have signed the checkpoints (name+hash+key). Repeat for several."`
}

func (r remembered) options() (journal.VerifyOptions, error) {
	opts := journal.VerifyOptions{Invariants: relocation.Invariants}
	for _, name := range r.Checkpoint {
		b, err := os.ReadFile(name)
		if err != nil {
			return opts, unreadable(err, "checkpoint", name)
		}
		opts.Checkpoints = append(opts.Checkpoints, b)
	}
	var keys []note.Verifier
	for _, text := range r.LogKey {
		v, err := note.NewVerifier(strings.TrimSpace(text))
		if err != nil {
			return opts, ailleurs.Refuse("verify.log_key", "log-key", "value", text)
		}
		keys = append(keys, v)
	}
	if keys != nil {
		opts.Verifiers = note.VerifierList(keys...)
	}
	return opts, nil
}

// say tells what Verify saw, and refuses a report that is not green.
func say(w world, report journal.Report) error {
	for _, f := range report.Findings {
		fmt.Fprintf(w.out, "%s  %s\n", f.Name, w.language.say("verify."+f.Name, "table", f.Table, "key", f.Key, "detail", f.Detail))
	}
	for _, log := range journal.Logs {
		fmt.Fprintln(w.out, headLine(w.language, log, report.Heads[log]))
	}
	fmt.Fprintln(w.out, w.language.say("verify.rows", "rows", strconv.FormatInt(report.Rows, 10), "erased", strconv.FormatInt(report.Erased, 10)))
	if n := len(report.Findings); n > 0 {
		return ailleurs.Refuse("verify.red", "", "findings", strconv.Itoa(n))
	}
	fmt.Fprintln(w.out, w.language.say("verify.green"))
	return nil
}

func headLine(l language, log journal.Log, head journal.Head) string {
	return l.say("verify.head."+string(log), "size", strconv.FormatInt(head.Size, 10), "root", head.Root.String())
}

// unreadable is the refusal for a file named on the command line that is not there or may not be read; any other failure
// is a fault.
func unreadable(err error, field, name string) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return ailleurs.Refuse("command.unreadable_file", field, "file", name)
	}
	return err
}
