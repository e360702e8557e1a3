package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	exchanges "codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// An exchange is a whole hub of a test: founded, served, with the invitations of its three coordinators.
type exchange struct {
	*exchanges.Hub
	t       *testing.T
	origin  string
	papers  []alliance.Invitation
	seen    bool // the pages of activation were checked once
	traffic traffic
}

// traffic keeps what browsers sent, to be searched.
type traffic struct {
	sync.Mutex
	bodies []string
}

// newExchange founds a hub on an embedded database.
func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{t: t}
	x.origin = Serve(t, func(origin string) http.Handler {
		cfg := exchanges.Config{Data: t.TempDir(), Origin: origin, Demo: true, Now: time.Now}
		if err := exchanges.NewLogs(cfg, "hub.example"); err != nil {
			t.Fatal(err)
		}
		h, err := exchanges.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		x.Hub = h
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
		return x.traffic.listen(h.Web)
	})
	f := alliance.Founding{Member: alliance.NewMember{
		Kind: ailleurs.Association, Name: "Association fictive", Code: "75056", Siren: "000000018", Charter: time.Now().Add(-time.Hour),
	}}
	for _, n := range []string{"Sacha Aubevigne", "Lou Brumelac", "Alix Clairombre"} {
		f.Founders = append(f.Founders, alliance.NewInvitation{Name: n, Email: strings.ToLower(strings.ReplaceAll(n, " ", ".")) + "@hub.example", Lang: "fr"})
	}
	var err error
	if x.papers, err = x.Alliance.Found(t.Context(), f, time.Now()); err != nil {
		t.Fatal(err)
	}
	return x
}

// listen remembers the bodies of what is posted.
func (l *traffic) listen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			r.Body = &heard{r.Body, l}
		}
		next.ServeHTTP(w, r)
	})
}

type heard struct {
	body interface {
		Read([]byte) (int, error)
		Close() error
	}
	l *traffic
}

func (h *heard) Close() error { return h.body.Close() }
func (h *heard) Read(p []byte) (int, error) {
	n, err := h.body.Read(p)
	h.l.Lock()
	h.l.bodies = append(h.l.bodies, string(p[:n]))
	h.l.Unlock()
	return n, err
}

func (l *traffic) said() string {
	l.Lock()
	defer l.Unlock()
	return strings.Join(l.bodies, "")
}

// work is the page on which everyone's work begins.
const work = "/travail"

// ways is what an activation leaves in its holder's hands.
type ways struct{ paper, phrase string }

// passkeyOf says which passkey a visitor has.
type passkeyOf int

const (
	noPasskey passkeyOf = iota
	signsIn             // without PRF: signs in, opens nothing
	opens               // with PRF
)

// activate takes an invitation through the pages: keys, ways to open, each tried on a fresh page.
func (x *exchange) activate(v *Visitor, words string, has passkeyOf) ways {
	x.t.Helper()
	var w ways
	check := func(when string) {
		if !x.seen {
			v.Accessible(when)
			v.Fits(when)
			v.Tall(when)
		}
	}
	defer func() { x.seen = true }()
	v.Go("/activer")
	check("/activer")
	v.Type(`[data-step="words"] textarea`, words)
	v.Click(`[data-step="words"] button`)
	v.Until(`document.querySelector('[data-step="who"]').hidden === false`)
	check("/activer, who")
	Eval[bool](v, `(sessionStorage.setItem("test.hash", document.querySelector('[data-shown="hash"]').textContent), true)`)
	v.Click(`[data-step="who"] button`)
	v.Until(`document.querySelector('[data-step="passkey"]').hidden === false`)
	if has == noPasskey {
		v.Click(`[data-step="passkey"] button[value="none"]`)
	} else {
		v.Click(`[data-step="passkey"] button.primary`)
	}
	v.Until(`document.querySelector('[data-step="paper"]').hidden === false`)
	w.paper = v.words(`[data-step="paper"]`)
	check("/activer, paper")
	v.Shot("activer-phone")
	v.Click(`[data-step="paper"] button`)
	if has != opens {
		v.Until(`document.querySelector('[data-step="phrase"]').hidden === false`)
		w.phrase = v.words(`[data-step="phrase"]`)
		v.Click(`[data-step="phrase"] button`)
	}
	for range 2 {
		v.Until(`location.pathname === "/essai" && document.readyState === "complete" && document.querySelector("form[data-trial]:not([aria-busy])")`)
		check("/essai")
		v.open("form[data-trial]", w)
		v.Until(`!document.querySelector("form[data-trial][aria-busy]")`)
	}
	return w
}

