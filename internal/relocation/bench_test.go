package relocation_test

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// inParallel runs fn b.N times from 16 goroutines, as 16 connections would.
func inParallel(b *testing.B, fn func(i int)) {
	b.Helper()
	var next atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	before := processor()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			fn(int(next.Add(1)) - 1)
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((processor()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processor is the time that this process has spent on processors: it stays true when the machine is busy.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSubmitToSix is one interpellation to six members: 23 envelopes, two of them for each coordinator.
func BenchmarkSubmitToSix(b *testing.B) {
	w := onSQLite(b, 7)
	calls := make([]ailleurs.SubmitCall, b.N)
	for i := range calls {
		calls[i] = w.call(w.opened(ailleurs.Normal), ailleurs.Normal, w.towns[1:7])
	}
	inParallel(b, func(i int) {
		if err := w.Submit(w.ctx, w.towns[0].lead.Actor, calls[i], w.at); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkOpenCase is a case opened by its lead: authority, envelopes, bodies, history, and the read in the journal.
func BenchmarkOpenCase(b *testing.B) {
	w := onSQLite(b, 7)
	var files []*file
	for range 64 {
		files = append(files, w.calling(ailleurs.Normal, w.towns[1:7]))
	}
	inParallel(b, func(i int) {
		if _, err := w.Case(w.ctx, w.towns[0].lead.Actor, files[i%len(files)].id, w.at); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkOpenThread is an interpellation opened by an addressee who has read it before.
func BenchmarkOpenThread(b *testing.B) {
	w := onSQLite(b, 7)
	var threads []ailleurs.ThreadID
	for range 64 {
		f := w.calling(ailleurs.Normal, w.towns[1:7])
		w.read(f, w.towns[1])
		threads = append(threads, w.threadOf(f, w.towns[1]))
	}
	inParallel(b, func(i int) {
		if _, err := w.Thread(w.ctx, w.towns[1].lead.Actor, threads[i%len(threads)], w.at); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkInbox is the first page of an inbox with all counts, in a hub of so many cases and one agent for each twenty.
func BenchmarkInbox(b *testing.B) {
	for _, cases := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(cases), func(b *testing.B) {
			w := onSQLite(b, 1)
			agents := w.fillInboxes(cases)
			inParallel(b, func(i int) {
				in, err := w.Inbox(w.ctx, ailleurs.Actor{Agent: agents[i%len(agents)]}, relocation.ToDo, "", w.at)
				if err != nil || len(in.Rows) == 0 {
					b.Error(len(in.Rows), err)
				}
			})
		})
	}
}

// fillInboxes writes what so many cases leave in the inboxes: for each two rows, one of them to do.
func (w *world) fillInboxes(cases int) []ailleurs.AgentID {
	w.Helper()
	agents := make([]ailleurs.AgentID, cases/20)
	for i := range agents {
		agents[i] = ailleurs.NewID[ailleurs.AgentID]()
	}
	for from := 0; from < cases; from += 1000 {
		w.ok(w.db.Update(w.ctx, func(tx *store.Tx) error {
			for i := from; i < from+1000; i++ {
				id := ailleurs.NewID[ailleurs.CaseID]()
				for j, task := range []relocation.Task{relocation.TaskSubmit, ""} {
					_, err := tx.Exec(`INSERT INTO inbox (agent_id, case_id, thread_id, part, side, task, state, speed, due_at, changed_at)
						VALUES ($1, $2, '', $3, $4, $5, $6, $7, $8, $9)`,
						agents[(i+j)%len(agents)], id, ailleurs.OriginLead, []string{"sent", "received"}[j], task, ailleurs.Draft, ailleurs.Normal,
						w.at.Add(time.Duration(i)*time.Minute), w.at)
					if err != nil {
						return err
					}
				}
			}
			return nil
		}))
	}
	return agents
}

// BenchmarkHoldPlace is a proposal: the sealed answer with its five envelopes, a home and a job held.
func BenchmarkHoldPlace(b *testing.B) {
	w := onSQLite(b, 7)
	host := w.towns[1]
	var homes, jobs []ailleurs.PlaceID
	for len(homes) < b.N {
		for _, o := range []struct {
			kind ailleurs.OfferKind
			to   *[]ailleurs.PlaceID
		}{{ailleurs.HomeOffer, &homes}, {ailleurs.JobOffer, &jobs}} {
			id, err := w.PublishOffer(w.ctx, host.lead.Actor, ailleurs.PostOffer{Once: once(), Offer: offer(o.kind, 50)}, w.at)
			w.ok(err)
			own, err := w.Offer(w.ctx, host.lead.Actor, id, w.at)
			w.ok(err)
			*o.to = append(*o.to, own.Places...)
		}
	}
	answers := make([]ailleurs.PostAnswer, b.N)
	for i := range answers {
		f := w.calling(ailleurs.Normal, w.towns[1:7])
		w.read(f, host)
		answers[i] = w.answer(f, host, ailleurs.Counter, func(s *ailleurs.AnswerSheet) {
			s.Home, s.Jobs = homes[i], []ailleurs.PlaceID{jobs[i]}
		})
	}
	inParallel(b, func(i int) {
		if err := w.Answer(w.ctx, host.lead.Actor, answers[i], w.at); err != nil {
			b.Error(err)
		}
	})
}
