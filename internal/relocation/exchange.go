package relocation

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// An Exchange runs the use cases. It is safe for use by many goroutines.
type Exchange struct {
	db     *store.DB
	ground *territory.Territory

	// Alarm, unless nil, is called inside the unit that finds a household in danger: a compromise, no arrival, a light
	// that says alert. It rings whoever is on duty.
	Alarm func(tx *store.Tx, id ailleurs.CaseID, level ailleurs.AlertLevel, at time.Time) error
}

// New returns an exchange on a database, with the communes of the given territory.
func New(db *store.DB, ground *territory.Territory) *Exchange {
	return &Exchange{db: db, ground: ground}
}

// A unit is one use case under way in one transaction: the case as it stands, and what goes with it when the unit ends.
type unit struct {
	*Exchange
	ctx context.Context
	tx  *store.Tx
	by  ailleurs.Actor // zero when time acts
	at  time.Time

	was, c     dossier
	stands     []ailleurs.AgentID // absent agents for whom by stands in today
	threads    []*thread          // of the call under way, in the order of their rings; loaded by need
	threadsWas []thread
	loaded     bool
	answers    map[ailleurs.ThreadID][]answerRow // of the case, by round; nil: not read, or written since
	renewed    map[ailleurs.Part][]Grant         // what renew has found, while nothing is decided
	members    map[ailleurs.MemberID]fellow
	tell       map[ailleurs.AgentID]bool
	jobs       []jobs.Job
	kind       string // of the event
	subject    string
	detail     any
	readers    bool // the unit changed nothing but who has read what
}

// instant is how the database keeps time: UTC, microseconds.
func instant(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

// decide runs a use case about one case, once for each key.
func (e *Exchange) decide(ctx context.Context, by ailleurs.Actor, once string, request any, at time.Time, find func(*store.Tx) (ailleurs.CaseID, error), fn func(*unit) error) error {
	_, err := e.once(ctx, by, once, request, at, func(tx *store.Tx) ([]byte, error) {
		id, err := find(tx)
		if err != nil {
			return nil, err
		}
		return nil, e.run(ctx, tx, by, id, at, fn)
	})
	return err
}

// once answers a request that carries a key, and answers it again without doing it again.
func (e *Exchange) once(ctx context.Context, by ailleurs.Actor, once string, request any, at time.Time, fn func(*store.Tx) ([]byte, error)) (answer []byte, err error) {
	if len(once) < 16 || len(once) > 64 {
		return nil, ailleurs.Refuse("once.missing", "once")
	}
	text, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("relocation: request: %w", err)
	}
	digest := sha256.Sum256(text)
	err = e.db.Update(ctx, func(tx *store.Tx) error {
		var again error
		answer, _, again = tx.Once(string(by.Agent)+"/"+once, digest[:], at, func() ([]byte, error) { return fn(tx) })
		return again
	})
	return answer, err
}

// run loads the case under its lock, runs fn, and writes what goes with it.
func (e *Exchange) run(ctx context.Context, tx *store.Tx, by ailleurs.Actor, id ailleurs.CaseID, at time.Time, fn func(*unit) error) error {
	u := e.unit(ctx, tx, by, at)
	if err := u.load(id); err != nil {
		return err
	}
	if err := u.standIns(); err != nil {
		return err
	}
	if err := fn(u); err != nil {
		return err
	}
	return u.finish()
}

func (e *Exchange) unit(ctx context.Context, tx *store.Tx, by ailleurs.Actor, at time.Time) *unit {
	return &unit{
		Exchange: e, ctx: ctx, tx: tx, by: by, at: instant(at),
		members: make(map[ailleurs.MemberID]fellow), tell: make(map[ailleurs.AgentID]bool),
	}
}

var errUnknown = ailleurs.RefuseAs(ailleurs.NotFound, "case.unknown", "")

// load locks the case and reads it.
func (u *unit) load(id ailleurs.CaseID) error {
	if !ailleurs.ValidID(id) {
		return errUnknown
	}
	if err := u.tx.Bump("dossier", id); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return errUnknown
		}
		return err
	}
	c, err := store.One[dossier](u.tx, selectDossier+"WHERE id = $1", id)
	if err != nil {
		return err
	}
	u.was, u.c = c, c
	return nil
}

// standIns finds for whom the actor stands in.
func (u *unit) standIns() error {
	if u.by.Agent == "" {
		return nil
	}
	var err error
	u.stands, err = store.All[ailleurs.AgentID](u.tx,
		"SELECT id FROM agent WHERE deputy_id = $1 AND absent_from <= $2 AND absent_until > $2 AND revoked_at IS NULL ORDER BY id",
		u.by.Agent, u.at)
	return err
}

// say names what the unit did, for the journal.
func (u *unit) say(kind string, subject string, detail any) {
	u.kind, u.subject, u.detail = kind, subject, detail
}

// notify tells agents that something awaits them.
func (u *unit) notify(agents ...ailleurs.AgentID) {
	for _, a := range agents {
		if a != "" && a != u.by.Agent {
			u.tell[a] = true
		}
	}
}

// finish writes the case, its threads, its inbox rows, jobs and, last, the event.
func (u *unit) finish() error {
	changed := u.c != u.was
	if changed {
		if err := u.tx.Put("dossier", u.c); err != nil {
			return err
		}
	}
	for i, t := range u.threads {
		if i < len(u.threadsWas) && *t == u.threadsWas[i] {
			continue
		}
		changed = true
		if err := u.tx.Put("thread", *t); err != nil {
			return err
		}
	}
	if !u.readers || changed {
		if err := u.tend(); err != nil {
			return err
		}
	}
	for _, agent := range slices.Sorted(maps.Keys(u.tell)) {
		u.later(jobNotice, string(agent), "", u.at)
	}
	slices.SortFunc(u.jobs, func(a, b jobs.Job) int { return cmp.Compare(a.Key, b.Key) })
	for _, j := range u.jobs {
		if err := jobs.Schedule(u.tx, j); err != nil {
			return err
		}
	}
	if u.kind == "" {
		return nil
	}
	_, err := journal.Append(u.tx, journal.Event{
		Kind: u.kind, At: u.at, Actor: u.by.Agent, Member: u.by.Member, Case: u.c.ID, Subject: u.subject, Detail: u.detail,
	})
	return err
}

// within returns a random instant between at and at+d, to the second.
func within(at time.Time, d time.Duration) (time.Time, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d/time.Second)))
	if err != nil {
		return time.Time{}, fmt.Errorf("relocation: random instant: %w", err)
	}
	return at.Add(time.Duration(n.Int64()) * time.Second), nil
}

// sameCase is a find for decide when the request names the case itself.
func sameCase(id ailleurs.CaseID) func(*store.Tx) (ailleurs.CaseID, error) {
	return func(*store.Tx) (ailleurs.CaseID, error) { return id, nil }
}

// ofThread is a find for decide when the request names a thread.
func ofThread(id ailleurs.ThreadID) func(*store.Tx) (ailleurs.CaseID, error) {
	return func(tx *store.Tx) (ailleurs.CaseID, error) {
		c, err := store.One[ailleurs.CaseID](tx, "SELECT case_id FROM thread WHERE id = $1", id)
		if errors.Is(err, store.ErrNotFound) {
			return "", errUnknown
		}
		return c, err
	}
}
