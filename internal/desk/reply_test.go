package desk

import (
	"slices"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

// posted has Bordeaux answer, and the hub take it.
func (w *world) posted(a ailleurs.AnswerFile) error {
	p := w.bordeaux().lead
	out, err := w.desk(p).Answer(w.key(), w.thread(p), a, w.people(), now)
	if err != nil {
		return err
	}
	w.take(out.Sealed)
	w.answers = []Answered{{Sheet: out.Sheet, Digest: out.Sheet.Digest()}}
	w.threads[0].Answer = &w.answers[0]
	return nil
}

// The origin answers an addressee's question from its list; the addressee reads it, and what it proposes afterwards keeps
// question and reply beside it.
func TestQuestionIsAnsweredToWhoAsksIt(t *testing.T) {
	w := newWorld(t).before(t, "answer")
	lead := w.lyon().lead
	thread := w.threads[0].ID
	if err := w.posted(ailleurs.AnswerFile{Kind: ailleurs.Decline, Reason: ailleurs.CardNotEnough, Question: "household_split"}); err != nil {
		t.Fatal(err)
	}
	_, err := w.desk(lead).Reply(w.key(), w.dossier(lead), thread, []ailleurs.CardReply{"lift"}, now)
	refused(t, err, "answer.reply_unknown")
	_, err = w.desk(lead).Reply(w.key(), w.dossier(lead), "nowhere", []ailleurs.CardReply{"two_homes_near"}, now)
	refused(t, err, "thread.unknown")
	out, err := w.desk(lead).Reply(w.key(), w.dossier(lead), thread, []ailleurs.CardReply{"two_homes_near", "later_for_some"}, now)
	if err != nil {
		t.Fatal(err)
	}
	w.take(out.Sealed)
	host := w.bordeaux().second
	read := func() ailleurs.AnswerFile {
		o := must(w.desk(host).OpenThread(w.thread(host), now))
		return o.Values["answer."+string(thread)].(ailleurs.AnswerFile)
	}
	if a := read(); !slices.Equal(a.Replies, []ailleurs.CardReply{"two_homes_near", "later_for_some"}) {
		t.Errorf("the addressee reads %v", a.Replies)
	}
	if err := w.posted(proposal()); err != nil {
		t.Fatal(err)
	}
	if a := read(); a.Kind != ailleurs.Propose || a.Question != "household_split" || len(a.Replies) != 2 {
		t.Errorf("what was asked and replied is lost: %+v", a)
	}
}

func TestAnswerThatAsksNothingGetsNoReply(t *testing.T) {
	w := newWorld(t).before(t, "answer")
	lead := w.lyon().lead
	if err := w.posted(ailleurs.AnswerFile{Kind: ailleurs.Decline, Reason: ailleurs.NoHousing}); err != nil {
		t.Fatal(err)
	}
	_, err := w.desk(lead).Reply(w.key(), w.dossier(lead), w.threads[0].ID, []ailleurs.CardReply{"lift"}, now)
	refused(t, err, "answer.no_question")
}
