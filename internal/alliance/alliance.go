package alliance

import (
	"crypto/sha256"
	"errors"
	"net/url"

	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// Config is what the alliance needs. A zero field is usable or refused by its name.
type Config struct {
	DB     *store.DB // required
	Origin string    // where browsers find the hub, as "https://hub.example"; passkeys are bound to it; required

	// Register and Journal sign the checkpoints of the two logs. Required.
	Register, Journal LogKey

	// PRFInput is the constant that passkeys evaluate to unlock, the same for everyone.
	PRFInput string

	// DrawWords draws the six words of an invitation and ReadWords reads them as people type them. Required.
	DrawWords func() string
	ReadWords func(typed string) (string, error)

	// Territory checks the codes of members; nil accepts any well-formed code.
	Territory *territory.Territory

	// OpenCases counts the cases that an agent still carries; nil counts none.
	OpenCases func(tx *store.Tx, agent ailleurs.AgentID) (int, error)

	// NoRinger is set where nothing makes duty phones ring: then nobody is named duty officer (agent.duty_needs_ringer).
	NoRinger bool
}

// A LogKey is the key of a transparency log and its public half, as note.NewVerifier reads it.
type LogKey struct {
	Signer   note.Signer
	Verifier string
}

// An Alliance answers the use cases of this package. It is safe for use by many goroutines.
type Alliance struct {
	db       *store.DB
	cfg      Config
	passkeys *webauthn.WebAuthn
}

// New returns the alliance, or a refusal that names the field of the configuration at fault.
func New(cfg Config) (*Alliance, error) {
	origin, err := url.Parse(cfg.Origin)
	switch {
	case cfg.DB == nil:
		return nil, ailleurs.Refuse("alliance.config", "DB")
	case err != nil || origin.Host == "" || origin.Path != "":
		return nil, ailleurs.Refuse("alliance.config", "Origin")
	case cfg.Register.Signer == nil || cfg.Register.Verifier == "":
		return nil, ailleurs.Refuse("alliance.config", "Register")
	case cfg.Journal.Signer == nil || cfg.Journal.Verifier == "":
		return nil, ailleurs.Refuse("alliance.config", "Journal")
	case cfg.DrawWords == nil:
		return nil, ailleurs.Refuse("alliance.config", "DrawWords")
	case cfg.ReadWords == nil:
		return nil, ailleurs.Refuse("alliance.config", "ReadWords")
	}
	a := &Alliance{db: cfg.DB, cfg: cfg}
	if a.passkeys, err = passkeysFor(origin); err != nil {
		return nil, err
	}
	return a, nil
}

// nobody is the refusal of whoever has no live session.
func nobody() error { return ailleurs.RefuseAs(ailleurs.Unsigned, "session.none", "") }

// missing turns "no such row" into a refusal.
func missing(err error, key, field string) error {
	if errors.Is(err, store.ErrNotFound) {
		return ailleurs.RefuseAs(ailleurs.NotFound, key, field)
	}
	return err
}

// taken turns a value that is taken into a refusal.
func taken(err error, key, field string) error {
	if errors.Is(err, store.ErrTaken) {
		return ailleurs.RefuseAs(ailleurs.Conflict, key, field)
	}
	return err
}

// say journals what the unit wrote; it comes last.
func say(tx *store.Tx, e journal.Event) error {
	_, err := journal.Append(tx, e)
	return err
}

func sha(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
