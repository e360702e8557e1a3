package ailleurs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

// lifeOfACase is docs/rules.md, "Every move", as a person reads it: who moves a case from where to where; "and" where all of them must agree.
const lifeOfACase = `
draft → endorsing: origin_lead
draft → diverted: origin_lead, origin_second
draft → expired: clock
endorsing → checking: origin_second and origin_signatory
endorsing → calling (imminent): origin_second and origin_signatory
endorsing → draft: origin_lead, origin_second, origin_signatory
checking → calling: checker
checking → draft: checker
calling → choosing: clock
calling → expired: clock
calling → draft: origin_lead, checker
choosing → calling: person, clock
choosing → preparing: host_lead
preparing → choosing: host_lead, origin_lead
preparing → travelling: host_lead
travelling → preparing: host_lead, origin_lead
travelling → following: host_lead
following → closed: host_lead, host_second
compromised → draft: host_lead, origin_lead
preparing → compromised: host_lead, host_second, origin_lead, origin_second, person
travelling → compromised: host_lead, host_second, origin_lead, origin_second, person
following → compromised: host_lead, host_second, origin_lead, origin_second, person
draft → suspended: origin_lead and origin_second
endorsing → suspended: origin_lead and origin_second
checking → suspended: origin_lead and origin_second
calling → suspended: origin_lead and origin_second
choosing → suspended: origin_lead and origin_second
preparing → suspended: origin_lead and origin_second
suspended → draft: origin_lead and origin_second
suspended → endorsing: origin_lead and origin_second
suspended → checking: origin_lead and origin_second
suspended → calling: origin_lead and origin_second
suspended → choosing: origin_lead and origin_second
suspended → preparing: origin_lead and origin_second
draft → withdrawn: person
endorsing → withdrawn: person
checking → withdrawn: person
calling → withdrawn: person
choosing → withdrawn: person
preparing → withdrawn: person
travelling → withdrawn: person
following → withdrawn: person
suspended → withdrawn: person
compromised → withdrawn: person
`

func TestMovesAreThoseOfTheLifeOfACase(t *testing.T) {
	want := strings.Split(strings.TrimSpace(lifeOfACase), "\n")
	var got []string
	for _, m := range ailleurs.Moves {
		var parts []string
		for _, p := range m.By {
			parts = append(parts, string(p))
		}
		join := ", "
		if m.All {
			join = " and "
		}
		only := ""
		if m.Only != "" {
			only = fmt.Sprintf(" (%s)", m.Only)
		}
		got = append(got, fmt.Sprintf("%s → %s%s: %s", m.From, m.To, only, strings.Join(parts, join)))
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("moves (-want +got):\n%s", d)
	}
}

var everyState = slices.Concat(ailleurs.Way, ailleurs.SideStates)

var everyPart = append(slices.Clone(ailleurs.Parts), ailleurs.ThePerson, ailleurs.TheClock)

func TestEveryOtherMoveIsRefused(t *testing.T) {
	for _, from := range everyState {
		for _, to := range everyState {
			for _, part := range everyPart {
				for _, speed := range ailleurs.Speeds {
					listed := slices.ContainsFunc(ailleurs.Moves, func(m ailleurs.Move) bool {
						return m.From == from && m.To == to && (m.Only == "" || m.Only == speed) && slices.Contains(m.By, part)
					})
					if err := ailleurs.MoveAllowed(from, to, speed, part); (err == nil) != listed {
						t.Errorf("%s → %s by %s (%s): %v, listed %v", from, to, part, speed, err, listed)
					}
				}
			}
		}
	}
}

// walk draws one move that some part may make from a state; false where nothing moves any more.
func walk(t *rapid.T, state ailleurs.CaseState, speed ailleurs.Speed) (ailleurs.Move, bool) {
	var from []ailleurs.Move
	for _, m := range ailleurs.Moves {
		if m.From == state && (m.Only == "" || m.Only == speed) {
			from = append(from, m)
		}
	}
	if len(from) == 0 {
		return ailleurs.Move{}, false
	}
	return rapid.SampledFrom(from).Draw(t, "move"), true
}

