package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func TestAddressesAreKnownCoarselyAndFromTrustedProxiesOnly(t *testing.T) {
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "192.0.2.77:1234", nil, "192.0.2.0/24"},
		{"six", "[2001:db8:1:2:3::4]:1", nil, "2001:db8:1::/48"},
		{"four in six", "[::ffff:192.0.2.9]:1", nil, "192.0.2.0/24"},
		{"a zone", "[fe80::1%eth0]:1", nil, "fe80::/48"},
		{"no address", "@", []string{"192.0.2.1"}, "unknown"},
		{"whoever is no proxy says what they like", "192.0.2.77:1234", []string{"198.51.100.9"}, "192.0.2.0/24"},
		{"a proxy", "10.1.2.3:1", []string{"198.51.100.9"}, "198.51.100.0/24"},
		{"a proxy, in six", "[fd00::7]:1", []string{"2001:db8:5::1"}, "2001:db8:5::/48"},
		{"a proxy as four in six", "[::ffff:10.1.2.3]:1", []string{"198.51.100.9"}, "198.51.100.0/24"},
		{"what the visitor wrote before the proxy did", "10.1.2.3:1", []string{"203.0.113.1, 198.51.100.9"}, "198.51.100.0/24"},
		{"the same in two headers", "10.1.2.3:1", []string{"203.0.113.1", "198.51.100.9"}, "198.51.100.0/24"},
		{"two proxies", "10.1.2.3:1", []string{"203.0.113.1, 198.51.100.9, 10.9.9.9"}, "198.51.100.0/24"},
		{"a proxy that says nothing", "10.1.2.3:1", nil, "10.1.2.0/24"},
		{"a proxy that says nonsense", "10.1.2.3:1", []string{"198.51.100.9, moi"}, "10.1.2.0/24"},
		{"proxies all the way", "10.1.2.3:1", []string{"10.4.5.6"}, "10.4.5.0/24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trusted, err := parseProxies([]string{"10.0.0.0/8", "fd00::7"})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/t", nil)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = c.peer, c.forwarded
			if got := (&Server{proxies: trusted}).address(r); got != c.want {
				t.Errorf("known as %s, want %s", got, c.want)
			}
			// A hub that was told of no proxy believes no header.
			alone := httptest.NewRequest("GET", "/t", nil)
			alone.RemoteAddr = c.peer
			if got, want := (&Server{}).address(r), (&Server{}).address(alone); got != want {
				t.Errorf("without proxies %s, want %s", got, want)
			}
		})
	}
}

func TestProxyThatIsNoNetworkIsRefused(t *testing.T) {
	for _, bad := range []string{"", "proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.1.2.3%eth0", "::ffff:10.0.0.0/104"} {
		_, err := New(Config{Origin: "https://hub.example", Now: time.Now, PublicOnly: true, Proxies: []string{"10.0.0.1", bad}})
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != "web.config_proxy" || r.Field != "Proxies" || r.Args["got"] != bad {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Loopback is led to localhost, by a path and nothing else: never to whatever stands in the place of one.
func TestOnlyAPathIsLedToLocalhost(t *testing.T) {
	s := newServer(t, func(c *Config) { c.Origin = "http://localhost:8080" })
	for line, want := range map[string]string{
		"GET /travail?liste=closes": "http://localhost:8080/travail?liste=closes",
		"GET //evil.example/":       "http://localhost:8080//evil.example/",
		"GET http://evil.example/":  "",
		"POST /travail":             "",
		"OPTIONS *":                 "",
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != want || want == "" && w.Code != http.StatusMisdirectedRequest {
			t.Errorf("%s leads to %q with %d, want %q", line, got, w.Code, want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Host, r.URL.Opaque = "127.0.0.1:8080", "@evil.example/" // what no request line can say
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
