package ailleurs_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// table writes rows as Markdown does.
func table(head string, rows []string) string {
	line := regexp.MustCompile(`[^|]+`).ReplaceAllString(head, "---")
	return head + "\n" + line + "\n" + strings.Join(rows, "\n") + "\n"
}

func quoted[T ~string](all []T) string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = "`" + string(x) + "`"
	}
	return strings.Join(out, ", ")
}

func allowances() string {
	var rows []string
	hours := func(d time.Duration) string {
		if d%(24*time.Hour) == 0 && d >= 72*time.Hour {
			return fmt.Sprintf("%d days", int(d.Hours())/24)
		}
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	for _, a := range []struct {
		what string
		ailleurs.Allowance
	}{
		{"`endorsing`", ailleurs.EndorsingAllowance},
		{"`checking`", ailleurs.CheckingAllowance},
		{"`calling`, for each ring", ailleurs.CallingAllowance},
		{"`choosing`", ailleurs.ChoosingAllowance},
		{"`preparing`", ailleurs.PreparingAllowance},
		{"each follow-up", ailleurs.FollowUpAllowance},
		{"first reminder to the caseworkers called upon", ailleurs.FirstReminder},
		{"their signatory is told of the silence", ailleurs.SignatoryTold},
		{"second reminder", ailleurs.SecondReminder},
		{"`choosing` opens, after the first proposal", ailleurs.ChoosingOpens},
		{"a place is held at most", ailleurs.LongestHold},
	} {
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %d |", a.what, hours(a.Urgent/2), hours(a.Urgent), a.Working))
	}
	return table("| what | imminent | urgent | normal, working days |", rows)
}

func moves() string {
	var rows []string
	for _, m := range ailleurs.Moves {
		who := quoted(m.By)
		switch {
		case m.All:
			who = "all of " + who
		case len(m.By) > 1:
			who = "one of " + who
		}
		if m.Only != "" {
			who += ", when `" + string(m.Only) + "`"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | `%s` | %s |", m.From, m.To, who))
	}
	return table("| from | to | who |", rows)
}

func rights() string {
	var rows []string
	for _, r := range ailleurs.Rights {
		var only []string
		if len(r.Thread) > 0 {
			only = append(only, "thread "+quoted(r.Thread))
		}
		if r.AskedToSign {
			only = append(only, "asked to sign")
		}
		if r.Explicit {
			only = append(only, "by an explicit grant")
		}
		rows = append(rows, fmt.Sprintf("| `%s` | `%s` | `%s` | `%s` | %s |", r.Compartment, r.Part, r.From, r.Until, strings.Join(only, "; ")))
	}
	return table("| compartment | part | from | until | only if |", rows)
}

func threads() string {
	var rows []string
	for _, s := range ailleurs.ThreadStates {
		var next []ailleurs.ThreadState
		for _, n := range ailleurs.ThreadStates {
			if s.CanBecome(n) {
				next = append(next, n)
			}
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s |", s, quoted(next)))
	}
	return table("| state | may become |", rows)
}

// The page of rules that people read is the table that the code keeps to. `go test -run TestPageOfRules -update .` writes it.
func TestPageOfRulesIsWhatTheCodeKeepsTo(t *testing.T) {
	const page = "docs/rules.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for heading, want := range map[string]string{"Time allowed": allowances(), "Every move": moves(), "Who may hold a key": rights(), "An addressee’s thread": threads()} {
		section := regexp.MustCompile(`(?s)(\n## ` + heading + `\n(?:.*?\n)??\n)(\|.*?\n)(\n|$)`)
		found := section.FindStringSubmatch(text)
		if found == nil {
			t.Errorf("%s has no table under %q", page, heading)
			continue
		}
		if found[2] == want {
			continue
		}
		if !*update {
			t.Errorf("%s, %q, is not what the code says; want\n%s", page, heading, want)
			continue
		}
		text = strings.Replace(text, found[1]+found[2], found[1]+want, 1)
	}
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range ailleurs.Compartments {
		if !strings.Contains(text, "`"+string(c)+"`") {
			t.Errorf("%s does not say what %s holds", page, c)
		}
	}
	days := fmt.Sprint(ailleurs.FollowUpDays)
	if want := strings.ReplaceAll(strings.Trim(days, "[]"), " ", ", "); !slices.Contains(strings.Split(text, "\n"), "Follow-ups are due "+want+" days after the arrival.") {
		t.Errorf("%s does not name the days %s", page, want)
	}
}
