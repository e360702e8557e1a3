package desk

import (
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A DraftForm is a case as its lead types it. Free text is in Person and Threat alone.
type DraftForm struct {
	Card   ailleurs.Card       `json:"card"`
	Limits ailleurs.LimitSet   `json:"limits"`
	Person ailleurs.PersonFile `json:"person"`
	Threat ailleurs.ThreatFile `json:"threat"`
}

// Lint warns of what does not belong in the form's free texts.
func (f DraftForm) Lint() []Warning {
	var found []Warning
	for _, text := range []string{
		f.Person.SafeContact, f.Person.SafeHours, f.Person.Household, f.Person.LeftBehind, f.Threat.Where, f.Threat.Whom, f.Threat.Notes,
	} {
		for _, w := range Lint(text, f.Person.Name) {
			// The safe contact is a phone number or an address: that is what the field is for.
			contact := text == f.Person.SafeContact && (w.Code == PhoneNumber || w.Code == EmailAddress)
			if !contact && !slices.Contains(found, w) {
				found = append(found, w)
			}
		}
	}
	return found
}

// prepare completes and checks a form before it is sealed: two words for the phone, and around the home its département
// and every commune within 60 km, unless the second has agreed to less.
func (d *Desk) prepare(f *DraftForm) error {
	if f.Card.Words == "" {
		f.Card.Words = vault.NewDossierName()
	}
	if err := f.Card.Validate(); err != nil {
		return prefixed("card", err)
	}
	home, err := d.commune(f.Limits.Home)
	if err != nil {
		return err
	}
	f.Limits.Home = home.Code
	if f.Limits.Rivals, err = tokens(f.Limits.Rivals, "limits.rivals"); err != nil {
		return err
	}
	if f.Limits.StayNear, err = tokens(f.Limits.StayNear, "limits.stay_near"); err != nil {
		return err
	}
	for _, key := range d.around(home, f.Limits.Lowered) {
		if !slices.Contains(f.Limits.Excluded, key) {
			f.Limits.Excluded = append(f.Limits.Excluded, key)
		}
	}
	slices.Sort(f.Limits.Excluded)
	return nil
}

// commune is what was typed as a home: an INSEE code, or a name as the list of communes writes it. The hub is not asked.
func (d *Desk) commune(typed string) (territory.Commune, error) {
	if d.Communes == nil {
		return territory.Commune{}, ailleurs.Refuse("desk.no_communes", "limits.home")
	}
	if c, ok := d.Communes.Commune(typed); ok {
		return c, nil
	}
	found := d.Communes.Search(typed, 2)
	switch {
	case len(found) == 1, len(found) == 2 && (found[0].Label() == typed || named(found[0], typed) && !named(found[1], typed)):
		return found[0], nil
	case len(found) == 2:
		return territory.Commune{}, ailleurs.Refuse("limits.several_homes", "limits.home", "first", found[0].Label(), "second", found[1].Label())
	}
	return territory.Commune{}, ailleurs.Refuse("limits.unknown_home", "limits.home")
}

func named(c territory.Commune, typed string) bool {
	return territory.Fold(c.Name) == territory.Fold(typed)
}

// around lists the keys that a home excludes by itself. Lowered, only its commune is left.
func (d *Desk) around(c territory.Commune, lowered bool) []string {
	if lowered {
		return []string{"c:" + c.Code}
	}
	keys := []string{"c:" + c.Code, "d:" + territory.DepartementOf(c.Code)}
	if !c.Located {
		return keys // overseas collectivities have no coordinates; the département is the circle
	}
	for _, n := range d.Communes.Near(c.Point, ailleurs.HomeRadiusKm) {
		keys = append(keys, "c:"+n.Commune.Code)
	}
	return keys
}

func prefixed(prefix string, err error) error {
	if r := ailleurs.AsRefusal(err); r != nil {
		return about(err, prefix+"."+r.Field)
	}
	return err
}

// OpenCase seals a new dossier: need, limits and person for lead and second, threat for the lead alone. The signatory gets
// the card with the call.
func (d *Desk) OpenCase(once string, f DraftForm, second, signatory ailleurs.AgentID, people People, at time.Time) (ailleurs.NewCase, error) {
	if err := d.prepare(&f); err != nil {
		return ailleurs.NewCase{}, err
	}
	c := ailleurs.NewCase{Once: once, Case: ailleurs.NewID[ailleurs.CaseID](), Speed: f.Card.Speed, Second: second, Signatory: signatory}
	member, err := d.common(second, signatory)
	if err != nil {
		return ailleurs.NewCase{}, err
	}
	two := reader{agent: second, part: ailleurs.OriginSecond, of: member}
	for _, part := range []struct {
		compartment ailleurs.Compartment
		content     any
		readers     []reader
	}{
		{ailleurs.Need, f.Card, []reader{two}},
		{ailleurs.Limits, f.Limits, []reader{two}},
		{ailleurs.Person, f.Person, []reader{two}},
		{ailleurs.Threat, f.Threat, nil},
	} {
		o, err := d.start(&c.Sealed, folder(c.Case, part.compartment), reader{agent: d.me(), part: ailleurs.OriginLead}, part.content, at)
		if err != nil {
			return ailleurs.NewCase{}, err
		}
		if err := d.hand(&c.Sealed, o, people, at, part.readers...); err != nil {
			return ailleurs.NewCase{}, err
		}
	}
	return c, nil
}

// common is the member at which the register names the desk's person and the second as caseworkers, and the signatory.
func (d *Desk) common(second, signatory ailleurs.AgentID) (ailleurs.MemberID, error) {
	if err := d.Client.Ready(); err != nil {
		return "", err
	}
	field := "lead"
	for _, p := range d.Client.Directory().Posts(d.me()) {
		if p.Role != ailleurs.Caseworker {
			continue
		}
		switch {
		case second == d.me() || !d.Client.Serves(second, p.Member, ailleurs.Caseworker):
			field = "second"
		case !d.Client.Serves(signatory, p.Member, ailleurs.Signatory):
			field = "signatory"
		default:
			return p.Member, nil
		}
	}
	return "", ailleurs.RefuseAs(ailleurs.Forbidden, "desk.not_of_member", field)
}

// Draft opens what the reader may read of a draft, for its form.
func (d *Desk) Draft(h Dossier, at time.Time) (DraftForm, error) {
	f, _, err := d.draft(h, at)
	return f, err
}

// draft is the form of a draft, and the folders it was opened from.
func (d *Desk) draft(h Dossier, at time.Time) (DraftForm, map[ailleurs.Compartment]*vault.Opened, error) {
	var f DraftForm
	open := map[ailleurs.Compartment]*vault.Opened{}
	for _, part := range []struct {
		compartment ailleurs.Compartment
		into        any
	}{{ailleurs.Need, &f.Card}, {ailleurs.Limits, &f.Limits}, {ailleurs.Person, &f.Person}, {ailleurs.Threat, &f.Threat}} {
		o, err := d.open(h.pile(), folder(h.ID, part.compartment), at)
		if err != nil {
			return f, nil, err
		}
		if o == nil || o.Body == nil {
			continue
		}
		if err := read(o, part.into); err != nil {
			return f, nil, err
		}
		open[part.compartment] = o
	}
	return f, open, nil
}

// SaveDraft seals the next body of each compartment that the form changes and the reader may write.
func (d *Desk) SaveDraft(once string, h Dossier, f DraftForm, at time.Time) (ailleurs.Save, error) {
	save := ailleurs.Save{Once: once, Case: h.ID}
	before, open, err := d.draft(h, at)
	if err != nil {
		return save, err
	}
	f.Card.Words = before.Card.Words
	d.keep(&f, before)
	if err := d.prepare(&f); err != nil {
		return save, err
	}
	for _, part := range []struct {
		compartment ailleurs.Compartment
		was, is     any
	}{
		{ailleurs.Need, before.Card, f.Card},
		{ailleurs.Limits, before.Limits, f.Limits},
		{ailleurs.Person, before.Person, f.Person},
		{ailleurs.Threat, before.Threat, f.Threat},
	} {
		if same(part.was, part.is) || !ailleurs.MayWrite(part.compartment, h.Part) {
			continue
		}
		o := open[part.compartment]
		if o == nil {
			return save, ailleurs.Refuse("desk.not_sealed_to_you", string(part.compartment))
		}
		if _, err := d.write(&save.Sealed, o, part.is, at); err != nil {
			return save, err
		}
	}
	return save, nil
}

// keep carries over what was sealed and the form does not show: what is excluded besides départements, the reason to call
// fewer. The circle around a home that was changed goes.
func (d *Desk) keep(f *DraftForm, before DraftForm) {
	var circle []string
	if home, err := d.commune(before.Limits.Home); err == nil && f.Limits.Home != before.Limits.Home && f.Limits.Home != home.Label() {
		circle = d.around(home, false)
	}
	for _, key := range before.Limits.Excluded {
		if !strings.HasPrefix(key, "d:") && !slices.Contains(circle, key) && !slices.Contains(f.Limits.Excluded, key) {
			f.Limits.Excluded = append(f.Limits.Excluded, key)
		}
	}
	f.Limits.FewerWhy = before.Limits.FewerWhy
	if f.Threat.Since == "" && f.Threat.Notes == "" {
		f.Threat.Since, f.Threat.Notes = before.Threat.Since, before.Threat.Notes
	}
	f.Person.CodeWord = before.Person.CodeWord
}

// shown is a draft as its form shows it: of what is excluded the départements alone, that of the home left out.
func (d *Desk) shown(l ailleurs.LimitSet) ailleurs.LimitSet {
	var out []string
	for _, key := range l.Excluded {
		if strings.HasPrefix(key, "d:") && key != "d:"+territory.DepartementOf(l.Home) {
			out = append(out, key)
		}
	}
	l.Excluded = out
	return l
}

// Regrant makes the envelopes that the hub asks for, because someone's key or post changed.
func (d *Desk) Regrant(once string, h Dossier, people People, at time.Time) (ailleurs.Save, error) {
	save := ailleurs.Save{Once: once, Case: h.ID}
	for _, w := range h.Renew {
		p := h.pile()
		of := h.Member
		switch w.Part {
		case ailleurs.HostLead, ailleurs.HostSecond:
			of = h.Host
		case ailleurs.AddresseeLead, ailleurs.AddresseeSecond, ailleurs.AddresseeSignatory:
			of = w.Member
			if w.Thread != "" {
				p = p.answers(w.Member)
			}
		case ailleurs.Checker:
			of = ""
		}
		o, err := d.have(p, vault.Folder{Dossier: h.ID, Compartment: w.Compartment, Thread: w.Thread}, at)
		if err != nil {
			return save, err
		}
		if o.Key().Epoch != w.Epoch {
			return save, ailleurs.Refuse("desk.not_sealed_to_you", string(w.Compartment))
		}
		if err := d.wanted(h, w); err != nil {
			return save, err
		}
		if err := d.hand(&save.Sealed, o, people, at, reader{w.For, w.Part, of, w.Ring}); err != nil {
			return save, err
		}
	}
	return save, nil
}

// wanted refuses to make an envelope that the hub has no reason to ask for: for an addressee whom the signed sheet does not
// name, a coordinator who is not one of the two, a host that the person has not said yes to, or of the threat at all.
func (d *Desk) wanted(h Dossier, w Wanted) error {
	switch w.Part {
	case ailleurs.AddresseeLead, ailleurs.AddresseeSecond, ailleurs.AddresseeSignatory:
		sheet, err := sheetOf(h)
		if err != nil {
			return err
		}
		if !slices.Contains(sheet.Addressees(), w.Member) && !d.added(h, sheet, w.Member) {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "desk.not_addressed", string(w.Part))
		}
		return d.attested(h, sheet, ailleurs.OriginLead)
	case ailleurs.Checker:
		if !slices.Contains(h.Checkers[:], w.For) && !d.standsIn(h, w) {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "desk.not_addressed", string(w.Part))
		}
	case ailleurs.HostLead, ailleurs.HostSecond:
		if w.Compartment == ailleurs.Threat {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "desk.not_asked_for", string(w.Compartment))
		}
		if w.Compartment == ailleurs.Person && h.Part == ailleurs.OriginLead {
			return d.welcomed(h)
		}
	}
	return nil
}

// standsIn reports whether the envelope is for a coordinator, by the register, who stands in for one of the two of the
// case; no more than one for each, whatever the hub asks for.
func (d *Desk) standsIn(h Dossier, w Wanted) bool {
	if !slices.Contains(h.Checkers[:], w.InPlaceOf) || !d.coordinates(w.For) {
		return false
	}
	return !slices.ContainsFunc(h.Renew, func(o Wanted) bool {
		return o.Part == ailleurs.Checker && o.InPlaceOf == w.InPlaceOf && o.For != w.For
	})
}

// coordinates reports whether the register names the agent coordinator.
func (d *Desk) coordinates(a ailleurs.AgentID) bool {
	return slices.ContainsFunc(d.Client.Directory().Posts(a), func(q vault.Post) bool { return q.Role == ailleurs.Coordinator })
}
