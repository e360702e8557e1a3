package vault

import "codeberg.org/ailleurs/ailleurs"

// As is the folder for a reader who plays another part from now on: the lead of a town that a household flees from becomes
// the lead of its departure. What the part may not do is refused where it is tried.
func (o *Opened) As(part ailleurs.Part) *Opened {
	next := *o
	next.Part = part
	return &next
}
