// Package mail tells people that something awaits them, and nothing more: one subject, one sentence, one link to the
// entrance. A notice never says what, who, where or which case.
//
//	office, err := mail.New(mail.Config{DB: db, Origin: origin, Sender: mail.SMTP{…}})
//	jobs.Handlers{"notice": func(tx *store.Tx, at time.Time, j jobs.Due) error {
//		return mail.Notice(tx, ailleurs.AgentID(j.Subject), mail.MatterOf(j.Detail), at)
//	}}
//	sent, err := office.Deliver(ctx, at)        // after each run of the jobs
//
// Notices of one agent gather into one e-mail at the next hour of the post: 9 h, 13 h or 17 h in Paris, 9 h for who wants
// one a day, Monday 9 h for who wants one a week. An alert is told at once, whatever the agent prefers.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // the hours are those of Paris on every machine

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A Matter is what a notice is about, as far as preferences care.
type Matter string

// The matters.
const (
	Followed Matter = "followed" // something the agent takes part in
	Other    Matter = "other"    // something of their member's; told to those who want everything
	Alert    Matter = "alert"    // told at once to everyone
)

// MatterOf reads the detail of a job of the kind "notice": {"about": "alert"} or {"about": "other"}; anything else, and no
// detail at all, is followed.
func MatterOf(detail string) Matter {
	var d struct {
		About Matter `json:"about"`
	}
	if json.Unmarshal([]byte(detail), &d) == nil && (d.About == Alert || d.About == Other) {
		return d.About
	}
	return Followed
}

// Subject is the subject of every e-mail.
const Subject = "[Ailleurs] Quelque chose vous attend"

// A Message is one e-mail.
type Message struct {
	To   string
	Lang string // fr or en
	Text string
	At   time.Time
}

// A Sender hands messages to the post.
type Sender interface {
	// Send returns once the post has taken the message. An error means that it may be sent again.
	Send(ctx context.Context, m Message) error
}

// Config is what the office needs; every field is required.
type Config struct {
	DB     *store.DB
	Origin string // of the hub: the link is Origin/entrer
	Sender Sender
}

// An Office sends the notices that are due.
type Office struct{ cfg Config }

// New returns an office, or a refusal that names the field at fault.
func New(cfg Config) (*Office, error) {
	switch {
	case cfg.DB == nil:
		return nil, ailleurs.Refuse("mail.config", "DB")
	case cfg.Origin == "":
		return nil, ailleurs.Refuse("mail.config", "Origin")
	case cfg.Sender == nil:
		return nil, ailleurs.Refuse("mail.config", "Sender")
	}
	return &Office{cfg}, nil
}

// Notice notes, in the caller's unit, that something awaits an agent. Who has left or does not wish to know is told
// nothing; several notices become one e-mail.
func Notice(tx *store.Tx, agent ailleurs.AgentID, about Matter, at time.Time) error {
	type wish struct {
		Scope ailleurs.NoticeScope `db:"notices"`
		Pace  ailleurs.NoticePace  `db:"pace"`
	}
	w, err := store.One[wish](tx, "SELECT notices, pace FROM agent WHERE id = $1 AND revoked_at IS NULL", agent)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	when := at
	if about != Alert {
		if w.Scope == ailleurs.NoticesNone || w.Scope == ailleurs.NoticesFollowed && about == Other {
			return nil
		}
		when = Round(w.Pace, at)
	}
	_, err = tx.Exec(`INSERT INTO notice_waiting (agent_id, since, send_at) VALUES ($1, $2, $3)
		ON CONFLICT (agent_id) DO UPDATE SET send_at = CASE WHEN excluded.send_at < notice_waiting.send_at
		THEN excluded.send_at ELSE notice_waiting.send_at END`, agent, at, when)
	return err
}

// patience is how long a message that was begun belongs to the hub that began it, and how long a refused one rests.
const patience = 10 * time.Minute

// Deliver sends what is due at an instant and returns how many e-mails the post has taken. Those it refuses stay and are
// tried again; the error joins their reasons. Two hubs never send the same one at the same time.
func (o *Office) Deliver(ctx context.Context, at time.Time) (sent int, err error) {
	var faults []error
	for ctx.Err() == nil {
		m, claim, err := o.claim(ctx, at)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return sent, err
		}
		if err := o.cfg.Sender.Send(ctx, m); err != nil {
			faults = append(faults, fmt.Errorf("mail: %w", err))
			continue
		}
		sent++
		if err := o.sent(ctx, claim); err != nil {
			return sent, err
		}
	}
	return sent, errors.Join(faults...)
}

type claim struct {
	Agent ailleurs.AgentID `db:"agent_id"`
	Until time.Time        `db:"send_at"`
}

// claim takes the next message that is due; ErrNotFound when there is none.
func (o *Office) claim(ctx context.Context, at time.Time) (m Message, c claim, err error) {
	err = o.cfg.DB.View(ctx, func(tx *store.Tx) error { // most of the time nothing is due, and looking costs no write
		_, err := store.One[string](tx, "SELECT agent_id FROM notice_waiting WHERE send_at <= $1 LIMIT 1", at)
		return err
	})
	if err != nil {
		return m, c, err
	}
	err = o.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		var err error
		c, err = store.One[claim](tx, `UPDATE notice_waiting SET send_at = $1 WHERE agent_id = (
			SELECT agent_id FROM notice_waiting WHERE send_at <= $2 ORDER BY send_at, agent_id LIMIT 1 FOR UPDATE SKIP LOCKED)
			RETURNING agent_id, send_at`, at.Add(patience), at)
		if err != nil {
			return err
		}
		type address struct {
			Email string `db:"email"`
			Lang  string `db:"lang"`
		}
		a, err := store.One[address](tx, "SELECT email, lang FROM agent WHERE id = $1", c.Agent)
		m = Message{To: a.Email, Lang: a.Lang, Text: o.text(a.Lang), At: at}
		return err
	})
	return m, c, err
}

// sent forgets a message that the post has taken, unless something else awaits the agent since.
func (o *Office) sent(ctx context.Context, c claim) error {
	return o.cfg.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM notice_waiting WHERE agent_id = $1 AND send_at = $2", c.Agent, c.Until)
		return err
	})
}

func (o *Office) text(lang string) string {
	if lang == "en" {
		return "Hello,\n\nSomething awaits you on Ailleurs.\n\n" + o.cfg.Origin + "/entrer\n\n" +
			"This message never says more, and its link signs nobody in. Nobody will ever ask for your codes by e-mail.\n"
	}
	return "Bonjour,\n\nQuelque chose vous attend sur Ailleurs.\n\n" + o.cfg.Origin + "/entrer\n\n" +
		"Ce message n’en dit jamais plus, et son lien ne connecte personne. On ne vous demandera jamais vos codes par e-mail.\n"
}

// Paris is the clock of the post.
var Paris = func() *time.Location {
	l, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // the data is compiled in
	}
	return l
}()

// hours are those of the post.
var hours = []int{9, 13, 17}

// Round is the first round of the post after at that suits the pace.
func Round(pace ailleurs.NoticePace, at time.Time) time.Time {
	local := at.In(Paris)
	for day := 0; ; day++ {
		for _, hour := range hours {
			round := time.Date(local.Year(), local.Month(), local.Day()+day, hour, 0, 0, 0, Paris)
			if !round.After(at) {
				continue
			}
			if pace != ailleurs.AtOnce && hour != hours[0] || pace == ailleurs.Weekly && round.Weekday() != time.Monday {
				continue
			}
			return round
		}
	}
}
