package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"strconv"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/scrypt"

	"codeberg.org/ailleurs/ailleurs"
)

// LockKind is the kind of secret that opens a trousseau.
type LockKind string

// The kinds of lock.
const (
	PasskeyLock    LockKind = "passkey"    // the PRF output of an authenticator
	PassphraseLock LockKind = "passphrase" // six words and the key of one device
	PaperLock      LockKind = "paper"      // twelve words in the town hall's safe
	sessionLock    LockKind = "session"    // one tab of one live session; never stored on the hub
)

// Cost of scrypt, pinned: a hub cannot ask for less. 128 MiB and about half a second on a laptop of 2026.
const (
	scryptN = 1 << 17
	scryptR = 8
	scryptP = 1
)

// SaltSize is the length of a passphrase's salt, in bytes.
const SaltSize = 16

// A Lock is the public half of an unlocker, as the hub stores it beside the wrapped trousseau. A trousseau is wrapped to
// it without knowing the secret; the trousseau itself remembers which locks are its own, so that a hub cannot add one.
type Lock struct {
	Kind      LockKind
	Salt      []byte // passphrase only: SaltSize bytes
	Recipient string // age1pq1…
}

const lockLabel = "ailleurs-lock/1"

// Text is the canonical form of the lock.
func (l Lock) Text() string {
	w := newText(lockLabel)
	w.line("kind", string(l.Kind))
	if l.Kind == PassphraseLock {
		w.line("scrypt", strings.Join([]string{strconv.Itoa(scryptN), strconv.Itoa(scryptR), strconv.Itoa(scryptP)}, " "))
		w.line("salt", b64.EncodeToString(l.Salt))
	}
	w.line("recipient", l.Recipient)
	return w.String()
}

// ParseLock reads the canonical form; a cost of scrypt below the pinned one is refused by name.
func ParseLock(text string) (Lock, error) {
	var l Lock
	if len(text) > 4096 {
		return l, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "lock")
	}
	r := readText(text, lockLabel, "lock")
	l.Kind = LockKind(r.line("kind"))
	switch l.Kind {
	case PasskeyLock, PaperLock:
	case PassphraseLock:
		if err := checkCost(r.line("scrypt")); err != nil && r.err == nil {
			r.err = err
		}
		l.Salt = make([]byte, SaltSize)
		r.bytes("salt", l.Salt)
	default:
		r.bad("kind")
	}
	l.Recipient = r.line("recipient")
	if err := r.end(); err != nil {
		return Lock{}, err
	}
	if _, err := parseRecipient(l.Recipient, "lock.recipient"); err != nil {
		return Lock{}, err
	}
	return l, nil
}

// checkCost refuses any cost but the pinned one, a lower one by its own name.
func checkCost(text string) error {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return ailleurs.Refuse("vault.malformed", "lock.scrypt")
	}
	for i, pinned := range []int{scryptN, scryptR, scryptP} {
		n, err := strconv.Atoi(parts[i])
		switch {
		case err != nil || strconv.Itoa(n) != parts[i]:
			return ailleurs.Refuse("vault.malformed", "lock.scrypt")
		case n < pinned:
			return ailleurs.Refuse("vault.lower_cost", "lock.scrypt")
		case n > pinned:
			return ailleurs.Refuse("vault.unknown_cost", "lock.scrypt")
		}
	}
	return nil
}

// An Unlocker opens a trousseau wrapped to its lock. It holds the secret.
type Unlocker struct {
	scelle
	lock Lock
	id   *age.HybridIdentity
	mac  [16]byte
}

// PasskeyUnlocker uses the 32 bytes that an authenticator's PRF extension gave for the constant input PasskeyInput.
func PasskeyUnlocker(prf []byte) (*Unlocker, error) {
	if len(prf) != 32 {
		return nil, ailleurs.Refuse("vault.bad_secret", "prf")
	}
	return newUnlocker(PasskeyLock, prf, nil)
}

// PasskeyInput is the constant input of the PRF extension (its eval.first), the same for everyone, so that login and
// unlock are one gesture without a user name.
const PasskeyInput = "ailleurs/1 trousseau"

// PassphraseUnlocker uses six words (accents optional, four letters of each suffice), the lock's salt, and 32 bytes that
// only this device can make: in a browser, the HMAC-SHA-256 of the salt under a key that cannot be exported.
func PassphraseUnlocker(phrase string, salt, deviceKey []byte) (*Unlocker, error) {
	words, err := ReadWords(phrase, PassphraseWords)
	if err != nil {
		return nil, err
	}
	if len(salt) != SaltSize {
		return nil, ailleurs.Refuse("vault.bad_secret", "salt")
	}
	if len(deviceKey) != 32 {
		return nil, ailleurs.Refuse("vault.bad_secret", "device")
	}
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = Fold(w)
	}
	stretched, err := scrypt.Key([]byte(strings.Join(folded, " ")), salt, scryptN, scryptR, scryptP, 32)
	if err != nil {
		return nil, err
	}
	return newUnlocker(PassphraseLock, append(stretched, deviceKey...), salt)
}

// NewSalt draws the salt of a new passphrase lock.
func NewSalt() []byte {
	salt := make([]byte, SaltSize)
	_, _ = rand.Read(salt) // never fails
	return salt
}

// PaperUnlocker uses the twelve words of a paper code.
func PaperUnlocker(code string) (*Unlocker, error) {
	secret, err := readPaper(code)
	if err != nil {
		return nil, err
	}
	return newUnlocker(PaperLock, secret, nil)
}

// SessionUnlocker carries a trousseau from page to page of one tab: 32 bytes that only this device can make and the
// 32-byte share that the hub hands to the live session only. Either alone opens nothing.
func SessionUnlocker(deviceKey, share []byte) (*Unlocker, error) {
	if len(deviceKey) != 32 {
		return nil, ailleurs.Refuse("vault.bad_secret", "device")
	}
	if len(share) != 32 {
		return nil, ailleurs.Refuse("vault.bad_secret", "share")
	}
	return newUnlocker(sessionLock, append(append([]byte(nil), deviceKey...), share...), nil)
}

func newUnlocker(kind LockKind, secret, salt []byte) (*Unlocker, error) {
	out, err := hkdf.Key(sha256.New, secret, salt, "ailleurs/1 unlock "+string(kind), 48)
	if err != nil {
		return nil, err
	}
	u := &Unlocker{}
	copy(u.mac[:], out[32:])
	if u.id, err = identityFrom((*[32]byte)(out[:32])); err != nil {
		return nil, err
	}
	u.lock = Lock{Kind: kind, Salt: append([]byte(nil), salt...), Recipient: u.id.Recipient().String()}
	return u, nil
}

// Lock is the public half.
func (u *Unlocker) Lock() Lock { return u.lock }

// Identity is the secret as text (AGE-SECRET-KEY-PQ-1…), for the stock age program. It opens the trousseau for good:
// show it to nobody.
func (u *Unlocker) Identity() string { return u.id.String() }
