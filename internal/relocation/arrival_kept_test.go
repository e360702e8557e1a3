package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func (w *world) keeps(h hand, f *file) error {
	w.Helper()
	until := w.view(h, f).KeptUntil.Add(ailleurs.ArrivalKept)
	return w.KeepArrival(w.ctx, h.Actor, w.signature(h, ailleurs.ToKeep, string(f.id), ailleurs.KeepDigest(f.id, until)), w.at)
}

// bodiesOfArrival counts what is left to read of the address.
func (w *world) bodiesOfArrival() int {
	w.Helper()
	return w.count("SELECT count(*) FROM body WHERE compartment = 'arrival' AND data IS NOT NULL")
}

func TestAddressIsKeptLongerByTwoAndErasedOtherwise(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f, host := w.following()
		refusedAs(t, w.keeps(host.lead, f), ailleurs.Conflict, "arrival.not_yet")
		w.pass(61 * 24 * time.Hour)
		if v := w.view(host.second, f); !v.HasTask("keep") && !v.HasTask("follow_up") {
			t.Errorf("thirty days before, the host's second is asked %v", v.Tasks)
		}
		_, err := w.Case(w.ctx, f.origin.lead.Actor, f.id, w.at)
		w.ok(err)
		refusedAs(t, w.KeepArrival(w.ctx, f.origin.lead.Actor, w.signature(f.origin.lead, ailleurs.ToKeep, string(f.id), "0"), w.at), ailleurs.Forbidden, "case.not_your_part")
		w.ok(w.keeps(host.lead, f))
		refused(t, w.keeps(host.lead, f), "statement.already_signed")
		if got := w.view(host.lead, f).KeptUntil; got.After(w.at.Add(31 * 24 * time.Hour)) {
			t.Errorf("one alone keeps the address until %v", got)
		}
		w.ok(w.keeps(host.second, f))
		w.pass(40 * 24 * time.Hour)
		if w.bodiesOfArrival() == 0 {
			t.Error("two have signed, and the address is erased")
		}
		w.pass(80 * 24 * time.Hour)
		if n := w.bodiesOfArrival(); n != 0 {
			t.Errorf("%d bodies of the address outlive the renewal", n)
		}
		w.verified()
	})
}

func TestAddressThatOneAloneKeepsIsErased(t *testing.T) {
	w := onSQLite(t, 6)
	f, host := w.following()
	w.pass(70 * 24 * time.Hour)
	w.ok(w.keeps(host.second, f))
	w.pass(21 * 24 * time.Hour)
	if n := w.bodiesOfArrival(); n != 0 {
		t.Errorf("%d bodies of the address are kept by one person", n)
	}
	refusedAs(t, w.keeps(host.lead, f), ailleurs.Conflict, "arrival.not_yet")
}
