package relocation

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// plainFormat marks a sealed row that is stored as it was handed in.
const plainFormat = 1

type keyRow struct {
	Case        ailleurs.CaseID      `db:"case_id"`
	Compartment ailleurs.Compartment `db:"compartment"`
	Thread      ailleurs.ThreadID    `db:"thread_id"`
	Epoch       int                  `db:"epoch"`
	Recipient   string               `db:"recipient"`
	By          ailleurs.AgentID     `db:"by_id"`
	At          time.Time            `db:"at"`
}

type bodyRow struct {
	ID          string               `db:"id"`
	Case        ailleurs.CaseID      `db:"case_id"`
	Compartment ailleurs.Compartment `db:"compartment"`
	Thread      ailleurs.ThreadID    `db:"thread_id"`
	Epoch       int                  `db:"epoch"`
	Seq         int                  `db:"seq"`
	Prev        string               `db:"prev"`
	Hash        string               `db:"hash"`
	Author      ailleurs.AgentID     `db:"author_id"`
	At          time.Time            `db:"at"`
	Format      int                  `db:"format"`
	Data        []byte               `db:"data"`
}

type envelopeRow struct {
	ID          string               `db:"id"`
	Case        ailleurs.CaseID      `db:"case_id"`
	Compartment ailleurs.Compartment `db:"compartment"`
	Thread      ailleurs.ThreadID    `db:"thread_id"`
	Epoch       int                  `db:"epoch"`
	For         ailleurs.AgentID     `db:"for_id"`
	KeyEpoch    int                  `db:"key_epoch"`
	Part        ailleurs.Part        `db:"part"`
	Member      ailleurs.MemberID    `db:"member_id"`
	Call        ailleurs.CallID      `db:"call_id"`
	Ring        int                  `db:"ring"`
	By          ailleurs.AgentID     `db:"by_id"`
	At          time.Time            `db:"at"`
	Expires     time.Time            `db:"expires_at"`
	Format      int                  `db:"format"`
	Data        []byte               `db:"data"`
}

func (r envelopeRow) sealed() ailleurs.SealedEnvelope {
	return ailleurs.SealedEnvelope{
		Case: r.Case, Compartment: r.Compartment, Thread: r.Thread, Epoch: r.Epoch, For: r.For, KeyEpoch: r.KeyEpoch,
		Part: r.Part, Member: r.Member, Ring: r.Ring, By: r.By, Expires: r.Expires, Data: r.Data,
	}
}

func (r bodyRow) sealed() ailleurs.SealedBody {
	return ailleurs.SealedBody{
		Case: r.Case, Compartment: r.Compartment, Thread: r.Thread, Epoch: r.Epoch, Seq: r.Seq, Prev: r.Prev, Hash: r.Hash,
		Author: r.Author, Note: r.Seq == 0, Data: r.Data,
	}
}

// A folder is what one chain of bodies belongs to.
type folder struct {
	Compartment ailleurs.Compartment
	Thread      ailleurs.ThreadID
}

// A head is the last body of a chain.
type head struct {
	seq  int
	hash string
}

// epochs returns the last epoch of each folder of the case; heads the last body.
func (u *unit) epochs() (map[folder]int, error) {
	rows, err := u.tx.Query("SELECT compartment, thread_id, epoch FROM compartment_key WHERE case_id = $1", u.c.ID)
	if err != nil {
		return nil, err
	}
	out := make(map[folder]int)
	for rows.Next() {
		var f folder
		var epoch int
		if err := rows.Scan(&f.Compartment, &f.Thread, &epoch); err != nil {
			return nil, err
		}
		out[f] = max(out[f], epoch)
	}
	return out, nil
}

func (u *unit) heads() (map[folder]head, error) {
	rows, err := u.tx.Query("SELECT compartment, thread_id, seq, hash FROM body WHERE case_id = $1 AND seq > 0 ORDER BY seq", u.c.ID)
	if err != nil {
		return nil, err
	}
	out := make(map[folder]head)
	for rows.Next() {
		var f folder
		var h head
		if err := rows.Scan(&f.Compartment, &f.Thread, &h.seq, &h.hash); err != nil {
			return nil, err
		}
		out[f] = h
	}
	return out, nil
}

