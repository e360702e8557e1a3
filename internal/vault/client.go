package vault

import (
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
)

// A Client is one unlocked trousseau and what it has verified. Browser and command line use the vault through it: every
// method makes all the checks that its result depends on, and after a sign of a forked register, or of keys made in its
// holder's name, it does nothing more. It is not safe for concurrent use.
type Client struct {
	scelle
	trousseau *Trousseau
	directory *Directory
	doubt     error // why the last Learn failed; cleared when one succeeds
	alarm     error // what no later success makes good
	seen      map[Folder]Head
	order     []Folder // of seen, by when each last changed
	fresh     bool     // something was seen that no memory holds
}

// Beside returns a client for another trousseau of the same machine that goes by the register this one has learnt, so that
// it is replayed once for many people; both must follow the same log, and the other's keys raise the same alarm. Neither
// may Learn while the other works.
func (c *Client) Beside(t *Trousseau) (*Client, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if t.Register.Verifier != c.directory.pin.Verifier {
		return nil, ailleurs.Refuse("vault.wrong_log", "register")
	}
	if err := c.directory.CheckOwn(t); err != nil {
		return nil, err
	}
	return &Client{trousseau: t, directory: c.directory, seen: map[Folder]Head{}}, nil
}

// NewClient starts from an opened trousseau and knows nothing else: Learn comes next.
func NewClient(t *Trousseau) *Client {
	c := &Client{trousseau: t, directory: NewDirectory(t.Register), seen: map[Folder]Head{}}
	c.doubt = ailleurs.Refuse("vault.no_register", "register")
	return c
}

// Unlock opens a wrapped trousseau and checks that it is the one of the person who signed in.
func Unlock(file []byte, u *Unlocker, who ailleurs.AgentID) (*Client, error) {
	t, err := OpenTrousseau(file, u)
	if err != nil {
		return nil, err
	}
	if t.Agent != who {
		return nil, ailleurs.Refuse("vault.wrong_person", "trousseau")
	}
	return NewClient(t), nil
}

// Trousseau is the unlocked trousseau, its pin moved on with what was learnt.
func (c *Client) Trousseau() *Trousseau { return c.trousseau }

// Directory is the register as verified so far.
func (c *Client) Directory() *Directory { return c.directory }

// Known is how many records of the register the client has; the ones to hand to Learn begin there.
func (c *Client) Known() int64 { return c.directory.Size() }

// Learn takes the records of the register that follow those known, with the checkpoint they lead to. A register that
// does not extend the one seen before, or keys in the holder's name that this trousseau did not make, stop the client
// for good.
func (c *Client) Learn(records [][]byte, checkpoint []byte) error {
	if c.alarm != nil {
		return c.alarm
	}
	err := c.directory.Extend(records, checkpoint)
	if err == nil {
		err = c.directory.CheckOwn(c.trousseau)
	}
	c.doubt = err
	if err != nil {
		if r := ailleurs.AsRefusal(err); r != nil && (r.Key == "vault.forked" || r.Key == "vault.foreign_key") {
			c.alarm = err
		}
		return err
	}
	c.trousseau.Register = c.directory.Pin()
	return nil
}

// Snapshot is the register as this client has verified it, sealed with a key that only the trousseau has, for the next
// pages on the same machine: any storage will do. Restore takes it back.
func (c *Client) Snapshot() ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	return c.directory.snapshot(c.trousseau)
}

// Restore spares the first Learn the records that an earlier page has replayed: those that follow begin at Known. What
// this trousseau has not sealed is refused, and nothing is known then; a register that does not agree with the one that
// the trousseau remembers stops the client for good. Nothing can be done before Learn all the same.
func (c *Client) Restore(snapshot []byte) error {
	d, err := restore(c.trousseau, snapshot)
	if err == nil {
		c.directory = d
		return nil
	}
	if r := ailleurs.AsRefusal(err); r != nil && r.Key == "vault.forked" {
		c.alarm = err
	}
	return err
}

