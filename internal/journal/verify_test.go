package journal_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// green wants a report without findings.
func green(t *testing.T, db *store.DB, opts journal.VerifyOptions) journal.Report {
	t.Helper()
	r, err := journal.Verify(context.Background(), db, opts)
	must(t, err)
	for _, f := range r.Findings {
		t.Errorf("found: %s", f)
	}
	return r
}

// red wants one finding that begins with each of want, and no other.
func red(t *testing.T, db *store.DB, opts journal.VerifyOptions, want ...string) {
	t.Helper()
	r, err := journal.Verify(context.Background(), db, opts)
	must(t, err)
	for _, w := range want {
		found := false
		for i, f := range r.Findings {
			if strings.HasPrefix(f.String(), w) {
				r.Findings = slices.Delete(r.Findings, i, i+1)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("not found: %s", w)
		}
	}
	for _, f := range r.Findings {
		t.Errorf("also found: %s", f)
	}
}

// tamper changes the database as whoever holds the file or the server could.
func tamper(t *testing.T, db *store.DB, texts ...string) {
	t.Helper()
	storetest.Tamper(t, db, texts...)
}

// town writes a few facts, all as they should be.
func town(t *testing.T, db *store.DB) {
	t.Helper()
	event(t, db, journal.Event{}, func(tx *store.Tx) error { return tx.Insert("dossier", store.Changes{"id": "D1", "state": "new"}) })
	event(t, db, journal.Event{}, func(tx *store.Tx) error {
		must(t, tx.Insert("envelope", store.Changes{"dossier": "D1", "reader": "R1", "seal": []byte("sealed")}))
		must(t, tx.Insert("envelope", store.Changes{"dossier": "D1", "reader": "R2", "seal": []byte("sealed too")}))
		must(t, tx.Bump("dossier", "D1"))
		return tx.Set("dossier", "D1", store.Changes{"state": "called"})
	})
	event(t, db, journal.Event{}, func(tx *store.Tx) error {
		must(t, tx.Delete("envelope", store.Key{"D1", "R2"}))
		must(t, tx.Insert("hold", store.Changes{"id": "H0", "place": "P", "released_at": noon}))
		return tx.Insert("hold", store.Changes{"id": "H1", "place": "P"})
	})
}

func TestVerifyFindsWhatWasDoneBehindItsBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		want  []string
	}{
		{"nothing", nil, nil},
		{"changed row", []string{"UPDATE dossier SET state = 'won'"}, []string{"row.changed dossier D1"}},
		{"a lock is no fact", []string{"UPDATE dossier SET version = 9"}, nil},
		{"changed byte of a seal", []string{"UPDATE envelope SET reader = 'R3'"}, []string{"row.unknown envelope D1/R3", "row.removed envelope D1/R1"}},
		{"removed row", []string{"DELETE FROM envelope"}, []string{"row.removed envelope D1/R1"}},
		{"inserted row", []string{"INSERT INTO dossier (id, state) VALUES ('D2', 'new')"}, []string{"row.unknown dossier D2"}},
		{
			"row back from deletion",
			[]string{"INSERT INTO envelope (dossier, reader, seal) SELECT dossier, 'R2', seal FROM envelope"},
			[]string{"row.returned envelope D1/R2"},
		},
		{"orphan envelope", []string{"DELETE FROM dossier"}, []string{"row.removed dossier D1", "row.orphan envelope D1/R1 no such dossier"}},
		{
			"place held twice",
			[]string{"DROP INDEX hold_one", "UPDATE hold SET released_at = NULL"},
			[]string{"row.changed hold H0", "row.twice hold H0 hold_one", "row.twice hold H1 hold_one"},
		},
		{
			"event rewritten",
			[]string{"UPDATE journal_entry SET event = replace(event, 'test.done', 'test.gone'), kind = 'test.gone' WHERE idx = 0"},
			[]string{"entry.changed journal 0"},
		},
		{
			"event removed from the tree",
			[]string{"DELETE FROM journal_entry WHERE idx = 1"},
			[]string{"entry.missing journal 1", "head.wrong journal", "row.changed dossier D1", "row.unknown envelope D1/R1"},
		},
		{
			"event dropped at the end",
			[]string{"DELETE FROM journal_entry WHERE idx = 2"},
			[]string{"head.wrong journal", "row.removed envelope D1/R2", "row.unknown hold H0", "row.unknown hold H1"},
		},
		{"entry moved to another case", []string{"UPDATE journal_entry SET case_id = 'X' WHERE idx = 0"}, []string{"entry.changed journal 0 a column says"}},
		{"salt alone erased", []string{"UPDATE journal_entry SET salt = NULL WHERE idx = 0"}, []string{"entry.changed journal 0"}},
		{"stored hash changed", []string{"UPDATE journal_entry SET hashes = entry WHERE idx = 0"}, []string{"entry.hashes journal 0"}},
		{
			"register entry that is none",
			[]string{"INSERT INTO register_entry (idx, entry, hashes) SELECT 0, salt, salt FROM journal_entry WHERE idx = 0"},
			[]string{"entry.malformed register 0", "entry.hashes register 0", "head.wrong register"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, db *store.DB) {
				town(t, db)
				tamper(t, db, c.texts...)
				red(t, db, journal.VerifyOptions{}, c.want...)
			})
		})
	}
}

func TestVerifyRunsThePillarsOwnInvariants(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		town(t, db)
		opts := journal.VerifyOptions{Invariants: []journal.Invariant{
			{Name: "test.held", Table: "hold", Query: "SELECT id FROM hold WHERE released_at IS NULL"},
			{Name: "test.never", Table: "hold", Query: "SELECT id FROM hold WHERE place = 'nowhere'"},
		}}
		red(t, db, opts, "test.held hold H1")
	})
}

// Whoever rewrites facts, events, hashes and head together is consistent with themselves, and not with a checkpoint.
func TestCheckpointKeptElsewhereFindsARewrittenLog(t *testing.T) {
	s, v := signer(t, journal.Journal)
	_, stranger := signer(t, journal.Journal)
	each(t, func(t *testing.T, db *store.DB) {
		history := func(db *store.DB, state string) (checkpoint []byte) {
			event(t, db, journal.Event{}, func(tx *store.Tx) error { return tx.Insert("dossier", store.Changes{"id": "D", "state": state}) })
			event(t, db, journal.Event{}, nil)
			view(t, db, func(tx *store.Tx) {
				var err error
				checkpoint, err = journal.Checkpoint(tx, journal.Journal, s)
				must(t, err)
			})
			event(t, db, journal.Event{}, nil)
			return checkpoint
		}
		kept := history(db, "new")
		rewritten := storetest.SQLite(t, storetest.Setup{Extra: tables})
		other := history(rewritten, "won")
		opts := journal.VerifyOptions{Checkpoints: [][]byte{kept}, Verifiers: note.VerifierList(v)}
		green(t, db, opts)
		red(t, rewritten, opts, "log.rewritten journal")
		red(t, db, journal.VerifyOptions{Checkpoints: [][]byte{other}}, "log.rewritten journal")
		empty := storetest.SQLite(t, storetest.Setup{Extra: tables})
		red(t, empty, opts, "log.shorter journal")
		red(t, db, journal.VerifyOptions{Checkpoints: [][]byte{kept}, Verifiers: note.VerifierList(stranger)}, "checkpoint.wrong")
		red(t, db, journal.VerifyOptions{Checkpoints: [][]byte{[]byte("garbage")}}, "checkpoint.wrong")
	})
}
