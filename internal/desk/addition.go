package desk

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// Added is one more addressee that a redirect named.
type Added struct {
	Sheet  ailleurs.Addition
	Digest string
	Opened time.Time
}

// Redirect is the member that an addressee names instead of itself.
func (d *Desk) Redirect(h Dossier, thread ailleurs.ThreadID, at time.Time) (ailleurs.MemberID, error) {
	line, err := h.line(thread)
	if err != nil {
		return "", err
	}
	a, err := d.answered(h.pile().answers(line.Member), thread, line.Answer, at)
	if err != nil {
		return "", err
	}
	if a.Kind != ailleurs.Redirect {
		return "", ailleurs.Refuse("add.no_redirect", "thread")
	}
	return a.Redirect, nil
}

// Add calls upon the member that an addressee has named, under the interpellation as the élu signed it: the card is sealed
// to its three people once the limits are found not to exclude it.
func (d *Desk) Add(once string, h Dossier, thread ailleurs.ThreadID, places []Place, people People, at time.Time) (ailleurs.Add, error) {
	out := ailleurs.Add{Once: once}
	member, err := d.Redirect(h, thread, at)
	if err != nil {
		return out, err
	}
	sheet, err := sheetOf(h)
	if err != nil {
		return out, err
	}
	if err := d.attested(h, sheet, ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory); err != nil {
		return out, err
	}
	f, open, err := d.guarded(h, at)
	if err != nil {
		return out, err
	}
	if open[ailleurs.Need].Head.Hash != sheet.NeedHead {
		return out, ailleurs.Refuse("desk.other_card", "call")
	}
	if err := d.mayBeAdded(h, sheet, f.Limits, member, places); err != nil {
		return out, err
	}
	p, err := placeOf(places, member, "member")
	if err != nil {
		return out, err
	}
	err = d.hand(&out.Sealed, open[ailleurs.Need], people, at,
		reader{p.Team.Lead, ailleurs.AddresseeLead, member, h.Ring},
		reader{p.Team.Second, ailleurs.AddresseeSecond, member, h.Ring},
		reader{p.Team.Signatory, ailleurs.AddresseeSignatory, member, h.Ring})
	if err != nil {
		return out, err
	}
	out.Sheet = ailleurs.Addition{
		Case: h.ID, Call: sheet.Call, Sheet: sheet.Digest(), After: thread, Member: member, CreatedAt: at.UTC().Truncate(time.Microsecond),
	}
	out.Signed, err = d.sign(ailleurs.ToAdd, string(sheet.Call), out.Sheet.Digest(), at)
	return out, err
}

// mayBeAdded refuses a member that the limits exclude, that has read the file before a compromise, or that is called upon
// already; its field is member.
func (d *Desk) mayBeAdded(h Dossier, sheet ailleurs.CallSheet, l ailleurs.LimitSet, m ailleurs.MemberID, places []Place) error {
	switch {
	case m == h.Member:
		return ailleurs.Refuse("call.calls_itself", "member")
	case slices.Contains(h.Knows, m):
		return ailleurs.Refuse("call.knows_already", "member")
	case slices.Contains(sheet.Addressees(), m):
		return ailleurs.Refuse("call.addressee_twice", "member")
	}
	if err := d.excluded(l, []ailleurs.Ring{{m}}, places); err != nil {
		return about(err, "member")
	}
	return nil
}

// AgreeToAdd signs an addition as the second or as a coordinator, after the same checks: it is about this very call, the
// lead has signed it, the limits do not exclude the member; the second also reads that the addressee has named it.
func (d *Desk) AgreeToAdd(once string, h Dossier, digest string, places []Place, at time.Time) (ailleurs.Signature, error) {
	i := slices.IndexFunc(h.Additions, func(a Added) bool { return a.Digest == digest })
	if i < 0 || h.Additions[i].Sheet.Digest() != digest {
		return ailleurs.Signature{}, ailleurs.Refuse("desk.altered_sheet", "addition")
	}
	add := h.Additions[i].Sheet
	sheet, err := sheetOf(h)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if add.Case != h.ID || add.Call != sheet.Call || add.Sheet != sheet.Digest() {
		return ailleurs.Signature{}, ailleurs.Refuse("desk.altered_sheet", "addition")
	}
	if err := d.attested(h, sheet, ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory); err != nil {
		return ailleurs.Signature{}, err
	}
	lead := d.plays(ailleurs.OriginLead, h.Member)
	err = d.signed(h.Signed, ailleurs.ToAdd, string(sheet.Call), digest, func(a ailleurs.AgentID) bool { return a != d.me() && lead(a) })
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if h.Part == ailleurs.OriginSecond {
		named, err := d.Redirect(h, add.After, at)
		if err != nil {
			return ailleurs.Signature{}, err
		}
		if named != add.Member {
			return ailleurs.Signature{}, ailleurs.Refuse("add.not_named", "addition")
		}
	}
	var limits ailleurs.LimitSet
	if _, err := d.need(h.pile(), folder(h.ID, ailleurs.Limits), &limits, at); err != nil {
		return ailleurs.Signature{}, err
	}
	if err := d.mayBeAdded(h, sheet, limits, add.Member, places); err != nil {
		return ailleurs.Signature{}, err
	}
	signed, err := d.sign(ailleurs.ToAdd, string(sheet.Call), digest, at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}

// added reports whether lead and second have signed that the member is called upon too.
func (d *Desk) added(h Dossier, sheet ailleurs.CallSheet, m ailleurs.MemberID) bool {
	return slices.ContainsFunc(h.Additions, func(a Added) bool {
		if a.Sheet.Member != m || a.Sheet.Call != sheet.Call || a.Sheet.Sheet != sheet.Digest() {
			return false
		}
		var by []ailleurs.AgentID
		for range 2 {
			err := d.signed(h.Signed, ailleurs.ToAdd, string(sheet.Call), a.Sheet.Digest(), func(who ailleurs.AgentID) bool {
				if slices.Contains(by, who) || !d.Client.Served(who, h.Member, ailleurs.Caseworker) {
					return false
				}
				by = append(by, who)
				return true
			})
			if err != nil {
				return false
			}
		}
		return true
	})
}
