package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

var callPage = newPage[callView]("appel")

// callView is where the origin's lead chooses whom to call upon. The limits are checked on their own machine: the page
// lists every member that can be called.
type callView struct {
	ID       ailleurs.CaseID
	Mark     string
	Members  []callable
	Least    int
	Checkers [2]ailleurs.AgentID
	Names    [2]string
	Attested []ailleurs.Attestation
	Page     sealedPage
}

type callable struct {
	ID   ailleurs.MemberID
	Name string
}

// callForm shows the members to call upon.
func (s *Server) callForm(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	a, err := s.doors()
	if err != nil {
		return err
	}
	c, err := e.Case(r.Context(), viewer(r).Actor, ailleurs.CaseID(r.PathValue("id")), at(r))
	if err != nil {
		return err
	}
	v := callView{ID: c.ID, Mark: mark(c.ID), Least: ailleurs.MinAddressees, Attested: ailleurs.Attestations, Page: sealedPage{Dossier: &c}}
	members, err := a.Members(r.Context(), alliance.MemberFilter{})
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.ID != c.Member && m.Team.Complete() && m.SuspendedAt.IsZero() && !m.AdmittedAt.IsZero() {
			v.Members = append(v.Members, callable{ID: m.ID, Name: m.Name})
		}
	}
	coordinators, err := a.Coordinators(r.Context())
	if err != nil {
		return err
	}
	first := int(c.ID[0]) // two of them, a different pair from case to case
	if s.cfg.Demo {
		first = 0 // the one whom a visitor may be
	}
	n := 0
	for i := range coordinators {
		k := coordinators[(i+first)%len(coordinators)]
		if n < 2 && c.PartOf(k.Agent) == "" {
			v.Checkers[n], v.Names[n] = k.Agent, k.Name
			n++
		}
	}
	return show(s, w, r, callPage, v)
}

// caseActions are what can be posted about a case, by the last word of the address: sealed submissions from a script, and
// plain forms for what needs no words.
func (s *Server) caseActions() map[string]handler {
	back := toCase
	return map[string]handler{
		"enregistrer": takes(s, (*relocation.Exchange).Save, backTo[ailleurs.Save](back), "draft.saved"),
		"preparer":    takes(s, (*relocation.Exchange).Save, backTo[ailleurs.Save](back), "plan.saved"),
		"appel":       takes(s, (*relocation.Exchange).Submit, backTo[ailleurs.SubmitCall](back), "call.submitted"),
		"attester":    takes(s, (*relocation.Exchange).Endorse, backTo[ailleurs.Signature](back), "call.attested"),
		"signer":      takes(s, (*relocation.Exchange).Endorse, backTo[ailleurs.Signature](back), "call.signed"),
		"verifier":    takes(s, (*relocation.Exchange).Check, backTo[ailleurs.Signature](back), "call.checked"),
		"oui":         takes(s, (*relocation.Exchange).Retain, backTo[ailleurs.Signature](back), "choice.first_yes_said"),
		"confier":     takes(s, (*relocation.Exchange).HandOver, backTo[ailleurs.HandOver](back), "handover.done"),
		"depart":      takes(s, (*relocation.Exchange).Depart, backTo[ailleurs.Depart](back), "journey.departed"),
		"arrivee":     takes(s, (*relocation.Exchange).Arrive, backTo[ailleurs.Arrive](back), "journey.arrived"),
		"suivi":       takes(s, (*relocation.Exchange).FollowUp, backTo[ailleurs.FollowUp](back), "followup.saved"),
		"suspendre":   takes(s, (*relocation.Exchange).Suspend, backTo[ailleurs.Signature](back), "case.stand_signed"),
		"reprendre":   takes(s, (*relocation.Exchange).Resume, backTo[ailleurs.Signature](back), "case.stand_signed"),

		"retirer":      s.onCase((*relocation.Exchange).Withdraw, toWork, "case.withdrawn_said"),
		"orienter":     s.onCase((*relocation.Exchange).Divert, toWork, "case.diverted_said"),
		"rappeler":     s.onCase((*relocation.Exchange).Recall, back, "call.recalled"),
		"renvoyer":     s.onCase((*relocation.Exchange).SendBack, back, "call.sent_back"),
		"pas-venu":     s.onCase((*relocation.Exchange).NoShow, back, "journey.no_show"),
		"place-perdue": s.onCase((*relocation.Exchange).PlaceFails, back, "place.failed_said"),
		"compromis":    s.onCase((*relocation.Exchange).Compromise, back, "case.compromised_said"),
		"clore":        s.closeCase,
		"refus":        s.refuseProposal,
	}
}

// caseAction finds the action that the address names.
func (s *Server) caseAction() handler {
	actions := s.caseActions()
	return func(w http.ResponseWriter, r *http.Request) error {
		do, ok := actions[r.PathValue("action")]
		if !ok {
			return notFound()
		}
		return do(w, r)
	}
}

// refuseProposal records the person's no to one proposal.
func (s *Server) refuseProposal(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.OnThread{Once: r.PostFormValue("once"), Thread: ailleurs.ThreadID(r.PostFormValue("thread"))}
	if err := e.Refuse(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, toCase(r), "choice.no_said")
}

// closeCase closes a case with its outcome.
func (s *Server) closeCase(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.End{
		Once: r.PostFormValue("once"), Case: ailleurs.CaseID(r.PathValue("id")), Outcome: ailleurs.Outcome(r.PostFormValue("outcome")),
	}
	if err := e.Close(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, "/travail", "case.closed_said")
}
