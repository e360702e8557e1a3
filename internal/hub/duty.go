package hub

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// protect puts protection on the hub: its own alerts, and those that a case gives in the unit that finds the danger.
func (h *Hub) protect() (*protection.Protection, error) {
	ringer := h.cfg.Ringer
	if ringer == nil && h.cfg.Demo {
		ringer = quiet{}
	}
	p, err := protection.New(protection.Config{
		DB: h.DB, Ringer: ringer, InCircle: inCircle, Beside: hostLead,
		Journal: protection.LogKey(h.Logs.Journal), Register: protection.LogKey(h.Logs.Register),
	})
	if err != nil {
		return nil, err
	}
	h.Relocation.Alarm = func(tx *store.Tx, id ailleurs.CaseID, level ailleurs.AlertLevel, at time.Time) error {
		_, err := p.RaiseIn(tx, protection.Alarm{Level: level, Case: id}, at)
		return err
	}
	return p, nil
}

// quiet is the ringer of a demonstration, where everyone is fictitious.
type quiet struct{}

// Ring is part of [protection.Ringer].
func (quiet) Ring(context.Context, string) error { return nil }

// inCircle says whether an agent has a part in a case: whoever finds it in their inbox.
func inCircle(tx *store.Tx, id ailleurs.CaseID, agent ailleurs.AgentID) (bool, error) {
	n, err := store.One[int](tx, "SELECT count(*) FROM inbox WHERE agent_id = $1 AND case_id = $2", agent, id)
	return n > 0, err
}

// hostLead is who is with the household, once there is a host.
func hostLead(tx *store.Tx, id ailleurs.CaseID) ([]ailleurs.AgentID, error) {
	return store.All[ailleurs.AgentID](tx, "SELECT host_lead_id FROM dossier WHERE id = $1 AND host_lead_id IS NOT NULL", id)
}

// ringEvery is how often calls that wait are made.
const ringEvery = 5 * time.Second

// ring makes the calls that wait until ctx ends. A line that does not answer is tried again; it never holds up the jobs.
func (h *Hub) ring(ctx context.Context) {
	clock := time.NewTicker(ringEvery)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
			if _, err := h.Protection.Ring(ctx, h.cfg.Now()); err != nil && !errors.Is(err, context.Canceled) {
				h.cfg.Log.Error("ring.failed", slog.String("error", err.Error()))
			}
		}
	}
}
