package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A request is what a task sends.
type request struct {
	method, path, header string // header: one or more complete lines, each ended by CRLF
	body                 []byte
}

// A sequence counts the requests of a task over warm-up and measurement, so that none is sent twice.
type sequence struct {
	next atomic.Int64
	most int64 // 0 for no end
}

// take returns the next number, or false when there are no more.
func (s *sequence) take() (int, bool) {
	n := s.next.Add(1)
	if s.most > 0 && n > s.most {
		s.next.Add(-1)
		return 0, false
	}
	return int(n - 1), true
}

// drive sends a task's requests over keep-alive connections for the time given, or until there are no more. It speaks
// HTTP/1.1 over bare sockets, so that the generator takes as little of the shared processors as it can.
func drive(ctx context.Context, p *server, t task, who []string, s *sequence, connections int, d time.Duration) (row, error) {
	before, err := p.processor()
	if err != nil {
		return row{}, err
	}
	var (
		mu     sync.Mutex
		took   []time.Duration
		failed int
		fault  error
		owners sync.WaitGroup
	)
	began := time.Now()
	for range connections {
		owners.Go(func() {
			mine, bad, err := converse(ctx, p, t, who, s, began.Add(d))
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			failed += bad
			if err != nil {
				fault = err
			}
		})
	}
	owners.Wait()
	elapsed := time.Since(began)
	after, err := p.processor()
	if err := errors.Join(fault, err); err != nil {
		return row{}, err
	}
	if len(took) == 0 {
		return row{}, fmt.Errorf("no request was answered with %d, %d otherwise", t.want, failed)
	}
	slices.Sort(took)
	return row{
		perSecond: float64(len(took)) / elapsed.Seconds(),
		cpu:       (after - before) / time.Duration(len(took)+failed),
		median:    took[len(took)/2],
		p99:       took[len(took)*99/100],
		failed:    failed,
	}, nil
}

// converse sends requests on one connection until the end, and returns how long each answer took.
func converse(ctx context.Context, p *server, t task, who []string, s *sequence, end time.Time) (took []time.Duration, failed int, err error) {
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	var out bytes.Buffer
	for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
		n, ok := s.take()
		if !ok {
			break
		}
		r := t.next(n, who)
		out.Reset()
		out.WriteString(r.method + " " + r.path + " HTTP/1.1\r\nHost: " + p.host + "\r\n" + r.header)
		if r.body != nil {
			out.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
		}
		out.WriteString("\r\n")
		out.Write(r.body)
		now = time.Now() // what the generator does is not the server's
		if _, err := conn.Write(out.Bytes()); err != nil {
			return took, failed, err
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, failed, err
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return took, failed, err
		}
		resp.Body.Close()
		then := now
		now = time.Now()
		if resp.StatusCode == t.want {
			took = append(took, now.Sub(then))
			continue
		}
		if failed++; failed > 20 {
			return took, failed, fmt.Errorf("%s %s: %s: %.300s", r.method, r.path, resp.Status, answer)
		}
	}
	return took, failed, nil
}
