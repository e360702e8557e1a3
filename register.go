package ailleurs

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RegisterKind is what an entry of the register says.
type RegisterKind string

// The kinds of entry.
const (
	RegisterAccession  RegisterKind = "accession"  // a member joins
	RegisterSuspension RegisterKind = "suspension" // a member takes no part until the suspension ends
	RegisterTeam       RegisterKind = "team"       // an agent of a member takes or leaves a role
	RegisterKey        RegisterKind = "key"        // an agent's keys at an epoch
	RegisterRevocation RegisterKind = "revocation" // an agent's keys up to an epoch are good for nothing any more
)

// RegisterKinds lists the kinds.
var RegisterKinds = []RegisterKind{RegisterAccession, RegisterSuspension, RegisterTeam, RegisterKey, RegisterRevocation}

// MaxRegisterEpoch bounds the epochs of keys, so that a number is never read in two ways.
const MaxRegisterEpoch = 1_000_000

// A RegisterEntry is one line of the public memory of who may hold keys. It has no room for a name, an e-mail or free
// text: identifiers are random, keys are public keys or hashes of them. Fields that the kind does not use are zero.
//
// What the log holds as one record is the entry with the signed statements of those who approved it (RegisterRecord), so
// that a client need not believe the hub about them.
type RegisterEntry struct {
	Kind      RegisterKind
	At        time.Time // whole seconds, UTC
	Member    MemberID  // accession, suspension, team
	Code      string    // accession: INSEE code of the commune or département, or nine-digit SIREN
	Ends      bool      // suspension: it is over
	Agent     AgentID   // team, key, revocation
	Role      Role      // team
	Leaves    bool      // team: the agent leaves the role instead of taking it
	Epoch     int       // key, revocation; counts from 1
	Recipient [32]byte  // key: SHA-256 of the text age1pq1… of the agent's recipient
	Signer    [32]byte  // key: the agent's Ed25519 public key itself
}

// registerLabel opens every entry, so that its text can be mistaken for nothing else that an agent signs.
const registerLabel = "ailleurs-register/1"

// RecipientHash is the hash under which the register knows a recipient (age1pq1…).
func RecipientHash(recipient string) [32]byte { return sha256.Sum256([]byte(recipient)) }

// Digest is what the statements that approve the entry commit to: the hex SHA-256 of its text.
func (e RegisterEntry) Digest() string {
	sum := sha256.Sum256([]byte(e.Text()))
	return hex.EncodeToString(sum[:])
}

// RegisterApprovals is how many distinct entitled people must have approved an entry. The holder's own statement, which
// every key needs besides, is not counted.
const RegisterApprovals = 2

// Approval is the statement that whoever approves the entry signs; By, Epoch and At are the signer's to fill in.
func (e RegisterEntry) Approval() Statement {
	s := Statement{Subject: string(e.Agent), Digest: e.Digest()}
	switch e.Kind {
	case RegisterAccession:
		s.Purpose, s.Subject = ToAdmit, string(e.Member)
	case RegisterSuspension:
		s.Purpose, s.Subject = ToStand, string(e.Member)
	case RegisterTeam:
		s.Purpose = ToTeam
	case RegisterKey:
		s.Purpose = ToConfirm
	case RegisterRevocation:
		s.Purpose = ToRevoke
	}
	return s
}

// A RegisterRecord is what the log holds as one record: an entry, and the signed notes of the statements that approve it.
// A key carries one more, by its holder with the new key itself.
type RegisterRecord struct {
	Entry     RegisterEntry
	Approvals [][]byte
}

// MaxRegisterApprovals bounds the statements of one record.
const MaxRegisterApprovals = 8

// Format is the record's bytes: the entry's text, then each note after an empty line.
func (r RegisterRecord) Format() []byte {
	b := []byte(r.Entry.Text())
	for _, note := range r.Approvals {
		b = append(append(b, '\n'), note...)
	}
	return b
}

// ParseRegisterRecord reads a record and refuses any other form of it. It takes the notes apart and checks no signature.
func ParseRegisterRecord(b []byte) (RegisterRecord, error) {
	if len(b) > 8<<10 {
		return RegisterRecord{}, RefuseAs(TooLarge, "register.too_large", "record")
	}
	text, rest := string(b), ""
	if i := strings.Index(text, "\n\n"); i >= 0 {
		text, rest = text[:i+1], text[i+2:]
	}
	entry, err := ParseRegisterEntry(text)
	if err != nil {
		return RegisterRecord{}, err
	}
	r := RegisterRecord{Entry: entry}
	for rest != "" {
		end := -1 // of the one signature line
		if i := strings.Index(rest, "\n\n\u2014 "); i >= 0 {
			if j := strings.Index(rest[i+2:], "\n"); j >= 0 {
				end = i + 2 + j + 1
			}
		}
		if end < 0 || len(r.Approvals) == MaxRegisterApprovals {
			return RegisterRecord{}, Refuse("register.bad_approval", "approvals")
		}
		r.Approvals = append(r.Approvals, []byte(rest[:end]))
		rest = rest[end:]
		if after, more := strings.CutPrefix(rest, "\n"); more && after != "" {
			rest = after
		} else if rest != "" {
			return RegisterRecord{}, Refuse("register.bad_approval", "approvals")
		}
	}
	if !bytes.Equal(r.Format(), b) {
		return RegisterRecord{}, Refuse("register.not_canonical", "record")
	}
	return r, nil
}

