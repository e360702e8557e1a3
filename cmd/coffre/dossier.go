package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A page is what the hub handed out for the page in front of the reader.
type page struct {
	Dossier desk.Dossier `json:"dossier"`
	Thread  desk.Thread  `json:"thread"`
	Places  []desk.Place `json:"places"`
	People  desk.People  `json:"people"`
	Other   vault.Public `json:"other"`  // the other lead of a call of three
	Offers  []desk.Owned `json:"offers"` // the answering member's own

	Cases  []ailleurs.CaseID `json:"cases"` // of a list
	Sealed ailleurs.Sealed   `json:"sealed"`
	Heads  *desk.Heads       `json:"heads"`
}

// asked is what every operation on a dossier takes: the form as the page read it, the page, and the key of this try.
type asked struct {
	Form json.RawMessage `json:"form"`
	Page page            `json:"page"`
	Once string          `json:"once"`
}

// made is what goes back: what to post, what to post before it, and what should be read again before sending.
type made struct {
	Post     any            `json:"post"`
	Before   any            `json:"before,omitempty"`
	Warnings []desk.Warning `json:"warnings,omitempty"`
}

func (c *coffre) desk() (*desk.Desk, error) {
	if _, err := c.open(); err != nil {
		return nil, err
	}
	return &desk.Desk{Client: c.client, Communes: c.communes}, nil
}

// journalSize is how far this client has seen the journal: proofs begin there.
func (c *coffre) journalSize(context.Context, nothing) (any, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	return struct {
		Since int64 `json:"since"`
	}{t.Journal.Size}, nil
}

// form reads the form of an operation into its type.
func form[F any](in asked) (F, error) {
	var f F
	if len(in.Form) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(in.Form, &f); err != nil {
		return f, errors.New("coffre: the form is not what the operation takes")
	}
	return f, nil
}

// seals makes an op of something a desk does with a form.
func seals[F any](c *coffre, do func(d *desk.Desk, f F, in asked, at time.Time) (made, error)) op {
	return with(func(_ context.Context, in asked) (any, error) {
		d, err := c.desk()
		if err != nil {
			return nil, err
		}
		f, err := form[F](in)
		if err != nil {
			return nil, err
		}
		return do(d, f, in, c.now())
	})
}

// posts is made of something that needs no second look.
func posts[P any](p P, err error) (made, error) { return made{Post: p}, err }

type nothing struct{}

type caseForm struct {
	desk.DraftForm
	Second    ailleurs.AgentID `json:"second"`
	Signatory ailleurs.AgentID `json:"signatory"`
}

type callForm struct {
	Rings    []ailleurs.Ring     `json:"rings"`
	Checkers [2]ailleurs.AgentID `json:"checkers"`
	FewerWhy string              `json:"fewer_why"`
}

type replyForm struct {
	Thread  ailleurs.ThreadID    `json:"thread"`
	Replies []ailleurs.CardReply `json:"replies"`
}

type additionForm struct {
	Thread ailleurs.ThreadID `json:"thread"`
	Digest string            `json:"digest"`
}

type choiceForm struct {
	Thread ailleurs.ThreadID `json:"thread"`
	Code   string            `json:"code"`
}

type departForm struct {
	RingAt string `json:"ring_at"` // 2006-01-02T15:04, on the clock of the browser
}

type followForm struct {
	ailleurs.CourseEntry
	Light ailleurs.Wellbeing `json:"light"`
}

// need is what must be asked of the hub before a call can be sealed: where its addressees are, and whose keys to wrap to.
type need struct {
	Members []ailleurs.MemberID `json:"members"`
	Agents  []ailleurs.AgentID  `json:"agents"`
}

