package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// The rows of the report. Every target names its tasks so.
const (
	openCall = "open one interpellation"
	openCase = "open a case"
	inbox    = "inbox page"
	submit   = "submit to six members"
	hold     = "answer, hold two places"
	prove    = "prove an entry"
)

// allRows lists them in the order of the report.
var allRows = []string{openCall, openCase, inbox, submit, hold, prove}

// stride visits the records in an order without neighbours.
const stride = 7919

func bare(s size) target {
	signedIn := func(n int) string { return "Cookie: session=" + bareName("session", n%s.members) + "\r\n" }
	return target{
		name: "bare", program: "bench-bare", ready: "/ready", args: filling(s),
		login: func(context.Context, *server) ([]string, error) { return nil, nil },
		tasks: tasks(
			task{openCall, 200, 0, func(n int, _ []string) request {
				return request{method: "GET", path: "/call/" + bareName("call", n*stride%s.calls), header: signedIn(n)}
			}},
			task{inbox, 200, 0, func(n int, _ []string) request {
				return request{method: "GET", path: "/inbox", header: signedIn(n * stride)}
			}},
			task{submit, 201, 0, func(n int, _ []string) request {
				return request{method: "POST", path: "/calls", header: signedIn(n), body: ciphertext}
			}},
		),
	}
}

func bareInGroups(s size) target {
	t := bare(s)
	last := t.tasks()[2:]
	t.name, t.args, t.tasks = "bare, group commit", filling(s, "-group"), tasks(last...)
	return t
}

// tasks are known before the target is filled.
func tasks(all ...task) func() []task { return func() []task { return all } }

// filling are the arguments of a yardstick, which fills an empty directory by itself.
func filling(s size, more ...string) func(addr, dir string) []string {
	return func(addr, dir string) []string {
		return append([]string{
			"-addr", addr, "-data", dir, "-calls", strconv.Itoa(s.calls), "-members", strconv.Itoa(s.members),
		}, more...)
	}
}

func pocketBase(s size) target {
	const calls = "/api/collections/calls/records"
	const fields = "fields=id,member,state,at,size"
	return target{
		name: "PocketBase", program: "bench-pocketbase", ready: "/api/health", args: filling(s),
		login: func(ctx context.Context, p *server) ([]string, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.addr+"/api/collections/users/auth-with-password",
				strings.NewReader(`{"identity":"bench@example.org","password":"bench-bench-bench"}`))
			if err != nil {
				return nil, err
			}
			r.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			var answer struct{ Token string }
			if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
				return nil, fmt.Errorf("no token: %s %w", resp.Status, err)
			}
			return []string{"Authorization: " + answer.Token + "\r\n"}, nil
		},
		tasks: tasks(
			task{openCall, 200, 0, func(n int, who []string) request {
				return request{method: "GET", path: calls + "/" + pocketName("call", n*stride%s.calls) + "?" + fields, header: who[0]}
			}},
			task{inbox, 200, 0, func(n int, who []string) request {
				return request{method: "GET", header: who[0], path: calls + "?perPage=50&sort=-at&filter=(member%3D%27" +
					pocketName("member", n*stride%s.members) + "%27)&" + fields}
			}},
			task{submit, 200, 0, func(n int, who []string) request {
				body := fmt.Sprintf(`{"member":%q,"state":"sent","at":"2026-11-23 12:00:00.000Z","size":1,"body":%q}`,
					pocketName("member", n%s.members), encoded)
				return request{method: "POST", path: calls, header: who[0] + "Content-Type: application/json\r\n", body: []byte(body)}
			}},
		),
	}
}

// ciphertext is what a submission carries: noise, as sealed content is.
var (
	ciphertext = noise(4096)
	encoded    = base64.StdEncoding.EncodeToString(ciphertext)
)

func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// bareName and pocketName compute identifiers as bench/bare and bench/pocketbase do.
func bareName(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, n))
	return base32.StdEncoding.EncodeToString(sum[:])[:26]
}

func pocketName(kind string, n int) string { return strings.ToLower(bareName(kind, n))[:15] }
