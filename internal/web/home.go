package web

import "net/http"

var homePage = newPage[homeView]("home")

type homeView struct {
	Members int
	Map     mapView
	Rows    []mapArea // départements that have members, by code
}

// home says in one sentence what the alliance is, and where its members are.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	var v homeView
	if s.cfg.Presence != nil {
		members, err := s.cfg.Presence(r.Context())
		if err != nil {
			return err
		}
		if v.Map, v.Rows, err = membersMap(members); err != nil {
			return err
		}
		for _, row := range v.Rows {
			v.Members += row.Members
		}
	}
	return show(s, w, r, homePage, v)
}
