// Command load measures the hub and its two yardsticks in one run, on one machine, with the same number of connections,
// and writes docs/performance.md. What counts is processor time per request (user + system, as the operating system
// counted it for the server's process) and the ratios between columns: both stay true when the machine is busy or another
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
	"time"
)

// A target is one server to measure.
type target struct {
	name    string // column of the report
	program string // file name in -bin
	args    []string
	ready   string // path that answers 200 once the first page can be served
	login   func(ctx context.Context, addr string) (header string, err error)
	tasks   []task
}

// A task is one kind of request, the row of the report. next writes the nth request for a connection to send.
type task struct {
	name string
	want int // the only status that counts as done
	next func(n int, header string) request
}

// A size is how much is in the database.
type size struct{ calls, members int }

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "bin", "directory of the programs to measure")
	report := flag.String("report", "", "file to write the report to, standard output otherwise")
	calls := flag.Int("calls", 100_000, "interpellations in the database")
	members := flag.Int("members", 5_000, "members they are spread over")
	connections := flag.Int("connections", 16, "connections, each sending its next request when the last was answered")
	duration := flag.Duration("duration", 5*time.Second, "how long each row is measured, after a fifth of it as warm-up")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *bin, *report, size{*calls, *members}, *connections, *duration); err != nil {
		log.Print(err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, report string, s size, connections int, d time.Duration) error {
	var columns []column
	for _, t := range []target{bare(s), bareInGroups(s), pocketBase(s)} {
		c, err := measure(ctx, t, bin, s, connections, d)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		columns = append(columns, c)
	}
	text := written(columns, s, connections, d)
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

func measure(ctx context.Context, t target, bin string, s size, connections int, d time.Duration) (column, error) {
	dir, err := os.MkdirTemp("", "ailleurs-bench-")
	if err != nil {
		return column{}, err
	}
	defer os.RemoveAll(dir)
	program, err := filepath.Abs(filepath.Join(bin, t.program))
	if err != nil {
		return column{}, err
	}
	log.Printf("%s: filling", t.name)
	// The first start fills the database; the second is the one that is timed.
	p, err := startServer(ctx, program, t, dir, s, 15*time.Minute)
	if err != nil {
		return column{}, err
	}
	p.stop()
	if p, err = startServer(ctx, program, t, dir, s, time.Minute); err != nil {
		return column{}, err
	}
	defer p.stop()
	c := column{name: t.name, start: p.started, idle: p.resident(), rows: make(map[string]row)}
	header, err := t.login(ctx, p.addr)
	if err != nil {
		return c, err
	}
	for _, task := range t.tasks {
		log.Printf("%s: %s", t.name, task.name)
		if _, err := drive(ctx, p, task, header, connections, d/5); err != nil {
			return c, fmt.Errorf("%s: %w", task.name, err)
		}
		r, err := drive(ctx, p, task, header, connections, d)
		if err != nil {
			return c, fmt.Errorf("%s: %w", task.name, err)
		}
		c.rows[task.name] = r
	}
	c.loaded = p.resident()
	return c, nil
}
