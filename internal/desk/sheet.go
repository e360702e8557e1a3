package desk

import (
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A Row is one line of what a reader is shown of a compartment: a label and its items, as message keys with arguments
// where the catalogue has words for them, as text where a person wrote it.
type Row struct {
	Label string            `json:"label"`
	Args  map[string]string `json:"args,omitempty"`
	Items []Item            `json:"items"`
}

// An Item is a key of the catalogue with its arguments, a text, or a member whom the page names.
type Item struct {
	Key    string            `json:"key,omitempty"`
	Args   map[string]string `json:"args,omitempty"`
	Text   string            `json:"text,omitempty"`
	Member ailleurs.MemberID `json:"member,omitempty"`
}

type rows []Row

func (r *rows) keys(label string, keys ...string) {
	row := Row{Label: label}
	for _, k := range keys {
		row.Items = append(row.Items, Item{Key: k})
	}
	if len(row.Items) > 0 {
		*r = append(*r, row)
	}
}

func (r *rows) text(label string, texts ...string) {
	row := Row{Label: label}
	for _, t := range texts {
		if t != "" {
			row.Items = append(row.Items, Item{Text: t})
		}
	}
	if len(row.Items) > 0 {
		*r = append(*r, row)
	}
}

func keyed[S ~string](prefix string, values []S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = prefix + string(v)
	}
	return out
}

// CardRows shows a card.
func (d *Desk) CardRows(c ailleurs.Card) []Row {
	var r rows
	r.text("need.words", c.Words)
	r.keys("need.speed", "speed."+string(c.Speed))
	r = append(r, Row{Label: "need.household", Items: []Item{{Key: "need.persons", Args: map[string]string{"n": strconv.Itoa(len(c.Members))}}}})
	for i, m := range c.Members {
		row := Row{Label: "need.member", Args: map[string]string{"n": strconv.Itoa(i + 1)}, Items: []Item{{Key: "age." + string(m.Age)}}}
		for _, code := range m.Rome {
			row.Items = append(row.Items, Item{Key: "rome." + code})
		}
		for _, flag := range []struct {
			on  bool
			key string
		}{
			{m.AnyJob, "need.any_job"},
			{m.Training, "need.training"},
			{m.Licence, "need.licence"},
			{m.Vehicle, "need.vehicle"},
			{m.Nights, "need.nights"},
			{!m.Works, "need.no_work"},
		} {
			if flag.on {
				row.Items = append(row.Items, Item{Key: flag.key})
			}
		}
		if m.Works {
			row.Items = append(row.Items, Item{Key: "level." + strconv.Itoa(m.Level)})
		}
		r = append(r, row)
	}
	if len(c.Housing) == 0 {
		r.keys("need.housing", "housing.any")
	} else {
		r.keys("need.housing", keyed("housing.", c.Housing)...)
	}
	if c.Accessible {
		r.keys("need.accessible", "word.yes")
	}
	r.text("need.from", string(c.From))
	r = append(r, d.placeRows("need.prefer", c.Prefer)...)
	r.keys("need.support", keyed("support.", c.Support)...)
	return r
}

// Glance is a card in a line of a list: how many, which ages, which work.
func Glance(c ailleurs.Card) []Row {
	row := Row{Label: "need.household", Items: []Item{{Key: "need.persons", Args: map[string]string{"n": strconv.Itoa(len(c.Members))}}}}
	for _, m := range c.Members {
		row.Items = append(row.Items, Item{Key: "age." + string(m.Age)})
		if len(m.Rome) > 0 {
			row.Items = append(row.Items, Item{Key: "rome." + m.Rome[0]})
		}
	}
	return []Row{row}
}

// placeRows names places by their keys where the communes are at hand, and says their codes otherwise.
func (d *Desk) placeRows(label string, keys []string) []Row {
	row := Row{Label: label}
	for _, k := range keys {
		row.Items = append(row.Items, d.place(k))
	}
	if len(row.Items) == 0 {
		return nil
	}
	return []Row{row}
}

