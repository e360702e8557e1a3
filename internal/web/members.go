package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var (
	membersPage   = newPage[membersView]("membres")
	accessionPage = newPage[accessionView]("accession")
)

// membersView is the list of members, twenty a page.
type membersView struct {
	Text    Field
	Kind    Field
	Members []memberRow
	Found   int
	Asked   bool              // something was searched for
	May     bool              // the viewer coordinates: propose, look into a member
	Stopped []ailleurs.Member // suspended, for the coordination
	Pager   Pager
}

type memberRow struct {
	ID       ailleurs.MemberID
	Name     string
	Kind     string // key
	Where    string
	Since    time.Time
	Callable bool
	New      bool // in its thirty days of observation
}

// members shows the list.
func (s *Server) members(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	q, say := r.URL.Query(), s.voices[visitOf(r).lang].say
	f := alliance.MemberFilter{Text: strings.TrimSpace(q.Get("nom")), Kind: ailleurs.MemberKind(q.Get("type"))}
	if len(f.Text) > 120 {
		f.Text = ""
	}
	if !f.Kind.Valid() {
		f.Kind = ""
	}
	found, err := a.Members(r.Context(), f)
	if err != nil {
		return err
	}
	land, err := territory.Load()
	if err != nil {
		return err
	}
	v := membersView{
		Text:  Field{Name: "nom", Label: "membres.text", Kind: "search", Value: f.Text, Optional: true, Autocomplete: "off", Max: 120},
		Kind:  Field{Name: "type", Label: "membres.kind", Kind: "select", Optional: true, Options: []Option{{Value: "", Label: say("membres.any_kind")}}},
		Found: len(found), Asked: f.Text != "" || f.Kind != "", May: viewer(r).Is(ailleurs.Coordinator),
	}
	for _, k := range ailleurs.MemberKinds {
		v.Kind.Options = append(v.Kind.Options, Option{string(k), say("kind." + string(k)), k == f.Kind})
	}
	if v.May {
		if v.Stopped, err = a.Suspended(r.Context()); err != nil {
			return err
		}
	}
	page, last := 1, max(1, (len(found)+PageSize-1)/PageSize)
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n >= 1 && n <= last {
		page = n
	}
	to := func(n int) string {
		if n < 1 || n > last {
			return ""
		}
		return "/membres?" + url.Values{"nom": {f.Text}, "type": {string(f.Kind)}, "page": {strconv.Itoa(n)}}.Encode()
	}
	v.Pager = Pager{Here: page, Last: last, Before: to(page - 1), After: to(page + 1)}
	for _, m := range found[(page-1)*PageSize : min(page*PageSize, len(found))] {
		v.Members = append(v.Members, memberRow{
			ID: m.ID, Name: m.Name, Kind: "kind." + string(m.Kind), Where: whereIs(land, m), Since: m.AdmittedAt, Callable: m.Team.Complete(),
			New: !m.ReceivesPersons(at(r)),
		})
	}
	return show(s, w, r, membersPage, v)
}

// whereIs names the département of a member, or its commune for an institution or association.
func whereIs(land *territory.Territory, m ailleurs.Member) string {
	switch m.Kind {
	case ailleurs.EPCI:
		if g, ok := land.EPCI(m.Code); ok {
			return g.Name
		}
	case ailleurs.Departement:
		if d, ok := land.Departement(m.Code); ok {
			return d.Name
		}
	case ailleurs.Commune:
		if d, ok := land.Departement(territory.DepartementOf(m.Code)); ok {
			return d.Name
		}
	case ailleurs.Institution, ailleurs.Association:
		if c, ok := land.Commune(m.Code); ok {
			return c.Name
		}
	}
	return ""
}

// accessionView is the form by which coordination proposes a member.
type accessionView struct {
	Kind     Field
	Name     Field
	Commune  Field
	Code     Field // of a département or an inter-communality
	Siren    Field
	Charter  Field
	Problems []Problem
}

