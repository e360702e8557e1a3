package store

import (
	"bytes"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// Once makes an Update safe to send again: the first unit that carries key runs fn and keeps its answer in the same
// transaction; later ones get that answer and run nothing. request is what identifies the request's content (a digest):
// a key that comes back with another is refused (store.key_reused, Conflict). again says that fn did not run.
//
// A retry writes too (it counts itself), so that its acknowledgement means, on a replicated PostgreSQL, that the first
// unit has reached the standby. Call it before Bump: it is the outermost lock.
func (tx *Tx) Once(key string, request []byte, at time.Time, fn func() (answer []byte, err error)) (answer []byte, again bool, err error) {
	if key == "" {
		return nil, false, ailleurs.Refuse("store.key_missing", "key")
	}
	var seen int64
	var before []byte
	row := tx.QueryRow(`INSERT INTO idempotency (key, request, at, seen) VALUES ($1, $2, $3, 1)
		ON CONFLICT (key) DO UPDATE SET seen = idempotency.seen + 1 RETURNING seen, request, answer`, key, request, at)
	if err := row.Scan(&seen, &before, &answer); err != nil {
		return nil, false, err
	}
	if seen > 1 {
		if !bytes.Equal(before, request) {
			return nil, false, tx.fail(ailleurs.RefuseAs(ailleurs.Conflict, "store.key_reused", "key"))
		}
		return answer, true, nil
	}
	if answer, err = fn(); err != nil {
		return nil, false, tx.fail(err)
	}
	if _, err := tx.Exec("UPDATE idempotency SET answer = $1 WHERE key = $2", answer, key); err != nil {
		return nil, false, fmt.Errorf("store: answer: %w", err)
	}
	return answer, false, nil
}

// ForgetAnswers drops the answers kept by Once before an instant and returns how many they were.
func (tx *Tx) ForgetAnswers(before time.Time) (int64, error) {
	return tx.Exec("DELETE FROM idempotency WHERE at < $1", before)
}
