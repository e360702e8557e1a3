package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// listed is how many places of an offer the day's list shows; -1 when the offer is not on it.
func (w *world) listed(id ailleurs.OfferID) int {
	w.Helper()
	s, err := w.OfferSnapshot(w.ctx, w.towns[3].lead.Actor, w.at)
	w.ok(err)
	for _, o := range s.Offers {
		if o.Offer.ID == id {
			return o.Free
		}
	}
	return -1
}

func TestOfferIsHiddenAfterFourteenDaysUnlessRenewed(t *testing.T) {
	eachWorld(t, 4, func(t *testing.T, w *world) {
		by := w.towns[1].lead.Actor
		w.ok(w.Start(w.ctx, w.at))
		id, err := w.PublishOffer(w.ctx, by, ailleurs.PostOffer{Once: once(), Offer: offer(ailleurs.HomeOffer, 3)}, w.at)
		w.ok(err)
		if n := w.listed(id); n != -1 {
			t.Error("an offer of today is on the list of this morning")
		}
		w.pass(24 * time.Hour)
		if n := w.listed(id); n != 3 {
			t.Errorf("the list shows %d places, want 3", n)
		}
		w.pass(12*24*time.Hour + time.Hour)
		if w.notices[by.Agent] == 0 {
			t.Error("the owner was not asked whether the offer still stands")
		}
		w.ok(w.ConfirmOffer(w.ctx, by, ailleurs.OnOffer{Once: once(), Offer: id}, w.at))
		w.pass(13 * 24 * time.Hour)
		if n := w.listed(id); n != 3 {
			t.Errorf("renewed, the list shows %d places", n)
		}
		w.pass(3 * 24 * time.Hour)
		if n := w.listed(id); n != -1 {
			t.Error("an unconfirmed offer is still on the list")
		}
		o, err := w.Offer(w.ctx, by, id, w.at)
		w.ok(err)
		if !o.Hidden {
			t.Error("the owner does not see that the offer is hidden")
		}
		other := w.towns[2].lead.Actor
		refusedAs(t, w.ConfirmOffer(w.ctx, other, ailleurs.OnOffer{Once: once(), Offer: id}, w.at), ailleurs.NotFound, "offer.unknown")
		_, err = w.Offer(w.ctx, other, id, w.at)
		refusedAs(t, err, ailleurs.NotFound, "offer.unknown")
		w.ok(w.WithdrawOffer(w.ctx, by, ailleurs.OnOffer{Once: once(), Offer: id}, w.at))
		refusedAs(t, w.ConfirmOffer(w.ctx, by, ailleurs.OnOffer{Once: once(), Offer: id}, w.at), ailleurs.Conflict, "offer.withdrawn")
		w.verified()
	})
}

// The list must not show a flow: a place that was taken stays on it for one to seven days.
func TestTakenPlaceLeavesTheListLater(t *testing.T) {
	w := onSQLite(t, 6)
	w.ok(w.Start(w.ctx, w.at))
	days := map[int]bool{}
	for range 12 {
		host := w.towns[1]
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		w.read(f, host)
		in := w.answer(f, host, ailleurs.Propose, nil)
		w.pass(24 * time.Hour)
		var id ailleurs.OfferID
		w.ok(w.db.View(w.ctx, func(tx *storeTx) error {
			return tx.QueryRow("SELECT offer_id FROM place WHERE id = $1", in.Sheet.Home).Scan(&id)
		}))
		if n := w.listed(id); n != 1 {
			t.Fatalf("a free place is listed %d times", n)
		}
		in.Sheet.At = w.at
		in.Signed = w.sign(host.lead, ailleurs.ToAnswer, string(in.Sheet.Thread), in.Sheet.Digest())
		w.ok(w.Answer(w.ctx, host.lead.Actor, in, w.at))
		w.ok(w.TakeSnapshot(w.ctx, w.at))
		if n := w.listed(id); n != 1 {
			t.Fatal("a place left the list on the day it was taken")
		}
		owner, err := w.Offer(w.ctx, host.lead.Actor, id, w.at)
		w.ok(err)
		if owner.Free != 0 || len(owner.Holds) != 1 || owner.Holds[0].Case != f.id {
			t.Errorf("the owner sees %d free places and %d holds", owner.Free, len(owner.Holds))
		}
		left := 0
		for left = 1; left <= 8; left++ {
			w.pass(24 * time.Hour)
			if w.listed(id) == -1 {
				break
			}
		}
		if left > 7 {
			t.Fatalf("a taken place is still listed after %d days", left)
		}
		days[left] = true
	}
	if len(days) < 2 {
		t.Errorf("twelve places all left after the same number of days: %v", days)
	}
	w.verified()
}