// open fills the form of one way to open and sends it.
func (v *Visitor) open(form string, w ways) {
	v.t.Helper()
	switch Eval[string](v, fmt.Sprintf("document.querySelector(%s).dataset.unlock", quote(form))) {
	case "paper":
		v.Type(form+" textarea", w.paper)
	case "passphrase":
		v.Type(form+" textarea", w.phrase)
	}
	v.press(form + " button")
}

// press clicks and waits for the page that comes of it.
func (v *Visitor) press(selector string) {
	v.t.Helper()
	before := Eval[float64](v, "performance.timeOrigin")
	v.Click(selector)
	v.Until(fmt.Sprintf("performance.timeOrigin !== %f && document.readyState === 'complete'", before))
}

// words reads the words shown in a place.
func (v *Visitor) words(place string) string {
	v.t.Helper()
	return Eval[string](v, fmt.Sprintf("[...document.querySelectorAll(%s + ' [data-words] li')].map(e => e.textContent).join(' ')", quote(place)))
}

// coffre opens the coffre on the page as it stands, without a gesture, and asks it something.
func (v *Visitor) coffre(op string) string {
	v.t.Helper()
	return Eval[string](v, fmt.Sprintf(`import(document.querySelector('script[src$="coffre.js"]').src).then(async (c) => { await c.unlocked(); return JSON.stringify(await c.ask(%s)); })`, quote(op)))
}

// A colleague is someone of the alliance whose client is Go: what their browser would do, without one.
type colleague struct {
	x      *exchange
	keys   *vault.Trousseau
	viewer alliance.Viewer
}

// colleague takes an invitation through the use cases that the pages call.
func (x *exchange) colleague(i alliance.Invitation) *colleague {
	x.t.Helper()
	must := func(err error) {
		x.t.Helper()
		if err != nil {
			x.t.Fatal(err)
		}
	}
	ctx, at := x.t.Context(), time.Now()
	e, err := x.Alliance.OpenInvitation(ctx, i.Words.Reveal(), "test", at)
	must(err)
	register, err := vault.ParsePin(e.Pins.Register)
	must(err)
	journal, err := vault.ParsePin(e.Pins.Journal)
	must(err)
	keys, err := vault.NewTrousseau(e.Agent, register, journal)
	must(err)
	var locks []vault.Lock
	var set []alliance.NewUnlocker
	for range 2 {
		code := vault.NewPaperCode()
		u, err := vault.PaperUnlocker(code)
		must(err)
		must(keys.AddLock(u))
		in, err := vault.NewPaperSignIn(code)
		must(err)
		locks = append(locks, u.Lock())
		set = append(set, alliance.NewUnlocker{Kind: ailleurs.PaperUnlocker, Lock: u.Lock().Text(), Lookup: in.Lookup(), Login: in.Verifier()})
	}
	for i := range set {
		set[i].File, err = keys.Wrap(locks[i])
		must(err)
	}
	c := &colleague{x: x, keys: keys}
	entry := keys.Entry(at)
	in, err := x.Alliance.Enrol(ctx, e.Ticket, alliance.NewKeys{
		Recipient: keys.Public().Recipient, Verifier: keys.Public().Verifier, Entry: entry.Text(), Signed: c.sign(entry.Approval()), Unlockers: set,
	}, "", at)
	must(err)
	look := func() {
		c.viewer, err = x.Alliance.Lookup(ctx, in.Token.Reveal(), time.Now())
		must(err)
	}
	look()
	list, _, err := x.Alliance.Unlockers(ctx, c.viewer)
	must(err)
	for _, u := range list {
		test, err := x.Alliance.BeginProof(ctx, c.viewer, u.ID, time.Now())
		must(err)
		must(x.Alliance.Prove(ctx, c.viewer, test.Challenge, c.sign(test.Statement), time.Now()))
	}
	look()
	return c
}