// Text is the canonical form of a valid entry: one "name value" line per field in a fixed order, each ended by a newline.
func (e RegisterEntry) Text() string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%s %s\n", name, value) }
	b.WriteString(registerLabel + "\n")
	line("kind", string(e.Kind))
	line("at", e.At.UTC().Format(registerTime))
	switch e.Kind {
	case RegisterAccession:
		line("member", string(e.Member))
		line("code", e.Code)
	case RegisterSuspension:
		line("member", string(e.Member))
		if e.Ends {
			line("change", "ends")
		} else {
			line("change", "begins")
		}
	case RegisterTeam:
		line("member", string(e.Member))
		line("agent", string(e.Agent))
		line("role", string(e.Role))
		if e.Leaves {
			line("change", "leaves")
		} else {
			line("change", "takes")
		}
	case RegisterKey:
		line("agent", string(e.Agent))
		line("epoch", strconv.Itoa(e.Epoch))
		line("recipient", registerBase64.EncodeToString(e.Recipient[:]))
		line("signer", registerBase64.EncodeToString(e.Signer[:]))
	case RegisterRevocation:
		line("agent", string(e.Agent))
		line("epoch", strconv.Itoa(e.Epoch))
	}
	return b.String()
}

const registerTime = "2006-01-02T15:04:05Z"

var registerBase64 = base64.RawStdEncoding.Strict()

// Validate refuses an entry that has no canonical text.
func (e RegisterEntry) Validate() error {
	if _, err := ParseRegisterEntry(e.Text()); err != nil {
		return err
	}
	if parsed, _ := ParseRegisterEntry(e.Text()); parsed != e.normal() {
		return Refuse("register.superfluous_field", "kind", "kind", string(e.Kind))
	}
	return nil
}

// normal is e with its time as the text carries it.
func (e RegisterEntry) normal() RegisterEntry {
	e.At = e.At.UTC().Truncate(time.Second)
	return e
}

// ParseRegisterEntry reads the canonical text and refuses any other, naming the field: an entry has exactly one text.
func ParseRegisterEntry(text string) (RegisterEntry, error) {
	var e RegisterEntry
	if len(text) > 512 {
		return e, RefuseAs(TooLarge, "register.too_large", "entry")
	}
	label, rest, _ := strings.Cut(text, "\n")
	if label != registerLabel {
		return e, Refuse("register.unknown_protocol", "entry")
	}
	fields := []string{"kind", "at"}
	for i := 0; i < len(fields); i++ {
		name := fields[i]
		line, after, ok := strings.Cut(rest, "\n")
		value, named := strings.CutPrefix(line, name+" ")
		if !ok || !named {
			return RegisterEntry{}, Refuse("register.missing_field", name)
		}
		if err := e.set(name, value); err != nil {
			return RegisterEntry{}, Refuse("register.bad_field", name)
		}
		rest = after
		if name == "kind" {
			switch e.Kind {
			case RegisterAccession:
				fields = append(fields, "member", "code")
			case RegisterSuspension:
				fields = append(fields, "member", "change")
			case RegisterTeam:
				fields = append(fields, "member", "agent", "role", "change")
			case RegisterKey:
				fields = append(fields, "agent", "epoch", "recipient", "signer")
			case RegisterRevocation:
				fields = append(fields, "agent", "epoch")
			}
		}
	}
	if rest != "" || e.Text() != text {
		return RegisterEntry{}, Refuse("register.not_canonical", "entry")
	}
	return e, nil
}

var errRegisterField = errors.New("malformed value")

func (e *RegisterEntry) set(name, value string) (err error) {
	ok := true
	switch name {
	case "kind":
		e.Kind = RegisterKind(value)
		ok = slices.Contains(RegisterKinds, e.Kind)
	case "at":
		e.At, err = time.Parse(registerTime, value)
	case "member":
		e.Member = MemberID(value)
		ok = ValidID(e.Member)
	case "agent":
		e.Agent = AgentID(value)
		ok = ValidID(e.Agent)
	case "code":
		e.Code = value
		ok = validRegisterCode(value)
	case "role":
		e.Role = Role(value)
		ok = e.Role.Valid()
	case "change":
		if e.Kind == RegisterSuspension {
			e.Ends = value == "ends"
			ok = e.Ends || value == "begins"
		} else {
			e.Leaves = value == "leaves"
			ok = e.Leaves || value == "takes"
		}
	case "epoch":
		e.Epoch, err = strconv.Atoi(value)
		ok = e.Epoch >= 1 && e.Epoch <= MaxRegisterEpoch
	case "recipient":
		ok = decode32(&e.Recipient, value)
	case "signer":
		ok = decode32(&e.Signer, value)
	}
	if err == nil && !ok {
		err = errRegisterField
	}
	return err
}

// validRegisterCode reports whether code has the form of an INSEE code (2A004, 69, 974) or of a SIREN; not that it exists.
func validRegisterCode(code string) bool {
	if len(code) != 2 && len(code) != 3 && len(code) != 5 && len(code) != 9 {
		return false
	}
	for i := range len(code) {
		corsica := i == 1 && code[0] == '2' && (code[i] == 'A' || code[i] == 'B') && len(code) <= 5
		if (code[i] < '0' || code[i] > '9') && !corsica {
			return false
		}
	}
	return true
}

func decode32(into *[32]byte, value string) bool {
	b, err := registerBase64.DecodeString(value)
	return err == nil && len(b) == 32 && copy(into[:], b) == 32
}
