// Package signature answers one question for the hub: did this agent, with the key that the register holds today, sign
// exactly this? Agents sign notes (golang.org/x/mod/sumdb/note) whose signer is named by the agent's identifier.
package signature

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// MaxSize bounds a signed note, in bytes.
const MaxSize = 16 << 10

// Verify returns the statement that agent by has signed with their live key, when it is exactly the one wanted: purpose,
// subject, digest and signer equal, made with the key's epoch and within ailleurs.StatementSkew of at. want.By may be
// empty; it is then by.
//
// Everything else is a refusal on the field "statement" or on the statement's own: signature.malformed,
// signature.too_large, signature.no_live_key, signature.other_signer (nobody of that name signed it), signature.bad,
// statement.malformed, statement.wrong_…, statement.stale, signature.wrong_epoch.
func Verify(_ context.Context, tx *store.Tx, by ailleurs.AgentID, signed []byte, want ailleurs.Statement, at time.Time) (ailleurs.Statement, error) {
	key, err := Live(tx, by)
	if err != nil {
		return ailleurs.Statement{}, err
	}
	return VerifyKey(key, by, signed, want, at)
}

// VerifyKey is Verify for a key already at hand.
func VerifyKey(key Key, by ailleurs.AgentID, signed []byte, want ailleurs.Statement, at time.Time) (ailleurs.Statement, error) {
	text, err := Open(key.Verifier, signed)
	if err != nil {
		return ailleurs.Statement{}, err
	}
	s, err := ailleurs.ParseStatement(text)
	if err != nil {
		return ailleurs.Statement{}, err
	}
	if want.By == "" {
		want.By = by
	}
	if want.By != by {
		return ailleurs.Statement{}, ailleurs.Refuse("statement.wrong_signer", "by")
	}
	if err := s.Matches(want, at); err != nil {
		return ailleurs.Statement{}, err
	}
	if s.Epoch != key.Epoch {
		return ailleurs.Statement{}, ailleurs.Refuse("signature.wrong_epoch", "epoch")
	}
	return s, nil
}

// A Key is the public half of an agent's signing key.
type Key struct {
	Agent     ailleurs.AgentID `db:"agent_id"`
	Epoch     int              `db:"epoch"`
	Verifier  string           `db:"verifier"`  // as note.NewVerifier reads it
	Recipient string           `db:"recipient"` // age1pq1…
	Index     int64            `db:"register_idx"`
}

// Live returns the agent's key that counts now: confirmed by two colleagues, in the register, not revoked, of an agent
// who is active. There is none, or one; none is the refusal signature.no_live_key.
func Live(tx *store.Tx, agent ailleurs.AgentID) (Key, error) {
	key, err := store.One[Key](tx, `SELECT k.agent_id, k.epoch, k.verifier, k.recipient, k.register_idx
		FROM agent_key k JOIN agent a ON a.id = k.agent_id
		WHERE k.agent_id = $1 AND k.confirmed_at IS NOT NULL AND k.revoked_at IS NULL
		AND a.active_at IS NOT NULL AND a.revoked_at IS NULL`, agent)
	if errors.Is(err, store.ErrNotFound) {
		return Key{}, ailleurs.RefuseAs(ailleurs.Forbidden, "signature.no_live_key", "statement")
	}
	if err != nil {
		return Key{}, fmt.Errorf("signature: key of an agent: %w", err)
	}
	return key, nil
}

// Open returns the text of a note that the holder of verifier has signed; signatures of others beside it are ignored.
func Open(verifier string, signed []byte) (string, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return "", fmt.Errorf("signature: stored verifier: %w", err)
	}
	if len(signed) > MaxSize {
		return "", ailleurs.RefuseAs(ailleurs.TooLarge, "signature.too_large", "statement")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err == nil {
		return n.Text, nil
	}
	if _, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return "", ailleurs.Refuse("signature.bad", "statement")
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return "", ailleurs.Refuse("signature.other_signer", "statement")
	}
	return "", ailleurs.Refuse("signature.malformed", "statement")
}
