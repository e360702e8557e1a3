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
	if err := d.called(t); err != nil {
		return out, err
	}
	p := t.pile()
	card, err := d.sameCard(p, t.NeedHead, at)
	if err != nil {
		return out, err
	}
	if err := d.fits(a, card); err != nil {
		return out, err
	}
	o, err := d.open(p, answerFolder(t), at)
	if err != nil {
		return out, err
	}
	if o != nil && o.Body != nil { // the question asked and its reply stay with what is answered after it
		var before ailleurs.AnswerFile
		if err := read(o, &before); err != nil {
			return out, err
		}
		if len(before.Replies) > 0 {
			a.Question, a.Replies = before.Question, before.Replies
		}
	}
	if o == nil { // the first answer of this thread
		if o, err = d.start(&out.Sealed, answerFolder(t), reader{agent: d.me(), part: t.Part, of: t.Member}, a, at); err != nil {
			return out, err
		}
		err = d.hand(&out.Sealed, o, people, at,
			reader{agent: t.Lead, part: ailleurs.AddresseeLead, of: t.Member},
			reader{agent: t.Second, part: ailleurs.AddresseeSecond, of: t.Member},
			reader{agent: t.Signatory, part: ailleurs.AddresseeSignatory, of: t.Member},
			reader{agent: t.Origins[0], part: ailleurs.OriginLead, of: t.Origin},
			reader{agent: t.Origins[1], part: ailleurs.OriginSecond, of: t.Origin})
	} else {
		o, err = d.write(&out.Sealed, o, a, at)
	}
	if err != nil {
		return out, err
	}
	out.Sheet = ailleurs.AnswerSheet{
		Case: t.Case, Thread: t.ID, Round: t.Round, Kind: a.Kind, Body: o.Head.Hash, At: at.UTC().Truncate(time.Microsecond),
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

// called refuses a thread without the interpellation that an élu of the origin has signed.
func (d *Desk) called(t Thread) error {
	if len(t.Called) == 0 {
		return ailleurs.RefuseAs(ailleurs.Conflict, "desk.not_signed", string(ailleurs.ToCall))
	}
	first := t.Called[0]
	return d.signed(t.Called, ailleurs.ToCall, first.Subject, first.Digest, d.plays(ailleurs.OriginSignatory, t.Origin))
}

// answered opens an answer and refuses one whose sealed part does not say what its sheet says.
func (d *Desk) answered(p pile, thread ailleurs.ThreadID, line *Answered, at time.Time) (ailleurs.AnswerFile, error) {
	var a ailleurs.AnswerFile
	if line == nil {
		return a, ailleurs.Refuse("desk.no_answer", "answer")
	}
	if line.Sheet.Digest() != line.Digest || line.Sheet.Case != p.dossier || line.Sheet.Thread != thread {
		return a, ailleurs.Refuse("desk.altered_sheet", "answer")
	}
	o, err := d.need(p, vault.Folder{Dossier: p.dossier, Compartment: ailleurs.Answer, Thread: thread}, &a, at)
	if err != nil {
		return a, err
	}
	s := line.Sheet
	coarse := ailleurs.DeclineReason("")
	if a.Kind == ailleurs.Decline {
		coarse = a.Reason.Coarse()
	}
	switch {
	case o.Head.Hash != s.Body:
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
	if err := d.called(t); err != nil {
		return ailleurs.Signature{}, err
	}
	card, err := d.sameCard(t.pile(), t.NeedHead, at)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	a, err := d.answered(t.pile(), t.ID, &last, at)
	if err != nil {
		return ailleurs.Signature{}, err
	}
	if err := d.fits(a, card); err != nil {
		return ailleurs.Signature{}, err
	}
	signed, err := d.sign(ailleurs.ToOffer, string(t.ID), last.Digest, at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}
