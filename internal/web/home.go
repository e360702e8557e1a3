package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
)

// Presence tells how many members of the alliance each département has, by its code ("69", "2A", "974").
type Presence func(ctx context.Context) (map[string]int, error)

var homePage = newPage[homeView]("home")

type homeView struct {
	Members int
	Map     mapView
	Rows    []mapArea // départements that have members, most first
}

// mapView is the map of members: areas shaded in four steps, never by colour alone (the table says the same).
type mapView struct {
	ViewBox string
	Areas   []mapArea
}

// mapArea is one département on the map and in the table.
type mapArea struct {
	Code, Name string
	Path       string // SVG path data; empty for what is drawn nowhere
	Members    int
}

// Shade returns the step of the scale: 0 none, 1 one, 2 two to four, 3 five and more.
func (a mapArea) Shade() int {
	switch {
	case a.Members == 0:
		return 0
	case a.Members == 1:
		return 1
	case a.Members < 5:
		return 2
	default:
		return 3
	}
}

// home says in one sentence what the alliance is, and where its members are.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	var v homeView
	members := map[string]int{}
	if s.cfg.Presence != nil {
		var err error
		if members, err = s.cfg.Presence(r.Context()); err != nil {
			return err
		}
	}
	v.Map = franceMap()
	for i, a := range v.Map.Areas {
		v.Map.Areas[i].Members = members[a.Code]
		if n := members[a.Code]; n > 0 {
			v.Rows = append(v.Rows, v.Map.Areas[i])
			v.Members += n
		}
	}
	slices.SortStableFunc(v.Rows, func(a, b mapArea) int { return cmp.Compare(b.Members, a.Members) })
	return show(s, w, r, homePage, v)
}
