package relocation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

func TestOpeningIsSealedToLeadAndSecondAlone(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.opened(ailleurs.Normal)
	lead, second := w.view(f.origin.lead, f), w.view(f.origin.second, f)
	if h := held(lead.Sealed); len(h) != 4 {
		t.Errorf("the lead holds %v, want need, limits, person and threat", h)
	}
	if h := held(second.Sealed); len(h) != 3 || h[ailleurs.Threat] {
		t.Errorf("the second holds %v, want need, limits and person", h)
	}
	if v := w.view(f.origin.signatory, f); len(v.Sealed.Envelopes) != 0 {
		t.Errorf("the signatory of a draft holds %v", held(v.Sealed))
	}
	for _, who := range []hand{w.towns[1].lead, w.checker[0]} {
		_, err := w.Case(w.ctx, who.Actor, f.id, w.at)
		refusedAs(t, err, ailleurs.NotFound, "case.unknown")
	}
	w.verified()
}

// Every way in which a sealed part can be wrong is refused by its field, and nothing of the case is there afterwards.
func TestMalformedSealedPartsAreRefusedByField(t *testing.T) {
	w := onSQLite(t, 6)
	o := w.towns[0]
	for name, c := range map[string]struct {
		change     func(*ailleurs.NewCase)
		key, field string
	}{
		"classic body":              {func(in *ailleurs.NewCase) { shorten(&in.Bodies[0], 1459) }, "sealed.body_size", "bodies[0].data"},
		"oversized body":            {func(in *ailleurs.NewCase) { shorten(&in.Bodies[0], -5<<20) }, "sealed.body_too_large", "bodies[0].data"},
		"unpadded body":             {func(in *ailleurs.NewCase) { shorten(&in.Bodies[1], 1) }, "sealed.body_size", "bodies[1].data"},
		"damaged body":              {func(in *ailleurs.NewCase) { in.Bodies[1].Data[100] ^= 1 }, "sealed.damaged", "bodies[1].hash"},
		"body of another case":      {func(in *ailleurs.NewCase) { in.Bodies[2].Case = ailleurs.NewID[ailleurs.CaseID]() }, "sealed.wrong_case", "bodies[2].case"},
		"body of a later epoch":     {func(in *ailleurs.NewCase) { in.Bodies[0].Epoch = 2 }, "sealed.wrong_epoch", "bodies[0].epoch"},
		"body after nothing":        {func(in *ailleurs.NewCase) { in.Bodies[0].Seq, in.Bodies[0].Prev = 2, strings.Repeat("ab", 32) }, "sealed.not_the_head", "bodies[0].prev"},
		"body of another hand":      {func(in *ailleurs.NewCase) { in.Bodies[0].Author = o.second.Agent }, "sealed.wrong_author", "bodies[0].author"},
		"body without key":          {func(in *ailleurs.NewCase) { in.Bodies[0].Compartment = ailleurs.Course }, "sealed.no_key", "bodies[0].compartment"},
		"classic recipient":         {func(in *ailleurs.NewCase) { in.Keys[0].Recipient = "age1" + strings.Repeat("q", 58) }, "sealed.classic_recipient", "keys[0].recipient"},
		"key of another epoch":      {func(in *ailleurs.NewCase) { in.Keys[0].Epoch = 2 }, "sealed.wrong_epoch", "keys[0].epoch"},
		"key of the host's":         {func(in *ailleurs.NewCase) { in.Keys[0].Compartment = ailleurs.Arrival }, "sealed.not_your_compartment", "keys[0].compartment"},
		"unknown compartment":       {func(in *ailleurs.NewCase) { in.Keys[0].Compartment = "notes" }, "sealed.unknown_compartment", "keys[0].compartment"},
		"classic envelope":          {func(in *ailleurs.NewCase) { in.Envelopes[0].Data = in.Envelopes[0].Data[1459:] }, "sealed.envelope_size", "envelopes[0].data"},
		"oversized envelope":        {func(in *ailleurs.NewCase) { in.Envelopes[0].Data = noise(8 << 10) }, "sealed.envelope_too_large", "envelopes[0].data"},
		"envelope of a past":        {func(in *ailleurs.NewCase) { in.Envelopes[0].Expires = w.at }, "sealed.expired", "envelopes[0].expires"},
		"envelope for a year":       {func(in *ailleurs.NewCase) { in.Envelopes[0].Expires = w.at.AddDate(1, 0, 0) }, "sealed.expires_too_late", "envelopes[0].expires"},
		"envelope of an older key":  {func(in *ailleurs.NewCase) { in.Envelopes[0].KeyEpoch = 7 }, "sealed.key_changed", "envelopes[0].key_epoch"},
		"envelope of another epoch": {func(in *ailleurs.NewCase) { in.Envelopes[0].Epoch = 3 }, "sealed.wrong_epoch", "envelopes[0].epoch"},
		"envelope of another case":  {func(in *ailleurs.NewCase) { in.Envelopes[0].Case = ailleurs.NewID[ailleurs.CaseID]() }, "sealed.wrong_case", "envelopes[0].case"},
		"envelope of another hand":  {func(in *ailleurs.NewCase) { in.Envelopes[0].By = o.second.Agent }, "sealed.wrong_grantor", "envelopes[0].by"},
		"envelope for nobody of the case": {func(in *ailleurs.NewCase) {
			e := in.Envelopes[0]
			e.For = w.towns[1].lead.Agent
			in.Envelopes = append(in.Envelopes, e)
		}, "sealed.wrong_person", "envelopes[7].for"},
		"threat for the second": {func(in *ailleurs.NewCase) {
			e := in.Envelopes[6]
			e.Part, e.For = ailleurs.OriginSecond, o.second.Agent
			in.Envelopes = append(in.Envelopes, e)
		}, "sealed.never_holds", "envelopes[7].part"},
		"the same envelope twice": {func(in *ailleurs.NewCase) { in.Envelopes = append(in.Envelopes, in.Envelopes[0]) }, "sealed.twice", "envelopes[7]"},
		"a reader left out":       {func(in *ailleurs.NewCase) { in.Envelopes = in.Envelopes[1:] }, "sealed.reader_missing", "envelopes"},
		"no body":                 {func(in *ailleurs.NewCase) { in.Bodies = in.Bodies[1:] }, "case.body_missing", "bodies"},
		"second is lead":          {func(in *ailleurs.NewCase) { in.Second = o.lead.Agent }, "case.second_is_lead", "second"},
		"second of another town":  {func(in *ailleurs.NewCase) { in.Second = w.towns[1].second.Agent }, "case.agent_without_role", "second"},
		"signatory is no élu":     {func(in *ailleurs.NewCase) { in.Signatory = w.checker[0].Agent }, "case.agent_without_role", "signatory"},
		"unknown speed":           {func(in *ailleurs.NewCase) { in.Speed = "hurry" }, "case.unknown_speed", "speed"},
		"malformed id":            {func(in *ailleurs.NewCase) { in.Case = "69" }, "case.bad_id", "case"},
		"no key for a retry":      {func(in *ailleurs.NewCase) { in.Once = "" }, "once.missing", "once"},
	} {
		t.Run(name, func(t *testing.T) {
			_, in := w.newCase(o, ailleurs.Normal)
			c.change(&in)
			refusedAt(t, w.Open(w.ctx, o.lead.Actor, in, w.at), c.key, c.field)
		})
	}
	for _, table := range []string{"dossier", "body", "envelope", "compartment_key", "inbox", "idempotency"} {
		if n := w.count("SELECT count(*) FROM " + table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	w.verified()
}

// shorten takes n bytes off a body, or adds them, and keeps its hash right.
func shorten(b *ailleurs.SealedBody, n int) {
	if n < 0 {
		b.Data = append(b.Data, make([]byte, -n)...)
	} else {
		b.Data = b.Data[n:]
	}
	b.Hash = sum(b.Data)
}

func TestOnlyCaseworkersOpen(t *testing.T) {
	w := onSQLite(t, 6)
	_, in := w.newCase(w.towns[0], ailleurs.Normal)
	refusedAs(t, w.Open(w.ctx, w.towns[0].signatory.Actor, in, w.at), ailleurs.Forbidden, "actor.role_needed")
	w.write(func(tx *store.Tx) { _ = tx.Set("member", w.towns[0].id, store.Changes{"suspended_at": w.at}) })
	refusedAs(t, w.Open(w.ctx, w.towns[0].lead.Actor, in, w.at), ailleurs.Forbidden, "member.not_active")
}

func TestDoubleClickIsTakenOnce(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		_, in := w.newCase(w.towns[0], ailleurs.Normal)
		by := w.towns[0].lead.Actor
		w.ok(w.Open(w.ctx, by, in, w.at))
		w.ok(w.Open(w.ctx, by, in, w.at.Add(time.Second)))
		if n := w.count("SELECT count(*) FROM dossier"); n != 1 {
			t.Errorf("%d cases after a double click", n)
		}
		if n := w.count("SELECT count(*) FROM journal_entry WHERE kind = 'case.opened'"); n != 1 {
			t.Errorf("%d events after a double click", n)
		}
		_, other := w.newCase(w.towns[0], ailleurs.Normal)
		other.Once = in.Once
		refusedAs(t, w.Open(w.ctx, by, other, w.at), ailleurs.Conflict, "store.key_reused")
		_, again := w.newCase(w.towns[0], ailleurs.Normal)
		again.Case = in.Case
		for i := range again.Keys {
			again.Keys[i].Case, again.Bodies[i].Case = in.Case, in.Case
		}
		for i := range again.Envelopes {
			again.Envelopes[i].Case = in.Case
		}
		refusedAs(t, w.Open(w.ctx, by, again, w.at), ailleurs.Conflict, "case.exists")
		w.verified()
	})
}

