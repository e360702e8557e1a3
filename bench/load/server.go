package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A server is a running process under measurement.
type server struct {
	addr    string
	host    string // as requests name it
	others  func() []int
	started time.Duration
	cmd     *exec.Cmd
	said    *bytes.Buffer
}

// startServer starts program on a free port of the loopback and waits until t.ready answers.
func startServer(ctx context.Context, program string, t target, dir string, patience time.Duration) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	p := &server{addr: addr, host: addr, others: t.others, cmd: exec.CommandContext(ctx, program, t.args(addr, dir)...), said: new(bytes.Buffer)}
	if t.host != nil {
		p.host = t.host(addr)
	}
	p.cmd.Env = append(os.Environ(), t.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	// A stopped measurement must leave nothing running.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for wait := time.Millisecond; time.Since(began) < patience; time.Sleep(wait) {
		if resp, err := http.Get("http://" + p.host + t.ready); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				p.started = time.Since(began)
				http.DefaultClient.CloseIdleConnections()
				return p, nil
			}
		}
		if time.Since(began) > time.Second {
			wait = 50 * time.Millisecond
		}
		if ctx.Err() != nil {
			break
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s did not answer within %v:\n%s", program, patience, p.said)
}

func (p *server) stop() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Signal(os.Interrupt)
		killed := time.AfterFunc(10*time.Second, func() { p.cmd.Process.Kill() })
		p.cmd.Wait()
		killed.Stop()
	}
}

// clockTicks is USER_HZ, the unit of /proc/<pid>/stat: 100 on every Linux platform that Go supports.
const clockTicks = 100

// processor returns the time that the process and those that work for it have spent, user and system.
func (p *server) processor() (time.Duration, error) {
	total, err := spent(p.cmd.Process.Pid)
	if err != nil || p.others == nil {
		return total, err
	}
	for _, pid := range p.others() {
		t, err := spent(pid)
		if err != nil {
			continue // a process that has ended counts with its parent
		}
		total += t
	}
	return total, nil
}

// spent is the time of a process and of its children that have ended: fields 14 to 17 of /proc/<pid>/stat.
func spent(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in brackets and may hold spaces.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	ticks := int64(0)
	for _, f := range fields[11:15] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("unexpected /proc stat line %q", b)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks, nil
}

// resident returns the resident bytes of the process, 0 where the system does not say.
func (p *server) resident() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kilobytes, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	return kilobytes << 10
}
