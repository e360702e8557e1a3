package journal_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// tables are a dossier with its envelopes, and places that one dossier at a time holds.
const tables = `
-- journalled
CREATE TABLE dossier (
    id      TEXT    NOT NULL PRIMARY KEY,
    state   TEXT    NOT NULL,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;
-- journalled
CREATE TABLE envelope (
    dossier TEXT    NOT NULL REFERENCES dossier (id),
    reader  TEXT    NOT NULL,
    seal    BLOB    NOT NULL,
    PRIMARY KEY (dossier, reader)
) STRICT;
-- journalled
CREATE TABLE hold (
    id          TEXT NOT NULL PRIMARY KEY,
    place       TEXT NOT NULL,
    released_at TEXT
) STRICT;
CREATE UNIQUE INDEX hold_one ON hold (place) WHERE released_at IS NULL;
`

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.EachWith(t, storetest.Setup{Extra: tables}, fn)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// event runs a unit with its event.
func event(t testing.TB, db *store.DB, e journal.Event, fn func(tx *store.Tx) error) (index int64) {
	t.Helper()
	if e.Kind == "" {
		e.Kind = "test.done"
	}
	if e.At.IsZero() {
		e.At = noon
	}
	must(t, db.Update(context.Background(), func(tx *store.Tx) (err error) {
		if fn != nil {
			if err := fn(tx); err != nil {
				return err
			}
		}
		index, err = journal.Append(tx, e)
		return err
	}))
	return index
}

func view(t testing.TB, db *store.DB, fn func(tx *store.Tx)) {
	t.Helper()
	must(t, db.View(context.Background(), func(tx *store.Tx) error { fn(tx); return nil }))
}

func signer(t testing.TB, log journal.Log) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, journal.Origin("hub.example", log))
	must(t, err)
	s, err := note.NewSigner(skey)
	must(t, err)
	v, err := note.NewVerifier(vkey)
	must(t, err)
	return s, v
}

func TestEveryEntryIsProvedInEveryTree(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const n = 70
		var heads []journal.Head
		for i := range n {
			if got := event(t, db, journal.Event{Detail: map[string]int{"i": i}}, nil); got != int64(i) {
				t.Fatalf("index %d, want %d", got, i)
			}
			view(t, db, func(tx *store.Tx) {
				h, err := journal.HeadOf(tx, journal.Journal)
				must(t, err)
				heads = append(heads, h)
			})
		}
		view(t, db, func(tx *store.Tx) {
			for size := int64(1); size <= n; size += 3 {
				root := heads[size-1].Root
				at, err := journal.RootAt(tx, journal.Journal, size)
				if err != nil || at != root {
					t.Fatalf("root at %d: %v, %v", size, at, err)
				}
				for index := range size {
					r, err := journal.RecordAt(tx, index)
					must(t, err)
					p, err := journal.ProveRecord(tx, journal.Journal, index, size)
					must(t, err)
					must(t, tlog.CheckRecord(p, size, root, index, tlog.RecordHash(r.Entry)))
				}
				for from := int64(1); from <= size; from += 5 {
					p, err := journal.ProveTree(tx, journal.Journal, from, size)
					must(t, err)
					must(t, tlog.CheckTree(p, size, root, from, heads[from-1].Root))
				}
			}
			for _, bad := range [][2]int64{{5, 5}, {-1, 5}, {0, n + 1}, {3, -1}} {
				if _, err := journal.ProveRecord(tx, journal.Journal, bad[0], bad[1]); ailleurs.AsRefusal(err) == nil {
					t.Errorf("ProveRecord(%d, %d) = %v", bad[0], bad[1], err)
				}
			}
		})
	})
}

func TestConcurrentEventsTakeOneIndexEach(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const n = 200
		var mu sync.Mutex
		seen := make(map[int64]bool)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				index := event(t, db, journal.Event{}, func(tx *store.Tx) error {
					return tx.Insert("dossier", store.Changes{"id": fmt.Sprint(i), "state": "new"})
				})
				mu.Lock()
				defer mu.Unlock()
				seen[index] = true
			})
		}
		wg.Wait()
		if len(seen) != n {
			t.Errorf("%d indexes for %d events", len(seen), n)
		}
		green(t, db, journal.VerifyOptions{})
	})
}

// A unit that fails after its event leaves no gap.
func TestFailedUnitLeavesNoEntry(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		event(t, db, journal.Event{}, nil)
		sorry := errors.New("sorry")
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := journal.Append(tx, journal.Event{Kind: "test.failed", At: noon})
			must(t, err)
			return sorry
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		if got := event(t, db, journal.Event{}, nil); got != 1 {
			t.Errorf("index %d, want 1", got)
		}
		green(t, db, journal.VerifyOptions{})
	})
}

