package alliance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// A PasskeyRequest is what the browser hands to navigator.credentials: options is the JSON form of the WebAuthn standard,
// {"publicKey": …}.
type PasskeyRequest struct {
	Challenge ChallengeID     `json:"challenge"`
	Options   json.RawMessage `json:"options"`
}

// neutralName is what authenticators show for this hub: nothing that says what it is for.
const neutralName = "Espace de travail"

// passkeysFor binds passkeys to an origin: discoverable, so that nobody types a name, and with user verification.
func passkeysFor(origin *url.URL) (*webauthn.WebAuthn, error) {
	w, err := webauthn.New(&webauthn.Config{
		RPID:          origin.Hostname(),
		RPDisplayName: neutralName,
		RPOrigins:     []string{origin.String()},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
		AttestationPreference: protocol.PreferNoAttestation,
		// Some browsers answer extensions that nobody asked for; what counts is refused by name in refusePRF.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("alliance: passkeys: %w", err)
	}
	return w, nil
}

// holder is an agent as the WebAuthn library knows users: an identifier and passkeys, no name worth reading.
type holder struct {
	agent       ailleurs.AgentID
	name        string
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return []byte(h.agent) }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

func (a *Alliance) prfValues() protocol.PRFValues {
	return protocol.PRFValues{First: protocol.URLEncodedBase64(a.cfg.PRFInput)}
}

// refusePRF refuses a body that carries what an authenticator's PRF extension gave: it opens the trousseau, and the hub
// must never hold it. A body may say that the extension is there ("enabled") and nothing more of it.
func refusePRF(body []byte) error {
	if len(body) > maxCredential {
		return ailleurs.RefuseAs(ailleurs.TooLarge, "passkey.too_large", "credential")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := scanPRF(d, false); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ailleurs.Refuse("passkey.malformed", "credential")
	}
	return nil
}

// maxCredential bounds an authenticator's answer, in bytes.
const maxCredential = 32 << 10

// scanPRF walks one JSON value token by token, so that a name given twice hides nothing.
func scanPRF(d *json.Decoder, inPRF bool) error {
	t, err := d.Token()
	if err != nil {
		return ailleurs.Refuse("passkey.malformed", "credential")
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	for d.More() {
		within := inPRF
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return ailleurs.Refuse("passkey.malformed", "credential")
			}
			text, _ := name.(string)
			if inPRF && !strings.EqualFold(text, "enabled") {
				return ailleurs.Refuse("passkey.prf_output", "credential")
			}
			within = strings.EqualFold(text, "prf")
		}
		if err := scanPRF(d, within); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return ailleurs.Refuse("passkey.malformed", "credential")
	}
	return nil
}

// askPasskey begins the making of a passkey for an agent; those they have are excluded.
func (a *Alliance) askPasskey(tx *store.Tx, who holder, at time.Time) (PasskeyRequest, error) {
	exclude := make([]protocol.CredentialDescriptor, len(who.credentials))
	for i, c := range who.credentials {
		exclude[i] = c.Descriptor()
	}
	creation, session, err := a.passkeys.BeginRegistration(who, webauthn.WithExclusions(exclude),
		webauthn.WithExtensions(webauthn.WithExtensionPRF(a.prfValues()), webauthn.WithExtensionCredProps()))
	if err != nil {
		return PasskeyRequest{}, fmt.Errorf("alliance: passkey options: %w", err)
	}
	return askBrowser(tx, passkeyMade, string(who.agent), creation, session, at)
}

func askBrowser(tx *store.Tx, kind challengeKind, subject string, options any, session *webauthn.SessionData, at time.Time) (PasskeyRequest, error) {
	b, err := json.Marshal(options)
	if err != nil {
		return PasskeyRequest{}, fmt.Errorf("alliance: passkey options: %w", err)
	}
	session.Expires = time.Time{} // the challenge's own row expires, by our clock
	life := challengeLife
	if kind == passkeyMade {
		life = enrolmentLife
	}
	id, err := ask(tx, kind, subject, session, life, at)
	return PasskeyRequest{Challenge: id, Options: b}, err
}

