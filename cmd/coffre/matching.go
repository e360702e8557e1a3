package main

import (
	"context"
	"encoding/json"
	"errors"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
)

// matching are the operations that hold cards against the day's offers.
func (c *coffre) matching() map[string]op {
	return map[string]op{
		"offers.load": with(c.loadOffers),
		"case.rank":   with(c.rankCase),
	}
}

// loadOffers reads the day's list, the same for everyone.
func (c *coffre) loadOffers(_ context.Context, in keysInput) (any, error) {
	var l desk.Listing
	if err := json.Unmarshal(in.File, &l); err != nil {
		return nil, errors.New("coffre: the list of offers is not one")
	}
	var err error
	c.market, err = desk.NewMarket(l, c.communes)
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
