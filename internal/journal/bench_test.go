package journal_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

func benchEach(b *testing.B, fn func(b *testing.B, db *store.DB)) {
	setup := storetest.Setup{Extra: tables, Durable: true}
	b.Run("SQLite", func(b *testing.B) { fn(b, storetest.SQLite(b, setup)) })
	b.Run("PostgreSQL", func(b *testing.B) { fn(b, storetest.PostgreSQL(b, setup)) })
}

// processor measures user and system time of this process from here to the end of the benchmark, per operation: it
// stays true on a busy machine. PostgreSQL's own is not in it.
func processor(b *testing.B) {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	b.Cleanup(func() { b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N), "cpu-µs/op") })
	b.ResetTimer()
}

// One durable unit that only says that something was read, by 16 callers: the price of a journalled read.
func BenchmarkReadEventBy16(b *testing.B) {
	benchEach(b, func(b *testing.B, db *store.DB) {
		actor, id := ailleurs.NewID[ailleurs.AgentID](), ailleurs.NewID[ailleurs.CaseID]()
		b.SetParallelism(8) // × 2 processors
		processor(b)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				err := db.Update(b.Context(), func(tx *store.Tx) error {
					_, err := journal.Append(tx, journal.Event{Kind: "envelope.read", At: noon, Actor: actor, Case: id})
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// The same unit with and without its event: what the journal adds to a submission of twenty rows.
func BenchmarkSubmitBy16(b *testing.B) {
	for _, journalled := range []bool{false, true} {
		b.Run(fmt.Sprintf("journalled=%v", journalled), func(b *testing.B) {
			benchEach(b, func(b *testing.B, db *store.DB) {
				seal := make([]byte, 2700)
				b.SetParallelism(8)
				processor(b)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						id := string(ailleurs.NewID[ailleurs.CaseID]())
						err := db.Update(b.Context(), func(tx *store.Tx) error {
							if err := tx.Insert("dossier", store.Changes{"id": id, "state": "new"}); err != nil {
								return err
							}
							for i := range 18 {
								if err := tx.Insert("envelope", store.Changes{"dossier": id, "reader": fmt.Sprint(i), "seal": seal}); err != nil {
									return err
								}
							}
							if !journalled {
								tx.Journalled()
								return nil
							}
							_, err := journal.Append(tx, journal.Event{Kind: "call.submitted", At: noon, Case: ailleurs.CaseID(id)})
							return err
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
			})
		})
	}
}

func BenchmarkProve(b *testing.B) {
	benchEach(b, func(b *testing.B, db *store.DB) {
		const n = 20000
		for range n / 1000 {
			must(b, db.Update(b.Context(), func(tx *store.Tx) error {
				for range 1000 {
					if _, err := journal.Append(tx, journal.Event{Kind: "test.done", At: noon}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		processor(b)
		for i := 0; b.Loop(); i++ {
			must(b, db.View(b.Context(), func(tx *store.Tx) error {
				_, err := journal.ProveRecord(tx, journal.Journal, int64(i*7919%n), n)
				return err
			}))
		}
	})
}

// 100,000 events that wrote a row each, read and checked.
func BenchmarkVerify(b *testing.B) {
	db := storetest.SQLite(b, storetest.Setup{Extra: tables})
	for range 100 {
		must(b, db.Update(b.Context(), func(tx *store.Tx) error {
			for range 1000 {
				id := ailleurs.NewID[ailleurs.CaseID]()
				if err := tx.Insert("dossier", store.Changes{"id": string(id), "state": "new"}); err != nil {
					return err
				}
				if _, err := journal.Append(tx, journal.Event{Kind: "case.opened", At: noon, Case: id}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	processor(b)
	for b.Loop() {
		r, err := journal.Verify(b.Context(), db, journal.VerifyOptions{})
		if err != nil || !r.Green() {
			b.Fatal(r.Findings, err)
		}
	}
}
