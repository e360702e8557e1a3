package main

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"github.com/google/go-cmp/cmp"
)

func TestCornersAreRoundedWhereTheyLie(t *testing.T) {
	// Ten steps of 0.04 would each be rounded to nothing; together they lead 0.4 away.
	const drift = "m 10,10 0.04,0 0.04,0 0.04,0 0.04,0 0.04,0 0.04,0 0.04,0 0.04,0 0.04,0 0.04,0 0,5 -5,0 z m 1,1 0.01,0 0,0.01 z m 20,-0.5 1,0 0,-10.5 z"
	rings, err := territory.Rings(drift)
	if err != nil {
		t.Fatal(err)
	}
	got := compactPath(rings)
	// The islet in the middle is smaller than a dot and gone.
	if want := "M10 10l.1 0 .1 0 .1 0 .1 0 0 5-5 0zM31 10.5l1 0 0-10.5z"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again, err := territory.Rings(got); err != nil || compactPath(again) != got {
		t.Errorf("not stable: %v", err)
	}
}

func TestPlaceOfACommuneComesFromItsCodeThenOldCodesThenPostcode(t *testing.T) {
	at := func(code string, lat, lon float64) centreRow {
		c := centreRow{Code: code}
		c.Centre = &struct {
			Coordinates [2]float64 `json:"coordinates"`
		}{[2]float64{lon, lat}}
		return c
	}
	got := locate([]communeRow{
		{Code: "01001", CodesPostaux: []string{"01400"}},
		{Code: "01002", CodesPostaux: []string{"01400"}},
		{Code: "01003", CodesPostaux: []string{"01400"}, AnciensCodes: []string{"01903", "01904"}},
		{Code: "01004", CodesPostaux: []string{"01400", "01999"}},
		{Code: "01005", CodesPostaux: []string{"01998"}},
	}, []centreRow{at("01001", 46.1, 5.3), at("01002", 46.3, 5.1), {Code: "01003"}, at("01904", 45, 6)})
	want := map[string]point{"01001": {461000, 53000}, "01002": {463000, 51000}, "01003": {450000, 60000}, "01004": {462000, 52000}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(point{})); diff != "" {
		t.Error(diff)
	}
}

func TestChangedPackageIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := source{file: "p.tgz", sha512: administrative.sha512}
	if err := write(dir+"/p.tgz", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files(dir); err == nil {
		t.Error("bytes that were never reviewed are read")
	}
}
