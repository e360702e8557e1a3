package demo

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // registers the driver

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A twin is everything sealed that one of two journeys says; the other says something else, and the same to the hub.
type twin struct {
	name, contact, hours, household, left string
	born                                  ailleurs.Date
	where, whom, notes                    string
	rome                                  []string
	age                                   ailleurs.AgeBand
	support                               []ailleurs.Support
	reason                                ailleurs.DeclineReason // of whoever declines; the coarse one is the hub's to know
	payer                                 ailleurs.Payer
	code                                  string
	address, employer, route              string
	ties, lonely                          string
}

var twins = [2]twin{
	{
		name: "Lou Pré", contact: "01 99 00 00 01", hours: "lundi", household: "seul", born: "2001-02-03", where: "rue A", whom: "un tiers",
		rome: []string{"G1602"}, age: "18-21", reason: ailleurs.OtherReason, payer: "host", code: "lune", address: "1, rue B", employer: "x",
		route: "train", ties: "oui", lonely: "non",
	},
	{
		name: "Maximilienne-Alexandrine de Quatreventsombrelay", contact: "une voisine, 01 99 00 99 99, seulement depuis une cabine",
		hours: "le jeudi de 18 h 30 à 19 h 15, jamais chez elle", household: strings.Repeat("tante et cousine, ", 8), left: "deux frères",
		born: "1978-12-31", where: strings.Repeat("devant le collège et sur la place du marché, ", 6), whom: strings.Repeat("plusieurs hommes en voiture grise ; ", 6),
		notes: strings.Repeat("a reçu des menaces écrites. ", 12), rome: []string{"J1501", "N4105", "D1106"}, age: "26-59",
		support: []ailleurs.Support{"legal_aid", "mission_locale"}, reason: ailleurs.LocalRisk, payer: "association",
		code: "passiflore-bleue", address: strings.Repeat("résidence des Grands Tilleuls, bâtiment C, ", 4), employer: "blanchisserie centrale de l’hôpital",
		route: strings.Repeat("correspondance, ", 9), ties: strings.Repeat("écrit à sa mère, ", 12), lonely: strings.Repeat("pleure le soir, ", 9),
	},
}

