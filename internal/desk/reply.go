package desk

import (
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Reply answers the one question of an addressee for whom the card is not enough. The card stays as it was signed: what
// completes it is sealed in the answer, for this addressee alone.
func (d *Desk) Reply(once string, h Dossier, thread ailleurs.ThreadID, replies []ailleurs.CardReply, at time.Time) (ailleurs.Reply, error) {
	out := ailleurs.Reply{Once: once, Thread: thread}
	line, err := h.line(thread)
	if err != nil {
		return out, err
	}
	p := h.pile().answers(line.Member)
	a, err := d.answered(p, thread, line.Answer, at)
	if err != nil {
		return out, err
	}
	if a.Kind != ailleurs.Decline || a.Reason != ailleurs.CardNotEnough {
		return out, ailleurs.Refuse("answer.no_question", "thread")
	}
	if err := ailleurs.CheckReplies(a.Question, replies); err != nil {
		return out, err
	}
	o, err := d.have(p, vault.Folder{Dossier: h.ID, Compartment: ailleurs.Answer, Thread: thread}, at)
	if err != nil {
		return out, err
	}
	a.Replies = replies
	_, err = d.write(&out.Sealed, o, a, at)
	return out, err
}

// line is one addressee of a dossier.
func (h Dossier) line(thread ailleurs.ThreadID) (Line, error) {
	i := slices.IndexFunc(h.Threads, func(l Line) bool { return l.ID == thread })
	if i < 0 {
		return Line{}, ailleurs.Refuse("thread.unknown", "thread")
	}
	return h.Threads[i], nil
}