// A reader is someone to whom an envelope may be made out.
type reader struct {
	part   ailleurs.Part
	agent  ailleurs.AgentID
	member ailleurs.MemberID // of an addressee
	thread ailleurs.ThreadID // the only one whose answers they read; empty for the origin
	ring   int               // of an addressee
	absent ailleurs.AgentID  // for whom they stand in; empty for those who play the part themselves
}

// circle lists those to whom envelopes of the case may be made out today: the origin's three, the coordinators, the host's
// two, and the people of every thread that is still alive.
func (u *unit) circle() ([]reader, error) {
	out := []reader{
		{part: ailleurs.OriginLead, agent: u.c.Lead},
		{part: ailleurs.OriginSecond, agent: u.c.Second},
		{part: ailleurs.OriginSignatory, agent: u.c.Signatory},
	}
	for _, c := range []ailleurs.AgentID{u.c.Checker1, u.c.Checker2} {
		if c != "" {
			out = append(out, reader{part: ailleurs.Checker, agent: c})
		}
	}
	if u.c.Host != "" {
		out = append(out, u.pair()...)
	}
	threads, err := u.live()
	if err != nil {
		return nil, err
	}
	for _, t := range threads {
		out = append(out, addressees(t)...)
	}
	return out, nil
}

// pair are the host's two named people; of the answers, theirs is the one that was retained.
func (u *unit) pair() []reader {
	return []reader{
		{part: ailleurs.HostLead, agent: u.c.HostLead, member: u.c.Host, thread: u.c.Retained},
		{part: ailleurs.HostSecond, agent: u.c.HostSecond, member: u.c.Host, thread: u.c.Retained},
	}
}

// addressees are the three people of a thread.
func addressees(t *thread) []reader {
	return []reader{
		{part: ailleurs.AddresseeLead, agent: t.Lead, member: t.Member, thread: t.ID, ring: t.Ring},
		{part: ailleurs.AddresseeSecond, agent: t.Second, member: t.Member, thread: t.ID, ring: t.Ring},
		{part: ailleurs.AddresseeSignatory, agent: t.Signatory, member: t.Member, thread: t.ID, ring: t.Ring},
	}
}

func addressee(p ailleurs.Part) bool {
	return p == ailleurs.AddresseeLead || p == ailleurs.AddresseeSecond || p == ailleurs.AddresseeSignatory
}

func host(p ailleurs.Part) bool { return p == ailleurs.HostLead || p == ailleurs.HostSecond }

// rowID names a row that nothing outside this package speaks of. Rows of a case lie side by side in their index: thirty
// envelopes dirty one page, not thirty.
func (u *unit) rowID() string { return string(u.c.ID) + "-" + rand.Text()[:13] }

// take stores what a client sealed: new keys one epoch on, bodies at the end of their chains, envelopes for readers of the
// circle whose key is the current one. Whatever is wrong is refused by its field, and then nothing of it is kept.
func (u *unit) take(s ailleurs.Sealed, from role, circle []reader) error {
	if len(s.Keys)+len(s.Bodies)+len(s.Envelopes) == 0 {
		return nil
	}
	if len(s.Keys) > 16 || len(s.Bodies) > 16 || len(s.Envelopes) > 256 {
		return ailleurs.RefuseAs(ailleurs.TooLarge, "sealed.too_many", "envelopes")
	}
	epochs, err := u.epochs()
	if err != nil {
		return err
	}
	for i, k := range s.Keys {
		if err := u.takeKey(k, from, epochs, fmt.Sprintf("keys[%d]", i)); err != nil {
			return err
		}
	}
	if len(s.Bodies) > 0 {
		heads, err := u.heads()
		if err != nil {
			return err
		}
		for i, b := range s.Bodies {
			if err := u.takeBody(b, from, epochs, heads, fmt.Sprintf("bodies[%d]", i)); err != nil {
				return err
			}
		}
	}
	return u.takeEnvelopes(s.Envelopes, from, circle, epochs)
}

func (u *unit) takeKey(k ailleurs.CompartmentKey, from role, epochs map[folder]int, field string) error {
	if err := k.Validate(field); err != nil {
		return err
	}
	f := folder{k.Compartment, k.Thread}
	switch {
	case k.Case != u.c.ID:
		return ailleurs.Refuse("sealed.wrong_case", field+".case")
	case !ailleurs.MayWrite(k.Compartment, from.part):
		return ailleurs.Refuse("sealed.not_your_compartment", field+".compartment")
	case k.Epoch != epochs[f]+1:
		return ailleurs.RefuseAs(ailleurs.Conflict, "sealed.wrong_epoch", field+".epoch", "expected", fmt.Sprint(epochs[f]+1))
	}
	epochs[f] = k.Epoch
	return u.tx.Insert("compartment_key", keyRow{
		Case: k.Case, Compartment: k.Compartment, Thread: k.Thread, Epoch: k.Epoch, Recipient: k.Recipient, By: u.by.Agent, At: u.at,
	})
}

