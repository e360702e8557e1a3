package demo

import (
	"context"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// Scene takes a new case of Lyon's as far as a stage, at one instant, and returns it: for whoever wants to play on from
// there. Bordeaux is in its first ring with four others. The stages are "draft", "called", "preparing" and "following".
func (w *World) Scene(ctx context.Context, stage string, at time.Time) (ailleurs.CaseID, error) {
	w.played++
	s := &story{h: w.h, n: 20_000 + w.played*5, coordinators: w.coordinators, origin: w.towns[0], host: w.towns[1]} // of one person
	s.rings = circles(w.h, w.towns, 0, 1)[:1]
	do := []func(context.Context, time.Time) error{s.open}
	switch stage {
	case "draft":
	case "called", "preparing", "following":
		do = append(do, s.submit, s.attest, s.signCall, s.check)
	default:
		return "", fmt.Errorf("demo: no stage %q", stage)
	}
	if stage == "preparing" || stage == "following" {
		do = append(do, s.answer, s.offer, func(ctx context.Context, at time.Time) error {
			return w.DeclineBut(ctx, s.id, s.host.place.Code, at)
		}, s.retain, s.welcome, s.handOver)
	}
	if stage == "following" {
		do = append(do, s.prepare, s.depart, s.arrive)
	}
	for _, step := range do {
		if err := step(ctx, at); err != nil {
			return "", fmt.Errorf("demo: scene %q: %w", stage, err)
		}
	}
	return s.id, nil
}
