package relocation

import (
	"context"
	"errors"
	"strconv"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Open makes a draft: the actor is its lead, second and signatory hold their roles at the actor's member, and need,
// limits and person are sealed to lead and second, threat to the lead alone.
func (e *Exchange) Open(ctx context.Context, by ailleurs.Actor, in ailleurs.NewCase, at time.Time) error {
	_, err := e.once(ctx, by, in.Once, in, at, func(tx *store.Tx) ([]byte, error) {
		u := e.unit(ctx, tx, by, at)
		if err := u.open(in); err != nil {
			return nil, err
		}
		return nil, u.finish()
	})
	return err
}

func (u *unit) open(in ailleurs.NewCase) error {
	if err := u.by.Require(ailleurs.Caseworker); err != nil {
		return err
	}
	switch {
	case !ailleurs.ValidID(in.Case):
		return ailleurs.Refuse("case.bad_id", "case")
	case !in.Speed.Valid():
		return ailleurs.Refuse("case.unknown_speed", "speed")
	case in.Second == u.by.Agent:
		return ailleurs.Refuse("case.second_is_lead", "second")
	case in.Signatory == u.by.Agent || in.Signatory == in.Second:
		return ailleurs.Refuse("case.signatory_is_caseworker", "signatory")
	}
	f, err := u.fellow(u.by.Member)
	if err != nil {
		return err
	}
	if !f.active() {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "member.not_active", "")
	}
	if err := holdsRole(u.tx, in.Second, u.by.Member, ailleurs.Caseworker, "second"); err != nil {
		return err
	}
	if err := holdsRole(u.tx, in.Signatory, u.by.Member, ailleurs.Signatory, "signatory"); err != nil {
		return err
	}
	u.c = dossier{
		ID: in.Case, Member: u.by.Member, State: ailleurs.Draft, Since: u.at, Deadline: u.at.Add(ailleurs.DraftLife), Speed: in.Speed,
		Lead: u.by.Agent, Second: in.Second, Signatory: in.Signatory,
	}
	if err := u.tx.Insert("dossier", u.c); err != nil {
		if errors.Is(err, store.ErrTaken) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "case.exists", "case")
		}
		return err
	}
	u.was = u.c
	lead := reader{part: ailleurs.OriginLead, agent: u.c.Lead}
	second := reader{part: ailleurs.OriginSecond, agent: u.c.Second}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person} {
		if err := complete(in.Sealed, c, "", lead, second); err != nil {
			return err
		}
	}
	if err := u.take(in.Sealed, role{ailleurs.OriginLead, u.by.Agent}, []reader{lead, second}); err != nil {
		return err
	}
	for _, c := range []ailleurs.Compartment{ailleurs.Need, ailleurs.Limits, ailleurs.Person} {
		if hash, err := u.lastBody(c, ""); err != nil {
			return err
		} else if hash == "" {
			return ailleurs.Refuse("case.body_missing", "bodies", "compartment", string(c))
		}
	}
	u.clock()
	u.say("case.opened", "", nil)
	return nil
}

// Save stores the next body of one or more compartments, or gives envelopes to readers of the case whose key, post or
// absence has changed. Whoever plays a part may append a note to any compartment that has a key.
func (e *Exchange) Save(ctx context.Context, by ailleurs.Actor, in ailleurs.Save, at time.Time) error {
	return e.decide(ctx, by, in.Once, in, at, sameCase(in.Case), func(u *unit) error {
		if len(in.Bodies)+len(in.Envelopes) == 0 {
			return ailleurs.Refuse("case.nothing_to_save", "bodies")
		}
		from, err := u.as(ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.HostLead, ailleurs.HostSecond)
		if err != nil {
			return err
		}
		if err := u.writable(in.Sealed, from); err != nil {
			return err
		}
		circle, err := u.circle()
		if err != nil {
			return err
		}
		if err := u.take(in.Sealed, from, circle); err != nil {
			return err
		}
		var heads []string
		for _, b := range in.Bodies {
			heads = append(heads, b.Hash)
		}
		u.say("case.saved", "", saved{heads, len(in.Envelopes)})
		return nil
	})
}

// saved is what an event tells of a save: the new heads, so that an old one fools nobody.
type saved struct {
	Heads     []string `json:"heads,omitempty"`
	Envelopes int      `json:"envelopes,omitempty"`
}

// writable refuses a save out of its time: a card that addressees have been called upon with stays as it was signed, and
// nobody writes what they may no longer read.
func (u *unit) writable(s ailleurs.Sealed, from role) error {
	standing := u.c.rules().Standing(from.part)
	for i, b := range s.Bodies {
		if b.Note {
			continue
		}
		field := "bodies[" + strconv.Itoa(i) + "]"
		switch {
		case b.Compartment == ailleurs.Answer || !ailleurs.MayWrite(b.Compartment, from.part):
			return ailleurs.Refuse("sealed.not_your_compartment", field+".compartment")
		case !ailleurs.MayHold(b.Compartment, standing):
			return ailleurs.RefuseAs(ailleurs.Conflict, "case.not_now", field+".compartment", "state", string(u.c.State))
		case (b.Compartment == ailleurs.Need || b.Compartment == ailleurs.Limits) && u.c.State != ailleurs.Draft:
			return ailleurs.RefuseAs(ailleurs.Conflict, "call.card_is_signed", field+".compartment")
		}
	}
	for i, e := range s.Envelopes {
		if !ailleurs.MayHold(e.Compartment, standing) {
			return ailleurs.RefuseAs(ailleurs.Conflict, "sealed.not_yours_to_grant", "envelopes["+strconv.Itoa(i)+"].compartment")
		}
	}
	return nil
}
