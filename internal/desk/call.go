package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Submit makes the call sheet and seals the card for everyone who may come to read it: the caseworkers and signatory of
// every addressee of every ring, and the two coordinators, who get the limits too. It refuses what would put the person at
// risk: a minor without authority, no safe contact, an addressee that the limits exclude.
func (d *Desk) Submit(once string, h Dossier, rings []ailleurs.Ring, places []Place, checkers [2]ailleurs.AgentID, people People, at time.Time) (ailleurs.SubmitCall, error) {
	out, _, err := d.submit(once, h, rings, "", places, checkers, people, at)
	return out, err
}

// SubmitFewer is Submit for a first ring of less than five, with the written reason. The reason is sealed in the limits,
// where the second and the coordination read it before they sign: save it first, then post the call.
func (d *Desk) SubmitFewer(once string, h Dossier, rings []ailleurs.Ring, why string, places []Place, checkers [2]ailleurs.AgentID, people People, at time.Time) (ailleurs.Save, ailleurs.SubmitCall, error) {
	out, save, err := d.submit(once, h, rings, why, places, checkers, people, at)
	return save, out, err
}

func (d *Desk) submit(once string, h Dossier, rings []ailleurs.Ring, why string, places []Place, checkers [2]ailleurs.AgentID, people People, at time.Time) (ailleurs.SubmitCall, ailleurs.Save, error) {
	out, save := ailleurs.SubmitCall{Once: once}, ailleurs.Save{Once: once + "-save", Case: h.ID}
	f, open, err := d.guarded(h, at)
	if err != nil {
		return out, save, err
	}
	if err := d.excluded(f.Limits, rings, places); err != nil {
		return out, save, err
	}
	if err := unknowing(h, rings); err != nil {
		return out, save, err
	}
	fewer := len(rings) > 0 && len(rings[0]) < ailleurs.MinAddressees && strings.TrimSpace(why) != ""
	if fewer {
		f.Limits.FewerWhy = strings.TrimSpace(why)
		if open[ailleurs.Limits], err = d.write(&save.Sealed, open[ailleurs.Limits], f.Limits, at); err != nil {
			return out, save, err
		}
	}
	need, limits := open[ailleurs.Need], open[ailleurs.Limits]
	sheet := ailleurs.CallSheet{
		Case: h.ID, Call: ailleurs.NewID[ailleurs.CallID](), Round: h.Round + 1, Speed: f.Card.Speed, Rings: rings,
		NeedHead: need.Head.Hash, Checkers: checkers, Attested: slices.Clone(ailleurs.Attestations),
		FewerWhy: fewer, CreatedAt: at.UTC().Truncate(time.Microsecond),
	}
	if err := sheet.Validate(h.Member); err != nil {
		return out, save, err
	}
	for i, ring := range rings {
		for j, m := range ring {
			p, err := placeOf(places, m, fmt.Sprintf("rings[%d][%d]", i, j))
			if err != nil {
				return out, save, err
			}
			err = d.hand(&out.Sealed, need, people, at,
				reader{p.Team.Lead, ailleurs.AddresseeLead, m, i + 1},
				reader{p.Team.Second, ailleurs.AddresseeSecond, m, i + 1},
				reader{p.Team.Signatory, ailleurs.AddresseeSignatory, m, i + 1})
			if err != nil {
				return out, save, err
			}
		}
	}
	if err := d.hand(&out.Sealed, need, people, at, reader{agent: h.Signatory, part: ailleurs.OriginSignatory, of: h.Member}); err != nil {
		return out, save, err
	}
	for _, c := range checkers {
		for _, o := range []*vault.Opened{need, limits} {
			if err := d.hand(&out.Sealed, o, people, at, reader{agent: c, part: ailleurs.Checker}); err != nil {
				return out, save, err
			}
		}
	}
	out.Sheet = sheet
	out.Signed, err = d.sign(ailleurs.ToAttest, string(sheet.Call), sheet.Digest(), at)
	return out, save, err
}

