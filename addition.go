package ailleurs

import (
	"encoding/hex"
	"time"
)

// An Addition calls upon one more member under an interpellation that the élu has signed, because an addressee who cannot
// help has named it. The card and the gesture stay as signed; the origin's lead and second and a coordinator sign that this
// member is not excluded either.
type Addition struct {
	Case      CaseID    `json:"case"`
	Call      CallID    `json:"call"`
	Sheet     string    `json:"sheet"` // digest of the call sheet
	After     ThreadID  `json:"after"` // whoever named it
	Member    MemberID  `json:"member"`
	CreatedAt time.Time `json:"created_at"`
}

// Validate refuses an addition that no hub may take; it needs nothing but the addition and the origin.
func (a Addition) Validate(origin MemberID) error {
	switch b, err := hex.DecodeString(a.Sheet); {
	case !ValidID(a.Case) || !ValidID(a.Call) || err != nil || len(b) != 32:
		return Refuse("call.bad_id", "call")
	case !ValidID(a.After):
		return Refuse("thread.unknown", "after")
	case !ValidID(a.Member):
		return Refuse("call.unknown_member", "member")
	case a.Member == origin:
		return Refuse("call.calls_itself", "member")
	}
	return nil
}

// Digest is what the ToAdd statements commit to, whose subject is the call.
func (a Addition) Digest() string { return digestJSON(a) }

// KeepDigest is what a ToKeep statement commits to: the address of a household is kept until then.
func KeepDigest(c CaseID, until time.Time) string {
	return digestJSON(struct {
		Case  CaseID `json:"case"`
		Until string `json:"until"`
	}{c, FormatTime(until)})
}
