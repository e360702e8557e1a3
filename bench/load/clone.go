package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A hundred thousand interpellations are not sealed one by one: some are made by the use cases with real keys, and the
// others are copies of their rows under new identifiers, with the people of other towns in the places of theirs. What the
// hub reads, checks and journals of a copy is what it reads of an original; only its contents could not be opened.

// caseTables are the tables that hold a case, parents before children, with the columns to copy.
var caseTables = []struct{ name, columns, where string }{
	{"dossier", `id, member_id, state, since, deadline_at, resumes, speed, round, ring, call_id, lead_id, second_id, signatory_id, checker1_id,
		checker2_id, retained_id, host_id, host_lead_id, host_second_id, arrived_at, fled, outcome, call_back_on`, "id = $1"},
	{"compartment_key", "case_id, compartment, thread_id, epoch, recipient, by_id, at", "case_id = $1"},
	{"body", "id, case_id, compartment, thread_id, epoch, seq, prev, hash, author_id, at, format, data, erased_at", "case_id = $1"},
	{"envelope", `id, case_id, compartment, thread_id, epoch, for_id, key_epoch, part, member_id, call_id, ring, by_id, at, expires_at, format,
		data, destroyed_at`, "case_id = $1"},
	{"call", "id, case_id, round, sheet, digest, by_id, at, ended_at", "case_id = $1"},
	{"thread", `id, call_id, case_id, member_id, ring, state, since, round, lead_id, second_id, signatory_id, opened_at, deadline_at, study_until,
		replied_at, release_at`, "case_id = $1"},
	{"statement", "id, case_id, purpose, subject, digest, by_id, part, at, signed", "case_id = $1"},
}

const (
	inboxColumns = "agent_id, case_id, thread_id, part, side, task, state, speed, due_at, changed_at, seen_at"
	jobColumns   = "key, kind, subject, detail, run_at, scheduled_at, attempts, leased_until, lease, fault, parked_at"
)

// rows are values of a table with the names of their columns.
type rows struct {
	table   string
	columns []string
	values  [][]any
}

func read(tx *store.Tx, table, columns, where string, args ...any) (rows, error) {
	r := rows{table: table}
	for c := range strings.SplitSeq(columns, ",") {
		r.columns = append(r.columns, strings.TrimSpace(c))
	}
	err := tx.Each(func(row []any) error {
		r.values = append(r.values, slices.Clone(row))
		return nil
	}, "SELECT "+columns+" FROM "+table+" WHERE "+where, args...)
	return r, err
}

// names are the identifiers of a copy by those of the original.
type names map[string]string

// in writes the new identifiers in the place of the old ones: whole runs of the 26 letters and digits of an identifier.
func (m names) in(s string) string {
	const length = 26
	if len(s) < length {
		return s
	}
	if to, ok := m[s]; ok {
		return to
	}
	var b []byte
	written := 0
	for i := 0; i < len(s); i++ {
		start := i
		for i < len(s) && (s[i] >= 'A' && s[i] <= 'Z' || s[i] >= '2' && s[i] <= '7') {
			i++
		}
		if i-start != length {
			continue
		}
		if to, ok := m[s[start:i]]; ok {
			b = append(append(b, s[written:start]...), to...)
			written = i
		}
	}
	if written == 0 {
		return s
	}
	return string(append(b, s[written:]...))
}

// changes is the nth row with other names in it.
func (r rows) changes(n int, to names) store.Changes {
	out := make(store.Changes, len(r.columns))
	for i, c := range r.columns {
		switch v := r.values[n][i].(type) {
		case string:
			out[c] = to.in(v)
		case []byte:
			if c == "signed" {
				out[c] = []byte(to.in(string(v)))
			} else {
				out[c] = v
			}
		default:
			out[c] = v
		}
	}
	return out
}

