package web

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

var inboxPage = newPage[inboxView]("travail")

// inboxView is one page of one tab: lines without a name, whose cards the reader's own machine opens.
type inboxView struct {
	Tabs  []Tab
	Rows  []inboxRow
	Next  string // address of the next page
	First string // address of the first one, when this is another
	Empty Empty
	Write bool // the viewer may write a case
	Page  cardsData
}

// cardsData is what the page's script opens.
type cardsData struct {
	Cases  []ailleurs.CaseID `json:"cases"`
	Sealed ailleurs.Sealed   `json:"sealed"`
}

type inboxRow struct {
	Href, Mark string
	Case       ailleurs.CaseID
	Part       string // key
	State      string // key
	Task       string // key; empty when nothing waits for the viewer
	Speed      ailleurs.Speed
	Clock      *Clock
	Unread     bool
}

// tabNames are the addresses of the tabs.
var tabNames = map[relocation.Tab]string{
	relocation.ToDo: "a-faire", relocation.Received: "recues", relocation.SentOut: "envoyees", relocation.Overdue: "en-souffrance",
	relocation.Ended: "closes",
}

// mark is how a case is called on screen and in print: the first characters of its random identifier, without meaning.
func mark(id ailleurs.CaseID) string { return string(id[:min(5, len(id))]) }

// inbox shows what waits.
func (s *Server) inbox(w http.ResponseWriter, r *http.Request) error {
	e, err := s.exchange()
	if err != nil {
		return err
	}
	tab := relocation.ToDo
	for t, name := range tabNames {
		if name == r.FormValue("liste") {
			tab = t
		}
	}
	by := viewer(r)
	found, err := e.Inbox(r.Context(), by.Actor, tab, r.FormValue("suite"), at(r))
	if err != nil {
		return err
	}
	v := inboxView{Write: by.Is(ailleurs.Caseworker), Empty: Empty{Icon: "list", Title: "inbox.empty." + string(tab)}}
	for _, t := range relocation.Tabs {
		v.Tabs = append(v.Tabs, Tab{Href: "/travail?liste=" + tabNames[t], Label: s.say(r, "inbox.tab."+string(t)), Count: found.Counts[t], Here: t == tab})
	}
	if found.Next != "" {
		v.Next = "/travail?liste=" + tabNames[tab] + "&suite=" + url.QueryEscape(found.Next)
	}
	if r.FormValue("suite") != "" {
		v.First = "/travail?liste=" + tabNames[tab]
	}
	for _, row := range found.Rows {
		v.Rows = append(v.Rows, inboxRowOf(row, at(r)))
		if !slices.Contains(v.Page.Cases, row.Case) {
			v.Page.Cases = append(v.Page.Cases, row.Case)
		}
	}
	if len(v.Page.Cases) > 0 {
		if v.Page.Sealed, err = e.Cards(r.Context(), by.Actor, v.Page.Cases, at(r)); err != nil {
			return err
		}
	}
	return show(s, w, r, inboxPage, v)
}

func inboxRowOf(row relocation.Row, at time.Time) inboxRow {
	out := inboxRow{
		Href: "/dossiers/" + string(row.Case), Mark: mark(row.Case), Case: row.Case, Part: "part." + string(row.Part),
		State: "case_state." + row.State, Speed: row.Speed, Unread: row.Unread(),
	}
	if row.Thread != "" {
		out.Href, out.State = "/appels/"+string(row.Thread), "thread_state."+row.State
	}
	if row.Task != "" {
		out.Task = "task." + string(row.Task)
	}
	out.Clock = clockOf(row.Due, row.Speed, at)
	return out
}

// clockOf is the clock of a deadline, nil where none runs.
func clockOf(due time.Time, speed ailleurs.Speed, at time.Time) *Clock {
	if due.IsZero() {
		return nil
	}
	c := HoursUntil(due, at)
	if speed == ailleurs.Normal {
		c = DaysUntil(territory.Calendar{}, due, at)
	}
	return &c
}
