package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A part is one benchmark of a package.
type part struct {
	name, where string
	times       int
	wall, cpu   float64 // microseconds; cpu is 0 where the benchmark does not say
}

// suites are the benchmarks that the report tells of, by package.
var suites = []struct{ pkg, bench string }{
	{"./internal/journal", "^(BenchmarkReadEventBy16|BenchmarkSubmitBy16|BenchmarkProve)$"},
	{"./internal/vault", "^(BenchmarkSealCard|BenchmarkOpenCard|BenchmarkSealEnvelope|BenchmarkOpenEnvelope)$"},
	{"./internal/territory", "^BenchmarkSearchWorstPrefix$"},
}

// parts runs the benchmarks of the packages, and those of the vault in WebAssembly too where Node, whose engine is
// Chromium's, is to be had.
func parts(ctx context.Context) ([]part, error) {
	var out []part
	for _, s := range suites {
		log.Printf("parts: %s", s.pkg)
		found, err := benchmarks(ctx, "Go", nil, s.pkg, s.bench)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if _, missing := exec.LookPath("node"); missing != nil || err != nil {
		return out, err
	}
	log.Print("parts: ./internal/vault in WebAssembly")
	runner := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "go_js_wasm_exec")
	found, err := benchmarks(ctx, "WebAssembly", []string{"GOOS=js", "GOARCH=wasm"}, "-exec", runner, suites[1].pkg, suites[1].bench)
	return append(out, found...), err
}

// benchmarks runs one suite; the last two arguments are its package and the expression that chooses.
func benchmarks(ctx context.Context, where string, env []string, args ...string) ([]part, error) {
	n := len(args)
	args = append(append([]string{"test", "-run", "^$", "-benchtime", "1s", "-bench", args[n-1]}, args[:n-2]...), args[n-2])
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, text)
	}
	var out []part
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		p := part{name: strings.TrimPrefix(fields[0], "Benchmark"), where: where}
		if i := strings.LastIndexByte(p.name, '-'); i > 0 {
			p.name = p.name[:i]
		}
		p.times, _ = strconv.Atoi(fields[1])
		for i := 2; i+1 < len(fields); i += 2 {
			v, _ := strconv.ParseFloat(fields[i], 64)
			switch fields[i+1] {
			case "ns/op":
				p.wall = v / 1e3
			case "cpu-µs/op":
				p.cpu = v
			case "µs/worst":
				p.wall = v
			}
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("go %s: no benchmark ran\n%s", strings.Join(args, " "), text)
	}
	return out, nil
}