func (c *colleague) sign(s ailleurs.Statement) []byte {
	c.x.t.Helper()
	s.By, s.Epoch, s.At = c.keys.Agent, c.keys.Epoch, time.Now()
	b, err := vault.Sign(c.keys, s.Text())
	if err != nil {
		c.x.t.Fatal(err)
	}
	return b
}

// approveAll signs whatever waits for the colleague.
func (c *colleague) approveAll() {
	c.x.t.Helper()
	waiting, err := c.x.Alliance.Changes(c.x.t.Context(), c.viewer.Actor, time.Now())
	if err != nil {
		c.x.t.Fatal(err)
	}
	var signed []alliance.Approval
	for _, w := range waiting {
		if w.MaySign {
			signed = append(signed, alliance.Approval{Change: w.ID, Signed: c.sign(w.Approval)})
		}
	}
	if _, err := c.x.Alliance.Approve(c.x.t.Context(), c.viewer.Actor, signed, time.Now()); err != nil {
		c.x.t.Fatal(err)
	}
}

// leave signs out.
func (v *Visitor) leave() {
	v.t.Helper()
	button := "form.leave.bar button"
	if Eval[bool](v, `document.querySelector("details.menu")?.checkVisibility() ?? false`) { // on a phone
		v.Click("details.menu summary")
		button = "details.menu form.leave button"
	}
	v.Click(button)
	v.Until(`location.pathname === "/entrer"`)
}

// usePasskey signs in with the passkey.
func (v *Visitor) usePasskey() {
	v.t.Helper()
	v.Go("/entrer")
	v.Click(`[data-enter="passkey"] button`)
}

// uses counts the gestures made with the visitor's passkeys.
func (a *Authenticator) uses() float64 {
	a.v.t.Helper()
	var n float64
	for _, c := range a.Passkeys() {
		n += c.SignCount
	}
	return n
}

func (v *Visitor) at(path string) {
	v.t.Helper()
	v.Until(fmt.Sprintf(`location.pathname === %s && document.readyState === "complete"`, quote(path)))
}

// A passkey with PRF: one gesture signs in and unlocks, and the coffre stays open from page to page until it is revoked.
func TestOneGestureOpensTenPages(t *testing.T) {
	x := newExchange(t)
	v := Visit(t, x.origin)
	key := v.Authenticator(true)
	x.activate(v, x.papers[0].Words.Reveal(), opens)
	v.at("/compte")
	v.leave()

	before := key.uses()
	v.usePasskey()
	v.at(work)
	if got := key.uses() - before; got != 1 {
		t.Errorf("signing in took %v gestures", got)
	}
	for i := range 10 {
		v.Go([]string{"/personnes", "/changements", "/membres", "/compte"}[i%4])
		if own := v.coffre("key.own"); !strings.Contains(own, string(x.papers[0].Agent)) {
			t.Fatalf("page %d: the coffre holds %s", i, own)
		}
	}
	if got := key.uses() - before; got != 1 {
		t.Errorf("ten pages took %v gestures", got)
	}
	if said := x.traffic.said(); strings.Contains(said, `"results"`) || strings.Contains(said, `"prf"`) {
		t.Error("what the PRF extension gave, or its name, was sent")
	}

	// Revoked by a colleague: the next page opens nothing, and what is kept in the tab is worth nothing.
	if err := x.Alliance.EndSessionsOf(t.Context(), ailleurs.Actor{Agent: x.papers[0].Agent}, x.papers[0].Agent, time.Now()); err != nil {
		t.Fatal(err)
	}
	v.Allow("status of 401")
	kept := Eval[string](v, `sessionStorage.getItem("ailleurs.coffre") ?? ""`)
	if kept == "" {
		t.Fatal("nothing was kept between pages: the test no longer looks at the right place")
	}
	v.Go("/personnes")
	v.at("/entrer")
	got := Eval[int](v, `fetch("/session/part", {method: "POST", headers: {"Content-Type": "application/json", Accept: "application/json"}, body: "{}"}).then(r => r.status)`)
	if got != http.StatusUnauthorized {
		t.Errorf("a revoked session gets a share: %d", got)
	}
}