func (d *Desk) place(key string) Item {
	kind, code, _ := strings.Cut(key, ":")
	if kind == "m" {
		return Item{Member: ailleurs.MemberID(code)}
	}
	if d.Communes != nil {
		switch kind {
		case "c":
			if c, ok := d.Communes.Commune(code); ok {
				return Item{Text: c.Label()}
			}
		case "d":
			if p, ok := d.Communes.Departement(code); ok {
				return Item{Text: p.Name}
			}
		case "r":
			if p, ok := d.Communes.Region(code); ok {
				return Item{Text: p.Name}
			}
		}
	}
	return Item{Key: "place." + kind, Args: map[string]string{"code": code}}
}

// limitRows shows the limits: the communes of the circle around home are counted, not listed.
func (d *Desk) limitRows(l ailleurs.LimitSet) []Row {
	var r rows
	circle, others := 0, []string(nil)
	for _, k := range l.Excluded {
		if strings.HasPrefix(k, "c:") && k != "c:"+l.Home {
			circle++
		} else {
			others = append(others, k)
		}
	}
	r = append(r, d.placeRows("limits.excluded", others)...)
	if circle > 0 {
		r = append(r, Row{Label: "limits.circle", Items: []Item{{Key: "limits.communes", Args: map[string]string{"n": strconv.Itoa(circle)}}}})
	}
	if l.Lowered {
		r.keys("limits.lowered", "word.yes")
	}
	r.text("limits.fewer_why", l.FewerWhy)
	r.text("limits.rivals", l.Rivals...)
	r.text("limits.stay_near", l.StayNear...)
	return r
}

func personRows(p ailleurs.PersonFile) []Row {
	var r rows
	r.text("person.name", p.Name)
	r.text("person.born", string(p.Born))
	r.text("person.safe_contact", p.SafeContact)
	r.text("person.safe_hours", p.SafeHours)
	r.text("person.household", p.Household)
	r.text("person.left_behind", p.LeftBehind)
	r.keys("person.papers", keyed("paper.", p.PapersSeen)...)
	if p.Authority != "" {
		r.keys("person.authority", "authority."+string(p.Authority))
	}
	if p.ParentsDanger {
		r.keys("person.parents_danger", "word.yes")
	}
	r.keys("person.agreements", keyed("agreement.", p.Agreements)...)
	return r
}

func threatRows(t ailleurs.ThreatFile) []Row {
	var r rows
	r.text("threat.where", t.Where)
	r.text("threat.whom", t.Whom)
	r.text("threat.since", string(t.Since))
	r.text("threat.notes", t.Notes)
	return r
}

// AnswerRows shows an answer.
func (d *Desk) AnswerRows(a ailleurs.AnswerFile) []Row {
	var r rows
	r.keys("answer.kind", "answer_kind."+string(a.Kind))
	if a.Bundle != nil {
		r = append(r, d.bundleRows(*a.Bundle)...)
	}
	r.keys("answer.differs", keyed("difference.", a.Differs)...)
	r.text("answer.from", string(a.From))
	for _, p := range []struct {
		label string
		payer ailleurs.Payer
	}{{"answer.travel", a.Travel}, {"answer.first_night", a.FirstNight}, {"answer.first_month", a.FirstMonth}} {
		if p.payer != "" {
			r.keys(p.label, "payer."+string(p.payer))
		}
	}
	r.keys("answer.conditions", keyed("condition.", a.Conditions)...)
	if a.Reason != "" {
		r.keys("answer.reason", "decline."+string(a.Reason))
	}
	if a.Question != "" {
		r.keys("answer.question", "question."+string(a.Question))
	}
	r.keys("answer.replies", keyed("reply.", a.Replies)...)
	if a.Redirect != "" {
		r = append(r, Row{Label: "answer.redirect", Items: []Item{{Member: a.Redirect}}})
	}
	return r
}

