package hub

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// How often the hub looks at the clock: what is due, and what time has ended.
const (
	dueEvery   = 5 * time.Second
	sweepEvery = 5 * time.Minute
	farewell   = 10 * time.Second // for requests under way when the hub is asked to stop
)

// Serve answers on the listener, does what falls due and rings, until ctx ends; then it lets requests under way finish. A
// hub whose duty officers no phone can reach does not start.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	if err := h.Protection.Ready(ctx, h.cfg.Now()); err != nil {
		return errors.Join(err, l.Close())
	}
	server := h.Web.HTTP()
	clock, stop := context.WithCancel(ctx)
	var clocks sync.WaitGroup
	clocks.Go(func() { h.tick(clock) })
	clocks.Go(func() { h.ring(clock) })
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		err = server.Shutdown(last)
		cancel()
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
	}
	stop()
	clocks.Wait()
	return err
}

// tick does what is due until ctx ends. A fault is logged and tried again: one bad job must not stop the clock of others.
func (h *Hub) tick(ctx context.Context) {
	due, sweep := time.NewTicker(dueEvery), time.NewTicker(sweepEvery)
	defer due.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
			report, err := h.RunDue(ctx, h.cfg.Now())
			if err != nil && ctx.Err() == nil {
				h.cfg.Log.Error("jobs.fault", slog.String("error", err.Error()))
			}
			for _, f := range report.Failures {
				h.cfg.Log.Error("job.failed", slog.String("kind", f.Kind), slog.Bool("parked", f.Parked), slog.String("error", f.Err.Error()))
			}
		case <-sweep.C:
			if _, err := h.Alliance.Sweep(ctx, h.cfg.Now()); err != nil && ctx.Err() == nil {
				h.cfg.Log.Error("sweep.fault", slog.String("error", err.Error()))
			}
		}
	}
}
