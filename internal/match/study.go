package match

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A Study plays the same years by several policies.
type Study struct {
	Towns    []Town
	Cases    int    // households a year
	Seeds    int    // years; from FirstSeed on
	First    uint64 // the first seed
	Policies []string
	Workers  int
	Stop     func() bool
	Progress func(done, total int)
}

// Run plays all years by all policies, years in parallel; outcomes are in the order of seeds, then policies.
func (s *Study) Run() ([]Outcome, error) {
	outcomes := make([]Outcome, s.Seeds*len(s.Policies))
	failed := make([]error, s.Seeds)
	done := make(chan int)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		n := 0
		for range done {
			n++
			if s.Progress != nil {
				s.Progress(n, len(outcomes))
			}
		}
	}()
	inParallel(s.Workers, s.Seeds, 1, func(_, from, _ int) {
		y := NewYear(s.Towns, s.First+uint64(from), s.Cases)
		bound := y.Clairvoyant(1, s.Stop)
		for i, policy := range s.Policies {
			if outcomes[from*len(s.Policies)+i], failed[from] = y.Play(policy, bound, s.Stop); failed[from] != nil {
				return
			}
			done <- 1
		}
	})
	close(done)
	<-finished
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// An Estimate is a mean over years and the interval that holds the means of 95 % of 2,000 bootstrap samples of years.
type Estimate struct{ Mean, Low, High float64 }

// estimate draws its samples with a fixed seed, so that the same outcomes give the same interval.
func estimate(values []float64) Estimate {
	if len(values) == 0 {
		return Estimate{}
	}
	mean := func(pick func(i int) float64) float64 {
		sum := 0.0
		for i := range values {
			sum += pick(i)
		}
		return sum / float64(len(values))
	}
	random := rand.New(rand.NewPCG(1, 2))
	means := make([]float64, 2000)
	for i := range means {
		means[i] = mean(func(int) float64 { return values[random.IntN(len(values))] })
	}
	slices.Sort(means)
	return Estimate{mean(func(i int) float64 { return values[i] }), means[50], means[1949]}
}

// A Line sums up one policy over all years.
type Line struct {
	Policy                         string
	Share, Placed, Urgent, Expired Estimate // shares between 0 and 1
	Spread                         Estimate
	Ahead                          int // years in which it got more points than the weekly optimum
	Years                          int
}

