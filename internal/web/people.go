package web

import (
	"net/http"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

var (
	peoplePage     = newPage[peopleView]("personnes")
	invitationPage = newPage[invitationView]("invitation")
)

// peopleView is the people of one member: who holds which role and post, who waits, who is away.
type peopleView struct {
	Member   ailleurs.Member
	Own      bool // the viewer's own member
	People   []personRow
	Invited  []invitedRow
	May      bool // the viewer's signature counts on changes of this member's people
	Vacant   bool // a post is empty: nobody can call this member
	Invite   inviteForm
	Posts    [3]Field // lead, second, signatory
	Problems []Problem
	Standing suspensionView
}

// personRow is one person, and what the viewer may propose about them.
type personRow struct {
	alliance.Person
	Posts   []string // keys
	Away    *awayView
	Self    bool
	May     bool         // propose, sign, re-invite
	Take    []Option     // roles they could take
	Leave   []Option     // roles they could leave
	Absence *absenceForm // for the lead; nil for the others
	Member  ailleurs.MemberID
}

type invitedRow struct {
	alliance.OpenInvitation
	By string
}

type inviteForm struct {
	Member ailleurs.MemberID
	Name   Field
	Email  Field
	Lang   Field
	Roles  []Option
	Error  string // of the roles
}

// people shows the viewer's own member; memberPeople any member, to coordination.
func (s *Server) people(w http.ResponseWriter, r *http.Request) error {
	v, err := s.peopleOf(r, viewer(r).Member)
	if err != nil {
		return err
	}
	return show(s, w, r, peoplePage, v)
}

func (s *Server) memberPeople(w http.ResponseWriter, r *http.Request) error {
	v, err := s.peopleOf(r, ailleurs.MemberID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return show(s, w, r, peoplePage, v)
}

func (s *Server) peopleOf(r *http.Request, member ailleurs.MemberID) (peopleView, error) {
	var v peopleView
	a, err := s.doors()
	if err != nil {
		return v, err
	}
	me, say := viewer(r), s.voices[visitOf(r).lang].say
	found, err := a.People(r.Context(), me.Actor, member, at(r))
	if err != nil {
		return v, err
	}
	team := found.Member.Team
	v.Member, v.Own, v.Standing = found.Member, member == me.Member, suspensionOf(me, found.Member)
	v.May = me.MayApprove(ailleurs.RegisterTeam, member, "", false)
	v.Vacant = !team.Complete() && found.Member.Kind != ailleurs.Association // one that coordinates is not called on
	names := make(map[ailleurs.AgentID]string)
	for _, p := range found.People {
		names[p.ID] = p.Name
	}
	for _, p := range found.People {
		guards := slices.ContainsFunc(p.Roles, ailleurs.Role.Guards)
		row := personRow{
			Person: p, Self: p.ID == me.Agent, Away: awayOf(p.Agent, found.People, at(r)), Member: member,
			May: me.MayApprove(ailleurs.RegisterTeam, member, p.ID, guards),
		}
		for _, post := range []struct {
			held ailleurs.AgentID
			key  string
		}{{team.Lead, "post.lead"}, {team.Second, "post.second"}, {team.Signatory, "post.signatory"}} {
			if post.held == p.ID {
				row.Posts = append(row.Posts, post.key)
			}
		}
		for _, role := range ailleurs.Roles {
			o := Option{Value: string(role), Label: say("role." + string(role))}
			switch {
			case slices.Contains(p.Roles, role):
				row.Leave = append(row.Leave, o)
			case ailleurs.CheckRoles(append(slices.Clone(p.Roles), role)) == nil && me.MayApprove(ailleurs.RegisterTeam, member, p.ID, role.Guards()):
				row.Take = append(row.Take, o)
			}
		}
		if me.Agent == team.Lead && !row.Self && !p.Elsewhere && p.Epoch > 0 {
			f := s.absenceForm(p.Agent, found.People)
			for _, field := range []*Field{&f.From, &f.Until, &f.Deputy} {
				field.ID = field.Name + "-" + string(p.ID)
			}
			row.Absence = &f
		}
		v.People = append(v.People, row)
	}
	for _, i := range found.Invitations {
		v.Invited = append(v.Invited, invitedRow{i, names[i.MadeBy]})
	}
	v.Posts = postFields(team, found.People)
	v.Invite = s.inviteForm(visitOf(r).lang, me, member)
	return v, nil
}

// postFields asks who fills the three posts, among those who hold the role and keys that count.
func postFields(team ailleurs.Team, people []alliance.Person) [3]Field {
	fields := [3]Field{
		{Name: "lead", Label: "post.lead", Kind: "select"},
		{Name: "second", Label: "post.second", Hint: "post.second_hint", Kind: "select"},
		{Name: "signatory", Label: "post.signatory", Kind: "select"},
	}
	for i, post := range []struct {
		held ailleurs.AgentID
		role ailleurs.Role
	}{{team.Lead, ailleurs.Caseworker}, {team.Second, ailleurs.Caseworker}, {team.Signatory, ailleurs.Signatory}} {
		fields[i].Options = []Option{{Label: "—"}}
		for _, p := range people {
			if p.Epoch > 0 && slices.Contains(p.Roles, post.role) {
				fields[i].Options = append(fields[i].Options, Option{string(p.ID), p.Name, p.ID == post.held})
			}
		}
	}
	return fields
}

func (s *Server) inviteForm(lang Lang, me Viewer, member ailleurs.MemberID) inviteForm {
	say := s.voices[lang].say
	f := inviteForm{
		Member: member,
		Name:   Field{Name: "name", Label: "invitation.name", Hint: "invitation.name_hint", Autocomplete: "off", Max: ailleurs.MaxName},
		Email:  Field{Name: "email", Label: "invitation.email", Hint: "invitation.email_hint", Kind: "email", Autocomplete: "off", Inputmode: "email", Max: 254},
		Lang: Field{Name: "lang", Label: "invitation.lang", Kind: "radio", Options: []Option{
			{"fr", say("lang.fr"), true}, {"en", say("lang.en"), false},
		}},
	}
	for _, role := range ailleurs.Roles {
		if me.MayApprove(ailleurs.RegisterTeam, member, "", role.Guards()) {
			f.Roles = append(f.Roles, Option{Value: string(role), Label: say("role." + string(role))})
		}
	}
	return f
}

// peopleAgain shows the page with what is wrong, or returns err when it is not the page's to show.
func (s *Server) peopleAgain(w http.ResponseWriter, r *http.Request, member ailleurs.MemberID, err error) error {
	v, fault := s.peopleOf(r, member)
	if fault != nil {
		return fault
	}
	f := &v.Invite
	fields := []*Field{&v.Posts[0], &v.Posts[1], &v.Posts[2]}
	if r.PostFormValue("form") == "invite" {
		f.Name.Value, f.Email.Value = r.PostFormValue("name"), r.PostFormValue("email")
		for i, o := range f.Roles {
			f.Roles[i].Chosen = slices.Contains(r.PostForm["roles"], o.Value)
		}
		fields = append(fields, &f.Name, &f.Email, &f.Lang)
	}
	problems, ok := s.problem(visitOf(r).lang, err, fields...)
	if !ok {
		return err
	}
	if refusal := ailleurs.AsRefusal(err); refusal.Field == "roles" && r.PostFormValue("form") == "invite" {
		f.Error, problems[0].Field = problems[0].Message, "roles"
	}
	v.Problems = problems
	return showAs(s, w, r, http.StatusUnprocessableEntity, peoplePage, v)
}

// memberOf returns the member that a form speaks of: the viewer's own unless it names another.
func memberOf(r *http.Request) ailleurs.MemberID {
	if id := ailleurs.MemberID(r.PostFormValue("member")); id != "" {
		return id
	}
	return viewer(r).Member
}

// peoplePath returns the page of a member's people.
func peoplePath(r *http.Request, member ailleurs.MemberID) string {
	if member == viewer(r).Member {
		return "/personnes"
	}
	return "/membres/" + string(member)
}

// invitationView is the paper of an invitation: shown once, printed, handed over in person.
type invitationView struct {
	alliance.Invitation
	Shown []string // the six words
	Hash  string
	Again bool // for someone who lost everything
	Back  string
}

func (s *Server) invitation(w http.ResponseWriter, r *http.Request, i alliance.Invitation, again bool, member ailleurs.MemberID) error {
	w.Header().Set("Cache-Control", "no-store")
	return show(s, w, r, invitationPage, invitationView{
		Invitation: i, Shown: strings.Fields(i.Words.Reveal()), Hash: shownHash(i.Pins), Again: again, Back: peoplePath(r, member),
	})
}

// invite makes the paper for a colleague to be.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	member := memberOf(r)
	n := alliance.NewInvitation{Member: member, Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Lang: r.PostFormValue("lang")}
	for _, role := range r.PostForm["roles"] {
		n.Roles = append(n.Roles, ailleurs.Role(role))
	}
	i, err := a.Invite(r.Context(), viewer(r).Actor, n, at(r))
	if err != nil {
		return s.peopleAgain(w, r, member, err)
	}
	return s.invitation(w, r, i, false, member)
}

// reinvite makes the paper for a colleague who lost every way to open.
func (s *Server) reinvite(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	i, err := a.Reinvite(r.Context(), viewer(r).Actor, ailleurs.AgentID(r.PostFormValue("agent")), at(r))
	if err != nil {
		return s.peopleAgain(w, r, memberOf(r), err)
	}
	return s.invitation(w, r, i, true, memberOf(r))
}

// withdrawInvitation makes an invitation worthless.
func (s *Server) withdrawInvitation(w http.ResponseWriter, r *http.Request) error {
	return s.about(w, r, "personnes.invitation_withdrawn", func(a *alliance.Alliance) error {
		return a.WithdrawInvitation(r.Context(), viewer(r).Actor, ailleurs.InvitationID(r.PostFormValue("invitation")), at(r))
	})
}

// about runs one use case about a member's people and goes back to them.
func (s *Server) about(w http.ResponseWriter, r *http.Request, said string, do func(a *alliance.Alliance) error) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	if err := do(a); err != nil {
		return s.peopleAgain(w, r, memberOf(r), err)
	}
	return redirect(w, r, peoplePath(r, memberOf(r)), said)
}

