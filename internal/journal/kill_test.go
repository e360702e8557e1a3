package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// TestMain is also the hub that is killed: with an address in its environment, the test program writes until it dies.
func TestMain(m *testing.M) {
	if dsn := os.Getenv("AILLEURS_TEST_HUB"); dsn != "" {
		if err := hub(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// hub writes dossiers with two envelopes each, from 16 callers, and says each one's name once it is acknowledged.
func hub(dsn string) error {
	db, err := store.Open(context.Background(), dsn, store.Options{Migrations: storetest.Foundation(tables)})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for range 16 {
		wg.Go(func() {
			for failed.Load() == nil {
				id := ailleurs.NewID[ailleurs.CaseID]()
				if err := write(db, id); err != nil {
					failed.Store(&err)
					return
				}
				_, _ = os.Stdout.WriteString(string(id) + "\n")
			}
		})
	}
	wg.Wait()
	return *failed.Load()
}

// write is one unit of three rows and two events.
func write(db *store.DB, id ailleurs.CaseID) error {
	return db.Update(context.Background(), func(tx *store.Tx) error {
		for _, step := range []func() error{
			func() error { return tx.Insert("dossier", store.Changes{"id": string(id), "state": "new"}) },
			func() error {
				_, err := journal.Append(tx, journal.Event{Kind: "case.opened", At: noon, Case: id})
				return err
			},
			func() error {
				return tx.Insert("envelope", store.Changes{"dossier": string(id), "reader": "1", "seal": []byte("x")})
			},
			func() error {
				return tx.Insert("envelope", store.Changes{"dossier": string(id), "reader": "2", "seal": []byte("y")})
			},
			func() error {
				_, err := journal.Append(tx, journal.Event{Kind: "case.called", At: noon, Case: id})
				return err
			},
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// survived wants every acknowledged dossier to be there, whole, and nothing that verify objects to.
func survived(t *testing.T, db *store.DB, acknowledged []string) {
	t.Helper()
	view(t, db, func(tx *store.Tx) {
		there, err := store.All[string](tx, `SELECT d.id FROM dossier d WHERE (SELECT count(*) FROM envelope e WHERE e.dossier = d.id) = 2`)
		must(t, err)
		all, err := store.One[int](tx, "SELECT count(*) FROM dossier")
		must(t, err)
		if len(there) != all {
			t.Errorf("%d dossiers of %d are whole", len(there), all)
		}
		have := make(map[string]bool)
		for _, id := range there {
			have[id] = true
		}
		lost := 0
		for _, id := range acknowledged {
			if !have[id] {
				lost++
			}
		}
		if lost > 0 {
			t.Errorf("%d of %d acknowledged dossiers are lost", lost, len(acknowledged))
		}
	})
	green(t, db, journal.VerifyOptions{})
}

func TestKilledHubLosesNothingAcknowledged(t *testing.T) {
	storetest.EachDSN(t, storetest.Setup{Extra: tables, Durable: true}, func(t *testing.T, dsn string, opts store.Options) {
		self, err := os.Executable()
		must(t, err)
		var acknowledged []string
		for round := range 3 {
			cmd := exec.Command(self) //nolint:gosec // this program
			cmd.Env = append(os.Environ(), "AILLEURS_TEST_HUB="+dsn)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			lines := bufio.NewReader(out)
			for n := 0; ; n++ {
				line, err := lines.ReadString('\n')
				if n == 100+67*round {
					must(t, cmd.Process.Kill())
				}
				if err != nil {
					if !errors.Is(err, io.EOF) {
						t.Error(err)
					}
					break
				}
				acknowledged = append(acknowledged, line[:len(line)-1])
			}
			_ = cmd.Wait()
			db := storetest.Open(t, dsn, opts)
			survived(t, db, acknowledged)
		}
		if len(acknowledged) < 450 {
			t.Errorf("only %d dossiers were acknowledged", len(acknowledged))
		}
	})
}

func TestKilledServerLosesNothingAcknowledged(t *testing.T) {
	s, err := storetest.StartServer(true)
	if storetest.Missing(t, err) {
		return
	}
	defer func() { must(t, s.Stop()) }()
	db := storetest.Open(t, s.Empty(t), store.Options{Migrations: storetest.Foundation(tables)})
	var mu sync.Mutex
	var acknowledged []string
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for !stop.Load() {
				id := ailleurs.NewID[ailleurs.CaseID]()
				if err := write(db, id); err != nil {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				mu.Lock()
				acknowledged = append(acknowledged, string(id))
				mu.Unlock()
			}
		})
	}
	have := func(n int) {
		for {
			mu.Lock()
			enough := len(acknowledged) >= n
			mu.Unlock()
			if enough {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	for round := range 3 {
		have(150 * (round + 1))
		must(t, s.Crash())
	}
	have(500)
	stop.Store(true)
	wg.Wait()
	survived(t, db, acknowledged)
}
