package browser

// carry gives someone who is signed in a passkey of their own, with or without PRF (then with a phrase beside it), and has
// them sign in again with it: what they do from there on rests on the passkey.
func (s *stage) carry(v *Visitor, prf bool) *Visitor {
	s.t.Helper()
	key := v.Authenticator(prf)
	adding := `details:has([data-add])`
	var w ways
	v.Go("/compte")
	v.Until(`document.querySelector('form[data-add="passkey"][data-ready]')`)
	v.Click(adding + " summary")
	if prf {
		v.Click(`[data-add="passkey"] button`)
		v.at("/essai")
		v.open("form[data-trial]", w)
		v.at("/compte")
	} else {
		v.press(`[data-add="passkey"] button`)
		v.Until(`location.pathname === "/compte" && document.querySelector('form[data-add="passphrase"][data-ready]')`)
		v.Click(adding + " summary")
		v.Click(`[data-add="passphrase"] button`)
		v.Until(`document.querySelectorAll('[data-add="passphrase"] [data-words] li').length === 6`)
		w.phrase = v.words(`[data-add="passphrase"]`)
		v.Click(`[data-add="passphrase"] button`)
		v.at("/essai")
		v.open("form[data-trial]", w)
		v.at("/compte")
	}
	v.leave()
	before := key.uses()
	v.usePasskey()
	if !prf {
		v.at("/ouvrir")
		v.Type(`[data-unlock="passphrase"] textarea`, w.phrase)
		v.Click(`[data-unlock="passphrase"] button`)
	}
	v.at(work)
	if got := key.uses() - before; got != 1 {
		s.t.Errorf("signing in took %v gestures", got)
	}
	if n := len(key.Passkeys()); n != 1 {
		s.t.Errorf("%d passkeys", n)
	}
	if w.phrase != "" {
		s.secrets = append(s.secrets, w.phrase)
	}
	return v
}
