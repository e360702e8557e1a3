package web

import (
	"net/http"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// waitsFor says whom or what a case waits for, and once it is closed what is erased when; empty when it waits for its reader.
func (s *Server) waitsFor(r *http.Request, v dossierView) string {
	if len(v.Tasks) > 0 || v.CallOfThree != nil {
		return ""
	}
	switch v.State {
	case ailleurs.Endorsing:
		return s.say(r, "waiting.signatures", "names", strings.Join(v.unsigned(), ", "))
	case ailleurs.Checking:
		return s.say(r, "waiting.check")
	case ailleurs.Calling:
		if len(v.Threads) == 0 {
			return s.say(r, "waiting.answers")
		}
		return s.say(r, "waiting.answered", "n", v.answered(), "all", len(v.Threads))
	case ailleurs.Choosing:
		if v.Retained != "" {
			return s.say(r, "waiting.second_yes")
		}
		return s.say(r, "waiting.choice")
	case ailleurs.Preparing:
		return s.say(r, "waiting.arrival_plan")
	case ailleurs.Travelling:
		return s.say(r, "waiting.arrival")
	case ailleurs.Following:
		next := slices.IndexFunc(v.FollowUps, func(f relocation.FollowUpLine) bool { return f.Done.IsZero() })
		if next < 0 {
			return ""
		}
		return s.say(r, "waiting.news", "day", s.voices[visitOf(r).lang].date(v.FollowUps[next].Due))
	case ailleurs.Closed:
		return s.say(r, "waiting.erasure")
	case ailleurs.Draft, ailleurs.Suspended, ailleurs.Diverted, ailleurs.Compromised, ailleurs.Expired, ailleurs.Withdrawn: // said apart
	}
	return ""
}

// unsigned names those whose signature the call still lacks.
func (v dossierView) unsigned() []string {
	var out []string
	for _, who := range []struct {
		agent   ailleurs.AgentID
		purpose ailleurs.Purpose
	}{{v.Second, ailleurs.ToAttest}, {v.Signatory, ailleurs.ToCall}} {
		signed := slices.ContainsFunc(v.Signed, func(st relocation.StatementLine) bool {
			return st.By == who.agent && st.Purpose == who.purpose && v.Sheet != nil && st.Digest == v.Sheet.Digest
		})
		if name := v.Names[who.agent]; !signed && name != "" {
			out = append(out, name)
		}
	}
	return out
}

// answered counts the addressees that have given their answer.
func (v dossierView) answered() int {
	n := 0
	for _, t := range v.Threads {
		if t.Answer != nil {
			n++
		}
	}
	return n
}
