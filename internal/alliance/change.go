package alliance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/signature"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// ChangeID names a change of the alliance that waits for its signatures.
type ChangeID string

// ChangeKind is what a change is about.
type ChangeKind string

// The kinds of change. All but the last become records of the register.
const (
	Accession  ChangeKind = "accession"
	Suspension ChangeKind = "suspension" // of a member; kept with the accessions, its entry says which
	TeamChange ChangeKind = "team"       // an agent takes or leaves a role
	KeyChange  ChangeKind = "key"
	Revocation ChangeKind = "revocation"
	PostChange ChangeKind = "posts" // who fills the three posts of a member
)

// ChangeLife is how long a change may wait for its second signature.
const ChangeLife = 14 * 24 * time.Hour

// A Change is a change of the alliance that two people must sign before it takes effect. What they sign is the statement
// Approval, which commits to Text: the client checks that Text says what the page shows.
type Change struct {
	ID         ChangeID
	Kind       ChangeKind
	Text       string // the register entry, or the team's text, that the signatures commit to
	Member     ailleurs.MemberID
	MemberName string
	Agent      ailleurs.AgentID // empty for an accession and for posts
	AgentName  string
	Role       ailleurs.Role // of a team change
	Leaves     bool          // of a team change
	Ends       bool          // of a suspension
	Epoch      int           // of keys
	Key        *PublicKey    // of a change of keys: what their six words are made of, to be heard before it is signed
	ProposedBy ailleurs.AgentID
	ProposedAt time.Time
	Expires    time.Time
	Approved   []ailleurs.AgentID // who has signed, the new key's holder not counted
	Approval   ailleurs.Statement // complete but for By, Epoch and At
	MaySign    bool               // the reader's signature would count, and is still wanted
}

type changeRow struct {
	ID         ChangeID          `db:"id"`
	Kind       ChangeKind        `db:"kind"`
	Body       string            `db:"body"`
	Member     ailleurs.MemberID `db:"member_id"`
	Agent      ailleurs.AgentID  `db:"agent_id,omitzero"`
	Epoch      int               `db:"epoch,omitzero"`
	ProposedBy ailleurs.AgentID  `db:"proposed_by,omitzero"`
	ProposedAt time.Time         `db:"proposed_at"`
	Expires    time.Time         `db:"expires_at"`
	Applied    time.Time         `db:"applied_at,omitzero"`
	Dropped    time.Time         `db:"dropped_at,omitzero"`
}

const changeColumns = "id, kind, body, member_id, agent_id, epoch, proposed_by, proposed_at, expires_at, applied_at, dropped_at"

// entry reads the register entry of a change of any kind but posts.
func (c changeRow) entry() (ailleurs.RegisterEntry, error) {
	e, err := ailleurs.ParseRegisterEntry(c.Body)
	if err != nil {
		return e, fmt.Errorf("alliance: stored change %s: %w", c.ID, err)
	}
	return e, nil
}

// about is the kind of the change as its entry says it.
func (c changeRow) about() (ChangeKind, error) {
	if c.Kind != Accession {
		return c.Kind, nil
	}
	e, err := c.entry()
	if e.Kind == ailleurs.RegisterSuspension {
		return Suspension, err
	}
	return c.Kind, err
}

// approval is the statement that approves the change.
func (c changeRow) approval() (ailleurs.Statement, error) {
	if c.Kind == PostChange {
		return ailleurs.Team{}.Approval(c.Member, c.Body), nil
	}
	e, err := c.entry()
	return e.Approval(), err
}

// mayApprove reports whether by's signature counts on the change.
func (c changeRow) mayApprove(tx *store.Tx, by ailleurs.Actor) (bool, error) {
	kind := ailleurs.RegisterTeam
	if c.Kind == Accession {
		kind = ailleurs.RegisterAccession
	}
	guarding := false
	switch c.Kind {
	case TeamChange:
		e, err := c.entry()
		if err != nil {
			return false, err
		}
		guarding = e.Role.Guards()
	case KeyChange, Revocation:
		var err error
		if guarding, err = guards(tx, c.Agent); err != nil {
			return false, err
		}
	case Accession, Suspension, PostChange:
	}
	if !by.MayApprove(kind, c.Member, c.Agent, guarding) {
		return false, nil
	}
	if by.Is(ailleurs.Coordinator) {
		return true, nil
	}
	m, err := memberOf(tx, by.Member) // the word of a suspended member's people counts with no client
	return m.SuspendedAt.IsZero(), err
}

