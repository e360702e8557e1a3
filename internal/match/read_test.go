package match

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
)

// small is an instance in which every field of the format occurs.
const small = `{"version": 1, "date": "2026-12-01",
 "settings": {"max_commute_km": 15, "max_commute_km_driving": 40, "flex_days": 21, "min_stay_days": 90,
              "weights": {"base": 1000, "urgency": 400, "waiting": 4, "job_fit": 3, "commute": 2, "spare_room": 20, "support": 50, "reciprocity": 1}},
 "communes": [{"code": "33063", "departement": "33", "region": "75", "lat": 44.8624, "lon": -0.5848},
              {"code": "33281", "departement": "33", "region": "75", "lat": 44.8386, "lon": -0.6509}],
 "members":  [{"id": "m-bordeaux", "capacity": 8, "balance": 2, "support": ["mission_locale", "childcare"]}],
 "homes":    [{"id": "h1", "member": "m-bordeaux", "commune": "33063", "kind": "studio", "persons": 1, "units": 1, "accessible": false, "min_age": 16, "max_age": 30, "from": "2026-12-01", "until": "2027-12-01"},
              {"id": "h2", "member": "m-bordeaux", "commune": "33281", "kind": "social", "persons": 4, "units": 2, "from": "2026-12-01"}],
 "jobs":     [{"id": "j1", "member": "m-bordeaux", "commune": "33063", "rome": "G1602", "level": 2, "slots": 2, "licence": false, "nights": false, "min_age": 16, "from": "2026-12-15", "until": "2027-09-01"}],
 "households": [{"id": "k1", "persons": 1, "ages": [19], "accessible": false, "ready": "2026-12-05", "urgency": 2, "waiting_days": 12,
                 "workers": [{"age": 19, "rome": ["G1603", "N1103"], "any": false, "level": 2, "licence": false, "nights": true}],
                 "excluded": ["d:69", "d:38", "m:m-grenoble", "c:13055"], "prefer": {"r:75": 100, "d:35": -50}, "support": ["mission_locale"]},
                {"id": "k2", "persons": 3, "ages": [31, 4, 2], "ready": "2026-12-05", "urgency": 0, "waiting_days": 0}],
 "proximity": [{"from": "G1603", "to": "G1602", "kind": "proche"}],
 "apart":    [{"a": "k1", "b": "k2", "km": 2}],
 "together": [{"a": "k2", "b": "k1", "km": 10}]}`

func TestEveryFieldOfTheFormatIsRead(t *testing.T) {
	in, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	december := dayOf(2026, 12, 1)
	want := &Instance{
		Date:     december,
		Settings: Settings{15, 40, 21, 90, DefaultWeights},
		Communes: []Commune{{"33063", "33", "75", 44.8624, -0.5848}, {"33281", "33", "75", 44.8386, -0.6509}},
		Members:  []Member{{"m-bordeaux", 8, 2, []string{"mission_locale", "childcare"}}},
		Homes: []Home{
			{ID: "h1", Kind: "studio", Persons: 1, Units: 1, MinAge: 16, MaxAge: 30, From: december, Until: december + 365},
			{ID: "h2", Commune: 1, Kind: "social", Persons: 4, Units: 2, MaxAge: NoBound, From: december, Until: NoBound},
		},
		Jobs: []Job{{ID: "j1", Rome: "G1602", Level: 2, Slots: 2, MinAge: 16, From: december + 14, Until: dayOf(2027, 9, 1)}},
		Households: []Household{
			{
				ID: "k1", Persons: 1, Ages: []int{19}, Ready: december + 4, Urgency: 2, WaitingDays: 12,
				Workers:  []Worker{{Age: 19, Rome: []string{"G1603", "N1103"}, Level: 2, Nights: true}},
				Excluded: []string{"d:69", "d:38", "m:m-grenoble", "c:13055"},
				Prefer:   map[string]int64{"r:75": 100, "d:35": -50}, Support: []string{"mission_locale"},
			},
			{ID: "k2", Persons: 3, Ages: []int{31, 4, 2}, Ready: december + 4},
		},
		Proximity: []Proximity{{"G1603", "G1602", true}},
		Apart:     []Pair{{0, 1, 2}},
		Together:  []Pair{{1, 0, 10}},
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Error(diff)
	}
}