// Whatever way a case takes: what has ended stays ended, the person can leave until then, nobody prepares without a choice,
// travels without preparation or is followed without travel, and no call leaves without the two signatures.
func TestAnyWayOfACaseKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.SampledFrom(ailleurs.Speeds).Draw(t, "speed")
		state, resumes := ailleurs.Draft, ailleurs.CaseState("")
		visited := map[ailleurs.CaseState]bool{state: true}
		endorsed := false
		for range rapid.IntRange(1, 40).Draw(t, "moves") {
			if !state.Ended() && ailleurs.MoveAllowed(state, ailleurs.Withdrawn, speed, ailleurs.ThePerson) != nil {
				t.Fatalf("the person cannot withdraw from %s", state)
			}
			m, ok := walk(t, state, speed)
			if !ok {
				if !state.Ended() {
					t.Fatalf("a case is stuck in %s", state)
				}
				return
			}
			if state.Ended() {
				t.Fatalf("%s is an end, and leads to %s", state, m.To)
			}
			if m.From == ailleurs.Suspended && m.To != ailleurs.Withdrawn {
				m.To = resumes // the one state it comes back to
			}
			if m.To == ailleurs.Suspended {
				resumes = m.From
			}
			if m.From == ailleurs.Endorsing && (m.To == ailleurs.Checking || m.To == ailleurs.Calling) {
				endorsed = m.All && len(m.By) == 2
			}
			if m.To == ailleurs.Draft {
				endorsed = false
			}
			state = m.To
			visited[state] = true
			switch {
			case state == ailleurs.Calling && !endorsed:
				t.Fatal("a call left without two signatures")
			case state == ailleurs.Preparing && !visited[ailleurs.Choosing]:
				t.Fatal("prepared before anything was chosen")
			case state == ailleurs.Travelling && !visited[ailleurs.Preparing]:
				t.Fatal("travelled before anything was prepared")
			case state == ailleurs.Following && !visited[ailleurs.Travelling]:
				t.Fatal("followed before anyone travelled")
			case state == ailleurs.Closed && m.From != ailleurs.Following:
				t.Fatalf("closed from %s", m.From)
			}
		}
	})
}

func TestNobodyPlaysTwoPartsInACase(t *testing.T) {
	c := ailleurs.Case{
		Lead: "lead", Second: "second", Signatory: "élue", Checkers: [2]ailleurs.AgentID{"c1", "c2"}, HostLead: "hl", HostSecond: "hs",
	}
	for agent, want := range map[ailleurs.AgentID]ailleurs.Part{
		"lead": ailleurs.OriginLead, "second": ailleurs.OriginSecond, "élue": ailleurs.OriginSignatory, "c1": ailleurs.Checker,
		"c2": ailleurs.Checker, "hl": ailleurs.HostLead, "hs": ailleurs.HostSecond, "stranger": "", "": "",
	} {
		if got := c.PartOf(agent); got != want {
			t.Errorf("%q plays %q, want %q", agent, got, want)
		}
	}
	if got := (ailleurs.Case{}).PartOf(""); got != "" {
		t.Errorf("nobody plays %q in an empty case", got)
	}
}

// A statement about a case as it stands is worth nothing once it has moved.
func TestDigestChangesWithEveryMove(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC)
	c := ailleurs.Case{ID: "A", State: ailleurs.Draft, Since: at}
	seen := map[string]bool{c.Digest(): true}
	for _, change := range []func(*ailleurs.Case){
		func(c *ailleurs.Case) { c.State = ailleurs.Endorsing },
		func(c *ailleurs.Case) { c.Since = at.Add(time.Microsecond) },
		func(c *ailleurs.Case) { c.ID = "B" },
	} {
		d := c
		change(&d)
		if seen[d.Digest()] {
			t.Errorf("%+v has the digest of another", d)
		}
		seen[d.Digest()] = true
	}
	same := c
	same.Since, same.Lead = at.In(time.FixedZone("", 3600)), "somebody else"
	if same.Digest() != c.Digest() {
		t.Error("the same instant elsewhere has another digest")
	}
	if ailleurs.HandOverDigest("A", "x", "y") == ailleurs.HandOverDigest("A", "y", "x") {
		t.Error("passing on and taking over have one digest")
	}
}
