package web

import (
	"context"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// Presence tells how many members of the alliance each département has, by its code ("69", "2A", "974").
type Presence func(ctx context.Context) (map[string]int, error)

// A mapView is the map of members: areas shaded in four steps, never by colour alone (the table beside it says the same).
type mapView struct {
	ViewBox string
	Areas   []mapArea
	Insets  []mapInset
}

// A mapArea is one département, on the map and in the table.
type mapArea struct {
	Code, Name string
	Path       string // SVG path data; empty for an inset
	Members    int
}

// A mapInset is a labelled box for a département overseas.
type mapInset struct {
	mapArea
	X, Y, Width, Height, LabelX, LabelY float64
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

// membersMap draws members on the map, and lists the départements that have some, by code: a register, not a ranking.
func membersMap(members map[string]int) (mapView, []mapArea, error) {
	outlines, err := territory.LoadMap()
	if err != nil {
		return mapView{}, nil, err
	}
	land, err := territory.Load()
	if err != nil {
		return mapView{}, nil, err
	}
	v := mapView{ViewBox: "0 0 613 585"}
	var rows []mapArea
	for _, o := range outlines {
		a := mapArea{Code: o.Departement, Name: o.Name, Path: o.Path, Members: members[o.Departement]}
		v.Areas = append(v.Areas, a)
		if a.Members > 0 {
			rows = append(rows, a)
		}
	}
	for _, box := range territory.Insets {
		a := mapArea{Code: box.Departement, Name: box.Departement, Members: members[box.Departement]}
		if a.Members == 0 && a.Code > "976" || a.Members == 0 && a.Code == "975" {
			continue // collectivities show once they have a member; départements always do
		}
		if d, ok := land.Departement(a.Code); ok {
			a.Name = d.Name
		}
		v.Insets = append(v.Insets, mapInset{
			mapArea: a, X: box.X, Y: box.Y, Width: box.Width, Height: box.Height,
			LabelX: box.X + box.Width/2, LabelY: box.Y + box.Height/2 + 5,
		})
		if a.Members > 0 {
			rows = append(rows, a)
		}
	}
	return v, rows, nil
}
