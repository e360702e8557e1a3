package desk

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

// The hub may ask for an envelope for whoever stands in for an absent coordinator: one coordinator, by the register, for
// each of the two of the case, and nobody else.
func TestOneCoordinatorStandsInForAnother(t *testing.T) {
	w := newWorld(t).before(t, "check")
	lead := w.lyon().lead
	wants := func(as ...Wanted) error {
		h := w.dossier(lead)
		for _, a := range as {
			a.Compartment, a.Epoch, a.Part = ailleurs.Limits, 1, ailleurs.Checker
			h.Renew = append(h.Renew, a)
		}
		_, err := w.desk(lead).Regrant(w.key(), h, w.people(), now)
		return err
	}
	third, absent := w.founders[2].Agent, w.founders[0].Agent
	if err := wants(Wanted{For: third, InPlaceOf: absent}); err != nil {
		t.Error(err)
	}
	refused(t, wants(Wanted{For: third}), "desk.not_addressed")
	refused(t, wants(Wanted{For: third, InPlaceOf: w.lyon().second.Agent}), "desk.not_addressed")
	refused(t, wants(Wanted{For: w.bordeaux().lead.Agent, InPlaceOf: absent}), "desk.not_addressed")
	refused(t, wants(Wanted{For: third, InPlaceOf: absent}, Wanted{For: w.bordeaux().lead.Agent, InPlaceOf: absent}), "desk.not_addressed")
}
