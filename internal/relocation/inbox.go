package relocation

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// The sides of an inbox.
const (
	sideSent     = "sent"
	sideReceived = "received"
	sideClosed   = "closed"
)

// noDue sorts behind every instant.
var noDue = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

type inboxRow struct {
	Agent   ailleurs.AgentID  `db:"agent_id"`
	Case    ailleurs.CaseID   `db:"case_id"`
	Thread  ailleurs.ThreadID `db:"thread_id"`
	Part    ailleurs.Part     `db:"part"`
	Side    string            `db:"side"`
	Task    Task              `db:"task"`
	State   string            `db:"state"`
	Speed   ailleurs.Speed    `db:"speed"`
	Due     time.Time         `db:"due_at"`
	Changed time.Time         `db:"changed_at"`
	Seen    time.Time         `db:"seen_at"`
}

const selectInbox = "SELECT agent_id, case_id, thread_id, part, side, task, state, speed, due_at, changed_at, seen_at FROM inbox "

// key tells rows apart.
func (r inboxRow) key() [3]string {
	return [3]string{string(r.Agent), string(r.Thread), string(r.Part)}
}

// tend rewrites the inbox rows of the case: only what changed is written.
func (u *unit) tend() error {
	want, err := u.rows()
	if err != nil {
		return err
	}
	have, err := store.All[inboxRow](u.tx, selectInbox+"WHERE case_id = $1", u.c.ID)
	if err != nil {
		return err
	}
	before := make(map[[3]string]inboxRow, len(have))
	for _, r := range have {
		before[r.key()] = r
	}
	for _, r := range want {
		old, ok := before[r.key()]
		delete(before, r.key())
		r.Changed, r.Seen = old.Changed, old.Seen
		if ok && r == old {
			continue
		}
		r.Changed = u.at
		if r.Agent == u.by.Agent {
			r.Seen = u.at
		}
		if r.Side == sideClosed {
			r.Due = r.Changed
			if ok && old.Side == sideClosed {
				continue
			}
		}
		_, err := u.tx.Exec(`INSERT INTO inbox (agent_id, case_id, thread_id, part, side, task, state, speed, due_at, changed_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (agent_id, case_id, thread_id, part) DO UPDATE SET side = excluded.side, task = excluded.task, state = excluded.state,
			speed = excluded.speed, due_at = excluded.due_at, changed_at = excluded.changed_at, seen_at = excluded.seen_at`,
			r.Agent, r.Case, r.Thread, r.Part, r.Side, r.Task, r.State, r.Speed, r.Due, r.Changed, r.Seen)
		if err != nil {
			return err
		}
	}
	for _, r := range before { // who plays no part any more
		if _, err := u.tx.Exec("DELETE FROM inbox WHERE agent_id = $1 AND case_id = $2 AND thread_id = $3 AND part = $4",
			r.Agent, r.Case, r.Thread, r.Part); err != nil {
			return err
		}
	}
	return nil
}

// rows are what everyone who plays a part finds in their inbox.
func (u *unit) rows() ([]inboxRow, error) {
	threads, err := u.all()
	if err != nil {
		return nil, err
	}
	c := u.c
	var out []inboxRow
	add := func(agent ailleurs.AgentID, part ailleurs.Part, side string, task Task, due time.Time) {
		if agent == "" {
			return
		}
		if c.State.Ended() {
			side, task = sideClosed, ""
			if part == ailleurs.OriginLead && u.callsBack() {
				side, task, due = sideSent, TaskCallBack, c.CallBack.Time()
			}
		}
		if due.IsZero() {
			due = noDue
		}
		out = append(out, inboxRow{Agent: agent, Case: c.ID, Part: part, Side: side, Task: task, State: string(c.State), Speed: c.Speed, Due: due})
	}
	tasks, dues, err := u.tasks(threads)
	if err != nil {
		return nil, err
	}
	for _, p := range []struct {
		agent ailleurs.AgentID
		part  ailleurs.Part
		side  string
	}{
		{c.Lead, ailleurs.OriginLead, sideSent},
		{c.Second, ailleurs.OriginSecond, sideSent},
		{c.Signatory, ailleurs.OriginSignatory, sideSent},
		{c.Checker1, ailleurs.Checker, sideReceived},
		{c.Checker2, ailleurs.Checker, sideReceived},
		{c.HostLead, ailleurs.HostLead, sideReceived},
		{c.HostSecond, ailleurs.HostSecond, sideReceived},
	} {
		due, ok := dues[p.part]
		if !ok {
			due = c.Deadline
		}
		add(p.agent, p.part, p.side, tasks[p.part], due)
	}
	for _, t := range threads {
		if t.State == ailleurs.Retained { // the host's own rows say it
			continue
		}
		for _, r := range addressees(t) {
			row := inboxRow{
				Agent: r.agent, Case: c.ID, Thread: t.ID, Part: r.part, Side: sideReceived, State: string(t.State), Speed: c.Speed, Due: t.Deadline,
			}
			if !t.State.Live() && (t.State != ailleurs.Declined || !u.answerable()) {
				row.Side, row.Due = sideClosed, noDue
			} else if row.Task, err = u.threadTask(t, r.part); err != nil {
				return nil, err
			}
			if row.Task == "" && row.Side != sideClosed {
				row.Due = noDue
			}
			out = append(out, row)
		}
	}
	return out, nil
}

