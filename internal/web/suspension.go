package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
)

// A suspensionView is what coordination may do about a member's standing, on the page of its people.
type suspensionView struct {
	May       bool // two of the coordination may suspend it, or end that
	Suspended bool
}

func suspensionOf(me Viewer, m ailleurs.Member) suspensionView {
	return suspensionView{May: me.Is(ailleurs.Coordinator) && m.ID != me.Member && !m.AdmittedAt.IsZero(), Suspended: !m.SuspendedAt.IsZero()}
}

// suspend proposes that a member take no part, or take part again.
func (s *Server) suspend(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	if _, err := a.ProposeSuspension(r.Context(), viewer(r).Actor, ailleurs.MemberID(r.PathValue("id")), r.PostFormValue("ends") != "", at(r)); err != nil {
		return err
	}
	return redirect(w, r, "/changements", "suspension.proposed")
}
