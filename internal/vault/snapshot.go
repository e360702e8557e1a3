package vault

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
)

// A snapshot is the register as a client has replayed it up to one checkpoint, so that its next page goes on from there
// instead of looking at every signature again. It is bound to the checkpoint's size and root and sealed with a key that
// only the trousseau has: nobody else can write one, and an old one only means that more records are asked for, which
// must lead from its root to a checkpoint that the log has signed.

const snapshotLabel = "ailleurs-snapshot/1"

// maxSnapshot bounds a snapshot, in bytes.
const maxSnapshot = 32 << 20

func (d *Directory) snapshot(t *Trousseau) ([]byte, error) {
	return t.keep("ailleurs/1 snapshot", d.text()), nil
}

// restore is the directory that a snapshot holds. The trousseau's pin and the snapshot's must be of one tree; where the pin
// is ahead, the records that follow will show it.
func restore(t *Trousseau, kept []byte) (*Directory, error) {
	pin := t.Register
	if len(kept) > maxSnapshot {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "snapshot")
	}
	text, ok := t.kept("ailleurs/1 snapshot", kept)
	if !ok {
		return nil, ailleurs.Refuse("vault.forged_snapshot", "snapshot")
	}
	d, err := parseDirectory(text)
	if err != nil {
		return nil, err
	}
	switch {
	case d.pin.Verifier != pin.Verifier:
		return nil, ailleurs.Refuse("vault.wrong_log", "snapshot")
	case pin.Size > d.pin.Size:
		d.pin = pin
	case pin.Size > 0 && pin != d.pin:
		if root, err := d.tree.root(pin.Size); err != nil || root != pin.Hash {
			return nil, ailleurs.Refuse("vault.forked", "snapshot")
		}
	}
	return d, nil
}

// text is the canonical form of what has been replayed: everything in the order of its identifiers, so that a directory
// has exactly one text.
func (d *Directory) text() string {
	w := newText(snapshotLabel)
	w.line("register", d.pin.text())
	w.line("founded", strconv.FormatBool(d.founded))
	hashes := make([]byte, 0, len(d.tree.leaves)*tlog.HashSize)
	for _, h := range d.tree.leaves {
		hashes = append(hashes, h[:]...)
	}
	w.line("records", orDash(b64.EncodeToString(hashes)))
	for _, u := range d.unfounded {
		key := "vault.malformed"
		if r := ailleurs.AsRefusal(u.Err); r != nil {
			key = r.Key
		}
		w.line("unfounded", strconv.FormatInt(u.Index, 10)+" "+key)
	}
	for _, m := range slices.Sorted(maps.Keys(d.members)) {
		known := d.members[m]
		w.line("member", string(m)+" "+known.code+" "+known.admitted.UTC().Format(timeForm)+" "+known.standing())
	}
	for _, a := range slices.Sorted(maps.Keys(d.agents)) {
		w.line("agent", string(a))
		d.agents[a].write(w)
	}
	return w.String()
}

// standing says since when a member is suspended, or no more: "suspended@TIME", "restored@TIME", "-" for never.
func (m *membership) standing() string {
	switch {
	case m.changed.IsZero():
		return "-"
	case m.suspended:
		return "suspended@" + m.changed.UTC().Format(timeForm)
	}
	return "restored@" + m.changed.UTC().Format(timeForm)
}

func (r *textReader) standing(m *membership, text string) *membership {
	if text == "-" {
		return m
	}
	what, when, _ := strings.Cut(text, "@")
	m.suspended, m.changed = what == "suspended", r.instant("member", when)
	if what != "suspended" && what != "restored" || m.changed.IsZero() {
		r.bad("member")
	}
	return m
}

func (l *listing) write(w *textWriter) {
	for _, k := range l.keys {
		w.line("key", k.text())
	}
	for _, c := range l.claimed {
		w.line("claim", itoa(c.epoch)+" "+c.text())
	}
	if l.revoked > 0 {
		w.line("revoked", itoa(l.revoked)+" "+l.since.UTC().Format(timeForm))
	}
	for _, p := range slices.SortedFunc(maps.Keys(l.posts), post.compare) {
		t := l.posts[p]
		change := "takes"
		switch {
		case t.held && t.both:
			change = "retakes"
		case t.both:
			change = "releaves"
		case !t.held:
			change = "leaves"
		}
		w.line("post", string(p.member)+" "+string(p.role)+" "+t.changed.UTC().Format(timeForm)+" "+change)
	}
}

