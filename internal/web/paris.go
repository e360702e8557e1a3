package web

import (
	"time"
	_ "time/tzdata" // the hub may run where no zone file is
)

// paris is the zone of every hour on screen; members overseas read it named, as deadlines are counted there.
var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // embedded above
	}
	return zone
}()
