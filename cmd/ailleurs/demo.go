package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/mail"
	"codeberg.org/ailleurs/ailleurs/internal/web"
)

type demoCommand struct {
	Addr  string `default:"127.0.0.1:8080" help:"Loopback address to listen on."`
	Data  string `default:"demo-data" placeholder:"DIR" help:"Directory of the demonstration; made when it is not there."`
	Towns int    `hidden:"" help:"How many towns to make."`
	Cases int    `hidden:"" help:"How many cases to make."`
}

// personasFile holds, beside the database, the codes of the people whom a visitor may be. They open keys that protect
// nobody: everyone in a demonstration is fictitious.
const personasFile = "personas.json"

// Run makes a fictitious alliance on first use and serves it on this machine alone.
func (c demoCommand) Run(w world) error {
	l, err := loopback(c.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // Serve has closed it by then
	cfg := hub.Config{
		Data: c.Data, Origin: fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), Demo: true, Now: w.now,
		Log: slog.New(slog.NewTextHandler(w.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	people, err := c.people(w, cfg)
	if err != nil {
		return err
	}
	for _, p := range people {
		cfg.Personas = append(cfg.Personas, web.Persona{Key: p.Key, Name: p.Name, Town: p.Town, Paper: p.Paper})
	}
	cfg.Post = mail.Spool{Dir: filepath.Join(c.Data, "mail")} // what would have been sent, one file a message
	h, err := hub.Open(w, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s\n\n  %s/demo\n\n", w.language.say("demo.ready"), cfg.Origin)
	return errors.Join(h.Serve(w, l), h.Close())
}

// loopback listens on a loopback address and refuses any other: a demonstration has no secrets and no doors.
func loopback(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, ailleurs.Refuse("demo.bad_address", "addr", "got", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, ailleurs.Refuse("demo.not_loopback", "addr", "got", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, ailleurs.Refuse("demo.address_taken", "addr", "got", addr)
	}
	return l, nil
}

// people reads the personas of the demonstration, making it first when there is none. It is made beside and moved into
// place whole, so that one that was interrupted leaves nothing half-made behind.
func (c demoCommand) people(w world, cfg hub.Config) ([]demo.Persona, error) {
	b, err := os.ReadFile(filepath.Join(c.Data, personasFile))
	if err == nil {
		var people []demo.Persona
		if err := json.Unmarshal(b, &people); err != nil {
			return nil, ailleurs.Refuse("demo.personas_unreadable", "data", "file", personasFile)
		}
		return people, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if entries, err := os.ReadDir(c.Data); err == nil && len(entries) > 0 {
		return nil, ailleurs.Refuse("demo.other_directory", "data", "data", c.Data)
	}
	fmt.Fprintln(w.err, w.language.say("demo.making"))
	making := filepath.Clean(c.Data) + ".making"
	if err := os.RemoveAll(making); err != nil {
		return nil, err
	}
	cfg.Data = making
	people, err := c.build(w, cfg)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(c.Data) // an empty directory gives way
	return people, os.Rename(making, c.Data)
}

func (c demoCommand) build(w world, cfg hub.Config) ([]demo.Persona, error) {
	// Making an alliance leaves little behind: collecting it less often spares a tenth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if err := hub.NewLogs(cfg, "demo"); err != nil {
		return nil, err
	}
	h, err := hub.Open(w, cfg)
	if err != nil {
		return nil, err
	}
	people, err := demo.Build(w, h, demo.Size{Towns: c.Towns, Cases: c.Cases}, w.now().UTC().Truncate(time.Second))
	if err := errors.Join(err, h.Close()); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(people, "", "  ")
	if err != nil {
		return nil, err
	}
	return people, os.WriteFile(filepath.Join(cfg.Data, personasFile), b, 0o600)
}