// Units that share a COMMIT share the head of the log: one that fails after its event takes the event back.
func TestUnitsThatFailAmongOthersLeaveNoEntry(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const n = 150
		sorry := errors.New("sorry")
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					_, err := journal.Append(tx, journal.Event{Kind: "test.done", At: noon})
					if err == nil && i%3 == 0 {
						return sorry
					}
					return err
				})
				if (i%3 == 0) != errors.Is(err, sorry) || i%3 != 0 && err != nil {
					t.Errorf("unit %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if r := green(t, db, journal.VerifyOptions{}); r.Heads[journal.Journal].Size != n-n/3 {
			t.Errorf("%d entries, want %d", r.Heads[journal.Journal].Size, n-n/3)
		}
	})
}

func TestTimeNeverRunsBackwards(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		event(t, db, journal.Event{}, nil)
		i := event(t, db, journal.Event{At: noon.Add(-time.Hour)}, nil)
		event(t, db, journal.Event{At: noon.Add(time.Second)}, nil)
		view(t, db, func(tx *store.Tx) {
			r, err := journal.RecordAt(tx, i)
			must(t, err)
			if !r.At.Equal(noon) || !strings.Contains(r.Text, `"clock":"2026-11-23T11:00:00.000000Z"`) {
				t.Errorf("entry at %v: %s", r.At, r.Text)
			}
		})
		green(t, db, journal.VerifyOptions{})
	})
}

func TestCheckpointIsASignedNoteThatProofsHangOn(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		s, v := signer(t, journal.Journal)
		for range 300 {
			event(t, db, journal.Event{}, nil)
		}
		view(t, db, func(tx *store.Tx) {
			signed, err := journal.Checkpoint(tx, journal.Journal, s)
			must(t, err)
			policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(s.Name()), torchwood.SingleVerifierPolicy(v))
			c, _, err := torchwood.VerifyCheckpoint(signed, policy)
			must(t, err)
			if c.Origin != "hub.example/journal" || c.N != 300 {
				t.Errorf("checkpoint %+v", c)
			}
			r, err := journal.RecordAt(tx, 123)
			must(t, err)
			p, err := journal.Proof(tx, journal.Journal, 123, s)
			must(t, err)
			must(t, torchwood.VerifyProof(policy, tlog.RecordHash(r.Entry), p))
			if torchwood.VerifyProof(policy, tlog.RecordHash([]byte("another")), p) == nil {
				t.Error("the proof proves anything")
			}
		})
	})
}

// tiles reads a log as a witness or monitor does: through the layout alone.
type tiles struct {
	t   *testing.T
	tx  *store.Tx
	log journal.Log
}

func (r tiles) ReadTiles(_ context.Context, want []tlog.Tile) (out [][]byte, err error) {
	for _, tile := range want {
		b, full, err := journal.Tile(r.tx, r.log, torchwood.TilePath(tile))
		if err != nil {
			return nil, err
		}
		if full != (tile.W == torchwood.TileWidth) {
			r.t.Errorf("%s: full = %v", torchwood.TilePath(tile), full)
		}
		out = append(out, b)
	}
	return out, nil
}
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (tiles) ReadEndpoint(context.Context, string) ([]byte, error) {
	return nil, errors.New("no endpoints here")
}

func TestStockClientReadsEveryEntryFromTiles(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const n = 600
		must(t, db.Update(t.Context(), func(tx *store.Tx) error {
			for range n {
				if _, err := journal.Append(tx, journal.Event{Kind: "test.done", At: noon}); err != nil {
					return err
				}
			}
			return nil
		}))
		view(t, db, func(tx *store.Tx) {
			h, err := journal.HeadOf(tx, journal.Journal)
			must(t, err)
			client, err := torchwood.NewClient(tiles{t, tx, journal.Journal})
			must(t, err)
			seen := 0
			for i, entry := range client.AllEntries(t.Context(), tlog.Tree{N: h.Size, Hash: h.Root}, 0) {
				r, err := journal.RecordAt(tx, i)
				must(t, err)
				if d := cmp.Diff(r.Entry, entry); d != "" {
					t.Fatal(d)
				}
				seen++
			}
			must(t, client.Err())
			if seen != n {
				t.Errorf("%d entries, want %d", seen, n)
			}
			for _, path := range []string{
				"tile/0/003", "tile/0/002.p/89", "tile/0/002.p/0", "tile/1/000", "tile/1/000.p/3", "tile/9/000.p/1", "tile/entries/003",
				"tile/63/000.p/1", "tile/0/x123/456", "tile/0/x001/000.p/1", "tile/8/0/000", "tile/-1/000", "/tile/0/000", "tile/0/0", "",
			} {
				if _, _, err := journal.Tile(tx, journal.Journal, path); ailleurs.AsRefusal(err) == nil {
					t.Errorf("tile %q: %v", path, err)
				}
			}
			for _, path := range []string{"tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88", "tile/entries/000"} {
				if _, _, err := journal.Tile(tx, journal.Journal, path); err != nil {
					t.Errorf("tile %q: %v", path, err)
				}
			}
		})
	})
}