// madePasskey checks what the authenticator answered to askPasskey.
func (a *Alliance) madePasskey(tx *store.Tx, who holder, id ChallengeID, body []byte, at time.Time) (*webauthn.Credential, error) {
	var session webauthn.SessionData
	subject, err := answered(tx, id, passkeyMade, &session, at)
	if err != nil {
		return nil, err
	}
	if subject != string(who.agent) {
		return nil, ailleurs.RefuseAs(ailleurs.Conflict, "challenge.over", "")
	}
	if err := refusePRF(body); err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(body)
	if err != nil {
		return nil, ailleurs.Refuse("passkey.malformed", "credential")
	}
	c, err := a.passkeys.CreateCredential(who, session, parsed)
	if err != nil {
		return nil, ailleurs.Refuse("passkey.not_verified", "credential")
	}
	c.Attestation = webauthn.CredentialAttestation{} // which device it is made on is nobody's business
	return c, nil
}

// BeginPasskeySignIn asks the browser for any passkey of this hub.
func (a *Alliance) BeginPasskeySignIn(ctx context.Context, at time.Time) (PasskeyRequest, error) {
	var request PasskeyRequest
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		assertion, session, err := a.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired),
			webauthn.WithAssertionExtensions(webauthn.WithExtensionPRF(a.prfValues())))
		if err != nil {
			return fmt.Errorf("alliance: passkey options: %w", err)
		}
		request, err = askBrowser(tx, passkeySignIn, "", assertion, session, at)
		return err
	})
	return request, err
}

// SignInWithPasskey answers BeginPasskeySignIn. The client has taken the PRF results out of body (docs/protocol.md): one that
// holds them is refused with passkey.prf_output. A passkey whose counter ran backwards is refused with passkey.copied.
// from is the coarse address that pays for failures, device what the session list says ("Firefox, Linux").
func (a *Alliance) SignInWithPasskey(ctx context.Context, id ChallengeID, body []byte, from, device string, at time.Time) (SignedIn, error) {
	if err := refusePRF(body); err != nil {
		return SignedIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return SignedIn{}, ailleurs.Refuse("passkey.malformed", "credential")
	}
	var in SignedIn
	err = a.attempt(ctx, from, at, func(tx *store.Tx) error {
		var session webauthn.SessionData
		if _, err := answered(tx, id, passkeySignIn, &session, at); err != nil {
			return err
		}
		var u unlockerRow
		var fault error
		_, credential, err := a.passkeys.ValidatePasskeyLogin(func(rawID, userHandle []byte) (webauthn.User, error) {
			var h holder
			u, h, fault = passkeyHolder(tx, rawID, userHandle)
			return h, fault
		}, session, parsed)
		switch {
		case fault != nil && !errors.Is(fault, store.ErrNotFound):
			return fault
		case err != nil:
			return ailleurs.RefuseAs(ailleurs.Unsigned, "passkey.not_verified", "credential")
		case credential.Authenticator.CloneWarning:
			return ailleurs.RefuseAs(ailleurs.Unsigned, "passkey.copied", "credential")
		}
		if _, err := tx.Exec(`INSERT INTO passkey_count (unlocker_id, count, used_at) VALUES ($1, $2, $3)
			ON CONFLICT (unlocker_id) DO UPDATE SET count = excluded.count, used_at = excluded.used_at`,
			u.ID, int64(credential.Authenticator.SignCount), at); err != nil {
			return err
		}
		in, err = a.begin(tx, u, device, at)
		return err
	})
	return in, err
}

// passkeyHolder finds whose passkey it is.
func passkeyHolder(tx *store.Tx, rawID, userHandle []byte) (unlockerRow, holder, error) {
	u, err := store.One[unlockerRow](tx, "SELECT "+unlockerColumns+" FROM unlocker WHERE credential_id = $1 AND removed_at IS NULL", rawID)
	if err != nil {
		return unlockerRow{}, holder{}, err
	}
	if string(userHandle) != string(u.Agent) {
		return unlockerRow{}, holder{}, store.ErrNotFound
	}
	c, err := u.passkey()
	if err != nil {
		return unlockerRow{}, holder{}, err
	}
	var count int64
	err = tx.QueryRow("SELECT count FROM passkey_count WHERE unlocker_id = $1", u.ID).Scan(&count)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return unlockerRow{}, holder{}, err
	}
	c.Authenticator.SignCount = max(c.Authenticator.SignCount, uint32(count)) //nolint:gosec // written from a uint32
	return u, holder{agent: u.Agent, credentials: []webauthn.Credential{c}}, nil
}
