// Package desk is what the people of a case do on their own machine: write a card and seal it, call, sign, answer, choose,
// welcome. It takes a form and what the hub handed out, checks what the hub cannot, and returns a submission of the root
// package ready to be posted. The browser runs it in WebAssembly, the command line and the tests as it is.
//
// Nothing here believes the hub: keys come from the vault's directory, contents from signed bodies, and a rule that only a
// reader can check (a minor's authority, an excluded addressee, a home for a job too far) is checked before anything is
// signed, by each signer again.
package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A Desk is one person at work: their unlocked client of the vault, and the communes of France, which are needed only to
// draw circles around a home and to know a region by a commune.
type Desk struct {
	Client   *vault.Client
	Communes *territory.Territory
	Unproved bool // a body is believed to be the newest because it is the one handed out: for a hub without proofs
}

func (d *Desk) me() ailleurs.AgentID { return d.Client.Trousseau().Agent }

// A Dossier is a case as the hub hands it to one of its readers.
type Dossier struct {
	ailleurs.Case
	Digest    string        // of the case as it stands
	Part      ailleurs.Part // what the reader plays
	Sheet     *Call
	Threads   []Line // the origin's view of the addressees
	Additions []Added
	KeptUntil time.Time // of the host's: when the address is erased
	Answer    *Answered
	Signed    []Stated            // what has been signed about it, as far as the reader may know
	Hosts     []ailleurs.MemberID // who was host before, as far as the reader may know
	Tails     []Tail              // for who starts again
	Knows     []ailleurs.MemberID // after a compromise: who must not be called upon again
	Sealed    ailleurs.Sealed
	Heads     *Heads
	Renew     []Wanted
}

// A Call is the interpellation under way.
type Call struct {
	Sheet  ailleurs.CallSheet
	Digest string
}

// A Line is one addressee as the origin sees it.
type Line struct {
	ID     ailleurs.ThreadID
	Member ailleurs.MemberID
	State  ailleurs.ThreadState
	Answer *Answered
}

// Answered is the little that the hub knows of an answer.
type Answered struct {
	Sheet  ailleurs.AnswerSheet
	Digest string
}

// Stated is a signature that the hub has taken; who made it and what it says is in Signed itself.
type Stated struct {
	Purpose ailleurs.Purpose
	Subject string
	Digest  string
	Signed  []byte
}

// A Tail is where a folder stands that goes on under a new key without the old one.
type Tail struct {
	Compartment ailleurs.Compartment
	Epoch       int
	Seq         int
	Hash        string
}

// goOn makes the next epoch of a folder that stands where the hub says, or a new folder where nobody has begun one.
func (d *Desk) goOn(to *ailleurs.Sealed, f vault.Folder, maker reader, content any, tails []Tail, at time.Time) (*vault.Opened, error) {
	i := slices.IndexFunc(tails, func(t Tail) bool { return t.Compartment == f.Compartment })
	if i < 0 {
		return d.start(to, f, maker, content, at)
	}
	text, err := written(content)
	if err != nil {
		return nil, err
	}
	made, o, err := d.Client.NewEpoch(f, maker.part, tails[i].Epoch+1, vault.Head{Sequence: tails[i].Seq, Hash: tails[i].Hash}, text, at)
	if err != nil {
		return nil, err
	}
	made.Envelopes[0].Member, made.Envelopes[0].Ring = maker.member(), maker.ring
	to.Keys, to.Bodies, to.Envelopes = append(to.Keys, made.Keys...), append(to.Bodies, made.Bodies...), append(to.Envelopes, made.Envelopes...)
	return o, nil
}

// Wanted is an envelope that the reader should make, or make again.
type Wanted struct {
	Compartment ailleurs.Compartment
	Thread      ailleurs.ThreadID
	Epoch       int
	For         ailleurs.AgentID
	Part        ailleurs.Part
	Member      ailleurs.MemberID
	Ring        int
	InPlaceOf   ailleurs.AgentID // who is absent, when For stands in
}

// A Thread is an interpellation as the hub hands it to its addressee.
type Thread struct {
	ID        ailleurs.ThreadID
	Case      ailleurs.CaseID
	Origin    ailleurs.MemberID
	Member    ailleurs.MemberID
	Part      ailleurs.Part
	Lead      ailleurs.AgentID
	Second    ailleurs.AgentID
	Signatory ailleurs.AgentID
	Origins   [2]ailleurs.AgentID // lead and second of the origin
	State     ailleurs.ThreadState
	Round     int // of the next answer
	NeedHead  string
	Called    []Stated   // the interpellation as the origin's signatory signed it
	Answers   []Answered // own, oldest first
	Tails     []Tail     // for who welcomes: where arrival and course stand
	Sealed    ailleurs.Sealed
	Heads     *Heads
}

// A Place is where a member is, as the territory knows it: the keys by which it can be excluded.
type Place struct {
	Member ailleurs.MemberID
	Code   string   // INSEE code of the commune or département, or SIREN
	Keys   []string // "m:…", "c:…", "d:…", "r:…"
	Team   ailleurs.Team
}

// People are the keys to wrap to, by agent, as the hub says them; the directory proves or refuses each.
type People []vault.Public

