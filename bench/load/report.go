package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A sheet is everything that a run has seen.
type sheet struct {
	m       measurement
	began   time.Time
	load    [2]string // of the machine, before and after
	columns []column
	parts   []part
	standby rates
}

// An aim is a ratio that the hub should reach: how much of a yardstick's work it does with the same processor time.
type aim struct {
	row, of, ofRow string // the hub's row, the yardstick's column and row
	least          float64
}

var aims = []aim{
	{openCall, "bare", openCall, 0.33},
	{openCall, "PocketBase", openCall, 1.5},
	{openCase, "bare", openCall, 0.33},
	{openCase, "PocketBase", openCall, 1.5},
	{inbox, "bare", inbox, 0.5},
	{inbox, "PocketBase", inbox, 2},
	{inbox, smallHub, inbox, 0.8},
	{submit, "bare, group commit", submit, 0.33},
	{submit, "PocketBase", submit, 2},
	{hold, "bare, group commit", submit, 0.33},
	{hold, "PocketBase", submit, 2},
	{prove, "bare", openCall, 0.45},
}

// written is docs/performance.md.
func written(s sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Performance

Written by `+"`make bench`"+` on %s; do not edit. %d interpellations and as many cases over %d members (on PostgreSQL
%d), %d connections on the loopback, %v for each cell after a warm-up. %s, %d cores (%s), shared with the load
generator; the machine's load over one minute was %s before and %s after. Times are processor time of the server per
request, user and system, from the operating system; carry over the ratios, not the absolute numbers.

The yardsticks are `+"`bench/bare`"+`, the least that a program of this kind can do (a session check, one indexed read, one small
page; nothing sealed, signed, journalled or decided), and PocketBase as its authors ship it. The hub is `+"`bin/ailleurs serve`"+`;
its people signed in with their paper codes. Opening an interpellation or a case checks who may, hands out the envelopes
and writes the read into the journal, durably, before it answers; the inbox hands out twenty sealed cards and journals
that; submitting takes 23 envelopes.

`, s.began.UTC().Format(time.DateOnly), s.m.size.calls, s.m.size.members, s.m.postgres, s.m.connections, s.m.duration,
		runtime.Version(), runtime.NumCPU(), processorName(), s.load[0], s.load[1])
	s.table(&b)
	s.ratios(&b)
	s.pieces(&b)
	return b.String()
}

func (s sheet) table(b *strings.Builder) {
	b.WriteString("| |")
	for _, c := range s.columns {
		b.WriteString(" " + c.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(s.columns)) + "\n")
	for _, name := range allRows {
		b.WriteString("| " + name + " |")
		for _, c := range s.columns {
			b.WriteString(" " + cell(c.rows, name) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("| start to first page |")
	for _, c := range s.columns {
		fmt.Fprintf(b, " %d ms |", c.start.Milliseconds())
	}
	b.WriteString("\n| memory idle / after load |")
	for _, c := range s.columns {
		fmt.Fprintf(b, " %d / %d MB |", c.idle>>20, c.loaded>>20)
	}
	b.WriteString("\n\n")
}

func (s sheet) column(name string) (column, bool) {
	for _, c := range s.columns {
		if c.name == name {
			return c, true
		}
	}
	return column{}, false
}

// ratios holds the hub's column against the aims.
func (s sheet) ratios(b *strings.Builder) {
	hub, ok := s.column("hub")
	if !ok {
		return
	}
	b.WriteString("## Ratios\n\nHow much the hub does with the processor time in which the yardstick does 1, and with the same connections.\n\n" +
		"| | of | by processor time | by requests a second | aim | |\n|---|---|---|---|---|---|\n")
	for _, a := range aims {
		of, ok := s.column(a.of)
		mine, yard := hub.rows[a.row], of.rows[a.ofRow]
		if !ok || mine.cpu == 0 || yard.cpu == 0 {
			continue
		}
		r := float64(yard.cpu) / float64(mine.cpu)
		fmt.Fprintf(b, "| %s | %s, %s | %.2f | %.2f | ≥ %v | %s |\n", a.row, a.of, a.ofRow, r, mine.perSecond/yard.perSecond, a.least, verdict(r >= a.least))
	}
	fmt.Fprintf(b, "| start to first page | | %d ms | | ≤ 100 ms | %s |\n", hub.start.Milliseconds(), verdict(hub.start <= 100*time.Millisecond))
	fmt.Fprintf(b, "| memory idle | | %d MB | | ≤ 48 MB | %s |\n", hub.idle>>20, verdict(hub.idle>>20 <= 48))
	fmt.Fprintf(b, "| memory after load | | %d MB | | ≤ 128 MB | %s |\n", hub.loaded>>20, verdict(hub.loaded>>20 <= 128))
	with, without := s.part("SubmitBy16/journalled=true/SQLite"), s.part("SubmitBy16/journalled=false/SQLite")
	if with > 0 && without > 0 {
		fmt.Fprintf(b, "| the journal adds to a submission | | %+.0f %% | | ≤ 10 %% | %s |\n", 100*(with/without-1), verdict(with <= 1.1*without))
	}
	if s.standby.bare > 0 {
		r := s.standby.units / s.standby.bare
		fmt.Fprintf(b, "| journalled units, PostgreSQL with a synchronous standby, 4 writers | bare rows | | %.2f (%.0f/s of %.0f/s) | ≥ 0.5 | %s |\n",
			r, s.standby.units, s.standby.bare, verdict(r >= 0.5))
	}
	b.WriteString("\n")
}

func verdict(ok bool) string {
	if ok {
		return "reached"
	}
	return "**missed**"
}

// part is the processor time of a benchmark, or 0.
func (s sheet) part(name string) float64 {
	for _, p := range s.parts {
		if p.name == name && p.where == "Go" {
			return p.cpu
		}
	}
	return 0
}

func (s sheet) pieces(b *strings.Builder) {
	if len(s.parts) == 0 {
		return
	}
	b.WriteString("## Parts\n\nBenchmarks of the packages, one second each. By16: sixteen callers at once. WebAssembly runs under Node, whose engine is\n" +
		"Chromium's.\n\n| | in | processor time | elapsed |\n|---|---|---|---|\n")
	for _, p := range s.parts {
		cpu := "–"
		if p.cpu > 0 {
			cpu = fmt.Sprintf("%.0f µs", p.cpu)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.1f µs |\n", p.name, p.where, cpu, p.wall)
	}
}

func cell(rows map[string]row, name string) string {
	r, ok := rows[name]
	if !ok {
		return "–"
	}
	text := fmt.Sprintf("%.0f µs, %.0f/s, p50 %s, p99 %s", float64(r.cpu)/1e3, r.perSecond, short(r.median), short(r.p99))
	if r.failed > 0 {
		text += fmt.Sprintf(", **%d failed**", r.failed)
	}
	return text
}

func short(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

// loadAverage is the machine's load over the last minute, as Linux counts it.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	load, _, _ := strings.Cut(string(b), " ")
	return load
}

// processorName is what Linux calls the processor, or the architecture.
func processorName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
