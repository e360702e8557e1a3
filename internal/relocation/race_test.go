package relocation_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// contend lets 16 cases want each of n places at the same time; exactly one gets each.
func contend(t *testing.T, w *world, n, contenders int) {
	host := w.towns[1]
	var files []*file
	for range contenders {
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		w.read(f, host)
		files = append(files, f)
	}
	var won, lost atomic.Int64
	for range n {
		home := w.place(host, ailleurs.HomeOffer)
		var answers []ailleurs.PostAnswer
		for _, f := range files {
			answers = append(answers, w.answer(f, host, ailleurs.Propose, func(s *ailleurs.AnswerSheet) { s.Home, s.Jobs = home, nil }))
		}
		var wg sync.WaitGroup
		var winner atomic.Int64
		winner.Store(-1)
		for i, in := range answers {
			wg.Go(func() {
				err := w.Answer(w.ctx, host.lead.Actor, in, w.at)
				r := ailleurs.AsRefusal(err)
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(int64(i))
				case r != nil && r.Key == "answer.place_taken" && r.Kind == ailleurs.Conflict:
					lost.Add(1)
				default:
					t.Errorf("neither won nor refused: %v", err)
				}
			})
		}
		wg.Wait()
		for i, f := range files { // everyone is back at the start
			if i == int(winner.Load()) {
				id := w.threadOf(f, host)
				w.ok(w.TakeBack(w.ctx, host.lead.Actor, ailleurs.TakeBack{Once: once(), Thread: id, Reason: ailleurs.NoHousing}, w.at))
				continue
			}
			f.forget(folderKey(ailleurs.Answer, w.threadOf(f, host)), answers[i])
		}
	}
	if int(won.Load()) != n || int(lost.Load()) != n*(contenders-1) {
		t.Errorf("%d won and %d lost, want %d and %d", won.Load(), lost.Load(), n, n*(contenders-1))
	}
	w.verified()
}

// forget takes back what a refused answer would have added to the chain.
func (f *file) forget(folder string, in ailleurs.PostAnswer) {
	if len(in.Keys) > 0 {
		f.epochs[folder]--
	}
	if b := in.Bodies[0]; b.Seq > 1 {
		f.heads[folder] = ailleurs.SealedBody{Seq: b.Seq - 1, Hash: b.Prev}
	} else {
		delete(f.heads, folder)
	}
}

func TestNoPlaceHasTwoHolders(t *testing.T) {
	eachWorld(t, 6, func(t *testing.T, w *world) { contend(t, w, 12, 16) })
}

// The race for one place at full size: 500 places, 16 at each, straight at the table.
func TestRaceForFiveHundredPlaces(t *testing.T) {
	if testing.Short() {
		return
	}
	eachWorld(t, 6, func(t *testing.T, w *world) {
		host := w.towns[1]
		f := w.calling(ailleurs.Normal, w.towns[1:6])
		thread := w.threadOf(f, host)
		var places []ailleurs.PlaceID
		for range 10 {
			id, err := w.PublishOffer(w.ctx, host.lead.Actor, ailleurs.PostOffer{Once: once(), Offer: offer(ailleurs.HomeOffer, 50)}, w.at)
			w.ok(err)
			o, err := w.Offer(w.ctx, host.lead.Actor, id, w.at)
			w.ok(err)
			places = append(places, o.Places...)
		}
		var won, taken atomic.Int64
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for _, p := range places {
					err := w.hold(f, thread, p)
					switch {
					case err == nil:
						won.Add(1)
					case errors.Is(err, store.ErrTaken) && store.TakenIndex(err) == "hold_live":
						taken.Add(1)
					default:
						t.Errorf("neither won nor taken: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if won.Load() != int64(len(places)) || taken.Load() != int64(15*len(places)) {
			t.Errorf("%d holds and %d refusals for %d places", won.Load(), taken.Load(), len(places))
		}
		if n := w.count("SELECT count(*) FROM (SELECT place_id FROM hold WHERE released_at IS NULL GROUP BY place_id HAVING count(*) > 1) twice"); n != 0 {
			t.Errorf("%d places have two holders", n)
		}
	})
}

// hold writes the row that holds a place, with nothing before it that could have looked first.
func (w *world) hold(f *file, thread ailleurs.ThreadID, place ailleurs.PlaceID) error {
	return w.db.Update(w.ctx, func(tx *store.Tx) error {
		err := tx.Insert("hold", store.Changes{
			"id": ailleurs.NewID[ailleurs.PlaceID](), "place_id": place, "case_id": f.id, "thread_id": thread, "round": 1, "at": w.at, "until_at": w.at,
		})
		if err != nil {
			return err
		}
		_, err = journal.Append(tx, journal.Event{Kind: "test.held", At: w.at})
		return err
	})
}

// Whatever fails at COMMIT, the retry under the same key finds out, and nothing is done twice or by half.
func TestLostAnswerIsFoundByTheRetry(t *testing.T) {
	for _, at := range []store.Step{store.StepBegin, store.StepCommit, store.StepCommitted} {
		t.Run(string(at), func(t *testing.T) {
			var armed atomic.Bool
			broken := errors.New("the line went dead")
			setup := storetest.Setup{Options: store.Options{Fault: func(s store.Step) error {
				if s == at && armed.CompareAndSwap(true, false) {
					return broken
				}
				return nil
			}}}
			storetest.EachWith(t, setup, func(t *testing.T, db *store.DB) {
				w := newWorld(t, db, 6)
				f := w.calling(ailleurs.Normal, w.towns[1:6])
				w.read(f, w.towns[1])
				in := w.answer(f, w.towns[1], ailleurs.Propose, nil)
				armed.Store(true)
				err := w.Answer(w.ctx, w.towns[1].lead.Actor, in, w.at)
				if err == nil {
					t.Fatal("the fault did not show")
				}
				if ailleurs.AsRefusal(err) != nil {
					t.Errorf("a fault was shown to the person: %v", err)
				}
				w.ok(w.Answer(w.ctx, w.towns[1].lead.Actor, in, w.at))
				if n := w.count("SELECT count(*) FROM answer"); n != 1 {
					t.Errorf("%d answers", n)
				}
				if n := w.count("SELECT count(*) FROM hold WHERE released_at IS NULL"); n != 2 {
					t.Errorf("%d places held", n)
				}
				w.verified()
			})
		})
	}
}