// proposeEntry writes a change that will be a record of the register.
func proposeEntry(tx *store.Tx, kind ChangeKind, e ailleurs.RegisterEntry, member ailleurs.MemberID, by ailleurs.AgentID, at time.Time) (ChangeID, error) {
	e.At = at.UTC().Truncate(time.Second)
	if err := e.Validate(); err != nil {
		return "", err
	}
	c := changeRow{
		ID: ailleurs.NewID[ChangeID](), Kind: kind, Body: e.Text(), Member: member, Agent: e.Agent, Epoch: e.Epoch,
		ProposedBy: by, ProposedAt: at, Expires: at.Add(ChangeLife),
	}
	return c.ID, tx.Insert("change", c)
}

// waitingChange refuses a change that is unknown, over, or not of the actor's business.
func waitingChange(tx *store.Tx, id ChangeID, by ailleurs.Actor, at time.Time) (changeRow, error) {
	unknown := ailleurs.RefuseAs(ailleurs.NotFound, "change.unknown", "change")
	c, err := store.One[changeRow](tx, "SELECT "+changeColumns+" FROM change WHERE id = $1", id)
	if errors.Is(err, store.ErrNotFound) {
		return c, unknown
	}
	if err != nil {
		return c, err
	}
	may, err := c.mayApprove(tx, by)
	switch {
	case err != nil:
		return c, err
	case !may && by.Agent == c.Agent && by.Agent != "":
		return c, ailleurs.RefuseAs(ailleurs.Forbidden, "change.about_oneself", "change")
	case !may:
		return c, unknown
	case !c.Applied.IsZero():
		return c, ailleurs.RefuseAs(ailleurs.Conflict, "change.applied", "change")
	case !c.Dropped.IsZero() || !at.Before(c.Expires):
		return c, ailleurs.RefuseAs(ailleurs.Conflict, "change.over", "change")
	}
	return c, nil
}

// An Approval is one person's signed statement about a change.
type Approval struct {
	Change ChangeID `json:"change"`
	Signed []byte   `json:"signed"` // note of Change.Approval with By, Epoch and At filled in
}

// order is how the changes that one approval completes take effect: people before their keys, keys before posts. Who goes
// goes last, once their posts are another's; their keys before their roles, since a colleague's word about keys counts
// with the clients only while both hold a role at the same member.
var order = []ChangeKind{Accession, TeamChange, KeyChange, PostChange, Revocation}

// rank is the change's place in order: a role that is left comes last.
func (c changeRow) rank() int {
	if e, err := c.entry(); c.Kind == TeamChange && err == nil && e.Leaves {
		return len(order)
	}
	return slices.Index(order, c.Kind)
}

// Approve signs changes, all of them or none, and puts into effect those that have two signatures by then: their records
// are appended to the register in the same transaction. It returns the changes that took effect.
//
// Refused: change.unknown for whom it does not concern, change.about_oneself, change.already_signed, change.over, any
// refusal of a signature, and what the change itself forbids (team.post_held, team.three_coordinators, agent.holds_cases,
// change.roles_first, change.revocation_first, change.unlockers_unproven …).
func (a *Alliance) Approve(ctx context.Context, by ailleurs.Actor, approvals []Approval, at time.Time) ([]ChangeID, error) {
	var done []ChangeID
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		done = nil
		if err := bumpConcerned(tx, by, approvals); err != nil {
			return err
		}
		var complete []changeRow
		for _, s := range approvals {
			c, err := waitingChange(tx, s.Change, by, at)
			if err != nil {
				return err
			}
			two, err := sign(tx, c, by, s.Signed, at)
			if err != nil {
				return err
			}
			if two {
				complete = append(complete, c)
			}
		}
		slices.SortStableFunc(complete, func(x, y changeRow) int {
			return cmp.Compare(x.rank(), y.rank())
		})
		for _, c := range complete {
			if err := a.apply(tx, c, at); err != nil {
				return err
			}
			done = append(done, c.ID)
		}
		event := journal.Event{Kind: "change.signed", At: at, Actor: by.Agent, Member: by.Member}
		if len(done) > 0 {
			event.Kind, event.Detail = "change.applied", map[string]any{"kinds": kindsOf(complete)}
		}
		return say(tx, event)
	})
	return done, err
}

func kindsOf(changes []changeRow) []ChangeKind {
	out := make([]ChangeKind, len(changes))
	for i, c := range changes {
		out[i] = c.Kind
	}
	return out
}

