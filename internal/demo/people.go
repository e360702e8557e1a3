package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/hub"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A Person is a fictitious agent with their real keys: what their own machine would hold.
type Person struct {
	ailleurs.Actor
	Name   string
	Paper  string // the twelve words of their paper code
	Email  string
	keys   *vault.Trousseau
	public vault.Public
	client *vault.Client // of whoever replayed the register for everyone of the demo
}

// Desk is the person at work. What each desk sees of the journal it remembers by itself: a person's stories go on side by
// side.
func (p *Person) Desk(h *hub.Hub) *desk.Desk {
	keys := *p.keys
	c, err := p.client.Beside(&keys)
	if err != nil {
		c = vault.NewClient(&keys) // which refuses everything by name
	}
	return &desk.Desk{Client: c, Communes: h.Ground}
}

// A town is a member with its three people.
type town struct {
	member                  ailleurs.MemberID
	place                   desk.Place
	lead, second, signatory *Person
}

func (t *town) people() []*Person { return []*Person{t.lead, t.second, t.signatory} }

// enrol takes an invitation through every step that a browser takes: open it, make keys, prove each way to open them.
func enrol(ctx context.Context, h *hub.Hub, inv alliance.Invitation, member ailleurs.MemberID, roles []ailleurs.Role, email string, at time.Time) (*Person, error) {
	ticket, err := h.Alliance.OpenInvitation(ctx, inv.Words.Reveal(), "demo "+email, at)
	if err != nil {
		return nil, err
	}
	register, err := vault.ParsePin(inv.Pins.Register)
	if err != nil {
		return nil, err
	}
	journal, err := vault.ParsePin(inv.Pins.Journal)
	if err != nil {
		return nil, err
	}
	keys, err := vault.NewTrousseau(inv.Agent, register, journal)
	if err != nil {
		return nil, err
	}
	p := &Person{
		Actor: ailleurs.Actor{Agent: inv.Agent, Member: member, Roles: roles}, Name: inv.Name, Email: email,
		keys: keys, public: keys.Public(),
	}
	papers, unlockers, err := paperUnlockers(keys, 2)
	if err != nil {
		return nil, err
	}
	p.Paper = papers[0].code
	entry := keys.Entry(at)
	own := entry.Approval()
	own.By, own.Epoch, own.At = keys.Agent, keys.Epoch, at
	signed, err := vault.Sign(keys, own.Text())
	if err != nil {
		return nil, err
	}
	in, err := h.Alliance.Enrol(ctx, ticket.Ticket, alliance.NewKeys{
		Recipient: p.public.Recipient, Verifier: p.public.Verifier, Entry: entry.Text(), Signed: signed, Unlockers: unlockers,
	}, "démonstration", at)
	if err != nil {
		return nil, err
	}
	viewer, err := h.Alliance.Lookup(ctx, in.Token.Reveal(), at)
	if err != nil {
		return nil, err
	}
	for _, f := range in.Files {
		if err := prove(ctx, h, viewer, f, papers, at); err != nil {
			return nil, err
		}
	}
	return p, h.Alliance.End(ctx, in.Token.Reveal(), at)
}

// A paper is a paper code and what it opens with.
type paper struct {
	code     string
	unlocker *vault.Unlocker
}

// paperUnlockers gives the keys n paper codes and wraps them to each.
func paperUnlockers(keys *vault.Trousseau, n int) ([]paper, []alliance.NewUnlocker, error) {
	papers := make([]paper, n)
	for i := range papers {
		code := vault.NewPaperCode()
		u, err := vault.PaperUnlocker(code)
		if err != nil {
			return nil, nil, err
		}
		if err := keys.AddLock(u); err != nil {
			return nil, nil, err
		}
		papers[i] = paper{code, u}
	}
	out := make([]alliance.NewUnlocker, n)
	for i, p := range papers {
		l := p.unlocker.Lock()
		file, err := keys.Wrap(l)
		if err != nil {
			return nil, nil, err
		}
		login, err := vault.NewPaperSignIn(p.code)
		if err != nil {
			return nil, nil, err
		}
		out[i] = alliance.NewUnlocker{
			Kind: ailleurs.PaperUnlocker, Lock: l.Text(), File: file, Lookup: login.Lookup(), Login: login.Verifier(),
		}
	}
	return papers, out, nil
}

// prove opens the wrapped keys with the code they were wrapped to, as a fresh page would, and signs the hub's challenge.
func prove(ctx context.Context, h *hub.Hub, v alliance.Viewer, f alliance.File, papers []paper, at time.Time) error {
	i := slices.IndexFunc(papers, func(p paper) bool { return p.unlocker.Lock().Text() == f.Lock })
	if i < 0 {
		return fmt.Errorf("demo: no code opens %s", f.Unlocker)
	}
	u, err := vault.PaperUnlocker(papers[i].code)
	if err != nil {
		return err
	}
	keys, err := vault.OpenTrousseau(f.Data, u)
	if err != nil {
		return err
	}
	test, err := h.Alliance.BeginProof(ctx, v, f.Unlocker, at)
	if err != nil {
		return err
	}
	s := test.Statement
	s.By, s.Epoch, s.At = keys.Agent, keys.Epoch, at
	signed, err := vault.Sign(keys, s.Text())
	if err != nil {
		return err
	}
	return h.Alliance.Prove(ctx, v, test.Challenge, signed, at)
}

