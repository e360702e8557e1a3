package hub_test

import (
	"context"
	"encoding/csv"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/demo"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/web"
)

var day = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// A desk is a small alliance, served, at which its people sit by name.
type desk struct {
	*hub.Hub
	t      *testing.T
	now    time.Time
	origin string
	people map[string]web.Viewer
}

// Lookup is part of web.Sessions: a token is a person's name here.
func (d *desk) Lookup(_ context.Context, token string, _ time.Time) (web.Viewer, error) {
	v, ok := d.people[token]
	if !ok {
		return v, ailleurs.RefuseAs(ailleurs.Unsigned, "session.none", "")
	}
	return v, nil
}

// End is part of web.Sessions.
func (d *desk) End(context.Context, string, time.Time) error { return nil }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: day, people: make(map[string]web.Viewer)}
	var s *web.Server
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	d.origin = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	cfg := hub.Config{Data: t.TempDir(), Origin: d.origin, Demo: true, Now: func() time.Time { return d.now }}
	d.must(hub.NewLogs(cfg, "hub.example"))
	var err error
	d.Hub, err = hub.Open(t.Context(), cfg)
	d.must(err)
	t.Cleanup(func() { d.must(d.Close()) })
	personas, err := demo.Build(t.Context(), d.Hub, demo.Size{Towns: 12, Cases: 12}, day)
	d.must(err)
	roles := map[string][]ailleurs.Role{
		"lyon": {ailleurs.Caseworker}, "lyon-elue": {ailleurs.Signatory}, "lyon-binome": {ailleurs.Caseworker, ailleurs.DutyOfficer},
		"bordeaux": {ailleurs.Caseworker}, "bordeaux-elu": {ailleurs.Signatory}, "coordination": {ailleurs.Coordinator},
	}
	for _, p := range personas {
		who := ailleurs.Actor{Agent: p.Agent, Roles: roles[p.Key]}
		profile, err := d.Alliance.Profile(t.Context(), alliance.Viewer{Actor: who})
		d.must(err)
		who.Member = profile.Member
		d.people[p.Key] = web.Viewer{Actor: who, Name: p.Name, Town: p.Town, Ends: day.Add(time.Hour)}
	}
	s, err = web.New(web.Config{
		Origin: d.origin, Now: cfg.Now, Sessions: d, Alliance: d.Alliance, Relocation: d.Relocation, Protection: d.Protection,
		Journal: d.Logs.Journal.Signer, PublicOnly: true,
	})
	d.must(err)
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// ask has someone ask for a page, or post a form, and expects a status.
func (d *desk) ask(who, method, path string, form url.Values, status int) (string, *http.Response) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.origin+path, strings.NewReader(form.Encode()))
	d.must(err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "fr")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-session", Value: who})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	d.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	d.must(err)
	if answer.StatusCode != status {
		d.t.Errorf("%s asks %s %s: %d, want %d\n%s", who, method, path, answer.StatusCode, status, body)
	}
	return string(body), answer
}

func (d *desk) get(who, path string) string {
	d.t.Helper()
	body, _ := d.ask(who, http.MethodGet, path, nil, http.StatusOK)
	return body
}

// post expects the browser to be led on, and returns where.
func (d *desk) post(who, path string, form url.Values) string {
	d.t.Helper()
	_, answer := d.ask(who, http.MethodPost, path, form, http.StatusSeeOther)
	return answer.Header.Get("Location")
}

func (d *desk) says(page string, want ...string) {
	d.t.Helper()
	for _, w := range want {
		if !strings.Contains(page, w) {
			d.t.Errorf("the page lacks %q:\n%s", w, page)
		}
	}
}

func (d *desk) caseOf(who string) ailleurs.CaseID {
	d.t.Helper()
	for _, tab := range relocation.Tabs {
		found, err := d.Relocation.Inbox(d.t.Context(), d.people[who].Actor, tab, "", d.now)
		d.must(err)
		if len(found.Rows) > 0 {
			return found.Rows[0].Case
		}
	}
	d.t.Fatalf("%s has no case", who)
	return ""
}

// One alliance serves all of these: it takes seconds to make.
func TestWhoWatchesOver(t *testing.T) {
	d := newDesk(t)
	for name, promise := range map[string]func(*desk){
		"numbers come before the ring":            numbersFirst,
		"an alert rings until someone is on it":   alertRings,
		"an alert is nobody else's":               alertIsNobodyElses,
		"the coordination orders the call tree":   treeIsOrdered,
		"the journal names nobody":                journalNamesNobody,
		"everyone sees what they did":             everyoneSeesTheirs,
		"the export opens in a spreadsheet":       exportOpens,
		"a stock client reads both logs":          stockClientReads,
		"the alarm of a case rings the same duty": caseRings,
	} {
		t.Run(name, func(t *testing.T) {
			on := *d
			on.t = t
			promise(&on)
		})
	}
	t.Run("every phone is tried on Monday", func(t *testing.T) { // last: a week goes by
		on := *d
		on.t = t
		phonesAreTried(&on)
	})
}

