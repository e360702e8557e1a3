package alliance

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A NewInvitation is whom an agent invites: a colleague to be, and the roles that two people will have to sign.
type NewInvitation struct {
	Member ailleurs.MemberID
	Name   string
	Email  string
	Lang   string // fr or en
	Roles  []ailleurs.Role
}

// An Invitation is what is handed over in person, on paper: six words, good for 72 hours and one enrolment, and a hash of
// what the client is to trust of the two logs.
type Invitation struct {
	ID      ailleurs.InvitationID
	Agent   ailleurs.AgentID
	Name    string
	Words   Words // shown once; the hub keeps a slow hash
	Pins    Pins
	Expires time.Time
}

// Pins are what a client holds on to about the two logs: one line each, "verifier size root".
type Pins struct {
	Register string `json:"register"`
	Journal  string `json:"journal"`
}

// Hash is the hex SHA-256 of the pins, a line each: on the paper of the invitation, so that a hub cannot show another
// register to whoever it invites.
func (p Pins) Hash() string {
	sum := sha256.Sum256([]byte(p.Register + "\n" + p.Journal + "\n"))
	return hex.EncodeToString(sum[:])
}

func (a *Alliance) pins(tx *store.Tx) (Pins, error) {
	line := func(log journal.Log, key LogKey) (string, error) {
		h, err := journal.HeadOf(tx, log)
		return key.Verifier + " " + strconv.FormatInt(h.Size, 10) + " " + base64.RawStdEncoding.EncodeToString(h.Root[:]), err
	}
	register, err := line(journal.Register, a.cfg.Register)
	if err != nil {
		return Pins{}, err
	}
	facts, err := line(journal.Journal, a.cfg.Journal)
	return Pins{register, facts}, err
}

type invitationRow struct {
	ID        ailleurs.InvitationID `db:"id"`
	Hash      []byte                `db:"hash"`
	Member    ailleurs.MemberID     `db:"member_id"`
	Agent     ailleurs.AgentID      `db:"agent_id"`
	Name      string                `db:"name"`
	Email     string                `db:"email"`
	Lang      string                `db:"lang"`
	Roles     string                `db:"roles"`
	Register  string                `db:"register_pin"`
	Journal   string                `db:"journal_pin"`
	MadeBy    ailleurs.AgentID      `db:"made_by,omitzero"`
	Made      time.Time             `db:"made_at"`
	Expires   time.Time             `db:"expires_at"`
	Used      time.Time             `db:"used_at,omitzero"`
	Withdrawn time.Time             `db:"withdrawn_at,omitzero"`
}

const invitationColumns = `id, hash, member_id, agent_id, name, email, lang, roles, register_pin, journal_pin, made_by, made_at,
	expires_at, used_at, withdrawn_at`

func (i invitationRow) roles() []ailleurs.Role {
	var out []ailleurs.Role
	for r := range strings.FieldsSeq(i.Roles) {
		out = append(out, ailleurs.Role(r))
	}
	return out
}

// hashWords is slow enough for what six words hold: 66 bits at 4,096 rounds of HMAC-SHA-256 (two compressions each) are
// 2^79 compressions, and an invitation lives 72 hours; a thousand machines of 10^10 a second would need two thousand years.
// It has one salt for all, so that words find their invitation.
func hashWords(words string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, words, []byte("ailleurs/1 invitation"), 4096, 32)
}

// CheckEmail refuses what is no plain address.
func CheckEmail(email, field string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 254 || strings.ContainsAny(email, "\r\n\x00") {
		return ailleurs.Refuse("agent.bad_email", field)
	}
	return nil
}

func checkLang(lang string) error {
	if lang != "fr" && lang != "en" {
		return ailleurs.Refuse("agent.unknown_lang", "lang")
	}
	return nil
}