// found begins the hub: the coordination and its three founders.
func found(ctx context.Context, h *hub.Hub, at time.Time) ([]*Person, error) {
	f := alliance.Founding{Member: alliance.NewMember{
		Kind: ailleurs.Association, Name: "Coordination de l’alliance", Code: "75056", Siren: coordinationSiren, Charter: at,
	}}
	for i, name := range founders {
		f.Founders = append(f.Founders, alliance.NewInvitation{
			Name: name, Email: fmt.Sprintf("coordination%d@demonstration.example", i+1), Lang: "fr", Roles: []ailleurs.Role{ailleurs.Coordinator},
		})
	}
	invitations, err := h.Alliance.Found(ctx, f, at)
	if err != nil {
		return nil, err
	}
	member := ailleurs.MemberID("")
	members, err := h.Alliance.Members(ctx, alliance.MemberFilter{})
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		member = m.ID
	}
	var people []*Person
	for i, inv := range invitations {
		p, err := enrol(ctx, h, inv, member, f.Founders[i].Roles, f.Founders[i].Email, at)
		if err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	return people, nil
}

var inOrder = []alliance.ChangeKind{alliance.Accession, alliance.TeamChange, alliance.KeyChange, alliance.PostChange}

// approveAll has two coordinators sign everything that waits.
func approveAll(ctx context.Context, h *hub.Hub, coordinators []*Person, at time.Time) error {
	for _, p := range coordinators[:2] {
		changes, err := h.Alliance.Changes(ctx, p.Actor, at)
		if err != nil {
			return err
		}
		var approvals []alliance.Approval
		// Roles before keys, whichever batch they fall into: a key counts once its holder has a role.
		slices.SortStableFunc(changes, func(a, b alliance.Change) int {
			return cmp.Compare(slices.Index(inOrder, a.Kind), slices.Index(inOrder, b.Kind))
		})
		for _, c := range changes {
			if !c.MaySign {
				continue
			}
			s := c.Approval
			s.By, s.Epoch, s.At = p.keys.Agent, p.keys.Epoch, at
			signed, err := vault.Sign(p.keys, s.Text())
			if err != nil {
				return err
			}
			approvals = append(approvals, alliance.Approval{Change: c.ID, Signed: signed})
		}
		for batch := range slices.Chunk(approvals, 30) {
			if _, err := h.Alliance.Approve(ctx, p.Actor, batch, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// admit brings towns in: proposed by a coordinator and signed by two, three people each, invited, enrolled and confirmed,
// and named to the three posts.
func admit(ctx context.Context, h *hub.Hub, coordinators []*Person, cast []casting, at time.Time) ([]*town, error) {
	by := coordinators[0].Actor
	towns := make([]*town, len(cast))
	err := atOnce(len(cast), func(i int) error {
		c, ok := h.Ground.Commune(cast[i].code)
		if !ok {
			return fmt.Errorf("demo: no commune %s", cast[i].code)
		}
		id, _, err := h.Alliance.ProposeMember(ctx, by, alliance.NewMember{
			Kind: ailleurs.Commune, Name: c.Name, Code: c.Code, Charter: at,
		}, at)
		towns[i] = &town{member: id, place: desk.Place{
			Member: id, Code: c.Code, Keys: []string{"m:" + string(id), "c:" + c.Code, "d:" + c.Departement, "r:" + c.Region},
		}}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("demo: members: %w", err)
	}
	if err := approveAll(ctx, h, coordinators, at); err != nil {
		return nil, fmt.Errorf("demo: accession: %w", err)
	}
	err = atOnce(3*len(cast), func(i int) error {
		t, role := towns[i/3], cast[i/3].roles(i%3)
		n := alliance.NewInvitation{
			Member: t.member, Name: cast[i/3].names[i%3], Email: fmt.Sprintf("agent%d@demonstration.example", i+1), Lang: "fr", Roles: role,
		}
		inv, err := h.Alliance.Invite(ctx, by, n, at)
		if err != nil {
			return err
		}
		p, err := enrol(ctx, h, inv, t.member, role, n.Email, at)
		if err != nil {
			return err
		}
		switch i % 3 {
		case 0:
			t.lead = p
		case 1:
			t.second = p
		default:
			t.signatory = p
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("demo: people: %w", err)
	}
	if err := approveAll(ctx, h, coordinators, at); err != nil {
		return nil, fmt.Errorf("demo: keys: %w", err)
	}
	err = atOnce(len(towns), func(i int) error {
		t := towns[i]
		t.place.Team = ailleurs.Team{Lead: t.lead.Agent, Second: t.second.Agent, Signatory: t.signatory.Agent}
		_, err := h.Alliance.ProposePosts(ctx, by, t.member, t.place.Team, at)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("demo: posts: %w", err)
	}
	return towns, approveAll(ctx, h, coordinators, at)
}

// learn replays the register once for everyone: in real life each client does it for itself.
func learn(ctx context.Context, h *hub.Hub, people []*Person) error {
	r, err := h.Alliance.RegisterFrom(ctx, 0)
	if err != nil {
		return err
	}
	c := vault.NewClient(people[0].keys)
	if err := c.Learn(r.Records, r.Checkpoint); err != nil {
		return fmt.Errorf("demo: register: %w", err)
	}
	if wrong := c.Directory().Unfounded(); len(wrong) > 0 {
		return fmt.Errorf("demo: %d records of the register count for nothing, the first: %w", len(wrong), wrong[0].Err)
	}
	for _, p := range people {
		p.client = c
	}
	return nil
}
