package alliance

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/signature"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// UnlockerID names one passkey, passphrase or paper code of an agent.
type UnlockerID string

// A NewUnlocker is what a client hands in to add one. Lock and File are empty for a passkey without PRF, which signs in and
// opens nothing.
type NewUnlocker struct {
	Kind       ailleurs.UnlockerKind `json:"kind"`
	Lock       string                `json:"lock"`                 // public half, as the client writes it
	File       []byte                `json:"file"`                 // the trousseau wrapped to it
	Challenge  ChallengeID           `json:"challenge,omitempty"`  // passkey: of the request it answers
	Credential json.RawMessage       `json:"credential,omitempty"` // passkey: what the authenticator answered, without PRF results
	Lookup     []byte                `json:"lookup,omitempty"`     // paper: how it is found, 16 bytes
	Login      string                `json:"login,omitempty"`      // paper: verifier of its sign-in key
}

// Bounds of what a client hands in, in bytes.
const (
	maxLock   = 4 << 10
	maxFile   = 8 << 10
	paperSize = 16
)

// MostUnlockers is how many one agent may have: what a trousseau has room for, and passkeys that open nothing.
const MostUnlockers = 8

type unlockerRow struct {
	ID           UnlockerID            `db:"id"`
	Agent        ailleurs.AgentID      `db:"agent_id"`
	Epoch        int                   `db:"epoch"`
	Kind         ailleurs.UnlockerKind `db:"kind"`
	Lock         string                `db:"lock,omitzero"`
	Independent  bool                  `db:"independent"`
	CredentialID []byte                `db:"credential_id,omitzero"`
	Credential   []byte                `db:"credential,omitzero"`
	Lookup       []byte                `db:"lookup,omitzero"`
	Login        string                `db:"login,omitzero"`
	Added        time.Time             `db:"added_at"`
	Proven       time.Time             `db:"proven_at,omitzero"`
	Removed      time.Time             `db:"removed_at,omitzero"`
}

const unlockerColumns = `id, agent_id, epoch, kind, lock, independent, credential_id, credential, lookup, login, added_at, proven_at, removed_at`

func (u unlockerRow) passkey() (webauthn.Credential, error) {
	var c webauthn.Credential
	if err := json.Unmarshal(u.Credential, &c); err != nil {
		return c, fmt.Errorf("alliance: stored passkey: %w", err)
	}
	return c, nil
}

func (u unlockerRow) rule() ailleurs.Unlocker {
	return ailleurs.Unlocker{Kind: u.Kind, Opens: u.Lock != "", Independent: u.Independent, Proven: !u.Proven.IsZero()}
}

// unlockers are those of one agent's keys that are not removed.
type unlockers []unlockerRow

func unlockersOf(tx *store.Tx, agent ailleurs.AgentID, epoch int) (unlockers, error) {
	return store.All[unlockerRow](tx, "SELECT "+unlockerColumns+` FROM unlocker
		WHERE agent_id = $1 AND epoch = $2 AND removed_at IS NULL ORDER BY added_at, id`, agent, epoch)
}

// rules are the unlockers as the root's rules see them.
func (s unlockers) rules() []ailleurs.Unlocker {
	out := make([]ailleurs.Unlocker, len(s))
	for i, u := range s {
		out[i] = u.rule()
	}
	return together(out)
}

// together lets passkeys count as independent of each other: a second one is another authenticator, so where two open the
// trousseau each outlives the other.
func together(set []ailleurs.Unlocker) []ailleurs.Unlocker {
	passkeys := 0
	for _, u := range set {
		if u.Kind == ailleurs.PasskeyUnlocker && u.Opens && u.Proven {
			passkeys++
		}
	}
	for i := range set {
		set[i].Independent = set[i].Independent || set[i].Kind == ailleurs.PasskeyUnlocker && passkeys > 1
	}
	return set
}