// callsBack reports whether the origin has promised to call the person back and still holds what it takes.
func (u *unit) callsBack() bool {
	return u.c.State == ailleurs.Expired && u.c.CallBack != "" && u.at.Before(u.c.Since.Add(ailleurs.ExpiredKept))
}

// answerable reports whether answers may still come.
func (u *unit) answerable() bool {
	return u.c.State == ailleurs.Calling || u.c.State == ailleurs.Choosing
}

// threadTask is what a thread waits for from one of its three people.
func (u *unit) threadTask(t *thread, part ailleurs.Part) (Task, error) {
	if !u.answerable() {
		return "", nil
	}
	if u.c.Retained == t.ID {
		if part == ailleurs.AddresseeLead {
			return TaskWelcome, nil
		}
		return "", nil
	}
	if !t.State.Open() {
		return "", nil
	}
	a, ok, err := u.answerOf(t)
	if err != nil {
		return "", err
	}
	signatory := part == ailleurs.AddresseeSignatory
	switch {
	case ok && a.awaitsSignatory() && signatory:
		return TaskOffer, nil
	case !ok && !signatory:
		return TaskAnswer, nil
	}
	return "", nil
}

// tasks are what the case waits for from each part, and by when where that is not the case's own deadline.
func (u *unit) tasks(threads []*thread) (map[ailleurs.Part]Task, map[ailleurs.Part]time.Time, error) {
	tasks, dues := make(map[ailleurs.Part]Task), make(map[ailleurs.Part]time.Time)
	c := u.c
	signed := func(p ailleurs.Purpose) (map[ailleurs.Part]ailleurs.AgentID, error) {
		call, _, err := u.call()
		if err != nil {
			return nil, err
		}
		return u.signers(p, string(call.ID), call.Digest)
	}
	switch c.State {
	case ailleurs.Draft:
		tasks[ailleurs.OriginLead] = TaskSubmit
	case ailleurs.Endorsing:
		attested, err := signed(ailleurs.ToAttest)
		if err != nil {
			return nil, nil, err
		}
		called, err := signed(ailleurs.ToCall)
		if err != nil {
			return nil, nil, err
		}
		if attested[ailleurs.OriginSecond] == "" {
			tasks[ailleurs.OriginSecond] = TaskAttest
		}
		if called[ailleurs.OriginSignatory] == "" {
			tasks[ailleurs.OriginSignatory] = TaskSign
		}
	case ailleurs.Checking:
		tasks[ailleurs.Checker] = TaskCheck
	case ailleurs.Calling:
		if c.Speed == ailleurs.Imminent {
			checked, err := signed(ailleurs.ToCheck)
			if err != nil {
				return nil, nil, err
			}
			if len(checked) == 0 {
				tasks[ailleurs.Checker] = TaskCheck
			}
		}
		for _, t := range threads {
			asks, err := u.question(t)
			if err != nil {
				return nil, nil, err
			}
			switch {
			case asks:
				tasks[ailleurs.OriginLead] = TaskReply
			case u.redirects(t) && tasks[ailleurs.OriginLead] == "":
				tasks[ailleurs.OriginLead] = TaskRedirect
			}
		}
		pending, err := u.pendingAdditions()
		if err != nil {
			return nil, nil, err
		}
		for _, a := range pending {
			by, err := u.signers(ailleurs.ToAdd, string(a.Call), a.Digest)
			if err != nil {
				return nil, nil, err
			}
			for _, p := range []ailleurs.Part{ailleurs.OriginSecond, ailleurs.Checker} {
				if by[p] == "" && tasks[p] == "" {
					tasks[p] = TaskAdd
				}
			}
		}
	case ailleurs.Choosing:
		if c.Retained == "" {
			tasks[ailleurs.OriginLead] = TaskChoose
		}
	case ailleurs.Preparing:
		granted, err := u.granted()
		if err != nil {
			return nil, nil, err
		}
		if granted {
			tasks[ailleurs.HostLead] = TaskPlan
		} else {
			tasks[ailleurs.OriginLead] = TaskHandOver
		}
	case ailleurs.Travelling:
		tasks[ailleurs.HostLead] = TaskArrive
		j, ok, err := u.underway()
		if err != nil {
			return nil, nil, err
		}
		if ok {
			dues[ailleurs.HostLead] = j.RingAt
		}
	case ailleurs.Following:
		all, err := u.followups()
		if err != nil {
			return nil, nil, err
		}
		left := false
		for _, f := range all {
			if !f.Done.IsZero() {
				continue
			}
			left = true
			if !u.at.Before(f.Due) {
				tasks[ailleurs.HostLead], tasks[ailleurs.HostSecond] = TaskFollowUp, TaskFollowUp
			}
			dues[ailleurs.HostLead], dues[ailleurs.HostSecond] = f.Deadline, f.Deadline
			break
		}
		if !left {
			tasks[ailleurs.HostLead] = TaskClose
		}
		if err := u.keepTasks(tasks); err != nil {
			return nil, nil, err
		}
	case ailleurs.Compromised:
		lead, _ := ailleurs.Keepers(c.Resumes)
		tasks[lead] = TaskNewRing
	case ailleurs.Suspended:
		dues[ailleurs.OriginLead], dues[ailleurs.OriginSecond] = noDue, noDue
	case ailleurs.Closed, ailleurs.Diverted, ailleurs.Expired, ailleurs.Withdrawn:
	}
	if tasks[ailleurs.OriginLead] == "" && !c.State.Before(ailleurs.Checking) && !c.State.Ended() {
		renew, err := u.renew(ailleurs.OriginLead)
		if err != nil {
			return nil, nil, err
		}
		if len(renew) > 0 {
			tasks[ailleurs.OriginLead] = TaskNewKey
		}
	}
	return tasks, dues, nil
}

