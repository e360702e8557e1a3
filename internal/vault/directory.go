package vault

import (
	"iter"
	"slices"
	"sync"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
)

// A Directory is the register as one client has checked it: every record from the first, hashed again up to the root of
// a signed checkpoint that extends the last one seen. An inclusion proof alone would say that a key was registered, not
// that it was not revoked since; the whole register says both, and is small. Until the first Extend it knows nobody and
// every question is refused.
//
// A record whose approvals are not those the rules ask for stays in the tree and counts for nothing; Unfounded lists it.
type Directory struct {
	pin       Pin
	current   bool // the checkpoint of pin has been replayed
	tree      tree
	agents    map[ailleurs.AgentID]*listing
	members   map[ailleurs.MemberID]*membership
	founded   bool
	unfounded []Unfounded
	read      sync.Map // *age.HybridRecipient by its hash: of those who were sealed to, because reading one takes long
}

// listing is what the register says of one agent.
type listing struct {
	keys    []listedKey // epochs 1, 2, …
	claimed []claim     // keys entered in the agent's name that count for nothing
	revoked int         // epochs up to this one are revoked
	since   time.Time
	posts   map[post]tenure
}

type listedKey struct {
	recipient [32]byte // SHA-256 of the recipient
	signer    [32]byte // the Ed25519 public key
}

// A claim is a key that was entered at an epoch.
type claim struct {
	epoch int
	listedKey
}

type post struct {
	member ailleurs.MemberID
	role   ailleurs.Role
}

// A tenure is the last change of an agent's post.
type tenure struct {
	held    bool
	changed time.Time
	both    bool // at that very second it was both taken and left
}

// after says whether a change of a post may follow the last one. The approvals of an entry stay good for ever: without
// this a hub could enter it again after the agent left.
func (t tenure) after(e ailleurs.RegisterEntry) bool {
	if t.changed.IsZero() || e.At.After(t.changed) {
		return true
	}
	return e.At.Equal(t.changed) && !t.both && t.held == e.Leaves
}

type membership struct {
	code      string
	admitted  time.Time
	suspended bool
	changed   time.Time // when it was last suspended, or no more; zero: never
}

// Unfounded is a record of the register that counts for nothing.
type Unfounded struct {
	Index int64
	Err   error // the refusal that says why
}

// NewDirectory starts from what the trousseau has pinned.
func NewDirectory(pin Pin) *Directory {
	return &Directory{pin: pin, agents: map[ailleurs.AgentID]*listing{}, members: map[ailleurs.MemberID]*membership{}}
}

// Size is how many records the directory has replayed; the next ones to ask the hub for begin there.
func (d *Directory) Size() int64 { return d.tree.size() }

// Pin is the last checkpoint that the directory has replayed, to be kept in the trousseau.
func (d *Directory) Pin() Pin { return d.pin }

// Unfounded lists the records that count for nothing, oldest first.
func (d *Directory) Unfounded() []Unfounded { return slices.Clone(d.unfounded) }

// Extend takes the records that follow those already replayed, and the checkpoint they lead to. Either all of it is as
// the log signed it and extends what was seen before, or nothing is taken.
func (d *Directory) Extend(records [][]byte, checkpoint []byte) error {
	c, err := d.pin.Open(checkpoint)
	if err != nil {
		return err
	}
	first := d.Size()
	if c.Size() != first+int64(len(records)) {
		return ailleurs.Refuse("vault.missing_records", "register")
	}
	if len(records) == 0 && first > 0 && first == d.pin.Size {
		d.current = true // Open compared the roots
		return nil
	}
	grown := d.tree.with(records)
	if d.pin.Size > 0 {
		if root, err := grown.root(d.pin.Size); err != nil || root != d.pin.Hash {
			return ailleurs.Refuse("vault.forked", "register")
		}
	}
	if c.Size() > 0 {
		root, err := grown.root(c.Size())
		if err != nil {
			return err
		}
		if root != c.Hash() {
			return ailleurs.Refuse("vault.bad_proof", "register")
		}
	}
	for i, record := range records {
		if err := d.replay(record); err != nil {
			d.unfounded = append(d.unfounded, Unfounded{first + int64(i), err})
		}
	}
	d.tree, d.pin, d.current = grown, c.Pin(), true
	return nil
}

