package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// additionView is one more addressee that a redirect named.
type additionView struct {
	relocation.AdditionLine
	Town  string
	Waits bool // for the second or the coordination
}

func additionsOf(c relocation.CaseView, towns map[ailleurs.MemberID]string) []additionView {
	var out []additionView
	for _, a := range c.Additions {
		out = append(out, additionView{AdditionLine: a, Town: towns[a.Sheet.Member], Waits: a.Opened.IsZero()})
	}
	return out
}

func addedMembers(c relocation.CaseView) []ailleurs.MemberID {
	var out []ailleurs.MemberID
	for _, a := range c.Additions {
		out = append(out, a.Sheet.Member)
	}
	return out
}

// everyTown names all members that can be called.
func (s *Server) everyTown(r *http.Request) (map[ailleurs.MemberID]string, error) {
	a, err := s.doors()
	if err != nil {
		return nil, err
	}
	members, err := a.Members(r.Context(), alliance.MemberFilter{Callable: true})
	out := make(map[ailleurs.MemberID]string, len(members))
	for _, m := range members {
		out[m.ID] = m.Name
	}
	return out, err
}

// setAside says that the member which a redirect names is not called upon.
func (s *Server) setAside(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.OnThread{Once: r.PostFormValue("once"), Thread: ailleurs.ThreadID(r.PostFormValue("thread"))}
	if err := e.SetAside(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, toCase(r), "call.redirect_set_aside")
}