func (c *coffre) operations() map[string]op {
	return map[string]op{
		"unlock":        with(c.unlock),
		"session.wrap":  with(c.wrapSession),
		"session.open":  with(c.openSession),
		"enrol.begin":   with(c.begin),
		"enrol.passkey": with(c.addPasskey),
		"enrol.paper":   with(c.addPaper),
		"enrol.phrase":  with(c.addPhrase),
		"enrol.finish":  with(c.finish),
		"paper.lookup":  with(c.paperLookup),
		"paper.sign":    with(c.paperSign),
		"prove":         with(c.prove),
		"recall":        with(c.recall),
		"register.add":  with(c.extend),
		"key.words":     with(c.words),
		"key.own":       with(c.own),
		"unlocker.add":  with(c.addUnlocker),
		"rewrap":        with(c.rewrap),
		"staged.keep":   with(c.keepStaged),
		"approve":       with(c.approve),
		"journal.size":  with(c.journalSize),
		"communes":      with(c.loadCommunes),
		"communes.find": with(c.searchCommunes),
		"lint":          with(c.lint),
		"draft.seal":    with(c.sealDraft),
		"draft.open":    with(c.openDraft),

		"open.case":   with(c.openCase),
		"open.thread": with(c.openThread),
		"open.cards":  with(c.openCards),
		"call.words":  with(c.callWords),

		"case.open": seals(c, func(d *desk.Desk, f caseForm, in asked, at time.Time) (made, error) {
			p, err := d.OpenCase(in.Once, f.DraftForm, f.Second, f.Signatory, in.Page.People, at)
			return made{Post: p, Warnings: f.Lint()}, err
		}),
		"case.save": seals(c, func(d *desk.Desk, f caseForm, in asked, at time.Time) (made, error) {
			p, err := d.SaveDraft(in.Once, in.Page.Dossier, f.DraftForm, at)
			return made{Post: p, Warnings: f.Lint()}, err
		}),
		"case.submit.need": seals(c, func(_ *desk.Desk, f callForm, in asked, _ time.Time) (made, error) {
			n := need{Agents: append(f.Checkers[:], in.Page.Dossier.Signatory)}
			for _, ring := range f.Rings {
				n.Members = append(n.Members, ring...)
			}
			return made{Post: n}, nil
		}),
		"case.submit": seals(c, func(d *desk.Desk, f callForm, in asked, at time.Time) (made, error) {
			save, p, err := d.SubmitFewer(in.Once, in.Page.Dossier, f.Rings, f.FewerWhy, in.Page.Places, f.Checkers, in.Page.People, at)
			out := made{Post: p, Warnings: desk.Lint(f.FewerWhy)}
			if len(save.Bodies) > 0 {
				out.Before = save
			}
			return out, err
		}),
		"case.reply": seals(c, func(d *desk.Desk, f replyForm, in asked, at time.Time) (made, error) {
			return posts(d.Reply(in.Once, in.Page.Dossier, f.Thread, f.Replies, at))
		}),
		"case.add.need": seals(c, func(d *desk.Desk, f additionForm, in asked, at time.Time) (made, error) {
			m, err := d.Redirect(in.Page.Dossier, f.Thread, at)
			return made{Post: need{Members: []ailleurs.MemberID{m}, Agents: []ailleurs.AgentID{}}}, err
		}),
		"case.add": seals(c, func(d *desk.Desk, f additionForm, in asked, at time.Time) (made, error) {
			return posts(d.Add(in.Once, in.Page.Dossier, f.Thread, in.Page.Places, in.Page.People, at))
		}),
		"case.agree": seals(c, func(d *desk.Desk, f additionForm, in asked, at time.Time) (made, error) {
			return posts(d.AgreeToAdd(in.Once, in.Page.Dossier, f.Digest, in.Page.Places, at))
		}),
		"case.again": seals(c, func(d *desk.Desk, f desk.AgainForm, in asked, at time.Time) (made, error) {
			return posts(d.StartAgain(in.Once, in.Page.Dossier, f, in.Page.People, at))
		}),
		"case.keep": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Keep(in.Once, in.Page.Dossier, at))
		}),
		"case.attest": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Attest(in.Once, in.Page.Dossier, in.Page.Places, at))
		}),
		"case.sign": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.SignCall(in.Once, in.Page.Dossier, at))
		}),
		"case.check": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Check(in.Once, in.Page.Dossier, in.Page.Places, at))
		}),
		"case.suspend": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Stand(in.Once, in.Page.Dossier, ailleurs.ToSuspend, at))
		}),
		"case.resume": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Stand(in.Once, in.Page.Dossier, ailleurs.ToResume, at))
		}),
		"case.retain": seals(c, func(d *desk.Desk, f choiceForm, in asked, at time.Time) (made, error) {
			save, signed, err := d.Retain(in.Once, in.Page.Dossier, f.Thread, f.Code, at)
			return made{Before: save, Post: signed}, err
		}),
		"case.handover": seals(c, func(d *desk.Desk, f struct {
			Threat bool `json:"threat"`
		}, in asked, at time.Time,
		) (made, error) {
			return posts(d.HandOver(in.Once, in.Page.Dossier, f.Threat, in.Page.People, at))
		}),
		"case.renew": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Regrant(in.Once, in.Page.Dossier, in.Page.People, at))
		}),
		"case.plan": seals(c, func(d *desk.Desk, f ailleurs.ArrivalFile, in asked, at time.Time) (made, error) {
			return posts(d.Plan(in.Once, in.Page.Dossier, f, at))
		}),
		"case.depart": seals(c, func(d *desk.Desk, f departForm, in asked, at time.Time) (made, error) {
			ring, err := time.ParseInLocation("2006-01-02T15:04", f.RingAt, territory.Paris())
			if err != nil {
				return made{}, ailleurs.Refuse("date.impossible", "ring_at", "got", f.RingAt)
			}
			return posts(d.Depart(in.Once, in.Page.Dossier, ring, at))
		}),
		"case.arrive": seals(c, func(d *desk.Desk, f choiceForm, in asked, at time.Time) (made, error) {
			return posts(d.Arrive(in.Once, in.Page.Dossier, f.Code, in.Page.People, at))
		}),
		"case.follow": seals(c, func(d *desk.Desk, f followForm, in asked, at time.Time) (made, error) {
			p, err := d.FollowUp(in.Once, in.Page.Dossier, f.CourseEntry, f.Light, at)
			return made{Post: p, Warnings: desk.Lint(strings.Join([]string{f.Ties, f.Lonely, f.Return, f.LeftHome, f.Note}, "\n"))}, err
		}),
		"thread.answer": seals(c, func(d *desk.Desk, f ailleurs.AnswerFile, in asked, at time.Time) (made, error) {
			f, err := desk.Bundle(f, in.Page.Offers)
			if err != nil {
				return made{}, err
			}
			return posts(d.Answer(in.Once, in.Page.Thread, f, in.Page.People, at))
		}),
		"thread.sign": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.SignAnswer(in.Once, in.Page.Thread, at))
		}),
		"thread.welcome": seals(c, func(d *desk.Desk, _ nothing, in asked, at time.Time) (made, error) {
			return posts(d.Welcome(in.Once, in.Page.Thread, in.Page.People, at))
		}),
	}
}

func (c *coffre) openCase(_ context.Context, in asked) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	return d.OpenDossier(in.Page.Dossier, c.now())
}

func (c *coffre) openThread(_ context.Context, in asked) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	return d.OpenThread(in.Page.Thread, c.now())
}

// openCards opens the cards of a list, each under the id of its case.
func (c *coffre) openCards(_ context.Context, in asked) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	return d.OpenCards(in.Page.Cases, in.Page.Sealed, in.Page.Heads, c.now())
}

func (c *coffre) callWords(_ context.Context, in asked) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	w, err := d.CallWords(in.Page.Dossier, in.Page.Thread, in.Page.Other, c.now())
	return shownWords{w}, err
}

// loadCommunes takes the archive of communes that the hub serves to everyone alike: asking it for a neighbourhood would
// tell it which.
func (c *coffre) loadCommunes(_ context.Context, in keysInput) (any, error) {
	t, err := territory.Parse(in.File)
	if err != nil {
		return nil, err
	}
	c.communes = t
	return nil, nil
}
