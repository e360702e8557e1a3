package main

import (
	"fmt"
	"io"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/match"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

type simulateCommand struct {
	Cases    int      `default:"1000" help:"Households that arrive in a year."`
	Years    int      `default:"20" help:"Years to play, each by every policy on the same arrivals."`
	Seed     uint64   `default:"1" help:"Seed of the first year."`
	Policies []string `placeholder:"NAME" help:"Policies to compare. Default: all five."`
	Cold     bool     `help:"Begin each year without a known past: learned prices start as the weekly optimum for half a year."`
	Floors   float64  `default:"0" placeholder:"SHARE" help:"Plans keep large households, minors and workers without a diploma at this share of the rate of all, or more (such as 0.9)."`
	Balance  bool     `help:"Plans use members evenly, as far as that costs at most 0.5 % of the points."`
	Workers  int      `default:"2" help:"Years and policies played at once. Without effect on the result."`
	CSV      string   `name:"csv" placeholder:"FILE" help:"Write every outcome, for a spreadsheet."`
	SVG      string   `name:"svg" placeholder:"FILE" help:"Write a report to look at."`
}

// Run plays the years and prints a line per policy.
func (c simulateCommand) Run(w world) error {
	if c.Cases < 1 || c.Years < 1 {
		return ailleurs.Refuse("match.simulate_needs_cases", "cases")
	}
	if c.Floors < 0 || c.Floors > 1 {
		return ailleurs.Refuse("match.out_of_range", "floors", "min", "0", "max", "1")
	}
	known := make(map[string]bool)
	for _, name := range match.Policies {
		known[name] = true
	}
	if len(c.Policies) == 0 {
		c.Policies = match.Policies
	}
	for _, name := range c.Policies {
		if !known[name] {
			return ailleurs.Refuse("match.unknown_policy", "policies", "policy", name, "policies", strings.Join(match.Policies, ", "))
		}
	}
	towns, err := townsOfFrance()
	if err != nil {
		return err
	}
	progress := newProgress(w, w.now())
	study := match.Study{
		Towns: towns, Cases: c.Cases, Seeds: c.Years, First: c.Seed, Policies: c.Policies, Workers: max(c.Workers, 1),
		Cold: c.Cold, Fair: match.Fairness{Floors: c.Floors, Balance: c.Balance},
		Stop: func() bool { return w.Err() != nil },
		Progress: func(done, total int) {
			if progress.shown {
				fmt.Fprintf(w.err, "\r\x1b[K%s%s %d/%d", strings.Repeat("█", 30*done/total), strings.Repeat("·", 30-30*done/total), done, total)
			}
		},
	}
	outcomes, err := study.Run()
	progress.end()
	if err != nil {
		return err
	}
	if w.Err() != nil {
		return w.Err()
	}
	lines := match.Lines(outcomes, c.Policies)
	if c.CSV != "" {
		if err := write(w, c.CSV, func(out io.Writer) error { return match.WriteCSV(out, outcomes) }); err != nil {
			return err
		}
	}
	if c.SVG != "" {
		if err := write(w, c.SVG, func(out io.Writer) error { return match.WriteReport(out, lines, c.Cases) }); err != nil {
			return err
		}
	}
	return match.WriteTable(w.out, lines)
}

// townsOfFrance are the real communes, but for those whose place is not known.
func townsOfFrance() ([]match.Town, error) {
	t, err := territory.Load()
	if err != nil {
		return nil, fmt.Errorf("load the communes: %w", err)
	}
	var towns []match.Town
	for _, d := range t.Departements() {
		for _, c := range t.Communes(d.Code) {
			if c.Located {
				towns = append(towns, match.Town{
					Commune:    match.Commune{Code: c.Code, Departement: c.Departement, Region: c.Region, Lat: c.Point.Lat, Lon: c.Point.Lon},
					Population: c.Population,
				})
			}
		}
	}
	return towns, nil
}