func TestCompressedInstancesAreRead(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, small); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if in, err := Read(bytes.NewReader(b.Bytes())); err != nil || len(in.Homes) != 2 {
		t.Fatal(in, err)
	}
	_, err := Read(bytes.NewReader(b.Bytes()[:b.Len()-6]))
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != "match.bad_gzip" {
		t.Error("a file cut short was not refused:", err)
	}
}

func TestWhatBreaksTheFormatIsRefusedByItsPath(t *testing.T) {
	for _, c := range []struct{ old, new, key, path string }{
		{`"version": 1`, `"version": 2`, "match.unknown_version", "$.version"},
		{`"version": 1, `, ``, "match.missing_field", "$.version"},
		{`"date": "2026-12-01"`, `"date": "2026-02-30"`, "match.bad_date", "$.date"},
		{`"date": "2026-12-01"`, `"date": 20261201`, "match.not_a_string", "$.date"},
		{`"from": "2026-12-15"`, `"from": "2026-13-01"`, "match.bad_date", "$.jobs[0].from"},
		{`"min_stay_days": 90`, `"min_stay_days": 90.5`, "match.not_an_integer", "$.settings.min_stay_days"},
		{`"flex_days": 21`, `"flex_days": 1e1`, "match.not_an_integer", "$.settings.flex_days"},
		{`"flex_days": 21, `, ``, "match.missing_field", "$.settings.flex_days"},
		{`"base": 1000`, `"base": -1`, "match.out_of_range", "$.settings.weights.base"},
		{`"base": 1000`, `"bass": 1000`, "match.unknown_field", "$.settings.weights.bass"},
		{`"lat": 44.8386`, `"lat": 91`, "match.out_of_range", "$.communes[1].lat"},
		{`"lon": -0.6509`, `"lon": -180.5`, "match.out_of_range", "$.communes[1].lon"},
		{`"code": "33281"`, `"code": "33063"`, "match.duplicate_id", "$.communes[1].code"},
		{`"capacity": 8`, `"capacity": -8`, "match.out_of_range", "$.members[0].capacity"},
		{`"capacity": 8`, `"capacity": 8, "capacity": 9`, "match.duplicate_field", "$.members[0].capacity"},
		{`"id": "h2"`, `"id": "h1"`, "match.duplicate_id", "$.homes[1].id"},
		{`"id": "h2"`, `"id": ""`, "match.empty_id", "$.homes[1].id"},
		{`"id": "k2"`, `"id": "k1"`, "match.duplicate_id", "$.households[1].id"},
		{`"member": "m-bordeaux", "commune": "33281"`, `"member": "m-lyon", "commune": "33281"`, "match.unknown_id", "$.homes[1].member"},
		{`"commune": "33063", "rome"`, `"commune": "99999", "rome"`, "match.unknown_id", "$.jobs[0].commune"},
		{`"kind": "studio"`, `"kind": "castle"`, "match.unknown_kind", "$.homes[0].kind"},
		{`"kind": "proche"`, `"kind": "loin"`, "match.unknown_kind", "$.proximity[0].kind"},
		{`"units": 2`, `"units": -2`, "match.out_of_range", "$.homes[1].units"},
		{`"accessible": false, "min_age"`, `"accessible": 0, "min_age"`, "match.not_a_boolean", "$.homes[0].accessible"},
		{`"accessible": false, "min_age"`, `"accessible": null, "min_age"`, "match.not_a_boolean", "$.homes[0].accessible"},
		{`"slots": 2`, `"slots": -1`, "match.out_of_range", "$.jobs[0].slots"},
		{`"urgency": 2`, `"urgency": 4`, "match.out_of_range", "$.households[0].urgency"},
		{`"d:69"`, `"69"`, "match.bad_key", "$.households[0].excluded[0]"},
		{`"d:35": -50`, `"d:35": -301`, "match.out_of_range", "$.households[0].prefer.d:35"},
		{`"d:35": -50`, `"m:35": -50`, "match.bad_key", "$.households[0].prefer.m:35"},
		{`"any": false`, `"all": false`, "match.unknown_field", "$.households[0].workers[0].all"},
		{`"a": "k1", "b": "k2"`, `"a": "k1", "b": "k9"`, "match.unknown_id", "$.apart[0].b"},
		{`"a": "k1", "b": "k2"`, `"a": "k1", "b": "k1"`, "match.pair_with_itself", "$.apart[0]"},
		{`"km": 2}`, `"km": -2}`, "match.out_of_range", "$.apart[0].km"},
		{`"km": 2}`, `"km": 11}`, "match.pair_contradicts", "$.apart[0].km"},
		{`"ages": [19]`, `"ages": 19`, "match.not_a_list", "$.households[0].ages"},
		{`"ages": [19]`, `"ages": [19,]`, "match.not_a_number", "$.households[0].ages[1]"},
		{`"ages": [19]`, `"ages": [019]`, "match.syntax", "$.households[0].ages[0]"},
		{`"id": "h1"`, "\"id\": \"\xff\"", "match.not_utf8", "$.homes[0].id"},
		{`"id": "h1"`, `"id": "\ud800"`, "match.not_utf8", "$.homes[0].id"},
		{`"id": "h1"`, `"id": "` + strings.Repeat("x", 5000) + `"`, "match.too_long", "$.homes[0].id"},
		{`"km": 10}]}`, `"km": 10}]} {}`, "match.syntax", "$"},
		{`"km": 10}]}`, `"km": 10}]`, "match.syntax", "$"},
		{`"settings": {`, `"settings": [`, "match.not_an_object", "$.settings"},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		if text == small {
			t.Fatalf("%q does not occur", c.old)
		}
		_, err := Read(strings.NewReader(text))
		r := ailleurs.AsRefusal(err)
		if r == nil {
			t.Errorf("%s: not refused, but %v", c.new, err)
		} else if r.Key != c.key || r.Field != c.path {
			t.Errorf("%s: refused as %s at %s, want %s at %s", c.new, r.Key, r.Field, c.key, c.path)
		}
	}
}

