package web

import (
	"slices"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// moves are the quieter things that the reader may do about a case now, by the same table that the use cases decide by.
type moves struct {
	Withdraw, Suspend, Resume, Divert, Recall, SendBack, NoShow, Fails, Compromise, Close bool
}

// Any reports whether there is any.
func (m moves) Any() bool { return m != moves{} }

func movesOf(c relocation.CaseView) moves {
	may := func(to ailleurs.CaseState, as ailleurs.Part) bool {
		return ailleurs.MoveAllowed(c.State, to, c.Speed, as) == nil
	}
	pair := c.Part == ailleurs.OriginLead || c.Part == ailleurs.OriginSecond
	hosts := c.Part == ailleurs.HostLead || c.Part == ailleurs.HostSecond
	unread := !slices.ContainsFunc(c.Threads, func(t relocation.ThreadLine) bool { return t.State != ailleurs.Sent })
	return moves{
		Withdraw: (pair || hosts) && may(ailleurs.Withdrawn, ailleurs.ThePerson),
		Suspend:  pair && may(ailleurs.Suspended, c.Part),
		Resume:   pair && c.State == ailleurs.Suspended,
		Divert:   pair && may(ailleurs.Diverted, c.Part),
		Recall:   c.Part == ailleurs.OriginLead && c.State == ailleurs.Calling && unread,
		SendBack: c.State == ailleurs.Endorsing && (pair || c.Part == ailleurs.OriginSignatory) ||
			c.State == ailleurs.Checking && c.Part == ailleurs.Checker,
		NoShow:     c.State == ailleurs.Travelling && may(ailleurs.Preparing, c.Part),
		Fails:      c.State == ailleurs.Preparing && may(ailleurs.Choosing, c.Part),
		Compromise: (pair || hosts) && may(ailleurs.Compromised, c.Part),
		Close:      hosts && c.State == ailleurs.Following,
	}
}
