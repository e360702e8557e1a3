package desk

import (
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A Table is the open cases that one coordinator may open, held together against the day's offers on the coordinator's own
// machine. From checking to the end of calling the two coordinators of a case hold its card and its limits, so that nothing
// is proposed where a household must not go; a case whose limits they do not hold is not put on the table. The origin's
// machine holds every suggestion against the limits again.
type Table struct {
	market  *Market
	seekers []seeker
	keys    map[ailleurs.CaseID]ailleurs.CompartmentKey // of the limits, to seal suggestions to
	notes   map[ailleurs.CaseID][]Suggested
	barred  []map[int]barrier
	in      *match.Instance
	plan    *match.Plan
}

// Left is a case that was not put on the table, and why.
type Left struct {
	Case ailleurs.CaseID `json:"case"`
	Item Item            `json:"item"`
}

// NewTable makes an empty table.
func NewTable(m *Market) *Table {
	return &Table{market: m, keys: make(map[ailleurs.CaseID]ailleurs.CompartmentKey), notes: make(map[ailleurs.CaseID][]Suggested)}
}

// Cases is how many cases are on the table.
func (t *Table) Cases() int { return len(t.seekers) }

// Lay opens cases and puts them on the table. One that does not open, or whose limits the reader does not hold, is left: one
// bad envelope must not keep the others waiting.
func (t *Table) Lay(d *Desk, cases []Dossier, at time.Time) ([]Left, error) {
	left := []Left{}
	t.in, t.plan = nil, nil
	for _, h := range cases {
		if _, twice := t.keys[h.ID]; twice {
			continue
		}
		s, limits, err := d.seekerOf(h, at)
		switch refusal := ailleurs.AsRefusal(err); {
		case refusal != nil:
			left = append(left, Left{h.ID, Item{Key: refusal.Key, Args: refusal.Args}})
			continue
		case err != nil:
			return left, err
		case limits == nil:
			left = append(left, Left{h.ID, Item{Key: "table.without_limits"}})
			continue
		}
		if h.Sheet != nil {
			s.called = h.Sheet.Sheet.Rings
			s.waiting = max(0, int(at.Sub(h.Sheet.Sheet.CreatedAt)/(24*time.Hour)))
		}
		barred, err := d.barred(t.market, s)
		if err != nil {
			return left, err
		}
		t.seekers, t.barred = append(t.seekers, s), append(t.barred, barred)
		t.keys[h.ID], t.notes[h.ID] = limits.Key(), d.suggestions(h.ID, limits)
	}
	return left, nil
}

// seekerOf opens the card and the limits of a case; limits is nil where the reader does not hold them.
func (d *Desk) seekerOf(h Dossier, at time.Time) (seeker, *vault.Opened, error) {
	s := seeker{id: h.ID, origin: h.Member}
	p := h.pile()
	if _, err := d.need(p, folder(h.ID, ailleurs.Need), &s.card, at); err != nil {
		return s, nil, err
	}
	if err := s.card.Validate(); err != nil {
		return s, nil, prefixed("card", err)
	}
	o, err := d.open(p, folder(h.ID, ailleurs.Limits), at)
	if err != nil || o == nil || o.Body == nil {
		return s, nil, err
	}
	s.limits = new(ailleurs.LimitSet)
	if err := read(o, s.limits); err != nil {
		return s, nil, err
	}
	return s, o, s.limits.Validate()
}

// instance is the market with the households of the table.
func (t *Table) instance() *match.Instance {
	if t.in == nil {
		in := *t.market.in
		in.Households = make([]match.Household, len(t.seekers))
		for i, s := range t.seekers {
			in.Households[i] = t.market.household(s, t.barred[i])
		}
		in.Apart, in.Together = pairs(t.seekers)
		t.in = &in
	}
	return t.in
}