// Invite makes the paper for a colleague to be. Whoever could sign their roles may invite them; the roles themselves wait
// for two signatures, once the keys are there.
func (a *Alliance) Invite(ctx context.Context, by ailleurs.Actor, n NewInvitation, at time.Time) (Invitation, error) {
	guarding := false
	for _, r := range n.Roles {
		guarding = guarding || r.Guards()
	}
	if err := mayPropose(by, n.Member, "", guarding, false); err != nil {
		return Invitation{}, err
	}
	var out Invitation
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		m, err := memberOf(tx, n.Member)
		if err != nil {
			return err
		}
		if m.AdmittedAt.IsZero() || !m.SuspendedAt.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "member.not_admitted", "member")
		}
		if out, err = a.invite(tx, by.Agent, ailleurs.NewID[ailleurs.AgentID](), n, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "invitation.made", At: at, Actor: by.Agent, Member: n.Member, Subject: string(out.Agent)})
	})
	return out, err
}

// Reinvite makes the paper for an agent who lost every unlocker, or whose keys were revoked: they make keys of the next
// epoch, which two colleagues confirm, and colleagues' clients grant them their cases again.
func (a *Alliance) Reinvite(ctx context.Context, by ailleurs.Actor, agent ailleurs.AgentID, at time.Time) (Invitation, error) {
	var out Invitation
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		who, _, err := concerned(tx, by, agent, false)
		if err != nil {
			return err
		}
		if !who.Revoked.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "agent.has_left", "agent")
		}
		n := NewInvitation{Member: who.Member, Name: who.Name, Email: who.Email, Lang: who.Lang}
		if out, err = a.invite(tx, by.Agent, agent, n, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "invitation.made", At: at, Actor: by.Agent, Member: who.Member, Subject: string(agent)})
	})
	return out, err
}

// invite checks and writes an invitation; roles are empty for an agent who has some already.
func (a *Alliance) invite(tx *store.Tx, by, agent ailleurs.AgentID, n NewInvitation, at time.Time) (Invitation, error) {
	if err := errors.Join(ailleurs.CheckName(n.Name, "name"), CheckEmail(n.Email, "email"), checkLang(n.Lang)); err != nil {
		return Invitation{}, err
	}
	if err := a.checkRinger(n.Roles...); err != nil {
		return Invitation{}, err
	}
	known, err := store.All[ailleurs.AgentID](tx, "SELECT id FROM agent WHERE email = $1 AND revoked_at IS NULL", n.Email)
	if err != nil {
		return Invitation{}, err
	}
	if len(known) == 0 || known[0] != agent {
		if err := ailleurs.CheckRoles(n.Roles); err != nil {
			return Invitation{}, err
		}
		if len(known) > 0 {
			return Invitation{}, ailleurs.RefuseAs(ailleurs.Conflict, "agent.email_taken", "email")
		}
	}
	words := a.cfg.DrawWords()
	read, err := a.cfg.ReadWords(words)
	if err != nil {
		return Invitation{}, fmt.Errorf("alliance: words drawn cannot be read: %w", err)
	}
	hash, err := hashWords(read)
	if err != nil {
		return Invitation{}, fmt.Errorf("alliance: words: %w", err)
	}
	pins, err := a.pins(tx)
	if err != nil {
		return Invitation{}, err
	}
	names := make([]string, len(n.Roles))
	for i, r := range n.Roles {
		names[i] = string(r)
	}
	row := invitationRow{
		ID: ailleurs.NewID[ailleurs.InvitationID](), Hash: hash, Member: n.Member, Agent: agent, Name: n.Name, Email: n.Email,
		Lang: n.Lang, Roles: strings.Join(names, " "), Register: pins.Register, Journal: pins.Journal, MadeBy: by, Made: at,
		Expires: at.Add(ailleurs.InvitationLife),
	}
	if err := tx.Insert("invitation", row); err != nil {
		return Invitation{}, err
	}
	return Invitation{row.ID, agent, n.Name, Words(words), pins, row.Expires}, nil
}

