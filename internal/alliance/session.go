package alliance

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// SessionID names a session in its owner's list; it opens nothing.
type SessionID string

// SignedIn is what a browser is handed when a session begins: the token and the share once, and the files that its
// unlockers open.
type SignedIn struct {
	Token   Token
	Share   Share
	Agent   ailleurs.AgentID
	Epoch   int  // of the keys in the files
	Pending bool // the keys are not confirmed yet: only the enrolment pages open
	Used    UnlockerID
	Files   []File
}

// A File is the trousseau as wrapped to one unlocker.
type File struct {
	Unlocker UnlockerID            `json:"unlocker"`
	Kind     ailleurs.UnlockerKind `json:"kind"`
	Lock     string                `json:"lock"` // public half of the unlocker, as its client wrote it
	Data     []byte                `json:"data"` // an age file
}

// A Viewer is who a live session belongs to.
type Viewer struct {
	ailleurs.Actor        // no roles while Pending
	Name           string // on screen, to themselves
	MemberName     string // likewise
	Lang           string // fr or en
	Epoch          int    // of the keys that the session works with
	Pending        bool   // enrolled, not confirmed by two colleagues yet
	Lacking        string // message key of what their unlockers lack (ailleurs.CheckUnlockers), empty when nothing does
	Session        SessionID
	Ends           time.Time // when it ends unless something is asked before
	Latest         time.Time // when it ends at the latest
}

// touchEvery is how coarse the sign of life is, so that reading a page seldom writes.
const touchEvery = time.Minute

type sessionRow struct {
	ID       SessionID         `db:"id"`
	Agent    ailleurs.AgentID  `db:"agent_id"`
	Epoch    int               `db:"epoch"`
	Unlocker UnlockerID        `db:"unlocker_id"`
	Share    []byte            `db:"share"`
	Device   string            `db:"device"`
	Created  time.Time         `db:"created_at"`
	Seen     time.Time         `db:"seen_at"`
	Ends     time.Time         `db:"ends_at"`
	Member   ailleurs.MemberID `db:"member_id"`
	Name     string            `db:"name"`
	Town     string            `db:"member_name"`
	Lang     string            `db:"lang"`
	Key      time.Time         `db:"confirmed_at"`
	Roles    int               `db:"roles"`
	Proven   int               `db:"proven"`
}

func (s sessionRow) live(at time.Time) bool {
	return at.Before(s.Ends) && at.Before(s.Seen.Add(ailleurs.SessionIdle))
}

const sessionQuery = `SELECT s.id, s.agent_id, s.epoch, s.unlocker_id, s.share, s.device, s.created_at, s.seen_at, s.ends_at,
	a.member_id, a.name, m.name AS member_name, a.lang, k.confirmed_at, ` + roleSum + ` AS roles, ` + provenSum + ` AS proven
	FROM session s JOIN agent a ON a.id = s.agent_id JOIN member m ON m.id = a.member_id
	JOIN agent_key k ON k.agent_id = s.agent_id AND k.epoch = s.epoch
	WHERE a.revoked_at IS NULL AND k.revoked_at IS NULL AND `

// sessionOf finds the live session of a token, or refuses.
func sessionOf(tx *store.Tx, token string, at time.Time) (sessionRow, error) {
	if token == "" || len(token) > 64 {
		return sessionRow{}, nobody()
	}
	s, err := store.One[sessionRow](tx, sessionQuery+"s.token_hash = $1", Token(token).hash())
	if errors.Is(err, store.ErrNotFound) || err == nil && !s.live(at) {
		return sessionRow{}, nobody()
	}
	return s, err
}

// begin starts a session for the holder of an unlocker, whose checks are behind us, and journals it.
func (a *Alliance) begin(tx *store.Tx, u unlockerRow, device string, at time.Time) (SignedIn, error) {
	in, err := newSession(tx, u.Agent, u.Epoch, u.ID, device, at)
	if err != nil {
		return SignedIn{}, err
	}
	if u.Lock == "" && u.Proven.IsZero() { // a passkey that opens nothing has shown all it can
		if err := tx.Set("unlocker", u.ID, store.Changes{"proven_at": at}); err != nil {
			return SignedIn{}, err
		}
	}
	return in, say(tx, journal.Event{Kind: "session.begun", At: at, Actor: u.Agent, Detail: map[string]string{"by": string(u.Kind)}})
}

