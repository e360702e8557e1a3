package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite" // tampering goes behind the store's back

	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ailleurs": main})
}

// TestCommands runs the scripts of testdata, which a non-programmer can read.
func TestCommands(t *testing.T) {
	secret, public, err := note.GenerateKey(rand.Reader, "hub.example/journal")
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := note.GenerateKey(rand.Reader, "hub.example/journal")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "fr_FR.UTF-8")
			env.Setenv("LOG_KEY", public)
			env.Setenv("OTHER_KEY", other)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"found":  found,
			"tamper": tamper,
			"logkey": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(secret+"\n"+public+"\n"), 0o600))
			},
			"remember": func(ts *testscript.TestScript, _ bool, args []string) {
				remember(ts, signer, args)
			},
		},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// exits checks the exit status of a command: `exits 2 ailleurs frobnicate`. Its streams serve the next stdout or stderr.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = regexp.MustCompile(`[0-9]+$`).FindString(err.Error())
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// found makes a database with some events in its journal: `found data 5`. On an existing one it adds to them.
func found(ts *testscript.TestScript, _ bool, args []string) {
	db, err := store.Open(context.Background(), ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	defer db.Close()
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range n {
		ts.Check(db.Update(context.Background(), func(tx *store.Tx) error {
			_, err := journal.Append(tx, journal.Event{Kind: "hub.rehearsed", At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)})
			return err
		}))
	}
}

// remember writes the journal's signed checkpoint to a file: `remember data checkpoint.txt`.
func remember(ts *testscript.TestScript, signer note.Signer, args []string) {
	db, err := store.Open(context.Background(), ts.MkAbs(args[0]), store.Options{Inspect: true})
	ts.Check(err)
	defer db.Close()
	ts.Check(db.View(context.Background(), func(tx *store.Tx) error {
		signed, err := journal.Checkpoint(tx, journal.Journal, signer)
		ts.Check(err)
		return os.WriteFile(ts.MkAbs(args[1]), signed, 0o600)
	}))
}

// tamper runs SQL on a database behind the hub's back, as someone who broke into the machine would:
// `tamper data 'DELETE FROM journal_entry WHERE idx = 3'`.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "ailleurs.db"))
	ts.Check(err)
	defer db.Close()
	result, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("nothing was changed (%v)", err)
	}
}