// inboxPage is how many rows a page holds.
const inboxPage = 20

// Inbox is one page of one tab of what the actor, and those they stand in for, find, with the counts of all tabs. after is
// the Next of the page before; empty for the first.
func (e *Exchange) Inbox(ctx context.Context, by ailleurs.Actor, tab Tab, after string, at time.Time) (Inbox, error) {
	in := Inbox{Counts: make(map[Tab]int, len(Tabs))}
	from, err := parseCursor(after)
	if err != nil {
		return in, err
	}
	at = instant(at)
	err = e.db.View(ctx, func(tx *store.Tx) error {
		u := e.unit(ctx, tx, by, at)
		if err := u.standIns(); err != nil {
			return err
		}
		var who []any
		for _, a := range u.selves() {
			who = append(who, a)
		}
		mine := "agent_id IN (" + list(1, len(who)) + ")"
		if err := in.count(tx, who, at); err != nil {
			return err
		}
		where, descending := "", false
		switch tab {
		case ToDo:
			where = " AND task <> ''"
		case Received:
			where = " AND side = '" + sideReceived + "'"
		case SentOut:
			where = " AND side = '" + sideSent + "'"
		case Overdue:
			who = append(who, at)
			where = " AND side <> '" + sideClosed + "' AND due_at < $" + strconv.Itoa(len(who))
		case Ended:
			where, descending = " AND side = '"+sideClosed+"'", true
		default:
			return ailleurs.Refuse("inbox.unknown_tab", "tab")
		}
		order, comes := "", " > "
		if descending {
			order, comes = " DESC", " < "
		}
		if after != "" {
			n := len(who)
			who = append(who, from[0], from[1], from[2], from[3])
			where += " AND (due_at, case_id, thread_id, part)" + comes + "(" + list(n+1, 4) + ")"
		}
		rows, err := store.All[Row](tx, `SELECT case_id, thread_id, part, task, state, speed, due_at, changed_at, seen_at FROM inbox
			WHERE `+mine+where+" ORDER BY due_at"+order+", case_id"+order+", thread_id"+order+", part"+order+
			" LIMIT "+strconv.Itoa(inboxPage+1), who...)
		if err != nil {
			return err
		}
		if len(rows) > inboxPage {
			rows = rows[:inboxPage]
			in.Next = cursor(rows[inboxPage-1])
		}
		for i := range rows {
			if rows[i].Due.Equal(noDue) || tab == Ended {
				rows[i].Due = time.Time{}
			}
		}
		in.Rows = rows
		return nil
	})
	return in, err
}

// count fills the counts of all tabs in one query; placeholders of the agents start at $2.
func (in *Inbox) count(tx *store.Tx, who []any, at time.Time) error {
	rows, err := tx.Query(`SELECT side, count(*), sum(CASE WHEN task <> '' THEN 1 ELSE 0 END), sum(CASE WHEN due_at < $1 THEN 1 ELSE 0 END)
		FROM inbox WHERE agent_id IN (`+list(2, len(who))+") GROUP BY side", append([]any{at}, who...)...)
	if err != nil {
		return err
	}
	for rows.Next() {
		var side string
		var all, todo, late int
		if err := rows.Scan(&side, &all, &todo, &late); err != nil {
			return err
		}
		in.Counts[ToDo] += todo
		switch side {
		case sideSent:
			in.Counts[SentOut] = all
		case sideReceived:
			in.Counts[Received] = all
		case sideClosed:
			in.Counts[Ended] = all
			continue
		}
		in.Counts[Overdue] += late
	}
	return nil
}

func cursor(r Row) string {
	due := store.FormatTime(r.Due)
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{due, string(r.Case), string(r.Thread), string(r.Part)}, "|")))
}

func parseCursor(s string) ([4]string, error) {
	var out [4]string
	if s == "" {
		return out, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	parts := strings.Split(string(text), "|")
	if err != nil || len(parts) != 4 {
		return out, ailleurs.Refuse("inbox.bad_cursor", "after")
	}
	copy(out[:], parts)
	return out, nil
}
