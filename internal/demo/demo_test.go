package demo

import (
	"context"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/hub"
)

var day = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func built(t *testing.T, size Size) (*hub.Hub, []Persona) {
	t.Helper()
	cfg := hub.Config{Data: t.TempDir(), Origin: "http://localhost:8080", Demo: true, Now: func() time.Time { return day }}
	if err := hub.NewLogs(cfg, "demo"); err != nil {
		t.Fatal(err)
	}
	h, err := hub.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := Build(context.Background(), h, size, day)
	if err != nil {
		t.Fatal(err)
	}
	return h, p
}

func TestTheDemonstrationRunsThroughTheRealUseCases(t *testing.T) {
	_, people := built(t, Size{Towns: 16, Cases: 40})
	if len(people) != 6 {
		t.Errorf("%d personas, want 6", len(people))
	}
}
