package web

import (
	"net/http"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// followUpTask is the next of the days on which the host asks how it goes.
type followUpTask struct {
	Day      int
	Due      time.Time
	Deadline time.Time
	Overdue  bool
	Lights   []Option
}

func (s *Server) followUpTask(r *http.Request, c relocation.CaseView) *followUpTask {
	for _, f := range c.FollowUps {
		if f.Done.IsZero() {
			return &followUpTask{
				Day: f.Day, Due: f.Due, Deadline: f.Deadline, Overdue: at(r).After(f.Deadline), Lights: options(s, r, "light", ailleurs.Wellbeings),
			}
		}
	}
	return nil
}
