package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// addressees is how many members one case calls on.
const addressees = 6

// A fixture is a hub's database as the measurement wants it, and what to ask of it.
type fixture struct {
	papers  []string // of the leads who will sign in
	threads []asked  // interpellations to open
	cases   []asked  // cases to open, by the origin's lead
	submit  []posted // drafts ready to be submitted, each once
	answers []posted // proposals ready to be made, each once
	proofs  []posted // questions to the journal
}

// An asked is a page and who may read it, by index into papers.
type asked struct {
	path string
	as   int
}

// A posted is a body and who sends it.
type posted struct {
	asked
	body []byte
}

// amounts is how much a fixture holds.
type amounts struct {
	calls   int // interpellations
	cases   int // more of them are drafts and cases that have ended
	members int
	submits int
	answers int
}

// build fills the database that cfg names.
func build(ctx context.Context, cfg hub.Config, n amounts) (_ *fixture, err error) {
	now := time.Now().UTC().Truncate(time.Second)
	cfg.Now = time.Now
	if err := hub.NewLogs(cfg, "bench"); err != nil {
		return nil, err
	}
	h, err := hub.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	world, err := demo.BuildWorld(ctx, h, demo.Size{Cases: 1}, now)
	if err != nil {
		return nil, err
	}
	f := &fixture{}
	towns := make([]town, world.Towns())
	for i := range towns {
		m, people := world.Town(i)
		towns[i] = town{m, [3]ailleurs.AgentID{people[0].Agent, people[1].Agent, people[2].Agent}}
		f.papers = append(f.papers, people[0].Paper)
	}
	log.Print("hub: cases by the use cases")
	plays, err := f.play(ctx, world, n, now)
	if err != nil {
		return nil, err
	}
	log.Print("hub: copies")
	if towns, err = f.copies(ctx, h, towns, plays.called, n, now); err != nil {
		return nil, err
	}
	log.Print("hub: what will be posted")
	if err := f.seal(ctx, plays, time.Now().UTC().Truncate(time.Second)); err != nil {
		return nil, err
	}
	return f, f.choose(ctx, h, towns[:world.Towns()])
}

// A played is a case of the use cases, with its origin and whom it called, by their numbers.
type played struct {
	*demo.Play
	origin int
	called []int
}

// ring is six of the towns that may be called on, others for each n.
func ring(callable []int, n int) []int {
	out := make([]int, addressees)
	for i := range out {
		out[i] = callable[(n*addressees+i)%len(callable)]
	}
	return out
}

// plays are the cases that were made by the use cases: those that are copied, the last of which has ended, and drafts. homes
// and jobs are the places that the towns can propose.
type plays struct {
	called, drafts []played
	homes, jobs    [][]demo.Unit
}

// play makes cases with real keys and real seals.
func (f *fixture) play(ctx context.Context, w *demo.World, n amounts, at time.Time) (plays, error) {
	towns := w.Towns()
	all := plays{homes: make([][]demo.Unit, towns), jobs: make([][]demo.Unit, towns)}
	err := atOnce(towns, func(i int) (err error) {
		all.homes[i], all.jobs[i], err = w.Units(ctx, i, 50, at)
		return err
	})
	if err != nil {
		return all, err
	}
	callable := make([][]int, towns)
	for i := range callable {
		callable[i] = w.Callable(i)
	}
	begin := func(i int) played {
		p := played{origin: i % towns, called: ring(callable[i%towns], i)}
		p.Play = w.Play(p.origin, p.called...)
		return p
	}
	for i := range max(towns, (n.answers+addressees-1)/addressees) {
		all.called = append(all.called, begin(i))
	}
	for i := range n.submits {
		all.drafts = append(all.drafts, begin(i))
	}
	err = atOnce(len(all.called)+len(all.drafts), func(i int) error {
		if i >= len(all.called) {
			return all.drafts[i-len(all.called)].Open(ctx, at)
		}
		if err := all.called[i].Open(ctx, at); err != nil {
			return err
		}
		return all.called[i].Call(ctx, at)
	})
	if err != nil {
		return all, err
	}
	ended := begin(0)
	if err := ended.Open(ctx, at); err != nil {
		return all, err
	}
	all.called = append(all.called, ended)
	return all, ended.Divert(ctx, at)
}

