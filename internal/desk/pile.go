package desk

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A pile is what the hub handed out about one case or thread, and who may have to do with it. Whoever is named plays that
// part. Others whom the register names, or named before, to the same role at the same member play it too: they stand in
// for someone absent, or had the case before. Nobody else's grant or body is believed, whatever the hub says.
type pile struct {
	dossier ailleurs.CaseID
	part    ailleurs.Part // what the reader plays
	sealed  ailleurs.Sealed
	heads   *Heads
	named   vault.Circle
	sides   []side
}

// A side is a member and the parts that its people play.
type side struct {
	member ailleurs.MemberID
	parts  []ailleurs.Part
}

var (
	originParts    = []ailleurs.Part{ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory}
	addresseeParts = []ailleurs.Part{ailleurs.AddresseeLead, ailleurs.AddresseeSecond, ailleurs.AddresseeSignatory}
	// The host's pair holds what it was given as an addressee.
	hostParts = []ailleurs.Part{ailleurs.HostLead, ailleurs.HostSecond, ailleurs.AddresseeLead, ailleurs.AddresseeSecond}
)

// roleOf is the role in which the register must name whoever plays a part.
func roleOf(p ailleurs.Part) ailleurs.Role {
	switch p {
	case ailleurs.OriginSignatory, ailleurs.AddresseeSignatory:
		return ailleurs.Signatory
	case ailleurs.Checker:
		return ailleurs.Coordinator
	}
	return ailleurs.Caseworker
}

// pile gathers what the hub handed out about a case.
func (h Dossier) pile() pile {
	p := pile{
		dossier: h.ID, part: h.Part, sealed: h.Sealed, heads: h.Heads,
		named: vault.Circle{
			ailleurs.OriginLead: {h.Lead}, ailleurs.OriginSecond: {h.Second}, ailleurs.OriginSignatory: {h.Signatory},
			ailleurs.Checker:  h.Checkers[:],
			ailleurs.HostLead: {h.HostLead}, ailleurs.HostSecond: {h.HostSecond},
		},
		sides: []side{{h.Member, originParts}},
	}
	for _, m := range append(slices.Clone(h.Hosts), h.Host) {
		p.sides = append(p.sides, side{m, hostParts})
	}
	return p
}

// answers is the same for an answer: its addressee's people are those of the thread's member.
func (p pile) answers(m ailleurs.MemberID) pile {
	p.sides = append(slices.Clone(p.sides), side{m, addresseeParts})
	return p
}

// pile gathers what the hub handed out about a thread.
func (t Thread) pile() pile {
	p := pile{
		dossier: t.Case, part: t.Part, sealed: t.Sealed, heads: t.Heads,
		named: vault.Circle{
			ailleurs.OriginLead: {t.Origins[0]}, ailleurs.OriginSecond: {t.Origins[1]},
			ailleurs.AddresseeLead: {t.Lead}, ailleurs.AddresseeSecond: {t.Second}, ailleurs.AddresseeSignatory: {t.Signatory},
		},
		sides: []side{{t.Origin, originParts}, {t.Member, addresseeParts}},
	}
	return p
}

// mine reports whether an envelope is made out to the keys that the desk's person has now.
func (d *Desk) mine(e ailleurs.SealedEnvelope) bool {
	return e.For == d.me() && e.KeyEpoch == d.Client.Trousseau().Epoch
}

// folders lists the folders that the reader has envelopes of, in a fixed order.
func (d *Desk) folders(p pile) []vault.Folder {
	var out []vault.Folder
	for _, e := range p.sealed.Envelopes {
		f := vault.Folder{Dossier: e.Case, Compartment: e.Compartment, Thread: e.Thread}
		if d.mine(e) && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b vault.Folder) int {
		return cmp.Or(cmp.Compare(a.Compartment, b.Compartment), cmp.Compare(a.Thread, b.Thread))
	})
	return out
}

