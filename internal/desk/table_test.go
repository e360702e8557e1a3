package desk

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// calling brings a case with this form to where its addressees have been called.
func (w *world) calling(t testing.TB, f DraftForm) *world {
	t.Helper()
	fresh := w.before(t, "open")
	if err := fresh.open(f); err != nil {
		t.Fatal(err)
	}
	for _, do := range []func() error{fresh.submit, fresh.attest, fresh.call, fresh.check} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	return fresh
}

// table lays cases before one of the coordinators.
func (w *world) table(t testing.TB, coordinator *vault.Trousseau, m *Market, cases ...*world) (*Table, []Left) {
	t.Helper()
	table := NewTable(m)
	var all []Dossier
	for _, c := range cases {
		all = append(all, c.dossier(coordinator))
	}
	left, err := table.Lay(w.desk(coordinator), all, now)
	if err != nil {
		t.Fatal(err)
	}
	return table, left
}

// where is which member each case is proposed.
func where(p Proposals) map[ailleurs.CaseID]string {
	out := make(map[ailleurs.CaseID]string)
	for _, one := range p.Placed {
		out[one.Case] = one.Name
	}
	return out
}

func never() bool { return false }

func TestEqualTokensKeepApartOrTogetherWithoutANetwork(t *testing.T) {
	w := newWorld(t)
	token := NewToken()
	typed := strings.ToUpper(strings.ReplaceAll(token, " ", " - ")) // as somebody types what they heard
	plain, rival, rival2, near, near2 := form(), form(), form(), form(), form()
	rival.Limits.Rivals, rival2.Limits.Rivals = []string{token}, []string{typed, NewToken()}
	near.Limits.StayNear, near2.Limits.StayNear = []string{token}, []string{typed}
	both := []ListedOffer{
		w.home(bordeaux, func(o *ListedOffer) { o.Free = 2 }), w.job(bordeaux, "33063", func(o *ListedOffer) { o.Free = 2 }),
		w.home(nantes, nil), w.job(nantes, "44109", func(o *ListedOffer) { o.Rome = "G1603" }), // a lesser job
	}
	one := []ListedOffer{w.home(bordeaux, nil), w.job(bordeaux, "33063", nil), w.home(nantes, nil), w.job(nantes, "44109", nil)}
	for name, test := range map[string]struct {
		offers []ListedOffer
		forms  [2]DraftForm
		want   []string
	}{
		"strangers":                        {both, [2]DraftForm{plain, plain}, []string{"Bordeaux", "Bordeaux"}},
		"rivals":                           {both, [2]DraftForm{rival, rival2}, []string{"Bordeaux", "Nantes"}},
		"a rival of somebody else":         {both, [2]DraftForm{rival, plain}, []string{"Bordeaux", "Bordeaux"}},
		"near":                             {both, [2]DraftForm{near, near2}, []string{"Bordeaux", "Bordeaux"}},
		"near, with places far from there": {one, [2]DraftForm{near, near2}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := w.calling(t, test.forms[0]), w.calling(t, test.forms[1])
			table, left := w.table(t, w.founders[0], w.market(t, test.offers...), a, b)
			if len(left) > 0 || table.Cases() != 2 {
				t.Fatalf("left %+v", left)
			}
			got := table.Solve(w.desk(w.founders[0]), never)
			var towns []string
			for _, name := range where(got) {
				towns = append(towns, name)
			}
			slices.Sort(towns)
			if diff := cmp.Diff(test.want, towns); diff != "" {
				t.Error(diff)
			}
			if len(got.Placed)+len(got.Unplaced) != 2 {
				t.Errorf("%d placed and %d not", len(got.Placed), len(got.Unplaced))
			}
		})
	}
	wrong := form()
	wrong.Limits.Rivals = []string{"le clan du quai"}
	err := w.before(t, "open").open(wrong)
	if r := ailleurs.AsRefusal(err); r == nil || r.Field != "limits.rivals[0]" {
		t.Errorf("a network was named: %v", err)
	}
}

