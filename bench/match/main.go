// Command match holds `ailleurs match` against CBC, GLPK and HiGHS on the same generated instances, each as a process of
// its own, reading and writing included, and prints one line per run. Peers read the exact model, every feasible
// placement a variable, whose writing is not charged to them.
//
//	go run ./bench/match -sizes 200,500 -seeds 3 -limit 120s
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "match:", err)
		os.Exit(1)
	}
}

type bench struct {
	dir     string
	command []string
	limit   time.Duration
}

func run() error {
	sizes := flag.String("sizes", "200", "households, separated by commas")
	seeds := flag.Int("seeds", 3, "instances of each size")
	first := flag.Uint64("first", 1, "first seed")
	limit := flag.Duration("limit", 2*time.Minute, "time for each run")
	command := flag.String("ailleurs", "ailleurs match", "our command, up to its flags")
	programs := flag.String("programs", "ailleurs,cbc,glpk,highs", "which programs to run")
	gaps := flag.String("gaps", "0", "relative gaps at which to stop, separated by commas; 0 is the proof")
	largest := flag.Int("peers-up-to", 2000, "households beyond which peers are not tried")
	keep := flag.String("keep", "", "directory to leave the instances and models in")
	flag.Parse()
	b := bench{dir: *keep, command: strings.Fields(*command), limit: *limit}
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "bench-match-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	towns, err := towns()
	if err != nil {
		return err
	}
	fmt.Println("| households | seed | program | stop at gap | seconds | cpu s | memory MB | points | bound | gap % |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	for _, size := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		for seed := *first; seed < *first+uint64(*seeds); seed++ {
			in := match.Generate(towns, seed, match.Scale{Households: n})
			instance := filepath.Join(b.dir, fmt.Sprintf("%d-%d.json", n, seed))
			model := filepath.Join(b.dir, fmt.Sprintf("%d-%d.lp", n, seed))
			if err := create(instance, func(f *os.File) error { return in.Write(f) }); err != nil {
				return err
			}
			written := false
			for _, program := range strings.Split(*programs, ",") {
				if program != "ailleurs" && n > *largest {
					continue
				}
				if program != "ailleurs" && !written {
					if err := create(model, func(f *os.File) error { _, err := match.WriteModel(f, in); return err }); err != nil {
						return err
					}
					written = true
				}
				for _, gap := range strings.Split(*gaps, ",") {
					r, err := b.measure(program, instance, model, gap)
					if err != nil {
						return fmt.Errorf("%s: %w", program, err)
					}
					fmt.Printf("| %d | %d | %s | %s | %s |\n", n, seed, program, gap, r)
				}
			}
			if *keep == "" {
				err = errors.Join(os.Remove(instance), os.RemoveAll(model))
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func create(name string, write func(*os.File) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// A result is what one run did; Points and Bound are NaN-free: a minus sign stands for what the program did not say.
type result struct {
	seconds, cpu  float64
	memory        int64 // MB at the peak
	points, bound float64
	found, proved bool
}

func (r result) String() string {
	points, bound, gap := "–", "–", "–"
	if r.found {
		points = fmt.Sprintf("%.0f", r.points)
	}
	if r.proved {
		bound = fmt.Sprintf("%.0f", r.bound)
	}
	if r.found && r.proved && r.bound > 0 {
		gap = fmt.Sprintf("%.4f", 100*(r.bound-r.points)/r.bound)
	}
	return fmt.Sprintf("%.2f | %.2f | %d | %s | %s | %s", r.seconds, r.cpu, r.memory, points, bound, gap)
}

func (b bench) measure(program, instance, model, gap string) (r result, err error) {
	seconds := fmt.Sprintf("%.0f", b.limit.Seconds())
	solution := filepath.Join(b.dir, "solution")
	if err := os.RemoveAll(solution); err != nil {
		return r, err
	}
	var c *exec.Cmd
	ctx, cancel := context.WithTimeout(context.Background(), b.limit+30*time.Second)
	defer cancel()
	switch program {
	case "ailleurs":
		args := append(b.command[1:], "--in", instance, "--out", solution, "--limit", b.limit.String(), "--prices", "0", "--gap", gap)
		c = exec.CommandContext(ctx, b.command[0], args...)
	case "cbc":
		c = exec.CommandContext(ctx, "cbc", model, "-sec", seconds, "-timeMode", "elapsed", "-ratio", gap, "-allow", "0.5", "solve", "solution", solution)
	case "glpk":
		c = exec.CommandContext(ctx, "glpsol", "--lp", model, "--cuts", "--tmlim", seconds, "--mipgap", gap, "-o", solution)
	case "highs":
		c = exec.CommandContext(ctx, "node", filepath.Join("bench", "match", "highs.mjs"), model, seconds, gap)
	default:
		return r, fmt.Errorf("no program %q", program)
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	start := time.Now() //nolint:forbidigo // a benchmark measures time
	failed := c.Run()
	r.seconds = time.Since(start).Seconds()
	if c.ProcessState == nil {
		return r, failed
	}
	r.cpu = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.memory = usage.Maxrss >> 10
	}
	if failed != nil && program == "ailleurs" {
		return r, fmt.Errorf("%w: %s", failed, out.String())
	}
	text, err := os.ReadFile(solution)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, err
	}
	number := func(pattern string, in []byte) (float64, bool) {
		all := regexp.MustCompile(pattern).FindAllSubmatch(in, -1)
		if len(all) == 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(string(all[len(all)-1][1]), 64)
		return max(v, -v), err == nil
	}
	switch program {
	case "ailleurs":
		var plan struct{ Points, Bound float64 }
		if err := json.Unmarshal(text, &plan); err != nil {
			return r, err
		}
		r.points, r.bound, r.found, r.proved = plan.Points, plan.Bound, true, true
	case "cbc":
		r.points, r.found = number(`objective value:?\s+(-?[0-9.]+)`, out.Bytes())
		r.bound, r.proved = number(`(?:Upper bound|best possible)[: ]+(-?[0-9.]+)`, out.Bytes())
		if bytes.Contains(out.Bytes(), []byte("Result - Optimal solution found")) && gap == "0" {
			r.bound, r.proved = r.points, r.found
		}
	case "glpk":
		r.points, r.found = number(`mip =\s+([0-9.e+]+)`, out.Bytes())
		r.bound, r.proved = number(`<=\s+([0-9.e+]+)`, out.Bytes())
		if bytes.Contains(out.Bytes(), []byte("INTEGER OPTIMAL SOLUTION FOUND")) {
			r.bound, r.proved = r.points, r.found
		}
	case "highs":
		r.points, r.found = number(`Primal bound\s+(-?[0-9.e+]+)`, out.Bytes())
		r.bound, r.proved = number(`Dual bound\s+(-?[0-9.e+]+)`, out.Bytes())
	}
	return r, nil
}

// towns are the real communes whose place is known.
func towns() ([]match.Town, error) {
	t, err := territory.Load()
	if err != nil {
		return nil, err
	}
	var list []match.Town
	for _, d := range t.Departements() {
		for _, c := range t.Communes(d.Code) {
			if c.Located {
				list = append(list, match.Town{
					Commune:    match.Commune{Code: c.Code, Departement: c.Departement, Region: c.Region, Lat: c.Point.Lat, Lon: c.Point.Lon},
					Population: c.Population,
				})
			}
		}
	}
	return list, nil
}
