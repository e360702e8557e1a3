package desk

import (
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Plan saves the arrival file: where, when, and which lines of the move plan are settled.
func (d *Desk) Plan(once string, h Dossier, f ailleurs.ArrivalFile, at time.Time) (ailleurs.Save, error) {
	save := ailleurs.Save{Once: once, Case: h.ID}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return save, err
	}
	dr, err := d.open(h.Sealed, keys, folder(h.ID, ailleurs.Arrival), at)
	if err != nil {
		return save, err
	}
	if dr == nil {
		return save, ailleurs.Refuse("desk.not_sealed_to_you", string(ailleurs.Arrival))
	}
	_, err = d.write(&save.Sealed, dr, f, at)
	return save, err
}

// Depart signs that the plan of that very place was checked, every line of it settled, and gives the hub the instant to
// ring and nothing else.
func (d *Desk) Depart(once string, h Dossier, ringAt, at time.Time) (ailleurs.Depart, error) {
	out := ailleurs.Depart{Once: once, Case: h.ID, RingAt: ringAt.UTC().Truncate(time.Minute)}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return out, err
	}
	var f ailleurs.ArrivalFile
	dr, err := d.need(h.Sealed, keys, folder(h.ID, ailleurs.Arrival), &f, at)
	if err != nil {
		return out, err
	}
	if err := f.ReadyToTravel(); err != nil {
		return out, err
	}
	if !ringAt.After(at) {
		return out, ailleurs.Refuse("plan.ring_in_the_past", "ring_at")
	}
	out.Signed, err = d.sign(ailleurs.ToPlan, string(h.ID), dr.head.Hash, at)
	return out, err
}

// Arrive records the arrival when the code word is the one the person chose, and moves what must outlive the journey to
// new epochs that only the host's pair holds.
func (d *Desk) Arrive(once string, h Dossier, code string, people People, at time.Time) (ailleurs.Arrive, error) {
	out := ailleurs.Arrive{Once: once, Case: h.ID}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return out, err
	}
	var person ailleurs.PersonFile
	dr, err := d.need(h.Sealed, keys, folder(h.ID, ailleurs.Person), &person, at)
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
	next, err := dr.key.Next()
	if err != nil {
		return out, err
	}
	out.Keys = append(out.Keys, next.Public())
	dr.key = next
	if _, err := d.write(&out.Sealed, dr, person, at); err != nil {
		return out, err
	}
	err = d.hand(&out.Sealed, dr, ailleurs.HostLead, people, at,
		reader{agent: h.HostLead, part: ailleurs.HostLead, member: h.Host},
		reader{agent: h.HostSecond, part: ailleurs.HostSecond, member: h.Host})
	if err != nil {
		return out, err
	}
	out.Signed, err = d.sign(ailleurs.ToArrive, string(h.ID), h.Case.Digest(), at)
	return out, err
}

// FollowUp adds one entry to the course and gives the origin its light.
func (d *Desk) FollowUp(once string, h Dossier, e ailleurs.CourseEntry, light ailleurs.Wellbeing, at time.Time) (ailleurs.FollowUp, error) {
	out := ailleurs.FollowUp{Once: once, Case: h.ID, Day: e.Day, Light: light}
	keys, err := d.keys(h.Sealed, at)
	if err != nil {
		return out, err
	}
	dr, err := d.open(h.Sealed, keys, folder(h.ID, ailleurs.Course), at)
	if err != nil {
		return out, err
	}
	if dr == nil {
		return out, ailleurs.Refuse("desk.not_sealed_to_you", string(ailleurs.Course))
	}
	var course ailleurs.CourseFile
	if dr.body != nil {
		if err := read(dr.body, &course); err != nil {
			return out, err
		}
	}
	course.Entries = append(course.Entries, e)
	_, err = d.write(&out.Sealed, dr, course, at)
	return out, err
}
