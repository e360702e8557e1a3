package ailleurs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

// knowledge is docs/rules.md, "Who may hold a key", as a person reads it: for each compartment and part the states of the way in which a key may
// be handed out. Addressees stand in a live thread; their signatory is asked to sign.
const knowledge = `
need origin_lead: draft endorsing checking calling choosing preparing travelling
need origin_second: draft endorsing checking calling choosing preparing travelling
need origin_signatory: endorsing checking calling choosing
need checker: checking calling choosing
need addressee_lead: calling choosing
need addressee_second: calling choosing
need addressee_signatory: calling choosing
need host_lead: preparing travelling following
need host_second: preparing travelling following
answer origin_lead: calling choosing preparing travelling
answer origin_second: calling choosing preparing travelling
answer addressee_lead: calling choosing
answer addressee_second: calling choosing
answer addressee_signatory: calling choosing
answer host_lead: preparing travelling following
answer host_second: preparing travelling following
limits origin_lead: draft endorsing checking calling choosing preparing travelling
limits origin_second: draft endorsing checking calling choosing preparing travelling
limits checker: checking calling
person origin_lead: draft endorsing checking calling choosing preparing travelling
person origin_second: draft endorsing checking calling choosing preparing travelling
person host_lead: preparing travelling following closed
person host_second: preparing travelling following closed
threat origin_lead: draft endorsing checking calling choosing preparing travelling
threat host_lead: preparing travelling following
arrival host_lead: preparing travelling following
arrival host_second: preparing travelling following
course host_lead: preparing travelling following closed
course host_second: preparing travelling following closed
`

func standing(state ailleurs.CaseState, part ailleurs.Part) ailleurs.Standing {
	return ailleurs.Standing{Case: state, Part: part, Thread: ailleurs.Read, AskedToSign: true}
}

func TestRoleByCompartmentByState(t *testing.T) {
	var got []string
	for _, c := range ailleurs.Compartments {
		for _, p := range everyPart {
			var states []string
			for _, s := range ailleurs.Way {
				if ailleurs.MayHold(c, standing(s, p)) {
					states = append(states, string(s))
				}
			}
			if len(states) > 0 {
				got = append(got, fmt.Sprintf("%s %s: %s", c, p, strings.Join(states, " ")))
			}
			if ever := ailleurs.EverHolds(c, p); ever != (len(states) > 0) {
				t.Errorf("%s may hold %s in %v, EverHolds says %v", p, c, states, ever)
			}
		}
	}
	want := strings.Split(strings.TrimSpace(knowledge), "\n")
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("who may hold what (-want +got):\n%s", d)
	}
}

func TestOriginNeverGetsArrival(t *testing.T) {
	for _, p := range []ailleurs.Part{ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory} {
		for _, c := range []ailleurs.Compartment{ailleurs.Arrival, ailleurs.Course} {
			if ailleurs.EverHolds(c, p) || ailleurs.MayWrite(c, p) {
				t.Errorf("%s may hold or write %s", p, c)
			}
		}
	}
}

// Whatever stands: no addressee gets the limits, no élu anything but need and answer, and nobody a compartment that its
// part never holds.
func TestNoStandingGivesMoreThanTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(ailleurs.Compartments).Draw(t, "compartment")
		s := ailleurs.Standing{
			Case:    rapid.SampledFrom(everyState).Draw(t, "state"),
			Resumes: rapid.SampledFrom(everyState).Draw(t, "resumes"),
			Part:    rapid.SampledFrom(everyPart).Draw(t, "part"),
			Thread:  rapid.SampledFrom(ailleurs.ThreadStates).Draw(t, "thread"), AskedToSign: rapid.Bool().Draw(t, "asked"),
		}
		if !ailleurs.MayHold(c, s) {
			return
		}
		if !ailleurs.EverHolds(c, s.Part) {
			t.Fatalf("%+v holds %s, which its part never does", s, c)
		}
		if s.Case == ailleurs.Withdrawn || s.Case == ailleurs.Diverted {
			t.Fatalf("%+v holds %s of a case that is over", s, c)
		}
		if s.Part == ailleurs.AddresseeSignatory && !s.AskedToSign {
			t.Fatalf("an élu nobody asked holds %s", c)
		}
		if s.Part == ailleurs.OriginSignatory && c != ailleurs.Need {
			t.Fatalf("the signatory holds %s", c)
		}
	})
}

func TestDeadThreadShowsNoCard(t *testing.T) {
	for _, state := range ailleurs.ThreadStates {
		s := standing(ailleurs.Calling, ailleurs.AddresseeLead)
		s.Thread = state
		want := slices.Contains([]ailleurs.ThreadState{ailleurs.Sent, ailleurs.Read, ailleurs.Studying, ailleurs.Proposed, ailleurs.Countered, ailleurs.Retained}, state)
		if got := ailleurs.MayHold(ailleurs.Need, s); got != want || state.Live() != want {
			t.Errorf("in a thread that is %s the card is shown: %v, live: %v, want %v", state, got, state.Live(), want)
		}
	}
}

func TestSideStatesShowOnlyWhatTheyMust(t *testing.T) {
	for _, c := range ailleurs.Compartments {
		for _, p := range everyPart {
			suspended := standing(ailleurs.Suspended, p)
			suspended.Resumes = ailleurs.Calling
			origin := p == ailleurs.OriginLead || p == ailleurs.OriginSecond
			if got, want := ailleurs.MayHold(c, suspended), origin && ailleurs.MayHold(c, standing(ailleurs.Calling, p)); got != want {
				t.Errorf("suspended: %s to %s %v, want %v", c, p, got, want)
			}
			pair := p == ailleurs.HostLead || p == ailleurs.HostSecond
			for was, keeps := range map[ailleurs.CaseState]bool{ailleurs.Preparing: origin, ailleurs.Travelling: pair, ailleurs.Following: pair} {
				compromised := standing(ailleurs.Compromised, p)
				compromised.Resumes = was
				as := ailleurs.Following
				if was == ailleurs.Preparing {
					as = was
				}
				if got, want := ailleurs.MayHold(c, compromised), keeps && ailleurs.MayHold(c, standing(as, p)); got != want {
					t.Errorf("compromised while %s: %s to %s %v, want %v", was, c, p, got, want)
				}
			}
			if got, want := ailleurs.MayHold(c, standing(ailleurs.Expired, p)), origin && c == ailleurs.Person; got != want {
				t.Errorf("expired: %s to %s %v, want %v", c, p, got, want)
			}
			for _, over := range []ailleurs.CaseState{ailleurs.Withdrawn, ailleurs.Diverted} {
				if ailleurs.MayHold(c, standing(over, p)) {
					t.Errorf("%s: %s to %s", over, c, p)
				}
			}
		}
	}
}

// Nobody writes what they may never read, and every compartment has a writer.
func TestWritersCanReadWhatTheyWrite(t *testing.T) {
	for _, c := range ailleurs.Compartments {
		if len(ailleurs.Writers[c]) == 0 {
			t.Errorf("nobody writes %s", c)
		}
		for _, p := range ailleurs.Writers[c] {
			if !ailleurs.EverHolds(c, p) {
				t.Errorf("%s writes %s and never reads it", p, c)
			}
		}
	}
	if got := ailleurs.Writers[ailleurs.Threat]; !slices.Equal(got, []ailleurs.Part{ailleurs.OriginLead}) {
		t.Errorf("threat is written by %v", got)
	}
}