func numbersFirst(d *desk) {
	for _, path := range []string{"/alerte", "/dossiers/" + string(d.caseOf("lyon")) + "/alerte"} {
		page := d.get("lyon", path)
		d.says(page, "Cet outil n’appelle pas les secours", "data-hold=", "<noscript>")
		at := 0
		for _, sign := range []string{"tel:17", "tel:112", "sms:114", "tel:119", "tel:115", `name="level"`} {
			next := strings.Index(page, sign)
			if next < at {
				d.t.Errorf("%s: %s comes too early, or not at all", path, sign)
			}
			at = next
		}
	}
	d.ask("lyon", http.MethodGet, "/dossiers/x/alerte", nil, http.StatusNotFound)
	page, _ := d.ask("lyon", http.MethodPost, "/alerte", url.Values{}, http.StatusUnprocessableEntity)
	d.says(page, `href="#level"`)
}

func alertRings(d *desk) {
	page := d.post("lyon", "/dossiers/"+string(d.caseOf("lyon"))+"/alerte", url.Values{"level": {"3"}})
	if !strings.HasPrefix(page, "/astreinte/") {
		d.t.Fatalf("the alert leads to %s", page)
	}
	d.says(d.get("lyon", page), "Personne n’a encore répondu", d.people["lyon-binome"].Name)
	d.says(d.get("lyon-binome", "/astreinte"), "Personne n’a encore répondu", "Danger imminent", "17", "112")
	d.says(d.get("lyon-binome", "/journal"), "Une alerte sonne") // wherever they are
	d.says(d.get("lyon-binome", page), "tel:17", "Je m’en occupe", d.people["lyon"].Name)
	if strings.Contains(d.get("lyon", page), "Je m’en occupe") {
		d.t.Error("who raised the alert is offered to take it")
	}
	d.post("lyon-binome", page+"/prendre", nil)
	d.says(d.get("lyon-binome", page), "Vous vous en occupez")
	d.says(d.get("lyon", page), d.people["lyon-binome"].Name+" s’en occupe")
	second, _ := d.ask("lyon-binome", http.MethodPost, page+"/prendre", nil, http.StatusConflict)
	d.says(second, `role="alert"`)
	d.ask("lyon-binome", http.MethodPost, page+"/clore", url.Values{"end": {"elsewhere"}}, http.StatusUnprocessableEntity)
	d.ask("lyon-binome", http.MethodPost, page+"/passer", url.Values{"to": {"nobody"}}, http.StatusUnprocessableEntity)
	d.post("lyon-binome", page+"/clore", url.Values{"end": {"passed_on"}})
	d.says(d.get("lyon", page), "Cette alerte est close")
	d.ask("lyon-binome", http.MethodPost, page+"/clore", url.Values{"end": {"handled"}}, http.StatusConflict)
}

func alertIsNobodyElses(d *desk) {
	page := d.post("lyon", "/alerte", url.Values{"level": {"1"}})
	d.ask("bordeaux", http.MethodGet, page, nil, http.StatusNotFound)
	d.ask("bordeaux", http.MethodPost, page+"/prendre", nil, http.StatusNotFound)
	d.ask("bordeaux", http.MethodGet, "/astreinte", nil, http.StatusForbidden)
	d.ask("lyon", http.MethodPost, page+"/clore", url.Values{"end": {"handled"}}, http.StatusNotFound)
	d.ask("coordination", http.MethodPost, "/dossiers/"+string(ailleurs.NewID[ailleurs.CaseID]())+"/alerte", url.Values{"level": {"2"}}, http.StatusNotFound)
	d.ask("", http.MethodPost, "/alerte", url.Values{"level": {"2"}}, http.StatusUnauthorized)
	d.post("lyon-binome", page+"/prendre", nil)
	d.post("lyon-binome", page+"/clore", url.Values{"end": {"false_alarm"}})
}

