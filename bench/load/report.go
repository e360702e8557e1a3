package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// written is docs/performance.md.
func written(columns []column, s size, connections int, d time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Performance

Written by `+"`make bench`"+`; do not edit. %d interpellations over %d members, %d connections on the loopback, %v for each
cell after a warm-up. %s, %d processors (%s), shared with the load generator. Times are processor time of the server per
request, user and system, from the operating system; carry over the ratios, not the absolute numbers.

`, s.calls, s.members, connections, d, runtime.Version(), runtime.NumCPU(), processorName())
	b.WriteString("| |")
	for _, c := range columns {
		b.WriteString(" " + c.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, name := range []string{openCall, inbox, submit} {
		b.WriteString("| " + name + " |")
		for _, c := range columns {
			b.WriteString(" " + cell(c.rows, name) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("| start to first page |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %d ms |", c.start.Milliseconds())
	}
	b.WriteString("\n| memory idle / after load |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %d / %d MB |", c.idle>>20, c.loaded>>20)
	}
	b.WriteString("\n")
	return b.String()
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
