package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// caseActions are what can be posted about a case, by the last word of the address: sealed submissions from a script, and
// plain forms for what needs no words.
func (s *Server) caseActions() map[string]handler {
	back := toCase
	return map[string]handler{
		"enregistrer":    takes(s, (*relocation.Exchange).Save, backTo[ailleurs.Save](back), "draft.saved"),
		"preparer":       takes(s, (*relocation.Exchange).Save, backTo[ailleurs.Save](back), "plan.saved"),
		"appel":          takes(s, (*relocation.Exchange).Submit, backTo[ailleurs.SubmitCall](back), "call.submitted"),
		"attester":       takes(s, (*relocation.Exchange).Endorse, backTo[ailleurs.Signature](back), "call.attested"),
		"signer":         takes(s, (*relocation.Exchange).Endorse, backTo[ailleurs.Signature](back), "call.signed"),
		"verifier":       takes(s, (*relocation.Exchange).Check, backTo[ailleurs.Signature](back), "call.checked"),
		"preciser":       takes(s, (*relocation.Exchange).Reply, backTo[ailleurs.Reply](back), "answer.replied"),
		"ajouter":        takes(s, (*relocation.Exchange).Add, backTo[ailleurs.Add](back), "call.addition"),
		"accepter-ajout": takes(s, (*relocation.Exchange).AgreeToAdd, backTo[ailleurs.Signature](back), "call.addition_signed"),
		"recommencer":    takes(s, (*relocation.Exchange).StartAgain, backTo[ailleurs.StartAgain](toDraft), "case.started_again"),
		"garder":         takes(s, (*relocation.Exchange).KeepArrival, backTo[ailleurs.Signature](back), "arrival.kept"),
		"oui":            takes(s, (*relocation.Exchange).Retain, backTo[ailleurs.Signature](back), "choice.first_yes_said"),
		"confier":        takes(s, (*relocation.Exchange).HandOver, backTo[ailleurs.HandOver](back), "handover.done"),
		"depart":         takes(s, (*relocation.Exchange).Depart, backTo[ailleurs.Depart](back), "journey.departed"),
		"arrivee":        takes(s, (*relocation.Exchange).Arrive, backTo[ailleurs.Arrive](back), "journey.arrived"),
		"suivi":          takes(s, (*relocation.Exchange).FollowUp, backTo[ailleurs.FollowUp](back), "followup.saved"),
		"suspendre":      takes(s, (*relocation.Exchange).Suspend, backTo[ailleurs.Signature](back), "case.stand_signed"),
		"reprendre":      takes(s, (*relocation.Exchange).Resume, backTo[ailleurs.Signature](back), "case.stand_signed"),

		"retirer":      s.onCase((*relocation.Exchange).Withdraw, toWork, "case.withdrawn_said"),
		"orienter":     s.onCase((*relocation.Exchange).Divert, toWork, "case.diverted_said"),
		"rappeler":     s.onCase((*relocation.Exchange).Recall, back, "call.recalled"),
		"renvoyer":     s.onCase((*relocation.Exchange).SendBack, back, "call.sent_back"),
		"pas-venu":     s.onCase((*relocation.Exchange).NoShow, back, "journey.no_show"),
		"place-perdue": s.onCase((*relocation.Exchange).PlaceFails, back, "place.failed_said"),
		"compromis":    s.onCase((*relocation.Exchange).Compromise, back, "case.compromised_said"),
		"clore":        s.closeCase,
		"refus":        s.refuseProposal,
		"ecarter":      s.setAside,
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
