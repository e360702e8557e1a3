package match

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// invented are towns for the generator where the real ones may not be imported: 300 of them on a disc of 150 km.
func invented() []Town {
	random := rand.New(rand.NewPCG(7, 7))
	var towns []Town
	for i := range 300 {
		angle, away := random.Float64()*2*math.Pi, math.Sqrt(random.Float64())*1.3
		towns = append(towns, Town{Commune{
			Code: fmt.Sprintf("%05d", 10000+i), Departement: strconv.Itoa(10 + i%12), Region: strconv.Itoa(80 + i%3),
			Lat: 46.5 + away*math.Sin(angle), Lon: 2.5 + 1.4*away*math.Cos(angle),
		}, 500 * (1 + i%40) * (1 + i%7)})
	}
	return towns
}

// peer runs a solver of Debian on a model and returns the optimum it proves. Where it is not installed the test is
// skipped, but not in continuous integration.
func peer(t *testing.T, name string, arguments func(model, solution string) []string, optimum *regexp.Regexp, in *Instance) int64 {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	dir := t.TempDir()
	model, solution := filepath.Join(dir, "model.lp"), filepath.Join(dir, "solution.txt")
	f, err := os.Create(model)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := WriteModel(f, in); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, path, arguments(model, solution)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	text, err := os.ReadFile(solution)
	if err != nil {
		t.Fatal(err)
	}
	found := optimum.FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s proved no optimum:\n%.500s", name, text)
	}
	value, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(math.Round(math.Abs(value)))
}

func TestOptimaAreThoseOfCBC(t *testing.T) {
	for seed := range uint64(6) {
		in := Generate(invented(), seed, Scale{Households: 20 + 10*int(seed)})
		plan := Solve(in, Options{Prices: -1})
		hold(t, in, plan)
		want := peer(t, "cbc", func(model, solution string) []string {
			return []string{model, "-ratio", "0", "-allow", "0.5", "solve", "solution", solution}
		}, regexp.MustCompile(`^Optimal - objective value (\S+)`), in)
		if plan.Points != want || !plan.ProvedOptimal {
			t.Errorf("seed %d: points %d, bound %d; CBC proves %d", seed, plan.Points, plan.Bound, want)
		}
	}
}

func TestOptimaAreThoseOfGLPK(t *testing.T) {
	for seed := range uint64(4) {
		in := Generate(invented(), 100+seed, Scale{Households: 12 + 4*int(seed)})
		plan := Solve(in, Options{Prices: -1})
		hold(t, in, plan)
		want := peer(t, "glpsol", func(model, solution string) []string {
			return []string{"--lp", model, "--cuts", "-o", solution}
		}, regexp.MustCompile(`(?s)Status:\s+INTEGER OPTIMAL.*Objective:\s+points = (\S+)`), in)
		if plan.Points != want || !plan.ProvedOptimal {
			t.Errorf("seed %d: points %d, bound %d; GLPK proves %d", seed, plan.Points, plan.Bound, want)
		}
	}
}
