// Package hub puts the hub together: database, log keys, pillars, web and clocks. The command line, the demo and the browser
// tests start the same one, so that what is tested is what is served.
package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/mail"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
	"codeberg.org/ailleurs/ailleurs/internal/web"
)

// Config is what a hub needs. A zero field is usable or refused by its name.
type Config struct {
	Data   string           // data directory, or the URL of a PostgreSQL database; required
	Keys   string           // directory of the log keys; the data directory when empty, required with PostgreSQL
	Origin string           // where browsers find the hub; required
	Demo   bool             // the people are fictitious
	Now    func() time.Time // the clock; required
	Log    *slog.Logger     // discards when nil

	// Ringer makes the phones of duty officers ring; without one a hub that has duty officers does not serve. A
	// demonstration rings nobody.
	Ringer protection.Ringer

	// Proxies are the networks (CIDR) or addresses of the machines in front of the hub, whose X-Forwarded-For is believed.
	// Without them everybody behind a proxy shares one budget of failed sign-ins.
	Proxies []string

	// Post takes notices by e-mail; nil: nobody is written to, and what awaits is seen on signing in.
	Post mail.Sender

	// Personas are the people that a visitor of a demonstration may be, one click each; refused by any other hub.
	Personas []web.Persona
}

// A Hub is the whole exchange, ready to serve.
type Hub struct {
	DB         *store.DB
	Ground     *territory.Territory
	Alliance   *alliance.Alliance
	Relocation *relocation.Exchange
	Protection *protection.Protection
	Logs       Logs
	Web        *web.Server

	cfg      Config
	handlers jobs.Handlers
	office   *mail.Office // nil without a post
}

// Open opens the database and keys that cfg names and puts the pillars on them.
func Open(ctx context.Context, cfg Config) (*Hub, error) {
	switch {
	case cfg.Data == "":
		return nil, ailleurs.Refuse("hub.config", "data")
	case cfg.Now == nil:
		return nil, errors.New("hub: no clock")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ground, err := territory.Load()
	if err != nil {
		return nil, fmt.Errorf("hub: territory: %w", err)
	}
	db, err := store.Open(ctx, cfg.Data, store.Options{Demo: cfg.Demo})
	if err != nil {
		return nil, err
	}
	h := &Hub{DB: db, Ground: ground, cfg: cfg}
	if err := h.wire(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return h, nil
}

func (h *Hub) wire() error {
	var err error
	if h.Logs, err = openLogs(h.cfg); err != nil {
		return err
	}
	h.Relocation = relocation.New(h.DB, h.Ground)
	h.Alliance, err = alliance.New(alliance.Config{
		DB: h.DB, Origin: h.cfg.Origin, Register: h.Logs.Register, Journal: h.Logs.Journal,
		PRFInput: vault.PasskeyInput, DrawWords: vault.NewPassphrase, ReadWords: readWords, Territory: h.Ground,
		OpenCases: func(tx *store.Tx, agent ailleurs.AgentID) (int, error) {
			cases, err := relocation.EntrustedIn(tx, agent)
			return len(cases), err
		},
		NoRinger: h.cfg.Ringer == nil && !h.cfg.Demo,
	})
	if err != nil {
		return err
	}
	if h.Protection, err = h.protect(); err != nil {
		return err
	}
	if h.Web, err = web.New(web.Config{
		Origin: h.cfg.Origin, Now: h.cfg.Now, Log: h.cfg.Log, Demo: h.cfg.Demo, Alliance: h.Alliance, Relocation: h.Relocation,
		Journal: h.Logs.Journal.Signer, Protection: h.Protection, Personas: h.cfg.Personas, Proxies: h.cfg.Proxies,
	}); err != nil {
		return err
	}
	if h.cfg.Post != nil {
		if h.office, err = mail.New(mail.Config{DB: h.DB, Origin: h.cfg.Origin, Sender: h.cfg.Post}); err != nil {
			return err
		}
	}
	h.handlers = h.Relocation.Handlers()
	maps.Copy(h.handlers, h.Protection.Handlers())
	h.handlers["notice"] = func(tx *store.Tx, at time.Time, job jobs.Due) error {
		return mail.Notice(tx, ailleurs.AgentID(job.Subject), mail.MatterOf(job.Detail), at)
	}
	return nil
}

// Close waits for what is under way and closes the database.
func (h *Hub) Close() error { return h.DB.Close() }

// RunDue does everything that is due at the given instant.
func (h *Hub) RunDue(ctx context.Context, at time.Time) (jobs.Report, error) {
	return jobs.Run(ctx, h.DB, at, h.handlers)
}