// A passkey without PRF signs in and opens nothing; the phrase opens, on this device alone.
func TestPasskeyWithoutPRFOpensWithThePhrase(t *testing.T) {
	x := newExchange(t)
	v := Visit(t, x.origin)
	v.Authenticator(false)
	w := x.activate(v, x.papers[0].Words.Reveal(), signsIn)
	v.at("/compte")
	v.Accessible("/compte")
	v.Fits("/compte")
	v.Tall("/compte")
	v.leave()

	v.usePasskey()
	v.at("/ouvrir")
	v.Accessible("/ouvrir")
	v.Fits("/ouvrir")
	v.Type(`[data-unlock="passphrase"] textarea`, "abandon "+w.phrase[strings.Index(w.phrase, " ")+1:])
	v.Click(`[data-unlock="passphrase"] button`)
	v.See(`[data-unlock="passphrase"] .errors`)
	v.Accessible("/ouvrir after a refusal")
	Eval[bool](v, `(document.querySelector('[data-unlock="passphrase"] textarea').value = "", true)`)
	v.Type(`[data-unlock="passphrase"] textarea`, w.phrase)
	v.Click(`[data-unlock="passphrase"] button`)
	v.at(work)
	if own := v.coffre("key.own"); !strings.Contains(own, string(x.papers[0].Agent)) {
		t.Errorf("the coffre holds %s", own)
	}
	if strings.Contains(x.traffic.said(), strings.Split(w.phrase, " ")[0]+" "+strings.Split(w.phrase, " ")[1]) {
		t.Error("the phrase was sent")
	}

	// The phrase is worth nothing elsewhere: on another device, only the paper opens.
	other := Visit(t, x.origin)
	other.Go("/entrer")
	other.Click("details:has([data-enter=paper]) summary")
	other.Type(`[data-enter="paper"] textarea`, w.paper)
	other.Click(`[data-enter="paper"] button`)
	other.at(work)
	if own := other.coffre("key.own"); !strings.Contains(own, string(x.papers[0].Agent)) {
		t.Errorf("the paper opens %s", own)
	}
	Eval[bool](other, `(sessionStorage.clear(), true)`)
	other.Go("/ouvrir?vers=/membres")
	other.Type(`[data-unlock="passphrase"] textarea`, w.phrase)
	other.Click(`[data-unlock="passphrase"] button`)
	other.See(`[data-unlock="passphrase"] .errors`)
	other.Click("details:has([data-unlock=paper]) summary")
	other.Type(`[data-unlock="paper"] textarea`, w.paper)
	other.Click(`[data-unlock="paper"] button`)
	other.at("/membres")
}