func treeIsOrdered(d *desk) {
	tree := func() (officers []ailleurs.AgentID) {
		d.t.Helper()
		lines, err := d.Protection.Lines(d.t.Context(), d.people["coordination"].Actor, d.now)
		d.must(err)
		for _, l := range lines {
			officers = append(officers, l.Agent)
		}
		return officers
	}
	was := tree()
	if len(was) != 2 || was[0] != d.people["lyon-binome"].Agent {
		d.t.Fatalf("the tree is %v", was)
	}
	first, second := string(was[0]), string(was[1])
	order := func(firstAt, line, secondAt, other string) url.Values {
		return url.Values{"rang-" + first: {firstAt}, "ligne-" + first: {line}, "rang-" + second: {secondAt}, "ligne-" + second: {other}}
	}
	bad, _ := d.ask("coordination", http.MethodPost, "/astreinte/ordre", order("2", "06 12", "1", "+33600000001"), http.StatusUnprocessableEntity)
	d.says(bad, `href="#ligne-`+first+`"`, `value="06 12"`, `33600000001"`)
	d.ask("coordination", http.MethodPost, "/astreinte/ordre", order("1", "+33600000000", "2", ""), http.StatusUnprocessableEntity) // whose line is missing
	if now := tree(); !slices.Equal(now, was) {
		d.t.Errorf("what was refused ordered the tree: %v", now)
	}
	d.post("coordination", "/astreinte/ordre", order("2", "+33600000000", "1", "+33600000001"))
	if now := tree(); len(now) != 2 || now[0] != was[1] || now[1] != was[0] {
		d.t.Errorf("the tree is %v, and was %v", now, was)
	}
	d.post("coordination", "/astreinte/ordre", order("1", "+33600000000", "2", "+33600000001"))
	if now := tree(); !slices.Equal(now, was) {
		d.t.Errorf("put back, the tree is %v, and was %v", now, was)
	}
	d.says(d.get("coordination", "/astreinte"), "33600000000", "33600000001")
	if page := d.get("lyon-binome", "/astreinte"); strings.Contains(page, "3360000000") {
		d.t.Error("officers see each other's telephone")
	}
	d.ask("lyon-binome", http.MethodPost, "/astreinte/ordre", order("1", "+33600000002", "2", "+33600000003"), http.StatusForbidden)
	if page := d.get("coordination", "/astreinte"); strings.Contains(page, "33600000002") {
		d.t.Error("an officer ordered the tree")
	}
}

func journalNamesNobody(d *desk) {
	var names []string
	members, err := d.Alliance.Members(d.t.Context(), alliance.MemberFilter{})
	d.must(err)
	for _, m := range members {
		found, err := d.Alliance.People(d.t.Context(), d.people["coordination"].Actor, m.ID, d.now)
		d.must(err)
		for _, p := range found.People {
			names = append(names, p.Name)
		}
	}
	if len(names) < 30 {
		d.t.Fatalf("only %d people", len(names))
	}
	next := regexp.MustCompile(`rel="next" href="([^"]+)"`)
	path, pages := "/journal", 0
	for ; path != ""; pages++ {
		page := d.get("coordination", path)
		d.says(page, "La preuve est valide")
		main := page[strings.Index(page, "<main"):strings.Index(page, "</main>")]
		for _, name := range names {
			if strings.Contains(main, name) {
				d.t.Fatalf("%s names %s", path, name)
			}
		}
		if n := strings.Count(main, `class="hour"`); n < 1 || n > 20 {
			d.t.Errorf("%s has %d rows", path, n)
		}
		if strings.Contains(main, "Autre événement") {
			d.t.Errorf("%s holds an event without words", path)
		}
		path = ""
		if found := next.FindStringSubmatch(main); found != nil {
			path = found[1]
		}
	}
	if pages < 3 {
		d.t.Errorf("the journal has %d pages", pages)
	}
}

func everyoneSeesTheirs(d *desk) {
	page := d.get("bordeaux", "/journal")
	d.says(page, "La preuve est valide", "Ce que le journal garde de vos propres gestes")
	if strings.Contains(page, "/journal/export") || strings.Contains(page, "Tout le journal") {
		d.t.Error("a caseworker is offered the whole journal")
	}
	d.ask("bordeaux", http.MethodPost, "/journal/export", url.Values{"first": {"2026-11-01"}, "last": {"2026-11-23"}}, http.StatusForbidden)
	d.says(d.get("coordination", "/journal/moi"), "Tout le journal")
}

func exportOpens(d *desk) {
	bad, _ := d.ask("coordination", http.MethodPost, "/journal/export", url.Values{"first": {"2026-11-20"}, "last": {"2026-11-01"}}, http.StatusUnprocessableEntity)
	d.says(bad, `href="#last"`, `value="2026-11-20"`)
	body, answer := d.ask("coordination", http.MethodPost, "/journal/export", url.Values{"first": {"2026-11-01"}, "last": {"2026-11-23"}}, http.StatusOK)
	if got := answer.Header.Get("Content-Disposition"); got != `attachment; filename="journal-2026-11-01-2026-11-23.csv"` {
		d.t.Errorf("Content-Disposition is %s", got)
	}
	text, ok := strings.CutPrefix(body, "\ufeff")
	if !ok {
		d.t.Error("no byte order mark")
	}
	rows := csv.NewReader(strings.NewReader(text))
	rows.Comma = ';'
	all, err := rows.ReadAll()
	d.must(err)
	if len(all) < 20 {
		d.t.Errorf("%d rows", len(all))
	}
	for _, who := range slices.Collect(maps.Values(d.people)) {
		if strings.Contains(body, who.Name) {
			d.t.Errorf("the export names %s", who.Name)
		}
	}
}