// provenSum is SQL for the proven unlockers of an agent's keys as one number, so that a page pays one query to know who
// asks: a digit to the base of 16 for each kind that the rules tell apart, in the order of provenKinds.
const provenSum = `(SELECT coalesce(sum(CASE WHEN u.kind = 'paper' THEN 1 WHEN u.kind = 'passphrase' THEN 16 WHEN u.lock IS NULL THEN 256
	WHEN u.independent = 1 THEN 4096 ELSE 65536 END), 0) FROM unlocker u
	WHERE u.agent_id = s.agent_id AND u.epoch = s.epoch AND u.proven_at IS NOT NULL AND u.removed_at IS NULL)`

var provenKinds = []ailleurs.Unlocker{
	{Kind: ailleurs.PaperUnlocker, Opens: true, Independent: true, Proven: true},
	{Kind: ailleurs.PassphraseUnlocker, Opens: true, Proven: true},
	{Kind: ailleurs.PasskeyUnlocker, Proven: true},
	{Kind: ailleurs.PasskeyUnlocker, Opens: true, Independent: true, Proven: true},
	{Kind: ailleurs.PasskeyUnlocker, Opens: true, Proven: true},
}

// provenOf reads the number that provenSum gives.
func provenOf(sum int) []ailleurs.Unlocker {
	var out []ailleurs.Unlocker
	for _, u := range provenKinds {
		for range sum % 16 { // MostUnlockers fit into a digit
			out = append(out, u)
		}
		sum /= 16
	}
	return together(out)
}

func (s unlockers) find(id UnlockerID) (unlockerRow, error) {
	for _, u := range s {
		if u.ID == id {
			return u, nil
		}
	}
	return unlockerRow{}, ailleurs.RefuseAs(ailleurs.NotFound, "unlocker.unknown", "unlocker")
}

func (s unlockers) without(id UnlockerID) unlockers {
	var out unlockers
	for _, u := range s {
		if u.ID != id {
			out = append(out, u)
		}
	}
	return out
}

func (s unlockers) credentials() ([]webauthn.Credential, error) {
	var out []webauthn.Credential
	for _, u := range s {
		if u.Kind != ailleurs.PasskeyUnlocker {
			continue
		}
		c, err := u.passkey()
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Unlocker is one line of the list of one's own.
type Unlocker struct {
	ID          UnlockerID            `json:"id"`
	Kind        ailleurs.UnlockerKind `json:"kind"`
	Opens       bool                  `json:"opens"` // false: signs in only
	Independent bool                  `json:"independent"`
	Added       time.Time             `json:"added"`
	Proven      time.Time             `json:"proven"` // zero before its self-test
}

// Unlockers lists the viewer's unlockers and the files they open.
func (a *Alliance) Unlockers(ctx context.Context, v Viewer) (list []Unlocker, open []File, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		set, err := unlockersOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		list = nil
		for i, r := range set.rules() {
			list = append(list, Unlocker{set[i].ID, r.Kind, r.Opens, r.Independent, set[i].Added, set[i].Proven})
		}
		open, err = files(tx, v.Agent, v.Epoch)
		return err
	})
	return list, open, err
}

// BeginPasskey asks the viewer's browser to make one more passkey.
func (a *Alliance) BeginPasskey(ctx context.Context, v Viewer, at time.Time) (PasskeyRequest, error) {
	var request PasskeyRequest
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		set, err := unlockersOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		credentials, err := set.credentials()
		if err != nil {
			return err
		}
		request, err = a.askPasskey(tx, holder{v.Agent, v.Name, credentials}, at)
		return err
	})
	return request, err
}