// says replaces the steps of the story that put something under seal.
func (x twin) says(s *story) {
	do := map[string]func(context.Context, time.Time) error{
		"open": func(ctx context.Context, at time.Time) error {
			o := s.origin
			form := desk.DraftForm{
				Card: ailleurs.Card{
					Members: []ailleurs.HouseholdMember{{Age: x.age, Works: true, Rome: x.rome}}, From: ailleurs.Date(at.AddDate(0, 0, 20).Format(time.DateOnly)),
					Speed: ailleurs.Normal, Words: "héron-tuile", Support: x.support,
				},
				Limits: ailleurs.LimitSet{Home: o.place.Code},
				Person: ailleurs.PersonFile{
					Name: x.name, Born: x.born, SafeContact: x.contact, SafeHours: x.hours, Household: x.household, LeftBehind: x.left,
					Authority: ailleurs.NotNeeded, Agreements: ailleurs.Agreements,
				},
				Threat: ailleurs.ThreatFile{Where: x.where, Whom: x.whom, Notes: x.notes},
			}
			c, err := o.lead.Desk(s.h).OpenCase(s.onceFor("open"), form, o.second.Agent, o.signatory.Agent, s.publics(), at)
			if err != nil {
				return err
			}
			s.id = c.Case
			return s.h.Relocation.Open(ctx, o.lead.Actor, c, at)
		},
		"decline": func(ctx context.Context, at time.Time) error {
			return s.reply(ctx, s.rings[0][1], ailleurs.AnswerFile{Kind: ailleurs.Decline, Reason: x.reason}, at)
		},
		"answer": func(ctx context.Context, at time.Time) error {
			offers, err := offersOf(ctx, s.h, s.host, at)
			if err != nil {
				return err
			}
			a := ailleurs.AnswerFile{
				Kind: ailleurs.Propose, From: ailleurs.Date(at.AddDate(0, 0, 25).Format(time.DateOnly)), Travel: x.payer, FirstNight: x.payer, FirstMonth: x.payer,
			}
			for _, o := range offers {
				if o.Kind == ailleurs.HomeOffer && a.Home == "" {
					a.Home, a.HomeOffer = o.Places[0], o.ID
				}
				if o.Kind == ailleurs.JobOffer && len(a.Jobs) == 0 {
					a.Jobs, a.JobOffers = o.Places[:1], []ailleurs.OfferID{o.ID}
				}
			}
			return s.reply(ctx, s.host, a, at)
		},
		"first yes": func(ctx context.Context, at time.Time) error {
			lead := s.origin.lead
			h, err := s.as(ctx, lead, at)
			if err != nil {
				return err
			}
			thread, err := s.threadOf(ctx, s.host.lead, at)
			if err != nil {
				return err
			}
			save, signed, err := lead.Desk(s.h).Retain(s.onceFor("retain"), h, thread, x.code, at)
			if err != nil {
				return err
			}
			if err := s.h.Relocation.Save(ctx, lead.Actor, save, at); err != nil {
				return err
			}
			return s.h.Relocation.Retain(ctx, lead.Actor, signed, at)
		},
		"plan": func(ctx context.Context, at time.Time) error {
			h, err := s.as(ctx, s.host.lead, at)
			if err != nil {
				return err
			}
			save, err := s.host.lead.Desk(s.h).Plan(s.onceFor("plan"), h, ailleurs.ArrivalFile{
				Address: x.address, Employer: x.employer, Route: x.route, Date: ailleurs.Date(at.AddDate(0, 0, 1).Format(time.DateOnly)), Plan: ailleurs.MoveSteps,
			}, at)
			if err != nil {
				return err
			}
			return s.h.Relocation.Save(ctx, s.host.lead.Actor, save, at)
		},
		"arrive": func(ctx context.Context, at time.Time) error {
			h, err := s.as(ctx, s.host.lead, at)
			if err != nil {
				return err
			}
			a, err := s.host.lead.Desk(s.h).Arrive(s.onceFor("arrive"), h, x.code, s.publics(s.host), at)
			if err != nil {
				return err
			}
			return s.h.Relocation.Arrive(ctx, s.host.lead.Actor, a, at)
		},
	}
	for _, day := range []int{2, 7, 30} {
		do[fmt.Sprintf("day %d", day)] = func(ctx context.Context, at time.Time) error {
			h, err := s.as(ctx, s.host.lead, at)
			if err != nil {
				return err
			}
			f, err := s.host.lead.Desk(s.h).FollowUp(s.onceFor(fmt.Sprintf("day-%d", day)), h, ailleurs.CourseEntry{Day: day, Ties: x.ties, Lonely: x.lonely}, ailleurs.Well, at)
			if err != nil {
				return err
			}
			return s.h.Relocation.FollowUp(ctx, s.host.lead.Actor, f, at)
		}
	}
	for i, st := range s.steps {
		if step, ok := do[st.name]; ok {
			s.steps[i].do = step
			delete(do, st.name)
		}
	}
	if len(do) > 0 {
		panic(fmt.Sprintf("%d steps of the journey have another name", len(do)))
	}
}

