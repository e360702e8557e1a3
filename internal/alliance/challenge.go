package alliance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// ChallengeID names what the hub has asked a client to answer. It is itself the nonce of what is to be signed.
type ChallengeID string

// challengeKind says what a challenge is good for.
type challengeKind string

const (
	passkeySignIn challengeKind = "passkey_sign_in"
	paperSignIn   challengeKind = "paper_sign_in"
	passkeyMade   challengeKind = "passkey_made"
	proof         challengeKind = "proof"
	enrolment     challengeKind = "enrolment"
)

// The lives of challenges: time to find one's glasses, and time to write down a paper code.
const (
	challengeLife = 5 * time.Minute
	enrolmentLife = 45 * time.Minute
)

// ask records a challenge about subject; data is what the answer will be checked against.
func ask(tx *store.Tx, kind challengeKind, subject string, data any, life time.Duration, at time.Time) (ChallengeID, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("alliance: challenge: %w", err)
	}
	id := ailleurs.NewID[ChallengeID]()
	_, err = tx.Exec("INSERT INTO challenge (id, kind, subject, data, expires_at) VALUES ($1, $2, $3, $4, $5)",
		id, string(kind), subject, b, at.Add(life))
	return id, err
}

// answered takes a challenge away and returns its subject; an unknown, used or old one is refused.
func answered(tx *store.Tx, id ChallengeID, kind challengeKind, data any, at time.Time) (subject string, err error) {
	row := tx.QueryRow("DELETE FROM challenge WHERE id = $1 AND kind = $2 RETURNING subject, data, expires_at", id, string(kind))
	return readChallenge(row, data, at)
}

// open reads a challenge without using it up.
func open(tx *store.Tx, id ChallengeID, kind challengeKind, data any, at time.Time) (subject string, err error) {
	row := tx.QueryRow("SELECT subject, data, expires_at FROM challenge WHERE id = $1 AND kind = $2", id, string(kind))
	return readChallenge(row, data, at)
}

func readChallenge(row *store.Row, data any, at time.Time) (subject string, err error) {
	var b []byte
	var expires time.Time
	err = row.Scan(&subject, &b, &expires)
	if errors.Is(err, store.ErrNotFound) || err == nil && !at.Before(expires) {
		return "", ailleurs.RefuseAs(ailleurs.Conflict, "challenge.over", "")
	}
	if err != nil {
		return "", err
	}
	if data != nil {
		if err := json.Unmarshal(b, data); err != nil {
			return "", fmt.Errorf("alliance: challenge: %w", err)
		}
	}
	return subject, nil
}

// statement is what a client signs to answer the challenge: By, Epoch and At are its own to fill in.
func (id ChallengeID) statement() ailleurs.Statement {
	sum := sha256.Sum256([]byte(id))
	return ailleurs.Statement{Purpose: ailleurs.ToSignIn, Subject: string(id), Digest: hex.EncodeToString(sum[:])}
}

// Sweep deletes the challenges, sessions and buckets that time has ended, gives up the changes that were not signed in
// time, and returns how many there were. It touches nothing that anyone could still use.
func (a *Alliance) Sweep(ctx context.Context, at time.Time) (int64, error) {
	var swept int64
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		swept = 0
		for _, text := range []string{
			"DELETE FROM challenge WHERE expires_at <= $1",
			"DELETE FROM session WHERE ends_at <= $1",
			"DELETE FROM budget WHERE full_at <= $1",
		} {
			n, err := tx.Exec(text, at)
			if err != nil {
				return err
			}
			swept += n
		}
		n, err := tx.Exec("DELETE FROM session WHERE seen_at <= $1", at.Add(-ailleurs.SessionIdle))
		if err != nil {
			return err
		}
		lapsed, err := lapse(tx, at)
		swept += n + int64(lapsed)
		return err
	})
	return swept, err
}
