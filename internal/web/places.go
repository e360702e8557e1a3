package web

import (
	"net/http"
	"strconv"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var (
	placesPage   = newPage[placesView]("places")
	newPlacePage = newPage[newPlaceView]("place-nouvelle")
)

// placesView lists the member's own homes and jobs.
type placesView struct {
	Rows  []placeRow
	Next  string
	Empty Empty
	Once  string
}

type placeRow struct {
	relocation.OwnOffer
	Line  string
	Until string
	Held  int
}

// places shows what the member offers.
func (s *Server) places(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	page, next, err := e.OwnOffers(r.Context(), viewer(r).Actor, ailleurs.OfferID(r.FormValue("suite")), at(r))
	if err != nil {
		return err
	}
	v := placesView{Empty: Empty{Icon: "house", Title: "places.empty", Body: "places.empty_body", Action: "places.new", Href: "/places/nouvelle"}, Once: newOnce()}
	if next != "" {
		v.Next = "/places?suite=" + string(next)
	}
	for _, o := range page {
		v.Rows = append(v.Rows, placeRow{OwnOffer: o, Line: s.offerLine(r, o), Until: s.day(r, o.Until), Held: len(o.Holds)})
	}
	return show(s, w, r, placesPage, v)
}

// newPlaceView is the form of a new offer: what, where, until when.
type newPlaceView struct {
	Kind     ailleurs.OfferKind
	Home     bool
	Fields   []*Field
	Problems []Problem
	Once     string
}

// newPlace shows the form for a home or a job.
func (s *Server) newPlace(w http.ResponseWriter, r *http.Request) error {
	return show(s, w, r, newPlacePage, s.placeForm(r, kindOfForm(r), r.FormValue, newOnce()))
}

func kindOfForm(r *http.Request) ailleurs.OfferKind {
	if r.FormValue("kind") == string(ailleurs.JobOffer) {
		return ailleurs.JobOffer
	}
	return ailleurs.HomeOffer
}

func (s *Server) placeForm(r *http.Request, kind ailleurs.OfferKind, value func(string) string, once string) newPlaceView {
	v := newPlaceView{Kind: kind, Home: kind == ailleurs.HomeOffer, Once: once}
	add := func(f Field) {
		f.Value = value(f.Name)
		for i := range f.Options {
			f.Options[i].Chosen = f.Options[i].Value == f.Value
		}
		v.Fields = append(v.Fields, &f)
	}
	if v.Home {
		add(Field{Name: "housing", Label: "places.housing", Kind: "select", Options: options(s, r, "housing", ailleurs.HousingKinds)})
		add(Field{Name: "persons", Label: "places.persons", Kind: "number", Inputmode: "numeric"})
		add(Field{Name: "rooms", Label: "places.rooms", Kind: "number", Inputmode: "numeric"})
		add(Field{Name: "accessible", Label: "need.accessible", Kind: "check", Optional: true})
		add(Field{Name: "min_age", Label: "places.min_age", Kind: "select", Optional: true, Options: ageEdges(s, r, true)})
		add(Field{Name: "max_age", Label: "places.max_age", Kind: "select", Optional: true, Options: ageEdges(s, r, false)})
	} else {
		add(Field{Name: "rome", Label: "places.job", Kind: "select", Options: s.jobs(r)})
		add(Field{Name: "contract", Label: "places.contract", Kind: "select", Options: options(s, r, "contract", ailleurs.ContractKinds)})
		add(Field{Name: "level", Label: "places.level", Kind: "select", Options: s.levels(r)})
		add(Field{Name: "hours", Label: "places.hours", Kind: "select", Options: options(s, r, "hours", ailleurs.AllHours)})
		add(Field{Name: "licence", Label: "places.licence", Kind: "check", Optional: true})
	}
	add(Field{Name: "places", Label: "places.how_many", Kind: "number", Inputmode: "numeric"})
	add(Field{Name: "commune", Label: "places.commune", Kind: "commune", Hint: "places.commune_hint"})
	add(Field{Name: "from", Label: "places.from", Kind: "date"})
	add(Field{Name: "until", Label: "places.until", Kind: "date", Optional: true})
	return v
}

// ageEdges are the ages at which bands begin, or end.
func ageEdges(s *Server, r *http.Request, low bool) []Option {
	out := []Option{{Label: s.say(r, "word.none")}}
	for age := range 100 {
		if age > 0 && ailleurs.IsBandEdge(age, low) {
			out = append(out, Option{Value: strconv.Itoa(age), Label: s.say(r, "places.years", "n", age)})
		}
	}
	return out
}

// publishPlace takes the form; what is wrong comes back beside its field.
func (s *Server) publishPlace(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	kind := kindOfForm(r)
	number := func(name string) int {
		n, err := strconv.Atoi(r.PostFormValue(name))
		if err != nil && r.PostFormValue(name) != "" {
			return -1 // no number is refused by the rule that bounds it
		}
		return n
	}
	code, err := communeOf(r)
	o := ailleurs.Offer{
		Kind: kind, Commune: code, Places: number("places"), From: ailleurs.Date(r.PostFormValue("from")), Until: ailleurs.Date(r.PostFormValue("until")),
		Housing: ailleurs.HousingKind(r.PostFormValue("housing")), Persons: number("persons"), Rooms: number("rooms"),
		Accessible: r.PostFormValue("accessible") != "", MinAge: number("min_age"), MaxAge: number("max_age"),
		Rome: r.PostFormValue("rome"), Contract: ailleurs.ContractKind(r.PostFormValue("contract")), Level: number("level"),
		Licence: r.PostFormValue("licence") != "", Hours: ailleurs.Hours(r.PostFormValue("hours")),
	}
	if err == nil {
		_, err = e.PublishOffer(r.Context(), viewer(r).Actor, ailleurs.PostOffer{Once: r.PostFormValue("once"), Offer: o}, at(r))
	}
	if err != nil {
		v := s.placeForm(r, kind, r.PostFormValue, r.PostFormValue("once"))
		problems, ok := s.problem(visitOf(r).lang, err, v.Fields...)
		if !ok {
			return err
		}
		v.Problems, v.Once = problems, newOnce() // nothing was taken; what comes next is another request
		return showAs(s, w, r, http.StatusUnprocessableEntity, newPlacePage, v)
	}
	return redirect(w, r, "/places", "places.published")
}

// renewPlace says that an offer still stands, in one tap.
func (s *Server) renewPlace(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.OnOffer{Once: r.PostFormValue("once"), Offer: ailleurs.OfferID(r.PathValue("id"))}
	if err := e.ConfirmOffer(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, "/places", "places.renewed")
}

// withdrawPlace takes an offer off the list.
func (s *Server) withdrawPlace(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	in := ailleurs.OnOffer{Once: r.PostFormValue("once"), Offer: ailleurs.OfferID(r.PathValue("id"))}
	if err := e.WithdrawOffer(r.Context(), viewer(r).Actor, in, at(r)); err != nil {
		return err
	}
	return redirect(w, r, "/places", "places.withdrawn")
}

// communeOf is the commune of a form's commune field: the one chosen or, without a script, the only one that what was
// typed can mean.
func communeOf(r *http.Request) (string, error) {
	if code := r.PostFormValue("commune-code"); code != "" {
		return code, nil
	}
	land, err := territory.Load()
	if err != nil {
		return "", err
	}
	typed := r.PostFormValue("commune")
	found := land.Search(typed, 2)
	switch {
	case len(found) == 0:
		return "", ailleurs.Refuse("offer.commune_unknown", "commune")
	case len(found) == 1, found[0].Code == typed, found[0].Label() == typed, territory.Fold(found[0].Name) == territory.Fold(typed) && found[0].Population > 10*found[1].Population:
		return found[0].Code, nil
	}
	return "", ailleurs.Refuse("offer.commune_several", "commune", "first", found[0].Label(), "second", found[1].Label())
}
