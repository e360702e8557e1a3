package web

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

func TestScriptsAreReadAsTheyAreMeantOrRefused(t *testing.T) {
	type question struct {
		Words string `json:"words"`
	}
	for _, test := range []struct {
		kind, body string
		ok         bool
	}{
		{"application/json", `{"words":"a"}`, true},
		{"application/json; charset=utf-8", `{"words":"a"}`, true},
		{"text/plain", `{"words":"a"}`, false}, // what another site's form can send
		{"application/x-www-form-urlencoded", `{"words":"a"}`, false},
		{"", `{"words":"a"}`, false},
		{"application/json", `{"words":"a","prf":"b"}`, false},
		{"application/json", `{"words":"a"}{"words":"b"}`, false},
		{"application/json", `{"words":1}`, false},
		{"application/json", ``, false},
	} {
		r := httptest.NewRequest("POST", "/t", strings.NewReader(test.body))
		r.Header.Set("Content-Type", test.kind)
		in, err := readScript[question](r)
		refusal := ailleurs.AsRefusal(err)
		if test.ok && (err != nil || in.Words != "a") || !test.ok && (refusal == nil || refusal.Key != "web.malformed") {
			t.Errorf("%s %s: %+v, %v", test.kind, test.body, in, err)
		}
	}
}

func TestDevicesAreKnownCoarsely(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                           "Firefox, Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0":        "Edge, Windows",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                     "Chrome, Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1": "Safari, iPhone",
		"curl/8": "",
	} {
		r := httptest.NewRequest("GET", "/t", nil)
		r.Header.Set("User-Agent", agent)
		if got := device(r); got != want {
			t.Errorf("%s is called %q, want %q", agent, got, want)
		}
	}
}

// Each script names those it needs by the address that is kept for ever, so that one that two pages share is loaded once.
func TestScriptsNameEachOtherByKeptAddresses(t *testing.T) {
	a := make(assets)
	a.made("app.js", []byte(`export const one = 1;`))
	a.made("coffre.js", []byte(`import { one } from "./app.js"; export * from '/static/app.js';`))
	a.made("page.js", []byte(`import "./coffre.js"; const c = await import("./coffre.js"); import x from "./absent.js";`))
	a.link()
	if want := `import { one } from "` + a.url("app.js") + `"; export * from '` + a.url("app.js") + `';`; string(a["coffre.js"].bytes()) != want {
		t.Errorf("got  %s\nwant %s", a["coffre.js"].bytes(), want)
	}
	coffre := a.url("coffre.js")
	if want := `import "` + coffre + `"; const c = await import("` + coffre + `"); import x from "./absent.js";`; string(a["page.js"].bytes()) != want {
		t.Errorf("got  %s\nwant %s", a["page.js"].bytes(), want)
	}
	all, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all.scripts() {
		if name == sealingLoader {
			continue
		}
		for _, found := range importing.FindAllStringSubmatch(string(all[name].bytes()), -1) {
			if _, ok := all[found[3]]; ok {
				t.Errorf("%s still asks for %s each time", name, found[3])
			} else if found[3] != sealingLoader {
				t.Errorf("%s asks for %s, which is not there", name, found[3])
			}
		}
	}
}

func TestDataCannotEndItsElement(t *testing.T) {
	got, err := data("page", map[string]string{"x": `</script><script>alert(1)</script>`})
	if err != nil || strings.Count(string(got), "<") != 2 {
		t.Errorf("%s %v", got, err)
	}
}

func TestMembersAreExcludedByWhereTheirPlacesAre(t *testing.T) {
	land, err := territory.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		kind ailleurs.MemberKind
		code string
		want []string
	}{
		{ailleurs.Commune, "69123", []string{"m:A", "c:69123", "d:69", "r:84"}},
		{ailleurs.Institution, "2A004", []string{"m:A", "c:2A004", "d:2A", "r:94"}},
		{ailleurs.Departement, "33", []string{"m:A", "d:33", "r:75"}},
		{ailleurs.EPCI, "200046977", []string{"m:A", "c:69123", "c:69266", "d:69", "r:84"}}, // métropole de Lyon
	} {
		got := keysOf(land, "A", test.kind, test.code)
		for _, want := range test.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s %s lacks %s in %v", test.kind, test.code, want, got)
			}
		}
		if test.kind != ailleurs.EPCI && len(got) != len(test.want) {
			t.Errorf("%s %s has %v", test.kind, test.code, got)
		}
	}
}

// A session whose keys wait for two colleagues opens the enrolment pages alone.
func TestPendingSessionsOpenNothingElse(t *testing.T) {
	waiting := someone()
	waiting.Pending = true
	s := newServer(t, func(c *Config) { c.Sessions = sessions{"new": waiting} })
	for _, rt := range s.routes() {
		if !rt.who.session || rt.who.pending {
			continue
		}
		method, _, _ := strings.Cut(rt.pattern, " ")
		path := strings.NewReplacer("{id}", "A", "{thread}", "A", "{$}", "").Replace(rt.path())
		w := ask(s, method, path, "", withCookie(sessionCookie, "new"))
		switch {
		case method == "GET" && (w.Code != 303 || w.Header().Get("Location") != "/activer/attente"):
			t.Errorf("%s %s: %d to %s", method, path, w.Code, w.Header().Get("Location"))
		case method == "POST" && w.Code != 403:
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
	}
}

func TestUnlockingLeadsToOurOwnPagesOnly(t *testing.T) {
	s := newServer(t, nil)
	for to, want := range map[string]string{
		"/membres": "/membres", "//evil.example": "/compte", "https://evil.example": "/compte", "/ouvrir": "/compte", "/entrer": "/compte",
		"/a\\b": "/compte", "": "/compte", "/x?y=1": "/compte",
	} {
		r := httptest.NewRequest("GET", "/ouvrir", nil)
		q := r.URL.Query()
		q.Set("vers", to)
		r.URL.RawQuery = q.Encode()
		s.nav = nil
		if got := s.afterUnlock(r); got != want {
			t.Errorf("%q leads to %s, want %s", to, got, want)
		}
	}
}
