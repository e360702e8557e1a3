package desk

import (
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Plan saves the arrival file: where, when, and which lines of the move plan are settled.
func (d *Desk) Plan(once string, h Dossier, f ailleurs.ArrivalFile, at time.Time) (ailleurs.Save, error) {
	save := ailleurs.Save{Once: once, Case: h.ID}
	o, err := d.have(h.pile(), folder(h.ID, ailleurs.Arrival), at)
	if err != nil {
		return save, err
	}
	_, err = d.write(&save.Sealed, o, f, at)
	return save, err
}

// Depart signs that the plan of that very place was checked, every line of it settled, and gives the hub the instant to
// ring and nothing else.
func (d *Desk) Depart(once string, h Dossier, ringAt, at time.Time) (ailleurs.Depart, error) {
	out := ailleurs.Depart{Once: once, Case: h.ID, RingAt: ringAt.UTC().Truncate(time.Minute)}
	var f ailleurs.ArrivalFile
	o, err := d.need(h.pile(), folder(h.ID, ailleurs.Arrival), &f, at)
	if err != nil {
		return out, err
	}
	if err := f.ReadyToTravel(); err != nil {
		return out, err
	}
	if !ringAt.After(at) {
		return out, ailleurs.Refuse("plan.ring_in_the_past", "ring_at")
	}
	out.Signed, err = d.sign(ailleurs.ToPlan, string(h.ID), o.Head.Hash, at)
	return out, err
}

// Arrive records the arrival when the code word is the one the person chose, and moves what must outlive the journey to
// new epochs that only the host's pair holds.
func (d *Desk) Arrive(once string, h Dossier, code string, people People, at time.Time) (ailleurs.Arrive, error) {
	out := ailleurs.Arrive{Once: once, Case: h.ID}
	var person ailleurs.PersonFile
	o, err := d.need(h.pile(), folder(h.ID, ailleurs.Person), &person, at)
	if err != nil {
		return out, err
	}
	said, err := vault.ReadCodeWord(code)
	if err != nil {
		return out, err
	}
	kept, err := vault.ReadCodeWord(person.CodeWord)
	if err != nil || !said.Same(kept) {
		return out, ailleurs.Refuse("arrive.wrong_code_word", "code")
	}
	next, o, err := d.Client.Rotate(o, nil, at)
	if err != nil {
		return out, err
	}
	out.Sealed = next
	for i := range out.Envelopes {
		out.Envelopes[i].Member = h.Host
	}
	err = d.hand(&out.Sealed, o, people, at,
		reader{agent: h.HostLead, part: ailleurs.HostLead, of: h.Host},
		reader{agent: h.HostSecond, part: ailleurs.HostSecond, of: h.Host})
	if err != nil {
		return out, err
	}
	out.Signed, err = d.sign(ailleurs.ToArrive, string(h.ID), h.Case.Digest(), at)
	return out, err
}

// FollowUp adds one entry to the course and gives the origin its light.
func (d *Desk) FollowUp(once string, h Dossier, e ailleurs.CourseEntry, light ailleurs.Wellbeing, at time.Time) (ailleurs.FollowUp, error) {
	out := ailleurs.FollowUp{Once: once, Case: h.ID, Day: e.Day, Light: light}
	o, err := d.have(h.pile(), folder(h.ID, ailleurs.Course), at)
	if err != nil {
		return out, err
	}
	var course ailleurs.CourseFile
	if o.Body != nil {
		if err := read(o, &course); err != nil {
			return out, err
		}
	}
	course.Entries = append(course.Entries, e)
	_, err = d.write(&out.Sealed, o, course, at)
	return out, err
}
