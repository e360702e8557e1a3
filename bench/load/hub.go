package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// The requests that can be sent once only, over warm-up and measurement: sealing them takes longer than answering them.
const (
	submissions = 1_200
	proposals   = 600
)

// smallHub has as many interpellations for each member as the large one, and the 68 members that sign in.
const smallHub = "hub, 1,400 cases"

// hubOnSQLite is the binary that town halls run, on a database that it made by its own use cases and copies of these.
func hubOnSQLite(name string, s size) target {
	t := hubTarget(name, s, func(dir string) (data, keys string) { return filepath.Join(dir, "data"), "" })
	if name == smallHub { // to see whether the inbox grows with the hub
		few := t.tasks
		t.tasks = func() []task { return few()[:3] }
	}
	return t
}

// hubTarget is a hub whose database and log keys lie where place says.
func hubTarget(name string, s size, place func(dir string) (data, keys string)) target {
	var f *fixture
	return target{
		name: name, program: "ailleurs", ready: "/",
		host: origin,
		fill: func(ctx context.Context, dir string) (err error) {
			data, keys := place(dir)
			n := amounts{calls: s.calls, cases: s.calls, members: s.members, submits: submissions, answers: proposals}
			switch {
			case name == smallHub:
				n.submits, n.answers = 0, 0
			case s.calls < 50_000: // a smaller hub, measured for less long
				n.submits, n.answers = submissions/3, proposals/2
			}
			f, err = build(ctx, hub.Config{Data: data, Keys: keys, Origin: "http://localhost:8080"}, n)
			return err
		},
		args: func(addr, dir string) []string {
			data, keys := place(dir)
			args := []string{"serve", "--alert-command", "/bin/true", "--addr", addr, "--origin", "http://" + origin(addr), "--data", data}
			if keys != "" {
				args = append(args, "--keys", keys)
			}
			return args
		},
		login: func(ctx context.Context, p *server) ([]string, error) { return signInAll(ctx, p, f.papers) },
		tasks: func() []task {
			page := func(name string, of []asked) task {
				return task{name, 200, 0, func(n int, who []string) request {
					a := of[n*stride%len(of)]
					return request{method: "GET", path: a.path, header: who[a.as]}
				}}
			}
			once := func(name string, of []posted) task {
				return task{name, 200, len(of), func(n int, who []string) request { return post(of[n], who) }}
			}
			all := []task{
				page(openCall, f.threads), page(openCase, f.cases),
				{inbox, 200, 0, func(n int, who []string) request {
					return request{method: "GET", path: "/travail?liste=recues", header: who[n%len(who)]}
				}},
			}
			if len(f.submit) > 0 {
				all = append(all, once(submit, f.submit), once(hold, f.answers),
					task{prove, 200, 0, func(n int, who []string) request { return post(f.proofs[n*stride%len(f.proofs)], who) }})
			}
			return all
		},
	}
}

// origin is the name under which passkeys and cookies work on this machine.
func origin(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return "localhost:" + port
}

func post(p posted, who []string) request {
	return request{method: "POST", path: p.path, header: who[p.as] + "Content-Type: application/json\r\n", body: p.body}
}

// signInAll signs everyone in with their paper codes, as their browsers would, each from a network of their own.
func signInAll(ctx context.Context, p *server, papers []string) ([]string, error) {
	who := make([]string, len(papers))
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		fault error
	)
	for i, code := range papers {
		all.Go(func() {
			cookie, err := signIn(ctx, p, code, net.IPv4(127, 0, byte(i+1), 1))
			mu.Lock()
			defer mu.Unlock()
			who[i], fault = "Cookie: "+cookie+"\r\nAccept-Encoding: gzip\r\nAccept-Language: fr\r\n", errors.Join(fault, err)
		})
	}
	all.Wait()
	return who, fault
}

// signIn returns the cookie of a session begun with a paper code.
func signIn(ctx context.Context, p *server, code string, from net.IP) (string, error) {
	paper, err := vault.NewPaperSignIn(code)
	if err != nil {
		return "", err
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", p.addr)
		},
	}}
	defer client.CloseIdleConnections()
	ask := func(path string, in, out any) (*http.Response, error) {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.host+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s: %.300s %w", path, resp.Status, answer, err)
		}
		return resp, json.Unmarshal(answer, out)
	}
	var asked struct {
		Challenge string             `json:"challenge"`
		Statement ailleurs.Statement `json:"statement"`
	}
	if _, err := ask("/entrer/papier/debut", map[string][]byte{"lookup": paper.Lookup()}, &asked); err != nil {
		return "", err
	}
	asked.Statement.At = time.Now().UTC()
	signed, err := paper.Sign(asked.Statement)
	if err != nil {
		return "", err
	}
	var ignored struct{}
	resp, err := ask("/entrer/papier/fin", map[string]any{"challenge": asked.Challenge, "signed": signed}, &ignored)
	if err != nil {
		return "", err
	}
	for _, c := range resp.Cookies() {
		return c.Name + "=" + c.Value, nil
	}
	return "", errors.New("no cookie after signing in")
}
