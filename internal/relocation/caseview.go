package relocation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Case shows a case to someone who plays a part in it, with what is sealed to them; that they opened it is an event of the
// same transaction. Addressees see their thread instead: for them, as for everyone else, the case is unknown.
func (e *Exchange) Case(ctx context.Context, by ailleurs.Actor, id ailleurs.CaseID, at time.Time) (CaseView, error) {
	var v CaseView
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		u, err := e.look(ctx, tx, by, id, at)
		if err != nil {
			return err
		}
		if v, err = u.caseView(); err != nil {
			return err
		}
		u.opened("case.read", "", v.Sealed)
		if err := u.seen(""); err != nil {
			return err
		}
		return u.finish()
	})
	return v, err
}

// look reads a case to show it: nothing is decided, so nothing is locked.
func (e *Exchange) look(ctx context.Context, tx *store.Tx, by ailleurs.Actor, id ailleurs.CaseID, at time.Time) (*unit, error) {
	u := e.unit(ctx, tx, by, at)
	u.readers = true
	c, err := store.One[dossier](tx, selectDossier+"WHERE id = $1", id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnknown
	}
	if err != nil {
		return nil, err
	}
	u.was, u.c = c, c
	return u, u.standIns()
}

// opened is the event of a read, if anything was handed out.
func (u *unit) opened(kind, subject string, s ailleurs.Sealed) {
	if len(s.Envelopes) == 0 {
		return
	}
	var what []ailleurs.Compartment
	for _, e := range s.Envelopes {
		if !slices.Contains(what, e.Compartment) {
			what = append(what, e.Compartment)
		}
	}
	slices.Sort(what)
	u.say(kind, subject, opened{what})
}

type opened struct {
	Opened []ailleurs.Compartment `json:"opened"`
}

// seen marks the inbox rows of the case, or of one thread, as seen by the actor.
func (u *unit) seen(thread ailleurs.ThreadID) error {
	_, err := u.tx.Exec("UPDATE inbox SET seen_at = $1 WHERE agent_id = $2 AND case_id = $3 AND thread_id = $4 AND (seen_at IS NULL OR seen_at < changed_at)",
		u.at, u.by.Agent, u.c.ID, thread)
	return err
}

func (u *unit) caseView() (CaseView, error) {
	roles := u.roles()
	if len(roles) == 0 {
		return CaseView{}, errUnknown
	}
	v := CaseView{Case: u.c.rules(), Digest: u.c.rules().Digest(), Part: roles[0].part}
	if roles[0].self != u.by.Agent {
		v.For = roles[0].self
	}
	var sights []sight
	for _, r := range roles {
		sights = append(sights, sight{standing: u.c.rules().Standing(r.part)})
	}
	var err error
	if v.Sealed, err = u.handOut(sights, nil); err != nil {
		return v, err
	}
	threads, err := u.all()
	if err != nil {
		return v, err
	}
	tasks, _, err := u.tasks(threads)
	if err != nil {
		return v, err
	}
	for _, r := range roles {
		if task := tasks[r.part]; task != "" && !u.c.State.Ended() && !slices.Contains(v.Tasks, task) {
			v.Tasks = append(v.Tasks, task)
		}
	}
	if v.Part == ailleurs.OriginLead && u.callsBack() {
		v.Tasks = append(v.Tasks, TaskCallBack)
	}
	for _, fill := range []func(*CaseView) error{u.viewCall, u.viewKnows, u.viewAdditions, u.viewKept, u.viewTails, u.viewThreads, u.viewHost, u.viewSigned, u.viewHistory} {
		if err := fill(&v); err != nil {
			return v, err
		}
	}
	if v.FollowUps, err = u.viewFollowUps(); err != nil {
		return v, err
	}
	if v.Renew, err = u.renew(v.Part); err != nil {
		return v, err
	}
	if len(v.Renew) > 0 && !slices.Contains(v.Tasks, TaskNewKey) {
		v.Tasks = append(v.Tasks, TaskNewKey)
	}
	return u.narrow(v), nil
}

// narrow takes out what the part is not to know: how far the call went, for the host; where the household goes, for the
// élu and the coordination.
func (u *unit) narrow(v CaseView) CaseView {
	switch v.Part {
	case ailleurs.HostLead, ailleurs.HostSecond:
		v.Ring, v.Round, v.Call = 0, 0, ""
	case ailleurs.OriginSignatory, ailleurs.Checker:
		v.Retained, v.Host, v.HostLead, v.HostSecond = "", "", "", ""
	}
	return v
}