// bundleRows says what the places of a proposal are.
func (d *Desk) bundleRows(b ailleurs.Bundle) []Row {
	home := Row{Label: "answer.home", Items: []Item{
		{Key: "housing." + string(b.Home.Housing)}, {Key: "answer.home_size", Args: map[string]string{"n": strconv.Itoa(b.Home.Persons)}},
	}}
	if b.Home.Rooms > 0 {
		home.Items = append(home.Items, Item{Key: "answer.home_rooms", Args: map[string]string{"n": strconv.Itoa(b.Home.Rooms)}})
	}
	if b.Home.Accessible {
		home.Items = append(home.Items, Item{Key: "answer.home_accessible"})
	}
	out := []Row{home}
	for i, j := range b.Jobs {
		row := Row{Label: "answer.job", Args: map[string]string{"n": strconv.Itoa(i + 1)}, Items: []Item{
			{Key: "rome." + j.Rome}, {Key: "contract." + string(j.Contract)}, {Key: "hours." + string(j.Hours)},
		}}
		if j.Licence {
			row.Items = append(row.Items, Item{Key: "answer.job_licence"})
		}
		out = append(out, row)
	}
	return out
}

func arrivalRows(a ailleurs.ArrivalFile) []Row {
	var r rows
	r.text("arrival.address", a.Address)
	r.text("arrival.employer", a.Employer)
	r.text("arrival.school", a.School)
	r.text("arrival.route", a.Route)
	r.text("arrival.date", string(a.Date))
	r.text("arrival.escort", a.Escort)
	r.keys("arrival.plan", keyed("step.", a.Plan)...)
	return r
}

func courseRows(c ailleurs.CourseFile) []Row {
	var out rows
	for _, e := range c.Entries {
		row := Row{Label: "course.day", Args: map[string]string{"n": strconv.Itoa(e.Day)}}
		for _, part := range []string{e.Ties, e.Lonely, e.Return, e.LeftHome, e.Note} {
			if part != "" {
				row.Items = append(row.Items, Item{Text: part})
			}
		}
		if len(row.Items) == 0 {
			row.Items = []Item{{Key: "course.no_words"}}
		}
		out = append(out, row)
	}
	return out
}

// An Opened is everything that one reader may see of a case or thread: rows by compartment, an answer under its thread,
// and what its forms start from.
type Opened struct {
	Sheets map[string][]Row `json:"sheets"`
	Values map[string]any   `json:"values"` // by compartment, as it was sealed
	Forms  map[string]any   `json:"forms,omitempty"`
}

// OpenDossier opens whatever of a case is sealed to the reader, and what its forms start from.
func (d *Desk) OpenDossier(h Dossier, at time.Time) (Opened, error) {
	out, err := d.openAll(h.pile(), h.Threads, at)
	if err != nil {
		return out, err
	}
	draft := map[string]any{}
	for name, field := range map[ailleurs.Compartment]string{
		ailleurs.Need: "card", ailleurs.Limits: "limits", ailleurs.Person: "person", ailleurs.Threat: "threat",
	} {
		v, ok := out.Values[string(name)]
		if l, limits := v.(ailleurs.LimitSet); limits {
			v = d.shown(l)
		}
		if ok {
			draft[field] = v
		}
	}
	out.Forms = map[string]any{"draft": draft}
	if v, ok := out.Values[string(ailleurs.Arrival)]; ok {
		out.Forms["arrival"] = v
	}
	return out, nil
}

// OpenCards opens the cards of a list, each under the id of its case, with the heads of all of them. A card that is
// refused says so on its line: one bad envelope must not close the whole list. A journal that is refused does.
func (d *Desk) OpenCards(cases []ailleurs.CaseID, sealed ailleurs.Sealed, heads *Heads, at time.Time) (Opened, error) {
	out := Opened{Sheets: map[string][]Row{}, Values: map[string]any{}}
	if heads != nil {
		if _, err := d.journal(heads); err != nil {
			return out, err
		}
	}
	for _, id := range cases {
		one := ailleurs.Sealed{}
		for _, e := range sealed.Envelopes {
			if e.Case == id {
				one.Envelopes = append(one.Envelopes, e)
			}
		}
		for _, b := range sealed.Bodies {
			if b.Case == id {
				one.Bodies = append(one.Bodies, b)
			}
		}
		opened, err := d.openAll(d.glance(id, one, heads), nil, at)
		if r := ailleurs.AsRefusal(err); r != nil {
			out.Sheets[string(id)] = []Row{{Label: "sheet.refused", Items: []Item{{Key: r.Key, Args: r.Args}}}}
			continue
		}
		if err != nil {
			return out, err
		}
		if card, ok := opened.Values[string(ailleurs.Need)].(ailleurs.Card); ok {
			out.Sheets[string(id)], out.Values[string(id)] = Glance(card), card.Words
		}
	}
	return out, nil
}

