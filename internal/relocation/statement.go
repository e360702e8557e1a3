package relocation

import (
	"bytes"
	"errors"
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/signature"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type statementRow struct {
	ID      string           `db:"id"`
	Case    ailleurs.CaseID  `db:"case_id"`
	Purpose ailleurs.Purpose `db:"purpose"`
	Subject string           `db:"subject"`
	Digest  string           `db:"digest"`
	By      ailleurs.AgentID `db:"by_id"`
	Part    ailleurs.Part    `db:"part"`
	At      string           `db:"at"` // as the signer wrote it
	Signed  []byte           `db:"signed"`
}

// claimed reads what a signed note says without believing any signature: which statement to look for.
func claimed(signed []byte) (ailleurs.Statement, error) {
	if len(signed) > signature.MaxSize {
		return ailleurs.Statement{}, ailleurs.RefuseAs(ailleurs.TooLarge, "signature.too_large", "signed")
	}
	i := bytes.Index(signed, []byte("\n\n"))
	if i < 0 {
		return ailleurs.Statement{}, ailleurs.Refuse("signature.malformed", "signed")
	}
	return ailleurs.ParseStatement(string(signed[:i+1]))
}

// sign checks that the actor signed exactly this with the key that counts now, and keeps the note. The same statement by
// the same signer is taken once.
func (u *unit) sign(signed []byte, purpose ailleurs.Purpose, subject, digest string, part ailleurs.Part) error {
	s, err := signature.Verify(u.ctx, u.tx, u.by.Agent, signed, ailleurs.Statement{Purpose: purpose, Subject: subject, Digest: digest}, u.at)
	if err != nil {
		return err
	}
	err = u.tx.Insert("statement", statementRow{
		ID: u.rowID(), Case: u.c.ID, Purpose: purpose, Subject: subject, Digest: digest, By: u.by.Agent,
		Part: part, At: ailleurs.FormatTime(s.At), Signed: signed,
	})
	if errors.Is(err, store.ErrTaken) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "statement.already_signed", "signed")
	}
	return err
}

// signers returns who signed what about a subject, by part.
func (u *unit) signers(purpose ailleurs.Purpose, subject, digest string) (map[ailleurs.Part]ailleurs.AgentID, error) {
	rows, err := store.All[statementRow](u.tx, `SELECT id, case_id, purpose, subject, digest, by_id, part, at, signed FROM statement
		WHERE purpose = $1 AND subject = $2 AND digest = $3`, purpose, subject, digest)
	if err != nil {
		return nil, err
	}
	out := make(map[ailleurs.Part]ailleurs.AgentID, len(rows))
	for _, r := range rows {
		out[r.Part] = r.By
	}
	return out, nil
}

// distinct refuses one person in two parts.
func distinct(agents ...ailleurs.AgentID) error {
	for i, a := range agents {
		if a != "" && slices.Contains(agents[:i], a) {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "statement.two_people", "signed")
		}
	}
	return nil
}
