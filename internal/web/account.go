package web

import (
	"net/http"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var accountPage = newPage[accountView]("compte")

// accountView is what concerns the viewer alone: ways to open, sessions, how to be told, absence.
type accountView struct {
	Name, Town string
	Email      string
	Unlockers  []unlockerRow
	Last       bool // none of them can be taken away
	Sessions   []alliance.Session
	Problems   []Problem
	Lang       Field
	Notices    Field
	Pace       Field
	Away       *awayView // nil when no absence is set
	Absence    absenceForm
	Page       unlockData
}

type unlockerRow struct {
	alliance.Unlocker
	Label  string // key
	Proven bool
}

type awayView struct {
	From, Until time.Time
	Deputy      string
	Now         bool
}

// absenceForm is the form of one's own absence, or of a colleague's.
type absenceForm struct {
	Agent  ailleurs.AgentID
	From   Field
	Until  Field
	Deputy Field
	Any    bool // someone can stand in
}

// account shows it.
func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	v, err := s.accountOf(r)
	if err != nil {
		return err
	}
	return show(s, w, r, accountPage, v)
}

func (s *Server) accountOf(r *http.Request) (accountView, error) {
	var v accountView
	a, err := s.doors()
	if err != nil {
		return v, err
	}
	me, lang := viewer(r), visitOf(r).lang
	who, err := a.Profile(r.Context(), me.of())
	if err != nil {
		return v, err
	}
	list, files, err := a.Unlockers(r.Context(), me.of())
	if err != nil {
		return v, err
	}
	if v.Sessions, err = a.Sessions(r.Context(), me.of(), at(r)); err != nil {
		return v, err
	}
	v.Name, v.Town, v.Email, v.Page = who.Name, me.Town, who.Email, unlockData{Files: files}
	for _, u := range list {
		v.Unlockers = append(v.Unlockers, unlockerRow{u, "unlocker." + string(u.Kind), !u.Proven.IsZero()})
	}
	v.Last = len(list) <= ailleurs.LeastUnlockers
	say := s.voices[lang].say
	v.Lang = Field{Name: "lang", Label: "compte.lang", Kind: "radio", Options: []Option{
		{"fr", say("lang.fr"), who.Lang == "fr"}, {"en", say("lang.en"), who.Lang == "en"},
	}}
	v.Notices = Field{Name: "notices", Label: "compte.notices", Hint: "compte.notices_hint", Kind: "radio"}
	for _, n := range ailleurs.NoticeScopes {
		v.Notices.Options = append(v.Notices.Options, Option{string(n), say("notices." + string(n)), who.Notices == n})
	}
	v.Pace = Field{Name: "pace", Label: "compte.pace", Kind: "radio"}
	for _, p := range ailleurs.NoticePaces {
		v.Pace.Options = append(v.Pace.Options, Option{string(p), say("pace." + string(p)), who.Pace == p})
	}
	people, err := a.People(r.Context(), me.Actor, me.Member, at(r))
	if err != nil {
		return v, err
	}
	v.Away = awayOf(who, people.People, at(r))
	v.Absence = s.absenceForm(who, people.People)
	return v, nil
}

// awayOf returns an agent's absence that is not over, or nil.
func awayOf(who alliance.Agent, people []alliance.Person, at time.Time) *awayView {
	if who.AbsentFrom.IsZero() || !at.Before(who.Back) {
		return nil
	}
	away := awayView{From: who.AbsentFrom, Until: who.Back, Now: who.Absence().Covers(at)}
	for _, p := range people {
		if p.ID == who.Deputy {
			away.Deputy = p.Name
		}
	}
	return &away
}

func (s *Server) absenceForm(who alliance.Agent, people []alliance.Person) absenceForm {
	f := absenceForm{
		Agent:  who.ID,
		From:   Field{Name: "from", Label: "absence.from", Kind: "date"},
		Until:  Field{Name: "until", Label: "absence.until", Hint: "absence.until_hint", Kind: "date"},
		Deputy: Field{Name: "deputy", Label: "absence.deputy", Kind: "select"},
	}
	for _, p := range people {
		if p.ID != who.ID && p.Epoch > 0 {
			f.Deputy.Options = append(f.Deputy.Options, Option{Value: string(p.ID), Label: p.Name})
		}
	}
	f.Any = len(f.Deputy.Options) > 0
	return f
}

// readAbsence reads the form of an absence: whole days in Paris; until is the day of the return.
func readAbsence(r *http.Request) (ailleurs.Absence, error) {
	day := func(name string) (time.Time, error) {
		typed := r.PostFormValue(name)
		if typed == "" {
			return time.Time{}, nil
		}
		t, err := time.ParseInLocation(time.DateOnly, typed, territory.Paris())
		if err != nil {
			return t, ailleurs.Refuse("date.impossible", name, "got", typed)
		}
		return t, nil
	}
	from, err := day("from")
	if err != nil {
		return ailleurs.Absence{}, err
	}
	until, err := day("until")
	return ailleurs.Absence{From: from, Until: until, Deputy: ailleurs.AgentID(r.PostFormValue("deputy"))}, err
}

