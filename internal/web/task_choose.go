package web

import (
	"net/http"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// lineView is one addressee for whoever called on it.
type lineView struct {
	relocation.ThreadLine
	Case     ailleurs.CaseID
	Once     string
	Town     string
	Clock    *Clock
	Proposal bool              // the person can say yes to it now
	Differs  bool              // it is a counter-proposal
	Replies  []questionReplies // while its question waits
	Chosen   bool              // the first yes went to it
}

func lineOf(c relocation.CaseView, t relocation.ThreadLine, town, once string, at time.Time) lineView {
	line := lineView{ThreadLine: t, Case: c.ID, Once: once, Town: town, Chosen: c.Retained == t.ID}
	if t.State.Open() {
		line.Clock = clockOf(t.Deadline, c.Speed, at)
	}
	offers := t.State == ailleurs.Proposed || t.State == ailleurs.Countered
	line.Differs = t.State == ailleurs.Countered
	line.Proposal = c.HasTask(relocation.TaskChoose) && offers && !t.Refused
	return line
}

// refuseProposal records the person's no to one proposal.
func (s *Server) refuseProposal(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.OnThread{Once: r.PostFormValue("once"), Thread: ailleurs.ThreadID(r.PostFormValue("thread"))}
	if err := e.Refuse(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, toCase(r), "choice.no_said")
}
