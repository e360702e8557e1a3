package demo

import (
	"context"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// described says in a proposal what its places are, from the town's own offers, as its page does.
func (s *story) described(ctx context.Context, t *town, a ailleurs.AnswerFile, at time.Time) (ailleurs.AnswerFile, error) {
	if !a.Kind.NeedsSignatory() {
		return a, nil
	}
	var own []relocation.OwnOffer
	after := ailleurs.OfferID("")
	for {
		page, next, err := s.h.Relocation.OwnOffers(ctx, t.lead.Actor, after, at)
		if err != nil {
			return a, err
		}
		own = append(own, page...)
		if after = next; next == "" {
			break
		}
	}
	offers, err := through[[]desk.Owned](own)
	if err != nil {
		return a, err
	}
	a, err = desk.Bundle(a, offers)
	if r := ailleurs.AsRefusal(err); r != nil && r.Key == "answer.place_unknown" { // somebody was quicker
		return a, ailleurs.RefuseAs(ailleurs.Conflict, "answer.place_taken", r.Field)
	}
	return a, err
}
