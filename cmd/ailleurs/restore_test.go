package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Whoever restores yesterday's backup is told which cases were erased since: what was sealed in them has come back.
func TestWhatWasErasedSinceTheBackupIsSaid(t *testing.T) {
	holding := func(envelopes map[string]bool) *store.DB {
		dir := t.TempDir()
		db, err := store.Open(t.Context(), dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		raw, err := sql.Open("sqlite", filepath.Join(dir, "ailleurs.db"))
		if err != nil {
			t.Fatal(err)
		}
		for id, destroyed := range envelopes {
			data, at := any([]byte("sealed")), any(nil)
			if destroyed {
				data, at = nil, "2026-11-23T12:00:00.000000Z"
			}
			_, err := raw.Exec(`INSERT INTO envelope (id, case_id, compartment, thread_id, epoch, for_id, key_epoch, part, member_id,
				call_id, ring, by_id, at, expires_at, format, data, destroyed_at)
				VALUES (?, ?, 'need', '', 1, 'A', 1, 'origin_lead', 'M', '', 0, 'A', '', '', 1, ?, ?)`, id, "CASE"+id[:1], data, at)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = store.Open(t.Context(), dir, store.Options{Inspect: true}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return db
	}
	since := holding(map[string]bool{"1a": true, "1b": true, "2a": false, "3a": true, "4a": false})
	restored := holding(map[string]bool{"1a": false, "1b": false, "2a": false, "3a": true})

	var out strings.Builder
	w := world{Context: context.Background(), out: &out, err: &out, language: english}
	if err := sayErased(w, since, restored); err != nil {
		t.Fatal(err)
	}
	want := "case CASE1: 2 sealed contents or envelopes, erased since the backup, have come back. Erase them again.\n"
	if out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}