func TestTheTableSaysWhyAndWhatWouldHelp(t *testing.T) {
	w := newWorld(t)
	a, b := w.calling(t, form()), w.calling(t, form())
	m := w.market(t, w.home(bordeaux, nil), w.job(bordeaux, "33063", func(o *ListedOffer) { o.Free = 2 }), w.home(villeurbanne, nil))
	table, _ := w.table(t, w.founders[1], m, a, b)
	got := table.Solve(w.desk(w.founders[1]), never)
	if len(got.Placed) != 1 || got.Placed[0].Name != "Bordeaux" || got.Placed[0].Words == "" {
		t.Fatalf("placed %+v", got.Placed)
	}
	if diff := cmp.Diff([]string{"rank.home", "rank.called", "rank.job_here", "rank.far"}, keysIn(got.Placed[0].Items)); diff != "" {
		t.Errorf("reasons:\n%s", diff)
	}
	if len(got.Unplaced) != 1 || len(got.Unplaced[0].Items) == 0 || got.Unplaced[0].Items[0].Key != "because.places_taken" {
		t.Errorf("unplaced %+v", got.Unplaced)
	}
	if len(got.Help) != 1 || got.Help[0].Item.Key != "help.home" || got.Help[0].Item.Args["town"] != "Bordeaux" || len(got.Help[0].Words) != 1 {
		t.Errorf("what would help: %+v", got.Help)
	}
	// Whoever decides otherwise is shown the same towns, the excluded ones with why.
	choices, err := table.Choices(w.desk(w.founders[1]), got.Unplaced[0].Case)
	if err != nil || len(choices.Towns) != 1 || said(choices.Excluded)["Villeurbanne"] == nil || choices.Towns[0].Home == "" || len(choices.Towns[0].Jobs) != 1 {
		t.Errorf("choices %+v, %v", choices, err)
	}
}

// A day without offers, and a day without a list, are said plainly; nothing breaks on them.
func TestATableWithoutOffersSaysSo(t *testing.T) {
	w := newWorld(t)
	c := w.calling(t, form())
	me := w.desk(w.founders[0])
	for day, want := range map[ailleurs.Date]string{"2026-11-23": "rank.no_homes", "": "rank.no_list"} {
		l := w.listing()
		l.Day = day
		m, err := NewMarket(l, w.ground)
		if err != nil {
			t.Fatal(err)
		}
		table, _ := w.table(t, w.founders[0], m, c)
		got := table.Solve(me, never)
		if len(got.Placed) > 0 || len(got.Unplaced) != 1 || !slices.Contains(keysIn(got.Notes), want) || !slices.Contains(keysIn(got.Unplaced[0].Items), "because.no_home") {
			t.Errorf("proposals %+v", got)
		}
		var file bytes.Buffer
		if err := table.Export(me, &file); err != nil {
			t.Fatal(err)
		}
		if _, err := match.Read(&file); err != nil && day != "" {
			t.Errorf("the export: %v", err)
		}
	}
}

func TestACaseThatTheCoordinatorCannotOpenIsLeft(t *testing.T) {
	w := newWorld(t)
	mine, other := w.calling(t, form()), w.calling(t, form())
	m := w.market(t)
	blind := other.dossier(w.founders[0])
	blind.Sealed.Envelopes = slices.DeleteFunc(blind.Sealed.Envelopes, func(e ailleurs.SealedEnvelope) bool { return e.Compartment == ailleurs.Limits })
	table := NewTable(m)
	left, err := table.Lay(w.desk(w.founders[0]), []Dossier{blind, mine.dossier(w.founders[0]), mine.dossier(w.founders[0])}, now)
	if err != nil || table.Cases() != 1 {
		t.Fatalf("%d cases are on the table, %v", table.Cases(), err)
	}
	if diff := cmp.Diff([]Left{{other.c.ID, Item{Key: "table.without_limits"}}}, left); diff != "" {
		t.Error(diff)
	}
	_, left = w.table(t, w.founders[2], m, mine) // not one of the two
	if len(left) != 1 {
		t.Error("a third coordinator has a case on the table")
	}
}

