package vault

import (
	"slices"
	"strconv"
	"time"

	"filippo.io/age"

	"codeberg.org/ailleurs/ailleurs"
)

// A Reader is an agent whose current key the directory has proved to be in the register. Only Directory.Reader makes
// one: what is not proved cannot be wrapped to.
type Reader struct {
	agent     ailleurs.AgentID
	epoch     int
	hash      [32]byte // of the recipient
	recipient *age.HybridRecipient
	proved    *Directory
}

// Agent names the reader.
func (r Reader) Agent() ailleurs.AgentID { return r.agent }

// A Grant is an envelope, opened: it hands the key of one folder at one epoch to one person, for one part and a time.
type Grant struct {
	scelle
	Key      *Key
	To       ailleurs.AgentID
	ToEpoch  int // of the reader's keys
	From     ailleurs.AgentID
	FromPart ailleurs.Part // what the grantor said they play
	Part     ailleurs.Part // what the reader plays: the purpose
	At       time.Time
	Expires  time.Time // at most ailleurs.EnvelopeLife after At

	fromEpoch int
	hash      [32]byte // of the reader's recipient
}

func (g *Grant) text() string {
	w := newText(envelopeLabel)
	w.folder(g.Key.Folder)
	w.number("epoch", g.Key.Epoch)
	w.line("key", b64.EncodeToString(g.Key.seed[:]))
	w.line("to", string(g.To)+" "+strconv.Itoa(g.ToEpoch))
	w.line("recipient", b64.EncodeToString(g.hash[:]))
	w.line("part", string(g.Part))
	w.line("from", string(g.From)+" "+strconv.Itoa(g.fromEpoch))
	w.line("frompart", string(g.FromPart))
	w.time("at", g.At)
	w.time("expires", g.Expires)
	return w.String()
}

// parts lists every part that may hold an envelope, the person's included.
var parts = append(slices.Clone(ailleurs.Parts), ailleurs.ThePerson)

// SealEnvelope hands the key of a folder to one proved reader until expires, saying what the reader and the grantor play
// in the case. It refuses what no state of any case allows: a part that never holds the compartment, a reader whom the
// register does not name to the part's role, people of a host still under observation. What comes out has one length.
func SealEnvelope(t *Trousseau, fromPart ailleurs.Part, k *Key, to Reader, part ailleurs.Part, at, expires time.Time) (ailleurs.SealedEnvelope, error) {
	none := ailleurs.SealedEnvelope{}
	at, expires = at.UTC().Truncate(time.Second), expires.UTC().Truncate(time.Second)
	switch {
	case to.proved == nil:
		return none, ailleurs.Refuse("vault.not_registered", "to")
	case !slices.Contains(parts, part) || !slices.Contains(parts, fromPart):
		return none, ailleurs.Refuse("vault.malformed", "part")
	case !expires.After(at):
		return none, ailleurs.Refuse("vault.expired", "expires")
	case expires.Sub(at) > ailleurs.EnvelopeLife:
		return none, ailleurs.Refuse("vault.expires_too_late", "expires")
	}
	if err := checkGrant(k.Folder.Compartment, fromPart, part, "part"); err != nil {
		return none, err
	}
	if err := to.proved.checkPlays(to.agent, part, k.Folder.Compartment, at, "to"); err != nil {
		return none, err
	}
	g := &Grant{
		Key: k, To: to.agent, ToEpoch: to.epoch, From: t.Agent, FromPart: fromPart, Part: part, At: at, Expires: expires,
		fromEpoch: t.Epoch, hash: to.hash,
	}
	return t.grant(g, to.recipient)
}

// grant signs and seals what SealEnvelope has checked.
func (t *Trousseau) grant(g *Grant, to *age.HybridRecipient) (ailleurs.SealedEnvelope, error) {
	signed, err := t.sign(g.text())
	if err != nil {
		return ailleurs.SealedEnvelope{}, err
	}
	if len(signed) > ailleurs.EnvelopePlain {
		return ailleurs.SealedEnvelope{}, ailleurs.Refuse("vault.too_large", "envelope")
	}
	plain := make([]byte, ailleurs.EnvelopePlain)
	copy(plain, signed)
	file, err := sealFor(to, plain)
	f := g.Key.Folder
	return ailleurs.SealedEnvelope{
		Case: f.Dossier, Compartment: f.Compartment, Thread: f.Thread, Epoch: g.Key.Epoch,
		For: g.To, KeyEpoch: g.ToEpoch, Part: g.Part, By: g.From, Expires: g.Expires, Data: file,
	}, err
}

