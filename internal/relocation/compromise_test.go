package relocation_test

import (
	"slices"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// startsAgain is what the lead of a town hands in when a household that had come to it must flee.
func (w *world) startsAgain(f *file, from town) (*file, ailleurs.StartAgain) {
	g := &file{id: f.id, origin: from, heads: f.heads, epochs: f.epochs, sheet: f.sheet}
	in := ailleurs.StartAgain{Once: once(), Case: f.id}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person, ailleurs.Threat} {
		in.Keys = append(in.Keys, g.key(c, ""))
		in.Bodies = append(in.Bodies, g.body(from.lead, c, ""))
		in.Envelopes = append(in.Envelopes, w.envelope(g, from.lead, c, "", from.lead, ailleurs.OriginLead))
		if c != ailleurs.Threat {
			in.Envelopes = append(in.Envelopes, w.envelope(g, from.lead, c, "", from.second, ailleurs.OriginSecond))
		}
	}
	return g, in
}

func (w *world) compromise(f *file, by hand) {
	w.Helper()
	w.ok(w.Compromise(w.ctx, by.Actor, ailleurs.OnCase{Once: once(), Case: f.id}, w.at))
	w.state(f, ailleurs.Compromised)
}

// A household that had arrived flees from its host, which calls as a town of departure does: limits of its own, its élu's
// signature, the coordination. Nobody who has read the file is called again.
func TestTownThatAHouseholdFleesFromCallsAnother(t *testing.T) {
	eachWorld(t, 16, func(t *testing.T, w *world) {
		f, host := w.following()
		origin := f.origin
		w.compromise(f, origin.second)
		if len(w.alarms) != 1 || w.alarms[0] != ailleurs.ImminentNow {
			t.Errorf("the alarm rang %v", w.alarms)
		}
		if h := held(w.view(origin.lead, f).Sealed); len(h) != 0 {
			t.Errorf("the origin of a compromised case holds %v", h)
		}
		if h := held(w.view(host.lead, f).Sealed); !h[ailleurs.Need] || !h[ailleurs.Person] || !h[ailleurs.Arrival] {
			t.Errorf("the host of a compromised case holds %v", h)
		}
		if v := w.view(host.lead, f); !v.HasTask("new_ring") {
			t.Errorf("the host's lead is asked %v", v.Tasks)
		}
		for _, tail := range w.view(host.lead, f).Tails {
			if head := f.heads[folderKey(tail.Compartment, "")]; tail.Seq != head.Seq || tail.Hash != head.Hash || tail.Epoch != 1 {
				t.Errorf("%s is said to stand at %+v", tail.Compartment, tail)
			}
		}
		g, in := w.startsAgain(f, host)
		refusedAs(t, w.StartAgain(w.ctx, origin.lead.Actor, in, w.at), ailleurs.Forbidden, "case.not_your_part")
		refusedAs(t, w.StartAgain(w.ctx, host.second.Actor, in, w.at), ailleurs.Forbidden, "case.not_your_part")
		short := in
		short.Once, short.Keys = once(), slices.DeleteFunc(slices.Clone(in.Keys), func(k ailleurs.CompartmentKey) bool { return k.Compartment == ailleurs.Limits })
		refusedAt(t, w.StartAgain(w.ctx, host.lead.Actor, short, w.at), "again.key_missing", "keys")
		w.ok(w.StartAgain(w.ctx, host.lead.Actor, in, w.at))
		w.state(f, ailleurs.Draft)
		v := w.view(host.lead, g)
		if v.Part != ailleurs.OriginLead || v.Member != host.id || v.Signatory != host.signatory.Agent || v.Host != "" {
			t.Errorf("the host's lead is %s of a case from %s", v.Part, v.Member)
		}
		if h := held(v.Sealed); len(h) != 4 || !h[ailleurs.Limits] || !h[ailleurs.Threat] {
			t.Errorf("the host's lead holds %v", h)
		}
		_, err := w.Case(w.ctx, origin.lead.Actor, f.id, w.at)
		refused(t, err, "case.unknown")
		if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 0 {
			t.Errorf("%d places are still kept where nobody may stay", n)
		}
		for _, who := range []town{origin, host, w.towns[3]} {
			if who.id != host.id && !slices.Contains(v.Knows, who.id) {
				t.Errorf("a town that has read the file may be called again")
			}
		}
		again := w.call(g, ailleurs.Imminent, append([]town{w.towns[3]}, w.towns[6:10]...))
		refusedAt(t, w.Submit(w.ctx, host.lead.Actor, again, w.at), "call.knows_already", "rings[0][0]")
		again = w.call(g, ailleurs.Imminent, append([]town{origin}, w.towns[6:10]...))
		refusedAt(t, w.Submit(w.ctx, host.lead.Actor, again, w.at), "call.knows_already", "rings[0][0]")
		again = w.call(g, ailleurs.Normal, w.towns[6:11])
		refusedAt(t, w.Submit(w.ctx, host.lead.Actor, again, w.at), "call.compromised_is_urgent", "speed")
		// From here on it is a case like any other.
		w.submit(g, w.call(g, ailleurs.Imminent, w.towns[6:11]))
		w.endorse(g)
		w.state(g, ailleurs.Calling)
		s := w.proposes(g, w.towns[6])
		for _, t := range w.towns[7:11] {
			w.declines(g, t)
		}
		w.retain(g, s)
		next := w.towns[6]
		w.ok(w.Welcome(w.ctx, next.lead.Actor, w.welcome(g, next, s), w.at))
		w.handOver(g, next)
		w.depart(g, next)
		w.arrive(g, next)
		w.state(g, ailleurs.Following)
		if h := held(w.view(host.lead, g).Sealed); len(h) != 0 {
			t.Errorf("the town that was fled from still holds %v", h)
		}
		w.verified()
	})
}