// bumpConcerned locks the agents and members that the changes are about, in the one order.
func bumpConcerned(tx *store.Tx, by ailleurs.Actor, approvals []Approval) error {
	if len(approvals) == 0 || len(approvals) > 32 {
		return ailleurs.Refuse("change.none", "approvals")
	}
	var agents []ailleurs.AgentID
	members := []ailleurs.MemberID{by.Member}
	for _, s := range approvals {
		c, err := store.One[changeRow](tx, "SELECT "+changeColumns+" FROM change WHERE id = $1", s.Change)
		if err != nil {
			return missing(err, "change.unknown", "change")
		}
		members = append(members, c.Member)
		if c.Agent != "" {
			agents = append(agents, c.Agent)
		}
	}
	slices.Sort(agents)
	slices.Sort(members)
	for _, id := range slices.Compact(agents) {
		if err := tx.Bump("agent", id); err != nil {
			return err
		}
	}
	for _, id := range slices.Compact(members) {
		if err := tx.Bump("member", id); err != nil {
			return err
		}
	}
	return nil
}

// sign records by's signature and reports whether the change now has two.
func sign(tx *store.Tx, c changeRow, by ailleurs.Actor, signed []byte, at time.Time) (bool, error) {
	want, err := c.approval()
	if err != nil {
		return false, err
	}
	s, err := signature.Verify(tx.Context(), tx, by.Agent, signed, want, at)
	if err != nil {
		return false, err
	}
	if c.Kind == KeyChange {
		set, err := unlockersOf(tx, c.Agent, c.Epoch)
		if err != nil {
			return false, err
		}
		if ailleurs.CheckUnlockers(set.rules()) != nil {
			return false, ailleurs.RefuseAs(ailleurs.Conflict, "change.unlockers_unproven", "change")
		}
	}
	var before int
	if err := tx.QueryRow("SELECT count(*) FROM change_signature WHERE change_id = $1 AND agent_id = $2", c.ID, by.Agent).Scan(&before); err != nil {
		return false, err
	}
	if before > 0 {
		return false, ailleurs.RefuseAs(ailleurs.Conflict, "change.already_signed", "change")
	}
	if err := insertSignature(tx, c.ID, by.Agent, s.Epoch, true, signed, at); err != nil {
		return false, err
	}
	var n int
	err = tx.QueryRow("SELECT count(*) FROM change_signature WHERE change_id = $1 AND approves = 1", c.ID).Scan(&n)
	return n >= ailleurs.RegisterApprovals, err
}

func insertSignature(tx *store.Tx, id ChangeID, by ailleurs.AgentID, epoch int, approves bool, signed []byte, at time.Time) error {
	return tx.Insert("change_signature", store.Changes{
		"change_id": id, "agent_id": by, "epoch": epoch, "approves": approves, "signed": signed, "at": at,
	})
}

// apply puts a change into effect and appends its record to the register.
func (a *Alliance) apply(tx *store.Tx, c changeRow, at time.Time) error {
	done := store.Changes{"applied_at": at}
	if c.Kind == PostChange {
		if err := applyPosts(tx, c, at); err != nil {
			return err
		}
		return tx.Set("change", c.ID, done)
	}
	e, err := c.entry()
	if err != nil {
		return err
	}
	notes, err := store.All[[]byte](tx, "SELECT signed FROM change_signature WHERE change_id = $1 ORDER BY approves, at, agent_id", c.ID)
	if err != nil {
		return err
	}
	index, err := journal.AppendRegister(tx, ailleurs.RegisterRecord{Entry: e, Approvals: notes})
	if err != nil {
		return err
	}
	done["register_idx"] = index
	kind, err := c.about()
	if err != nil {
		return err
	}
	switch kind {
	case Accession:
		err = tx.Set("member", c.Member, store.Changes{"admitted_at": at, "register_idx": index})
	case Suspension:
		err = applySuspension(tx, e, at)
	case TeamChange:
		err = a.applyRole(tx, e, index, at)
	case KeyChange:
		err = applyKey(tx, e, index, at)
	case Revocation:
		err = applyRevocation(tx, e, at)
	case PostChange:
	}
	if err != nil {
		return err
	}
	return tx.Set("change", c.ID, done)
}