// Proposals: each waits for two signatures on /changements.

func (s *Server) proposeRole(w http.ResponseWriter, r *http.Request) error {
	return s.about(w, r, "personnes.proposed", func(a *alliance.Alliance) error {
		_, err := a.ProposeRole(r.Context(), viewer(r).Actor, ailleurs.AgentID(r.PostFormValue("agent")), memberOf(r),
			ailleurs.Role(r.PostFormValue("role")), r.PostFormValue("leaves") != "", at(r))
		return err
	})
}

func (s *Server) proposePosts(w http.ResponseWriter, r *http.Request) error {
	return s.about(w, r, "personnes.proposed", func(a *alliance.Alliance) error {
		_, err := a.ProposePosts(r.Context(), viewer(r).Actor, memberOf(r), ailleurs.Team{
			Lead: ailleurs.AgentID(r.PostFormValue("lead")), Second: ailleurs.AgentID(r.PostFormValue("second")),
			Signatory: ailleurs.AgentID(r.PostFormValue("signatory")),
		}, at(r))
		return err
	})
}

func (s *Server) proposeDeparture(w http.ResponseWriter, r *http.Request) error {
	return s.about(w, r, "personnes.proposed", func(a *alliance.Alliance) error {
		_, err := a.ProposeDeparture(r.Context(), viewer(r).Actor, ailleurs.AgentID(r.PostFormValue("agent")), at(r))
		return err
	})
}

func (s *Server) proposeRevocation(w http.ResponseWriter, r *http.Request) error {
	return s.about(w, r, "personnes.proposed", func(a *alliance.Alliance) error {
		_, err := a.ProposeRevocation(r.Context(), viewer(r).Actor, ailleurs.AgentID(r.PostFormValue("agent")), at(r))
		return err
	})
}

// endSessionsOf ends every session of a colleague at once.
func (s *Server) endSessionsOf(w http.ResponseWriter, r *http.Request) error {
	return s.about(w, r, "personnes.sessions_ended", func(a *alliance.Alliance) error {
		return a.EndSessionsOf(r.Context(), viewer(r).Actor, ailleurs.AgentID(r.PostFormValue("agent")), at(r))
	})
}