// circle says who plays which part in a folder.
func (d *Desk) circle(p pile, r vault.Received) (vault.Circle, error) {
	if err := d.Client.Ready(); err != nil {
		return nil, err
	}
	circle := maps.Clone(p.named)
	for part, agents := range circle {
		if !slices.ContainsFunc(p.sides, func(s side) bool { return s.member != "" && slices.Contains(s.parts, part) }) {
			continue
		}
		for _, a := range agents { // the hub names them; the register says whether they are of that member
			if a != "" && !d.served(a, part, p.sides) {
				return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "desk.not_of_member", string(part))
			}
		}
	}
	mentioned := []ailleurs.AgentID{d.me()}
	for _, e := range r.Envelopes {
		mentioned = append(mentioned, e.By)
	}
	for _, b := range slices.Concat(r.Bodies, r.Notes) {
		mentioned = append(mentioned, b.Author)
	}
	for _, a := range mentioned {
		for _, s := range p.sides {
			for _, part := range s.parts {
				if d.Client.Served(a, s.member, roleOf(part)) && !slices.Contains(circle[part], a) {
					circle[part] = append(slices.Clone(circle[part]), a)
				}
			}
		}
	}
	coordinates := slices.ContainsFunc(d.Client.Directory().Posts(d.me()), func(q vault.Post) bool { return q.Role == ailleurs.Coordinator })
	if p.part == ailleurs.Checker && coordinates && !slices.Contains(circle[p.part], d.me()) { // for someone absent
		circle[p.part] = append(slices.Clone(circle[p.part]), d.me())
	}
	return circle, nil
}

// served reports whether the register names or named the agent to the role of the part at a member of a side that has it.
func (d *Desk) served(a ailleurs.AgentID, part ailleurs.Part, sides []side) bool {
	return slices.ContainsFunc(sides, func(s side) bool {
		return slices.Contains(s.parts, part) && d.Client.Served(a, s.member, roleOf(part))
	})
}

// received gathers what is sealed to the reader of one folder.
func (d *Desk) received(p pile, f vault.Folder) (vault.Received, error) {
	r := vault.Received{Folder: f, Part: p.part}
	for _, e := range p.sealed.Envelopes {
		if d.mine(e) && (vault.Folder{Dossier: e.Case, Compartment: e.Compartment, Thread: e.Thread}) == f {
			r.Envelopes = append(r.Envelopes, e)
			if e.Part != r.Part && !slices.Contains(r.Also, e.Part) {
				r.Also = append(r.Also, e.Part)
			}
		}
	}
	for _, b := range p.sealed.Bodies {
		switch {
		case (vault.Folder{Dossier: b.Case, Compartment: b.Compartment, Thread: b.Thread}) != f:
		case b.Note:
			r.Notes = append(r.Notes, b)
		default:
			r.Bodies = append(r.Bodies, b)
		}
	}
	slices.SortFunc(r.Bodies, func(a, b ailleurs.SealedBody) int { return a.Seq - b.Seq })
	if n := len(r.Bodies); n > 0 {
		r.Head = vault.HeadOf(r.Bodies[n-1])
	}
	var err error
	r.Circle, err = d.circle(p, r)
	return r, err
}

// open opens a folder. One of which the reader has no envelope is nil.
func (d *Desk) open(p pile, f vault.Folder, at time.Time) (*vault.Opened, error) {
	r, err := d.received(p, f)
	if err != nil || len(r.Envelopes) == 0 {
		return nil, err
	}
	if err := d.proved(p, f, r.Bodies); err != nil {
		return nil, err
	}
	return d.Client.Open(r, at)
}

// have opens a folder whose key the operation cannot do without.
func (d *Desk) have(p pile, f vault.Folder, at time.Time) (*vault.Opened, error) {
	o, err := d.open(p, f, at)
	if err == nil && o == nil {
		err = ailleurs.Refuse("desk.not_sealed_to_you", string(f.Compartment))
	}
	return o, err
}

// need opens a folder whose content the operation cannot do without.
func (d *Desk) need(p pile, f vault.Folder, into any, at time.Time) (*vault.Opened, error) {
	o, err := d.have(p, f, at)
	if err != nil {
		return nil, err
	}
	if o.Body == nil {
		return nil, ailleurs.Refuse("desk.not_sealed_to_you", string(f.Compartment))
	}
	return o, read(o, into)
}
