package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// listingPath is where the day's list of offers is. The address says nothing of a case, and so does asking for it: cards
// are held against the list on the reader's own machine.
const listingPath = "/places/du-jour"

// A listing is the list as the browser's half reads it (desk.Listing).
type listing struct {
	Day     ailleurs.Date  `json:"day"`
	Members []listedMember `json:"members"`
	Offers  []listedOffer  `json:"offers"`
}

type listedMember struct {
	ID   ailleurs.MemberID `json:"id"`
	Name string            `json:"name"`
	Code string            `json:"code"`
}

type listedOffer struct {
	ID      ailleurs.OfferID   `json:"id"`
	Member  ailleurs.MemberID  `json:"member"`
	Kind    ailleurs.OfferKind `json:"kind"`
	Commune string             `json:"commune"`
	Free    int                `json:"free"`
	From    ailleurs.Date      `json:"from"`
	Until   ailleurs.Date      `json:"until,omitempty"`

	Housing    ailleurs.HousingKind `json:"housing,omitempty"`
	Persons    int                  `json:"persons,omitempty"`
	Rooms      int                  `json:"rooms,omitempty"`
	Accessible bool                 `json:"accessible,omitempty"`
	MinAge     int                  `json:"min_age,omitempty"`
	MaxAge     int                  `json:"max_age,omitempty"`

	Rome     string                `json:"rome,omitempty"`
	Contract ailleurs.ContractKind `json:"contract,omitempty"`
	Level    int                   `json:"level,omitempty"`
	Licence  bool                  `json:"licence,omitempty"`
	Hours    ailleurs.Hours        `json:"hours,omitempty"`
}

// listing answers the day's list with the members that can be called: the same for everyone, kept by the browser for ten
// minutes and then asked for again only if it has changed.
func (s *Server) listing(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	a, err := s.doors()
	if err != nil {
		return err
	}
	found, err := e.OfferSnapshot(r.Context(), viewer(r).Actor, at(r))
	if err != nil {
		return err
	}
	members, err := a.Members(r.Context(), alliance.MemberFilter{Callable: true})
	if err != nil {
		return err
	}
	out := listing{Day: found.Day, Members: []listedMember{}, Offers: []listedOffer{}}
	called := make(map[ailleurs.MemberID]bool, len(members))
	for _, m := range members {
		called[m.ID] = true
		out.Members = append(out.Members, listedMember{m.ID, m.Name, m.Code})
	}
	for _, l := range found.Offers {
		if o := l.Offer; called[o.Member] {
			out.Offers = append(out.Offers, listedOffer{
				ID: o.ID, Member: o.Member, Kind: o.Kind, Commune: o.Commune, Free: l.Free, From: o.From, Until: o.Until, Housing: o.Housing,
				Persons: o.Persons, Rooms: o.Rooms, Accessible: o.Accessible, MinAge: o.MinAge, MaxAge: o.MaxAge, Rome: o.Rome,
				Contract: o.Contract, Level: o.Level, Licence: o.Licence, Hours: o.Hours,
			})
		}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "private, max-age=600")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	sendPacked(w, r, http.StatusOK, body)
	return nil
}
