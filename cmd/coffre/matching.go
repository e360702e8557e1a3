package main

import (
	"bytes"
	"context"
	"strings"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
)

// matching are the operations that hold cards against the day's offers: one case for its caseworker, all open ones for a
// coordinator. What is opened for it stays in the worker; reasons come out as words to show.
func (c *coffre) matching() map[string]op {
	return map[string]op{
		"offers.load":   with(c.loadOffers),
		"case.rank":     with(c.rankCase),
		"table.lay":     with(c.lay),
		"table.solve":   with(c.solve),
		"table.choices": with(c.choices),
		"table.suggest": with(c.suggest),
		"table.export":  with(c.exportTable),
		"table.import":  with(c.importPlan),
		"token.draw":    with(c.drawToken),
	}
}

type offers struct {
	Listing desk.Listing `json:"listing"`
}

// loadOffers reads the day's list, the same for everyone.
func (c *coffre) loadOffers(_ context.Context, in offers) (any, error) {
	var err error
	c.market, err = desk.NewMarket(in.Listing, c.communes)
	c.table = nil
	return nil, err
}

// rankCase orders the members that the case of the page could call upon.
func (c *coffre) rankCase(_ context.Context, in asked) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	if c.market == nil {
		return nil, ailleurs.Refuse("desk.no_offers", "offers")
	}
	return d.Rank(c.market, in.Page.Dossier, c.now())
}

// A laying is a page of cases as the hub handed them to a coordinator, with the proofs of all their bodies.
type laying struct {
	Cases []desk.Dossier `json:"cases"`
	Heads *desk.Heads    `json:"heads"`
}

type laid struct {
	Cases int         `json:"cases"` // on the table now
	Left  []desk.Left `json:"left"`  // of those just handed
}

func (c *coffre) lay(_ context.Context, in laying) (any, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	if c.market == nil {
		return nil, ailleurs.Refuse("desk.no_offers", "offers")
	}
	if c.table == nil {
		c.table = desk.NewTable(c.market)
	}
	for i := range in.Cases {
		in.Cases[i].Heads = in.Heads
	}
	left, err := c.table.Lay(d, in.Cases, c.now())
	return laid{c.table.Cases(), left}, err
}

// atTable is the open desk, if there are cases before it.
func (c *coffre) atTable() (*desk.Desk, error) {
	d, err := c.desk()
	if err == nil && c.table == nil {
		err = ailleurs.Refuse("table.empty", "table")
	}
	return d, err
}

type solving struct {
	Seconds float64 `json:"seconds"`
}

func (c *coffre) solve(_ context.Context, in solving) (any, error) {
	d, err := c.atTable()
	if err != nil {
		return nil, err
	}
	end := c.now().Add(time.Duration(in.Seconds * float64(time.Second)))
	return c.table.Solve(d, func() bool { return c.now().After(end) }), nil
}

func (c *coffre) choices(_ context.Context, in struct {
	Case ailleurs.CaseID `json:"case"`
},
) (any, error) {
	d, err := c.atTable()
	if err != nil {
		return nil, err
	}
	return c.table.Choices(d, in.Case)
}

func (c *coffre) suggest(_ context.Context, in struct {
	Once       string              `json:"once"`
	Suggestion ailleurs.Suggestion `json:"suggestion"`
},
) (any, error) {
	d, err := c.atTable()
	if err != nil {
		return nil, err
	}
	return c.table.Suggest(d, in.Once, in.Suggestion, c.now())
}

// A tableFile is an instance or a plan as text.
type tableFile struct {
	Text string `json:"text"`
}

func (c *coffre) exportTable(context.Context, nothing) (any, error) {
	d, err := c.atTable()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = c.table.Export(d, &text)
	return tableFile{text.String()}, err
}

func (c *coffre) importPlan(_ context.Context, in tableFile) (any, error) {
	d, err := c.atTable()
	if err != nil {
		return nil, err
	}
	return c.table.Import(d, strings.NewReader(in.Text))
}

func (c *coffre) drawToken(context.Context, nothing) (any, error) {
	return tableFile{desk.NewToken()}, nil
}