func (p People) find(agent ailleurs.AgentID, field string) (vault.Public, error) {
	i := slices.IndexFunc(p, func(k vault.Public) bool { return k.Agent == agent })
	if i < 0 {
		return vault.Public{}, ailleurs.Refuse("desk.no_key", field)
	}
	return p[i], nil
}

func read(o *vault.Opened, into any) error {
	if err := json.Unmarshal(o.Body.Content, into); err != nil {
		return ailleurs.Refuse("desk.unreadable", string(o.Folder.Compartment))
	}
	return nil
}

// folder names a compartment of a case.
func folder(c ailleurs.CaseID, compartment ailleurs.Compartment) vault.Folder {
	return vault.Folder{Dossier: c, Compartment: compartment}
}

func written(content any) ([]byte, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("desk: content: %w", err)
	}
	return text, nil
}

// write seals content as the next body of a folder and returns the folder as it then is.
func (d *Desk) write(to *ailleurs.Sealed, o *vault.Opened, content any, at time.Time) (*vault.Opened, error) {
	text, err := written(content)
	if err != nil {
		return nil, err
	}
	b, next, err := d.Client.Save(o, text, at)
	if err != nil {
		return nil, err
	}
	to.Bodies = append(to.Bodies, b)
	return next, nil
}

// start makes a new folder, whose key its maker has in the part given; without content nobody has written in it yet.
func (d *Desk) start(to *ailleurs.Sealed, f vault.Folder, maker reader, content any, at time.Time) (*vault.Opened, error) {
	var made ailleurs.Sealed
	var o *vault.Opened
	var err error
	if content == nil {
		made, o, err = d.Client.Begin(f, maker.part, at)
	} else {
		var text []byte
		if text, err = written(content); err == nil {
			made, o, err = d.Client.NewFolder(f, maker.part, text, nil, at)
		}
	}
	if err != nil {
		return nil, err
	}
	made.Envelopes[0].Member, made.Envelopes[0].Ring = maker.member(), maker.ring
	to.Keys, to.Bodies, to.Envelopes = append(to.Keys, made.Keys...), append(to.Bodies, made.Bodies...), append(to.Envelopes, made.Envelopes...)
	return o, nil
}

// A reader is someone to hand a key to.
type reader struct {
	agent ailleurs.AgentID
	part  ailleurs.Part
	of    ailleurs.MemberID // where the register must name them; empty for a coordinator
	ring  int               // of an addressee, from 1
}

// member is what the envelope says of whom it is for: the side that the hub may tell apart.
func (r reader) member() ailleurs.MemberID {
	switch r.part {
	case ailleurs.OriginLead, ailleurs.OriginSecond, ailleurs.OriginSignatory, ailleurs.Checker:
		return ""
	}
	return r.of
}

// hand grants the folder's key to readers whose keys and posts the register proves; whoever just made it has theirs.
func (d *Desk) hand(to *ailleurs.Sealed, o *vault.Opened, people People, at time.Time, readers ...reader) error {
	for _, r := range readers {
		if r.of != "" && !d.Client.Serves(r.agent, r.of, roleOf(r.part)) {
			return ailleurs.RefuseAs(ailleurs.Forbidden, "desk.not_of_member", string(r.part))
		}
		if slices.ContainsFunc(to.Envelopes, func(e ailleurs.SealedEnvelope) bool {
			return e.For == r.agent && e.Part == r.part && e.Member == r.member() && e.Epoch == o.Key().Epoch &&
				(vault.Folder{Dossier: e.Case, Compartment: e.Compartment, Thread: e.Thread}) == o.Folder
		}) {
			continue
		}
		public, err := people.find(r.agent, string(r.part))
		if err != nil {
			return err
		}
		made, err := d.Client.Grant(o, []vault.Grantee{{Public: public, Part: r.part}}, time.Time{}, at)
		if err != nil {
			return about(err, string(r.part))
		}
		made[0].Member, made[0].Ring = r.member(), r.ring
		to.Envelopes = append(to.Envelopes, made...)
	}
	return nil
}

// about gives a refusal the field that the page knows.
func about(err error, field string) error {
	r := ailleurs.AsRefusal(err)
	if r == nil {
		return err
	}
	out := *r
	out.Field = field
	return &out
}

// sign signs a statement as the desk's person.
func (d *Desk) sign(purpose ailleurs.Purpose, subject, digest string, at time.Time) ([]byte, error) {
	return d.Client.Sign(purpose, subject, digest, at.UTC().Truncate(time.Microsecond))
}

// Approve signs one's approval of a change of people or keys, from the very text that the signature commits to, never from
// what the hub says that it means. New keys (public, as the hub shows them) are approved only when the words heard from
// their holder are those of the keys shown, and the keys those of the entry.
func (d *Desk) Approve(text string, public vault.Public, heard string, at time.Time) ([]byte, error) {
	at = at.UTC().Truncate(time.Microsecond)
	if _, _, _, err := ailleurs.ParseTeam(text); err == nil {
		return d.Client.ApproveTeam(text, at)
	}
	e, err := ailleurs.ParseRegisterEntry(text)
	if err != nil {
		return nil, err
	}
	if e.Kind == ailleurs.RegisterKey {
		return d.Client.ConfirmKey(e, public, heard, at)
	}
	return d.Client.Approve(e, at)
}