// replay lets one record count, or says why it does not. The alarm looks at every key that was entered, counted or not.
func (d *Directory) replay(record []byte) error {
	r, err := ailleurs.ParseRegisterRecord(record)
	if err != nil {
		return err
	}
	err = d.count(r)
	if e := r.Entry; err != nil && e.Kind == ailleurs.RegisterKey {
		who := d.listing(e.Agent)
		who.claimed = append(who.claimed, claim{e.Epoch, listedKey{e.Recipient, e.Signer}})
	}
	return err
}

// listing is what is known of an agent, made when it is nothing.
func (d *Directory) listing(a ailleurs.AgentID) *listing {
	if d.agents[a] == nil {
		d.agents[a] = &listing{posts: map[post]tenure{}}
	}
	return d.agents[a]
}

func (d *Directory) count(r ailleurs.RegisterRecord) error {
	e, who := r.Entry, d.agents[r.Entry.Agent]
	if who == nil {
		who = &listing{}
	}
	var own note.Verifier
	if e.Kind == ailleurs.RegisterKey {
		if e.Epoch != len(who.keys)+1 {
			return ailleurs.Refuse("vault.wrong_epoch", "register")
		}
		var err error
		if own, err = (listedKey{signer: e.Signer}).noteVerifier(e.Agent); err != nil {
			return err
		}
	}
	approvers, held, err := d.approvers(r, own)
	if err != nil {
		return err
	}
	if own != nil && !held {
		return ailleurs.Refuse("vault.key_not_held", "register")
	}
	if d.founded && !d.enough(e, who, approvers) {
		return ailleurs.Refuse("vault.too_few_approvals", "register")
	}
	switch e.Kind {
	case ailleurs.RegisterAccession:
		if d.members[e.Member] != nil {
			return ailleurs.Refuse("vault.already_member", "register")
		}
		d.members[e.Member] = &membership{code: e.Code, admitted: e.At}
	case ailleurs.RegisterSuspension:
		m := d.members[e.Member]
		switch {
		case m == nil:
			return ailleurs.Refuse("vault.not_a_member", "register")
		case !e.At.After(m.changed) || m.suspended != e.Ends:
			return ailleurs.Refuse("vault.rolled_back", "register")
		}
		m.suspended, m.changed = !e.Ends, e.At
	case ailleurs.RegisterTeam:
		if d.members[e.Member] == nil {
			return ailleurs.Refuse("vault.not_a_member", "register")
		}
		p := post{e.Member, e.Role}
		last := who.posts[p]
		if !last.after(e) {
			return ailleurs.Refuse("vault.rolled_back", "register")
		}
		d.listing(e.Agent).posts[p] = tenure{held: !e.Leaves, changed: e.At, both: e.At.Equal(last.changed)}
	case ailleurs.RegisterKey:
		who = d.listing(e.Agent)
		who.keys = append(who.keys, listedKey{e.Recipient, e.Signer})
	case ailleurs.RegisterRevocation:
		if e.Epoch > len(who.keys) {
			return ailleurs.Refuse("vault.wrong_epoch", "register")
		}
		if e.Epoch > who.revoked {
			who.revoked, who.since = e.Epoch, e.At
		}
	}
	d.founded = d.founded || d.keyedCoordinators() >= ailleurs.LeastCoordinators
	return nil
}

// approvers verifies the statements of a record and names who made them; held says that the holder of a new key is one
// of them, with that key. One statement that is not what it must be spoils the record.
func (d *Directory) approvers(r ailleurs.RegisterRecord, own note.Verifier) (approvers []ailleurs.AgentID, held bool, err error) {
	want := r.Entry.Approval()
	for _, signed := range r.Approvals {
		n, err := readNote(signed)
		if err != nil {
			return nil, false, err
		}
		s, err := ailleurs.ParseStatement(n.Text)
		if err != nil {
			return nil, false, err
		}
		if s.Purpose != want.Purpose || s.Subject != want.Subject || s.Digest != want.Digest {
			return nil, false, ailleurs.Refuse("vault.other_statement", "register")
		}
		isOwn := own != nil && s.By == r.Entry.Agent && s.Epoch == r.Entry.Epoch
		v := own
		if !isOwn {
			if v, err = d.lookUp(s.By, s.Epoch, time.Time{}, "register"); err != nil {
				return nil, false, err
			}
		}
		if _, err := note.Open(signed, note.VerifierList(v)); err != nil {
			return nil, false, ailleurs.Refuse("vault.bad_signature", "register")
		}
		if isOwn {
			held = true
		} else if !slices.Contains(approvers, s.By) {
			approvers = append(approvers, s.By)
		}
	}
	return approvers, held, nil
}