// WithdrawInvitation makes an invitation worthless: whoever could have made it.
func (a *Alliance) WithdrawInvitation(ctx context.Context, by ailleurs.Actor, id ailleurs.InvitationID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		i, err := store.One[invitationRow](tx, "SELECT "+invitationColumns+" FROM invitation WHERE id = $1", id)
		if err != nil {
			return missing(err, "invitation.unknown", "invitation")
		}
		if err := tx.Bump("member", i.Member); err != nil {
			return err
		}
		if !by.MayApprove(ailleurs.RegisterTeam, i.Member, "", false) {
			return ailleurs.RefuseAs(ailleurs.NotFound, "invitation.unknown", "invitation")
		}
		n, err := tx.SetWhere("invitation", store.Changes{"withdrawn_at": at}, "id = $1 AND used_at IS NULL AND withdrawn_at IS NULL", id)
		if err != nil {
			return err
		}
		if n == 0 {
			return ailleurs.RefuseAs(ailleurs.Conflict, "invitation.over", "invitation")
		}
		return say(tx, journal.Event{Kind: "invitation.withdrawn", At: at, Actor: by.Agent, Member: i.Member})
	})
}

// An Enrolment is what the holder of an invitation needs to make their keys.
type Enrolment struct {
	Ticket     ChallengeID // for BeginEnrolmentPasskey and Enrol, 45 minutes
	Agent      ailleurs.AgentID
	Epoch      int // 1, or the next one of an agent who lost everything
	Name       string
	MemberName string
	Lang       string
	Roles      []ailleurs.Role
	Pins       Pins // to be checked against the hash on the paper
}

// OpenInvitation reads the six words and hands out a ticket. It uses nothing up: the invitation is spent by Enrol. Wrong
// words cost the address a token of its budget and are refused with invitation.unknown, whatever is wrong with them.
func (a *Alliance) OpenInvitation(ctx context.Context, typed, from string, at time.Time) (Enrolment, error) {
	words, err := a.cfg.ReadWords(typed)
	if err != nil {
		return Enrolment{}, err
	}
	hash, err := hashWords(words)
	if err != nil {
		return Enrolment{}, fmt.Errorf("alliance: words: %w", err)
	}
	var out Enrolment
	err = a.attempt(ctx, from, at, func(tx *store.Tx) error {
		i, err := store.One[invitationRow](tx, "SELECT "+invitationColumns+" FROM invitation WHERE hash = $1", hash)
		if err == nil {
			err = i.check(at)
		}
		if err != nil {
			return missing(err, "invitation.unknown", "words")
		}
		m, err := memberOf(tx, i.Member)
		if err != nil {
			return err
		}
		epoch, err := nextEpoch(tx, i.Agent)
		if err != nil {
			return err
		}
		out = Enrolment{Agent: i.Agent, Epoch: epoch, Name: i.Name, MemberName: m.Name, Lang: i.Lang, Roles: i.roles(), Pins: Pins{i.Register, i.Journal}}
		out.Ticket, err = ask(tx, enrolment, string(i.ID), nil, enrolmentLife, at)
		return err
	})
	return out, err
}

// check refuses an invitation that is used, withdrawn or too old.
func (i invitationRow) check(at time.Time) error {
	switch {
	case !i.Used.IsZero():
		return ailleurs.RefuseAs(ailleurs.Conflict, "invitation.used", "words")
	case !i.Withdrawn.IsZero() || !at.Before(i.Expires):
		return ailleurs.RefuseAs(ailleurs.Conflict, "invitation.over", "words")
	}
	return nil
}

func nextEpoch(tx *store.Tx, agent ailleurs.AgentID) (int, error) {
	keys, err := store.All[int](tx, "SELECT epoch FROM agent_key WHERE agent_id = $1 AND register_idx IS NOT NULL ORDER BY epoch DESC LIMIT 1", agent)
	if err != nil || len(keys) == 0 {
		return 1, err
	}
	return keys[0] + 1, nil
}
