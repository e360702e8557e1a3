package vault

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"time"

	"filippo.io/age"

	"codeberg.org/ailleurs/ailleurs"
)

// TrousseauSize is the padded length of a trousseau's plain text, in bytes.
const TrousseauSize = 1024

// MaxLocks is how many locks a trousseau has room for.
const MaxLocks = 5

// A Trousseau is what one person can do: read what is sealed to them, and sign. It holds one hybrid age identity, one
// Ed25519 key, both of the same epoch, the logs it was told to trust and how far it has seen them. On the hub it lies
// wrapped, one age file per lock.
type Trousseau struct {
	scelle
	Agent    ailleurs.AgentID
	Epoch    int
	Register Pin // the log of keys
	Journal  Pin // the log of facts

	seed      [32]byte // of the Ed25519 key
	ident     [32]byte // seed of the age identity
	id        *age.HybridIdentity
	recipient func() string
	locks     []ownLock
}

// ownLock is what a trousseau remembers of a lock of its own: enough to recognise it and to prove to whoever opens it
// that the wrapper knew the trousseau, not just the lock's public key.
type ownLock struct {
	kind LockKind
	hash [32]byte // of the lock's recipient
	mac  [16]byte
}

// NewTrousseau makes fresh keys of epoch 1 for an agent. The pins are those of the invitation.
func NewTrousseau(agent ailleurs.AgentID, register, journal Pin) (*Trousseau, error) {
	t := &Trousseau{Agent: agent, Epoch: 1, Register: register, Journal: journal}
	return t, t.draw()
}

func (t *Trousseau) draw() error {
	_, _ = rand.Read(t.seed[:]) // never fails
	_, _ = rand.Read(t.ident[:])
	return t.read()
}

// read makes the reading key of its seed.
func (t *Trousseau) read() (err error) {
	if t.id, err = identityFrom(&t.ident); err == nil {
		t.recipient = recipientOf(t.id)
	}
	return err
}

// Rotated is the trousseau of the next epoch: new keys, same locks and pins. What was sealed to the old keys must be
// granted again before the old trousseau is forgotten.
func (t *Trousseau) Rotated() (*Trousseau, error) {
	next := &Trousseau{Agent: t.Agent, Epoch: t.Epoch + 1, Register: t.Register, Journal: t.Journal}
	next.locks = append(next.locks, t.locks...)
	return next, next.draw()
}

// Identity is the reading key as text (AGE-SECRET-KEY-PQ-1…), for the stock age program. Show it to nobody.
func (t *Trousseau) Identity() string { return t.id.String() }

// Public is what others may know of a trousseau.
type Public struct {
	Agent     ailleurs.AgentID `json:"agent"`
	Epoch     int              `json:"epoch"`
	Recipient string           `json:"recipient"` // age1pq1…: to wrap to
	Verifier  string           `json:"verifier"`  // name+hash+key of a signed note: to check signatures with
}

// Public is the public half of the trousseau.
func (t *Trousseau) Public() Public {
	verifier, _ := verifierText(t.Agent, t.signingKey()) // the key is of the right length
	return Public{Agent: t.Agent, Epoch: t.Epoch, Recipient: t.recipient(), Verifier: verifier}
}

func (t *Trousseau) signingKey() ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(t.seed[:]).Public().(ed25519.PublicKey)
}

// Entry is the register entry that makes the trousseau's keys count, once signed by its holder and approved.
func (t *Trousseau) Entry(at time.Time) ailleurs.RegisterEntry {
	return ailleurs.RegisterEntry{
		Kind: ailleurs.RegisterKey, At: at.UTC().Truncate(time.Second), Agent: t.Agent, Epoch: t.Epoch,
		Recipient: ailleurs.RecipientHash(t.recipient()), Signer: [32]byte(t.signingKey()),
	}
}

// AddLock makes the unlocker's lock one of the trousseau's own. Wrap afterwards, to every lock.
func (t *Trousseau) AddLock(u *Unlocker) error {
	if u.lock.Kind == sessionLock {
		return ailleurs.Refuse("vault.unknown_lock", "lock")
	}
	own := ownLock{u.lock.Kind, ailleurs.RecipientHash(u.lock.Recipient), u.mac}
	for _, l := range t.locks {
		if l.hash == own.hash {
			return nil
		}
	}
	if len(t.locks) == MaxLocks {
		return ailleurs.Refuse("vault.too_many_locks", "lock")
	}
	t.locks = append(t.locks, own)
	return nil
}

