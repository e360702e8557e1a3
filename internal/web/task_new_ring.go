package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// againTask is where a household that must flee must not go, as the lead asks the person.
type againTask struct {
	Lines        []int
	Departements []Option
}

func (s *Server) againTask(r *http.Request) (againTask, error) {
	land, err := territory.Load()
	if err != nil {
		return againTask{}, err
	}
	return againTask{Lines: []int{1, 2, 3, 4}, Departements: chooseOne(s, r, departementsOf(land))}, nil
}