// newSession writes the session and gathers what it hands out.
func newSession(tx *store.Tx, agent ailleurs.AgentID, epoch int, by UnlockerID, device string, at time.Time) (SignedIn, error) {
	in := SignedIn{Token: newToken(), Agent: agent, Epoch: epoch, Used: by}
	var confirmed time.Time
	err := tx.QueryRow(`SELECT k.confirmed_at FROM agent_key k JOIN agent a ON a.id = k.agent_id
		WHERE k.agent_id = $1 AND k.epoch = $2 AND k.revoked_at IS NULL AND a.revoked_at IS NULL`, agent, epoch).Scan(&confirmed)
	if err != nil {
		return SignedIn{}, missing(err, "session.revoked", "")
	}
	in.Pending = confirmed.IsZero()
	_, _ = rand.Read(in.Share[:]) // never fails
	if _, err := tx.Exec(`INSERT INTO session (id, token_hash, agent_id, epoch, unlocker_id, share, device, created_at, seen_at, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`, ailleurs.NewID[SessionID](), in.Token.hash(), agent, epoch, string(by),
		in.Share[:], coarse(device), at, at.Add(ailleurs.SessionLongest)); err != nil {
		return SignedIn{}, err
	}
	in.Files, err = files(tx, agent, epoch)
	return in, err
}

// files lists the wrapped trousseaux of an agent's keys.
func files(tx *store.Tx, agent ailleurs.AgentID, epoch int) ([]File, error) {
	type row struct {
		ID   UnlockerID            `db:"id"`
		Kind ailleurs.UnlockerKind `db:"kind"`
		Lock string                `db:"lock"`
		Data []byte                `db:"file"`
	}
	rows, err := store.All[row](tx, `SELECT u.id, u.kind, u.lock, t.file FROM unlocker u JOIN trousseau t ON t.unlocker_id = u.id
		WHERE u.agent_id = $1 AND u.epoch = $2 AND u.removed_at IS NULL ORDER BY u.added_at, u.id`, agent, epoch)
	if err != nil {
		return nil, err
	}
	out := make([]File, len(rows))
	for i, r := range rows {
		out[i] = File{r.ID, r.Kind, r.Lock, r.Data}
	}
	return out, nil
}

// coarse keeps a device label short.
func coarse(device string) string {
	device = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, device), "")
	for utf8.RuneCountInString(device) > 40 {
		_, n := utf8.DecodeLastRuneInString(device)
		device = device[:len(device)-n]
	}
	return device
}

// Lookup returns the viewer of a token and counts as a sign of life. An unknown, idle, ended or revoked session is the
// refusal session.none (Unsigned).
func (a *Alliance) Lookup(ctx context.Context, token string, at time.Time) (Viewer, error) {
	var s sessionRow
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		s, err = sessionOf(tx, token, at)
		return err
	})
	if err != nil {
		return Viewer{}, err
	}
	if at.Sub(s.Seen) >= touchEvery {
		err := a.db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE session SET seen_at = $1 WHERE id = $2 AND seen_at < $1", at, s.ID)
			return err
		})
		if err != nil {
			return Viewer{}, err
		}
		s.Seen = at
	}
	v := s.viewer()
	v.Ends = s.Seen.Add(ailleurs.SessionIdle)
	if v.Ends.After(s.Ends) {
		v.Ends = s.Ends
	}
	return v, nil
}

// Glance is Lookup for a page that looks again by itself: no sign of life, so that a screen nobody sits at still goes dark.
func (a *Alliance) Glance(ctx context.Context, token string, at time.Time) (Viewer, error) {
	var s sessionRow
	err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		s, err = sessionOf(tx, token, at)
		return err
	})
	if err != nil {
		return Viewer{}, err
	}
	v := s.viewer()
	if v.Ends = s.Seen.Add(ailleurs.SessionIdle); v.Ends.After(s.Ends) {
		v.Ends = s.Ends
	}
	return v, nil
}