// guarded opens what the attestations are about and refuses a draft that may not leave.
func (d *Desk) guarded(h Dossier, at time.Time) (DraftForm, map[ailleurs.Compartment]*vault.Opened, error) {
	f, open, err := d.draft(h, at)
	if err != nil {
		return f, nil, err
	}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person} {
		if open[c] == nil {
			return f, nil, ailleurs.Refuse("desk.not_sealed_to_you", string(c))
		}
	}
	return f, open, ailleurs.GuardDraft(f.Card, f.Person)
}

// unknowing refuses rings that call, after a compromise, on somebody who has read the file.
func unknowing(h Dossier, rings []ailleurs.Ring) error {
	for i, ring := range rings {
		for j, m := range ring {
			if slices.Contains(h.Knows, m) {
				return ailleurs.Refuse("call.knows_already", fmt.Sprintf("rings[%d][%d]", i, j))
			}
		}
	}
	return nil
}

// excluded refuses rings that call on a member or a place where it must not go, naming which.
func (d *Desk) excluded(l ailleurs.LimitSet, rings []ailleurs.Ring, places []Place) error {
	for i, ring := range rings {
		for j, m := range ring {
			field := fmt.Sprintf("rings[%d][%d]", i, j)
			p, err := placeOf(places, m, field)
			if err != nil {
				return err
			}
			keys, err := d.placeKeys(p, field)
			if err != nil {
				return err
			}
			if l.Excludes(keys...) {
				return ailleurs.Refuse("call.excluded_member", field)
			}
			if !p.Team.Complete() {
				return ailleurs.Refuse("call.team_incomplete", field)
			}
		}
	}
	return nil
}

// placeKeys are the keys by which a member can be excluded: those that the hub says, which must be at least those that
// follow from the code under which the register knows the member.
func (d *Desk) placeKeys(p Place, field string) ([]string, error) {
	code := d.Client.MemberCode(p.Member)
	if code == "" {
		return nil, ailleurs.Refuse("call.unknown_member", field)
	}
	keys := append([]string{"m:" + string(p.Member)}, p.Keys...)
	for _, k := range d.keysOf(code) {
		if !slices.Contains(keys, k) {
			return nil, ailleurs.Refuse("desk.other_place", field)
		}
	}
	if p.Code != code {
		return nil, ailleurs.Refuse("desk.other_place", field)
	}
	return keys, nil
}

// keysOf are the keys of a code of the register. Of a SIREN only that of an inter-communality tells places; without the
// communes at hand a region is not known.
func (d *Desk) keysOf(code string) []string {
	var keys []string
	add := func(c territory.Commune) { keys = append(keys, "c:"+c.Code, "d:"+c.Departement, "r:"+c.Region) }
	switch len(code) {
	case 2, 3:
		keys = append(keys, "d:"+code)
		if d.Communes != nil {
			if p, ok := d.Communes.Departement(code); ok {
				keys = append(keys, "r:"+p.Region)
			}
		}
	case 5:
		if d.Communes == nil {
			return append(keys, "c:"+code, "d:"+territory.DepartementOf(code))
		}
		if c, ok := d.Communes.Commune(code); ok {
			add(c)
		}
	default:
		if d.Communes == nil {
			break
		}
		for _, c := range d.Communes.Communes("") {
			if c.EPCI == code {
				add(c)
			}
		}
	}
	return keys
}

func placeOf(places []Place, m ailleurs.MemberID, field string) (Place, error) {
	i := slices.IndexFunc(places, func(p Place) bool { return p.Member == m })
	if i < 0 {
		return Place{}, ailleurs.Refuse("call.unknown_member", field)
	}
	return places[i], nil
}

// sheetOf returns the call that waits for signatures, after checking that the hub shows the digest of that very sheet.
func sheetOf(h Dossier) (ailleurs.CallSheet, error) {
	if h.Sheet == nil {
		return ailleurs.CallSheet{}, ailleurs.Refuse("desk.no_call", "call")
	}
	s := h.Sheet.Sheet
	if s.Case != h.ID || s.Digest() != h.Sheet.Digest {
		return s, ailleurs.Refuse("desk.altered_sheet", "call")
	}
	return s, s.Validate(h.Member)
}

