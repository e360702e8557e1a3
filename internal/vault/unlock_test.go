package vault

import (
	"bytes"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

func TestLocksRefuseWhatIsNotTheirs(t *testing.T) {
	s := newStage(t)
	pinned := Lock{Kind: PassphraseLock, Salt: NewSalt(), Recipient: s.hostLead.Public().Recipient}.Text()
	for _, c := range []struct{ name, old, new, key string }{
		{"half the memory", "131072 8 1", "65536 8 1", "vault.lower_cost"},
		{"a smaller block", "131072 8 1", "131072 1 1", "vault.lower_cost"},
		{"no passes", "131072 8 1", "131072 8 0", "vault.lower_cost"},
		{"another cost", "131072 8 1", "262144 8 1", "vault.unknown_cost"},
		{"a cost of two numbers", "131072 8 1", "131072 8", "vault.malformed"},
		{"a cost written otherwise", "131072 8 1", "0131072 8 1", "vault.malformed"},
		{"no salt", "salt ", "salt A", "vault.malformed"},
		{"another kind", "kind passphrase", "kind session", "vault.malformed"},
		{"another protocol", "lock/1", "lock/2", "vault.unknown_protocol"},
		{"a classic recipient", "recipient age1pq1", "recipient age1", "vault.classic_recipient"},
		{"something after", s.hostLead.Public().Recipient, s.hostLead.Public().Recipient + "\nnote x", "vault.malformed"},
		{"too much", "recipient ", "recipient " + strings.Repeat("a", 5000), "vault.too_large"},
	} {
		_, err := ParseLock(strings.Replace(pinned, c.old, c.new, 1))
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != c.key {
			t.Errorf("%s: got %v, want %s", c.name, err, c.key)
		}
	}
	if _, err := ParseLock(pinned); err != nil {
		t.Error(err)
	}
}

func TestSecretsOfTheWrongLengthAreRefused(t *testing.T) {
	short, whole := make([]byte, 31), make([]byte, 32)
	phrase := NewPassphrase()
	for name, make := range map[string]func() (*Unlocker, error){
		"prf":           func() (*Unlocker, error) { return PasskeyUnlocker(short) },
		"salt":          func() (*Unlocker, error) { return PassphraseUnlocker(phrase, short, whole) },
		"device":        func() (*Unlocker, error) { return PassphraseUnlocker(phrase, NewSalt(), short) },
		"tab's device":  func() (*Unlocker, error) { return SessionUnlocker(short, whole) },
		"tab's share":   func() (*Unlocker, error) { return SessionUnlocker(whole, short) },
		"nothing given": func() (*Unlocker, error) { return PasskeyUnlocker(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := make()
			refused(t, err, "vault.bad_secret")
		})
	}
}

// The tab's copy opens with both halves of its secret, and with no other lock; it is never one of the stored locks.
func TestTabNeedsDeviceAndLiveSession(t *testing.T) {
	s := newStage(t)
	device, share := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	u := must[*Unlocker](t)(SessionUnlocker(device, share))
	file := must[[]byte](t)(s.lead.WrapForSession(u))
	if back := must[*Trousseau](t)(OpenTrousseau(file, u)); back.Public() != s.lead.Public() {
		t.Error("another trousseau came back")
	}
	for _, other := range []*Unlocker{
		must[*Unlocker](t)(SessionUnlocker(device, device)),
		must[*Unlocker](t)(SessionUnlocker(share, share)),
		must[*Unlocker](t)(SessionUnlocker(share, device)),
		must[*Unlocker](t)(PasskeyUnlocker(device)),
	} {
		_, err := OpenTrousseau(file, other)
		refused(t, err, "vault.not_for_you")
	}
	refused(t, s.lead.AddLock(u), "vault.unknown_lock")
	_, err := s.lead.WrapForSession(must[*Unlocker](t)(PasskeyUnlocker(device)))
	refused(t, err, "vault.unknown_lock")
}

func TestTrousseauIsFullAfterFiveLocks(t *testing.T) {
	s := newStage(t)
	origin := strings.Repeat("o", maxOrigin)
	pin := s.pin()
	pin.Verifier, pin.Size = origin+strings.TrimPrefix(pin.Verifier, s.pin().Origin()), 1<<40
	s.lead.Register, s.lead.Journal = pin, pin
	var locks []Lock
	for i := range MaxLocks + 1 {
		u := must[*Unlocker](t)(PasskeyUnlocker(bytes.Repeat([]byte{byte(i)}, 32)))
		err := s.lead.AddLock(u)
		if i == MaxLocks {
			refused(t, err, "vault.too_many_locks")
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		locks = append(locks, u.Lock())
	}
	// Even the fullest trousseau fits its one size.
	files := must[[][]byte](t)(NewClient(s.lead).Wraps(locks))
	for _, f := range files {
		if len(f) != ailleurs.SealedSize(TrousseauSize) {
			t.Errorf("a wrapped trousseau has %d bytes", len(f))
		}
	}
	// A lock removed is no longer wrapped to; one slipped in for another is noticed though the number agrees.
	s.lead.RemoveLock(locks[0])
	_, err := NewClient(s.lead).Wraps(locks)
	refused(t, err, "vault.unknown_lock")
	_, err = NewClient(s.lead).Wraps(append(locks[2:4:4], locks[2], locks[3]))
	refused(t, err, "vault.missing_lock")
	if n := s.lead.Locks()[PasskeyLock]; n != MaxLocks-1 {
		t.Errorf("%d locks are left", n)
	}
}

func TestRotatedKeysKeepLocksAndPins(t *testing.T) {
	s := newStage(t)
	u := must[*Unlocker](t)(PaperUnlocker(NewPaperCode()))
	if err := s.lead.AddLock(u); err != nil {
		t.Fatal(err)
	}
	next := must[*Trousseau](t)(s.lead.Rotated())
	back := must[*Trousseau](t)(OpenTrousseau(must[[]byte](t)(next.Wrap(u.Lock())), u))
	if back.Epoch != 2 || back.Public() != next.Public() || back.Register != s.lead.Register {
		t.Errorf("came back at epoch %d", back.Epoch)
	}
	if next.Public().Recipient == s.lead.Public().Recipient || next.Public().Verifier == s.lead.Public().Verifier {
		t.Error("a key was kept")
	}
}

func TestStatementsAreSignedTogether(t *testing.T) {
	s := newStage(t)
	text := ailleurs.Statement{Purpose: ailleurs.ToSuspend, Subject: "case", Digest: "d", By: s.lead.Agent, Epoch: 1, At: now}.Text()
	signed := must[[]byte](t)(Sign(s.lead, text))
	both := must[[]byte](t)(Cosign(s.alliance.second, signed))
	for _, v := range []Public{s.lead.Public(), s.alliance.second.Public()} {
		if got, err := VerifySigned(v.Verifier, both); err != nil || got != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if names := must[[]ailleurs.AgentID](t)(Signers(both)); len(names) != 2 {
		t.Errorf("signed by %v", names)
	}
	_, err := VerifySigned(s.hostLead.Public().Verifier, both)
	refused(t, err, "vault.unknown_signer")
	_, err = VerifySigned(s.lead.Public().Verifier, bytes.Replace(both, []byte("case"), []byte("cage"), 1))
	refused(t, err, "vault.bad_signature")
	_, err = VerifySigned("nobody", both)
	refused(t, err, "vault.unknown_signer")
	_, err = VerifySigned(s.lead.Public().Verifier, make([]byte, maxStatement+1))
	refused(t, err, "vault.too_large")
	_, err = VerifySigned(s.lead.Public().Verifier, []byte("bonjour"))
	refused(t, err, "vault.malformed")
	_, err = Sign(s.lead, "no newline")
	refused(t, err, "vault.malformed")
	_, err = Sign(s.lead, strings.Repeat("x", maxStatement)+"\n")
	refused(t, err, "vault.too_large")
	_, err = Cosign(s.lead, must[[]byte](t)(s.hostLead.sign(s.opened.Body.text())))
	refused(t, err, "vault.reserved_label")
}