// seal makes what will be posted: each addressee's proposal, and the submission of each draft. What is signed is good for
// ten minutes.
func (f *fixture) seal(ctx context.Context, all plays, at time.Time) error {
	called := all.called[:len(all.called)-1]
	if len(all.drafts) == 0 {
		return nil
	}
	f.submit, f.answers = make([]posted, len(all.drafts)), make([]posted, len(called)*addressees)
	units := make([][addressees]int, len(called)) // which home and job each addressee proposes
	used := make([]int, len(all.homes))
	for i := range units {
		for j, t := range called[i].called {
			units[i][j] = used[t]
			used[t]++
		}
	}
	return atOnce(len(called)+len(all.drafts), func(i int) error {
		if i >= len(called) {
			i -= len(called)
			p := all.drafts[i]
			in, err := p.Submission(ctx, at)
			if err != nil {
				return fmt.Errorf("submission %d: %w", i, err)
			}
			body, err := json.Marshal(in)
			f.submit[i] = posted{asked{"/dossiers/" + string(p.Case()) + "/appel", p.origin}, body}
			return err
		}
		for j, t := range called[i].called {
			u := units[i][j]
			in, err := called[i].Proposal(ctx, j, all.homes[t][u], all.jobs[t][u], at)
			if err != nil {
				return fmt.Errorf("proposal %d: %w", i, err)
			}
			body, err := json.Marshal(in)
			if err != nil {
				return err
			}
			f.answers[i*addressees+j] = posted{asked{"/appels/" + string(in.Sheet.Thread) + "/repondre", t}, body}
		}
		return nil
	})
}

// copies writes members and cases until there are as many as wanted.
func (f *fixture) copies(ctx context.Context, h *hub.Hub, towns []town, plays []played, n amounts, at time.Time) ([]town, error) {
	codes := make(map[string]bool)
	err := h.DB.View(ctx, func(tx *store.Tx) error {
		taken, err := store.All[string](tx, "SELECT code FROM member")
		for _, c := range taken {
			codes[c] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var free []string
	for _, c := range h.Ground.Communes("") {
		if !codes[c.Code] {
			free = append(free, c.Code)
		}
	}
	err = inBatches(ctx, h.DB, max(0, n.members-len(towns)), func(tx *store.Tx, i int) error {
		t, err := copyTown(tx, towns[2+i%(len(towns)-2)], free[i], at)
		towns = append(towns, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	patterns := make([]pattern, len(plays))
	err = h.DB.View(ctx, func(tx *store.Tx) (err error) {
		for i, p := range plays {
			who := []town{towns[p.origin]}
			for _, t := range p.called {
				who = append(who, towns[t])
			}
			if patterns[i], err = readPattern(tx, p.Case(), who, i < len(plays)-1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	calls, ended := patterns[:len(patterns)-1], patterns[len(patterns)-1]
	live := max(0, n.calls/addressees-len(calls))
	who := func(i int) []town { // neighbours in the list, so that each town has its share
		out := make([]town, addressees+1)
		for j := range out {
			out[j] = towns[(i*len(out)+j)%len(towns)]
		}
		return out
	}
	err = inBatches(ctx, h.DB, live, func(tx *store.Tx, i int) error { return calls[i%len(calls)].copyTo(tx, who(i), at) })
	if err != nil {
		return nil, err
	}
	rest := max(0, n.cases-live-len(calls))
	return towns, inBatches(ctx, h.DB, rest, func(tx *store.Tx, i int) error { return ended.copyTo(tx, who(i)[:len(ended.towns)], at) })
}

// choose lists what the leads of the real towns can open, and what they can ask of the journal.
func (f *fixture) choose(ctx context.Context, h *hub.Hub, towns []town) error {
	return h.DB.View(ctx, func(tx *store.Tx) error {
		for i, t := range towns {
			threads, err := store.All[string](tx, "SELECT thread_id FROM inbox WHERE agent_id = $1 AND thread_id <> '' ORDER BY thread_id", t.People[0])
			if err != nil {
				return err
			}
			for _, id := range threads {
				f.threads = append(f.threads, asked{"/appels/" + id, i})
			}
			type line struct {
				Case ailleurs.CaseID `db:"case_id"`
				Hash string          `db:"hash"`
			}
			own, err := store.All[line](tx, `SELECT b.case_id, b.hash FROM body b JOIN dossier d ON d.id = b.case_id
				WHERE d.lead_id = $1 AND d.state = 'calling' AND b.compartment = 'need' ORDER BY b.case_id`, t.People[0])
			if err != nil {
				return err
			}
			for _, c := range own {
				f.cases = append(f.cases, asked{"/dossiers/" + string(c.Case), i})
				body, err := json.Marshal(map[string]any{"handed": []relocation.Handed{{Case: c.Case, Hashes: []string{c.Hash}}}, "since": 1})
				if err != nil {
					return err
				}
				f.proofs = append(f.proofs, posted{asked{"/preuves", i}, body})
			}
		}
		if len(f.threads) == 0 || len(f.cases) == 0 {
			return errors.New("the hub holds nothing to open")
		}
		return nil
	})
}

// atOnce runs n independent steps, 16 at a time, and returns the first error.
func atOnce(n int, step func(i int) error) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		slots = make(chan struct{}, 16)
	)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := step(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
			}
		})
	}
	wg.Wait()
	return first
}