func TestErasedEventIsNoiseAndTheTreeStands(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		id := ailleurs.NewID[ailleurs.CaseID]()
		event(t, db, journal.Event{Case: id}, func(tx *store.Tx) error {
			return errors.Join(tx.Insert("dossier", store.Changes{"id": string(id), "state": "new"}),
				tx.Insert("dossier", store.Changes{"id": "outlives/it", "state": "new"}))
		})
		event(t, db, journal.Event{Case: id, Actor: ailleurs.NewID[ailleurs.AgentID]()}, nil)
		var before journal.Head
		view(t, db, func(tx *store.Tx) { before, _ = journal.HeadOf(tx, journal.Journal) })
		event(t, db, journal.Event{Kind: "case.erased"}, func(tx *store.Tx) error {
			if err := tx.Delete("dossier", string(id)); err != nil {
				return err
			}
			n, err := journal.Erase(tx, id)
			if n != 2 {
				t.Errorf("%d events erased, want 2", n)
			}
			return err
		})
		report := green(t, db, journal.VerifyOptions{})
		if report.Erased != 2 {
			t.Errorf("report says %d erased", report.Erased)
		}
		view(t, db, func(tx *store.Tx) {
			root, err := journal.RootAt(tx, journal.Journal, 2)
			if err != nil || root != before.Root {
				t.Errorf("the tree moved: %v", err)
			}
			r, err := journal.RecordAt(tx, 0)
			if err != nil || !r.Erased() || r.Text != "" {
				t.Errorf("record %+v, %v", r, err)
			}
			events, err := journal.Events(tx, journal.Filter{Case: id})
			if err != nil || len(events) != 0 {
				t.Errorf("%d events of the case are left, %v", len(events), err)
			}
		})
	})
}

// Erasing a case must not launder a row that somebody changed.
func TestErasureDoesNotCoverAChange(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		id := ailleurs.NewID[ailleurs.CaseID]()
		event(t, db, journal.Event{Case: id}, func(tx *store.Tx) error {
			return tx.Insert("dossier", store.Changes{"id": "survivor", "state": "new"})
		})
		tamper(t, db, "UPDATE dossier SET state = 'won'")
		event(t, db, journal.Event{Kind: "case.erased"}, func(tx *store.Tx) error { _, err := journal.Erase(tx, id); return err })
		red(t, db, journal.VerifyOptions{}, "row.unknown dossier survivor")
	})
}

func TestEventsAreListedByCaseMemberAndActor(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		id, member, actor := ailleurs.NewID[ailleurs.CaseID](), ailleurs.NewID[ailleurs.MemberID](), ailleurs.NewID[ailleurs.AgentID]()
		for i := range 10 {
			e := journal.Event{Detail: map[string]int{"i": i}}
			if i%2 == 0 {
				e.Case = id
			}
			if i%3 == 0 {
				e.Actor, e.Member = actor, member
			}
			event(t, db, e, nil)
		}
		indexes := func(f journal.Filter) (out []int64) {
			view(t, db, func(tx *store.Tx) {
				all, err := journal.Events(tx, f)
				must(t, err)
				for _, r := range all {
					out = append(out, r.Index)
				}
			})
			return out
		}
		for _, c := range []struct {
			f    journal.Filter
			want []int64
		}{
			{journal.Filter{Case: id}, []int64{8, 6, 4, 2, 0}},
			{journal.Filter{Case: id, Before: 6, Limit: 2}, []int64{4, 2}},
			{journal.Filter{Actor: actor}, []int64{9, 6, 3, 0}},
			{journal.Filter{Member: member, Case: id}, []int64{6, 0}},
			{journal.Filter{Limit: 1}, []int64{9}},
		} {
			if d := cmp.Diff(c.want, indexes(c.f)); d != "" {
				t.Errorf("%+v: %s", c.f, d)
			}
		}
	})
}

func TestRegisterHoldsRecordsAsTheyAre(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		record := ailleurs.RegisterRecord{Entry: ailleurs.RegisterEntry{
			Kind: ailleurs.RegisterAccession, At: noon, Member: ailleurs.NewID[ailleurs.MemberID](), Code: "69123",
		}}
		must(t, db.Update(t.Context(), func(tx *store.Tx) error {
			for i := range 3 {
				index, err := journal.AppendRegister(tx, record)
				if err != nil || index != int64(i) {
					t.Errorf("index %d, %v", index, err)
				}
			}
			return nil
		}))
		view(t, db, func(tx *store.Tx) {
			all, err := journal.RegisterRecords(tx, 1, 10)
			if err != nil || len(all) != 2 || string(all[0]) != string(record.Format()) {
				t.Errorf("%q, %v", all, err)
			}
			h, err := journal.HeadOf(tx, journal.Register)
			must(t, err)
			p, err := journal.ProveRecord(tx, journal.Register, 2, 3)
			must(t, err)
			must(t, tlog.CheckRecord(p, 3, h.Root, 2, tlog.RecordHash(all[1])))
		})
		bad := record
		bad.Entry.Code = "Lyon"
		err := db.Update(t.Context(), func(tx *store.Tx) error { _, err := journal.AppendRegister(tx, bad); return err })
		if ailleurs.AsRefusal(err) == nil {
			t.Errorf("a record with a name: %v", err)
		}
		green(t, db, journal.VerifyOptions{})
	})
}