// A colleague is invited by one, activates, and two others hear the six words before the keys count.
func TestNewColleagueIsConfirmedByTwo(t *testing.T) {
	x := newExchange(t)
	second := x.colleague(x.papers[1])
	x.colleague(x.papers[2])
	by := Visit(t, x.origin)
	x.activate(by, x.papers[0].Words.Reveal(), noPasskey)
	by.at("/compte")
	by.Go("/personnes")
	by.Accessible("/personnes")
	by.Fits("/personnes")
	by.Tall("/personnes")
	by.Shot("personnes-phone")

	// A form that comes back says what is wrong, where.
	by.Allow("status of 422")
	by.Type("#name", "Noa Doucerive")
	by.Type("#email", "noa@hub.example")
	by.Click(`form[action="/personnes/invitation"] button.primary`)
	by.See(".errors")
	by.Accessible("/personnes after a refusal")
	by.Click("#role-guarantor")
	by.Click(`form[action="/personnes/invitation"] button.primary`)
	by.See("ol.words.big li:nth-child(6)")
	by.Accessible("/personnes/invitation")
	by.Fits("/personnes/invitation")
	by.Shot("invitation-phone")
	words := Eval[string](by, `[...document.querySelectorAll("ol.words.big li")].map(e => e.textContent).join(" ")`)
	hash := by.Text("dl code")

	v := Visit(t, x.origin)
	x.activate(v, words, noPasskey)
	if shown := Eval[string](v, `sessionStorage.getItem("test.hash")`); shown != hash {
		t.Errorf("the check code on screen is %s, on paper %s", shown, hash)
	}
	v.at("/activer/attente")
	v.See("[data-own-words] li:nth-child(6)")
	v.Accessible("/activer/attente")
	v.Fits("/activer/attente")
	v.Shot("attente-phone")
	spoken := v.words("[data-own-words]")
	v.Go("/personnes")
	v.at("/activer/attente") // nothing else is open yet

	wrong := strings.Fields(spoken)
	wrong[0], wrong[1] = wrong[1], wrong[0]
	for _, heard := range []string{strings.Join(wrong, " "), spoken} {
		by.Go("/changements")
		by.Accessible("/changements")
		by.Fits("/changements")
		by.Tall("/changements")
		by.Type(`form[data-sign] textarea`, heard)
		by.Click(`form[data-sign] button`)
		if heard == spoken {
			break
		}
		by.See("form[data-sign] .errors") // words that are not those of the keys
		by.Accessible("/changements after a refusal")
		by.Shot("changements-phone")
	}
	by.Until(`document.querySelector(".notice.done")`)
	by.Accessible("/changements once signed")
	v.Click(".actions a.primary")
	v.at("/activer/attente") // one signature is not enough
	second.approveAll()
	v.Click(".actions a.primary")
	v.at(work)
	v.Accessible("the new colleague's first page")
}

// A member joins when two of the coordination have signed.
func TestTwoCoordinatorsAdmitMember(t *testing.T) {
	x := newExchange(t)
	second := x.colleague(x.papers[1])
	x.colleague(x.papers[2])
	v := Visit(t, x.origin)
	x.activate(v, x.papers[0].Words.Reveal(), noPasskey)
	v.at("/compte")
	v.Go("/membres/adhesion")
	v.Accessible("/membres/adhesion")
	v.Fits("/membres/adhesion")
	v.Click("#kind-0")
	v.Type("#name", "Lyon")
	v.Type("#commune", "69123")
	Eval[bool](v, `(document.getElementById("charter").value = "2026-01-15", true)`)
	v.Allow("status of 422")
	v.Click("form .primary")
	v.Until(`location.pathname === "/changements"`)
	second.approveAll()
	v.Go("/changements")
	v.Click("form[data-sign] button")
	v.Until(`document.querySelector(".notice.done")`)
	v.Go("/membres")
	v.Accessible("/membres")
	v.Fits("/membres")
	v.Until(`document.body.innerText.includes("Lyon")`)
	v.Shot("membres-phone")
	v.Click(".cards li:nth-child(2) a")
	v.Until(`location.pathname.startsWith("/membres/") && document.querySelector("#invite")`)
	v.Accessible("/membres/{id}")
	members, err := x.Alliance.Members(context.Background(), alliance.MemberFilter{Text: "lyon"})
	if err != nil || len(members) != 1 {
		t.Errorf("%v %v", members, err)
	}
}

