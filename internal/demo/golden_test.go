package demo

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// The directory golden holds what earlier versions left behind: for each, an archive named by its last migration, with a
// data directory (data), a backup of it (backup) and who can open what (golden.json). No archive is ever made again;
// `make golden` adds that of the schema of the day.
const goldenDir = "testdata/golden"

var makeGolden = flag.Bool("golden", false, "make the archive of this schema in "+goldenDir)

// A golden is what an archive says of itself.
type golden struct {
	Day   time.Time        `json:"day"`
	Agent ailleurs.AgentID `json:"agent"` // Lyon's lead
	Paper string           `json:"paper"` // their code
	Case  ailleurs.CaseID  `json:"case"`  // one that they handle
}

// Whatever an earlier version wrote, this one opens, migrates, verifies against the checkpoint of that day, restores from its
// backup on either engine, and unseals with the paper code of that day.
func TestWhatEarlierVersionsWroteStillOpens(t *testing.T) {
	if *makeGolden {
		makeArchive(t)
	}
	archives, err := filepath.Glob(filepath.Join(goldenDir, "*.tar.gz"))
	if err != nil || len(archives) == 0 {
		t.Fatal("no archive", err)
	}
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, archive, dir)
			var g golden
			b, err := os.ReadFile(filepath.Join(dir, "golden.json"))
			if err == nil {
				err = json.Unmarshal(b, &g)
			}
			if err != nil {
				t.Fatal(err)
			}
			verify := verifier(t, dir)
			storetest.EachEmpty(t, storetest.Setup{Options: store.Options{Demo: true}}, func(t *testing.T, dsn string, opts store.Options) {
				if err := store.Restore(t.Context(), filepath.Join(dir, "backup"), dsn, opts, verify); err != nil {
					t.Errorf("the backup: %v", err)
				}
			})
			h, err := hub.Open(t.Context(), hub.Config{
				Data: filepath.Join(dir, "data"), Origin: "http://localhost:8080", Demo: true, Now: func() time.Time { return g.Day },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}()
			if err := verify(t.Context(), h.DB); err != nil {
				t.Errorf("the data: %v", err)
			}
			g.unseal(t, h)
		})
	}
}

// verifier holds a database against the checkpoints of the archive.
func verifier(t *testing.T, dir string) func(context.Context, *store.DB) error {
	t.Helper()
	opts := journal.VerifyOptions{Invariants: relocation.Invariants}
	for _, log := range journal.Logs {
		note, err := os.ReadFile(filepath.Join(dir, "backup", string(log)+".checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		opts.Checkpoints = append(opts.Checkpoints, note)
	}
	return func(ctx context.Context, db *store.DB) error {
		report, err := journal.Verify(ctx, db, opts)
		for _, f := range report.Findings {
			err = errors.Join(err, fmt.Errorf("%s in %s %s: %s", f.Name, f.Table, f.Key, f.Detail))
		}
		if report.Rows < 300 {
			err = errors.Join(err, fmt.Errorf("%d rows were held against their events", report.Rows))
		}
		return err
	}
}

// unseal opens the person's keys with their paper code, and with these the case.
func (g golden) unseal(t *testing.T, h *hub.Hub) {
	t.Helper()
	ctx := t.Context()
	code, err := vault.PaperUnlocker(g.Paper)
	if err != nil {
		t.Fatal(err)
	}
	var p Person
	err = h.DB.View(ctx, func(tx *store.Tx) error {
		file, err := store.One[[]byte](tx, `SELECT t.file FROM trousseau t JOIN unlocker u ON u.id = t.unlocker_id
			WHERE u.agent_id = $1 AND u.lock = $2`, g.Agent, code.Lock().Text())
		if err != nil {
			return err
		}
		p.Member, err = store.One[ailleurs.MemberID](tx, "SELECT member_id FROM agent WHERE id = $1", g.Agent)
		p.Agent = g.Agent
		if err == nil {
			p.keys, err = vault.OpenTrousseau(file, code)
		}
		return err
	})
	if err != nil {
		t.Fatalf("the keys of that day: %v", err)
	}
	if err := learn(ctx, h, []*Person{&p}); err != nil {
		t.Fatalf("the register of that day: %v", err)
	}
	s := &story{h: h, id: g.Case}
	c, err := s.as(ctx, &p, g.Day)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := p.Desk(h).OpenDossier(c, g.Day)
	if err != nil {
		t.Fatalf("a case of that day: %v", err)
	}
	for _, compartment := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Person} {
		if len(opened.Sheets[string(compartment)]) == 0 {
			t.Errorf("%s opens to nothing: %v", compartment, opened.Sheets)
		}
	}
}

// makeArchive writes the archive of this schema, unless there is one.
func makeArchive(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	steps, err := fs.Glob(store.Migrations, "*.sql")
	if err != nil || len(steps) == 0 {
		t.Fatal("no migrations", err)
	}
	name := filepath.Join(goldenDir, steps[len(steps)-1][:4]+".tar.gz")
	if _, err := os.Stat(name); err == nil {
		t.Logf("%s is there, and stays", name)
		return
	}
	top := t.TempDir()
	cfg := hub.Config{Data: filepath.Join(top, "data"), Origin: "http://localhost:8080", Demo: true, Now: func() time.Time { return day }}
	if err := hub.NewLogs(cfg, "golden"); err != nil {
		t.Fatal(err)
	}
	h, err := hub.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	w, err := BuildWorld(ctx, h, Size{Towns: 12, Cases: 5}, day)
	if err != nil {
		t.Fatal(err)
	}
	g := golden{Day: day, Agent: w.Personas[0].Agent, Paper: w.Personas[0].Paper}
	err = h.DB.Backup(ctx, filepath.Join(top, "backup"), func(tx *store.Tx) (map[string][]byte, error) {
		register, err := journal.Checkpoint(tx, journal.Register, h.Logs.Register.Signer)
		if err != nil {
			return nil, err
		}
		entries, err := journal.Checkpoint(tx, journal.Journal, h.Logs.Journal.Signer)
		if err != nil {
			return nil, err
		}
		g.Case, err = store.One[ailleurs.CaseID](tx, "SELECT id FROM dossier WHERE lead_id = $1 AND state NOT IN ('closed', 'withdrawn', 'diverted', 'expired') ORDER BY id", g.Agent)
		return map[string][]byte{"register.checkpoint": register, "journal.checkpoint": entries}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(top, "golden.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(goldenDir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewWriter(z)
	if err := errors.Join(files.AddFS(os.DirFS(top)), files.Close(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// unpack writes the files of an archive below dir.
func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(z); ; {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, filepath.FromSlash(head.Name))
		if head.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(name, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
