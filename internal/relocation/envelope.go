package relocation

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// renewBefore is how long before its end an envelope is asked for again.
const renewBefore = 14 * 24 * time.Hour

// explicit reports whether the part holds the compartment only by a grant that somebody decided on.
func explicit(c ailleurs.Compartment, p ailleurs.Part) bool {
	return slices.ContainsFunc(ailleurs.Rights, func(r ailleurs.Right) bool { return r.Compartment == c && r.Part == p && r.Explicit })
}

// renew lists the envelopes that whoever plays a part should make, or make again, because a key, a post or an absence
// changed or an envelope ends soon: for those who may hold a compartment that the part itself may hold.
func (u *unit) renew(as ailleurs.Part) ([]Grant, error) {
	if known, ok := u.renewed[as]; ok && u.readers {
		return known, nil
	}
	out, err := u.lookForRenewals(as)
	if err != nil {
		return nil, err
	}
	if u.renewed == nil {
		u.renewed = make(map[ailleurs.Part][]Grant)
	}
	u.renewed[as] = out
	return out, nil
}

func (u *unit) lookForRenewals(as ailleurs.Part) ([]Grant, error) {
	if u.c.State == ailleurs.Expired && !u.callsBack() {
		return nil, nil
	}
	circle, err := u.circle()
	if err != nil {
		return nil, err
	}
	epochs, err := u.epochs()
	if err != nil {
		return nil, err
	}
	have, err := u.placed()
	if err != nil {
		return nil, err
	}
	var agents []ailleurs.AgentID
	for _, r := range circle {
		agents = append(agents, r.agent)
	}
	absent, err := u.absent(agents)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Clone(circle) {
		if deputy := absent[r.agent]; deputy != "" {
			r.absent, r.agent = r.agent, deputy
			circle = append(circle, r)
			agents = append(agents, deputy)
		}
	}
	live, err := u.liveKeys(agents)
	if err != nil {
		return nil, err
	}
	handed := slices.ContainsFunc(have, func(e placed) bool { return e.Compartment == ailleurs.Person && host(e.Part) })
	mine := u.c.rules().Standing(as)
	var out []Grant
	for _, c := range ailleurs.Compartments {
		if !ailleurs.MayHold(c, mine) {
			continue
		}
		for _, r := range circle {
			if explicit(c, r.part) || live[r.agent] == 0 || c == ailleurs.Person && host(r.part) && !handed {
				continue
			}
			for f, epoch := range epochs {
				if f.Compartment != c || f.Thread != "" && r.thread != "" && f.Thread != r.thread {
					continue
				}
				s := u.c.rules().Standing(r.part)
				s.Thread, s.AskedToSign = u.stateOf(r.thread), true
				if !ailleurs.MayHold(c, s) || u.has(have, f, epoch, r, live[r.agent]) {
					continue
				}
				g := Grant{Compartment: c, Thread: f.Thread, Epoch: epoch, For: r.agent, Part: r.part, InPlaceOf: r.absent}
				if addressee(r.part) {
					g.Member, g.Ring = r.member, r.ring
				}
				out = append(out, g)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Grant) int {
		if a.Thread < b.Thread {
			return -1
		} else if a.Thread > b.Thread {
			return 1
		}
		return 0
	})
	return out, nil
}

// has reports whether the reader holds an envelope of the folder's epoch for their current key that lasts a while yet. The
// host's two came with the envelopes they had as addressees.
func (u *unit) has(have []placed, f folder, epoch int, r reader, key int) bool {
	return slices.ContainsFunc(have, func(e placed) bool {
		return e.Compartment == f.Compartment && e.Thread == f.Thread && e.For == r.agent && u.plays(e.Part, e.Member) == r.part &&
			(!addressee(r.part) || e.Thread != "" || e.Member == r.member) &&
			e.Epoch == epoch && e.KeyEpoch == key && e.Expires.After(u.at.Add(renewBefore))
	})
}

// plays is the part that an envelope is good for today: with the second yes the addressee's pair became the host's.
func (u *unit) plays(p ailleurs.Part, member ailleurs.MemberID) ailleurs.Part {
	if u.c.Host != "" && member == u.c.Host {
		switch p {
		case ailleurs.AddresseeLead:
			return ailleurs.HostLead
		case ailleurs.AddresseeSecond:
			return ailleurs.HostSecond
		}
	}
	return p
}

func (u *unit) stateOf(id ailleurs.ThreadID) ailleurs.ThreadState {
	for _, t := range u.threads {
		if t.ID == id {
			return t.State
		}
	}
	return ""
}

// absent returns who stands in today for each of the agents who is away.
func (u *unit) absent(agents []ailleurs.AgentID) (map[ailleurs.AgentID]ailleurs.AgentID, error) {
	out := make(map[ailleurs.AgentID]ailleurs.AgentID)
	if len(agents) == 0 {
		return out, nil
	}
	args := []any{u.at}
	for _, a := range agents {
		args = append(args, a)
	}
	rows, err := u.tx.Query("SELECT id, deputy_id FROM agent WHERE absent_from <= $1 AND absent_until > $1 AND deputy_id IS NOT NULL AND id IN ("+
		list(2, len(agents))+")", args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var agent, deputy ailleurs.AgentID
		if err := rows.Scan(&agent, &deputy); err != nil {
			return nil, err
		}
		out[agent] = deputy
	}
	return out, nil
}

// A sight is a part that the reader plays as they look, and the thread it is in.
type sight struct {
	standing ailleurs.Standing
	thread   *thread // nil for a part in the case itself
}

// handOut collects what is sealed to the actor and may be handed out now: their envelopes, the last body and the notes of
// each folder these open, and the public keys they may write to. The caller records the read in the same unit.
func (u *unit) handOut(sights []sight, only func(ailleurs.Compartment) bool) (ailleurs.Sealed, error) {
	var out ailleurs.Sealed
	rows, err := store.All[envelopeRow](u.tx, `SELECT id, case_id, compartment, thread_id, epoch, for_id, key_epoch, part, member_id, call_id, ring,
		by_id, at, expires_at, format, data FROM envelope WHERE case_id = $1 AND for_id = $2 AND destroyed_at IS NULL AND expires_at > $3 ORDER BY epoch, id`,
		u.c.ID, u.by.Agent, u.at)
	if err != nil {
		return out, err
	}
	opens := make(map[folder]map[int]bool)
	for _, r := range rows {
		if only != nil && !only(r.Compartment) || !u.maySee(r, sights) {
			continue
		}
		out.Envelopes = append(out.Envelopes, r.sealed())
		f := folder{r.Compartment, r.Thread}
		if opens[f] == nil {
			opens[f] = make(map[int]bool)
		}
		opens[f][r.Epoch] = true
	}
	if out.Bodies, err = u.bodies(opens); err != nil {
		return out, err
	}
	keys, err := store.All[keyRow](u.tx, `SELECT case_id, compartment, thread_id, epoch, recipient, by_id, at FROM compartment_key
		WHERE case_id = $1 ORDER BY compartment, thread_id, epoch`, u.c.ID)
	if err != nil {
		return out, err
	}
	for _, k := range keys {
		writes := slices.ContainsFunc(sights, func(s sight) bool {
			return ailleurs.MayWrite(k.Compartment, s.standing.Part) && (s.thread == nil || k.Thread == s.thread.ID)
		})
		if opens[folder{k.Compartment, k.Thread}] != nil || writes && only == nil {
			out.Keys = append(out.Keys, ailleurs.CompartmentKey{Case: k.Case, Compartment: k.Compartment, Thread: k.Thread, Epoch: k.Epoch, Recipient: k.Recipient})
		}
	}
	return out, nil
}

// maySee reports whether one of the parts that the reader plays may be handed the envelope now.
func (u *unit) maySee(e envelopeRow, sights []sight) bool {
	part := u.plays(e.Part, e.Member)
	return slices.ContainsFunc(sights, func(s sight) bool {
		switch {
		case s.standing.Part != part || !ailleurs.MayHold(e.Compartment, s.standing):
			return false
		case s.thread == nil: // no addressee reads the answers of another, a host neither
			return !host(part) || e.Thread == "" || e.Thread == u.c.Retained
		case e.Thread != "":
			return e.Thread == s.thread.ID
		}
		return e.Member == s.thread.Member && e.Call == s.thread.Call && e.Ring <= u.c.Ring
	})
}

// bodies returns the last body, and the notes, of each folder that the reader opens with the epochs at hand.
func (u *unit) bodies(opens map[folder]map[int]bool) ([]ailleurs.SealedBody, error) {
	if len(opens) == 0 {
		return nil, nil
	}
	type line struct {
		ID          string               `db:"id"`
		Compartment ailleurs.Compartment `db:"compartment"`
		Thread      ailleurs.ThreadID    `db:"thread_id"`
		Epoch       int                  `db:"epoch"`
		Seq         int                  `db:"seq"`
	}
	all, err := store.All[line](u.tx, "SELECT id, compartment, thread_id, epoch, seq FROM body WHERE case_id = $1 AND erased_at IS NULL ORDER BY seq, at", u.c.ID)
	if err != nil {
		return nil, err
	}
	last := make(map[folder]line)
	var ids []any
	for _, l := range all {
		f := folder{l.Compartment, l.Thread}
		switch {
		case l.Seq > 0:
			last[f] = l
		case opens[f][l.Epoch]:
			ids = append(ids, l.ID)
		}
	}
	for f, l := range last {
		if opens[f][l.Epoch] {
			ids = append(ids, l.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := store.All[bodyRow](u.tx, `SELECT id, case_id, compartment, thread_id, epoch, seq, prev, hash, author_id, at, format, data FROM body
		WHERE id IN (`+list(1, len(ids))+") ORDER BY compartment, thread_id, seq DESC, at", ids...)
	if err != nil {
		return nil, err
	}
	var out []ailleurs.SealedBody
	for _, r := range rows {
		out = append(out, r.sealed())
	}
	return out, nil
}
