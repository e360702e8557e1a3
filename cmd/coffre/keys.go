package main

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A file is a wrapped trousseau as the hub hands it out.
type file struct {
	Unlocker string         `json:"unlocker"`
	Kind     vault.LockKind `json:"kind"`
	Lock     string         `json:"lock"`
	Data     []byte         `json:"data"`
}

// A newUnlocker is what goes to the hub when one is added.
type newUnlocker struct {
	Kind   vault.LockKind `json:"kind"`
	Lock   string         `json:"lock,omitempty"`
	File   []byte         `json:"file,omitempty"`
	Lookup []byte         `json:"lookup,omitempty"`
	Login  string         `json:"login,omitempty"`
}

// An enrolment is a trousseau being made: its locks are gathered, then it is wrapped to all of them at once.
type enrolment struct {
	trousseau *vault.Trousseau
	locks     []vault.Lock
	paper     *vault.PaperSignIn
}

var errNoEnrolment = errors.New("coffre: no enrolment under way")

type keysInput struct {
	PRF    []byte `json:"prf"`
	Phrase string `json:"phrase"`
	Code   string `json:"code"`
	Share  []byte `json:"share"`
	File   []byte `json:"file"`
	Files  []file `json:"files"`

	Agent     ailleurs.AgentID    `json:"agent"`
	Epoch     int                 `json:"epoch"`
	Register  string              `json:"register"` // pin
	Journal   string              `json:"journal"`  // pin
	Statement *ailleurs.Statement `json:"statement"`
	Records   [][]byte            `json:"records"`
	Signed    []byte              `json:"checkpoint"`
	Snapshot  []byte              `json:"snapshot"` // what an earlier page has kept, if it is there
	Memory    []byte              `json:"memory"`   // likewise
	Unlocker  string              `json:"unlocker"`
	Kind      vault.LockKind      `json:"kind"`
	Changes   []change            `json:"changes"`
	Words     string              `json:"words"` // as they were heard
}

// secret makes the unlocker of whatever secret the input holds, for the given lock.
func (c *coffre) secret(ctx context.Context, in keysInput, l vault.Lock) (*vault.Unlocker, error) {
	switch l.Kind {
	case vault.PasskeyLock:
		return vault.PasskeyUnlocker(in.PRF)
	case vault.PaperLock:
		return vault.PaperUnlocker(in.Code)
	case vault.PassphraseLock:
		bound, err := c.device.bind(ctx, l.Salt)
		if err != nil {
			return nil, err
		}
		return vault.PassphraseUnlocker(in.Phrase, l.Salt, bound)
	}
	return nil, ailleurs.Refuse("vault.unknown_lock", "lock")
}

// kindOf says which secret the input holds.
func (in keysInput) kind() vault.LockKind {
	switch {
	case len(in.PRF) > 0:
		return vault.PasskeyLock
	case in.Code != "":
		return vault.PaperLock
	default:
		return vault.PassphraseLock
	}
}

// unlock opens the trousseau with the secret at hand: the file whose lock is that secret's, among those of its kind.
func (c *coffre) unlock(ctx context.Context, in keysInput) (any, error) {
	for _, f := range in.Files {
		if f.Kind != in.kind() {
			continue
		}
		l, err := vault.ParseLock(f.Lock)
		if err != nil {
			return nil, err
		}
		u, err := c.secret(ctx, in, l)
		if err != nil {
			return nil, err
		}
		if u.Lock().Recipient != l.Recipient {
			continue // another passkey, another device, another code
		}
		t, err := vault.OpenTrousseau(f.Data, u)
		if err != nil {
			return nil, err
		}
		c.use(t)
		return c.who(f.Unlocker), nil
	}
	return nil, ailleurs.Refuse("vault.no_such_lock", string(in.kind()))
}

// pins are how far the logs were seen.
type pins struct{ register, journal vault.Pin }

func pinsOf(t *vault.Trousseau) pins { return pins{t.Register, t.Journal} }

func (c *coffre) use(t *vault.Trousseau) {
	c.client, c.wrapped = vault.NewClient(t), pinsOf(t)
}

type who struct {
	vault.Public
	Unlocker string `json:"unlocker,omitempty"` // which one opened it
	Shelf    string `json:"shelf"`              // where this machine keeps what it remembers
}

