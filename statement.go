package ailleurs

import (
	"fmt"
	"strings"
	"time"
)

// A Purpose says what a signature is for; a signature made for one purpose is worth nothing for another.
type Purpose string

// The purposes of statements.
const (
	ToAttest   Purpose = "attest"   // lead and second: the attestations of a call sheet
	ToCall     Purpose = "call"     // the signatory: the interpellation itself
	ToCheck    Purpose = "check"    // a coordinator: the card is fit to circulate
	ToSuggest  Purpose = "suggest"  // a coordinator: a member to call upon, or why not
	ToAdd      Purpose = "add"      // lead, second and a coordinator: one more addressee, named by a redirect
	ToAnswer   Purpose = "answer"   // a host caseworker: an answer sheet
	ToOffer    Purpose = "offer"    // the host's signatory: the same answer sheet
	ToRetain   Purpose = "retain"   // origin lead: the person's first yes
	ToWelcome  Purpose = "welcome"  // host lead: the person's second yes
	ToPlan     Purpose = "plan"     // host lead: the move plan of that place was checked for safety
	ToArrive   Purpose = "arrive"   // host lead: arrived, by the person's code word
	ToKeep     Purpose = "keep"     // host lead and second: the address is kept longer
	ToSuspend  Purpose = "suspend"  // lead and second
	ToResume   Purpose = "resume"   // lead and second
	ToHandOver Purpose = "handover" // a departing caseworker's case goes to another
	ToAdmit    Purpose = "admit"    // two coordinators: a member joins
	ToStand    Purpose = "standing" // two coordinators: a member is suspended, or no more
	ToTeam     Purpose = "team"     // two people: someone joins, changes role or leaves
	ToConfirm  Purpose = "confirm"  // two colleagues: this key is that person's
	ToRevoke   Purpose = "revoke"   // two people: this key is worth nothing from now on
	ToSignIn   Purpose = "sign-in"  // a paper code proves itself to the hub's challenge
)

// A Statement is the text under an Ed25519 signature: one line each, in a fixed order, so that the same statement always
// has the same bytes. Subject is the id of what it is about, Digest the hex SHA-256 of what was seen when signing.
type Statement struct {
	Purpose Purpose
	Subject string // case, call, thread, member or agent id
	Digest  string // hex SHA-256 of the sheet or entry signed
	By      AgentID
	Epoch   int // of the signer's key
	At      time.Time
}

const statementHeader = "ailleurs.statement/1"

// Text is the canonical form that is signed, ending in a newline.
func (s Statement) Text() string {
	return fmt.Sprintf("%s\npurpose %s\nsubject %s\ndigest %s\nby %s\nepoch %d\nat %s\n",
		statementHeader, s.Purpose, s.Subject, s.Digest, s.By, s.Epoch, FormatTime(s.At))
}

// ParseStatement reads a canonical text and refuses any other form of it.
func ParseStatement(text string) (Statement, error) {
	var s Statement
	var purpose, by, at string
	lines := strings.Split(text, "\n")
	if len(lines) != 8 || lines[0] != statementHeader || lines[7] != "" {
		return Statement{}, Refuse("statement.malformed", "statement")
	}
	fields := []struct {
		name string
		into *string
	}{{"purpose", &purpose}, {"subject", &s.Subject}, {"digest", &s.Digest}, {"by", &by}, {"epoch", nil}, {"at", &at}}
	for i, f := range fields {
		value, ok := strings.CutPrefix(lines[i+1], f.name+" ")
		if !ok {
			return Statement{}, Refuse("statement.malformed", f.name)
		}
		if f.into != nil {
			*f.into = value
		} else if _, err := fmt.Sscanf(value, "%d", &s.Epoch); err != nil {
			return Statement{}, Refuse("statement.malformed", f.name)
		}
	}
	s.Purpose, s.By = Purpose(purpose), AgentID(by)
	t, err := ParseTime(at)
	if err != nil {
		return Statement{}, Refuse("statement.malformed", "at")
	}
	s.At = t
	if s.Text() != text {
		return Statement{}, Refuse("statement.malformed", "statement")
	}
	return s, nil
}

// StatementSkew is how far a signer's clock may be from the hub's.
const StatementSkew = 10 * time.Minute

// Matches refuses a statement that is not exactly the one asked for: same purpose, subject, digest and signer, made
// within StatementSkew of at.
func (s Statement) Matches(want Statement, at time.Time) error {
	switch {
	case s.Purpose != want.Purpose:
		return Refuse("statement.wrong_purpose", "purpose")
	case s.Subject != want.Subject:
		return Refuse("statement.wrong_subject", "subject")
	case s.Digest != want.Digest:
		return Refuse("statement.wrong_digest", "digest")
	case s.By != want.By:
		return Refuse("statement.wrong_signer", "by")
	case s.At.Before(at.Add(-StatementSkew)) || s.At.After(at.Add(StatementSkew)):
		return Refuse("statement.stale", "at")
	}
	return nil
}

const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime writes an instant as fixed-width UTC text that sorts: the form of the database, the journal and statements.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime reads the form that FormatTime writes and no other.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("ailleurs: time %q is not of the form %s", s, timeLayout)
	}
	return t, nil
}
