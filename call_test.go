package ailleurs_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

func members(n int) ailleurs.Ring {
	var r ailleurs.Ring
	for range n {
		r = append(r, ailleurs.NewID[ailleurs.MemberID]())
	}
	return r
}

func aSheet(rings ...ailleurs.Ring) ailleurs.CallSheet {
	return ailleurs.CallSheet{
		Case: ailleurs.NewID[ailleurs.CaseID](), Call: ailleurs.NewID[ailleurs.CallID](), Round: 1, Speed: ailleurs.Normal, Rings: rings,
		NeedHead: strings.Repeat("0f", 32), Checkers: [2]ailleurs.AgentID{"c1", "c2"}, Attested: ailleurs.Attestations,
		CreatedAt: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
	}
}

func refusedAt(t *testing.T, err error, key, field string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key || r.Field != field {
		t.Errorf("got %v, want the refusal %s (%s)", err, key, field)
	}
}

func TestSheetNeedsFiveAddressees(t *testing.T) {
	origin := ailleurs.NewID[ailleurs.MemberID]()
	for n := range ailleurs.MinAddressees {
		err := aSheet(members(n)).Validate(origin)
		refusedAt(t, err, "call.too_few_addressees", "rings[0]")
		waived := aSheet(members(n))
		waived.FewerWhy = true
		if err := waived.Validate(origin); n > 0 && err != nil {
			t.Errorf("waived with %d: %v", n, err)
		} else if n == 0 && err == nil {
			t.Error("waived with nobody at all")
		}
	}
	if err := aSheet(members(5)).Validate(origin); err != nil {
		t.Error(err)
	}
	refusedAt(t, aSheet(members(13)).Validate(origin), "call.too_many_addressees", "rings[0]")
	refusedAt(t, aSheet(members(5), members(13)).Validate(origin), "call.too_many_addressees", "rings[1]")
	if err := aSheet(members(12), members(1), members(12)).Validate(origin); err != nil {
		t.Error(err)
	}
	refusedAt(t, aSheet(append(members(5), origin)).Validate(origin), "call.calls_itself", "rings[0][5]")
}

// Whatever of the sheet changes, its digest changes: nobody is added to or dropped from what was signed.
func TestSheetDigestCommitsToEverything(t *testing.T) {
	s := aSheet(members(5), members(2))
	seen := map[string]bool{s.Digest(): true}
	for name, change := range map[string]func(*ailleurs.CallSheet){
		"case":     func(s *ailleurs.CallSheet) { s.Case = "x" },
		"call":     func(s *ailleurs.CallSheet) { s.Call = "x" },
		"round":    func(s *ailleurs.CallSheet) { s.Round++ },
		"speed":    func(s *ailleurs.CallSheet) { s.Speed = ailleurs.Urgent },
		"added":    func(s *ailleurs.CallSheet) { s.Rings = append(s.Rings, members(1)) },
		"dropped":  func(s *ailleurs.CallSheet) { s.Rings = s.Rings[:1] },
		"moved":    func(s *ailleurs.CallSheet) { s.Rings = []ailleurs.Ring{append(s.Rings[0], s.Rings[1]...)} },
		"card":     func(s *ailleurs.CallSheet) { s.NeedHead = strings.Repeat("00", 32) },
		"checkers": func(s *ailleurs.CallSheet) { s.Checkers[0], s.Checkers[1] = s.Checkers[1], s.Checkers[0] },
		"waiver":   func(s *ailleurs.CallSheet) { s.FewerWhy = true },
		"attested": func(s *ailleurs.CallSheet) { s.Attested = s.Attested[1:] },
		"created":  func(s *ailleurs.CallSheet) { s.CreatedAt = s.CreatedAt.Add(time.Second) },
	} {
		other := s
		change(&other)
		if seen[other.Digest()] {
			t.Errorf("%s: the digest does not change", name)
		}
		seen[other.Digest()] = true
	}
}

func anAnswer(kind ailleurs.AnswerKind) ailleurs.AnswerSheet {
	s := ailleurs.AnswerSheet{Case: ailleurs.NewID[ailleurs.CaseID](), Thread: ailleurs.NewID[ailleurs.ThreadID](), Round: 1, Kind: kind}
	if kind.NeedsSignatory() {
		s.Home, s.Jobs = ailleurs.NewID[ailleurs.PlaceID](), []ailleurs.PlaceID{ailleurs.NewID[ailleurs.PlaceID]()}
	}
	if kind == ailleurs.Decline {
		s.Coarse = ailleurs.NoHousing
	}
	return s
}

func TestAnswerSheetHoldsWhatItsKindAsks(t *testing.T) {
	for _, kind := range []ailleurs.AnswerKind{ailleurs.Propose, ailleurs.Counter, ailleurs.Decline, ailleurs.Redirect} {
		if err := anAnswer(kind).Validate(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		s := anAnswer(kind)
		s.Coarse = ailleurs.LocalRisk
		if kind == ailleurs.Decline {
			refusedAt(t, s.Validate(), "answer.local_risk_is_sealed", "coarse")
		} else {
			refusedAt(t, s.Validate(), "answer.reason_not_asked", "coarse")
		}
	}
	if ailleurs.LocalRisk.Coarse() != ailleurs.OtherReason {
		t.Error("the hub learns of a local risk")
	}
	for _, r := range ailleurs.DeclineReasons {
		if r != ailleurs.LocalRisk && r.Coarse() != r {
			t.Errorf("%s is told as %s", r, r.Coarse())
		}
	}
}

// A thread only goes where its table says; what is over takes no answer; a live proposal can always be released.
func TestThreadNeverAnswersTwiceInARound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, answered := ailleurs.Sent, false
		for range 20 {
			var next []ailleurs.ThreadState
			for _, to := range ailleurs.ThreadStates {
				if state.CanBecome(to) {
					next = append(next, to)
				}
			}
			if len(next) == 0 {
				if state.Live() {
					t.Fatalf("%s is live and leads nowhere", state)
				}
				return
			}
			to := rapid.SampledFrom(next).Draw(t, "to")
			switch to {
			case ailleurs.Proposed, ailleurs.Countered, ailleurs.Declined, ailleurs.Redirected:
				if answered {
					t.Fatalf("a second answer in a round, from %s", state)
				}
				answered = true
			case ailleurs.Studying:
				answered = false // one more round
			}
			if !state.Open() && to == ailleurs.Lapsed {
				t.Fatalf("%s lapses", state)
			}
			if state != ailleurs.Sent && to == ailleurs.Recalled {
				t.Fatalf("%s is recalled", state)
			}
			state = to
		}
	})
}