// AddUnlocker adds one more way to open the viewer's trousseau, or to sign in; it counts once proven. A lock more means
// that the trousseau itself has changed: others holds it wrapped again to every unlocker that opens it.
func (a *Alliance) AddUnlocker(ctx context.Context, v Viewer, n NewUnlocker, others []File, at time.Time) (UnlockerID, error) {
	var id UnlockerID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Bump("agent", v.Agent); err != nil {
			return missing(err, "agent.unknown", "agent")
		}
		set, err := unlockersOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		if len(set) >= MostUnlockers {
			return ailleurs.Refuse("unlocker.too_many", "unlockers", "most", fmt.Sprint(MostUnlockers))
		}
		u, err := a.admit(tx, v.Agent, v.Name, v.Epoch, set, n, at)
		if err != nil {
			return err
		}
		id = u.ID
		if err := rewrap(tx, set, others, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "unlocker.added", At: at, Actor: v.Agent, Member: v.Member, Detail: map[string]string{"kind": string(n.Kind)}})
	})
	return id, err
}

// Rewrap stores the trousseau as its client wrapped it anew: after a new checkpoint, or a lock more or less.
func (a *Alliance) Rewrap(ctx context.Context, v Viewer, files []File, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		set, err := unlockersOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		return rewrap(tx, set, files, at)
	})
}

func rewrap(tx *store.Tx, set unlockers, files []File, at time.Time) error {
	for i, f := range files {
		field := fmt.Sprintf("files[%d]", i)
		u, err := set.find(f.Unlocker)
		if err != nil {
			return err
		}
		if u.Lock == "" {
			return ailleurs.Refuse("unlocker.opens_nothing", field)
		}
		if err := checkFile(f.Data, field); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE trousseau SET file = $1, at = $2 WHERE unlocker_id = $3", f.Data, at, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// admit checks and writes one unlocker of the keys of an epoch.
func (a *Alliance) admit(tx *store.Tx, agent ailleurs.AgentID, name string, epoch int, set unlockers, n NewUnlocker, at time.Time) (unlockerRow, error) {
	u := unlockerRow{ID: ailleurs.NewID[UnlockerID](), Agent: agent, Epoch: epoch, Kind: n.Kind, Lock: n.Lock, Added: at}
	opens := n.Lock != "" || len(n.File) > 0
	if opens {
		if !strings.HasPrefix(n.Lock, "ailleurs-lock/1\nkind "+string(n.Kind)+"\n") || len(n.Lock) > maxLock {
			return u, ailleurs.Refuse("unlocker.bad_lock", "lock")
		}
		if err := checkFile(n.File, "file"); err != nil {
			return u, err
		}
	}
	switch n.Kind {
	case ailleurs.PasskeyUnlocker:
		credentials, err := set.credentials()
		if err != nil {
			return u, err
		}
		c, err := a.madePasskey(tx, holder{agent, name, credentials}, n.Challenge, n.Credential, at)
		if err != nil {
			return u, err
		}
		u.CredentialID = c.ID
		u.Independent = c.Authenticator.Attachment == protocol.CrossPlatform
		if u.Credential, err = json.Marshal(c); err != nil {
			return u, fmt.Errorf("alliance: passkey: %w", err)
		}
	case ailleurs.PaperUnlocker:
		v, err := note.NewVerifier(n.Login)
		if err != nil || len(n.Lookup) != paperSize || v.Name() != "paper-"+hex.EncodeToString(n.Lookup) {
			return u, ailleurs.Refuse("unlocker.bad_paper", "login")
		}
		u.Lookup, u.Login, u.Independent = sha(n.Lookup), n.Login, true
	case ailleurs.PassphraseUnlocker:
	default:
		return u, ailleurs.Refuse("unlocker.unknown_kind", "kind")
	}
	if !opens && n.Kind != ailleurs.PasskeyUnlocker {
		return u, ailleurs.Refuse("unlocker.opens_nothing", "file")
	}
	if err := tx.Insert("unlocker", u); err != nil {
		return u, taken(err, "unlocker.taken", "unlockers")
	}
	if opens {
		if _, err := tx.Exec("INSERT INTO trousseau (unlocker_id, file, at) VALUES ($1, $2, $3)", u.ID, n.File, at); err != nil {
			return u, err
		}
	}
	return u, nil
}

// checkFile refuses what is no age file of one hybrid recipient; the hub can tell no more of it.
func checkFile(b []byte, field string) error {
	switch {
	case len(b) > maxFile:
		return ailleurs.RefuseAs(ailleurs.TooLarge, "unlocker.file_size", field, "most", fmt.Sprint(maxFile))
	case !strings.HasPrefix(string(b), "age-encryption.org/v1\n-> mlkem768x25519 "):
		return ailleurs.Refuse("unlocker.bad_file", field)
	}
	return nil
}

// A Test is what a fresh page must sign, with the trousseau that the unlocker has just opened there.
type Test struct {
	Challenge ChallengeID
	Statement ailleurs.Statement // complete but for By, Epoch and At
}

// BeginProof asks for the self-test of one of the viewer's unlockers.
func (a *Alliance) BeginProof(ctx context.Context, v Viewer, id UnlockerID, at time.Time) (Test, error) {
	var test Test
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		set, err := unlockersOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		u, err := set.find(id)
		if err != nil {
			return err
		}
		if u.Lock == "" {
			return ailleurs.Refuse("unlocker.opens_nothing", "unlocker")
		}
		test.Challenge, err = ask(tx, proof, string(id), nil, challengeLife, at)
		test.Statement = test.Challenge.statement()
		return err
	})
	return test, err
}