// enough says whether enough of those who approved an entry were entitled to, by the rule that the hub goes by too.
func (d *Directory) enough(e ailleurs.RegisterEntry, who *listing, approvers []ailleurs.AgentID) bool {
	members, guards := []ailleurs.MemberID{e.Member}, e.Role.Guards()
	if e.Member == "" { // a key or a revocation: wherever the agent has a post
		members = nil
		for p := range who.held() {
			members, guards = append(members, p.member), guards || p.role.Guards()
		}
	}
	n := 0
	for _, a := range approvers {
		if slices.ContainsFunc(members, func(m ailleurs.MemberID) bool {
			return d.actor(a, m).MayApprove(e.Kind, m, e.Agent, guards)
		}) {
			n++
		}
	}
	return n >= ailleurs.RegisterApprovals
}

// actor is an agent with the roles they hold at a member; a coordinator is one everywhere.
func (d *Directory) actor(a ailleurs.AgentID, m ailleurs.MemberID) ailleurs.Actor {
	actor := ailleurs.Actor{Agent: a, Member: m}
	for p := range d.agents[a].held() {
		if p.role == ailleurs.Coordinator || p.member == m && !d.suspended(m) {
			actor.Roles = append(actor.Roles, p.role)
		}
	}
	return actor
}

func (d *Directory) holdsRole(a ailleurs.AgentID, role ailleurs.Role) bool {
	for p := range d.agents[a].held() {
		if p.role == role {
			return true
		}
	}
	return false
}

// held goes through the posts that an agent has now; nobody has none.
func (l *listing) held() iter.Seq[post] {
	return func(yield func(post) bool) {
		if l == nil {
			return
		}
		for p, t := range l.posts {
			if t.held && !yield(p) {
				return
			}
		}
	}
}

// serves reports whether an agent has any post.
func (l *listing) serves() bool {
	for range l.held() {
		return true
	}
	return false
}

