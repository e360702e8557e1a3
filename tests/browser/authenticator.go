package browser

import (
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// An Authenticator is a visitor's virtual passkey device: it says yes at once, as a verified user would.
type Authenticator struct {
	v  *Visitor
	id webauthn.AuthenticatorID
}

// Authenticator plugs a passkey device in, with or without the PRF extension that unlocks a trousseau. Passkeys need
// http://localhost: an address in figures does not do.
func (v *Visitor) Authenticator(prf bool) *Authenticator {
	v.t.Helper()
	if _, err := chromedp.Call(v.Ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		v.t.Fatal(err)
	}
	added, err := chromedp.Call(v.Ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol:                    webauthn.AuthenticatorProtocolCtap2,
			Ctap2version:                webauthn.Ctap2versionCtap21,
			Transport:                   webauthn.AuthenticatorTransportInternal,
			HasResidentKey:              true,
			HasUserVerification:         true,
			IsUserVerified:              true,
			HasPrf:                      prf,
			AutomaticPresenceSimulation: true,
		},
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return &Authenticator{v, added.AuthenticatorID}
}

// Passkeys returns the passkeys that the device holds.
func (a *Authenticator) Passkeys() []*webauthn.Credential {
	a.v.t.Helper()
	held, err := chromedp.Call(a.v.Ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
	if err != nil {
		a.v.t.Fatal(err)
	}
	return held.Credentials
}

// Lose takes the device away, with its passkeys.
func (a *Authenticator) Lose() {
	a.v.t.Helper()
	if _, err := chromedp.Call(a.v.Ctx, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: a.id}); err != nil {
		a.v.t.Fatal(err)
	}
}