// OpenThread opens whatever of a thread is sealed to the reader.
func (d *Desk) OpenThread(t Thread, at time.Time) (Opened, error) {
	return d.openAll(t.pile(), nil, at)
}

// glance is a pile of which only the envelopes say who plays what: a list shows cards by the keys and posts that the
// register knows; that they are of the case's circle, the page of the case finds out.
func (d *Desk) glance(id ailleurs.CaseID, sealed ailleurs.Sealed, heads *Heads) pile {
	p := pile{dossier: id, sealed: sealed, heads: heads, named: vault.Circle{}}
	for _, e := range sealed.Envelopes {
		if !d.mine(e) {
			continue
		}
		if p.part == "" {
			p.part = e.Part
		}
		p.named[e.Part] = append(p.named[e.Part], d.me())
		for _, part := range ailleurs.Writers[ailleurs.Person] {
			p.named[part] = append(p.named[part], e.By)
		}
	}
	for _, b := range sealed.Bodies {
		p.named[ailleurs.OriginLead] = append(p.named[ailleurs.OriginLead], b.Author)
	}
	return p
}

func (d *Desk) openAll(p pile, threads []Line, at time.Time) (Opened, error) {
	out := Opened{Sheets: map[string][]Row{}, Values: map[string]any{}}
	for _, f := range d.folders(p) {
		if f.Dossier != p.dossier {
			return out, ailleurs.Refuse("vault.wrong_dossier", "envelopes")
		}
		q := p
		for _, l := range threads {
			if l.ID == f.Thread {
				q = p.answers(l.Member)
			}
		}
		o, err := d.open(q, f, at)
		if err != nil {
			return out, err
		}
		if o == nil || o.Body == nil {
			continue
		}
		name := string(f.Compartment)
		if f.Thread != "" {
			name += "." + string(f.Thread)
		}
		if out.Sheets[name], out.Values[name], err = d.show(o); err != nil {
			return out, err
		}
		if f.Compartment == ailleurs.Limits {
			if told := d.suggestionRows(p.dossier, o); len(told) > 0 {
				out.Sheets["suggestions"] = told
			}
		}
	}
	return out, nil
}

func (d *Desk) show(b *vault.Opened) ([]Row, any, error) {
	switch b.Folder.Compartment {
	case ailleurs.Need:
		var c ailleurs.Card
		err := read(b, &c)
		return d.CardRows(c), c, err
	case ailleurs.Limits:
		var l ailleurs.LimitSet
		err := read(b, &l)
		return d.limitRows(l), l, err
	case ailleurs.Person:
		var p ailleurs.PersonFile
		err := read(b, &p)
		return personRows(p), p, err
	case ailleurs.Threat:
		var t ailleurs.ThreatFile
		err := read(b, &t)
		return threatRows(t), t, err
	case ailleurs.Answer:
		var a ailleurs.AnswerFile
		err := read(b, &a)
		return d.AnswerRows(a), a, err
	case ailleurs.Arrival:
		var a ailleurs.ArrivalFile
		err := read(b, &a)
		return arrivalRows(a), a, err
	case ailleurs.Course:
		var c ailleurs.CourseFile
		err := read(b, &c)
		return courseRows(c), c, err
	}
	return nil, nil, ailleurs.Refuse("sealed.unknown_compartment", "compartment")
}