func (u *unit) takeBody(b ailleurs.SealedBody, from role, epochs map[folder]int, heads map[folder]head, field string) error {
	if err := b.Validate(field); err != nil {
		return err
	}
	f := folder{b.Compartment, b.Thread}
	switch {
	case b.Case != u.c.ID:
		return ailleurs.Refuse("sealed.wrong_case", field+".case")
	case epochs[f] == 0:
		return ailleurs.Refuse("sealed.no_key", field+".compartment")
	case b.Epoch != epochs[f]:
		return ailleurs.RefuseAs(ailleurs.Conflict, "sealed.wrong_epoch", field+".epoch", "expected", fmt.Sprint(epochs[f]))
	}
	if !b.Note {
		h := heads[f]
		switch {
		case !ailleurs.MayWrite(b.Compartment, from.part):
			return ailleurs.Refuse("sealed.not_your_compartment", field+".compartment")
		case b.Author != u.by.Agent:
			return ailleurs.Refuse("sealed.wrong_author", field+".author")
		case b.Seq != h.seq+1 || b.Prev != h.hash:
			return ailleurs.RefuseAs(ailleurs.Conflict, "sealed.not_the_head", field+".prev")
		}
		heads[f] = head{b.Seq, b.Hash}
	}
	return u.tx.Insert("body", bodyRow{
		ID: u.rowID(), Case: b.Case, Compartment: b.Compartment, Thread: b.Thread, Epoch: b.Epoch,
		Seq: b.Seq, Prev: b.Prev, Hash: b.Hash, Author: b.Author, At: u.at, Format: plainFormat, Data: b.Data,
	})
}

// A standing envelope is one that a new one for the same reader takes the place of.
type placed struct {
	ID          string               `db:"id"`
	Compartment ailleurs.Compartment `db:"compartment"`
	Thread      ailleurs.ThreadID    `db:"thread_id"`
	For         ailleurs.AgentID     `db:"for_id"`
	Part        ailleurs.Part        `db:"part"`
	Member      ailleurs.MemberID    `db:"member_id"`
	Epoch       int                  `db:"epoch"`
	KeyEpoch    int                  `db:"key_epoch"`
	Expires     time.Time            `db:"expires_at"`
}

func (u *unit) placed() ([]placed, error) {
	return store.All[placed](u.tx, `SELECT id, compartment, thread_id, for_id, part, member_id, epoch, key_epoch, expires_at
		FROM envelope WHERE case_id = $1 AND destroyed_at IS NULL`, u.c.ID)
}

