package relocation_test

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// redirects reads and names another member for a town; which one is sealed.
func (w *world) redirects(f *file, t town) ailleurs.ThreadID {
	w.Helper()
	w.read(f, t)
	in := w.answer(f, t, ailleurs.Redirect, nil)
	w.ok(w.Answer(w.ctx, t.lead.Actor, in, w.at))
	return in.Sheet.Thread
}

// addition is what the origin's lead hands in to call upon the member that a redirect has named.
func (w *world) addition(f *file, after ailleurs.ThreadID, t town) ailleurs.Add {
	w.Helper()
	o := f.origin
	in := ailleurs.Add{Once: once(), Sheet: ailleurs.Addition{
		Case: f.id, Call: f.sheet.Call, Sheet: f.sheet.Digest(), After: after, Member: t.id, CreatedAt: w.at,
	}}
	for part, h := range map[ailleurs.Part]hand{
		ailleurs.AddresseeLead: t.lead, ailleurs.AddresseeSecond: t.second, ailleurs.AddresseeSignatory: t.signatory,
	} {
		e := w.envelope(f, o.lead, ailleurs.Need, "", h, part)
		e.Member, e.Ring = t.id, 1
		in.Envelopes = append(in.Envelopes, e)
	}
	in.Signed = w.sign(o.lead, ailleurs.ToAdd, string(f.sheet.Call), in.Sheet.Digest())
	return in
}

func (w *world) agrees(h hand, in ailleurs.Add) error {
	return w.AgreeToAdd(w.ctx, h.Actor, w.signature(h, ailleurs.ToAdd, string(in.Sheet.Call), in.Sheet.Digest()), w.at)
}

// A member that a redirect named is called upon under the interpellation as it stands, once the lead, the second and a
// coordinator have signed; until then nobody of it is handed anything, and the call does not move on without it.
func TestRedirectAddsAnAddresseeWithThreeSignatures(t *testing.T) {
	eachWorld(t, 9, func(t *testing.T, w *world) {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		after := w.redirects(f, w.towns[1])
		for _, town := range w.towns[2:6] {
			w.declines(f, town)
		}
		w.state(f, ailleurs.Calling) // the redirect waits for the origin
		o, next := f.origin, w.towns[7]
		v := w.view(o.lead, f)
		if !v.HasTask("redirect") {
			t.Errorf("the origin's lead is asked %v", v.Tasks)
		}
		in := w.addition(f, after, next)
		refusedAs(t, w.Add(w.ctx, o.second.Actor, in, w.at), ailleurs.Forbidden, "case.not_your_part")
		refusedAt(t, w.Add(w.ctx, o.lead.Actor, w.addition(f, after, w.towns[2]), w.at), "call.addressee_twice", "member")
		refusedAt(t, w.Add(w.ctx, o.lead.Actor, w.addition(f, after, o), w.at), "call.calls_itself", "member")
		refused(t, w.Add(w.ctx, o.lead.Actor, w.addition(f, w.threadOf(f, w.towns[2]), next), w.at), "add.no_redirect")
		short := w.addition(f, after, next)
		short.Envelopes = short.Envelopes[:2]
		refused(t, w.Add(w.ctx, o.lead.Actor, short, w.at), "sealed.reader_missing")
		in = w.addition(f, after, next)
		w.ok(w.Add(w.ctx, o.lead.Actor, in, w.at))
		refused(t, w.Add(w.ctx, o.lead.Actor, w.addition(f, after, w.towns[8]), w.at), "add.no_redirect")
		if _, err := w.Case(w.ctx, next.lead.Actor, f.id, w.at); ailleurs.AsRefusal(err) == nil {
			t.Error("a member that nobody has agreed to add knows of the case")
		}
		refusedAs(t, w.agrees(o.lead, in), ailleurs.Forbidden, "case.not_your_part")
		w.ok(w.agrees(w.checker[1], in))
		if n := w.count("SELECT count(*) FROM thread WHERE member_id = $1", next.id); n != 0 {
			t.Error("its thread opened with one signature beside the lead's")
		}
		if v := w.view(o.second, f); !v.HasTask("add") {
			t.Errorf("the second is asked %v", v.Tasks)
		}
		w.ok(w.agrees(o.second, in))
		if h := held(w.read(f, next).Sealed); !h[ailleurs.Need] {
			t.Errorf("the added addressee holds %v", h)
		}
		s := w.proposes(f, next)
		w.state(f, ailleurs.Choosing)
		w.retain(f, s)
		w.ok(w.Welcome(w.ctx, next.lead.Actor, w.welcome(f, next, s), w.at))
		w.verified()
	})
}

// A redirect holds the call up for as long as its thread could have run, and not at all once the origin sets it aside.
func TestRedirectThatNobodyFollowsLetsTheCallGoOn(t *testing.T) {
	for name, pass := range map[string]func(w *world, f *file, after ailleurs.ThreadID){
		"set aside": func(w *world, f *file, after ailleurs.ThreadID) {
			refusedAs(w, w.SetAside(w.ctx, w.towns[1].lead.Actor, ailleurs.OnThread{Once: once(), Thread: after}, w.at), ailleurs.Forbidden, "case.not_your_part")
			w.ok(w.SetAside(w.ctx, f.origin.second.Actor, ailleurs.OnThread{Once: once(), Thread: after}, w.at))
		},
		"too late": func(w *world, _ *file, _ ailleurs.ThreadID) { w.pass(20 * 24 * time.Hour) },
		"added, and nobody agrees": func(w *world, f *file, after ailleurs.ThreadID) {
			in := w.addition(f, after, w.towns[7])
			w.ok(w.Add(w.ctx, f.origin.lead.Actor, in, w.at))
			w.state(f, ailleurs.Calling)
			w.pass(20 * 24 * time.Hour)
			refused(w, w.agrees(f.origin.second, in), "case.not_now")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := onSQLite(t, 9)
			f := w.calling(ailleurs.Normal, w.towns[1:6])
			after := w.redirects(f, w.towns[1])
			for _, town := range w.towns[2:6] {
				w.declines(f, town)
			}
			w.state(f, ailleurs.Calling)
			pass(w, f, after)
			w.state(f, ailleurs.Expired) // one ring, and nobody in it has a place
			w.verified()
		})
	}
}