// FollowJournal takes a checkpoint of the journal that extends the last one seen, by a consistency proof from there, and
// remembers it in the trousseau: an older one is refused from then on.
func (c *Client) FollowJournal(checkpoint []byte, proof tlog.TreeProof) (Checkpoint, error) {
	next, err := c.trousseau.Journal.Open(checkpoint)
	if err != nil {
		return next, err
	}
	if err := next.Extends(proof); err != nil {
		return next, err
	}
	c.fresh = c.fresh || next.Pin() != c.trousseau.Journal
	c.trousseau.Journal = next.Pin()
	return next, nil
}

// Alarm is what stopped the client for good, if anything did.
func (c *Client) Alarm() error { return c.alarm }

// Ready refuses until the register is known, and for good once it is beyond belief.
func (c *Client) Ready() error { return c.ready() }

// ready refuses everything until the register is known and beyond doubt.
func (c *Client) ready() error {
	if c.alarm != nil {
		return c.alarm
	}
	return c.doubt
}

// A Grantee is someone to hand a key to: their public keys as the hub gave them, and what they play.
type Grantee struct {
	Public Public
	Part   ailleurs.Part
}

// An Opened folder: its newest content, the keys of the epochs granted, and the notes others have appended.
type Opened struct {
	scelle
	Folder Folder
	Part   ailleurs.Part // what the reader plays
	Head   Head
	Body   *Body   // the newest; nil while nothing was written
	Bodies []*Body // all that were given, oldest first; nil where the epoch was not granted
	Notes  []*Note // unsigned

	key *Key // of the newest epoch
}

// Key is the public half of the folder's newest key.
func (o *Opened) Key() ailleurs.CompartmentKey { return o.key.Public() }

// A Received folder is what the hub handed out, and what the reader knows of it otherwise.
type Received struct {
	Folder    Folder                    `json:"folder"`
	Part      ailleurs.Part             `json:"part"` // what the reader plays
	Also      []ailleurs.Part           `json:"also"` // what else, by the circle: for someone absent, or before becoming the host
	Circle    Circle                    `json:"circle"`
	Head      Head                      `json:"head"`      // the newest body, by the journal
	Envelopes []ailleurs.SealedEnvelope `json:"envelopes"` // for this reader, of one or more epochs
	Bodies    []ailleurs.SealedBody     `json:"bodies"`    // the chain, or its end, oldest first
	Notes     []ailleurs.SealedBody     `json:"notes,omitempty"`
}

// Open opens a folder for its reader. It refuses the whole folder when one envelope, body or note is not what it must
// be: grants by and to people of the circle who play a part that allows it, bodies by its writers, one unbroken chain up
// to the head, never behind a head that this client has seen.
func (c *Client) Open(r Received, at time.Time) (*Opened, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if err := r.Folder.Check(); err != nil {
		return nil, err
	}
	if !r.Circle.plays(c.trousseau.Agent, r.Part) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "vault.not_in_circle", "part")
	}
	keys, err := c.openEnvelopes(r, at)
	if err != nil {
		return nil, err
	}
	if err := c.checkHead(r.Folder, r.Head); err != nil {
		return nil, err
	}
	o := &Opened{Folder: r.Folder, Part: r.Part, Head: r.Head, key: keys[len(keys)-1]}
	if o.Bodies, err = OpenChain(c.directory, keys, r.Bodies, r.Head, at); err != nil {
		return nil, err
	}
	for _, b := range o.Bodies {
		if b != nil && !r.Circle.writes(b.Author, r.Folder.Compartment) {
			return nil, ailleurs.Refuse("vault.may_not_write", "body")
		}
	}
	if n := len(o.Bodies); n > 0 {
		if o.Body = o.Bodies[n-1]; o.Body == nil {
			return nil, ailleurs.Refuse("vault.no_key", "body")
		}
		if r.Bodies[n-1].Epoch < o.key.Epoch {
			// A new epoch begins with a body of its own; without it the hub holds the newest back.
			return nil, ailleurs.Refuse("vault.rolled_back", "body")
		}
	}
	for _, sealed := range r.Notes {
		n, err := c.openNote(keys, sealed, at)
		if err != nil {
			return nil, err
		}
		if n != nil {
			o.Notes = append(o.Notes, n)
		}
	}
	c.see(r.Folder, r.Head)
	return o, nil
}