// Lines sums up outcomes by policy.
func Lines(outcomes []Outcome, policies []string) []Line {
	var lines []Line
	weekly := map[uint64]int64{}
	for _, o := range outcomes {
		if o.Policy == WeeklyOptimum {
			weekly[o.Seed] = o.Points
		}
	}
	for _, policy := range policies {
		line := Line{Policy: policy}
		var share, placed, urgent, expired, spread []float64
		for _, o := range outcomes {
			if o.Policy != policy {
				continue
			}
			line.Years++
			if w, ok := weekly[o.Seed]; ok && o.Points > w {
				line.Ahead++
			}
			share = append(share, o.Share)
			placed = append(placed, ratio(o.Placed, o.Cases))
			urgent = append(urgent, ratio(o.UrgentInTime, o.Urgent))
			expired = append(expired, o.Expired)
			spread = append(spread, o.Spread)
		}
		line.Share, line.Placed, line.Urgent = estimate(share), estimate(placed), estimate(urgent)
		line.Expired, line.Spread = estimate(expired), estimate(spread)
		lines = append(lines, line)
	}
	return lines
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// WriteCSV writes outcomes, one line per year, policy and group of households, for a spreadsheet: semicolons, UTF-8 with
// a mark.
func WriteCSV(w io.Writer, outcomes []Outcome) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma = ';'
	rows := [][]string{{
		"seed", "policy", "share_of_bound", "cases", "placed", "refused", "urgent", "urgent_in_time",
		"homes_unused", "spread", "group", "group_cases", "group_placed", "median_days", "p95_days",
	}}
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
	for _, o := range outcomes {
		for _, g := range o.Waited {
			rows = append(rows, []string{
				strconv.FormatUint(o.Seed, 10), o.Policy, f(o.Share), strconv.Itoa(o.Cases), strconv.Itoa(o.Placed), strconv.Itoa(o.Refused),
				strconv.Itoa(o.Urgent), strconv.Itoa(o.UrgentInTime), f(o.Expired), f(o.Spread),
				g.Group, strconv.Itoa(g.Cases), strconv.Itoa(g.Placed), strconv.Itoa(g.Median), strconv.Itoa(g.P95),
			})
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// WriteTable writes lines as text.
func WriteTable(w io.Writer, lines []Line) error {
	percent := func(e Estimate) string { return fmt.Sprintf("%5.1f [%.1f–%.1f]", 100*e.Mean, 100*e.Low, 100*e.High) }
	if _, err := fmt.Fprintf(w, "%-15s  %-20s  %-20s  %-20s  %-20s  %s\n", "policy", "share of bound %", "placed %", "urgent in time %", "homes unused %", "ahead of weekly"); err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(w, "%-15s  %-20s  %-20s  %-20s  %-20s  %d of %d\n", l.Policy, percent(l.Share), percent(l.Placed), percent(l.Urgent), percent(l.Expired), l.Ahead, l.Years); err != nil {
			return err
		}
	}
	return nil
}

// policyNames are what a mayor reads.
var policyNames = map[string]string{
	PhoneAFriend:  "Appeler une commune amie",
	FirstCome:     "Premier arrivé, premier servi",
	UrgencyFirst:  "Les plus urgents d’abord",
	WeeklyOptimum: "Le meilleur plan chaque semaine",
	LearnedPrices: "Le meilleur plan, en prévoyant",
}

// WriteReport writes lines as one SVG page: for each policy how many households found a place, how many urgent ones in
// time, and the share of what perfect foresight could have done, each with its interval.
func WriteReport(w io.Writer, lines []Line, cases int) error {
	const width, rowHeight, left, bar = 960, 96, 300, 560
	height := 150 + rowHeight*len(lines)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="15" role="img" lang="fr" aria-labelledby="t d">`+"\n", width, height)
	years := 0
	if len(lines) > 0 {
		years = lines[0].Years
	}
	fmt.Fprintf(&b, "<title id=\"t\">Cinq façons de répartir les places</title>\n<desc id=\"d\">%s</desc>\n", html.EscapeString(description(lines)))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#faf8f4"/><text x="32" y="44" font-size="24" font-weight="600" fill="#1d2a33">Qui trouve une place, et à temps ?</text>`+"\n")
	fmt.Fprintf(&b, `<text x="32" y="72" fill="#4a5a66">%s ménages fictifs par an sur les communes réelles, %d années simulées ; le trait fin est l’intervalle à 95 %%.</text>`+"\n", thousands(cases), years)
	for i, legend := range []struct{ colour, text string }{{"#2f6b57", "placés"}, {"#8a5a00", "urgents placés à temps"}, {"#4a5a66", "part du mieux possible"}} {
		x := left + 190*i
		fmt.Fprintf(&b, `<rect x="%d" y="92" width="16" height="16" rx="3" fill="%s"/><text x="%d" y="106" fill="#1d2a33">%s</text>`+"\n", x, legend.colour, x+24, legend.text)
	}
	for i, l := range lines {
		y := 132 + rowHeight*i
		fmt.Fprintf(&b, `<line x1="32" x2="928" y1="%d" y2="%d" stroke="#7d8a93" stroke-opacity=".4"/><text x="32" y="%d" fill="#1d2a33" font-weight="600">%s</text>`+"\n", y-6, y-6, y+36, html.EscapeString(policyNames[l.Policy]))
		for n, e := range []Estimate{l.Placed, l.Urgent, l.Share} {
			at := y + 6 + 26*n
			x := func(v float64) float64 { return left + bar*min(max(v, 0), 1) }
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="18" rx="3" fill="%s"/><line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#1d2a33" stroke-width="2"/><text x="%.1f" y="%d" fill="#1d2a33">%.0f %%</text>`+"\n",
				left, at, bar*e.Mean, []string{"#2f6b57", "#8a5a00", "#4a5a66"}[n], x(e.Low), x(e.High), at+9, at+9, x(e.High)+8, at+14, 100*e.Mean)
		}
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func description(lines []Line) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, fmt.Sprintf("%s : %.0f %% placés, %.0f %% des urgents à temps, %.0f %% du mieux possible", policyNames[l.Policy], 100*l.Placed.Mean, 100*l.Urgent.Mean, 100*l.Share.Mean))
	}
	return strings.Join(parts, " ; ") + "."
}

// thousands writes n ≥ 0 with narrow no-break spaces, as French does.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
