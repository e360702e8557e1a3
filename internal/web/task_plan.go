package web

import (
	"net/http"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// planTask is the host lead's: the lines of the move plan, and when the alarm would ring if nobody arrived.
type planTask struct {
	Steps  []Option
	RingAt string // for an input of the kind datetime-local, on the clock of Paris
}

func (s *Server) planTask(r *http.Request) planTask {
	ring := at(r).Add(12 * time.Hour).In(territory.Paris())
	return planTask{Steps: options(s, r, "step", ailleurs.MoveSteps), RingAt: ring.Format("2006-01-02T15:04")}
}