// noteVerifier checks what the key's holder has signed.
func (k listedKey) noteVerifier(a ailleurs.AgentID) (note.Verifier, error) {
	text, err := verifierText(a, k.signer[:])
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

func (d *Directory) keyedCoordinators() int {
	n := 0
	for a, l := range d.agents {
		if len(l.keys) > l.revoked && d.holdsRole(a, ailleurs.Coordinator) {
			n++
		}
	}
	return n
}

// lookUp finds the verifier of an agent's keys of one epoch. A revoked key is refused, unless made is a time before the
// revocation.
func (d *Directory) lookUp(agent ailleurs.AgentID, epoch int, made time.Time, field string) (note.Verifier, error) {
	l := d.agents[agent]
	if l == nil || epoch < 1 || epoch > len(l.keys) {
		return nil, ailleurs.Refuse("vault.unknown_signer", field)
	}
	if epoch <= l.revoked && (made.IsZero() || !made.Before(l.since)) {
		return nil, ailleurs.Refuse("vault.revoked_signer", field)
	}
	return l.keys[epoch-1].noteVerifier(agent)
}

func (d *Directory) verifier(agent ailleurs.AgentID, epoch int, made time.Time, field string) (note.Verifier, error) {
	if d == nil || !d.current {
		return nil, ailleurs.Refuse("vault.no_register", field)
	}
	return d.lookUp(agent, epoch, made, field)
}

// Reader answers whether keys may be sealed to: it refuses unless they are the agent's registered keys of the current
// epoch, unrevoked, of an agent who holds a post at a member.
func (d *Directory) Reader(p Public) (Reader, error) {
	if d == nil || !d.current {
		return Reader{}, ailleurs.Refuse("vault.no_register", "recipient")
	}
	hash := ailleurs.RecipientHash(p.Recipient)
	known, read := d.read.Load(hash)
	recipient, _ := known.(*age.HybridRecipient)
	if !read {
		var err error
		if recipient, err = parseRecipient(p.Recipient, "recipient"); err != nil {
			return Reader{}, err
		}
	}
	l := d.agents[p.Agent]
	switch {
	case l == nil || len(l.keys) == 0 || p.Epoch < 1 || p.Epoch > len(l.keys):
		return Reader{}, ailleurs.Refuse("vault.not_registered", "recipient")
	case p.Epoch <= l.revoked:
		return Reader{}, ailleurs.Refuse("vault.revoked_key", "recipient")
	case p.Epoch < len(l.keys):
		return Reader{}, ailleurs.Refuse("vault.old_key", "recipient")
	}
	key := l.keys[p.Epoch-1]
	if verifier, err := verifierText(p.Agent, key.signer[:]); err != nil || verifier != p.Verifier ||
		key.recipient != hash {
		return Reader{}, ailleurs.Refuse("vault.swapped_key", "recipient")
	}
	if !l.serves() {
		return Reader{}, ailleurs.Refuse("vault.no_post", "recipient")
	}
	if d.stopped(l) {
		return Reader{}, ailleurs.Refuse("vault.member_suspended", "recipient")
	}
	d.read.Store(hash, recipient)
	return Reader{p.Agent, p.Epoch, hash, recipient, d}, nil
}

// CheckOwn is the alarm of a trousseau's holder: it refuses when the register has, under their name, keys of this or a
// later epoch that this trousseau did not make, counted or not.
func (d *Directory) CheckOwn(t *Trousseau) error {
	if d == nil || !d.current {
		return ailleurs.Refuse("vault.no_register", "register")
	}
	l := d.agents[t.Agent]
	if l == nil {
		return nil
	}
	own := t.Entry(time.Time{})
	foreign := func(epoch int, k listedKey) bool {
		return epoch > t.Epoch || epoch == t.Epoch && k != listedKey{own.Recipient, own.Signer}
	}
	for i, k := range l.keys {
		if foreign(i+1, k) {
			return ailleurs.Refuse("vault.foreign_key", "register")
		}
	}
	for _, c := range l.claimed {
		if foreign(c.epoch, c.listedKey) {
			return ailleurs.Refuse("vault.foreign_key", "register")
		}
	}
	return nil
}

// Registered says whether the trousseau's own keys count by now.
func (d *Directory) Registered(t *Trousseau) bool {
	r, err := d.Reader(t.Public())
	return err == nil && r.epoch == t.Epoch
}

// VerifyStatement checks a signed statement: by a registered key, unrevoked when the statement says it was made, and
// returns what it says. Whether that is what was to be said, ailleurs.Statement.Matches tells.
func (d *Directory) VerifyStatement(signed []byte) (ailleurs.Statement, error) {
	n, err := readNote(signed)
	if err != nil {
		return ailleurs.Statement{}, err
	}
	s, err := ailleurs.ParseStatement(n.Text)
	if err != nil {
		return ailleurs.Statement{}, err
	}
	return s, d.checkSignature(signed, s.By, s.Epoch, s.At, "statement")
}

// A Post is a role at a member.
type Post struct {
	Member ailleurs.MemberID
	Role   ailleurs.Role
}

// Posts lists what an agent is named to, by the register.
func (d *Directory) Posts(a ailleurs.AgentID) []Post {
	var posts []Post
	for p := range d.agents[a].held() {
		posts = append(posts, Post{p.member, p.role})
	}
	slices.SortFunc(posts, func(a, b Post) int {
		if a.Member != b.Member {
			if a.Member < b.Member {
				return -1
			}
			return 1
		}
		return slices.Index(ailleurs.Roles, a.Role) - slices.Index(ailleurs.Roles, b.Role)
	})
	return posts
}

// ReceivesPersons says whether a member's observation is over at the given instant, so that its people may be granted
// the compartment person.
func (d *Directory) ReceivesPersons(m ailleurs.MemberID, at time.Time) bool {
	member := d.members[m]
	return member != nil && !member.suspended && !at.Before(member.admitted.Add(ailleurs.ObservationPeriod))
}

// suspended reports whether two coordinators have suspended the member.
func (d *Directory) suspended(m ailleurs.MemberID) bool {
	return d.members[m] != nil && d.members[m].suspended
}

// stopped reports whether every post that an agent has is at a suspended member.
func (d *Directory) stopped(l *listing) bool {
	for p := range l.held() {
		if !d.suspended(p.member) {
			return false
		}
	}
	return true
}
