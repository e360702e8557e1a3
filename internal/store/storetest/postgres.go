package storetest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver

	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// errNotInstalled says that the machine has no PostgreSQL server binaries.
var errNotInstalled = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql); no server in /usr/lib/postgresql/*/bin")

// A Server is one private PostgreSQL server on a unix socket.
type Server struct {
	dir   string // sockets, data and log
	pid   int
	admin *sql.DB
	held  io.WriteCloser // the server lives as long as this pipe is open
	pids  *bufio.Reader  // of each postmaster started, a line

	mu        sync.Mutex
	templates map[string]string
}

// servers are the two of this process: one that forgets to sync, for speed, and one that does not.
var servers [2]struct {
	once   sync.Once
	server *Server
	err    error
}

// server returns the running server, or ends the test, loudly.
func server(t testing.TB, durable bool) *Server {
	t.Helper()
	i := 0
	if durable {
		i = 1
	}
	s := &servers[i]
	s.once.Do(func() { s.server, s.err = StartServer(durable) })
	Missing(t, s.err)
	return s.server
}

// Missing ends the test when a server could not be started: it is skipped, loudly, where PostgreSQL is not installed, and
// fails otherwise, as it does anywhere in CI. Without an error it returns false.
func Missing(t testing.TB, err error) bool {
	t.Helper()
	if errors.Is(err, errNotInstalled) && !inCI() {
		t.Skipf("SKIPPED, THIS ENGINE IS NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return false
}

func postgresDSN(t testing.TB, durable bool, opts store.Options) string {
	t.Helper()
	dsn, drop, err := server(t, durable).database(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	return dsn
}

// Empty makes a database without tables, until the test ends.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	name := "empty_" + strings.ToLower(rand.Text())
	if _, err := s.admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.admin.Exec("DROP DATABASE " + name + " WITH (FORCE)") })
	return s.dsn(name)
}

// StartServer starts a server of its own, as an unprivileged user when run by root. It ends, and its files go, when
// Stop is called or this process ends, however it ends.
func StartServer(durable bool, settings ...string) (*Server, error) {
	if !durable {
		settings = append([]string{"fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=256MB"}, settings...)
	}
	return start(settings, func(run func(name string, args ...string) *exec.Cmd, data string) error {
		init := run("initdb", "-D", data, "-U", "ailleurs", "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
		if out, err := init.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w: %s", err, out)
		}
		return nil
	})
}

// Standby starts a second server that follows s, and returns once s acknowledges nothing that it has not on disk.
func (s *Server) Standby() (*Server, error) {
	second, err := start(nil, func(run func(name string, args ...string) *exec.Cmd, data string) error {
		copy := run("pg_basebackup", "-D", data, "-h", s.dir, "-U", "ailleurs", "-R", "-X", "stream", "-c", "fast")
		if out, err := copy.CombinedOutput(); err != nil {
			return fmt.Errorf("pg_basebackup: %w: %s", err, out)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, text := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if _, err := s.admin.Exec(text); err != nil {
			return nil, errors.Join(err, second.Stop())
		}
	}
	for range 400 {
		var n int
		if err := s.admin.QueryRow("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n); err != nil {
			return nil, errors.Join(err, second.Stop())
		}
		if n == 1 {
			return second, nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the standby does not follow"), second.Stop())
}

// Create makes a database without tables and returns its address.
func (s *Server) Create(name string) (string, error) {
	_, err := s.admin.Exec("CREATE DATABASE " + name)
	return s.dsn(name), err
}

// Admin is a pool of connections to the server's first database.
func (s *Server) Admin() *sql.DB { return s.admin }

// Processes lists the server's, the first of which started the others.
func (s *Server) Processes() []int { return append([]int{s.pid}, children(s.pid)...) }

// start makes a data directory as fill does and starts a server on it.
func start(settings []string, fill func(run func(name string, args ...string) *exec.Cmd, data string) error) (*Server, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(bins) == 0 {
		return nil, errNotInstalled
	}
	slices.SortFunc(bins, func(a, b string) int { return major(a) - major(b) })
	bin := filepath.Dir(bins[len(bins)-1])

	dir, err := os.MkdirTemp(within(slices.Contains(settings, "fsync=off")), "ailleurs-pg-")
	if err != nil {
		return nil, err
	}
	var as *syscall.Credential
	if os.Getuid() == 0 {
		if as, err = unprivileged(); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...) //nolint:gosec // binaries of the system's packages
		cmd.Dir = dir
		cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + dir}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
		return cmd
	}
	err = fill(func(name string, args ...string) *exec.Cmd { return run(filepath.Join(bin, name), args...) }, data)
	if err != nil {
		return nil, err
	}
	args := []string{
		"-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=32MB",
		"-c", "deadlock_timeout=100ms", "-c", "autovacuum=off",
	}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	// The shell outlives us just long enough to stop the server and remove its files: it waits for its standard input to end.
	// A line on it means that the server is dead and has to be started again.
	script := `run() { "$@" </dev/null >>log 2>&1 & echo $!; }
run "$@"; while read -r _; do wait $!; run "$@"; done; kill -QUIT $!; wait $!; cd /; rm -rf "$DIR"`
	cmd := run("/bin/sh", append([]string{"-c", script, "sh", filepath.Join(bin, "postgres")}, args...)...)
	cmd.Env = append(cmd.Env, "DIR="+dir)
	held, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Server{dir: dir, held: held, pids: bufio.NewReader(out), templates: make(map[string]string)}
	if s.admin, err = sql.Open("pgx", s.dsn("postgres")); err != nil {
		return nil, err
	}
	if err := s.await(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// within is where a server's files go: to the machine's memory when nothing has to last and there is room for it, because
// each database is three hundred files, which a disk takes six times as long to make.
func within(volatile bool) string {
	const memory, room = "/dev/shm", 2 << 30
	var fs syscall.Statfs_t
	if volatile && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) > room { //nolint:gosec // block sizes are positive
		return memory
	}
	return ""
}

// await waits until the server that has just been started answers.
func (s *Server) await() error {
	line, err := s.pids.ReadString('\n')
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	for range 1200 {
		if err = s.admin.Ping(); err == nil {
			return nil
		}
		if gone(s.pid) {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return fmt.Errorf("postgres did not start: %w: %s", err, log)
}

// Crash kills every process of the server at once, as kill -9 does, and starts it again on what is on disk.
func (s *Server) Crash() error {
	pids := append(children(s.pid), s.pid)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // so that none sees the others die
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	for _, pid := range pids[:len(pids)-1] { // the shell reaps the last
		for !gone(pid) {
			time.Sleep(time.Millisecond)
		}
	}
	if _, err := io.WriteString(s.held, "again\n"); err != nil {
		return err
	}
	return s.await()
}

// gone reports whether a process has ended; one that only waits to be reaped has.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

// children lists the processes that pid has started.
func children(pid int) (out []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // the state, then the parent
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			out = append(out, child)
		}
	}
	return out
}

// Stop ends the server at once and removes its files.
func (s *Server) Stop() error { return errors.Join(s.admin.Close(), s.held.Close()) }

func (s *Server) dsn(database string) string {
	return "postgres://ailleurs@/" + database + "?host=" + url.QueryEscape(s.dir)
}

// database makes a fresh database with the schema of opts, by copying one that has it.
func (s *Server) database(ctx context.Context, opts store.Options) (dsn string, drop func(), err error) {
	dir := opts.Migrations
	if dir == nil {
		dir = store.Migrations
	}
	hash := sha256.New()
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return "", nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return "", nil, err
		}
		fmt.Fprintf(hash, "%s %d ", name, len(text))
		hash.Write(text)
	}
	key := fmt.Sprintf("%x %v", hash.Sum(nil), opts.Demo)

	s.mu.Lock()
	defer s.mu.Unlock()
	template := s.templates[key]
	if template == "" {
		template = "template_" + strconv.Itoa(len(s.templates))
		if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+template); err != nil {
			return "", nil, err
		}
		made := opts
		made.Volatile, made.Inspect, made.Fault = true, false, nil
		db, err := store.Open(ctx, s.dsn(template), made)
		if err != nil {
			return "", nil, err
		}
		if err := db.Close(); err != nil {
			return "", nil, err
		}
		s.templates[key] = template
	}
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", nil, err
	}
	return s.dsn(name), func() { _, _ = s.admin.Exec("DROP DATABASE " + name + " WITH (FORCE)") }, nil
}

// unprivileged finds a user that PostgreSQL agrees to run as.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// major reads the version out of /usr/lib/postgresql/<version>/bin/initdb.
func major(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}