func TestAnExportNamesNothingAndItsPlanComesBack(t *testing.T) {
	w := newWorld(t)
	token := NewToken()
	f, g := form(), form()
	f.Limits.Rivals, g.Limits.Rivals = []string{token}, []string{token}
	f.Card.Housing = []ailleurs.HousingKind{ailleurs.Studio}
	a, b, c := w.calling(t, f), w.calling(t, g), w.calling(t, form())
	offers := []ListedOffer{
		w.home(bordeaux, func(o *ListedOffer) { o.Free = 2 }), w.job(bordeaux, "33281", func(o *ListedOffer) { o.Free = 2 }),
		w.home(nantes, nil), w.job(nantes, "44109", nil), w.home(villeurbanne, nil), w.job(villeurbanne, "69266", nil),
		w.home(lille, func(o *ListedOffer) { o.Housing = ailleurs.Hostel }), w.job(lille, "59350", nil),
	}
	m := w.market(t, offers...)
	me := w.desk(w.founders[0])
	table, _ := w.table(t, w.founders[0], m, a, b, c)
	want := where(table.Solve(me, never))
	var file, again bytes.Buffer
	for _, out := range []*bytes.Buffer{&file, &again} {
		if err := table.Export(me, out); err != nil {
			t.Fatal(err)
		}
	}
	secrets := []string{string(a.c.ID), string(b.c.ID), string(c.c.ID), "69123", "d:69", token, strings.Fields(token)[0]}
	for _, o := range offers {
		secrets = append(secrets, string(o.ID), string(o.Member))
	}
	for _, s := range table.seekers {
		secrets = append(secrets, s.card.Words)
	}
	for _, secret := range secrets {
		if strings.Contains(file.String(), secret) {
			t.Errorf("the export holds %q", secret)
		}
	}
	in, err := match.Read(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatalf("what `ailleurs match` says of the export: %v", err)
	}
	if len(in.Households) != 3 || len(in.Apart) != 1 || strings.Contains(again.String(), in.Households[0].ID) {
		t.Errorf("%d households, %d pairs; two exports share names: %v", len(in.Households), len(in.Apart), strings.Contains(again.String(), in.Households[0].ID))
	}
	plan := match.Solve(in, match.Options{Prices: 3})
	back := func(table *Table, d *Desk, plan *match.Plan) (Proposals, string) {
		var text bytes.Buffer
		if err := plan.Write(&text); err != nil {
			t.Fatal(err)
		}
		got, err := table.Import(d, &text)
		if r := ailleurs.AsRefusal(err); r != nil {
			return got, r.Key
		} else if err != nil {
			t.Fatal(err)
		}
		return got, ""
	}
	got, refused := back(table, me, plan)
	if refused != "" || len(got.Placed) != len(want) || len(got.Placed) < 2 {
		t.Fatalf("refused %q, placed %v, want as many as %v", refused, where(got), want)
	}
	for _, p := range got.Placed {
		if len(p.Items) < 2 || p.Words == "" {
			t.Errorf("a proposal without its reasons: %+v", p)
		}
	}
	altered := *plan
	altered.Placements = slices.Clone(plan.Placements)
	altered.Placements[0].Home = altered.Placements[1].Home
	if _, refused := back(table, me, &altered); refused != "table.other_plan" {
		t.Errorf("an altered plan: %q", refused)
	}
	if _, refused := back(table, w.desk(w.founders[1]), plan); refused != "table.other_plan" {
		t.Errorf("somebody else's plan: %q", refused)
	}
	fewer, _ := w.table(t, w.founders[0], m, a, b)
	if _, refused := back(fewer, me, plan); refused != "table.other_plan" {
		t.Errorf("the plan of another table: %q", refused)
	}
}

