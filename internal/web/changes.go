package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

var changesPage = newPage[changesView]("changements")

// changesView is what waits for two signatures, a card for each person or member that it is about.
type changesView struct {
	Yours   []changeCard // the viewer's signature is wanted
	Others  []changeCard // signed already, or about the viewer
	Nothing Empty
}

// A changeCard is what is signed together: the keys of a person and the roles that come with them, or one change alone.
type changeCard struct {
	Title   string // name of whom it is about
	Town    string
	Lines   []string // what changes, in words
	Keys    bool     // new keys: six words are to be heard
	Mine    bool     // about the viewer
	Signed  int
	Expires time.Time
	First   alliance.ChangeID // names the card
	IDs     []alliance.ChangeID
	Page    changeData
}

type changeData struct {
	Changes []changeToSign `json:"changes"`
}

// changeToSign is what the browser's half checks before it signs.
type changeToSign struct {
	ID   alliance.ChangeID `json:"id"`
	Text string            `json:"text"`
	Key  *person           `json:"key,omitempty"` // of a change of keys
}

// changes shows what waits.
func (s *Server) changes(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	waiting, err := a.Changes(r.Context(), viewer(r).Actor, at(r))
	if err != nil {
		return err
	}
	v := changesView{Nothing: Empty{Icon: "check", Title: "changements.none", Body: "changements.none_text"}}
	cards := make(map[string]*changeCard)
	var order []string
	for _, c := range waiting {
		group := string(c.ID)
		if c.Kind == alliance.KeyChange || c.Kind == alliance.TeamChange || c.Kind == alliance.Revocation {
			group = string(c.Agent)
		}
		if !c.MaySign {
			group += " seen"
		}
		card, ok := cards[group]
		if !ok {
			card = &changeCard{
				Title: c.AgentName, Town: c.MemberName, Mine: c.Agent != "" && c.Agent == viewer(r).Agent,
				Expires: c.Expires, First: c.ID, Signed: len(c.Approved),
			}
			if card.Title == "" {
				card.Title, card.Town = c.MemberName, ""
			}
			cards[group], order = card, append(order, group)
		}
		line, err := s.changeLine(r, a, c)
		if err != nil {
			return err
		}
		card.Lines, card.IDs = append(card.Lines, line), append(card.IDs, c.ID)
		toSign := changeToSign{ID: c.ID, Text: c.Text}
		if c.Key != nil {
			k := personOf(*c.Key)
			toSign.Key, card.Keys = &k, true
		}
		card.Page.Changes = append(card.Page.Changes, toSign)
	}
	for _, group := range order {
		if strings.HasSuffix(group, " seen") {
			v.Others = append(v.Others, *cards[group])
		} else {
			v.Yours = append(v.Yours, *cards[group])
		}
	}
	return show(s, w, r, changesPage, v)
}

// changeLine says a change in one sentence.
func (s *Server) changeLine(r *http.Request, a *alliance.Alliance, c alliance.Change) (string, error) {
	say := s.voices[visitOf(r).lang].say
	switch c.Kind {
	case alliance.Accession:
		m, err := a.Member(r.Context(), c.Member)
		return say("change.accession", "kind", string(m.Kind), "code", m.Code), err
	case alliance.Suspension:
		if c.Ends {
			return say("change.suspension_ends"), nil
		}
		return say("change.suspension"), nil
	case alliance.TeamChange:
		if c.Leaves {
			return say("change.leaves", "role", string(c.Role)), nil
		}
		return say("change.takes", "role", string(c.Role)), nil
	case alliance.KeyChange:
		if c.Epoch > 1 {
			return say("change.new_key"), nil
		}
		return say("change.key"), nil
	case alliance.Revocation:
		return say("change.revocation"), nil
	case alliance.PostChange:
	}
	team, _, _, err := ailleurs.ParseTeam(c.Text)
	if err != nil {
		return "", err
	}
	found, err := a.People(r.Context(), viewer(r).Actor, c.Member, at(r))
	if err != nil {
		return "", err
	}
	name := func(id ailleurs.AgentID) string {
		i := slices.IndexFunc(found.People, func(p alliance.Person) bool { return p.ID == id })
		if i < 0 {
			return "—"
		}
		return found.People[i].Name
	}
	return say("change.posts", "lead", name(team.Lead), "second", name(team.Second), "signatory", name(team.Signatory)), nil
}

// signChanges takes the approvals that the viewer's coffre has signed.
func (s *Server) signChanges(w http.ResponseWriter, r *http.Request) error {
	a, in, err := heard[struct {
		Approvals []alliance.Approval `json:"approvals"`
	}](s, r)
	if err != nil {
		return err
	}
	done, err := a.Approve(r.Context(), viewer(r).Actor, in.Approvals, at(r))
	if err != nil {
		return err
	}
	if len(done) > 0 {
		return goOn(w, r, "/changements", "changements.done")
	}
	return goOn(w, r, "/changements", "changements.signed")
}

// dropChanges gives changes up.
func (s *Server) dropChanges(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return ailleurs.Refuse("web.malformed", "")
	}
	for _, id := range r.PostForm["change"] {
		if err := a.Drop(r.Context(), viewer(r).Actor, alliance.ChangeID(id), at(r)); err != nil {
			return err
		}
	}
	return redirect(w, r, "/changements", "changements.dropped")
}
