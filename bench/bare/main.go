// Command bare is the yardstick: the least that a program of this kind can do. net/http, one SQLite file, a session check,
// one indexed read, one small page; nothing is sealed, signed, journalled or decided. What the hub costs above it is the
// price of what the hub promises.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"
)

const schema = `
CREATE TABLE session (token TEXT PRIMARY KEY, member TEXT NOT NULL) STRICT;
CREATE TABLE call (id TEXT PRIMARY KEY, member TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, size INTEGER NOT NULL,
	body BLOB NOT NULL) STRICT;
CREATE INDEX call_member ON call (member, at DESC);`

var callPage = template.Must(template.New("call").Parse(`<!doctype html><html lang="fr"><title>Espace de travail</title>
<h1>Interpellation {{.ID}}</h1><dl><dt>État<dd>{{.State}}<dt>Reçue<dd>{{.At}}<dt>Foyer<dd>{{.Size}}</dl>`))

var inboxPage = template.Must(template.New("inbox").Parse(`<!doctype html><html lang="fr"><title>Espace de travail</title>
<h1>À faire</h1><ul>{{range .Counts}}<li>{{.State}} {{.N}}{{end}}</ul><ol>{{range .Calls}}
<li><a href="/call/{{.ID}}">{{.ID}}</a> <span>{{.State}}</span> <time>{{.At}}</time> foyer de {{.Size}}{{end}}</ol>`))

type call struct {
	ID, Member, State, At string
	Size                  int
	Body                  []byte
}

// name returns the identifier of the nth thing of a kind: random-looking, and the same in every run, so that the load
// generator knows it without asking.
func name(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, n))
	return base32.StdEncoding.EncodeToString(sum[:])[:26]
}

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	dir := flag.String("data", ".", "directory of the database")
	calls := flag.Int("calls", 100_000, "interpellations to create in an empty database")
	members := flag.Int("members", 5_000, "members they are spread over")
	group := flag.Bool("group", false, "commit writes in groups")
	flag.Parse()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(*dir, "bare.db")+
		"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		log.Fatal(err)
	}
	if err := seed(db, *calls, *members); err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	h := &hub{db: db, writes: make(chan write, 256)}
	go h.commit(*group)
	for query, at := range map[string]**sql.Stmt{
		`SELECT member FROM session WHERE token = ?`:                                          &h.session,
		`SELECT id, member, state, at, size FROM call WHERE id = ?`:                           &h.read,
		`SELECT id, state, at, size FROM call WHERE member = ? ORDER BY at DESC LIMIT 50`:     &h.list,
		`SELECT state, count(*) FROM call WHERE member = ? GROUP BY state`:                    &h.count,
		`INSERT INTO call (id, member, state, at, size, body) VALUES (?, ?, 'sent', ?, ?, ?)`: &h.insert,
	} {
		if *at, err = db.Prepare(query); err != nil {
			log.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /call/{id}", h.signedIn(h.open))
	mux.HandleFunc("GET /inbox", h.signedIn(h.inbox))
	mux.HandleFunc("POST /calls", h.signedIn(h.create))
	log.Fatal(http.ListenAndServe(*addr, mux))
}

func seed(db *sql.DB, calls, members int) error {
	var there int
	if err := db.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = 'call'`).Scan(&there); err != nil || there > 0 {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(schema); err != nil {
		return err
	}
	for m := range members {
		if _, err := tx.Exec(`INSERT INTO session VALUES (?, ?)`, hash(name("session", m)), name("member", m)); err != nil {
			return err
		}
	}
	states := []string{"sent", "read", "studying", "proposed", "declined"}
	body := make([]byte, 4096)
	for n := range calls {
		rand.Read(body)
		at := time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
		if _, err := tx.Exec(`INSERT INTO call VALUES (?, ?, ?, ?, ?, ?)`,
			name("call", n), name("member", n%members), states[n%len(states)], at, 1+n%5, body); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func hash(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }

type hub struct {
	db                                 *sql.DB
	session, read, list, count, insert *sql.Stmt
	writes                             chan write
}

type handler func(w http.ResponseWriter, r *http.Request, member string) error

func (h *hub) signedIn(next handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var member string
		cookie, err := r.Cookie("session")
		if err == nil {
			err = h.session.QueryRowContext(r.Context(), hash(cookie.Value)).Scan(&member)
		}
		if err != nil {
			http.Error(w, "sign in", http.StatusUnauthorized)
			return
		}
		if err := next(w, r, member); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

func (h *hub) open(w http.ResponseWriter, r *http.Request, member string) error {
	var c call
	row := h.read.QueryRowContext(r.Context(), r.PathValue("id"))
	if err := row.Scan(&c.ID, &c.Member, &c.State, &c.At, &c.Size); err != nil {
		return err
	}
	return callPage.Execute(w, c)
}

func (h *hub) inbox(w http.ResponseWriter, r *http.Request, member string) error {
	type tally struct {
		State string
		N     int
	}
	var view struct {
		Counts []tally
		Calls  []call
	}
	rows, err := h.count.QueryContext(r.Context(), member)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t tally
		if err := rows.Scan(&t.State, &t.N); err != nil {
			return err
		}
		view.Counts = append(view.Counts, t)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if rows, err = h.list.QueryContext(r.Context(), member); err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c call
		if err := rows.Scan(&c.ID, &c.State, &c.At, &c.Size); err != nil {
			return err
		}
		view.Calls = append(view.Calls, c)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return inboxPage.Execute(w, view)
}

func (h *hub) create(w http.ResponseWriter, r *http.Request, member string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		return err
	}
	c := call{ID: rand.Text(), Member: member, At: time.Now().UTC().Format(time.RFC3339), Size: 1, Body: body}
	done := make(chan error, 1)
	h.writes <- write{c, done}
	if err := <-done; err != nil {
		return err
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

type write struct {
	call
	done chan error
}

// commit is the one writer. In groups, it takes what waits (256 at most) into one transaction, and acknowledges after
// COMMIT.
func (h *hub) commit(groups bool) {
	ctx := context.Background()
	for first := range h.writes {
		batch := []write{first}
		for groups && len(batch) < 256 && len(h.writes) > 0 {
			batch = append(batch, <-h.writes)
		}
		err := func() error {
			tx, err := h.db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			insert := tx.StmtContext(ctx, h.insert)
			for _, w := range batch {
				if _, err := insert.ExecContext(ctx, w.ID, w.Member, w.At, w.Size, w.Body); err != nil {
					return err
				}
			}
			return tx.Commit()
		}()
		for _, w := range batch {
			w.done <- err
		}
	}
}
