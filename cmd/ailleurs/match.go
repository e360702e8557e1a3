package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-isatty"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
)

type matchCommand struct {
	In          string        `default:"-" placeholder:"FILE" help:"Instance to solve, JSON or JSON compressed with gzip. Default: standard input."`
	Out         string        `default:"-" placeholder:"FILE" help:"Where to write the plan. Default: standard output."`
	Check       string        `placeholder:"PLAN" help:"Solve nothing: recompute this plan for the instance, without the solver."`
	Certificate bool          `help:"Add prices from which anyone can recompute the bound."`
	Limit       time.Duration `placeholder:"DURATION" help:"Stop after this long (such as 10s) with the best plan so far."`
	Gap         float64       `default:"0" placeholder:"SHARE" help:"Stop once the gap is proved to be at most this (such as 0.001)."`
	Effort      int           `default:"1" help:"Amount of work: 2 is twice the usual."`
	Workers     int           `default:"0" help:"Processors to use; 0 means all. The plan does not depend on it."`
	Prices      int           `default:"10" help:"How many times to try what one more home, job or place would bring."`
	Floors      float64       `default:"0" placeholder:"SHARE" help:"Then keep large households, minors and workers without a diploma at this share of the rate of all, or more (such as 0.9)."`
	Balance     bool          `help:"Then even out the balances of members, as far as that costs at most 0.5 % of the points."`
	Seed        int64         `default:"1" help:"Noted in the plan."`
}

// Run reads the instance whole before it writes anything. An interruption or the limit ends the search early, never the
// plan: it is written with the bound proved by then.
func (c matchCommand) Run(w world) error {
	start := w.now()
	if c.Floors < 0 || c.Floors > 1 {
		return ailleurs.Refuse("match.out_of_range", "floors", "min", "0", "max", "1")
	}
	in, err := c.read(w)
	if err != nil {
		return err
	}
	if c.Check != "" {
		return c.check(w, in)
	}
	progress := newProgress(w, start)
	prices := c.Prices
	if prices == 0 {
		prices = -1
	}
	near := false
	plan := match.Solve(in, match.Options{
		Seed: c.Seed, Workers: c.Workers, Effort: c.Effort, Certificate: c.Certificate, Prices: prices,
		Stop: func() bool {
			return near || w.Err() != nil || c.Limit > 0 && w.now().Sub(start) >= c.Limit
		},
		Progress: func(bound, points int64) {
			near = near || c.Gap > 0 && float64(bound-points) <= c.Gap*float64(bound)
			progress.show(bound, points)
		},
	})
	if fair := (match.Fairness{Floors: c.Floors, Balance: c.Balance}); c.Floors > 0 || c.Balance {
		floors, err := fair.Rearrange(in, plan, func() bool { return w.Err() != nil })
		if err != nil {
			return err
		}
		for _, f := range floors {
			verdict := "kept"
			if !f.Met {
				verdict = "not kept: no exchange of places reaches it"
			}
			fmt.Fprintf(w.err, "floor %s: %.1f %% placed of at least %.1f %%, %s\n", f.Group, 100*f.Rate, 100*f.Wanted, verdict)
		}
	}
	progress.end()
	if err := write(w, c.Out, plan.Write); err != nil {
		return err
	}
	proved := ""
	if plan.ProvedOptimal {
		proved = ", optimal"
	}
	fmt.Fprintf(w.err, "placed %d of %d, points %d, bound %d, gap %.4f %%%s, seconds %.2f\n", len(plan.Placements),
		len(plan.Placements)+len(plan.Unplaced), plan.Points, plan.Bound, 100*plan.Gap, proved, w.now().Sub(start).Seconds())
	return nil
}

func (c matchCommand) read(w world) (*match.Instance, error) {
	if c.In == "-" {
		return match.Read(w.in)
	}
	f, err := os.Open(c.In)
	if err != nil {
		return nil, unreadable(err, "in", c.In)
	}
	defer func() { _ = f.Close() }() // only read
	return match.Read(f)
}

// check prints the verdict on a plan and refuses one that breaks a rule or miscounts.
func (c matchCommand) check(w world, in *match.Instance) error {
	f, err := os.Open(c.Check)
	if err != nil {
		return unreadable(err, "check", c.Check)
	}
	defer func() { _ = f.Close() }() // only read
	plan, err := match.ReadPlan(bufio.NewReader(f))
	if err != nil {
		return err
	}
	verdict := match.Check(in, plan)
	e := json.NewEncoder(w.out)
	e.SetIndent("", " ")
	if err := e.Encode(verdict); err != nil {
		return err
	}
	if len(verdict.Violations) > 0 {
		return ailleurs.Refuse("match.plan_breaks_rules", "check", "count", fmt.Sprint(len(verdict.Violations)), "first", verdict.Violations[0])
	}
	return nil
}

// write writes a file through a neighbour that takes its name at the end, so that nothing half-written is ever found
// under it; "-" is the standard output.
func write(w world, name string, content func(io.Writer) error) error {
	if name == "-" {
		out := bufio.NewWriter(w.out)
		return errors.Join(content(out), out.Flush())
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".ailleurs-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	out := bufio.NewWriter(f)
	err = errors.Join(content(out), out.Flush(), f.Chmod(0o600), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}

// A progress line on a terminal: bound, points, gap, time.
type progress struct {
	w     world
	start time.Time
	last  time.Time
	shown bool
}

func newProgress(w world, start time.Time) *progress {
	p := &progress{w: w, start: start}
	if f, ok := w.err.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		p.shown = true
	}
	return p
}

func (p *progress) show(bound, points int64) {
	if !p.shown || p.w.now().Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last = p.w.now()
	gap := 0.0
	if bound > 0 {
		gap = 100 * float64(bound-points) / float64(bound)
	}
	fmt.Fprintf(p.w.err, "\r\x1b[Kbound %d  points %d  gap %.4f %%  %.1f s", bound, points, gap, p.last.Sub(p.start).Seconds())
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w.err, "\r\x1b[K")
	}
}
