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
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A Desk is one person at work: their open trousseau, the register as they have checked it, and the communes of France,
// which are needed only to draw circles around a home.
type Desk struct {
	Trousseau *vault.Trousseau
	Directory *vault.Directory
	Communes  *territory.Territory
}

// A Dossier is a case as the hub hands it to one of its readers.
type Dossier struct {
	ailleurs.Case
	Digest  string        // of the case as it stands
	Part    ailleurs.Part // what the reader plays
	Sheet   *Call
	Threads []Line // the origin's view of the addressees
	Answer  *Answered
	Sealed  ailleurs.Sealed
	Renew   []Wanted
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

// Wanted is an envelope that the reader should make, or make again.
type Wanted struct {
	Compartment ailleurs.Compartment
	Thread      ailleurs.ThreadID
	Epoch       int
	For         ailleurs.AgentID
	Part        ailleurs.Part
	Member      ailleurs.MemberID
	Ring        int
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
	Answers   []Answered // own, oldest first
	Sealed    ailleurs.Sealed
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

// keys opens every envelope made out to the reader and returns the keys by folder, all epochs, the oldest first. An
// envelope that fails a check is refused, not skipped: a hub that slips one in is found out.
func (d *Desk) keys(sealed ailleurs.Sealed, at time.Time) (map[vault.Folder][]*vault.Key, error) {
	keys := make(map[vault.Folder][]*vault.Key)
	for _, e := range sealed.Envelopes {
		if e.For != d.Trousseau.Agent {
			continue
		}
		folder := vault.Folder{Dossier: e.Case, Compartment: e.Compartment, Thread: e.Thread}
		grant, err := vault.OpenEnvelope(d.Directory, d.Trousseau, e, folder, 0, at)
		if err != nil {
			return nil, err
		}
		if !mayGrant(e.Compartment, grant.FromPart) {
			return nil, ailleurs.Refuse("desk.not_theirs_to_grant", "envelopes", "part", string(grant.FromPart))
		}
		keys[folder] = append(keys[folder], grant.Key)
	}
	for _, k := range keys {
		slices.SortFunc(k, func(a, b *vault.Key) int { return a.Epoch - b.Epoch })
	}
	return keys, nil
}

// mayGrant reports whether a part may hand a compartment's key to others: whoever may write it.
func mayGrant(c ailleurs.Compartment, p ailleurs.Part) bool {
	return ailleurs.MayWrite(c, p) || c == ailleurs.Need && (p == ailleurs.HostLead || p == ailleurs.HostSecond)
}

// A drawer is one compartment opened: its current key, the head of its chain and what it says.
type drawer struct {
	key  *vault.Key
	head vault.Head
	body *vault.Body // nil: nobody has written yet
}

// open opens the last body of a folder. A folder without a key for this reader is (nil, nil).
func (d *Desk) open(sealed ailleurs.Sealed, keys map[vault.Folder][]*vault.Key, folder vault.Folder, at time.Time) (*drawer, error) {
	have := keys[folder]
	if len(have) == 0 {
		return nil, nil
	}
	last := (*ailleurs.SealedBody)(nil)
	for i, b := range sealed.Bodies {
		if b.Note || (vault.Folder{Dossier: b.Case, Compartment: b.Compartment, Thread: b.Thread}) != folder {
			continue
		}
		if last == nil || b.Seq > last.Seq {
			last = &sealed.Bodies[i]
		}
	}
	dr := &drawer{key: have[len(have)-1]}
	if last == nil {
		return dr, nil
	}
	dr.head = vault.HeadOf(*last)
	i := slices.IndexFunc(have, func(k *vault.Key) bool { return k.Epoch == last.Epoch })
	if i < 0 {
		return nil, ailleurs.Refuse("vault.wrong_epoch", "body")
	}
	var err error
	dr.body, err = vault.OpenBody(d.Directory, have[i], *last, dr.head, at)
	return dr, err
}

// need opens a folder that the operation cannot do without.
func (d *Desk) need(sealed ailleurs.Sealed, keys map[vault.Folder][]*vault.Key, folder vault.Folder, into any, at time.Time) (*drawer, error) {
	dr, err := d.open(sealed, keys, folder, at)
	if err != nil {
		return nil, err
	}
	if dr == nil || dr.body == nil {
		return nil, ailleurs.Refuse("desk.not_sealed_to_you", string(folder.Compartment))
	}
	return dr, read(dr.body, into)
}

func read(b *vault.Body, into any) error {
	if err := json.Unmarshal(b.Content, into); err != nil {
		return ailleurs.Refuse("desk.unreadable", string(b.Folder.Compartment))
	}
	return nil
}

// folder names a compartment of a case.
func folder(c ailleurs.CaseID, compartment ailleurs.Compartment) vault.Folder {
	return vault.Folder{Dossier: c, Compartment: compartment}
}

// write seals content as the next body of a folder.
func (d *Desk) write(to *ailleurs.Sealed, dr *drawer, content any, at time.Time) (ailleurs.SealedBody, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return ailleurs.SealedBody{}, fmt.Errorf("desk: content: %w", err)
	}
	b, err := vault.SealBody(d.Trousseau, dr.key, dr.head, text, at)
	if err != nil {
		return ailleurs.SealedBody{}, err
	}
	dr.head = vault.HeadOf(b)
	to.Bodies = append(to.Bodies, b)
	return b, nil
}

// start makes the key of a new folder and announces it.
func (d *Desk) start(to *ailleurs.Sealed, f vault.Folder) (*drawer, error) {
	k, err := vault.NewKey(f)
	if err != nil {
		return nil, err
	}
	to.Keys = append(to.Keys, k.Public())
	return &drawer{key: k}, nil
}

// A reader is someone to hand a key to.
type reader struct {
	agent  ailleurs.AgentID
	part   ailleurs.Part
	member ailleurs.MemberID // of an addressee
	ring   int               // of an addressee, from 1
}

// hand grants the drawer's key to readers whose keys the directory proves.
func (d *Desk) hand(to *ailleurs.Sealed, dr *drawer, as ailleurs.Part, people People, at time.Time, readers ...reader) error {
	for _, r := range readers {
		public, err := people.find(r.agent, string(r.part))
		if err != nil {
			return err
		}
		proved, err := d.Directory.Reader(public)
		if err != nil {
			return err
		}
		if !ailleurs.EverHolds(dr.key.Folder.Compartment, r.part) {
			return ailleurs.Refuse("sealed.never_holds", string(r.part))
		}
		e, err := vault.SealEnvelope(d.Trousseau, as, dr.key, proved, r.part, at, at.Add(ailleurs.EnvelopeLife))
		if err != nil {
			return err
		}
		e.Member, e.Ring = r.member, r.ring
		to.Envelopes = append(to.Envelopes, e)
	}
	return nil
}

// sign signs a statement as the desk's person.
func (d *Desk) sign(purpose ailleurs.Purpose, subject, digest string, at time.Time) ([]byte, error) {
	return vault.Sign(d.Trousseau, ailleurs.Statement{
		Purpose: purpose, Subject: subject, Digest: digest,
		By: d.Trousseau.Agent, Epoch: d.Trousseau.Epoch, At: at.UTC().Truncate(time.Microsecond),
	}.Text())
}

// Approve signs one's approval of a register entry or a team, after comparing what is to be compared.
func (d *Desk) Approve(s ailleurs.Statement, at time.Time) ([]byte, error) {
	switch s.Purpose {
	case ailleurs.ToAdmit, ailleurs.ToTeam, ailleurs.ToConfirm, ailleurs.ToRevoke:
		return d.sign(s.Purpose, s.Subject, s.Digest, at)
	default:
		return nil, errors.New("desk: not an approval")
	}
}
