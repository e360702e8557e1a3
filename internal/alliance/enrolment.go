package alliance

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/signature"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// NewKeys are the public halves of a trousseau that its owner's client has just made, and the ways to open it.
type NewKeys struct {
	Recipient string        `json:"recipient"` // age1pq1…
	Verifier  string        `json:"verifier"`  // note verifier named by the agent's identifier
	Entry     string        `json:"entry"`     // text of the register entry of these keys
	Signed    []byte        `json:"signed"`    // the entry's Approval, signed with the new key itself
	Unlockers []NewUnlocker `json:"unlockers"`
}

// BeginEnrolmentPasskey asks the browser of whoever holds a ticket to make a passkey.
func (a *Alliance) BeginEnrolmentPasskey(ctx context.Context, ticket ChallengeID, at time.Time) (PasskeyRequest, error) {
	var request PasskeyRequest
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		i, err := invitationOf(tx, ticket, at)
		if err != nil {
			return err
		}
		request, err = a.askPasskey(tx, holder{agent: i.Agent, name: i.Name}, at)
		return err
	})
	return request, err
}

// invitationOf reads the invitation behind a ticket, still good.
func invitationOf(tx *store.Tx, ticket ChallengeID, at time.Time) (invitationRow, error) {
	subject, err := open(tx, ticket, enrolment, nil, at)
	if err != nil {
		return invitationRow{}, err
	}
	i, err := store.One[invitationRow](tx, "SELECT "+invitationColumns+" FROM invitation WHERE id = $1", subject)
	if err != nil {
		return i, missing(err, "invitation.unknown", "words")
	}
	return i, i.check(at)
}

// Enrol spends the invitation: the agent has keys, which count for nothing until every unlocker has passed its self-test
// and two colleagues have confirmed them, and a session that opens the enrolment pages alone.
func (a *Alliance) Enrol(ctx context.Context, ticket ChallengeID, keys NewKeys, device string, at time.Time) (SignedIn, error) {
	var in SignedIn
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		i, err := invitationOf(tx, ticket, at)
		if err != nil {
			return err
		}
		if err := tx.Bump("member", i.Member); err != nil {
			return err
		}
		if i, err = invitationOf(tx, ticket, at); err != nil { // again, now that nobody else can spend it
			return err
		}
		if _, err := answered(tx, ticket, enrolment, nil, at); err != nil {
			return err
		}
		epoch, err := nextEpoch(tx, i.Agent)
		if err != nil {
			return err
		}
		entry, err := keys.check(i.Agent, epoch, at)
		if err != nil {
			return err
		}
		if err := tx.Set("invitation", i.ID, store.Changes{"used_at": at}); err != nil {
			return err
		}
		if err := writeAgent(tx, i, at); err != nil {
			return err
		}
		if err := a.writeKeys(tx, i, epoch, keys, entry, at); err != nil {
			return err
		}
		if in, err = newSession(tx, i.Agent, epoch, "", device, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "agent.enrolled", At: at, Actor: i.Agent, Member: i.Member, Detail: map[string]int{"epoch": epoch}})
	})
	return in, err
}

// check refuses keys that are not exactly what their entry says, in the holder's own hand.
func (k NewKeys) check(agent ailleurs.AgentID, epoch int, at time.Time) (ailleurs.RegisterEntry, error) {
	if !validRecipient(k.Recipient) {
		return ailleurs.RegisterEntry{}, ailleurs.Refuse("key.bad_recipient", "recipient")
	}
	public, ok := publicKey(k.Verifier, agent)
	if !ok {
		return ailleurs.RegisterEntry{}, ailleurs.Refuse("key.bad_verifier", "verifier")
	}
	e, err := ailleurs.ParseRegisterEntry(k.Entry)
	if err != nil {
		return e, err
	}
	switch {
	case e.Kind != ailleurs.RegisterKey || e.Agent != agent || e.Epoch != epoch:
		return e, ailleurs.Refuse("key.other_entry", "entry")
	case e.Recipient != ailleurs.RecipientHash(k.Recipient) || e.Signer != public:
		return e, ailleurs.Refuse("key.other_keys", "entry")
	case e.At.Before(at.Add(-enrolmentLife)) || e.At.After(at.Add(ailleurs.StatementSkew)):
		return e, ailleurs.Refuse("key.stale_entry", "entry")
	}
	_, err = signature.VerifyKey(signature.Key{Agent: agent, Epoch: epoch, Verifier: k.Verifier}, agent, k.Signed, e.Approval(), at)
	return e, err
}