// openEnvelopes opens every envelope and returns the keys, by epoch, at least one.
func (c *Client) openEnvelopes(r Received, at time.Time) ([]*Key, error) {
	var keys []*Key
	for _, e := range r.Envelopes {
		g, err := OpenEnvelope(c.directory, c.trousseau, e, r.Folder, 0, at)
		if err != nil {
			return nil, err
		}
		if g.Part != r.Part && (!slices.Contains(r.Also, g.Part) || !r.Circle.plays(c.trousseau.Agent, g.Part)) {
			return nil, ailleurs.Refuse("vault.wrong_part", "envelope")
		}
		if !r.Circle.plays(g.From, g.FromPart) {
			return nil, ailleurs.Refuse("vault.not_in_circle", "envelope")
		}
		same := func(k *Key) bool { return k.Epoch == g.Key.Epoch }
		if i := slices.IndexFunc(keys, same); i < 0 {
			keys = append(keys, g.Key)
		} else if keys[i].seed != g.Key.seed {
			return nil, ailleurs.Refuse("vault.two_keys", "envelope")
		}
	}
	if len(keys) == 0 {
		return nil, ailleurs.Refuse("vault.no_key", "envelope")
	}
	slices.SortFunc(keys, func(a, b *Key) int { return a.Epoch - b.Epoch })
	return keys, nil
}

// openNote opens a note with the key of its epoch; nil when that epoch was not granted.
func (c *Client) openNote(keys []*Key, sealed ailleurs.SealedBody, at time.Time) (*Note, error) {
	for _, k := range keys {
		if k.Epoch == sealed.Epoch {
			return OpenNote(k, sealed, at)
		}
	}
	return nil, nil //nolint:nilnil // an epoch not granted is no note and no error
}

// NewFolder writes the first body of a folder and hands its key to the writer and the grantees.
func (c *Client) NewFolder(f Folder, part ailleurs.Part, content []byte, to []Grantee, at time.Time) (ailleurs.Sealed, *Opened, error) {
	if err := c.mayWrite(f, part); err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	k, err := NewKey(f)
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	return c.begin(k, part, Head{}, content, to, at)
}

// Begin makes a folder in which nobody has written yet and hands its key to whoever begins it; Grant hands it on.
func (c *Client) Begin(f Folder, part ailleurs.Part, at time.Time) (ailleurs.Sealed, *Opened, error) {
	if err := c.mayWrite(f, part); err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	k, err := NewKey(f)
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	o := &Opened{Folder: f, Part: part, key: k}
	envelopes, err := c.Grant(o, []Grantee{{c.trousseau.Public(), part}}, time.Time{}, at)
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	return ailleurs.Sealed{Keys: []ailleurs.CompartmentKey{k.Public()}, Envelopes: envelopes}, o, nil
}

// A Dossier is what a case begins with, by compartment.
type Dossier struct {
	ID                ailleurs.CaseID
	Contents          map[ailleurs.Compartment][]byte
	Second, Signatory Public
}

// dossierParts says who besides the lead gets the key of each compartment that a case begins with.
var dossierParts = []struct {
	compartment       ailleurs.Compartment
	second, signatory bool
}{
	{ailleurs.Need, true, true},
	{ailleurs.Limits, true, false},
	{ailleurs.Person, true, false},
	{ailleurs.Threat, false, false},
}