// OpenEnvelope opens an envelope made out to the trousseau and believes it only if it is for the folder and epoch asked
// for (epoch 0 takes any), for this person's current key, in time, and signed by a grantor whose key is in the register
// and not revoked. Whether the grantor's part allowed the grant is a rule of the case: Client checks it.
func OpenEnvelope(d *Directory, t *Trousseau, sealed ailleurs.SealedEnvelope, want Folder, epoch int, at time.Time) (*Grant, error) {
	plain, err := openWith(t.id, sealed.Data, ailleurs.EnvelopePlain, "envelope")
	if err != nil {
		return nil, err
	}
	if len(plain) != ailleurs.EnvelopePlain {
		return nil, ailleurs.Refuse("vault.wrong_size", "envelope")
	}
	g, signed, err := parseEnvelope(plain)
	if err != nil {
		return nil, err
	}
	if err := want.want(g.Key.Folder, "envelope"); err != nil {
		return nil, err
	}
	switch {
	case epoch != 0 && g.Key.Epoch != epoch:
		return nil, ailleurs.Refuse("vault.wrong_epoch", "envelope")
	case g.To != t.Agent, g.ToEpoch != t.Epoch, g.hash != ailleurs.RecipientHash(t.recipient()):
		return nil, ailleurs.Refuse("vault.wrong_person", "envelope")
	case g.At.After(at.Add(clockSkew)):
		return nil, ailleurs.Refuse("vault.not_yet", "envelope")
	case !g.Expires.After(at):
		return nil, ailleurs.Refuse("vault.expired", "envelope")
	case g.Expires.Sub(g.At) > ailleurs.EnvelopeLife:
		return nil, ailleurs.Refuse("vault.expires_too_late", "envelope")
	}
	// A grant is an act of the present: a grantor revoked since no longer vouches for anything.
	if err := d.checkSignature(signed, g.From, g.fromEpoch, at, "envelope"); err != nil {
		return nil, err
	}
	if sealed.Epoch != g.Key.Epoch || sealed.For != g.To || sealed.KeyEpoch != g.ToEpoch || sealed.Part != g.Part ||
		sealed.By != g.From || !sealed.Expires.Equal(g.Expires) ||
		want.want(Folder{sealed.Case, sealed.Compartment, sealed.Thread}, "envelope") != nil {
		return nil, ailleurs.Refuse("vault.mislabelled", "envelope")
	}
	if err := checkGrant(want.Compartment, g.FromPart, g.Part, "envelope"); err != nil {
		return nil, err
	}
	if !d.holdsRole(g.From, roleOf(g.FromPart)) {
		return nil, ailleurs.RefuseAs(ailleurs.Forbidden, "vault.wrong_role", "envelope")
	}
	return g, nil
}

func parseEnvelope(plain []byte) (*Grant, []byte, error) {
	signed, after, err := cutNote(plain, "envelope")
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(after, func(b byte) bool { return b != 0 }) {
		return nil, nil, ailleurs.Refuse("vault.bad_padding", "envelope")
	}
	n, err := readNote(signed)
	if err != nil {
		return nil, nil, ailleurs.Refuse("vault.malformed", "envelope")
	}
	r := readText(n.Text, envelopeLabel, "envelope")
	folder, epoch := r.folder(), r.number("epoch", 1)
	var seed [32]byte
	r.bytes("key", seed[:])
	g := &Grant{}
	g.To, g.ToEpoch = r.agentEpoch("to")
	r.bytes("recipient", g.hash[:])
	g.Part = r.part("part")
	g.From, g.fromEpoch = r.agentEpoch("from")
	g.FromPart = r.part("frompart")
	g.At, g.Expires = r.time("at"), r.time("expires")
	if err := r.end(); err != nil {
		return nil, nil, err
	}
	g.Key, err = keyFrom(folder, epoch, seed)
	return g, signed, err
}

func (r *textReader) part(name string) ailleurs.Part {
	p := ailleurs.Part(r.line(name))
	if !slices.Contains(parts, p) {
		r.bad(name)
	}
	return p
}
