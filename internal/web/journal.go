package web

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var journalPage = newPage[journalView]("journal")

// journalView is a page of the journal, by day, with what proves it.
type journalView struct {
	Tabs     []Tab // for those who read the whole of it
	Whole    bool
	Days     []journalDay
	Empty    Empty
	First    string // address of the newest page, when this is another
	Next     string
	Evidence protection.Evidence
	Export   []*Field
	Problems []Problem
}

type journalDay struct {
	Day  string // empty for a page that begins with erased entries
	Rows []journalRow
}

// journalRow is one entry: when, what, for whom. Never the name of a person.
type journalRow struct {
	At   time.Time
	What string // as written
	Who  string
	Case ailleurs.CaseID // of one's own
	Mark string
}

// readsAll reports whether the viewer may read the whole journal.
func readsAll(v Viewer) bool { return v.Is(ailleurs.Guarantor) || v.Is(ailleurs.Coordinator) }

// journal shows the whole of it to those who watch over it, and their own events to the others.
func (s *Server) journal(w http.ResponseWriter, r *http.Request) error {
	v, err := s.journalOf(r, readsAll(viewer(r)))
	if err != nil {
		return err
	}
	return show(s, w, r, journalPage, v)
}

// ownEvents shows everyone what the journal holds of what they did.
func (s *Server) ownEvents(w http.ResponseWriter, r *http.Request) error {
	v, err := s.journalOf(r, false)
	if err != nil {
		return err
	}
	return show(s, w, r, journalPage, v)
}

func (s *Server) journalOf(r *http.Request, whole bool) (journalView, error) {
	v := journalView{Whole: whole, Empty: Empty{Icon: "journal", Title: "journal.empty"}}
	p, err := s.alarms()
	if err != nil {
		return v, err
	}
	before, err := strconv.ParseInt(r.URL.Query().Get("avant"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	read, here := p.OwnEvents, "/journal/moi"
	if whole {
		read, here = p.Journal, "/journal"
	}
	found, err := read(r.Context(), viewer(r).Actor, before)
	if err != nil {
		return v, err
	}
	v.Evidence = found.Evidence
	if before > 0 {
		v.First = here
	}
	if found.Before > 0 {
		v.Next = here + "?avant=" + strconv.FormatInt(found.Before, 10)
	}
	voice := s.voices[visitOf(r).lang]
	if readsAll(viewer(r)) {
		v.Tabs = []Tab{{Href: "/journal", Label: voice.say("journal.whole"), Here: whole}, {Href: "/journal/moi", Label: voice.say("journal.own"), Here: !whole}}
	}
	if whole {
		today := at(r).In(territory.Paris())
		v.Export = []*Field{
			{Name: "first", Label: "journal.first", Kind: "date", Value: today.AddDate(0, -1, 0).Format(time.DateOnly)},
			{Name: "last", Label: "journal.last", Kind: "date", Value: today.Format(time.DateOnly)},
		}
	}
	return v, s.journalDays(r, &v, found.Entries)
}

// journalDays puts the entries under their days; what was erased stays where it stood.
func (s *Server) journalDays(r *http.Request, v *journalView, entries []protection.Entry) error {
	voice := s.voices[visitOf(r).lang]
	towns := make(map[ailleurs.MemberID]string)
	for _, e := range entries {
		row := journalRow{At: e.At, What: voice.eventName(e.Kind), Case: e.Case, Mark: string(e.Case[:min(5, len(e.Case))])}
		var err error
		if row.Who, err = s.doer(r, e, towns); err != nil {
			return err
		}
		day := ""
		if !e.At.IsZero() {
			day = voice.day(e.At) + noBreak + strconv.Itoa(e.At.In(territory.Paris()).Year())
		}
		last := len(v.Days) - 1
		if last < 0 || day != "" && v.Days[last].Day != "" && v.Days[last].Day != day {
			v.Days = append(v.Days, journalDay{Day: day})
			last++
		}
		if v.Days[last].Day == "" {
			v.Days[last].Day = day
		}
		v.Days[last].Rows = append(v.Days[last].Rows, row)
	}
	return nil
}

// eventName says what happened; a kind without words of its own is called an event.
func (c *catalogue) eventName(kind string) string {
	switch key := "event." + kind; {
	case kind == "":
		return c.say("journal.erased")
	case c.has(key):
		return c.say(key)
	}
	return c.say("journal.other")
}

// doer says who: a member, a part, time; never a person.
func (s *Server) doer(r *http.Request, e protection.Entry, towns map[ailleurs.MemberID]string) (string, error) {
	if e.By != protection.ForMember {
		return s.voices[visitOf(r).lang].say("doer." + string(e.By)), nil
	}
	if name, ok := towns[e.Member]; ok {
		return name, nil
	}
	a, err := s.doors()
	if err != nil {
		return "", err
	}
	m, err := a.Member(r.Context(), e.Member)
	towns[e.Member] = m.Name
	return m.Name, err
}

// exportJournal hands out some days as CSV. That it was taken is in the journal, hence a POST.
func (s *Server) exportJournal(w http.ResponseWriter, r *http.Request) error {
	p, err := s.alarms()
	if err != nil {
		return err
	}
	first, last := r.PostFormValue("first"), r.PostFormValue("last")
	entries, err := p.Export(r.Context(), viewer(r).Actor, ailleurs.Date(first), ailleurs.Date(last), at(r))
	if err != nil {
		v, shown := s.journalOf(r, true)
		if shown != nil {
			return shown
		}
		v.Export[0].Value, v.Export[1].Value = first, last
		problems, ok := s.problem(visitOf(r).lang, err, v.Export...)
		if !ok {
			return err
		}
		v.Problems = problems
		return showAs(s, w, r, http.StatusUnprocessableEntity, journalPage, v)
	}
	body, err := s.journalCSV(r, entries)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="journal-`+first+"-"+last+`.csv"`)
	sendPacked(w, r, http.StatusOK, body)
	return nil
}

// journalCSV writes entries for spreadsheets: semicolons, a byte order mark, no cell that could be a formula.
func (s *Server) journalCSV(r *http.Request, entries []protection.Entry) ([]byte, error) {
	voice := s.voices[visitOf(r).lang]
	var b bytes.Buffer
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	out.Comma, out.UseCRLF = ';', true
	write := func(cells ...string) error {
		for i := range cells {
			cells[i] = plainCell(cells[i])
		}
		return out.Write(cells)
	}
	if err := write(voice.say("journal.number"), voice.say("journal.day"), voice.say("journal.hour"), voice.say("journal.what"),
		voice.say("journal.code"), voice.say("journal.who"), voice.say("journal.leaf")); err != nil {
		return nil, err
	}
	towns := make(map[ailleurs.MemberID]string)
	for _, e := range entries {
		who, err := s.doer(r, e, towns)
		if err != nil {
			return nil, err
		}
		day, hour := "", ""
		if local := e.At.In(territory.Paris()); !e.At.IsZero() {
			day, hour = local.Format(time.DateOnly), local.Format(time.TimeOnly)
		}
		if err := write(strconv.FormatInt(e.Index, 10), day, hour, voice.eventName(e.Kind), e.Kind, who, hex.EncodeToString(e.Leaf[:])); err != nil {
			return nil, err
		}
	}
	out.Flush()
	return b.Bytes(), out.Error()
}

// plainCell keeps a spreadsheet from reading a cell as a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
