// Command load measures the hub and its two yardsticks in one run, on one machine, with the same number of connections,
// and writes docs/performance.md. What counts is processor time per request (user + system, as the operating system
// counted it for the server's processes) and the ratios between columns: both stay true when the machine is busy or another
// one is used. Requests per second depend on both.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A target is one server to measure.
type target struct {
	name    string                                      // column of the report
	program string                                      // file name in -bin
	fill    func(ctx context.Context, dir string) error // nil: the first start fills
	args    func(addr, dir string) []string
	env     []string
	ready   string                                                         // path that answers 200 once the first page can be served
	host    func(addr string) string                                       // what requests name as host; nil: the address
	login   func(ctx context.Context, p *server) (who []string, err error) // a header for each person who signed in
	tasks   func() []task                                                  // asked for once the target is filled
	others  func() []int                                                   // processes that work for the server, besides itself; nil: none
}

// A task is one kind of request, the row of the report. next gives the nth request; who are the headers of the login.
type task struct {
	name string
	want int // the only status that counts as done
	most int // how many requests there are; 0 for no end
	next func(n int, who []string) request
}

// A size is how much is in the database.
type size struct{ calls, members int }

// measurement is what the command line asks for.
type measurement struct {
	bin         string
	size        size
	postgres    int // interpellations in the PostgreSQL database, which takes longer to fill
	connections int
	duration    time.Duration
}

func main() {
	log.SetFlags(log.Ltime)
	var m measurement
	flag.StringVar(&m.bin, "bin", "bin", "directory of the programs to measure")
	report := flag.String("report", "", "file to write the report to, standard output otherwise")
	flag.IntVar(&m.size.calls, "calls", 100_000, "interpellations in the database, and cases in the hub's")
	flag.IntVar(&m.size.members, "members", 5_000, "members they are spread over")
	flag.IntVar(&m.postgres, "postgres", 5_000, "the same in the hub's PostgreSQL database; 0 leaves PostgreSQL out")
	flag.IntVar(&m.connections, "connections", 16, "connections, each sending its next request when the last was answered")
	flag.DurationVar(&m.duration, "duration", 5*time.Second, "how long each row is measured, after a fifth of it as warm-up")
	only := flag.String("only", "", "columns to measure, by the start of their names, separated by semicolons")
	parts := flag.Bool("parts", true, "measure the parts too, by the benchmarks of the packages")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, m, *report, *only, *parts); err != nil {
		log.Print(err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, m measurement, report, only string, withParts bool) error {
	began, load := time.Now(), loadAverage()
	targets := []target{bare(m.size), bareInGroups(m.size), pocketBase(m.size), hubOnSQLite("hub", m.size), hubOnSQLite(smallHub, size{1_400, 68})}
	var standby rates
	if m.postgres > 0 {
		t, stop, err := hubOnPostgreSQL(size{m.postgres, min(m.size.members, m.postgres/20)})
		if err != nil {
			return err
		}
		defer stop()
		targets = append(targets, t)
	}
	var columns []column
	for _, t := range targets {
		if only != "" && !slices.ContainsFunc(strings.Split(only, ";"), func(s string) bool { return strings.HasPrefix(t.name, s) }) {
			continue
		}
		c, err := measure(ctx, t, m)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		columns = append(columns, c)
	}
	var found []part
	if withParts {
		var err error
		if found, err = parts(ctx); err != nil {
			return err
		}
		if m.postgres > 0 {
			if standby, err = withStandby(ctx, m.duration); err != nil {
				return err
			}
		}
	}
	text := written(sheet{m: m, began: began, load: [2]string{load, loadAverage()}, columns: columns, parts: found, standby: standby})
	if report == "" {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	return os.WriteFile(report, []byte(text), 0o644)
}

// A column is what was seen of one target.
type column struct {
	name         string
	start        time.Duration // from the process's start to the first page, on a database that exists
	idle, loaded int64         // resident bytes
	rows         map[string]row
}

// A row is what was seen of one task.
type row struct {
	perSecond   float64
	cpu         time.Duration // of the server, per request
	median, p99 time.Duration
	failed      int
}

func measure(ctx context.Context, t target, m measurement) (column, error) {
	dir, err := os.MkdirTemp("", "ailleurs-bench-")
	if err != nil {
		return column{}, err
	}
	defer os.RemoveAll(dir)
	program, err := filepath.Abs(filepath.Join(m.bin, t.program))
	if err != nil {
		return column{}, err
	}
	log.Printf("%s: filling", t.name)
	if t.fill != nil {
		if err := t.fill(ctx, dir); err != nil {
			return column{}, err
		}
	} else { // the first start fills the database; the second is the one that is timed
		p, err := startServer(ctx, program, t, dir, 15*time.Minute)
		if err != nil {
			return column{}, err
		}
		p.stop()
	}
	p, err := startServer(ctx, program, t, dir, time.Minute)
	if err != nil {
		return column{}, err
	}
	defer p.stop()
	c := column{name: t.name, start: p.started, idle: p.resident(), rows: make(map[string]row)}
	who, err := t.login(ctx, p)
	if err != nil {
		return c, err
	}
	for _, task := range t.tasks() {
		log.Printf("%s: %s", t.name, task.name)
		var sent sequence
		if task.most > 0 {
			sent.most = int64(task.most / 6)
		}
		if _, err := drive(ctx, p, task, who, &sent, m.connections, m.duration/5); err != nil {
			return c, fmt.Errorf("%s: %w", task.name, err)
		}
		sent.most = int64(task.most)
		r, err := drive(ctx, p, task, who, &sent, m.connections, m.duration)
		if err != nil {
			return c, fmt.Errorf("%s: %w", task.name, err)
		}
		c.rows[task.name] = r
	}
	c.loaded = p.resident()
	return c, nil
}