func (p post) compare(q post) int {
	if p.member != q.member {
		return strings.Compare(string(p.member), string(q.member))
	}
	return strings.Compare(string(p.role), string(q.role))
}

func (k listedKey) text() string {
	return b64.EncodeToString(k.recipient[:]) + " " + b64.EncodeToString(k.signer[:])
}

// parseDirectory reads the canonical form. What comes back has replayed the records and believes no checkpoint yet.
func parseDirectory(text string) (*Directory, error) {
	r := readText(text, snapshotLabel, "snapshot")
	d := NewDirectory(r.pin("register"))
	switch r.line("founded") {
	case "true":
		d.founded = true
	case "false":
	default:
		r.bad("founded")
	}
	d.tree.leaves = r.hashes("records", d.pin.Size)
	for last := int64(-1); r.has("unfounded"); {
		index, key, ok := strings.Cut(r.line("unfounded"), " ")
		i, err := strconv.ParseInt(index, 10, 64)
		if !ok || key == "" || err != nil || i <= last || i >= d.pin.Size || strconv.FormatInt(i, 10) != index {
			r.bad("unfounded")
		}
		last = i
		d.unfounded = append(d.unfounded, Unfounded{i, ailleurs.Refuse(key, "register")})
	}
	for last := ailleurs.MemberID(""); r.has("member"); {
		f := r.fields("member", 4)
		m := ailleurs.MemberID(f[0])
		if !ailleurs.ValidID(m) || m <= last || f[1] == "" {
			r.bad("member")
		}
		last, d.members[m] = m, r.standing(&membership{code: f[1], admitted: r.instant("member", f[2])}, f[3])
	}
	for last := ailleurs.AgentID(""); r.has("agent"); {
		a := ailleurs.AgentID(r.id("agent"))
		if a <= last {
			r.bad("agent")
		}
		last, d.agents[a] = a, r.listing()
	}
	return d, r.end()
}

// listing reads the lines about one agent.
func (r *textReader) listing() *listing {
	l := &listing{posts: map[post]tenure{}}
	for r.has("key") {
		f := r.fields("key", 2)
		l.keys = append(l.keys, r.key("key", f[0], f[1]))
	}
	for r.has("claim") {
		f := r.fields("claim", 3)
		epoch, ok := parseNumber(f[0], 1)
		if !ok {
			r.bad("claim")
		}
		l.claimed = append(l.claimed, claim{epoch, r.key("claim", f[1], f[2])})
	}
	if r.has("revoked") {
		f := r.fields("revoked", 2)
		epoch, ok := parseNumber(f[0], 1)
		if !ok || epoch > len(l.keys) {
			r.bad("revoked")
		}
		l.revoked, l.since = epoch, r.instant("revoked", f[1])
	}
	for last := (post{}); r.has("post"); {
		f := r.fields("post", 4)
		p, t := post{ailleurs.MemberID(f[0]), ailleurs.Role(f[1])}, tenure{changed: r.instant("post", f[2])}
		switch f[3] {
		case "takes":
			t.held = true
		case "retakes":
			t.held, t.both = true, true
		case "leaves":
		case "releaves":
			t.both = true
		default:
			r.bad("post")
		}
		if !ailleurs.ValidID(p.member) || !p.role.Valid() || last.compare(p) >= 0 || t.changed.IsZero() {
			r.bad("post")
		}
		last, l.posts[p] = p, t
	}
	return l
}

func (r *textReader) key(name, recipient, signer string) listedKey {
	var k listedKey
	if !decodeExactly(k.recipient[:], recipient) || !decodeExactly(k.signer[:], signer) {
		r.bad(name)
	}
	return k
}

// hashes reads n hashes in one value.
func (r *textReader) hashes(name string, n int64) []tlog.Hash {
	value := r.line(name)
	if value == "-" {
		value = ""
	}
	b, err := b64.DecodeString(value)
	if err != nil || len(b)%tlog.HashSize != 0 || int64(len(b)/tlog.HashSize) != n {
		r.bad(name)
		return nil
	}
	out := make([]tlog.Hash, n)
	for i := range out {
		copy(out[i][:], b[i*tlog.HashSize:])
	}
	return out
}