func TestASuggestionIsBelievedFromACoordinatorForItsCaseOnly(t *testing.T) {
	w := newWorld(t)
	c := w.calling(t, form())
	m := w.market(t, w.home(bordeaux, nil), w.job(bordeaux, "33063", nil), w.home(villeurbanne, nil))
	me := w.desk(w.founders[0])
	table, _ := w.table(t, w.founders[0], m, c)
	one := table.Solve(me, never).Placed[0]
	s := ailleurs.Suggestion{Case: c.c.ID, Member: one.Member, Home: one.Home, Jobs: one.Jobs}
	posted, err := table.Suggest(me, w.key(), s, now)
	if err != nil {
		t.Fatal(err)
	}
	aside, err := table.Suggest(me, w.key(), ailleurs.Suggestion{Case: c.c.ID, Instead: one.Member, Overridden: true, Override: "known_full"}, now.Add(1))
	if err != nil || len(aside.Note.Data) != len(posted.Note.Data) {
		t.Fatalf("setting aside shows by its length, %d and %d bytes: %v", len(aside.Note.Data), len(posted.Note.Data), err)
	}
	if _, err := table.Suggest(me, w.key(), ailleurs.Suggestion{Case: c.c.ID, Member: w.towns[villeurbanne].id, Home: one.Home}, now); err == nil {
		t.Error("an excluded member was suggested")
	}

	// What the origin reads, whatever else lies among the notes.
	shown := func(reader *vault.Trousseau, notes ...ailleurs.SealedBody) []Row {
		h := c.dossier(reader)
		h.Sealed.Bodies = append(h.Sealed.Bodies, notes...)
		o, err := c.desk(reader).OpenDossier(h, now)
		if err != nil {
			t.Fatal(err)
		}
		return o.Sheets["suggestions"]
	}
	for _, reader := range []*vault.Trousseau{w.lyon().lead, w.lyon().second, w.founders[1]} {
		rows := shown(reader, posted.Note, aside.Note)
		if len(rows) != 2 || rows[1].Items[0].Key != "suggestion.call" || rows[1].Items[0].Args["town"] != "Bordeaux" ||
			rows[0].Items[0].Key != "suggestion.not" || rows[0].Items[1].Key != "suggestion.why.known_full" {
			t.Errorf("shown %+v", rows)
		}
	}
	h := c.dossier(w.lyon().lead)
	h.Sealed.Bodies = append(h.Sealed.Bodies, posted.Note)
	ranked, err := c.desk(w.lyon().lead).Rank(m, h, now)
	if err != nil || ranked.Towns[0].Items[0].Key != "rank.suggested" {
		t.Errorf("the ranking does not say what the coordination suggests: %+v, %v", ranked.Towns, err)
	}

	forge := func(by *vault.Trousseau, change func(*ailleurs.Suggestion, *ailleurs.Statement)) ailleurs.SealedBody {
		s := s
		st := ailleurs.Statement{Purpose: ailleurs.ToSuggest, Subject: string(s.Case), By: by.Agent, Epoch: by.Epoch, At: now}
		s.Town = "Bordeaux"
		text, _ := json.Marshal(s)
		st.Digest = digestOf(string(text))
		change(&s, &st)
		text, _ = json.Marshal(s)
		content, _ := json.Marshal(noted{string(text), must(vault.Sign(by, st.Text()))})
		return must(vault.SealNote(table.keys[c.c.ID], content, now))
	}
	keep := func(*ailleurs.Suggestion, *ailleurs.Statement) {}
	if rows := shown(w.lyon().lead, forge(w.founders[2], keep)); len(rows) != 1 {
		t.Fatal("the forger's tools are broken")
	}
	for name, note := range map[string]ailleurs.SealedBody{
		"by a caseworker":       forge(w.bordeaux().lead, keep),
		"changed after signing": forge(w.founders[0], func(s *ailleurs.Suggestion, _ *ailleurs.Statement) { s.Town = "Nice" }),
		"for another purpose":   forge(w.founders[0], func(_ *ailleurs.Suggestion, st *ailleurs.Statement) { st.Purpose = ailleurs.ToCheck }),
		"for another case": forge(w.founders[0], func(_ *ailleurs.Suggestion, st *ailleurs.Statement) {
			st.Subject = string(ailleurs.NewID[ailleurs.CaseID]())
		}),
		"about another case": forge(w.founders[0], func(s *ailleurs.Suggestion, st *ailleurs.Statement) {
			s.Case = ailleurs.NewID[ailleurs.CaseID]()
			t2, _ := json.Marshal(s)
			st.Digest = digestOf(string(t2))
		}),
		"no suggestion": must(vault.SealNote(table.keys[c.c.ID], []byte("bonjour"), now)),
	} {
		if rows := shown(w.lyon().lead, note); len(rows) != 0 {
			t.Errorf("a note %s is believed: %+v", name, rows)
		}
	}
	if rows := shown(w.lyon().lead, posted.Note, posted.Note); len(rows) != 1 {
		t.Errorf("a note repeated is shown %d times", len(rows))
	}
}