// Two journeys, from the first draft to the last follow-up, differ in everything that is sealed and in nothing else: what the
// hub has stored of them is row for row the same, and every ciphertext has the same length.
func TestTwinJourneysLookTheSameToTheHub(t *testing.T) {
	ctx := context.Background()
	first := t.TempDir()
	open := func(dir string) *hub.Hub {
		h, err := hub.Open(ctx, hub.Config{Data: dir, Origin: "http://localhost:8080", Demo: true, Now: func() time.Time { return day }})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if err := hub.NewLogs(hub.Config{Data: first}, "twins"); err != nil {
		t.Fatal(err)
	}
	h := open(first)
	w, err := BuildWorld(ctx, h, Size{Towns: 12, Cases: 1}, day)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	dirs := [2]string{first, t.TempDir()}
	if err := os.CopyFS(dirs[1], os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	before := len(dump(t, first))
	var seen [2][][]string // after each step
	var steps []string
	for i, x := range twins {
		h := open(dirs[i])
		s := &story{h: h, n: 7, coordinators: w.coordinators, goes: settled, origin: w.towns[0], rings: circles(h, w.towns, 0, 1)}
		s.host = s.rings[0][0]
		s.plan()
		x.says(s)
		s.steps = append(s.steps, step{"what falls due in two months", 24 * 60, func(context.Context, time.Time) error { return nil }})
		at, sealed := day, 0
		steps = nil
		for _, st := range s.steps {
			at = at.Add(time.Duration(st.hours) * time.Hour)
			// The other addressees are released at random moments within two days of the second yes: all of them have come, or
			// none, before anything is compared.
			if !slices.Contains([]string{"second yes", "hand over", "plan", "depart"}, st.name) {
				if _, err := h.RunDue(ctx, at); err != nil {
					t.Fatal(err)
				}
			}
			if err := st.do(ctx, at); err != nil {
				t.Fatalf("twin %d, %s: %v", i, st.name, err)
			}
			steps = append(steps, st.name)
			rows := dump(t, dirs[i])
			seen[i] = append(seen[i], rows)
			sealed = max(sealed, len(slices.DeleteFunc(slices.Clone(rows), func(r string) bool {
				return !strings.HasPrefix(r, "body:") && !strings.HasPrefix(r, "envelope:") || !strings.Contains(r, " data=")
			})))
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if n := len(seen[i][len(steps)-1]); n < before+100 || sealed < 40 {
			t.Fatalf("twin %d left %d rows, %d of them sealed at the most", i, n-before, sealed)
		}
	}
	for i, name := range steps {
		if diff := cmp.Diff(seen[0][i], seen[1][i]); diff != "" {
			t.Fatalf("after %q the hub can tell the twins apart (-first +second):\n%s", name, diff)
		}
	}
}

// drawn are columns whose value the hub draws at random, so that it says nothing: when the others are released, when a
// taken place leaves the list; and what follows from it.
var drawn = map[string][]string{
	"thread":      {"release_at"},
	"place_shown": {"leaves_on", "returns_on"},
	"job":         {"run_at", "scheduled_at"},
}

var (
	identifier = regexp.MustCompile(`[A-Z2-7]{26}(-[A-Z2-7]{13})?`)
	digest     = regexp.MustCompile(`[0-9a-f]{64}`)
	recipient  = regexp.MustCompile(`age1pq1[0-9a-z]+`)
	free       = regexp.MustCompile(`"free":[0-9]+`) // of the daily list, which taken places leave at random
)

// dump writes every row of the database as the hub sees it: bytes by their length, new identifiers and digests as such, and
// everything else as it is, the journal in its order and the other tables in the order of their text.
func dump(t *testing.T, dir string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, store.FileName)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	people := make(map[string]bool) // who is the same in both worlds
	each(t, db, "SELECT id FROM member UNION SELECT id FROM agent UNION SELECT id FROM offer", func(_ []string, row []any) {
		people[row[0].(string)] = true
	})
	text := func(s string) string {
		s = identifier.ReplaceAllStringFunc(s, func(id string) string {
			if people[id] {
				return id
			}
			return fmt.Sprintf("id%d", len(id))
		})
		s = recipient.ReplaceAllStringFunc(s, func(r string) string { return fmt.Sprintf("recipient%d", len(r)) })
		return free.ReplaceAllString(digest.ReplaceAllString(s, "digest"), "free")
	}
	var tables, out []string
	each(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name", func(_ []string, row []any) {
		tables = append(tables, row[0].(string))
	})
	for _, table := range tables {
		var lines []string
		each(t, db, "SELECT * FROM "+table, func(columns []string, row []any) {
			line := table + ":"
			for i, v := range row {
				if table == "journal_entry" && (columns[i] == "idx" || columns[i] == "hashes") { // the order of the lines says it
					continue
				}
				switch v := v.(type) {
				case []byte:
					line += fmt.Sprintf(" %s=%d bytes", columns[i], len(v))
				case string:
					if slices.Contains(drawn[table], columns[i]) && v != "" {
						v = "drawn"
					}
					line += " " + columns[i] + "=" + text(v)
				case nil:
				default:
					line += fmt.Sprintf(" %s=%v", columns[i], v)
				}
			}
			lines = append(lines, line)
		})
		switch table {
		case "journal_entry": // those released together are released in any order
			released := func(line string) bool { return strings.Contains(line, " kind=thread.released ") }
			for i := 0; i < len(lines); i++ {
				from := i
				for i < len(lines) && released(lines[i]) {
					i++
				}
				slices.Sort(lines[from:i])
			}
		case "register_entry":
		default:
			slices.Sort(lines)
		}
		out = append(out, lines...)
	}
	return out
}

func each(t *testing.T, db *sql.DB, query string, do func(columns []string, row []any)) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row := make([]any, len(columns))
		to := make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		do(columns, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