// Prove accepts the self-test: signed with the viewer's key over the challenge. The founders' keys count as soon as their
// unlockers are proven; everyone else's wait for two colleagues.
func (a *Alliance) Prove(ctx context.Context, v Viewer, id ChallengeID, signed []byte, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Bump("agent", v.Agent); err != nil {
			return missing(err, "agent.unknown", "agent")
		}
		subject, err := answered(tx, id, proof, nil, at)
		if err != nil {
			return err
		}
		set, err := unlockersOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		u, err := set.find(UnlockerID(subject))
		if err != nil {
			return err
		}
		key, err := keyOf(tx, v.Agent, v.Epoch)
		if err != nil {
			return err
		}
		if _, err := signature.VerifyKey(key, v.Agent, signed, id.statement(), at); err != nil {
			return err
		}
		if err := tx.Set("unlocker", u.ID, store.Changes{"proven_at": at}); err != nil {
			return err
		}
		if err := a.founderReady(tx, v.Agent, at); err != nil {
			return err
		}
		if err := tellConfirmers(tx, v, set, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "unlocker.proven", At: at, Actor: v.Agent, Member: v.Member, Detail: map[string]string{"kind": string(u.Kind)}})
	})
}

// tellConfirmers has the colleagues told once keys that wait for them can be confirmed: set is as it was before the
// self-test that has just been passed.
func tellConfirmers(tx *store.Tx, v Viewer, set unlockers, at time.Time) error {
	var waits int
	err := tx.QueryRow(`SELECT count(*) FROM change WHERE agent_id = $1 AND epoch = $2 AND kind = 'key'
		AND applied_at IS NULL AND dropped_at IS NULL`, v.Agent, v.Epoch).Scan(&waits)
	if err != nil || waits == 0 || ailleurs.CheckUnlockers(set.rules()) == nil {
		return err
	}
	now, err := unlockersOf(tx, v.Agent, v.Epoch)
	if err != nil || ailleurs.CheckUnlockers(now.rules()) != nil {
		return err
	}
	guarding, err := guards(tx, v.Agent)
	if err != nil {
		return err
	}
	return tellApprovers(tx, v.Member, []ailleurs.AgentID{v.Agent}, guarding, at)
}