// A body is the next of its chain or it is refused: nobody overwrites what they have not seen.
func TestSaveNeedsTheHead(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.opened(ailleurs.Normal)
	save := func(by hand, b ...ailleurs.SealedBody) error {
		return w.Save(w.ctx, by.Actor, ailleurs.Save{Once: once(), Case: f.id, Sealed: ailleurs.Sealed{Bodies: b}}, w.at)
	}
	stale := f.body(f.origin.second, ailleurs.Need, "")
	f.heads[folderKey(ailleurs.Need, "")] = w.view(f.origin.lead, f).Sealed.Bodies[1]
	mine := f.body(f.origin.lead, ailleurs.Need, "")
	w.ok(save(f.origin.lead, mine))
	refusedAs(t, save(f.origin.second, stale), ailleurs.Conflict, "sealed.not_the_head")
	v := w.view(f.origin.second, f)
	for _, b := range v.Sealed.Bodies {
		if b.Compartment == ailleurs.Need && b.Hash != mine.Hash {
			t.Error("the reader is handed an old body")
		}
	}
	refusedAt(t, save(f.origin.second, f.body(f.origin.second, ailleurs.Threat, "")), "sealed.not_your_compartment", "bodies[0].compartment")
	refused(t, save(f.origin.lead), "case.nothing_to_save")
	refusedAs(t, save(w.towns[1].lead, mine), ailleurs.NotFound, "case.unknown")

	f.sheet = ailleurs.CallSheet{}
	w.submit(f, w.call(f, ailleurs.Normal, w.towns[1:6]))
	refusedAs(t, save(f.origin.lead, f.body(f.origin.lead, ailleurs.Need, "")), ailleurs.Conflict, "call.card_is_signed")
	w.verified()
}

