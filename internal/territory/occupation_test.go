package territory

import (
	"strings"
	"testing"
)

func TestEveryOccupationBelongsToAFamily(t *testing.T) {
	letters := ""
	for _, f := range Families {
		letters += f.Letter
	}
	if letters != "ABCDEFGHIJKLMN" {
		t.Errorf("families %q", letters)
	}
	last := ""
	for _, o := range Occupations {
		if !ValidROME(o.Code) || !strings.Contains(letters, o.Code[:1]) || o.Code <= last || o.Name == "" || o.English == "" {
			t.Errorf("%+v after %s", o, last)
		}
		last = o.Code
		if found, ok := OccupationOf(o.Code); !ok || found != o {
			t.Errorf("%s gives %+v", o.Code, found)
		}
	}
	if len(Occupations) < 30 {
		t.Errorf("%d occupations", len(Occupations))
	}
	for _, code := range []string{"", "G", "G160", "G16022", "g1602", "O1602", "G16o2"} {
		if _, ok := OccupationOf(code); ok || ValidROME(code) {
			t.Errorf("%q passes", code)
		}
	}
}