func TestListsMayComeInAnyOrder(t *testing.T) {
	in, err := Read(strings.NewReader(`{"apart": [{"km": 1, "b": "k2", "a": "k1"}],
		"households": [{"id": "k2", "persons": 1, "ready": "2026-12-05", "urgency": 0, "waiting_days": 0},
		               {"id": "k1", "persons": 1, "ready": "2026-12-05", "urgency": 0, "waiting_days": 0}],
		"homes": [{"id": "h", "member": "m", "commune": "c2", "kind": "host", "persons": 1, "units": 1, "from": "2026-12-01"}],
		"members": [{"id": "m", "capacity": 1}],
		"communes": [{"code": "c1", "departement": "d", "region": "r", "lat": 0, "lon": 0}, {"code": "c2", "departement": "d", "region": "r", "lat": 0, "lon": 0}],
		"settings": {"max_commute_km": 15, "max_commute_km_driving": 40, "flex_days": 21, "min_stay_days": 90}, "date": "2026-12-01", "version": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	if in.Apart[0] != (Pair{1, 0, 1}) || in.Homes[0].Commune != 1 || in.Settings.Weights != DefaultWeights {
		t.Errorf("%+v", in)
	}
}

func TestAFaultOfTheReaderIsNotARefusal(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := Read(io.MultiReader(strings.NewReader(`{"version": 1, `), failing{broken}))
	if !errors.Is(err, broken) || ailleurs.AsRefusal(err) != nil {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAnInstanceIsReadAsItWasWritten(t *testing.T) {
	in, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := in.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, again); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"version": 1, "homes": [{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := Read(bytes.NewReader(b))
		if (in == nil) == (err == nil) {
			t.Fatal("neither an instance nor an error, or both")
		}
	})
}