// A client that knows nothing of us reads every entry of both logs and checks them against the signed checkpoint.
func stockClientReads(d *desk) {
	for log, key := range map[string]string{"journal": d.Logs.Journal.Verifier, "registre": d.Logs.Register.Verifier} {
		signed, answer := d.ask("", http.MethodGet, "/"+log+"/checkpoint", nil, http.StatusOK)
		if got := answer.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
			d.t.Errorf("%s: the checkpoint is %s", log, got)
		}
		verifier, err := note.NewVerifier(key)
		d.must(err)
		opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
		d.must(err)
		checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
		d.must(err)
		fetcher, err := torchwood.NewTileFetcher(d.origin+"/"+log, torchwood.WithUserAgent("ailleurs-test (hub.example)"))
		d.must(err)
		client, err := torchwood.NewClient(fetcher)
		d.must(err)
		n := int64(0)
		for range client.AllEntries(d.t.Context(), checkpoint.Tree, 0) {
			n++
		}
		d.must(client.Err())
		if n != checkpoint.N || n < 30 {
			d.t.Errorf("%s: %d of %d entries read", log, n, checkpoint.N)
		}
		if checkpoint.N >= 256 {
			_, full := d.ask("", http.MethodGet, "/"+log+"/tile/0/000", nil, http.StatusOK)
			h := full.Header
			if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Vary") != "" || h.Get("Content-Type") != "application/octet-stream" {
				d.t.Errorf("%s: a full tile has %v", log, h)
			}
		}
		_, partial := d.ask("", http.MethodGet, "/"+log+"/tile/0/000.p/3", nil, http.StatusOK)
		if got := partial.Header.Get("Cache-Control"); strings.Contains(got, "immutable") {
			d.t.Errorf("%s: a partial tile is cached by %s", log, got)
		}
		for _, path := range []string{"/tile/0/999", "/tile/", "/tile/0/../../journal", "/tile/entries/x"} {
			r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.origin+"/"+log+path, nil)
			d.must(err)
			got, err := http.DefaultTransport.RoundTrip(r)
			d.must(err)
			_ = got.Body.Close()
			if got.StatusCode == http.StatusOK {
				d.t.Errorf("%s%s is answered", log, path)
			}
		}
	}
}

func caseRings(d *desk) {
	id := d.caseOf("lyon")
	d.must(d.DB.Update(d.t.Context(), func(tx *store.Tx) error {
		if err := d.Relocation.Alarm(tx, id, ailleurs.CallBack, d.now); err != nil {
			return err
		}
		_, err := journal.Append(tx, journal.Event{Kind: "journey.rang", At: d.now, Case: id})
		return err
	}))
	open, err := d.Protection.Alerts(d.t.Context(), d.people["lyon-binome"].Actor)
	d.must(err)
	i := slices.IndexFunc(open, func(a protection.Alert) bool { return a.RaisedBy == "" && a.Level == ailleurs.CallBack })
	if i < 0 || len(open[i].Rung) != 1 || open[i].Rung[0].Agent != d.people["lyon-binome"].Agent {
		d.t.Fatalf("the alerts are %+v", open)
	}
	page := "/astreinte/" + string(open[i].ID)
	d.says(d.get("lyon-binome", page), "par une échéance dépassée")
	d.post("lyon-binome", page+"/clore", url.Values{"end": {"handled"}})
}

func phonesAreTried(d *desk) {
	d.must(d.Protection.Ready(d.t.Context(), d.now))
	d.says(d.get("coordination", "/astreinte"), "Pas encore d’essai", "lundi 30\u00a0novembre, 10\u00a0h")
	monday := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	_, err := d.RunDue(d.t.Context(), monday)
	d.must(err)
	open, err := d.Protection.Alerts(d.t.Context(), d.people["lyon-binome"].Actor)
	d.must(err)
	i := slices.IndexFunc(open, func(a protection.Alert) bool { return a.Test })
	if i < 0 {
		d.t.Fatalf("no test among %+v", open)
	}
	page := "/astreinte/" + string(open[i].ID)
	d.says(d.get("lyon-binome", page), "Essai hebdomadaire", "J’ai bien entendu")
	d.says(d.get("coordination", "/astreinte"), "Essai du 30", "sonne encore")
	d.post("lyon-binome", page+"/prendre", nil)
	d.says(d.get("lyon-binome", page), "Essai entendu")
	d.says(d.get("coordination", "/astreinte"), "Essai du 30", "entendu")
}