// NewDossier seals the four compartments of a new case for its lead: need, limits and person for the second too, need
// for the signatory, threat for nobody else. Contents must hold exactly these four.
func (c *Client) NewDossier(n Dossier, at time.Time) (ailleurs.Sealed, map[ailleurs.Compartment]*Opened, error) {
	var all ailleurs.Sealed
	opened := make(map[ailleurs.Compartment]*Opened, len(dossierParts))
	if len(n.Contents) != len(dossierParts) {
		return ailleurs.Sealed{}, nil, ailleurs.Refuse("vault.malformed", "contents")
	}
	for _, p := range dossierParts {
		content, ok := n.Contents[p.compartment]
		if !ok {
			return ailleurs.Sealed{}, nil, ailleurs.Refuse("vault.malformed", "contents."+string(p.compartment))
		}
		var to []Grantee
		if p.second {
			to = append(to, Grantee{n.Second, ailleurs.OriginSecond})
		}
		if p.signatory {
			to = append(to, Grantee{n.Signatory, ailleurs.OriginSignatory})
		}
		s, o, err := c.NewFolder(Folder{Dossier: n.ID, Compartment: p.compartment}, ailleurs.OriginLead, content, to, at)
		if err != nil {
			return ailleurs.Sealed{}, nil, err
		}
		all.Keys = append(all.Keys, s.Keys...)
		all.Bodies = append(all.Bodies, s.Bodies...)
		all.Envelopes = append(all.Envelopes, s.Envelopes...)
		opened[p.compartment] = o
	}
	return all, opened, nil
}

// begin writes the first body of an epoch and hands out its key.
func (c *Client) begin(k *Key, part ailleurs.Part, after Head, content []byte, to []Grantee, at time.Time) (ailleurs.Sealed, *Opened, error) {
	body, err := SealBody(c.trousseau, k, after, content, at)
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	o := c.wrote(k, part, body, content, at)
	to = append([]Grantee{{c.trousseau.Public(), part}}, to...)
	envelopes, err := c.Grant(o, to, time.Time{}, at)
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	return ailleurs.Sealed{
		Keys:      []ailleurs.CompartmentKey{k.Public()},
		Bodies:    []ailleurs.SealedBody{body},
		Envelopes: envelopes,
	}, o, nil
}

func (c *Client) wrote(k *Key, part ailleurs.Part, sealed ailleurs.SealedBody, content []byte, at time.Time) *Opened {
	b := &Body{
		Folder: k.Folder, Epoch: k.Epoch, Sequence: sealed.Seq, Previous: sealed.Prev,
		Author: c.trousseau.Agent, AuthorEpoch: c.trousseau.Epoch, At: at.UTC().Truncate(time.Second), Content: content,
	}
	return &Opened{Folder: k.Folder, Part: part, Head: HeadOf(sealed), Body: b, Bodies: []*Body{b}, key: k}
}

func (c *Client) mayWrite(f Folder, part ailleurs.Part) error {
	if err := c.ready(); err != nil {
		return err
	}
	if err := f.Check(); err != nil {
		return err
	}
	if !ailleurs.MayWrite(f.Compartment, part) {
		return ailleurs.RefuseAs(ailleurs.Forbidden, "vault.may_not_write", "part")
	}
	return nil
}

// Save seals the whole compartment again, after the body that was opened. What it returns besides is the folder as it is
// once the hub has taken the body.
func (c *Client) Save(o *Opened, content []byte, at time.Time) (ailleurs.SealedBody, *Opened, error) {
	if err := c.mayWrite(o.Folder, o.Part); err != nil {
		return ailleurs.SealedBody{}, nil, err
	}
	body, err := SealBody(c.trousseau, o.key, o.Head, content, at)
	if err != nil {
		return ailleurs.SealedBody{}, nil, err
	}
	next := c.wrote(o.key, o.Part, body, content, at)
	next.Notes = o.Notes
	return body, next, nil
}