// insert writes the rows into a table that the journal does not follow.
func (r rows) insert(tx *store.Tx, to names) error {
	marks := make([]string, len(r.columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	text := "INSERT INTO " + r.table + " (" + strings.Join(r.columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	for n := range r.values {
		row := r.changes(n, to)
		args := make([]any, len(r.columns))
		for i, c := range r.columns {
			args[i] = row[c]
		}
		if _, err := tx.Exec(text, args...); err != nil {
			return err
		}
	}
	return nil
}

// A town is a member and its three people: lead, second, signatory.
type town struct {
	Member ailleurs.MemberID
	People [3]ailleurs.AgentID
}

func (t town) ids() []string {
	return []string{string(t.Member), string(t.People[0]), string(t.People[1]), string(t.People[2])}
}

// A pattern is a case that was made by the use cases, read to be copied.
type pattern struct {
	case_  ailleurs.CaseID
	towns  []town // the origin, then who was called
	facts  []rows
	inbox  rows
	jobs   rows
	events []happened
	ids    []string // of the case, its call, its threads: new in each copy
}

// happened is what an event of the journal says, without the rows it names.
type happened struct {
	Kind    string            `json:"kind"`
	Actor   ailleurs.AgentID  `json:"actor"`
	Member  ailleurs.MemberID `json:"member"`
	Subject string            `json:"subject"`
	Detail  json.RawMessage   `json:"detail"`
}

// readPattern reads a case; without content, what is sealed stays behind, as in a case that has ended long ago.
func readPattern(tx *store.Tx, id ailleurs.CaseID, towns []town, content bool) (pattern, error) {
	p := pattern{case_: id, towns: towns, ids: []string{string(id)}}
	for _, t := range caseTables {
		if !content && (t.name == "body" || t.name == "envelope") {
			continue
		}
		r, err := read(tx, t.name, t.columns, t.where, id)
		if err != nil {
			return p, err
		}
		p.facts = append(p.facts, r)
		if t.name == "call" || t.name == "thread" {
			for _, v := range r.values {
				p.ids = append(p.ids, v[0].(string))
			}
		}
	}
	var err error
	if p.inbox, err = read(tx, "inbox", inboxColumns, "case_id = $1", id); err != nil {
		return p, err
	}
	p.jobs = rows{table: "job"}
	for _, subject := range p.ids {
		r, err := read(tx, "job", jobColumns, "subject = $1", subject)
		if err != nil {
			return p, err
		}
		p.jobs.columns = r.columns
		p.jobs.values = append(p.jobs.values, r.values...)
	}
	texts, err := store.All[string](tx, "SELECT event FROM journal_entry WHERE case_id = $1 ORDER BY idx", id)
	if err != nil {
		return p, err
	}
	for _, text := range texts {
		var e happened
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return p, err
		}
		p.events = append(p.events, e)
	}
	return p, nil
}

// copyTo writes the case once more, for other towns.
func (p pattern) copyTo(tx *store.Tx, towns []town, at time.Time) error {
	to := make(names)
	for _, id := range p.ids {
		to[id] = rand.Text() // the form of an identifier of the hub
	}
	for i, t := range p.towns {
		for j, id := range t.ids() {
			to[id] = towns[i].ids()[j]
		}
	}
	for _, r := range p.facts {
		for n := range r.values {
			if err := tx.Insert(r.table, r.changes(n, to)); err != nil {
				return err
			}
		}
	}
	for _, r := range []rows{p.inbox, p.jobs} {
		if err := r.insert(tx, to); err != nil {
			return err
		}
	}
	for _, e := range p.events {
		event := journal.Event{
			Kind: e.Kind, At: at, Actor: ailleurs.AgentID(to.in(string(e.Actor))), Member: ailleurs.MemberID(to.in(string(e.Member))),
			Case: ailleurs.CaseID(to.in(string(p.case_))), Subject: to.in(e.Subject),
		}
		if e.Detail != nil {
			event.Detail = json.RawMessage(to.in(string(e.Detail)))
		}
		if _, err := journal.Append(tx, event); err != nil {
			return err
		}
	}
	return nil
}

// copyTown writes the member of a pattern and its people once more, for another commune.
func copyTown(tx *store.Tx, from town, code string, at time.Time) (town, error) {
	made := town{Member: ailleurs.NewID[ailleurs.MemberID]()}
	to := names{string(from.Member): string(made.Member)}
	for i := range made.People {
		made.People[i] = ailleurs.NewID[ailleurs.AgentID]()
		to[string(from.People[i])] = string(made.People[i])
	}
	put := func(table, columns, where string, id any, set store.Changes) error {
		r, err := read(tx, table, columns, where, id)
		if err != nil {
			return err
		}
		for n := range r.values {
			row := r.changes(n, to)
			for c, v := range set {
				row[c] = v
			}
			if email, ok := row["email"].(string); ok {
				row["email"] = row["id"].(string) + "@" + email[strings.IndexByte(email, '@')+1:]
			}
			if err := tx.Insert(table, row); err != nil {
				return err
			}
		}
		return nil
	}
	err := put("member", "id, kind, name, proposed_at, charter_at, admitted_at, lead_id, second_id, signatory_id, register_idx", "id = $1", from.Member,
		store.Changes{"code": code})
	if err != nil {
		return made, err
	}
	for _, agent := range from.People {
		err := put("agent", "id, member_id, name, email, lang, notices, pace, created_at, active_at", "id = $1", agent, nil)
		if err != nil {
			return made, err
		}
		if err := put("agent_role", "agent_id, member_id, role, since, register_idx", "agent_id = $1", agent, nil); err != nil {
			return made, err
		}
		err = put("agent_key", "agent_id, epoch, recipient, verifier, made_at, confirmed_at, register_idx", "agent_id = $1", agent, nil)
		if err != nil {
			return made, err
		}
	}
	_, err = journal.Append(tx, journal.Event{Kind: "member.admitted", At: at, Member: made.Member})
	return made, err
}

// inBatches runs do for 0 to n-1, some hundred to a transaction.
func inBatches(ctx context.Context, db *store.DB, n int, do func(tx *store.Tx, i int) error) error {
	const batch = 200
	for from := 0; from < n; from += batch {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				if err := do(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
