package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type restoreCommand struct {
	Backup string `required:"" placeholder:"DIR" help:"Directory that ailleurs backup made."`
	Data   string `required:"" env:"AILLEURS_DATA" placeholder:"DIR|URL" help:"Empty directory, or URL of an empty PostgreSQL database, to restore into."`
	Demo   bool   `help:"Restore a demonstration."`
	Since  string `placeholder:"DIR|URL" help:"The database that the backup replaces, if it can still be read: what was erased in it since is listed."`
	remembered
}

// Run makes a database out of a backup and verifies it before it can be served. A checkpoint newer than the backup is no
// fault: it says how many events are lost. Whatever was erased after the backup was made has come back, and is listed.
func (c restoreCommand) Run(w world) (err error) {
	opts, err := c.options()
	if err != nil {
		return err
	}
	var since *store.DB
	if c.Since != "" {
		if since, err = store.Open(w, c.Since, store.Options{Inspect: true}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, since.Close()) }()
	}
	err = store.Restore(w, c.Backup, c.Data, store.Options{Demo: c.Demo}, func(_ context.Context, db *store.DB) error {
		report, err := journal.Verify(w, db, opts)
		if err != nil {
			return err
		}
		older := func(f journal.Finding) bool { return f.Name == journal.LogShorter }
		for _, f := range report.Findings {
			if older(f) {
				fmt.Fprintln(w.out, w.language.say("restore.older", "table", f.Table, "detail", f.Detail))
			}
		}
		report.Findings = slices.DeleteFunc(report.Findings, older)
		return say(w, report)
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(w.out, w.language.say("restore.done", "data", c.Data))
	if since == nil {
		fmt.Fprintln(w.out, w.language.say("restore.since_unknown"))
		return nil
	}
	restored, err := store.Open(w, c.Data, store.Options{Inspect: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restored.Close()) }()
	return sayErased(w, since, restored)
}

// sealedRows are the tables whose rows lose what is sealed in them when it is erased, and the column that says when.
var sealedRows = []struct{ table, erased string }{{"body", "erased_at"}, {"envelope", "destroyed_at"}}

// sayErased lists the cases of which the restored database holds sealed rows that the replaced one had erased.
func sayErased(w world, since, restored *store.DB) error {
	back := make(map[ailleurs.CaseID]int)
	for _, s := range sealedRows {
		gone := make(map[string]bool)
		err := since.View(w, func(tx *store.Tx) error {
			return tx.Each(func(row []any) error {
				id, _ := row[0].(string)
				gone[id] = true
				return nil
			}, "SELECT id FROM "+s.table+" WHERE "+s.erased+" IS NOT NULL")
		})
		if err != nil {
			return err
		}
		err = restored.View(w, func(tx *store.Tx) error {
			return tx.Each(func(row []any) error {
				id, _ := row[0].(string)
				of, _ := row[1].(string)
				if gone[id] {
					back[ailleurs.CaseID(of)]++
				}
				return nil
			}, "SELECT id, case_id FROM "+s.table+" WHERE "+s.erased+" IS NULL")
		})
		if err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(back)) {
		fmt.Fprintln(w.out, w.language.say("restore.came_back", "case", string(id), "rows", strconv.Itoa(back[id])))
	}
	if len(back) == 0 {
		fmt.Fprintln(w.out, w.language.say("restore.nothing_came_back"))
	}
	return nil
}
