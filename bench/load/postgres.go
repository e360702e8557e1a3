package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// hubOnPostgreSQL is the hub on a PostgreSQL server of its own, whose processes count as the hub's.
func hubOnPostgreSQL(s size) (target, func(), error) {
	server, err := storetest.StartServer(true)
	if err != nil {
		return target{}, nil, err
	}
	dsn, err := server.Create("bench")
	if err != nil {
		return target{}, nil, err
	}
	t := hubTarget("hub on PostgreSQL", s, func(dir string) (data, keys string) { return dsn, filepath.Join(dir, "keys") })
	t.others = server.Processes
	return t, func() { _ = server.Stop() }, nil
}

// rates are acknowledged writes a second with a synchronous standby: bare rows, and the hub's journalled units.
type rates struct{ bare, units float64 }

// withStandby compares, at four writers, what a row costs with what a unit of the hub costs that says in the journal that
// something was read, when a second server has to have it on disk before either is acknowledged.
func withStandby(ctx context.Context, d time.Duration) (rates, error) {
	var r rates
	primary, err := storetest.StartServer(true)
	if err != nil {
		return r, err
	}
	defer primary.Stop()
	standby, err := primary.Standby()
	if err != nil {
		return r, err
	}
	defer standby.Stop()
	dsn, err := primary.Create("bench")
	if err != nil {
		return r, err
	}
	db, err := store.Open(ctx, dsn, store.Options{})
	if err != nil {
		return r, err
	}
	defer db.Close()
	rows := primary.Admin()
	if _, err := rows.ExecContext(ctx, "CREATE TABLE bench_row (id text PRIMARY KEY, body bytea NOT NULL)"); err != nil {
		return r, err
	}
	r.bare, err = fourWriters(d, func() error {
		_, err := rows.ExecContext(ctx, "INSERT INTO bench_row VALUES ($1, $2)", string(ailleurs.NewID[ailleurs.CaseID]()), ciphertext[:256])
		return err
	})
	if err != nil {
		return r, err
	}
	actor := ailleurs.NewID[ailleurs.AgentID]()
	r.units, err = fourWriters(d, func() error {
		return db.Update(ctx, func(tx *store.Tx) error {
			_, err := journal.Append(tx, journal.Event{Kind: "case.read", At: time.Now(), Actor: actor, Case: ailleurs.NewID[ailleurs.CaseID]()})
			return err
		})
	})
	if err != nil {
		return r, fmt.Errorf("standby: %w", err)
	}
	return r, nil
}

// fourWriters returns how often four goroutines did it in a second.
func fourWriters(d time.Duration, do func() error) (float64, error) {
	var (
		done  atomic.Int64
		all   sync.WaitGroup
		mu    sync.Mutex
		fault error
	)
	began := time.Now()
	for range 4 {
		all.Go(func() {
			for time.Since(began) < d {
				if err := do(); err != nil {
					mu.Lock()
					fault = err
					mu.Unlock()
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), fault
}
