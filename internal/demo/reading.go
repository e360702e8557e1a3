package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// How the people of a story come to what they work on: through the hub's views, with its proofs, on their own desk.

// as reads a case as one of its people, into what their desk works with.
func (s *story) as(ctx context.Context, p *Person, at time.Time) (desk.Dossier, error) {
	v, err := s.h.Relocation.Case(ctx, p.Actor, s.id, at)
	if err != nil {
		return desk.Dossier{}, err
	}
	h, err := through[desk.Dossier](v)
	if err == nil {
		h.Heads, err = s.heads(ctx, p, v.Sealed, at)
	}
	return h, err
}

// heads are the hub's proofs that the journal knows the bodies it has just handed out, from where the person's own pin
// stands.
func (s *story) heads(ctx context.Context, p *Person, sealed ailleurs.Sealed, at time.Time) (*desk.Heads, error) {
	var hashes []string
	for _, b := range sealed.Bodies {
		if !b.Note {
			hashes = append(hashes, b.Hash)
		}
	}
	v, err := s.h.Relocation.Prove(ctx, s.h.Logs.Journal.Signer, p.Actor, []relocation.Handed{{Case: s.id, Hashes: hashes}}, p.keys.Journal.Size, at)
	if err != nil {
		return nil, err
	}
	return through[*desk.Heads](v)
}

// addressed reads the thread of a town as one of its people.
func (s *story) addressed(ctx context.Context, p *Person, at time.Time) (desk.Thread, error) {
	id, err := s.threadOf(ctx, p, at)
	if err != nil {
		return desk.Thread{}, err
	}
	v, err := s.h.Relocation.Thread(ctx, p.Actor, id, at)
	if err != nil {
		return desk.Thread{}, err
	}
	t, err := through[desk.Thread](v)
	if err == nil {
		t.Heads, err = s.heads(ctx, p, v.Sealed, at)
	}
	return t, err
}

// onCase is a step of one of the people of the case: they read it, make something of it on their desk, and hand that in.
func onCase[In any](ctx context.Context, s *story, by *Person, at time.Time, handIn func(*relocation.Exchange, context.Context, ailleurs.Actor, In, time.Time) error, make func(*desk.Desk, desk.Dossier) (In, error)) error {
	c, err := s.as(ctx, by, at)
	if err != nil {
		return err
	}
	in, err := make(by.Desk(s.h), c)
	if err != nil {
		return err
	}
	return handIn(s.h.Relocation, ctx, by.Actor, in, at)
}

// onThread is a step of one of an addressee's people.
func onThread[In any](ctx context.Context, s *story, by *Person, at time.Time, handIn func(*relocation.Exchange, context.Context, ailleurs.Actor, In, time.Time) error, make func(*desk.Desk, desk.Thread) (In, error)) error {
	t, err := s.addressed(ctx, by, at)
	if err != nil {
		return err
	}
	in, err := make(by.Desk(s.h), t)
	if err != nil {
		return err
	}
	return handIn(s.h.Relocation, ctx, by.Actor, in, at)
}

// threadOf finds the thread of this case in the inbox of an addressee, once for their town.
func (s *story) threadOf(ctx context.Context, p *Person, at time.Time) (ailleurs.ThreadID, error) {
	if id := s.threads[p.Member]; id != "" {
		return id, nil
	}
	for _, tab := range relocation.Tabs {
		after := ""
		for {
			page, err := s.h.Relocation.Inbox(ctx, p.Actor, tab, after, at)
			if err != nil {
				return "", err
			}
			for _, r := range page.Rows {
				if r.Case == s.id && r.Thread != "" {
					if s.threads == nil {
						s.threads = map[ailleurs.MemberID]ailleurs.ThreadID{}
					}
					s.threads[p.Member] = r.Thread
					return r.Thread, nil
				}
			}
			if page.Next == "" {
				break
			}
			after = page.Next
		}
	}
	return "", fmt.Errorf("demo: story %d: no thread for %s", s.n, p.Name)
}

// through carries a view from the hub to a desk as JSON does, so that the demonstration fails where a browser would.
func through[To, From any](v From) (To, error) {
	var out To
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}