func TestDraftIsErasedAfterThirtyDays(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) {
		f := w.opened(ailleurs.Normal)
		w.pass(29 * 24 * time.Hour)
		w.state(f, ailleurs.Draft)
		w.pass(2 * 24 * time.Hour)
		w.state(f, ailleurs.Expired)
		for _, query := range []string{
			"SELECT count(*) FROM body WHERE data IS NOT NULL", "SELECT count(*) FROM envelope WHERE data IS NOT NULL",
			"SELECT count(*) FROM journal_entry WHERE case_id IS NOT NULL AND kind <> 'retention.erased'",
		} {
			if n := w.count(query); n != 0 {
				t.Errorf("%s: %d", query, n)
			}
		}
		w.verified()
	})
}

func TestReadIsRecordedBeforeAnythingIsHandedOut(t *testing.T) {
	w := onSQLite(t, 6)
	f := w.opened(ailleurs.Normal)
	before := w.count("SELECT count(*) FROM journal_entry")
	v := w.view(f.origin.lead, f)
	if len(v.Sealed.Envelopes) == 0 {
		t.Fatal("nothing handed out")
	}
	if n := w.count("SELECT count(*) FROM journal_entry WHERE kind = 'case.read' AND actor = $1 AND case_id = $2", f.origin.lead.Agent, f.id); n != 1 {
		t.Errorf("%d reads recorded, want 1", n)
	}
	if n := w.count("SELECT count(*) FROM journal_entry") - before; n != 1 {
		t.Errorf("one reading made %d events", n)
	}
	seen := w.view(f.origin.second, f)
	found := false
	for _, e := range seen.History {
		found = found || e.Kind == "case.read" && e.Actor == f.origin.lead.Agent
	}
	if !found {
		t.Error("the second does not see that the lead opened the case")
	}
	if fmt.Sprint(seen.Tasks) != "[]" {
		t.Errorf("the second of a draft has %v to do", seen.Tasks)
	}
}
