package desk

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

func answerFolder(t Thread) vault.Folder {
	return vault.Folder{Dossier: t.Case, Compartment: ailleurs.Answer, Thread: t.ID}
}

// Answer seals what an addressee answers, for its own three people and the origin's lead and second, and signs the sheet
// of it that the hub may know.
func (d *Desk) Answer(once string, t Thread, a ailleurs.AnswerFile, people People, at time.Time) (ailleurs.PostAnswer, error) {
	out := ailleurs.PostAnswer{Once: once}
	keys, err := d.keys(t.Sealed, at)
	if err != nil {
		return out, err
	}
	var card ailleurs.Card
	if _, err := d.need(t.Sealed, keys, folder(t.Case, ailleurs.Need), &card, at); err != nil {
		return out, err
	}
	if err := a.Validate(card); err != nil {
		return out, err
	}
	dr, err := d.open(t.Sealed, keys, answerFolder(t), at)
	if err != nil {
		return out, err
	}
	if dr == nil { // the first answer of this thread
		if dr, err = d.start(&out.Sealed, answerFolder(t)); err != nil {
			return out, err
		}
		err := d.hand(&out.Sealed, dr, t.Part, people, at,
			reader{agent: t.Lead, part: ailleurs.AddresseeLead, member: t.Member},
			reader{agent: t.Second, part: ailleurs.AddresseeSecond, member: t.Member},
			reader{agent: t.Signatory, part: ailleurs.AddresseeSignatory, member: t.Member},
			reader{agent: t.Origins[0], part: ailleurs.OriginLead},
			reader{agent: t.Origins[1], part: ailleurs.OriginSecond})
		if err != nil {
			return out, err
		}
	}
	body, err := d.write(&out.Sealed, dr, a, at)
	if err != nil {
		return out, err
	}
	out.Sheet = ailleurs.AnswerSheet{
		Case: t.Case, Thread: t.ID, Round: t.Round, Kind: a.Kind, Body: body.Hash, At: at.UTC().Truncate(time.Microsecond),
	}
	if a.Kind.NeedsSignatory() {
		out.Sheet.Home, out.Sheet.Jobs = a.Home, a.Jobs
	}
	if a.Kind == ailleurs.Decline {
		out.Sheet.Coarse = a.Reason.Coarse()
	}
	if err := out.Sheet.Validate(); err != nil {
		return out, err
	}
	out.Signed, err = d.sign(ailleurs.ToAnswer, string(t.ID), out.Sheet.Digest(), at)
	return out, err
}

// answered opens an answer and refuses one whose sealed part does not say what its sheet says.
func (d *Desk) answered(id ailleurs.CaseID, thread ailleurs.ThreadID, line *Answered, sealed ailleurs.Sealed, at time.Time) (ailleurs.AnswerFile, error) {
	var a ailleurs.AnswerFile
	if line == nil {
		return a, ailleurs.Refuse("desk.no_answer", "answer")
	}
	if line.Sheet.Digest() != line.Digest || line.Sheet.Case != id || line.Sheet.Thread != thread {
		return a, ailleurs.Refuse("desk.altered_sheet", "answer")
	}
	keys, err := d.keys(sealed, at)
	if err != nil {
		return a, err
	}
	f := vault.Folder{Dossier: id, Compartment: ailleurs.Answer, Thread: thread}
	dr, err := d.need(sealed, keys, f, &a, at)
	if err != nil {
		return a, err
	}
	s := line.Sheet
	coarse := ailleurs.DeclineReason("")
	if a.Kind == ailleurs.Decline {
		coarse = a.Reason.Coarse()
	}
	switch {
	case dr.head.Hash != s.Body:
		return a, ailleurs.Refuse("desk.other_answer", "answer")
	case a.Kind != s.Kind, a.Kind.NeedsSignatory() && (a.Home != s.Home || !slices.Equal(a.Jobs, s.Jobs)), coarse != s.Coarse:
		return a, ailleurs.Refuse("desk.altered_sheet", "answer")
	}
	return a, nil
}

// SignAnswer signs a proposal or counter as the addressee's signatory, who sees the card and the answer.
func (d *Desk) SignAnswer(once string, t Thread, at time.Time) (ailleurs.Signature, error) {
	if len(t.Answers) == 0 {
		return ailleurs.Signature{}, ailleurs.Refuse("desk.no_answer", "answer")
	}
	last := t.Answers[len(t.Answers)-1]
	if _, err := d.answered(t.Case, t.ID, &last, t.Sealed, at); err != nil {
		return ailleurs.Signature{}, err
	}
	signed, err := d.sign(ailleurs.ToOffer, string(t.ID), last.Digest, at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}