func (c *coffre) who(unlocker string) who {
	return who{c.client.Trousseau().Public(), unlocker, c.client.Shelf()}
}

// tab names what ties a session's copy to this browser.
var tab = []byte("ailleurs/1 tab")

func (c *coffre) sessionUnlocker(ctx context.Context, share []byte) (*vault.Unlocker, error) {
	bound, err := c.device.bind(ctx, tab)
	if err != nil {
		return nil, err
	}
	return vault.SessionUnlocker(bound, share)
}

type sealedFile struct {
	File []byte `json:"file"`
}

// wrapSession seals the open trousseau for the next page of this tab.
func (c *coffre) wrapSession(ctx context.Context, in keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	u, err := c.sessionUnlocker(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	b, err := t.WrapForSession(u)
	c.wrapped = pinsOf(t)
	return sealedFile{b}, err
}

// openSession reopens it, silently.
func (c *coffre) openSession(ctx context.Context, in keysInput) (any, error) {
	u, err := c.sessionUnlocker(ctx, in.Share)
	if err != nil {
		return nil, err
	}
	t, err := vault.OpenTrousseau(in.File, u)
	if err != nil {
		return nil, err
	}
	c.use(t)
	return c.who(""), nil
}

// begin makes fresh keys for the agent of an invitation, with the pins it carried.
func (c *coffre) begin(_ context.Context, in keysInput) (any, error) {
	register, err := vault.ParsePin(in.Register)
	if err != nil {
		return nil, err
	}
	journal, err := vault.ParsePin(in.Journal)
	if err != nil {
		return nil, err
	}
	t, err := vault.NewTrousseau(in.Agent, register, journal)
	if err != nil {
		return nil, err
	}
	for t.Epoch < in.Epoch {
		if t, err = t.Rotated(); err != nil {
			return nil, err
		}
	}
	c.fresh = &enrolment{trousseau: t}
	return t.Public(), nil
}

// addPasskey, addPaper and addPhrase give the trousseau being made one more lock. Words that a person must write down are
// shown once.
func (c *coffre) addPasskey(_ context.Context, in keysInput) (any, error) {
	if c.fresh == nil {
		return nil, errNoEnrolment
	}
	u, err := vault.PasskeyUnlocker(in.PRF)
	if err != nil {
		return nil, err
	}
	return nil, c.fresh.add(u)
}

type shown struct {
	Words string `json:"words"`
}

func (c *coffre) addPaper(_ context.Context, _ keysInput) (any, error) {
	if c.fresh == nil {
		return nil, errNoEnrolment
	}
	code := vault.NewPaperCode()
	u, err := vault.PaperUnlocker(code)
	if err != nil {
		return nil, err
	}
	if c.fresh.paper, err = vault.NewPaperSignIn(code); err != nil {
		return nil, err
	}
	return shown{code}, c.fresh.add(u)
}

func (c *coffre) addPhrase(ctx context.Context, _ keysInput) (any, error) {
	if c.fresh == nil {
		return nil, errNoEnrolment
	}
	phrase, salt := vault.NewPassphrase(), vault.NewSalt()
	bound, err := c.device.bind(ctx, salt)
	if err != nil {
		return nil, err
	}
	u, err := vault.PassphraseUnlocker(phrase, salt, bound)
	if err != nil {
		return nil, err
	}
	return shown{phrase}, c.fresh.add(u)
}

func (e *enrolment) add(u *vault.Unlocker) error {
	if err := e.trousseau.AddLock(u); err != nil {
		return err
	}
	e.locks = append(e.locks, u.Lock())
	return nil
}

type enrolled struct {
	vault.Public
	Entry     string        `json:"entry"`  // text of the register entry of the keys
	Signed    []byte        `json:"signed"` // the holder's own approval of the key entry
	At        time.Time     `json:"at"`     // of that entry
	Unlockers []newUnlocker `json:"unlockers"`
	Words     []string      `json:"words"` // of the new keys, for two colleagues to compare
}

// finish wraps the trousseau to every lock it was given and signs its own entry in the register.
func (c *coffre) finish(context.Context, keysInput) (any, error) {
	if c.fresh == nil {
		return nil, errNoEnrolment
	}
	t, at := c.fresh.trousseau, c.now().UTC().Truncate(time.Second)
	out := enrolled{Public: t.Public(), At: at, Words: vault.KeyWords(t.Public())}
	for _, l := range c.fresh.locks {
		n := newUnlocker{Kind: l.Kind, Lock: l.Text()}
		var err error
		if n.File, err = t.Wrap(l); err != nil {
			return nil, err
		}
		if l.Kind == vault.PaperLock {
			n.Lookup, n.Login = c.fresh.paper.Lookup(), c.fresh.paper.Verifier()
		}
		out.Unlockers = append(out.Unlockers, n)
	}
	entry := t.Entry(at)
	out.Entry = entry.Text()
	s := entry.Approval()
	s.By, s.Epoch, s.At = t.Agent, t.Epoch, at
	var err error
	if out.Signed, err = vault.Sign(t, s.Text()); err != nil {
		return nil, err
	}
	c.use(t)
	c.fresh = nil
	return out, nil
}

type lookup struct {
	Lookup string `json:"lookup"` // base64, as the hub finds it
}

// paperLookup and paperSign are the two halves of signing in with a paper code.
func (c *coffre) paperLookup(_ context.Context, in keysInput) (any, error) {
	p, err := vault.NewPaperSignIn(in.Code)
	if err != nil {
		return nil, err
	}
	return lookup{base64.StdEncoding.EncodeToString(p.Lookup())}, nil
}

type signature struct {
	Signed []byte `json:"signed"`
}

func (c *coffre) paperSign(_ context.Context, in keysInput) (any, error) {
	if in.Statement == nil {
		return nil, errors.New("coffre: nothing to sign")
	}
	p, err := vault.NewPaperSignIn(in.Code)
	if err != nil {
		return nil, err
	}
	s := *in.Statement
	s.At = c.now().UTC().Truncate(time.Microsecond)
	b, err := p.Sign(s)
	return signature{b}, err
}

// prove answers the hub's self-test of an unlocker: the trousseau that it opened signs the challenge.
func (c *coffre) prove(_ context.Context, in keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	if in.Statement == nil || in.Statement.Purpose != ailleurs.ToSignIn {
		return nil, errors.New("coffre: nothing to sign")
	}
	s := *in.Statement
	s.By, s.Epoch, s.At = t.Agent, t.Epoch, c.now().UTC().Truncate(time.Microsecond)
	b, err := vault.Sign(t, s.Text())
	return signature{b}, err
}

// A recalled client says from where it goes on, and in which log.
type recalled struct {
	Size int64  `json:"size"` // records of the register that need not be asked for again
	Log  string `json:"log"`
}

// recall takes back what an earlier page, or another tab, has kept on this machine. What is not this trousseau's, or spoilt, spares nothing;
// what shows that two registers or journals are being told stops everything.
func (c *coffre) recall(_ context.Context, in keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	if len(in.Memory) > 0 {
		_ = c.client.Recall(in.Memory)
	}
	if len(in.Snapshot) > 0 && c.client.Known() == 0 {
		_ = c.client.Restore(in.Snapshot)
	}
	return recalled{c.client.Known(), t.Register.Verifier}, c.client.Alarm()
}

// A register is how far the directory has come, and what the next page may keep of it.
type register struct {
	Size     int64  `json:"size"`
	Moved    bool   `json:"moved"`              // it or the journal, further than the trousseau as it is wrapped remembers
	Snapshot []byte `json:"snapshot,omitempty"` // when there is something new in it
}

// extend takes the register's new records, after which keys can be wrapped to; the alarm of one's own name is part of it.
func (c *coffre) extend(_ context.Context, in keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	if err := c.client.Learn(in.Records, in.Signed); err != nil {
		return nil, err
	}
	out := register{Size: c.client.Known(), Moved: pinsOf(t) != c.wrapped}
	if len(in.Records) > 0 {
		out.Snapshot, err = c.client.Snapshot()
	}
	return out, err
}

// words are the six words of someone's keys, to be compared with what they read aloud.
func (c *coffre) words(_ context.Context, in vault.Public) (any, error) {
	return shownWords{vault.KeyWords(in)}, nil
}

type shownWords struct {
	Words []string `json:"words"`
}

// own is the public half of the open trousseau, with the words that its holder reads aloud.
func (c *coffre) own(context.Context, keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	return ownKey{t.Public(), vault.KeyWords(t.Public())}, nil
}

type ownKey struct {
	vault.Public
	Words []string `json:"words"`
}

// A change of people or keys waits for approval: the very text that the signature commits to.
type change struct {
	ID   string       `json:"id"`
	Text string       `json:"text"`
	Key  vault.Public `json:"key"` // of a change of keys: the keys that the hub shows
}

type approval struct {
	Change string `json:"change"`
	Signed []byte `json:"signed"`
}

type approvals struct {
	Approvals []approval `json:"approvals"`
}

// approve signs one's approval of changes, each as the desk does.
func (c *coffre) approve(_ context.Context, in keysInput) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	out := approvals{Approvals: []approval{}}
	for _, ch := range in.Changes {
		signed, err := d.Approve(ch.Text, ch.Key, in.Words, c.now())
		if err != nil {
			return nil, err
		}
		out.Approvals = append(out.Approvals, approval{ch.ID, signed})
	}
	return out, nil
}