// Grant hands the folder's newest key to each grantee until the given instant (ailleurs.EnvelopeLife when it is zero):
// to all of them or, when one is refused, to none; the field of the refusal says which one.
func (c *Client) Grant(o *Opened, to []Grantee, until, at time.Time) ([]ailleurs.SealedEnvelope, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = at.Truncate(time.Second).Add(ailleurs.EnvelopeLife)
	}
	envelopes := make([]ailleurs.SealedEnvelope, 0, len(to))
	for i, g := range to {
		field := "to[" + itoa(i) + "]"
		reader, err := c.directory.Reader(g.Public)
		if err != nil {
			return nil, aboutField(err, field)
		}
		e, err := SealEnvelope(c.trousseau, o.Part, o.key, reader, g.Part, at, until)
		if err != nil {
			return nil, aboutField(err, field)
		}
		envelopes = append(envelopes, e)
	}
	return envelopes, nil
}

// aboutField gives a refusal the field of the input it is about.
func aboutField(err error, field string) error {
	if r := ailleurs.AsRefusal(err); r != nil {
		r.Field = field
	}
	return err
}

// Rotate begins a new epoch: the folder's content sealed again under a new key, which the writer and the grantees get.
// Who is not among them reads nothing from then on; what they have read, they have read.
func (c *Client) Rotate(o *Opened, to []Grantee, at time.Time) (ailleurs.Sealed, *Opened, error) {
	if err := c.mayWrite(o.Folder, o.Part); err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	if o.Body == nil {
		return ailleurs.Sealed{}, nil, ailleurs.Refuse("vault.nothing_written", "folder")
	}
	k, err := o.key.Next()
	if err != nil {
		return ailleurs.Sealed{}, nil, err
	}
	return c.begin(k, o.Part, o.Head, o.Body.Content, to, at)
}

// Sign signs a statement in the holder's name. Their key must count by then, and entries of the register are not signed
// here but by Approve and ConfirmKey, which look at them first.
func (c *Client) Sign(purpose ailleurs.Purpose, subject, digest string, at time.Time) ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if slices.Contains([]ailleurs.Purpose{ailleurs.ToAdmit, ailleurs.ToStand, ailleurs.ToTeam, ailleurs.ToConfirm, ailleurs.ToRevoke}, purpose) {
		return nil, ailleurs.Refuse("vault.reserved_label", "purpose")
	}
	if !c.directory.Registered(c.trousseau) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "vault.not_registered", "statement")
	}
	return c.state(ailleurs.Statement{Purpose: purpose, Subject: subject, Digest: digest}, at)
}

func (c *Client) state(s ailleurs.Statement, at time.Time) ([]byte, error) {
	s.By, s.Epoch, s.At = c.trousseau.Agent, c.trousseau.Epoch, at
	return Sign(c.trousseau, s.Text())
}

// ConfirmOwnKey is the register entry for the trousseau's own keys, and its holder's statement with the new key itself.
// The register need not be known for it: it is the first thing that a new agent signs.
func (c *Client) ConfirmOwnKey(at time.Time) (ailleurs.RegisterEntry, []byte, error) {
	e := c.trousseau.Entry(at)
	signed, err := c.state(e.Approval(), at)
	return e, signed, err
}

// ConfirmKey approves a colleague's keys, once the six words that the colleague has said aloud are those of the keys the
// hub shows.
func (c *Client) ConfirmKey(e ailleurs.RegisterEntry, p Public, spoken string, at time.Time) ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if e.Kind != ailleurs.RegisterKey || e.Agent == c.trousseau.Agent {
		return nil, ailleurs.Refuse("vault.other_statement", "entry")
	}
	words, err := ReadWords(spoken, phoneWords)
	if err != nil {
		return nil, err
	}
	verifier, err := verifierText(e.Agent, e.Signer[:])
	if err != nil || p.Agent != e.Agent || p.Epoch != e.Epoch || p.Verifier != verifier ||
		ailleurs.RecipientHash(p.Recipient) != e.Recipient {
		return nil, ailleurs.Refuse("vault.swapped_key", "entry")
	}
	if !slices.Equal(words, KeyWords(p)) {
		return nil, ailleurs.Refuse("vault.other_words", "words")
	}
	return c.approve(e, at)
}