// Attest signs the attestations as the second, after the same checks as the lead's, made again on this machine.
func (d *Desk) Attest(once string, h Dossier, places []Place, at time.Time) (ailleurs.Signature, error) {
	sheet, err := sheetOf(h)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	lead := d.plays(ailleurs.OriginLead, h.Member)
	err = d.signed(h.Signed, ailleurs.ToAttest, string(sheet.Call), sheet.Digest(), func(a ailleurs.AgentID) bool { return a != d.me() && lead(a) })
	if err != nil {
		return ailleurs.Signature{}, err
	}
	f, open, err := d.guarded(h, at)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if open[ailleurs.Need].Head.Hash != sheet.NeedHead {
		return ailleurs.Signature{}, ailleurs.Refuse("desk.other_card", "call")
	}
	if err := d.excluded(f.Limits, sheet.Rings, places); err != nil {
		return ailleurs.Signature{}, err
	}
	if err := unknowing(h, sheet.Rings); err != nil {
		return ailleurs.Signature{}, err
	}
	if sheet.FewerWhy && f.Limits.FewerWhy == "" {
		return ailleurs.Signature{}, ailleurs.Refuse("call.fewer_without_reason", "fewer_why")
	}
	signed, err := d.sign(ailleurs.ToAttest, string(sheet.Call), sheet.Digest(), at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}

// SignCall signs the interpellation as the signatory, who sees the card and nothing else.
func (d *Desk) SignCall(once string, h Dossier, at time.Time) (ailleurs.Signature, error) {
	sheet, err := sheetOf(h)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if err := d.attested(h, sheet, ailleurs.OriginLead); err != nil {
		return ailleurs.Signature{}, err
	}
	if _, err := d.sameCard(h.pile(), sheet.NeedHead, at); err != nil {
		return ailleurs.Signature{}, err
	}
	signed, err := d.sign(ailleurs.ToCall, string(sheet.Call), sheet.Digest(), at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}

// sameCard opens the card and refuses one that is not valid or not the one the sheet was signed for.
func (d *Desk) sameCard(p pile, head string, at time.Time) (ailleurs.Card, error) {
	var card ailleurs.Card
	o, err := d.need(p, folder(p.dossier, ailleurs.Need), &card, at)
	if err != nil {
		return card, err
	}
	if o.Head.Hash != head {
		return card, ailleurs.Refuse("desk.other_card", "call")
	}
	return card, card.Validate()
}

// Check signs that a card is fit to circulate, as one of the two coordinators: none of the addressees is excluded.
func (d *Desk) Check(once string, h Dossier, places []Place, at time.Time) (ailleurs.Signature, error) {
	sheet, err := sheetOf(h)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if err := d.attested(h, sheet, ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory); err != nil {
		return ailleurs.Signature{}, err
	}
	if _, err := d.sameCard(h.pile(), sheet.NeedHead, at); err != nil {
		return ailleurs.Signature{}, err
	}
	var limits ailleurs.LimitSet
	if _, err := d.need(h.pile(), folder(h.ID, ailleurs.Limits), &limits, at); err != nil {
		return ailleurs.Signature{}, err
	}
	if err := d.excluded(limits, sheet.Rings, places); err != nil {
		return ailleurs.Signature{}, err
	}
	if sheet.FewerWhy && limits.FewerWhy == "" {
		return ailleurs.Signature{}, ailleurs.Refuse("call.fewer_without_reason", "fewer_why")
	}
	signed, err := d.sign(ailleurs.ToCheck, string(sheet.Call), sheet.Digest(), at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}

// Stand signs that the case, as it stands, is to be suspended or resumed.
func (d *Desk) Stand(once string, h Dossier, purpose ailleurs.Purpose, at time.Time) (ailleurs.Signature, error) {
	if purpose != ailleurs.ToSuspend && purpose != ailleurs.ToResume {
		return ailleurs.Signature{}, ailleurs.Refuse("desk.purpose", "purpose")
	}
	signed, err := d.sign(purpose, string(h.ID), h.Case.Digest(), at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}