func TestOfferWithAnyFaultIsRefusedByField(t *testing.T) {
	w := onSQLite(t, 3)
	for name, c := range map[string]struct {
		kind       ailleurs.OfferKind
		change     func(*ailleurs.Offer)
		key, field string
	}{
		"unknown commune": {ailleurs.HomeOffer, func(o *ailleurs.Offer) { o.Commune = "00000" }, "offer.unknown_commune", "commune"},
		"impossible day":  {ailleurs.HomeOffer, func(o *ailleurs.Offer) { o.From = "2026-02-30" }, "date.impossible", "from"},
		"ends first":      {ailleurs.HomeOffer, func(o *ailleurs.Offer) { o.Until = "2026-11-01" }, "offer.until_before_from", "until"},
		"no day":          {ailleurs.JobOffer, func(o *ailleurs.Offer) { o.From = "" }, "date.missing", "from"},
		"fifty-one":       {ailleurs.JobOffer, func(o *ailleurs.Offer) { o.Places = 51 }, "offer.places", "places"},
		"ROME":            {ailleurs.JobOffer, func(o *ailleurs.Offer) { o.Rome = "cuisinier" }, "offer.rome", "rome"},
	} {
		t.Run(name, func(t *testing.T) {
			o := offer(c.kind, 1)
			c.change(&o)
			_, err := w.PublishOffer(w.ctx, w.towns[1].lead.Actor, ailleurs.PostOffer{Once: once(), Offer: o}, w.at)
			refusedAt(t, err, c.key, c.field)
		})
	}
	in := ailleurs.PostOffer{Once: once(), Offer: offer(ailleurs.HomeOffer, 2)}
	first, err := w.PublishOffer(w.ctx, w.towns[1].lead.Actor, in, w.at)
	w.ok(err)
	again, err := w.PublishOffer(w.ctx, w.towns[1].lead.Actor, in, w.at)
	if err != nil || again != first {
		t.Errorf("sent again, the offer is %s, was %s: %v", again, first, err)
	}
	_, err = w.PublishOffer(w.ctx, w.towns[1].signatory.Actor, ailleurs.PostOffer{Once: once(), Offer: in.Offer}, w.at)
	refusedAs(t, err, ailleurs.Forbidden, "actor.role_needed")
	w.verified()
}

func TestOwnOffersComeInPages(t *testing.T) {
	w := onSQLite(t, 3)
	by := w.towns[1].lead.Actor
	for range 45 {
		_, err := w.PublishOffer(w.ctx, by, ailleurs.PostOffer{Once: once(), Offer: offer(ailleurs.JobOffer, 1)}, w.at)
		w.ok(err)
	}
	seen := map[ailleurs.OfferID]bool{}
	var after ailleurs.OfferID
	for pages := 1; ; pages++ {
		page, next, err := w.OwnOffers(w.ctx, by, after, w.at)
		w.ok(err)
		for _, o := range page {
			seen[o.ID] = true
		}
		if next == "" {
			if pages != 3 || len(seen) != 45 {
				t.Errorf("%d offers on %d pages", len(seen), pages)
			}
			break
		}
		after = next
	}
	var none []relocation.OwnOffer
	none, _, err := w.OwnOffers(w.ctx, w.towns[2].lead.Actor, "", w.at)
	w.ok(err)
	if len(none) != 0 {
		t.Error("another member's offers are shown as own")
	}
}