// ApproveTeam signs the three posts of a member, from the very text that says who fills them.
func (c *Client) ApproveTeam(text string, at time.Time) ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	team, member, _, err := ailleurs.ParseTeam(text)
	if err != nil {
		return nil, err
	}
	if !c.directory.Registered(c.trousseau) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "vault.not_registered", "statement")
	}
	return c.state(team.Approval(member, text), at)
}

// VerifyStatement checks a signed statement, as Directory.VerifyStatement does, once the register is beyond doubt.
func (c *Client) VerifyStatement(signed []byte) (ailleurs.Statement, error) {
	if err := c.ready(); err != nil {
		return ailleurs.Statement{}, err
	}
	return c.directory.VerifyStatement(signed)
}

// Serves reports whether the register names the agent to the role at the member, which is not suspended; Served, whether it
// does or ever did.
func (c *Client) Serves(a ailleurs.AgentID, m ailleurs.MemberID, r ailleurs.Role) bool {
	l := c.directory.agents[a]
	return l != nil && l.posts[post{m, r}].held && !c.directory.suspended(m)
}

// Served reports whether the register names the agent to the role at the member, or did before.
func (c *Client) Served(a ailleurs.AgentID, m ailleurs.MemberID, r ailleurs.Role) bool {
	l := c.directory.agents[a]
	if l == nil {
		return false
	}
	_, ok := l.posts[post{m, r}]
	return ok
}

// MemberCode is the INSEE code or SIREN under which two coordinators have admitted a member; empty for no member.
func (c *Client) MemberCode(m ailleurs.MemberID) string {
	if known := c.directory.members[m]; known != nil {
		return known.code
	}
	return ""
}

// Approve signs an entry about a member, a team or a revocation.
func (c *Client) Approve(e ailleurs.RegisterEntry, at time.Time) ([]byte, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if e.Kind == ailleurs.RegisterKey {
		return nil, ailleurs.Refuse("vault.other_statement", "entry")
	}
	return c.approve(e, at)
}

func (c *Client) approve(e ailleurs.RegisterEntry, at time.Time) ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if !c.directory.Registered(c.trousseau) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "vault.not_registered", "statement")
	}
	return c.state(e.Approval(), at)
}

// CallWords are the six words to read to the other lead of a handover, whose keys must be in the register.
func (c *Client) CallWords(need *Opened, other Public) ([]string, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if need.Folder.Compartment != ailleurs.Need {
		return nil, ailleurs.Refuse("vault.wrong_compartment", "need")
	}
	if _, err := c.directory.Reader(other); err != nil {
		return nil, err
	}
	return CallWords(c.trousseau.Public(), other, need.key), nil
}

// Wraps seals the trousseau to each of its locks, in the order given: to be done after every change of locks, keys or
// pins. The hub's list must be exactly the trousseau's own, so that none is slipped in or left out.
func (c *Client) Wraps(locks []Lock) ([][]byte, error) {
	if c.alarm != nil {
		return nil, c.alarm
	}
	if len(locks) < len(c.trousseau.locks) {
		return nil, ailleurs.Refuse("vault.missing_lock", "locks")
	}
	files := make([][]byte, 0, len(locks))
	for i, l := range locks {
		if slices.ContainsFunc(locks[:i], func(m Lock) bool { return m.Recipient == l.Recipient }) {
			return nil, ailleurs.Refuse("vault.missing_lock", "locks")
		}
		file, err := c.trousseau.Wrap(l)
		if err != nil {
			return nil, aboutField(err, "locks["+itoa(i)+"]")
		}
		files = append(files, file)
	}
	return files, nil
}
