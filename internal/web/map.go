package web

// franceMap returns the départements as drawn, without members.
func franceMap() mapView { return mapView{} }
