package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func TestAYearOfACase(t *testing.T) {
	eachWorld(t, 8, func(t *testing.T, w *world) {
		f, host := w.following()
		w.state(f, ailleurs.Following)
		for _, day := range ailleurs.FollowUpDays {
			w.until(w.view(host.lead, f).Arrived.AddDate(0, 0, day))
			w.ok(w.FollowUp(w.ctx, host.second.Actor, ailleurs.FollowUp{Once: once(), Case: f.id, Day: day, Light: ailleurs.Well}, w.at))
		}
		w.ok(w.Close(w.ctx, host.lead.Actor, ailleurs.End{Once: once(), Case: f.id, Outcome: ailleurs.Settled}, w.at))
		w.verified()
		w.pass(366 * 24 * time.Hour)
		w.state(f, ailleurs.Closed)
		if n := w.count("SELECT count(*) FROM body WHERE case_id = $1 AND erased_at IS NULL", f.id); n != 0 {
			t.Errorf("%d bodies outlive the retention", n)
		}
		if n := w.count("SELECT count(*) FROM envelope WHERE case_id = $1 AND destroyed_at IS NULL", f.id); n != 0 {
			t.Errorf("%d envelopes outlive the retention", n)
		}
		w.verified()
	})
}