func (u *unit) takeEnvelopes(envelopes []ailleurs.SealedEnvelope, from role, circle []reader, epochs map[folder]int) error {
	if len(envelopes) == 0 {
		return nil
	}
	before, err := u.placed()
	if err != nil {
		return err
	}
	var agents []ailleurs.AgentID
	for _, e := range envelopes {
		if !slices.Contains(agents, e.For) {
			agents = append(agents, e.For)
		}
	}
	live, err := u.liveKeys(agents)
	if err != nil {
		return err
	}
	var named []ailleurs.AgentID
	for _, r := range circle {
		named = append(named, r.agent)
	}
	deputies, err := u.deputies(named)
	if err != nil {
		return err
	}
	type slot struct {
		folder
		agent  ailleurs.AgentID
		part   ailleurs.Part
		member ailleurs.MemberID
	}
	seen := make(map[slot]bool, len(envelopes))
	for i, e := range envelopes {
		field := fmt.Sprintf("envelopes[%d]", i)
		if err := e.Validate(field, u.at); err != nil {
			return err
		}
		f := folder{e.Compartment, e.Thread}
		r := slices.IndexFunc(circle, func(r reader) bool {
			return r.part == e.Part && (r.agent == e.For || deputies[r.agent] == e.For) &&
				(!addressee(e.Part) || r.member == e.Member) && (e.Thread == "" || r.thread == "" || r.thread == e.Thread)
		})
		switch {
		case e.Case != u.c.ID:
			return ailleurs.Refuse("sealed.wrong_case", field+".case")
		case e.By != u.by.Agent:
			return ailleurs.Refuse("sealed.wrong_grantor", field+".by")
		case !ailleurs.EverHolds(e.Compartment, from.part):
			return ailleurs.Refuse("sealed.not_yours_to_grant", field+".compartment")
		case r < 0:
			return ailleurs.Refuse("sealed.wrong_person", field+".for")
		case addressee(e.Part) && e.Ring != circle[r].ring && (e.Thread == "" || e.Ring != 0), !addressee(e.Part) && e.Ring != 0:
			return ailleurs.Refuse("sealed.wrong_ring", field+".ring")
		case !addressee(e.Part) && e.Member != "" && e.Member != circle[r].member:
			return ailleurs.Refuse("sealed.wrong_person", field+".member")
		case epochs[f] == 0 || e.Epoch != epochs[f]:
			return ailleurs.RefuseAs(ailleurs.Conflict, "sealed.wrong_epoch", field+".epoch", "expected", fmt.Sprint(epochs[f]))
		case live[e.For] == 0:
			return ailleurs.Refuse("sealed.no_live_key", field+".for")
		case live[e.For] != e.KeyEpoch:
			return ailleurs.RefuseAs(ailleurs.Conflict, "sealed.key_changed", field+".key_epoch", "expected", fmt.Sprint(live[e.For]))
		}
		if host(e.Part) && (e.Compartment == ailleurs.Person || e.Compartment == ailleurs.Threat) {
			f, err := u.fellow(circle[r].member)
			if err != nil {
				return err
			}
			if !f.receivesPersons(u.at) {
				return ailleurs.Refuse("member.under_observation", field+".for")
			}
		}
		s := slot{f, e.For, e.Part, e.Member}
		if seen[s] {
			return ailleurs.Refuse("sealed.twice", field)
		}
		seen[s] = true
		for _, old := range before {
			if (slot{folder{old.Compartment, old.Thread}, old.For, old.Part, old.Member}) == s {
				if err := u.destroy("id = $1", old.ID); err != nil {
					return err
				}
			}
		}
		var call ailleurs.CallID
		if addressee(e.Part) || e.Part == ailleurs.Checker || e.Part == ailleurs.OriginSignatory {
			call = u.c.Call
		}
		err := u.tx.Insert("envelope", envelopeRow{
			ID: u.rowID(), Case: e.Case, Compartment: e.Compartment, Thread: e.Thread, Epoch: e.Epoch,
			For: e.For, KeyEpoch: e.KeyEpoch, Part: e.Part, Member: e.Member, Call: call, Ring: e.Ring, By: e.By, At: u.at,
			Expires: e.Expires, Format: plainFormat, Data: e.Data,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// destroy empties the case's envelopes for which where holds.
func (u *unit) destroy(where string, args ...any) error {
	args = append(args, u.c.ID)
	_, err := u.tx.SetWhere("envelope", store.Changes{"data": nil, "destroyed_at": u.at},
		fmt.Sprintf("(%s) AND case_id = $%d AND destroyed_at IS NULL", where, len(args)), args...)
	return err
}

// complete refuses a set of envelopes that leaves out one of the readers of a compartment.
func complete(s ailleurs.Sealed, c ailleurs.Compartment, thread ailleurs.ThreadID, readers ...reader) error {
	for _, r := range readers {
		if !slices.ContainsFunc(s.Envelopes, func(e ailleurs.SealedEnvelope) bool {
			return e.Compartment == c && e.Thread == thread && e.Part == r.part && e.For == r.agent && (r.member == "" || !addressee(r.part) || e.Member == r.member)
		}) {
			return ailleurs.Refuse("sealed.reader_missing", "envelopes", "compartment", string(c), "part", string(r.part), "for", string(r.agent))
		}
	}
	return nil
}

// lastBody is the head of a folder, or "" when nobody has written in it.
func (u *unit) lastBody(c ailleurs.Compartment, thread ailleurs.ThreadID) (string, error) {
	hash, err := store.One[string](u.tx, `SELECT hash FROM body WHERE case_id = $1 AND compartment = $2 AND thread_id = $3 AND seq > 0 AND erased_at IS NULL
		ORDER BY seq DESC LIMIT 1`, u.c.ID, c, thread)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return hash, err
}
