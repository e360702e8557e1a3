package store_test

import (
	"fmt"
	"sync"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// From closed to the first answer, on the embedded schema.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		db, err := store.Open(b.Context(), dir, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.View(b.Context(), func(tx *store.Tx) error { _, err := tx.Query("SELECT value FROM meta"); return err }); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchPlaces(b *testing.B, fn func(b *testing.B, db *store.DB)) {
	setup := storetest.Setup{Extra: places, Durable: true}
	b.Run("SQLite", func(b *testing.B) { fn(b, storetest.SQLite(b, setup)) })
	b.Run("PostgreSQL", func(b *testing.B) { fn(b, storetest.PostgreSQL(b, setup)) })
}

// One indexed row out of 10,000.
func BenchmarkView(b *testing.B) {
	benchPlaces(b, func(b *testing.B, db *store.DB) {
		if err := update(b.Context(), db, func(tx *store.Tx) error {
			for i := range 10_000 {
				if err := tx.Insert("place", place{ID: ailleurs.PlaceID(fmt.Sprint(i)), Town: fmt.Sprint(i), At: noon}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for i := 0; b.Loop(); i++ {
			err := db.View(b.Context(), func(tx *store.Tx) error {
				_, err := store.One[place](tx, "SELECT id, town, beds, seal, at FROM place WHERE id = $1", fmt.Sprint(i%10_000))
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Durable units of one row, by 16 callers.
func BenchmarkUpdateBy16(b *testing.B) {
	benchPlaces(b, func(b *testing.B, db *store.DB) {
		insert := func() {
			id := ailleurs.NewID[ailleurs.PlaceID]()
			if err := update(b.Context(), db, func(tx *store.Tx) error { return tx.Insert("place", place{ID: id, Town: string(id)}) }); err != nil {
				b.Error(err)
			}
		}
		var wg sync.WaitGroup
		for range 64 { // every connection is open
			wg.Go(insert)
		}
		wg.Wait()
		b.SetParallelism(8) // × 2 processors
		b.ResetTimer()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				insert()
			}
		})
	})
}
