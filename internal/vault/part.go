package vault

import (
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// As is the folder for a reader who plays another part from now on: the lead of a town that a household flees from becomes
// the lead of its departure. What the part may not do is refused where it is tried.
func (o *Opened) As(part ailleurs.Part) *Opened {
	next := *o
	next.Part = part
	return &next
}

// NewEpoch begins an epoch of a folder whose earlier keys its writer never had, or that nobody has any more: the chain goes
// on after the head that the hub names, so that whoever saw it before sees no step back. A hub that names an older head than this client has seen is refused.
func (c *Client) NewEpoch(f Folder, part ailleurs.Part, epoch int, after Head, content []byte, at time.Time) (ailleurs.Sealed, *Opened, error) {
	if err := c.mayWrite(f, part); err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	if err := c.checkHead(f, after); err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	if epoch < 1 || epoch > maxNumber {
		return ailleurs.Sealed{}, nil, ailleurs.Refuse("vault.wrong_epoch", "epoch")
	}
	k, err := drawKey(f, epoch)
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	return c.begin(k, part, after, content, nil, at)
}
