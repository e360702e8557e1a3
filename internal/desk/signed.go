package desk

import (
	"slices"

	"codeberg.org/ailleurs/ailleurs"
)

// signed refuses unless somebody entitled has signed exactly this. What the hub calls such a signature is verified against
// the register before it counts, and one that is not what it is called is refused.
func (d *Desk) signed(list []Stated, purpose ailleurs.Purpose, subject, digest string, entitled func(ailleurs.AgentID) bool) error {
	for _, s := range list {
		if s.Purpose != purpose || s.Subject != subject || s.Digest != digest {
			continue
		}
		is, err := d.Client.VerifyStatement(s.Signed)
		switch {
		case err != nil:
			return err
		case is.Purpose != purpose || is.Subject != subject || is.Digest != digest:
			return ailleurs.Refuse("desk.altered_statement", string(purpose))
		case entitled(is.By):
			return nil
		}
	}
	return ailleurs.RefuseAs(ailleurs.Conflict, "desk.not_signed", string(purpose))
}

// plays entitles those whom the register names, or named, to the role of the part at the member.
func (d *Desk) plays(part ailleurs.Part, member ailleurs.MemberID) func(ailleurs.AgentID) bool {
	return func(a ailleurs.AgentID) bool { return d.Client.Served(a, member, roleOf(part)) }
}

// attested refuses a call that lead and second have not both attested, or that has not been signed by an élu, as far as
// must be. The two attestations are of two people.
func (d *Desk) attested(h Dossier, sheet ailleurs.CallSheet, by ...ailleurs.Part) error {
	var seen []ailleurs.AgentID
	for _, part := range by {
		purpose := ailleurs.ToAttest
		if part == ailleurs.OriginSignatory {
			purpose = ailleurs.ToCall
		}
		plays := d.plays(part, h.Member)
		err := d.signed(h.Signed, purpose, string(sheet.Call), sheet.Digest(), func(a ailleurs.AgentID) bool {
			if slices.Contains(seen, a) || !plays(a) {
				return false
			}
			seen = append(seen, a)
			return true
		})
		if err != nil {
			return err
		}
	}
	return nil
}
