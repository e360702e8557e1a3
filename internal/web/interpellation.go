package web

import (
	"net/http"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

var threadPage = newPage[threadView]("interpellation")

// threadView is an interpellation as its addressee sees it: left the card, right the three first-person answers.
type threadView struct {
	relocation.ThreadView
	Mark       string
	Origin     string
	Caller     string // the élu who signed
	Lead       string // of the origin: whom to call
	Clock      *Clock
	Open       bool  // an answer can still be given
	Write      bool  // the reader may give it
	Waiting    bool  // a proposal awaits the reader's signature
	Welcome    bool  // the first yes was given to the reader's proposal
	Jump       *jump // on a phone, to what is to be done below the card
	Last       *relocation.AnswerLine
	Homes      []Option
	Jobs       []Option
	Payers     []Option
	Differs    []Option
	Conditions []Option
	Reasons    []Option
	Questions  []Option
	Members    []Option
	Until      string // latest day to study until
	Once       string
	Page       sealedPage

	own []relocation.OwnOffer
}

// A jump leads to the next action of a long page.
type jump struct{ Href, Label string }

// jumpTo is where what the reader has to do stands.
func (v *threadView) jumpTo() *jump {
	switch {
	case v.Waiting:
		return &jump{"#said", "interpellation.jump_sign"}
	case v.Welcome:
		return &jump{"#call", "interpellation.call_of_three"}
	case v.Open && v.Write:
		return &jump{"#answer", "interpellation.jump_answer"}
	}
	return nil
}

// thread shows an interpellation. Reading it is recorded, and told to the origin.
func (s *Server) thread(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	t, err := e.Thread(r.Context(), viewer(r).Actor, ailleurs.ThreadID(r.PathValue("id")), at(r))
	if err != nil {
		return err
	}
	v := threadView{
		ThreadView: t, Mark: mark(t.Case), Clock: clockOf(t.Deadline, t.Speed, at(r)), Open: t.State.Open(), Once: newOnce(),
		Write:   t.Part == ailleurs.AddresseeLead || t.Part == ailleurs.AddresseeSecond,
		Waiting: slices.Contains(t.Tasks, relocation.TaskOffer), Welcome: slices.Contains(t.Tasks, relocation.TaskWelcome),
		Payers: chooseOne(s, r, options(s, r, "payer", ailleurs.Payers)), Differs: options(s, r, "difference", ailleurs.Differences),
		Conditions: options(s, r, "condition", ailleurs.Conditions), Reasons: options(s, r, "decline", ailleurs.DeclineReasons),
		Questions: chooseOne(s, r, options(s, r, "question", ailleurs.CardQuestions)), Until: dayOf(t.Deadline),
	}
	if !v.Open {
		v.Clock = nil
	}
	if n := len(t.Answers); n > 0 {
		v.Last = &t.Answers[n-1]
		v.Open = v.Open && !v.Last.TakenOut.IsZero() || v.Open && v.Last.Sheet.Round < t.Round
	}
	names, err := s.names(r.Context(), append(signers(t), t.Origins[0])...)
	if err != nil {
		return err
	}
	v.Jump = v.jumpTo()
	v.Lead = names[t.Origins[0]]
	for _, c := range t.Called {
		v.Caller = names[c.By]
	}
	towns, err := s.towns(r.Context(), t.Origin)
	if err != nil {
		return err
	}
	v.Origin = towns[t.Origin]
	a, err := s.doors()
	if err != nil {
		return err
	}
	if v.Open && v.Write {
		if err := s.ownPlaces(r, e, &v); err != nil {
			return err
		}
		if r.FormValue("orienter") != "" { // every member of the alliance: only for whoever asks
			if err := s.otherTowns(r, &v); err != nil {
				return err
			}
		}
	}
	found, err := s.placesOf(r, a, wanted{Agents: []ailleurs.AgentID{t.Lead, t.Second, t.Signatory, t.Origins[0], t.Origins[1]}})
	if err != nil {
		return err
	}
	v.Page = sealedPage{Thread: &t, People: found.People, Offers: v.own}
	if i := slices.IndexFunc(found.People, func(p person) bool { return p.Agent == t.Origins[0] }); i >= 0 {
		v.Page.Other = &found.People[i]
	}
	return show(s, w, r, threadPage, v)
}

func signers(t relocation.ThreadView) []ailleurs.AgentID {
	var out []ailleurs.AgentID
	for _, c := range t.Called {
		out = append(out, c.By)
	}
	return out
}

// ownPlaces lists the free places of the reader's member, each as one choice: the first free unit of each offer.
func (s *Server) ownPlaces(r *http.Request, e *relocation.Exchange, v *threadView) error {
	after := ailleurs.OfferID("")
	for {
		page, next, err := e.OwnOffers(r.Context(), viewer(r).Actor, after, at(r))
		if err != nil {
			return err
		}
		for _, o := range page {
			if o.Hidden || len(o.Places) == 0 {
				continue
			}
			v.own = append(v.own, o)
			if o.Kind == ailleurs.HomeOffer {
				v.Homes = append(v.Homes, Option{Value: string(o.Places[0]), Label: s.offerLine(r, o)})
				continue
			}
			// Two workers of one household may take two slots of one job.
			for i, p := range o.Places[:min(2, len(o.Places))] {
				label := s.offerLine(r, o)
				if i > 0 {
					label = s.say(r, "offer.second_slot", "offer", label)
				}
				v.Jobs = append(v.Jobs, Option{Value: string(p), Label: label})
			}
		}
		if next == "" {
			break
		}
		after = next
	}
	v.Homes, v.Jobs = chooseOne(s, r, v.Homes), chooseOne(s, r, v.Jobs)
	return nil
}

// otherTowns lists the members that the reader's may name instead of itself.
func (s *Server) otherTowns(r *http.Request, v *threadView) error {
	towns, err := s.everyTown(r)
	if err != nil {
		return err
	}
	for id, name := range towns {
		if id != v.ThreadView.Origin && id != v.ThreadView.Member {
			v.Members = append(v.Members, Option{Value: string(id), Label: name})
		}
	}
	slices.SortFunc(v.Members, func(a, b Option) int { return compareLabels(a.Label, b.Label) })
	v.Members = chooseOne(s, r, v.Members)
	return nil
}

// offerLine says an offer in one line.
func (s *Server) offerLine(r *http.Request, o relocation.OwnOffer) string {
	if o.Kind == ailleurs.HomeOffer {
		return s.say(r, "offer.home_line", "kind", s.say(r, "housing."+string(o.Housing)), "n", o.Persons, "from", s.day(r, o.From))
	}
	return s.say(r, "offer.job_line", "job", s.occupation(r, o.Rome), "contract", s.say(r, "contract."+string(o.Contract)), "from", s.day(r, o.From))
}

// occupation names a ROME code; one that is not on the list of everyday jobs stands for itself.
func (s *Server) occupation(r *http.Request, code string) string {
	if s.voices[visitOf(r).lang].has("rome." + code) {
		return s.say(r, "rome."+code)
	}
	return code
}

// day writes a date that may be none.
func (s *Server) day(r *http.Request, d ailleurs.Date) string {
	if d.IsZero() {
		return ""
	}
	return s.voices[visitOf(r).lang].date(d.Time())
}

// threadActions are what can be posted about an interpellation.
func (s *Server) threadActions() map[string]handler {
	back := toThread
	return map[string]handler{
		"repondre":   takes(s, (*relocation.Exchange).Answer, backTo[ailleurs.PostAnswer](back), "answer.posted"),
		"signer":     takes(s, (*relocation.Exchange).SignAnswer, backTo[ailleurs.Signature](back), "answer.offered"),
		"accueillir": takes(s, (*relocation.Exchange).Welcome, func(_ *http.Request, _ ailleurs.Welcome) string { return "/travail" }, "choice.second_yes_said"),
		"etudier":    s.study,
		"reprendre":  s.takeBack,
	}
}

func (s *Server) threadAction() handler {
	actions := s.threadActions()
	return func(w http.ResponseWriter, r *http.Request) error {
		do, ok := actions[r.PathValue("action")]
		if !ok {
			return notFound()
		}
		return do(w, r)
	}
}

// study says by when the member will answer.
func (s *Server) study(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	until, err := ailleurs.ParseDate(r.PostFormValue("until"), "until")
	if err != nil {
		return err
	}
	in := ailleurs.Study{Once: r.PostFormValue("once"), Thread: ailleurs.ThreadID(r.PathValue("id")), Until: until}
	if err := e.Study(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, toThread(r), "answer.studying")
}

// takeBack withdraws the member's proposal before the first yes.
func (s *Server) takeBack(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.TakeBack{
		Once: r.PostFormValue("once"), Thread: ailleurs.ThreadID(r.PathValue("id")), Reason: ailleurs.DeclineReason(r.PostFormValue("reason")),
	}
	if err := e.TakeBack(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, toThread(r), "answer.taken_back")
}
