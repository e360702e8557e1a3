package desk

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Retain records the person's first yes to one proposal, with a code word of their own, which is kept in their file: save
// it first, then post the signature.
func (d *Desk) Retain(once string, h Dossier, thread ailleurs.ThreadID, code string, at time.Time) (ailleurs.Save, ailleurs.Signature, error) {
	save, none := ailleurs.Save{Once: once + "-save", Case: h.ID}, ailleurs.Signature{}
	line, err := h.line(thread)
	if err != nil {
		return save, none, err
	}
	if err := d.proposed(h, line, at); err != nil {
		return save, none, err
	}
	word, err := vault.ReadCodeWord(code)
	if err != nil {
		return save, none, err
	}
	var person ailleurs.PersonFile
	o, err := d.need(h.pile(), folder(h.ID, ailleurs.Person), &person, at)
	if err != nil {
		return save, none, err
	}
	person.CodeWord = word.Folded()
	if _, err := d.write(&save.Sealed, o, person, at); err != nil {
		return save, none, err
	}
	signed, err := d.sign(ailleurs.ToRetain, string(thread), line.Answer.Digest, at)
	return save, ailleurs.Signature{Once: once, Signed: signed}, err
}

// proposed opens a proposal and refuses one that a caseworker and an élu of the addressee have not both signed.
func (d *Desk) proposed(h Dossier, line Line, at time.Time) error {
	a, err := d.answered(h.pile().answers(line.Member), line.ID, line.Answer, at)
	if err != nil {
		return err
	}
	if !line.Answer.Sheet.Kind.NeedsSignatory() {
		return ailleurs.Refuse("desk.no_answer", "answer")
	}
	var card ailleurs.Card
	if _, err := d.need(h.pile(), folder(h.ID, ailleurs.Need), &card, at); err != nil {
		return err
	}
	if err := d.fits(a, card); err != nil {
		return err
	}
	for purpose, part := range map[ailleurs.Purpose]ailleurs.Part{
		ailleurs.ToAnswer: ailleurs.AddresseeLead, ailleurs.ToOffer: ailleurs.AddresseeSignatory,
	} {
		if err := d.signed(h.Signed, purpose, string(line.ID), line.Answer.Digest, d.plays(part, line.Member)); err != nil {
			return err
		}
	}
	return nil
}

// CallWords are the six words that the two leads read to each other during the call of three: the same on both machines
// only if nobody stands between them. other is the other lead.
func (d *Desk) CallWords(h Dossier, t Thread, other vault.Public, at time.Time) ([]string, error) {
	p := h.pile()
	if t.ID != "" {
		p = t.pile()
	}
	need, err := d.have(p, folder(p.dossier, ailleurs.Need), at)
	if err != nil {
		return nil, err
	}
	return d.Client.CallWords(need, other)
}

// Welcome records the second yes on the host lead's machine, and opens arrival and course to the host's pair alone.
func (d *Desk) Welcome(once string, t Thread, people People, at time.Time) (ailleurs.Welcome, error) {
	out := ailleurs.Welcome{Once: once, Thread: t.ID}
	if len(t.Answers) == 0 {
		return out, ailleurs.Refuse("desk.no_answer", "answer")
	}
	last := t.Answers[len(t.Answers)-1]
	if _, err := d.answered(t.pile(), t.ID, &last, at); err != nil {
		return out, err
	}
	for _, compartment := range []ailleurs.Compartment{ailleurs.Arrival, ailleurs.Course} {
		var empty any = ailleurs.ArrivalFile{}
		if compartment == ailleurs.Course {
			empty = ailleurs.CourseFile{}
		}
		if !slices.ContainsFunc(t.Tails, func(t Tail) bool { return t.Compartment == compartment }) {
			empty = nil // nobody was host before: nothing is written yet
		}
		maker := reader{agent: d.me(), part: ailleurs.HostLead, of: t.Member}
		o, err := d.goOn(&out.Sealed, folder(t.Case, compartment), maker, empty, t.Tails, at)
		if err != nil {
			return out, err
		}
		err = d.hand(&out.Sealed, o, people, at,
			reader{agent: t.Lead, part: ailleurs.HostLead, of: t.Member},
			reader{agent: t.Second, part: ailleurs.HostSecond, of: t.Member})
		if err != nil {
			return out, err
		}
	}
	var err error
	out.Signed, err = d.sign(ailleurs.ToWelcome, string(t.ID), last.Digest, at)
	return out, err
}

// welcomed refuses a host that the person has not said yes to twice: the lead's own first yes names the thread and the
// answer, and a caseworker of that thread's member has signed the second.
func (d *Desk) welcomed(h Dossier) error {
	i := slices.IndexFunc(h.Threads, func(l Line) bool { return l.ID == h.Retained && l.Member == h.Host })
	if i < 0 || h.Threads[i].Answer == nil {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "desk.other_host", "host")
	}
	digest := h.Threads[i].Answer.Digest
	if err := d.signed(h.Signed, ailleurs.ToRetain, string(h.Retained), digest, d.plays(ailleurs.OriginLead, h.Member)); err != nil {
		return err
	}
	return d.signed(h.Signed, ailleurs.ToWelcome, string(h.Retained), digest, d.plays(ailleurs.HostLead, h.Host))
}

// HandOver grants the host's two people the person's file and what they still need of the card and the answer; the threat
// only when the lead decides so.
func (d *Desk) HandOver(once string, h Dossier, withThreat bool, people People, at time.Time) (ailleurs.HandOver, error) {
	out := ailleurs.HandOver{Once: once, Case: h.ID}
	if h.HostLead == "" || h.HostSecond == "" {
		return out, ailleurs.Refuse("desk.no_host", "host")
	}
	if !d.Client.Directory().ReceivesPersons(h.Host, at) {
		return out, ailleurs.Refuse("desk.host_observed", "host")
	}
	if h.Part == ailleurs.OriginLead {
		if err := d.welcomed(h); err != nil {
			return out, err
		}
	}
	compartments := []ailleurs.Compartment{ailleurs.Person}
	if withThreat {
		compartments = append(compartments, ailleurs.Threat)
	}
	for _, c := range compartments {
		o, err := d.have(h.pile(), folder(h.ID, c), at)
		if err != nil {
			return out, err
		}
		readers := []reader{{agent: h.HostLead, part: ailleurs.HostLead, of: h.Host}}
		if c != ailleurs.Threat {
			readers = append(readers, reader{agent: h.HostSecond, part: ailleurs.HostSecond, of: h.Host})
		}
		if err := d.hand(&out.Sealed, o, people, at, readers...); err != nil {
			return out, err
		}
	}
	return out, nil
}