func (u *unit) viewCall(v *CaseView) error {
	if u.c.Call == "" || host(v.Part) {
		return nil
	}
	r, s, err := u.call()
	if err != nil {
		return err
	}
	v.Sheet = &CallView{Sheet: s, Digest: r.Digest, By: r.By, At: r.At, Ended: r.Ended}
	return nil
}

func (u *unit) viewKnows(v *CaseView) error {
	if v.Part != ailleurs.OriginLead && v.Part != ailleurs.OriginSecond {
		return nil
	}
	var err error
	v.Knows, err = u.know()
	return err
}

// viewTails shows who starts again where the folders stand whose keys are gone.
func (u *unit) viewTails(v *CaseView) error {
	if !v.HasTask(TaskNewRing) || !host(v.Part) {
		return nil
	}
	var err error
	v.Tails, err = u.tails(ailleurs.Limits, ailleurs.Threat)
	return err
}

func (u *unit) viewThreads(v *CaseView) error {
	if v.Part != ailleurs.OriginLead && v.Part != ailleurs.OriginSecond {
		return nil
	}
	all, err := u.all()
	if err != nil {
		return err
	}
	for _, t := range all {
		line := ThreadLine{ID: t.ID, Member: t.Member, Ring: t.Ring, State: t.State, Since: t.Since, Deadline: t.Deadline, Until: t.Until}
		a, ok, err := u.answerOf(t)
		if err != nil {
			return err
		}
		if ok && !a.awaitsSignatory() {
			answer, err := a.line()
			if err != nil {
				return err
			}
			line.Answer = &answer
			line.Question = a.asks() && t.Replied.IsZero()
			line.Redirect = u.c.State == ailleurs.Calling && u.redirects(t)
			line.Refused = !a.Refused.IsZero()
		}
		v.Threads = append(v.Threads, line)
	}
	return nil
}

func (u *unit) viewHost(v *CaseView) error {
	if !host(v.Part) {
		return nil
	}
	var err error
	if v.Hosts, err = u.hosts(); err != nil {
		return err
	}
	if u.c.Retained != "" {
		t, err := u.thread(u.c.Retained)
		if err != nil {
			return err
		}
		a, ok, err := u.answerOf(t)
		if err != nil {
			return err
		}
		if ok {
			line, err := a.line()
			if err != nil {
				return err
			}
			v.Answer = &line
		}
		if v.Holds, err = u.holdLines(t.ID); err != nil {
			return err
		}
	}
	all, err := u.journeys()
	if err != nil || len(all) == 0 {
		return err
	}
	j := all[len(all)-1]
	v.Journey = &Journey{Departed: j.Departed, RingAt: j.RingAt, Rang: j.Rang, Arrived: j.Arrived, Missed: j.Missed}
	return nil
}

// hosts are the members, other than the one that is host now, that the person said yes to twice and that wrote or granted
// something which is still there to read: clients believe nobody else. A town whose place failed is not among them.
func (u *unit) hosts() ([]ailleurs.MemberID, error) {
	return store.All[ailleurs.MemberID](u.tx, `SELECT DISTINCT t.member_id FROM statement s JOIN thread t ON t.id = s.subject
		WHERE s.case_id = $1 AND s.purpose = $2 AND t.member_id <> $3 AND t.member_id IN (
			SELECT g.member_id FROM agent g JOIN body b ON b.author_id = g.id WHERE b.case_id = $1 AND b.seq > 0 AND b.compartment <> 'answer'
			UNION
			SELECT g.member_id FROM agent g JOIN envelope e ON e.by_id = g.id WHERE e.case_id = $1 AND e.destroyed_at IS NULL AND e.compartment <> 'answer'
		) ORDER BY t.member_id`, u.c.ID, ailleurs.ToWelcome, u.c.Host)
}

func (u *unit) holdLines(id ailleurs.ThreadID) ([]HoldLine, error) {
	return store.All[HoldLine](u.tx, `SELECT h.place_id, p.offer_id, h.case_id, h.thread_id, h.until_at, h.assigned_at
		FROM hold h JOIN place p ON p.id = h.place_id WHERE h.thread_id = $1 AND h.released_at IS NULL ORDER BY h.place_id`, id)
}

func (u *unit) viewFollowUps() ([]FollowUpLine, error) {
	if u.c.Arrived.IsZero() {
		return nil, nil
	}
	all, err := u.followups()
	var out []FollowUpLine
	for _, f := range all {
		out = append(out, FollowUpLine{Day: f.Day, Due: f.Due, Deadline: f.Deadline, Done: f.Done, Light: f.Light})
	}
	return out, err
}