// Before the departure the household is still with its origin, which keeps its keys and calls again; the host loses them.
func TestOriginCallsAgainWhileNobodyHasLeft(t *testing.T) {
	w := onSQLite(t, 12)
	f, host := w.preparing(ailleurs.Normal)
	w.compromise(f, host.second)
	if h := held(w.view(host.lead, f).Sealed); len(h) != 0 {
		t.Errorf("the host of a place that is known holds %v", h)
	}
	if h := held(w.view(f.origin.second, f).Sealed); !h[ailleurs.Limits] || !h[ailleurs.Person] {
		t.Errorf("the origin's second holds %v", h)
	}
	refusedAs(t, w.StartAgain(w.ctx, host.lead.Actor, ailleurs.StartAgain{Once: once(), Case: f.id}, w.at), ailleurs.Forbidden, "case.not_your_part")
	w.ok(w.StartAgain(w.ctx, f.origin.lead.Actor, ailleurs.StartAgain{
		Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Bodies: []ailleurs.SealedBody{f.body(f.origin.lead, ailleurs.Limits, "")}},
	}, w.at))
	w.state(f, ailleurs.Draft)
	_, err := w.Case(w.ctx, host.lead.Actor, f.id, w.at)
	refused(t, err, "case.unknown")
	if got := w.threadState(f, host); got != ailleurs.Released {
		t.Errorf("the host's thread is %s", got)
	}
	again := w.call(f, ailleurs.Urgent, append([]town{host}, w.towns[6:10]...))
	refusedAt(t, w.Submit(w.ctx, f.origin.lead.Actor, again, w.at), "call.knows_already", "rings[0][0]")
	w.submit(f, w.call(f, ailleurs.Urgent, w.towns[6:11]))
	w.endorse(f)
	w.state(f, ailleurs.Checking)
	w.verified()
}

// Nobody in danger is forgotten: a case that must begin again is asked about, never erased for being late.
func TestCaseThatBeginsAgainIsNotErasedForBeingLate(t *testing.T) {
	w := onSQLite(t, 12)
	f, host := w.following()
	w.compromise(f, host.lead)
	_, in := w.startsAgain(f, host)
	w.ok(w.StartAgain(w.ctx, host.lead.Actor, in, w.at))
	before := w.notices[host.second.Agent]
	w.pass(40 * 24 * time.Hour)
	w.state(f, ailleurs.Draft)
	if w.notices[host.second.Agent] < before+40 {
		t.Errorf("the pair was told %d times in forty days", w.notices[host.second.Agent]-before)
	}
}
