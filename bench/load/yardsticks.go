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
	"strings"
)

// The rows of the report. Every target names its tasks so.
const (
	openCall = "open one interpellation"
	inbox    = "inbox page"
	submit   = "submit"
)

// stride visits the records in an order without neighbours.
const stride = 7919

func bare(s size) target {
	signedIn := func(n int) string { return "Cookie: session=" + bareName("session", n%s.members) + "\r\n" }
	return target{
		name: "bare", program: "bench-bare", ready: "/ready",
		login: func(context.Context, string) (string, error) { return "", nil },
		tasks: []task{
			{openCall, 200, func(n int, _ string) request {
				return request{method: "GET", path: "/call/" + bareName("call", n*stride%s.calls), header: signedIn(n)}
			}},
			{inbox, 200, func(n int, _ string) request {
				return request{method: "GET", path: "/inbox", header: signedIn(n * stride)}
			}},
			{submit, 201, func(n int, _ string) request {
				return request{method: "POST", path: "/calls", header: signedIn(n), body: ciphertext}
			}},
		},
	}
}

func bareInGroups(s size) target {
	t := bare(s)
	t.name, t.args, t.tasks = "bare, group commit", []string{"-group"}, t.tasks[2:]
	return t
}

func pocketBase(s size) target {
	const calls = "/api/collections/calls/records"
	const fields = "fields=id,member,state,at,size"
	return target{
		name: "PocketBase", program: "bench-pocketbase", ready: "/api/health",
		login: func(ctx context.Context, addr string) (string, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/collections/users/auth-with-password",
				strings.NewReader(`{"identity":"bench@example.org","password":"bench-bench-bench"}`))
			if err != nil {
				return "", err
			}
			r.Header.Set("Content-Type", "application/json")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				return "", err
			}
			defer resp.Body.Close()
			var answer struct{ Token string }
			if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
				return "", fmt.Errorf("no token: %s %w", resp.Status, err)
			}
			return "Authorization: " + answer.Token + "\r\n", nil
		},
		tasks: []task{
			{openCall, 200, func(n int, header string) request {
				return request{method: "GET", path: calls + "/" + pocketName("call", n*stride%s.calls) + "?" + fields, header: header}
			}},
			{inbox, 200, func(n int, header string) request {
				return request{method: "GET", header: header, path: calls + "?perPage=50&sort=-at&filter=(member%3D%27" +
					pocketName("member", n*stride%s.members) + "%27)&" + fields}
			}},
			{submit, 200, func(n int, header string) request {
				body := fmt.Sprintf(`{"member":%q,"state":"sent","at":"2026-11-23 12:00:00.000Z","size":1,"body":%q}`,
					pocketName("member", n%s.members), encoded)
				return request{method: "POST", path: calls, header: header + "Content-Type: application/json\r\n", body: []byte(body)}
			}},
		},
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