// accountAgain shows the page with what is wrong, or returns err when it is not the page's to show.
func (s *Server) accountAgain(w http.ResponseWriter, r *http.Request, err error, fill func(v *accountView) []*Field) error {
	if err == nil {
		return nil
	}
	v, fault := s.accountOf(r)
	if fault != nil {
		return fault
	}
	var fields []*Field
	if fill != nil {
		fields = fill(&v)
	}
	problems, ok := s.problem(visitOf(r).lang, err, fields...)
	if !ok {
		return err
	}
	v.Problems = problems
	return showAs(s, w, r, http.StatusUnprocessableEntity, accountPage, v)
}

// prefer keeps how the viewer wishes to be spoken to.
func (s *Server) prefer(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	p := alliance.Preference{
		Lang: r.PostFormValue("lang"), Notices: ailleurs.NoticeScope(r.PostFormValue("notices")), Pace: ailleurs.NoticePace(r.PostFormValue("pace")),
	}
	if err := a.Prefer(r.Context(), viewer(r).of(), p, at(r)); err != nil {
		return s.accountAgain(w, r, err, func(v *accountView) []*Field { return []*Field{&v.Lang, &v.Notices, &v.Pace} })
	}
	return redirect(w, r, "/compte", "compte.preferred")
}

// endSession ends one of the viewer's own sessions.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	if err := a.EndSession(r.Context(), viewer(r).of(), alliance.SessionID(r.PostFormValue("session")), at(r)); err != nil {
		return err
	}
	return redirect(w, r, "/compte", "compte.session_ended")
}

// askMorePasskey answers the options of one more passkey.
func (s *Server) askMorePasskey(w http.ResponseWriter, r *http.Request) error {
	return answers(s, w, r, func(a *alliance.Alliance, _ nothing) (alliance.PasskeyRequest, error) {
		return a.BeginPasskey(r.Context(), viewer(r).of(), at(r))
	})
}

// addUnlocker adds a way to open; it is tried next.
func (s *Server) addUnlocker(w http.ResponseWriter, r *http.Request) error {
	a, in, err := heard[struct {
		Unlocker alliance.NewUnlocker `json:"unlocker"`
		Others   []alliance.File      `json:"others"` // the trousseau sealed anew to the ways there are already
	}](s, r)
	if err != nil {
		return err
	}
	if _, err := a.AddUnlocker(r.Context(), viewer(r).of(), in.Unlocker, in.Others, at(r)); err != nil {
		return err
	}
	if len(in.Unlocker.File) == 0 {
		return goOn(w, r, "/compte", "compte.added")
	}
	return goOn(w, r, "/essai", "compte.added")
}

// removeUnlocker takes a way to open away: one that is no longer wanted, or one that was lost, which ends every other
// session besides.
func (s *Server) removeUnlocker(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	id := alliance.UnlockerID(r.PostFormValue("unlocker"))
	if r.PostFormValue("lost") != "" {
		if err := a.LostDevice(r.Context(), viewer(r).of(), id, at(r)); err != nil {
			return err
		}
		return settle(w, r, "/compte", "compte.lost_done")
	}
	if err := a.RemoveUnlocker(r.Context(), viewer(r).of(), id, at(r)); err != nil {
		if wantsJSON(r) {
			return err
		}
		return s.accountAgain(w, r, err, nil)
	}
	return settle(w, r, "/compte", "compte.removed")
}

// setAbsence and endAbsence are for one's own absence, and for the lead of a colleague who cannot say it.
func (s *Server) setAbsence(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	agent, back := s.absentee(r)
	absence, err := readAbsence(r)
	if err == nil {
		err = a.SetAbsence(r.Context(), viewer(r).Actor, agent, absence, at(r))
	}
	if err != nil {
		if agent != viewer(r).Agent {
			return s.peopleAgain(w, r, viewer(r).Member, err)
		}
		return s.accountAgain(w, r, err, func(v *accountView) []*Field {
			v.Absence.From.Value, v.Absence.Until.Value = r.PostFormValue("from"), r.PostFormValue("until")
			return []*Field{&v.Absence.From, &v.Absence.Until, &v.Absence.Deputy}
		})
	}
	return redirect(w, r, back, "absence.set")
}

func (s *Server) endAbsence(w http.ResponseWriter, r *http.Request) error {
	a, err := s.doors()
	if err != nil {
		return err
	}
	agent, back := s.absentee(r)
	if err := a.EndAbsence(r.Context(), viewer(r).Actor, agent, at(r)); err != nil {
		return err
	}
	return redirect(w, r, back, "absence.over")
}

// absentee returns whose absence a form speaks of, and where it was sent from.
func (s *Server) absentee(r *http.Request) (agent ailleurs.AgentID, back string) {
	if id := ailleurs.AgentID(r.PostFormValue("agent")); id != "" && id != viewer(r).Agent {
		return id, "/personnes"
	}
	return viewer(r).Agent, "/compte"
}
