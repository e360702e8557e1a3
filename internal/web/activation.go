package web

import (
	"net/http"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// How a colleague gets in: six words from paper, keys made in the browser, each way to open tried on a fresh page, then two
// colleagues compare the words of the new keys.

var (
	activationPage = newPage[activationView]("activer")
	trialPage      = newPage[trialView]("essai")
	waitingPage    = newPage[waitingView]("attente")
)

type activationView struct{}

func (activationView) seals() {}

// activation shows the page on which keys are made.
func (s *Server) activation(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	return show(s, w, r, activationPage, activationView{})
}

// An opened is what an invitation hands to the browser that makes the keys.
type opened struct {
	Ticket   alliance.ChallengeID `json:"ticket"`
	Agent    ailleurs.AgentID     `json:"agent"`
	Epoch    int                  `json:"epoch"`
	Name     string               `json:"name"`
	Town     string               `json:"town"`
	Roles    []string             `json:"roles"`    // in the reader's words
	Register string               `json:"register"` // pin
	Journal  string               `json:"journal"`  // pin
	Hash     string               `json:"hash"`     // of the pins, as the paper shows it
}

// openInvitation reads the six words.
func (s *Server) openInvitation(w http.ResponseWriter, r *http.Request) error {
	type asked struct {
		Words string `json:"words"`
	}
	return answers(s, w, r, func(a *alliance.Alliance, in asked) (opened, error) {
		e, err := a.OpenInvitation(r.Context(), in.Words, s.address(r), at(r))
		if err != nil {
			return opened{}, err
		}
		out := opened{
			Ticket: e.Ticket, Agent: e.Agent, Epoch: e.Epoch, Name: e.Name, Town: e.MemberName, Roles: []string{},
			Register: e.Pins.Register, Journal: e.Pins.Journal, Hash: shownHash(e.Pins),
		}
		for _, role := range e.Roles {
			out.Roles = append(out.Roles, s.voices[visitOf(r).lang].say("role."+string(role)))
		}
		return out, nil
	})
}

// shownHash writes the start of the pins' hash in groups, as people compare it: 80 bits, in five groups of four.
func shownHash(p alliance.Pins) string {
	h := p.Hash()
	return h[:4] + " " + h[4:8] + " " + h[8:12] + " " + h[12:16] + " " + h[16:20]
}

// askFirstPasskey answers the options of a passkey for the holder of a ticket.
func (s *Server) askFirstPasskey(w http.ResponseWriter, r *http.Request) error {
	type asked struct {
		Ticket alliance.ChallengeID `json:"ticket"`
	}
	return answers(s, w, r, func(a *alliance.Alliance, in asked) (alliance.PasskeyRequest, error) {
		return a.BeginEnrolmentPasskey(r.Context(), in.Ticket, at(r))
	})
}

// enrol takes the public halves of the keys just made and the ways to open them.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) error {
	a, in, err := heard[struct {
		Ticket alliance.ChallengeID `json:"ticket"`
		Keys   alliance.NewKeys     `json:"keys"`
	}](s, r)
	if err != nil {
		return err
	}
	signed, err := a.Enrol(r.Context(), in.Ticket, in.Keys, device(r), at(r))
	if err != nil {
		return err
	}
	signIn(w, signed.Token.Reveal())
	sendJSON(w, r, http.StatusOK, begun{signed.Share.Reveal(), signed.Files, "/essai"})
	return nil
}

// trialView is the page that tries the ways to open one by one; it is loaded afresh for each of them.
type trialView struct {
	Next  alliance.Unlocker // the one to try now
	Label string            // key of what it is called
	Here  int               // counts from 1
	All   int
	Page  trialData
}

type trialData struct {
	Unlocker alliance.UnlockerID `json:"unlocker"`
	Files    []alliance.File     `json:"files"` // its own alone
}

// trial shows the next way to open that has not been tried, or goes on when all have.
func (s *Server) trial(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	list, files, err := a.Unlockers(r.Context(), viewer(r).of())
	if err != nil {
		return err
	}
	v := trialView{Page: trialData{Files: []alliance.File{}}}
	for _, u := range list {
		if !u.Opens {
			continue
		}
		v.All++
		switch {
		case !u.Proven.IsZero():
			v.Here++
		case v.Next.ID == "":
			v.Next = u
		}
	}
	if v.Next.ID == "" {
		return redirect(w, r, s.afterTrial(viewer(r)), "")
	}
	v.Here++
	v.Label, v.Page.Unlocker = "unlocker."+string(v.Next.Kind), v.Next.ID
	v.Page.Files = slices.DeleteFunc(files, func(f alliance.File) bool { return f.Unlocker != v.Next.ID })
	return show(s, w, r, trialPage, v)
}

func (s *Server) afterTrial(v Viewer) string {
	if v.Pending {
		return "/activer/attente"
	}
	return "/compte"
}

// beginTrial answers what the page must sign with the trousseau that the unlocker has just opened there.
func (s *Server) beginTrial(w http.ResponseWriter, r *http.Request) error {
	type asked struct {
		Unlocker alliance.UnlockerID `json:"unlocker"`
	}
	return answers(s, w, r, func(a *alliance.Alliance, in asked) (toSign, error) {
		test, err := a.BeginProof(r.Context(), viewer(r).of(), in.Unlocker, at(r))
		return toSign{test.Challenge, test.Statement}, err
	})
}

// endTrial takes the signature; the page is loaded afresh for the next one.
func (s *Server) endTrial(w http.ResponseWriter, r *http.Request) error {
	a, in, err := heard[answeredChallenge](s, r)
	if err != nil {
		return err
	}
	if err := a.Prove(r.Context(), viewer(r).of(), in.Challenge, in.Signed, at(r)); err != nil {
		return err
	}
	return goOn(w, r, "/essai", "essai.passed")
}

// waitingView is the page of whoever waits for two colleagues: six words to read to them.
type waitingView struct{ Town string }

// waiting shows it, or leads to work once the keys count.
func (s *Server) waiting(w http.ResponseWriter, r *http.Request) error {
	v := viewer(r)
	if !v.Pending {
		return redirect(w, r, s.workOf(v), "")
	}
	if v.Lacking != "" {
		return redirect(w, r, "/essai", "")
	}
	return show(s, w, r, waitingPage, waitingView{v.Town})
}
