package desk

import (
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// Submit makes the call sheet and seals the card for everyone who may come to read it: the caseworkers and signatory of
// every addressee of every ring, and the two coordinators, who get the limits too. It refuses what would put the person at
// risk: a minor without authority, no safe contact, an addressee that the limits exclude.
func (d *Desk) Submit(once string, h Dossier, rings []ailleurs.Ring, places []Place, checkers [2]ailleurs.AgentID, people People, at time.Time) (ailleurs.SubmitCall, error) {
	out := ailleurs.SubmitCall{Once: once}
	f, heads, keys, err := d.guarded(h, at)
	if err != nil {
		return out, err
	}
	if err := excluded(f.Limits, rings, places); err != nil {
		return out, err
	}
	sheet := ailleurs.CallSheet{
		Case: h.ID, Call: ailleurs.NewID[ailleurs.CallID](), Round: h.Round + 1, Speed: f.Card.Speed, Rings: rings,
		NeedHead: heads[ailleurs.Need], Checkers: checkers, Attested: slices.Clone(ailleurs.Attestations),
		FewerWhy: f.Limits.FewerWhy != "", CreatedAt: at.UTC().Truncate(time.Microsecond),
	}
	if err := sheet.Validate(h.Member); err != nil {
		return out, err
	}
	need := keys[ailleurs.Need]
	for i, ring := range rings {
		for j, m := range ring {
			p, err := placeOf(places, m, fmt.Sprintf("rings[%d][%d]", i, j))
			if err != nil {
				return out, err
			}
			err = d.hand(&out.Sealed, need, h.Part, people, at,
				reader{p.Team.Lead, ailleurs.AddresseeLead, m, i + 1},
				reader{p.Team.Second, ailleurs.AddresseeSecond, m, i + 1},
				reader{p.Team.Signatory, ailleurs.AddresseeSignatory, m, i + 1})
			if err != nil {
				return out, err
			}
		}
	}
	if err := d.hand(&out.Sealed, need, h.Part, people, at, reader{agent: h.Signatory, part: ailleurs.OriginSignatory}); err != nil {
		return out, err
	}
	for _, c := range checkers {
		for _, dr := range []*drawer{need, keys[ailleurs.Limits]} {
			if err := d.hand(&out.Sealed, dr, h.Part, people, at, reader{agent: c, part: ailleurs.Checker}); err != nil {
				return out, err
			}
		}
	}
	out.Sheet = sheet
	out.Signed, err = d.sign(ailleurs.ToAttest, string(sheet.Call), sheet.Digest(), at)
	return out, err
}

// guarded opens what the attestations are about and refuses a draft that may not leave.
func (d *Desk) guarded(h Dossier, at time.Time) (DraftForm, map[ailleurs.Compartment]string, map[ailleurs.Compartment]*drawer, error) {
	var f DraftForm
	heads, open := map[ailleurs.Compartment]string{}, map[ailleurs.Compartment]*drawer{}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return f, nil, nil, err
	}
	for _, part := range []struct {
		compartment ailleurs.Compartment
		into        any
	}{{ailleurs.Need, &f.Card}, {ailleurs.Limits, &f.Limits}, {ailleurs.Person, &f.Person}} {
		dr, err := d.need(h.Sealed, keys, folder(h.ID, part.compartment), part.into, at)
		if err != nil {
			return f, nil, nil, err
		}
		heads[part.compartment], open[part.compartment] = dr.head.Hash, dr
	}
	return f, heads, open, ailleurs.GuardDraft(f.Card, f.Person)
}

// excluded refuses rings that call on a member or a place where it must not go, naming which.
func excluded(l ailleurs.LimitSet, rings []ailleurs.Ring, places []Place) error {
	for i, ring := range rings {
		for j, m := range ring {
			field := fmt.Sprintf("rings[%d][%d]", i, j)
			p, err := placeOf(places, m, field)
			if err != nil {
				return err
			}
			if l.Excludes(p.Keys...) || l.Excludes("m:"+string(m)) {
				return ailleurs.Refuse("call.excluded_member", field)
			}
			if !p.Team.Complete() {
				return ailleurs.Refuse("call.team_incomplete", field)
			}
		}
	}
	return nil
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
	f, heads, _, err := d.guarded(h, at)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if heads[ailleurs.Need] != sheet.NeedHead {
		return ailleurs.Signature{}, ailleurs.Refuse("desk.other_card", "call")
	}
	if err := excluded(f.Limits, sheet.Rings, places); err != nil {
		return ailleurs.Signature{}, err
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
	if err := d.sameCard(h.ID, h.Sealed, sheet.NeedHead, at); err != nil {
		return ailleurs.Signature{}, err
	}
	signed, err := d.sign(ailleurs.ToCall, string(sheet.Call), sheet.Digest(), at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}

// sameCard opens the card and refuses one that is not valid or not the one the sheet was signed for.
func (d *Desk) sameCard(id ailleurs.CaseID, sealed ailleurs.Sealed, head string, at time.Time) error {
	keys, err := d.keys(sealed, at)
	if err != nil {
		return err
	}
	var card ailleurs.Card
	dr, err := d.need(sealed, keys, folder(id, ailleurs.Need), &card, at)
	if err != nil {
		return err
	}
	if dr.head.Hash != head {
		return ailleurs.Refuse("desk.other_card", "call")
	}
	return card.Validate()
}

// Check signs that a card is fit to circulate, as one of the two coordinators: none of the addressees is excluded.
func (d *Desk) Check(once string, h Dossier, places []Place, at time.Time) (ailleurs.Signature, error) {
	sheet, err := sheetOf(h)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if err := d.sameCard(h.ID, h.Sealed, sheet.NeedHead, at); err != nil {
		return ailleurs.Signature{}, err
	}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	var limits ailleurs.LimitSet
	if _, err := d.need(h.Sealed, keys, folder(h.ID, ailleurs.Limits), &limits, at); err != nil {
		return ailleurs.Signature{}, err
	}
	if err := excluded(limits, sheet.Rings, places); err != nil {
		return ailleurs.Signature{}, err
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