func (s *Server) accessionForm(r *http.Request) accessionView {
	say := s.voices[visitOf(r).lang].say
	v := accessionView{
		Kind:    Field{Name: "kind", Label: "accession.kind", Kind: "radio"},
		Name:    Field{Name: "name", Label: "accession.name", Hint: "accession.name_hint", Autocomplete: "off", Max: ailleurs.MaxName, Value: r.PostFormValue("name")},
		Commune: Field{Name: "commune", Label: "accession.commune", Hint: "accession.commune_hint", Kind: "commune", Optional: true, Value: r.PostFormValue("commune")},
		Code:    Field{Name: "code", Label: "accession.code", Hint: "accession.code_hint", Optional: true, Autocomplete: "off", Max: 9, Value: r.PostFormValue("code")},
		Siren:   Field{Name: "siren", Label: "accession.siren", Hint: "accession.siren_hint", Optional: true, Inputmode: "numeric", Autocomplete: "off", Max: 11, Value: r.PostFormValue("siren")},
		Charter: Field{Name: "charter", Label: "accession.charter", Hint: "accession.charter_hint", Kind: "date", Value: r.PostFormValue("charter")},
	}
	for _, k := range ailleurs.MemberKinds {
		v.Kind.Options = append(v.Kind.Options, Option{string(k), say("kind." + string(k)), r.PostFormValue("kind") == string(k)})
	}
	return v
}

// accession shows the form.
func (s *Server) accession(w http.ResponseWriter, r *http.Request) error {
	return show(s, w, r, accessionPage, s.accessionForm(r))
}

// proposeMember proposes it; two coordinators sign.
func (s *Server) proposeMember(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	n, err := readAccession(r)
	if err == nil {
		_, _, err = a.ProposeMember(r.Context(), viewer(r).Actor, n, at(r))
	}
	if err == nil {
		return redirect(w, r, "/changements", "accession.proposed")
	}
	v := s.accessionForm(r)
	refusal := ailleurs.AsRefusal(err)
	code := &v.Code
	if refusal != nil && refusal.Field == "code" && n.Kind != ailleurs.EPCI && n.Kind != ailleurs.Departement {
		at := *refusal
		at.Field = "commune"
		err, code = &at, &v.Commune
	}
	problems, ok := s.problem(visitOf(r).lang, err, &v.Kind, &v.Name, code, &v.Siren, &v.Charter)
	if !ok {
		return err
	}
	v.Problems = problems
	return showAs(s, w, r, http.StatusUnprocessableEntity, accessionPage, v)
}

// readAccession reads the form: the code of a commune is that of the commune chosen or, without a script, of the only one
// that what was typed names.
func readAccession(r *http.Request) (alliance.NewMember, error) {
	digits := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "")
	n := alliance.NewMember{
		Kind: ailleurs.MemberKind(r.PostFormValue("kind")), Name: strings.TrimSpace(r.PostFormValue("name")),
		Siren: digits.Replace(r.PostFormValue("siren")),
	}
	if typed := r.PostFormValue("charter"); typed != "" {
		t, err := time.ParseInLocation(time.DateOnly, typed, territory.Paris())
		if err != nil {
			return n, ailleurs.Refuse("date.impossible", "charter", "got", typed)
		}
		n.Charter = t
	}
	if n.Kind == ailleurs.EPCI || n.Kind == ailleurs.Departement {
		n.Code = strings.ToUpper(digits.Replace(r.PostFormValue("code")))
		return n, nil
	}
	if n.Code = r.PostFormValue("commune-code"); n.Code != "" {
		return n, nil
	}
	land, err := territory.Load()
	if err != nil {
		return n, err
	}
	if typed := strings.TrimSpace(r.PostFormValue("commune")); typed != "" {
		found := land.Search(typed, 2)
		if len(found) > 0 && (len(found) == 1 || found[0].Label() == typed || found[0].Code == typed || territory.Fold(found[0].Name) == territory.Fold(typed)) {
			n.Code = found[0].Code
		}
	}
	return n, nil
}
