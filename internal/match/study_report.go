package match

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

// WriteCSV writes outcomes, one line per year, policy and group of households, for a spreadsheet: semicolons, UTF-8 with
// a mark.
func WriteCSV(w io.Writer, outcomes []Outcome) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma = ';'
	rows := [][]string{{
		"seed", "policy", "points", "bound", "hindsight_plan", "share_of_bound", "cases", "placed", "refused",
		"urgent", "urgent_in_time", "urgent_possible", "urgent_left_though_free", "homes_unused", "spread",
		"group", "group_cases", "group_placed", "median_days", "p95_days",
	}}
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, o := range outcomes {
		for _, g := range o.Waited {
			rows = append(rows, []string{
				strconv.FormatUint(o.Seed, 10), o.Policy, n(o.Points), n(o.Bound), n(o.Found), f(o.Share),
				strconv.Itoa(o.Cases), strconv.Itoa(o.Placed), strconv.Itoa(o.Refused),
				strconv.Itoa(o.Urgent), strconv.Itoa(o.UrgentInTime), strconv.Itoa(o.UrgentPossible), strconv.Itoa(o.UrgentLeft), f(o.Expired), f(o.Spread),
				g.Group, strconv.Itoa(g.Cases), strconv.Itoa(g.Placed), strconv.Itoa(g.Median), strconv.Itoa(g.P95),
			})
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// WriteTable writes lines as text: policies first, then groups of households under each.
func WriteTable(w io.Writer, lines []Line) error {
	var b strings.Builder
	percent := func(e Estimate) string { return fmt.Sprintf("%.1f [%.1f–%.1f]", 100*e.Mean, 100*e.Low, 100*e.High) }
	fmt.Fprintf(&b, "%-15s  %-17s  %-17s  %-18s  %-18s  %-18s  %-10s  %-17s  %-6s  %s\n", "policy", "of the bound %", "placed %",
		"urgent in time %", "of possible %", "where one is free %", "days p50/95", "homes unused %", "spread", "ahead of weekly")
	for _, l := range lines {
		days := ""
		if len(l.Groups) > 0 {
			days = fmt.Sprintf("%.0f / %.0f", l.Groups[0].Median.Mean, l.Groups[0].P95.Mean)
		}
		fmt.Fprintf(&b, "%-15s  %-17s  %-17s  %-18s  %-18s  %-19s  %-11s  %-17s  %-6.2f  %d of %d\n", l.Policy, percent(l.Share), percent(l.Placed),
			percent(l.Urgent), percent(l.Possible), percent(l.Free), days, percent(l.Expired), l.Spread.Mean, l.Ahead, l.Years)
	}
	fmt.Fprintf(&b, "\n%-15s", "placed % and days p50/95")
	for _, l := range lines {
		fmt.Fprintf(&b, "  %-17s", l.Policy)
	}
	b.WriteString("\n")
	for i := range groups {
		fmt.Fprintf(&b, "%-24s", groups[i].name)
		for _, l := range lines {
			g := l.Groups[i]
			fmt.Fprintf(&b, "  %-17s", fmt.Sprintf("%5.1f   %2.0f / %2.0f", 100*g.Placed.Mean, g.Median.Mean, g.P95.Mean))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// policyNames are what a mayor reads, and what it means.
var policyNames = map[string][2]string{
	PhoneAFriend:  {"Appeler une commune amie", "chacun téléphone à celles qu’il connaît"},
	FirstCome:     {"Premier arrivé, premier servi", "chaque jour, la meilleure place libre"},
	UrgencyFirst:  {"Les plus urgents d’abord", "chaque semaine, dans l’ordre d’urgence"},
	WeeklyOptimum: {"Le meilleur plan de la semaine", "tous ensemble, sans prévoir"},
	LearnedPrices: {"Le meilleur plan, en prévoyant", "tous ensemble, en gardant les places rares"},
}

// WriteReport writes lines as one SVG page that a mayor can read: for each policy how many households found a place, how
// many urgent ones in time, how near it came to what perfect foresight could have done, each with its interval, and how
// long people waited.
func WriteReport(w io.Writer, lines []Line, cases int) error {
	const width, rowHeight, left, bar = 960, 112, 350, 390
	const ink, soft = "#1d2a33", "#4a5a66"
	height := 236 + rowHeight*len(lines)
	years := 0
	if len(lines) > 0 {
		years = lines[0].Years
	}
	var b strings.Builder
	text := func(x, y int, size int, attributes, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="%d" %s>%s</text>`+"\n", x, y, size, attributes, html.EscapeString(s))
	}
	plain, strong, quiet := `fill="`+ink+`"`, `fill="`+ink+`" font-weight="600"`, `fill="`+soft+`"`
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="15" role="img" lang="fr" aria-labelledby="t d">`+"\n", width, height)
	fmt.Fprintf(&b, "<title id=\"t\">Cinq façons de répartir les places</title>\n<desc id=\"d\">%s</desc>\n", html.EscapeString(description(lines)))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#faf8f4"/>`+"\n")
	text(32, 46, 26, strong, "Qui trouve une place, et à temps ?")
	text(32, 74, 15, quiet, fmt.Sprintf("%s ménages fictifs par an sur les communes réelles, %s. Mêmes arrivées et mêmes refus pour tous.", thousands(cases), count(years, "année simulée", "années simulées")))
	bars := []struct{ colour, legend string }{{"#2f6b57", "ont trouvé une place"}, {"#8a5a00", "urgences : placées à temps"}, {soft, "résultat, en part du mieux possible"}}
	for i, x := range []int{32, 232, 492} {
		fmt.Fprintf(&b, `<rect x="%d" y="96" width="16" height="16" rx="3" fill="%s"/>`+"\n", x, bars[i].colour)
		text(x+24, 110, 15, plain, bars[i].legend)
	}
	for i, l := range lines {
		y := 136 + rowHeight*i
		fmt.Fprintf(&b, `<line x1="32" x2="928" y1="%d" y2="%d" stroke="#7d8a93" stroke-opacity=".4"/>`+"\n", y-6, y-6)
		name := policyNames[l.Policy]
		text(32, y+24, 17, strong, name[0])
		text(32, y+46, 14, quiet, name[1])
		if len(l.Groups) > 0 {
			all := l.Groups[0]
			half := "le jour même"
			if days := whole(all.Median.Mean); days > 0 {
				half = "en " + count(days, "jour", "jours")
			}
			text(32, y+76, 14, plain, "Une place sur deux est trouvée "+half+",")
			text(32, y+94, 14, plain, "95 sur 100 en "+count(whole(all.P95.Mean), "jour", "jours")+" au plus.")
		}
		for n, e := range []Estimate{l.Placed, l.Urgent, l.Share} {
			at := y + 8 + 30*n
			x := func(v float64) float64 { return left + bar*min(max(v, 0), 1) }
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="20" rx="3" fill="%s" fill-opacity=".14"/><rect x="%d" y="%d" width="%.1f" height="20" rx="3" fill="%s"/>`, left, at, bar, bars[n].colour, left, at, bar*e.Mean, bars[n].colour)
			fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s" stroke-width="2"/>`+"\n", x(e.Low), x(e.High), at+10, at+10, ink)
			text(left+bar+12, at+15, 15, plain, share(e))
		}
	}
	y := 136 + rowHeight*len(lines)
	fmt.Fprintf(&b, `<line x1="32" x2="928" y1="%d" y2="%d" stroke="#7d8a93" stroke-opacity=".4"/>`+"\n", y-6, y-6)
	for i, s := range []string{
		"À temps : en 7 jours pour un danger imminent, en 21 jours pour les autres urgences.",
		"Mieux possible : le meilleur plan possible si l’on avait connu d’avance toute l’année, ses arrivées et ses refus.",
		"Trait fin : sur 100 séries d’années tirées au sort parmi celles-ci, 95 ont leur moyenne dans cet intervalle.",
	} {
		text(32, y+20+22*i, 13, quiet, s)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// share writes "87 %" and, where it says more, the interval.
func share(e Estimate) string {
	if low, high := whole(100*e.Low), whole(100*e.High); low != high {
		return fmt.Sprintf("%d %% (%d à %d)", whole(100*e.Mean), low, high)
	}
	return fmt.Sprintf("%d %%", whole(100*e.Mean))
}

func description(lines []Line) string {
	var parts []string
	for _, l := range lines {
		parts = append(parts, fmt.Sprintf("%s : %.0f %% placés, %.0f %% des urgences à temps, %.0f %% du mieux possible", policyNames[l.Policy][0], 100*l.Placed.Mean, 100*l.Urgent.Mean, 100*l.Share.Mean))
	}
	return strings.Join(parts, " ; ") + "."
}

func whole(v float64) int { return int(v + 0.5) }

// count writes a number and its noun; French has the singular below 2.
func count(n int, one, many string) string {
	if n < 2 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%s %s", thousands(n), many)
}

// thousands writes n ≥ 0 with narrow no-break spaces, as French does.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