// A rewrapped trousseau goes to the hub: a new way to open it, or none, and the others sealed anew.
type rewrapped struct {
	Unlocker *newUnlocker `json:"unlocker,omitempty"`
	Others   []file       `json:"others"`
	Words    string       `json:"words,omitempty"` // of a new paper code or phrase, to be written down now
}

// addUnlocker adds a way to open to the open trousseau, which stays as it is until the hub has taken the change (keepStaged).
func (c *coffre) addUnlocker(ctx context.Context, in keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	next := *t
	u, words, err := c.newSecret(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := next.AddLock(u); err != nil {
		return nil, err
	}
	out := rewrapped{Unlocker: &newUnlocker{Kind: u.Lock().Kind, Lock: u.Lock().Text()}, Words: words}
	if out.Unlocker.File, err = next.Wrap(u.Lock()); err != nil {
		return nil, err
	}
	if u.Lock().Kind == vault.PaperLock {
		p, err := vault.NewPaperSignIn(words)
		if err != nil {
			return nil, err
		}
		out.Unlocker.Lookup, out.Unlocker.Login = p.Lookup(), p.Verifier()
	}
	if out.Others, err = wrapAll(&next, in.Files, ""); err != nil {
		return nil, err
	}
	c.staged = &next
	return out, nil
}

// newSecret makes the unlocker of a new way to open: of the passkey at hand, or of words drawn now.
func (c *coffre) newSecret(ctx context.Context, in keysInput) (*vault.Unlocker, string, error) {
	switch in.Kind {
	case vault.PasskeyLock:
		u, err := vault.PasskeyUnlocker(in.PRF)
		return u, "", err
	case vault.PaperLock:
		code := vault.NewPaperCode()
		u, err := vault.PaperUnlocker(code)
		return u, code, err
	case vault.PassphraseLock:
		phrase, salt := vault.NewPassphrase(), vault.NewSalt()
		bound, err := c.device.bind(ctx, salt)
		if err != nil {
			return nil, "", err
		}
		u, err := vault.PassphraseUnlocker(phrase, salt, bound)
		return u, phrase, err
	}
	return nil, "", ailleurs.Refuse("vault.unknown_lock", "kind")
}

// rewrap seals the open trousseau anew to each of its ways to open, after it has seen more of the register; one named is
// left out and forgotten, because it was taken away.
func (c *coffre) rewrap(_ context.Context, in keysInput) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	next := *t
	for _, f := range in.Files {
		if f.Unlocker != in.Unlocker {
			continue
		}
		l, err := vault.ParseLock(f.Lock)
		if err != nil {
			return nil, err
		}
		next.RemoveLock(l)
	}
	others, err := wrapAll(&next, in.Files, in.Unlocker)
	if err != nil {
		return nil, err
	}
	c.staged = &next
	return rewrapped{Others: others}, nil
}

// keepStaged takes the trousseau that the hub has just taken.
func (c *coffre) keepStaged(context.Context, keysInput) (any, error) {
	if c.staged != nil {
		*c.client.Trousseau(), c.staged = *c.staged, nil
	}
	return nil, nil
}

// wrapAll seals a trousseau to the locks of files, but for one. A lock that is not its own is refused.
func wrapAll(t *vault.Trousseau, files []file, but string) ([]file, error) {
	out := []file{}
	for _, f := range files {
		if f.Unlocker == but {
			continue
		}
		l, err := vault.ParseLock(f.Lock)
		if err != nil {
			return nil, err
		}
		if f.Data, err = t.Wrap(l); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
