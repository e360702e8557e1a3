package web

import (
	"net/http"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
)

var slipPage = newPage[slipView]("papier")

// slipView is a paper for the person's pocket: whom to call, the numbers of emergency, how to stop. Nothing on it names the
// alliance, a town or a case. Names and numbers are typed on the reader's machine, printed there and sent nowhere.
type slipView struct {
	ID       ailleurs.CaseID
	CallBack string // the day on which the person is called back, once nobody could answer
	Doors    []stateDoor
	Page     sealedPage
}

// A stateDoor is another way to get help, with its number where there is one.
type stateDoor struct{ Number, Tel, Key string }

// stateDoors are the State's and its partners', for whom no town could help. Numbers: free of charge, from service-public.fr.
var stateDoors = []stateDoor{
	{"115", "115", "door.shelter"},
	{"119", "119", "door.child"},
	{"116 006", "116006", "door.victim"},
	{"39 19", "3919", "door.women"},
	{"30 39", "3039", "door.rights"},
	{"", "", "door.work"},
	{"", "", "door.social"},
}

// slip shows the paper to those of the two pairs who may speak with the person.
func (s *Server) slip(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	c, err := e.Case(r.Context(), viewer(r).Actor, ailleurs.CaseID(r.PathValue("id")), at(r))
	if err != nil {
		return err
	}
	if !slices.Contains([]ailleurs.Part{ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.HostLead, ailleurs.HostSecond}, c.Part) {
		return notFound()
	}
	v := slipView{ID: c.ID, CallBack: s.day(r, c.CallBack), Page: sealedPage{Dossier: &c}}
	if c.State == ailleurs.Expired {
		v.Doors = stateDoors
	}
	return show(s, w, r, slipPage, v)
}