// validRecipient reports whether s has the form of a post-quantum hybrid recipient of age: 1,216 bytes of keys in Bech32
// characters. Any other kind of recipient begins otherwise.
func validRecipient(s string) bool {
	const prefix = "age1pq1"
	data, ok := strings.CutPrefix(s, prefix)
	if !ok || len(s) < 1900 || len(s) > 2100 {
		return false
	}
	return strings.Trim(data, "qpzry9x8gf2tvdw0s3jn54khce6mua7l") == ""
}

// publicKey reads the Ed25519 key of a note verifier named by the agent.
func publicKey(verifier string, agent ailleurs.AgentID) (key [32]byte, ok bool) {
	v, err := note.NewVerifier(verifier)
	if err != nil || v.Name() != string(agent) {
		return key, false
	}
	parts := strings.SplitN(verifier, "+", 3)
	b, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(b) != 33 || b[0] != 1 { // 1 is Ed25519
		return key, false
	}
	return [32]byte(b[1:]), true
}

// writeAgent adds the invited agent, unless they are one already.
func writeAgent(tx *store.Tx, i invitationRow, at time.Time) error {
	var known int
	if err := tx.QueryRow("SELECT count(*) FROM agent WHERE id = $1", i.Agent).Scan(&known); err != nil || known > 0 {
		return err
	}
	err := tx.Insert("agent", Agent{
		ID: i.Agent, Member: i.Member, Name: i.Name, Email: i.Email, Lang: i.Lang, Notices: ailleurs.NoticesFollowed, Pace: ailleurs.AtOnce, Created: at,
	})
	return taken(err, "agent.email_taken", "email")
}

// writeKeys adds keys, their unlockers, and the changes that two colleagues are to sign.
func (a *Alliance) writeKeys(tx *store.Tx, i invitationRow, epoch int, keys NewKeys, entry ailleurs.RegisterEntry, at time.Time) error {
	if err := forgetUnconfirmed(tx, i.Agent, epoch, at); err != nil {
		return err
	}
	if err := tx.Put("agent_key", store.Changes{
		"agent_id": i.Agent, "epoch": epoch, "recipient": keys.Recipient, "verifier": keys.Verifier, "made_at": at,
	}); err != nil {
		return err
	}
	if len(keys.Unlockers) > MostUnlockers {
		return ailleurs.Refuse("unlocker.too_many", "unlockers", "most", fmt.Sprint(MostUnlockers))
	}
	var set unlockers
	for _, n := range keys.Unlockers {
		u, err := a.admit(tx, i.Agent, i.Name, epoch, set, n, at)
		if err != nil {
			return err
		}
		set = append(set, u)
	}
	hoped := make(unlockers, len(set)) // as they will be once proven
	for j, u := range set {
		u.Proven = at
		hoped[j] = u
	}
	if err := ailleurs.CheckUnlockers(hoped.rules()); err != nil {
		return err
	}
	for _, role := range i.roles() {
		e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterTeam, Member: i.Member, Agent: i.Agent, Role: role}
		if _, err := proposeEntry(tx, TeamChange, e, i.Member, i.MadeBy, at); err != nil {
			return err
		}
	}
	entryAt := entry.At
	c := changeRow{
		ID: ailleurs.NewID[ChangeID](), Kind: KeyChange, Body: entry.Text(), Member: i.Member, Agent: i.Agent, Epoch: epoch,
		ProposedBy: i.MadeBy, ProposedAt: at, Expires: at.Add(ChangeLife),
	}
	if err := tx.Insert("change", c); err != nil {
		return err
	}
	return insertSignature(tx, c.ID, i.Agent, epoch, false, keys.Signed, entryAt)
}

// forgetUnconfirmed drops keys of this epoch that an earlier invitation made and nobody confirmed.
func forgetUnconfirmed(tx *store.Tx, agent ailleurs.AgentID, epoch int, at time.Time) error {
	rows, err := store.All[unlockerRow](tx, "SELECT "+unlockerColumns+" FROM unlocker WHERE agent_id = $1 AND epoch = $2 AND removed_at IS NULL ORDER BY id", agent, epoch)
	if err != nil {
		return err
	}
	for _, u := range rows {
		if err := discard(tx, u, at); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("DELETE FROM session WHERE agent_id = $1 AND epoch = $2", agent, epoch); err != nil {
		return err
	}
	_, err = tx.SetWhere("change", store.Changes{"dropped_at": at},
		"agent_id = $1 AND kind IN ('key', 'team') AND proposed_at < $2 AND applied_at IS NULL AND dropped_at IS NULL", agent, at)
	return err
}
