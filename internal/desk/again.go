package desk

import (
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// AgainForm is what the lead asks the person on the safe channel before another town is called: where the household was
// found, and what else it must stay away from. Home is needed only where the origin's limits are not at hand.
type AgainForm struct {
	Home     string   `json:"home"`
	Excluded []string `json:"excluded"`
}

// StartAgain seals what another call needs after a compromise. While the household has not left, its origin adds the town
// that is known to the limits. Once it has, the host's lead and second become those of its departure: card and person go
// on under new keys, and the limits begin anew, with the town that it flees from, the one that it first left, all around
// both, and what the person says.
func (d *Desk) StartAgain(once string, h Dossier, f AgainForm, people People, at time.Time) (ailleurs.StartAgain, error) {
	out := ailleurs.StartAgain{Once: once, Case: h.ID}
	if h.State != ailleurs.Compromised {
		return out, ailleurs.RefuseAs(ailleurs.Conflict, "case.not_now", "", "state", string(h.State))
	}
	if d.Communes == nil {
		return out, ailleurs.Refuse("desk.no_communes", "home")
	}
	var err error
	if h.Resumes == ailleurs.Preparing {
		err = d.callAgain(&out.Sealed, h, f, at)
	} else {
		err = d.depart(&out.Sealed, h, f, people, at)
	}
	return out, err
}

// callAgain adds the town that is known to the origin's limits, and has the card call at least urgently.
func (d *Desk) callAgain(to *ailleurs.Sealed, h Dossier, f AgainForm, at time.Time) error {
	var limits ailleurs.LimitSet
	o, err := d.need(h.pile(), folder(h.ID, ailleurs.Limits), &limits, at)
	if err != nil {
		return err
	}
	limits.Excluded = union(limits.Excluded, d.avoid(h.Host), f.Excluded)
	limits.FewerWhy = ""
	if _, err := d.write(to, o, limits, at); err != nil {
		return err
	}
	var card ailleurs.Card
	if o, err = d.need(h.pile(), folder(h.ID, ailleurs.Need), &card, at); err != nil || card.Speed != ailleurs.Normal {
		return err
	}
	card.Speed = ailleurs.Urgent
	_, err = d.write(to, o, card, at)
	return err
}

// depart makes the host's pair that of the departure.
func (d *Desk) depart(to *ailleurs.Sealed, h Dossier, f AgainForm, people People, at time.Time) error {
	home, err := d.commune(f.Home)
	if err != nil {
		return about(err, "home")
	}
	lead := reader{agent: d.me(), part: ailleurs.OriginLead, of: h.Host}
	second := reader{agent: h.HostSecond, part: ailleurs.OriginSecond, of: h.Host}
	var card ailleurs.Card
	need, err := d.need(h.pile(), folder(h.ID, ailleurs.Need), &card, at)
	if err != nil {
		return err
	}
	var person ailleurs.PersonFile
	file, err := d.need(h.pile(), folder(h.ID, ailleurs.Person), &person, at)
	if err != nil {
		return err
	}
	if card.Speed == ailleurs.Normal {
		card.Speed = ailleurs.Urgent
	}
	person.CodeWord = "" // the next first yes brings another
	for _, next := range []struct {
		o       *vault.Opened
		content any
	}{{need, card}, {file, person}} {
		made, o, err := d.Client.Rotate(next.o.As(ailleurs.OriginLead), nil, at)
		if err != nil {
			return err
		}
		to.Keys, to.Bodies, to.Envelopes = append(to.Keys, made.Keys...), append(to.Bodies, made.Bodies...), append(to.Envelopes, made.Envelopes...)
		if _, err := d.write(to, o, next.content, at); err != nil {
			return err
		}
		if err := d.hand(to, o, people, at, second); err != nil {
			return err
		}
	}
	limits := ailleurs.LimitSet{Home: home.Code}
	limits.Excluded = union(d.around(home, false), d.avoid(h.Host), d.avoid(h.Member), f.Excluded)
	o, err := d.goOn(to, folder(h.ID, ailleurs.Limits), lead, limits, h.Tails, at)
	if err != nil {
		return err
	}
	if err := d.hand(to, o, people, at, second); err != nil {
		return err
	}
	var threat ailleurs.ThreatFile
	if held, err := d.open(h.pile(), folder(h.ID, ailleurs.Threat), at); err != nil {
		return err
	} else if held != nil && held.Body != nil {
		if err := read(held, &threat); err != nil {
			return err
		}
	}
	_, err = d.goOn(to, folder(h.ID, ailleurs.Threat), lead, threat, h.Tails, at)
	return err
}

// avoid lists the keys that keep a household away from a member: itself, and where the register says it is with all
// around. A whole region is not avoided for one town.
func (d *Desk) avoid(m ailleurs.MemberID) []string {
	if m == "" {
		return nil
	}
	code := d.Client.MemberCode(m)
	keys := []string{"m:" + string(m)}
	if c, ok := d.Communes.Commune(code); ok {
		return append(keys, d.around(c, false)...)
	}
	for _, k := range d.keysOf(code) {
		if !strings.HasPrefix(k, "r:") {
			keys = append(keys, k)
		}
	}
	return keys
}

// union is the keys of all lists, in order, each once.
func union(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return slices.Compact(out)
}
