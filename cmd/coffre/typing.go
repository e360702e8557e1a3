package main

import (
	"context"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
)

// What helps while somebody types: places by their names, and a second look at free text. Nothing of it leaves the device.

type typedText struct {
	Text    string   `json:"text"`
	Known   []string `json:"known"`   // names that belong in the form
	Contact bool     `json:"contact"` // the field is for a number or an address
}

type placeChoice struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// mostChoices is how many places a field offers.
const mostChoices = 10

// searchCommunes finds communes as people type their names, in the list that the hub hands to everyone alike.
func (c *coffre) searchCommunes(_ context.Context, in typedText) (any, error) {
	if c.communes == nil {
		return nil, ailleurs.Refuse("desk.no_communes", "text")
	}
	out := []placeChoice{}
	for _, found := range c.communes.Search(in.Text, mostChoices) {
		out = append(out, placeChoice{found.Code, found.Label()})
	}
	return out, nil
}

// lint looks through one free text.
func (c *coffre) lint(_ context.Context, in typedText) (any, error) {
	out := []desk.Warning{}
	for _, w := range desk.Lint(in.Text, in.Known...) {
		if !in.Contact || w.Code != desk.PhoneNumber && w.Code != desk.EmailAddress {
			out = append(out, w)
		}
	}
	return out, nil
}