func (s sessionRow) viewer() Viewer {
	v := Viewer{
		Actor: ailleurs.Actor{Agent: s.Agent, Member: s.Member}, Name: s.Name, MemberName: s.Town, Lang: s.Lang, Epoch: s.Epoch,
		Pending: s.Key.IsZero(), Session: s.ID, Latest: s.Ends,
	}
	if r := ailleurs.AsRefusal(ailleurs.CheckUnlockers(provenOf(s.Proven))); r != nil {
		v.Lacking = r.Key
	}
	if !v.Pending {
		v.Roles = rolesIn(s.Roles)
	}
	return v
}

// ShareOf hands the share of a live session to that session, for the next page's worker.
func (a *Alliance) ShareOf(ctx context.Context, token string, at time.Time) (Share, error) {
	var share Share
	err := a.db.View(ctx, func(tx *store.Tx) error {
		s, err := sessionOf(tx, token, at)
		copy(share[:], s.Share)
		return err
	})
	return share, err
}

// A Session is one line of the list of one's own sessions.
type Session struct {
	ID                  SessionID
	Device              string
	By                  ailleurs.UnlockerKind // what it was begun with; empty for the one in which the keys were made
	Created, Seen, Ends time.Time
	Current             bool
}

// Sessions lists the viewer's live sessions, the newest first.
func (a *Alliance) Sessions(ctx context.Context, v Viewer, at time.Time) ([]Session, error) {
	var out []Session
	err := a.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := store.All[sessionRow](tx, sessionQuery+"s.agent_id = $1 ORDER BY s.created_at DESC, s.id", v.Agent)
		if err != nil {
			return err
		}
		unlockers, err := store.All[unlockerRow](tx, "SELECT "+unlockerColumns+" FROM unlocker WHERE agent_id = $1", v.Agent)
		if err != nil {
			return err
		}
		kind := make(map[UnlockerID]ailleurs.UnlockerKind)
		for _, u := range unlockers { // those taken away since, too
			kind[u.ID] = u.Kind
		}
		for _, s := range rows {
			if s.live(at) {
				out = append(out, Session{s.ID, s.Device, kind[s.Unlocker], s.Created, s.Seen, s.Ends, s.ID == v.Session})
			}
		}
		return nil
	})
	return out, err
}

// End ends the session of a token at once; ending an unknown one is no error.
func (a *Alliance) End(ctx context.Context, token string, _ time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM session WHERE token_hash = $1", Token(token).hash())
		return err
	})
}

// EndSession ends one of the viewer's own sessions at once.
func (a *Alliance) EndSession(ctx context.Context, v Viewer, id SessionID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec("DELETE FROM session WHERE id = $1 AND agent_id = $2", id, v.Agent)
		if err == nil && n == 0 {
			return ailleurs.RefuseAs(ailleurs.NotFound, "session.unknown", "session")
		}
		if err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "session.revoked", At: at, Actor: v.Agent})
	})
}

// EndSessionsOf ends every session of a colleague at once, when they call to say that a device is lost: one person of the
// same member, or a coordinator, is enough, since the colleague may sign in again.
func (a *Alliance) EndSessionsOf(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		who, err := agentOf(tx, agent)
		if err != nil {
			return err
		}
		if agent != by.Agent && !by.MayApprove(ailleurs.RegisterTeam, who.Member, agent, false) {
			return ailleurs.RefuseAs(ailleurs.NotFound, "agent.unknown", "agent")
		}
		if err := endSessions(tx, agent); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "session.revoked", At: at, Actor: by.Agent, Member: who.Member, Subject: string(agent)})
	})
}

func endSessions(tx *store.Tx, agent ailleurs.AgentID) error {
	_, err := tx.Exec("DELETE FROM session WHERE agent_id = $1", agent)
	return err
}