// RemoveLock forgets a lock; what was wrapped to it before stays readable to it until the keys are rotated.
func (t *Trousseau) RemoveLock(l Lock) {
	hash := ailleurs.RecipientHash(l.Recipient)
	kept := t.locks[:0:0]
	for _, own := range t.locks {
		if own.hash != hash {
			kept = append(kept, own)
		}
	}
	t.locks = kept
}

// Locks counts the trousseau's own locks by kind.
func (t *Trousseau) Locks() map[LockKind]int {
	n := make(map[LockKind]int)
	for _, l := range t.locks {
		n[l.kind]++
	}
	return n
}

// Wrap seals the trousseau to a lock of its own, knowing only the lock's public half; a lock that AddLock has not seen,
// such as one a hub invented, is refused.
func (t *Trousseau) Wrap(l Lock) ([]byte, error) {
	hash := ailleurs.RecipientHash(l.Recipient)
	for _, own := range t.locks {
		if own.hash == hash {
			return t.wrap(l.Recipient, &own.mac)
		}
	}
	return nil, ailleurs.Refuse("vault.unknown_lock", "lock")
}

// WrapForSession seals the trousseau for the next page of the same tab.
func (t *Trousseau) WrapForSession(u *Unlocker) ([]byte, error) {
	if u.lock.Kind != sessionLock {
		return nil, ailleurs.Refuse("vault.unknown_lock", "lock")
	}
	return t.wrap(u.lock.Recipient, &u.mac)
}

func (t *Trousseau) wrap(recipient string, mac *[16]byte) ([]byte, error) {
	text := t.text()
	text += "mac " + b64.EncodeToString(trousseauMAC(mac, text)) + "\n"
	if len(text) > TrousseauSize {
		return nil, ailleurs.Refuse("vault.too_large", "trousseau")
	}
	plain := make([]byte, TrousseauSize)
	copy(plain, text)
	return sealTo(recipient, plain)
}

func trousseauMAC(key *[16]byte, text string) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(text))
	return h.Sum(nil)
}

const trousseauLabel = "ailleurs-trousseau/1"

// text is the canonical form, without the MAC.
func (t *Trousseau) text() string {
	w := newText(trousseauLabel)
	w.line("agent", string(t.Agent))
	w.number("epoch", t.Epoch)
	w.line("identity", b64.EncodeToString(t.ident[:]))
	w.line("signer", b64.EncodeToString(t.seed[:]))
	w.line("register", t.Register.text())
	w.line("journal", t.Journal.text())
	for _, l := range t.locks {
		w.line("lock", string(l.kind)+" "+b64.EncodeToString(append(l.hash[:], l.mac[:]...)))
	}
	return w.String()
}

// OpenTrousseau opens a wrapped trousseau with an unlocker. A file that the hub made for the lock's public key, without
// ever having held the trousseau, is refused as forged.
func OpenTrousseau(file []byte, u *Unlocker) (*Trousseau, error) {
	plain, err := openWith(u.id, file, TrousseauSize, "trousseau")
	if err != nil {
		return nil, err
	}
	if len(plain) != TrousseauSize {
		return nil, ailleurs.Refuse("vault.wrong_size", "trousseau")
	}
	return parseTrousseau(plain, &u.mac)
}

func parseTrousseau(plain []byte, mac *[16]byte) (*Trousseau, error) {
	text := strings.TrimRight(string(plain), "\x00")
	r := readText(text, trousseauLabel, "trousseau")
	t := &Trousseau{Agent: ailleurs.AgentID(r.id("agent")), Epoch: r.number("epoch", 1)}
	r.bytes("identity", t.ident[:])
	r.bytes("signer", t.seed[:])
	t.Register = r.pin("register")
	t.Journal = r.pin("journal")
	for r.has("lock") {
		kind, value, _ := strings.Cut(r.line("lock"), " ")
		l := ownLock{kind: LockKind(kind)}
		var both [48]byte
		if known := l.kind == PasskeyLock || l.kind == PassphraseLock || l.kind == PaperLock; !known ||
			!decodeExactly(both[:], value) || len(t.locks) == MaxLocks {
			r.bad("lock")
			break
		}
		copy(l.hash[:], both[:32])
		copy(l.mac[:], both[32:])
		t.locks = append(t.locks, l)
	}
	var sum [32]byte
	r.bytes("mac", sum[:])
	if err := r.end(); err != nil {
		return nil, err
	}
	if !hmac.Equal(sum[:], trousseauMAC(mac, t.text())) {
		return nil, ailleurs.Refuse("vault.forged_trousseau", "trousseau")
	}
	return t, t.read()
}