// RemoveUnlocker takes one of the viewer's unlockers away; the sessions it began end. What is left must be two proven
// ones, one of them independent of this browser, one that signs in.
func (a *Alliance) RemoveUnlocker(ctx context.Context, v Viewer, id UnlockerID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		set, err := a.loosen(tx, v, id, at)
		if err != nil {
			return err
		}
		if err := ailleurs.CheckUnlockers(set.rules()); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "unlocker.removed", At: at, Actor: v.Agent, Member: v.Member})
	})
}

// LostDevice takes away the unlocker that was lost, whatever is left, and ends every session but the viewer's own. Until
// another is added and proven, Viewer.Lacking says so on each page.
func (a *Alliance) LostDevice(ctx context.Context, v Viewer, id UnlockerID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := a.loosen(tx, v, id, at); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM session WHERE agent_id = $1 AND id <> $2", v.Agent, v.Session); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "unlocker.lost", At: at, Actor: v.Agent, Member: v.Member})
	})
}

// loosen removes the unlocker and returns those that are left.
func (a *Alliance) loosen(tx *store.Tx, v Viewer, id UnlockerID, at time.Time) (unlockers, error) {
	if err := tx.Bump("agent", v.Agent); err != nil {
		return nil, missing(err, "agent.unknown", "agent")
	}
	set, err := unlockersOf(tx, v.Agent, v.Epoch)
	if err != nil {
		return nil, err
	}
	u, err := set.find(id)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec("DELETE FROM session WHERE unlocker_id = $1 AND id <> $2", string(id), v.Session); err != nil {
		return nil, err
	}
	return set.without(id), discard(tx, u, at)
}

func discard(tx *store.Tx, u unlockerRow, at time.Time) error {
	if _, err := tx.Exec("DELETE FROM trousseau WHERE unlocker_id = $1", u.ID); err != nil {
		return err
	}
	return tx.Set("unlocker", u.ID, store.Changes{"removed_at": at})
}

// BeginPaperSignIn finds a paper code by its look-up and asks for a signature with its sign-in key.
func (a *Alliance) BeginPaperSignIn(ctx context.Context, lookup []byte, from string, at time.Time) (PaperRequest, error) {
	var request PaperRequest
	err := a.attempt(ctx, from, at, func(tx *store.Tx) error {
		u, err := store.One[unlockerRow](tx, "SELECT "+unlockerColumns+" FROM unlocker WHERE lookup = $1 AND removed_at IS NULL", sha(lookup))
		if err != nil {
			return missing(err, "paper.unknown", "code")
		}
		request.Agent, request.Epoch = u.Agent, u.Epoch
		request.Challenge, err = ask(tx, paperSignIn, string(u.ID), nil, challengeLife, at)
		request.Statement = request.Challenge.statement()
		return err
	})
	return request, err
}

// A PaperRequest is what the holder of a paper code must sign with its sign-in key.
type PaperRequest struct {
	Challenge ChallengeID
	Agent     ailleurs.AgentID
	Epoch     int
	Statement ailleurs.Statement // complete but for By, Epoch and At
}

// SignInWithPaper answers BeginPaperSignIn. from is the coarse address that pays for failures.
func (a *Alliance) SignInWithPaper(ctx context.Context, id ChallengeID, signed []byte, from, device string, at time.Time) (SignedIn, error) {
	var in SignedIn
	err := a.attempt(ctx, from, at, func(tx *store.Tx) error {
		subject, err := answered(tx, id, paperSignIn, nil, at)
		if err != nil {
			return err
		}
		u, err := store.One[unlockerRow](tx, "SELECT "+unlockerColumns+" FROM unlocker WHERE id = $1 AND removed_at IS NULL", subject)
		if err != nil {
			return missing(err, "paper.unknown", "code")
		}
		key := signature.Key{Agent: u.Agent, Epoch: u.Epoch, Verifier: u.Login}
		if _, err := signature.VerifyKey(key, u.Agent, signed, id.statement(), at); err != nil {
			return err
		}
		in, err = a.begin(tx, u, device, at)
		return err
	})
	return in, err
}
