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
	i := slices.IndexFunc(h.Threads, func(l Line) bool { return l.ID == thread })
	if i < 0 {
		return save, none, ailleurs.Refuse("thread.unknown", "thread")
	}
	if _, err := d.answered(h.ID, thread, h.Threads[i].Answer, h.Sealed, at); err != nil {
		return save, none, err
	}
	word, err := vault.ReadCodeWord(code)
	if err != nil {
		return save, none, err
	}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return save, none, err
	}
	var person ailleurs.PersonFile
	dr, err := d.need(h.Sealed, keys, folder(h.ID, ailleurs.Person), &person, at)
	if err != nil {
		return save, none, err
	}
	person.CodeWord = word.Folded()
	if _, err := d.write(&save.Sealed, dr, person, at); err != nil {
		return save, none, err
	}
	signed, err := d.sign(ailleurs.ToRetain, string(thread), h.Threads[i].Answer.Digest, at)
	return save, ailleurs.Signature{Once: once, Signed: signed}, err
}

// CallWords are the six words that the two leads read to each other during the call of three: the same on both machines
// only if nobody stands between them. other is the other lead.
func (d *Desk) CallWords(id ailleurs.CaseID, sealed ailleurs.Sealed, other vault.Public, at time.Time) ([]string, error) {
	if _, err := d.Directory.Reader(other); err != nil {
		return nil, err
	}
	keys, err := d.keys(sealed, at)
	if err != nil {
		return nil, err
	}
	need := keys[folder(id, ailleurs.Need)]
	if len(need) == 0 {
		return nil, ailleurs.Refuse("desk.not_sealed_to_you", string(ailleurs.Need))
	}
	return vault.CallWords(d.Trousseau.Public(), other, need[0]), nil
}

// Welcome records the second yes on the host lead's machine, and opens arrival and course to the host's pair alone.
func (d *Desk) Welcome(once string, t Thread, people People, at time.Time) (ailleurs.Welcome, error) {
	out := ailleurs.Welcome{Once: once, Thread: t.ID}
	if len(t.Answers) == 0 {
		return out, ailleurs.Refuse("desk.no_answer", "answer")
	}
	last := t.Answers[len(t.Answers)-1]
	if _, err := d.answered(t.Case, t.ID, &last, t.Sealed, at); err != nil {
		return out, err
	}
	for _, compartment := range []ailleurs.Compartment{ailleurs.Arrival, ailleurs.Course} {
		dr, err := d.start(&out.Sealed, folder(t.Case, compartment))
		if err != nil {
			return out, err
		}
		err = d.hand(&out.Sealed, dr, ailleurs.HostLead, people, at,
			reader{agent: t.Lead, part: ailleurs.HostLead, member: t.Member},
			reader{agent: t.Second, part: ailleurs.HostSecond, member: t.Member})
		if err != nil {
			return out, err
		}
	}
	var err error
	out.Signed, err = d.sign(ailleurs.ToWelcome, string(t.ID), last.Digest, at)
	return out, err
}

// HandOver grants the host's two people the person's file and what they still need of the card and the answer; the threat
// only when the lead decides so.
func (d *Desk) HandOver(once string, h Dossier, withThreat bool, people People, at time.Time) (ailleurs.HandOver, error) {
	out := ailleurs.HandOver{Once: once, Case: h.ID}
	if h.HostLead == "" || h.HostSecond == "" {
		return out, ailleurs.Refuse("desk.no_host", "host")
	}
	if !d.Directory.ReceivesPersons(h.Host, at) {
		return out, ailleurs.Refuse("desk.host_observed", "host")
	}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return out, err
	}
	compartments := []ailleurs.Compartment{ailleurs.Person}
	if withThreat {
		compartments = append(compartments, ailleurs.Threat)
	}
	for _, c := range compartments {
		have := keys[folder(h.ID, c)]
		if len(have) == 0 {
			return out, ailleurs.Refuse("desk.not_sealed_to_you", string(c))
		}
		readers := []reader{{agent: h.HostLead, part: ailleurs.HostLead, member: h.Host}}
		if c != ailleurs.Threat {
			readers = append(readers, reader{agent: h.HostSecond, part: ailleurs.HostSecond, member: h.Host})
		}
		if err := d.hand(&out.Sealed, &drawer{key: have[len(have)-1]}, h.Part, people, at, readers...); err != nil {
			return out, err
		}
	}
	return out, nil
}
