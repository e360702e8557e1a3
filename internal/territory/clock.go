package territory

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The clocks of France, as POSIX rules (IEEE Std 1003.1, TZ): standard time, summer time, and when one gives way to the
// other. They hold since 1996. A rule takes a hundred bytes where the time zone database takes 450 kB of every program
// that cannot count on its machine to have one, a browser among them; a test compares them with that database.
var (
	paris  = clock("Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3")
	clocks = map[string]*time.Location{
		"971": clock("America/Guadeloupe", "AST4"),
		"972": clock("America/Martinique", "AST4"),
		"973": clock("America/Cayenne", "<-03>3"),
		"974": clock("Indian/Reunion", "<+04>-4"),
		"975": clock("America/Miquelon", "<-03>3<-02>,M3.2.0,M11.1.0"),
		"976": clock("Indian/Mayotte", "EAT-3"),
		"977": clock("America/St_Barthelemy", "AST4"),
		"978": clock("America/Marigot", "AST4"),
		"984": clock("Indian/Kerguelen", "<+05>-5"),
		"986": clock("Pacific/Wallis", "<+12>-12"),
		"987": clock("Pacific/Tahiti", "<-10>10"), // the capital's; the Marquesas and Gambier islands differ
		"988": clock("Pacific/Noumea", "<+11>-11"),
	}
)

// clock returns the location of a rule, by way of a time zone file (RFC 9636) that holds nothing but its footer.
func clock(name, rule string) *time.Location {
	header := func(types, letters uint32) []byte {
		h := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range []uint32{0, 0, 0, 0, types, letters} { // neither indicators, leap seconds nor transitions
			h = binary.BigEndian.AppendUint32(h, n)
		}
		return h
	}
	file := header(0, 0)                     // version 1: empty
	file = append(file, header(1, 1)...)     // version 2: one local time type,
	file = append(file, 0, 0, 0, 0, 0, 0, 0) // of offset 0, not summer time, with an empty name;
	file = append(file, "\n"+rule+"\n"...)   // the footer overrides it at all times
	l, err := time.LoadLocationFromTZData(name, file)
	if err != nil {
		panic(fmt.Sprintf("territory: clock %s: %v", name, err)) // a slip in the table above
	}
	return l
}
