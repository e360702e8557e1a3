package desk

import (
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// Keep signs that the address of a household is to be kept for as long again.
func (d *Desk) Keep(once string, h Dossier, at time.Time) (ailleurs.Signature, error) {
	if h.KeptUntil.IsZero() {
		return ailleurs.Signature{}, ailleurs.RefuseAs(ailleurs.Conflict, "arrival.not_yet", "")
	}
	signed, err := d.sign(ailleurs.ToKeep, string(h.ID), ailleurs.KeepDigest(h.ID, h.KeptUntil.Add(ailleurs.ArrivalKept)), at)
	return ailleurs.Signature{Once: once, Signed: signed}, err
}