// Changes lists the changes that wait and that the actor may see: those their signature would count on, and those about
// themselves.
func (a *Alliance) Changes(ctx context.Context, by ailleurs.Actor, at time.Time) ([]Change, error) {
	var out []Change
	err := a.db.View(ctx, func(tx *store.Tx) error {
		out = nil
		query := "SELECT " + changeColumns + " FROM change WHERE applied_at IS NULL AND dropped_at IS NULL AND expires_at > $1"
		args := []any{at}
		if !by.Is(ailleurs.Coordinator) {
			query, args = query+" AND member_id = $2", append(args, by.Member)
		}
		rows, err := store.All[changeRow](tx, query+" ORDER BY proposed_at, id", args...)
		if err != nil {
			return err
		}
		for _, c := range rows {
			may, err := c.mayApprove(tx, by)
			if err != nil {
				return err
			}
			if !may && c.Agent != by.Agent {
				continue
			}
			shown, err := c.show(tx)
			if err != nil {
				return err
			}
			shown.MaySign = may && !slices.Contains(shown.Approved, by.Agent)
			out = append(out, shown)
		}
		return nil
	})
	return out, err
}

func (c changeRow) show(tx *store.Tx) (Change, error) {
	out := Change{
		ID: c.ID, Kind: c.Kind, Text: c.Body, Member: c.Member, Agent: c.Agent, Epoch: c.Epoch, ProposedBy: c.ProposedBy,
		ProposedAt: c.ProposedAt, Expires: c.Expires,
	}
	if c.Kind != PostChange {
		e, err := c.entry()
		if err != nil {
			return out, err
		}
		out.Role, out.Leaves, out.Ends = e.Role, e.Leaves, e.Ends
	}
	var err error
	if out.Kind, err = c.about(); err != nil {
		return out, err
	}
	if c.Kind == KeyChange {
		if out.Key, err = waitingKey(tx, c.Agent, c.Epoch); err != nil {
			return out, err
		}
	}
	if out.Approval, err = c.approval(); err != nil {
		return out, err
	}
	if err := tx.QueryRow("SELECT name FROM member WHERE id = $1", c.Member).Scan(&out.MemberName); err != nil {
		return out, err
	}
	if c.Agent != "" {
		if err := tx.QueryRow("SELECT name FROM agent WHERE id = $1", c.Agent).Scan(&out.AgentName); err != nil {
			return out, err
		}
	}
	out.Approved, err = store.All[ailleurs.AgentID](tx, "SELECT agent_id FROM change_signature WHERE change_id = $1 AND approves = 1 ORDER BY at, agent_id", c.ID)
	return out, err
}

// waitingKey returns keys that nobody has confirmed yet; they have no place in the register.
func waitingKey(tx *store.Tx, agent ailleurs.AgentID, epoch int) (*PublicKey, error) {
	k, err := keyOf(tx, agent, epoch)
	return &PublicKey{Agent: agent, Epoch: epoch, Recipient: k.Recipient, Verifier: k.Verifier, Index: -1}, err
}

// Drop gives a change up: any of those who could sign it.
func (a *Alliance) Drop(ctx context.Context, by ailleurs.Actor, id ChangeID, at time.Time) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		c, err := waitingChange(tx, id, by, at)
		if err != nil {
			return err
		}
		if err := tx.Bump("member", c.Member); err != nil {
			return err
		}
		if err := drop(tx, c, at); err != nil {
			return err
		}
		return say(tx, journal.Event{Kind: "change.dropped", At: at, Actor: by.Agent, Member: c.Member, Detail: map[string]string{"kind": string(c.Kind)}})
	})
}

func drop(tx *store.Tx, c changeRow, at time.Time) error {
	kind, err := c.about()
	if err != nil {
		return err
	}
	if kind == Accession {
		if err := tx.Set("member", c.Member, store.Changes{"declined_at": at}); err != nil {
			return err
		}
	}
	return tx.Set("change", c.ID, store.Changes{"dropped_at": at})
}

// lapse gives up the changes whose time is over.
func lapse(tx *store.Tx, at time.Time) (int, error) {
	rows, err := store.All[changeRow](tx, "SELECT "+changeColumns+` FROM change
		WHERE applied_at IS NULL AND dropped_at IS NULL AND expires_at <= $1 ORDER BY id`, at)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	for _, c := range rows {
		if err := drop(tx, c, at); err != nil {
			return 0, err
		}
	}
	return len(rows), say(tx, journal.Event{Kind: "change.lapsed", At: at, Detail: map[string]int{"changes": len(rows)}})
}