func (u *unit) viewSigned(v *CaseView) error {
	all, err := store.All[StatementLine](u.tx, "SELECT purpose, subject, digest, by_id, part, at, signed FROM statement WHERE case_id = $1 ORDER BY at, id", u.c.ID)
	if err != nil {
		return err
	}
	for _, s := range all {
		if mayKnow(v.Part, s.Subject, u.c) {
			v.Signed = append(v.Signed, s)
		}
	}
	return nil
}

// mayKnow reports whether a part may know of a statement or event about the subject: the host and the coordination learn
// nothing of what other addressees did.
func mayKnow(p ailleurs.Part, subject string, c dossier) bool {
	switch p {
	case ailleurs.OriginLead, ailleurs.OriginSecond:
		return true
	}
	return subject == "" || subject == string(c.ID) || subject == string(c.Call) || host(p) && subject == string(c.Retained)
}

// circleEvents is how many events a case page shows.
const circleEvents = 50

// viewHistory is who opened what and when, for the people who hold the dossier; not for the élu or the coordination.
func (u *unit) viewHistory(v *CaseView) error {
	switch v.Part {
	case ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.HostLead, ailleurs.HostSecond:
	default:
		return nil
	}
	records, err := journal.Events(u.tx, journal.Filter{Case: u.c.ID, Limit: circleEvents})
	if err != nil {
		return err
	}
	for _, r := range records {
		if !mayKnow(v.Part, r.Subject, u.c) || host(v.Part) && strings.HasPrefix(r.Kind, "thread.") {
			continue
		}
		v.History = append(v.History, Event{
			Index: r.Index, Kind: r.Kind, At: r.At, Actor: r.Actor, Member: r.Member, Entry: r.Entry, Salt: r.Salt, Text: r.Text,
		})
	}
	return nil
}

// Cards hands out the sealed cards of up to 20 cases of the actor's inbox, so that the inbox can be read on their own
// machine; it is one read, and one event. Cases that are not theirs are passed over.
func (e *Exchange) Cards(ctx context.Context, by ailleurs.Actor, cases []ailleurs.CaseID, at time.Time) (ailleurs.Sealed, error) {
	var out ailleurs.Sealed
	if len(cases) > inboxPage {
		return out, ailleurs.RefuseAs(ailleurs.TooLarge, "inbox.too_many_cards", "cases", "most", itoa(inboxPage))
	}
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		out = ailleurs.Sealed{}
		var read []ailleurs.CaseID
		for i, id := range cases {
			if slices.Contains(cases[:i], id) {
				continue
			}
			u, err := e.look(ctx, tx, by, id, at)
			if errors.Is(err, errUnknown) {
				continue
			}
			if err != nil {
				return err
			}
			s, err := u.card()
			if err != nil {
				return err
			}
			if len(s.Envelopes) > 0 {
				read = append(read, id)
				out.Keys = append(out.Keys, s.Keys...)
				out.Bodies = append(out.Bodies, s.Bodies...)
				out.Envelopes = append(out.Envelopes, s.Envelopes...)
			}
		}
		if len(read) == 0 {
			return nil
		}
		_, err := journal.Append(tx, journal.Event{
			Kind: "cards.listed", At: instant(at), Actor: by.Agent, Member: by.Member, Detail: listed{read},
		})
		return err
	})
	return out, err
}

type listed struct {
	Cases []ailleurs.CaseID `json:"cases"`
}

// card is the need compartment as far as the actor may see it, as a part of the case or as an addressee who has read it.
func (u *unit) card() (ailleurs.Sealed, error) {
	var sights []sight
	for _, r := range u.roles() {
		sights = append(sights, sight{standing: u.c.rules().Standing(r.part)})
	}
	all, err := u.all()
	if err != nil {
		return ailleurs.Sealed{}, err
	}
	for _, t := range all {
		if t.State == ailleurs.Sent { // a list is not a reading: the thread must be opened first
			continue
		}
		s, err := u.threadSights(t)
		if err != nil {
			return ailleurs.Sealed{}, err
		}
		sights = append(sights, s...)
	}
	if len(sights) == 0 {
		return ailleurs.Sealed{}, nil
	}
	return u.handOut(sights, func(c ailleurs.Compartment) bool { return c == ailleurs.Need })
}
