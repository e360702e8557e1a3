package ailleurs

import "crypto/rand"

// Identifiers are random text without meaning or order (26 characters of RFC 4648 base32, 130 bits), one type per thing,
// so that a signature cannot be handed the wrong one. Being random they tell nothing to whoever sees one in a log or URL.
type (
	MemberID     string // an organisation of the alliance
	AgentID      string // someone who signs in: caseworker, signatory, coordinator, duty officer, guarantor
	InvitationID string
	CaseID       string // a dossier
	CallID       string // an interpellation
	ThreadID     string // what one addressee of a call answers in
	OfferID      string
	PlaceID      string // one unit of a home offer or one slot of a job offer
	AlertID      string
)

// Identifier is any of the identifier types.
type Identifier interface{ ~string }

// NewID draws a fresh identifier.
func NewID[T Identifier]() T { return T(rand.Text()) }

// ValidID reports whether id has the form that NewID gives; it says nothing about existence.
func ValidID[T Identifier](id T) bool {
	if len(id) != 26 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