// What everyone says about themselves, and what a colleague may propose about another, works by plain forms: no script.
func TestAccountAndPeopleWorkWithoutScript(t *testing.T) {
	x := newExchange(t)
	second := x.colleague(x.papers[1])
	x.colleague(x.papers[2])
	v := Visit(t, x.origin)
	x.activate(v, x.papers[0].Words.Reveal(), noPasskey)
	v.at("/compte")
	v.Allow("Blocked script execution")
	done := func(button, what string) {
		t.Helper()
		v.press(button)
		v.See(".notice.done")
		v.Fits(what)
	}
	set := func(selector, value string) {
		Eval[bool](v, fmt.Sprintf(`(document.querySelector(%s).value = %s, true)`, quote(selector), quote(value)))
	}
	v.Script(false)
	v.Go("/compte")
	set("#from", time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	set("#until", time.Now().AddDate(0, 0, 1).Format(time.DateOnly))
	set("#deputy", string(second.keys.Agent))
	v.Allow("status of 422")
	v.Click(`form[action="/compte/absence"] button`)
	v.See("#until-error")
	set("#until", time.Now().AddDate(0, 0, 9).Format(time.DateOnly))
	set("#deputy", string(second.keys.Agent))
	done(`form[action="/compte/absence"] button`, "/compte, absent")
	done(`form[action="/compte/absence/fin"] button`, "/compte, back")
	v.Click("#pace-2")
	done(`form[action="/compte/preferences"] button`, "/compte, preferred")
	if who, err := x.Alliance.Profile(t.Context(), alliance.Viewer{Actor: ailleurs.Actor{Agent: x.papers[0].Agent}}); err != nil || who.Pace != ailleurs.Weekly {
		t.Errorf("the pace is %q, %v", who.Pace, err)
	}

	card := fmt.Sprintf("li:has(#take-%s)", second.keys.Agent)
	v.Go("/personnes")
	v.Click(card + " details summary")
	v.Fits("/personnes, managing")
	set("#take-"+string(second.keys.Agent), string(ailleurs.DutyOfficer))
	done(card+` form[action="/personnes/role"] button`, "/personnes, proposed")
	v.Go("/changements")
	v.Click("details.confirm summary")
	done(`form[action="/changements/abandonner"] button`, "/changements, dropped")
}

// The hub refuses a body that holds what the PRF extension gave, wherever it stands.
func TestHubRefusesPRFResults(t *testing.T) {
	x := newExchange(t)
	for _, body := range []string{
		`{"challenge":"A","credential":{"clientExtensionResults":{"prf":{"results":{"first":"AAAA"}}}}}`,
		`{"challenge":"A","prf":"AAAA","credential":{}}`,
		`{"challenge":"A","credential":{"clientExtensionResults":{}},"credential":{"x":{"prf":{"results":{}}}}}`,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, x.origin+"/entrer/cle/fin", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		_, _ = rec.Body.ReadFrom(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", body, answer.StatusCode, rec.Body)
		}
	}
}

// One's own ways to open: one more, tried, then an old one lost; what is left still opens.
func TestAWayToOpenIsAddedTriedAndLost(t *testing.T) {
	x := newExchange(t)
	v := Visit(t, x.origin)
	w := x.activate(v, x.papers[0].Words.Reveal(), noPasskey)
	v.at("/compte")
	v.Shot("compte-phone")
	key := v.Authenticator(true)
	v.Click("details:has([data-add]) summary")
	v.Accessible("/compte, adding")
	v.Click(`[data-add="passkey"] button`)
	v.at("/essai")
	v.open("form[data-trial]", w)
	v.at("/compte")
	if n := len(key.Passkeys()); n != 1 {
		t.Fatalf("%d passkeys", n)
	}

	// A second paper; the first is lost.
	v.Click("details:has([data-add]) summary")
	v.Click(`[data-add="paper"] button`)
	v.Until(`document.querySelectorAll('[data-add="paper"] [data-words] li').length === 12`)
	old := w.paper
	w.paper = v.words(`[data-add="paper"]`)
	v.Click(`[data-add="paper"] button`)
	v.at("/essai")
	v.open("form[data-trial]", w)
	v.at("/compte")
	v.Click("li:has([data-remove=paper]) details.confirm summary")
	v.Accessible("/compte, removing")
	v.press(`li:has([data-remove=paper]) button[name="lost"]`)
	if n := Eval[int](v, `document.querySelectorAll("[data-remove]").length`); n != 3 {
		t.Errorf("%d ways to open are left, want 3", n)
	}
	v.leave()
	for _, code := range []string{old, w.paper} {
		v.Go("/entrer")
		v.Allow("status of 404")
		v.Click("details:has([data-enter=paper]) summary")
		v.Type(`[data-enter="paper"] textarea`, code)
		v.Click(`[data-enter="paper"] button`)
		if code == old {
			v.See(`[data-enter="paper"] .errors`)
			v.Accessible("/entrer after a refusal")
		}
	}
	v.at(work)
	v.leave()
	v.usePasskey()
	v.at(work)
}
