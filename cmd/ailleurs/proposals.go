package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A sealedTable is what the page of proposals exports sealed: the cards and limits that name a coordinator, with the day's
// offers and the register to check them with.
type sealedTable struct {
	Listing  desk.Listing   `json:"listing"`
	Cases    []desk.Dossier `json:"cases"`
	Register struct {
		Records    [][]byte `json:"records"`
		Checkpoint []byte   `json:"checkpoint"`
	} `json:"register"`
}

// A laying opens a sealed table with a trousseau. That each body is the newest was proved to the page that exported it; here
// its signatures and readers are checked again, without the hub.
type laying struct {
	unlocking
	Sealed string `arg:"" type:"path" placeholder:"FILE" help:"Sealed cards, as the page of proposals exports them."`
}

// open lays the cases on a table, and names on standard error those that do not open.
func (c laying) open(w world) (*desk.Desk, *desk.Table, error) {
	t, err := c.unlocking.open(w)
	if err != nil {
		return nil, nil, err
	}
	var sealed sealedTable
	if err := readJSON(c.Sealed, "sealed", &sealed); err != nil {
		return nil, nil, err
	}
	client := vault.NewClient(t)
	if err := client.Learn(sealed.Register.Records, sealed.Register.Checkpoint); err != nil {
		return nil, nil, err
	}
	land, err := territory.Load()
	if err != nil {
		return nil, nil, err
	}
	market, err := desk.NewMarket(sealed.Listing, land)
	if err != nil {
		return nil, nil, err
	}
	d := &desk.Desk{Client: client, Communes: land, Unproved: true}
	table := desk.NewTable(market)
	left, err := table.Lay(d, sealed.Cases, w.now())
	for _, l := range left {
		fmt.Fprintf(w.err, "%s: %s\n", l.Case, w.language.item(l.Item))
	}
	return d, table, err
}

// item is an item of the desk in words.
func (l language) item(i desk.Item) string {
	if i.Text != "" {
		return i.Text
	}
	return l.sentence(&ailleurs.Refusal{Key: i.Key, Args: i.Args})
}

type coffreInstance struct {
	laying
	Out string `default:"-" placeholder:"FILE" help:"Where to write the instance. Default: standard output."`
}

// Run writes the instance that ailleurs match reads. It is not sealed: households and places go under names that only this
// trousseau leads back from.
func (c coffreInstance) Run(w world) error {
	d, table, err := c.open(w)
	if err != nil {
		return err
	}
	return write(w, c.Out, func(out io.Writer) error { return table.Export(d, out) })
}

type coffreProposals struct {
	laying
	Plan string `required:"" type:"path" placeholder:"FILE" help:"Plan that ailleurs match made of an instance of these cards."`
}

// Run checks the plan against the cards and offers, by the rules and not by the solver, and says it in words.
func (c coffreProposals) Run(w world) error {
	d, table, err := c.open(w)
	if err != nil {
		return err
	}
	f, err := os.Open(c.Plan)
	if err != nil {
		return unreadable(err, "plan", c.Plan)
	}
	defer func() { _ = f.Close() }() // only read
	found, err := table.Import(d, f)
	if err != nil {
		return err
	}
	say := func(words, name string, items []desk.Item) error {
		line := words
		if name != "" {
			line += " → " + name
		}
		var reasons []string
		for _, i := range items {
			reasons = append(reasons, w.language.item(i))
		}
		_, err := fmt.Fprintln(w.out, line+" : "+strings.Join(reasons, " ; "))
		return err
	}
	for _, list := range [][]desk.Proposal{found.Placed, found.Unplaced} {
		for _, p := range list {
			if err := say(p.Words, p.Name, p.Items); err != nil {
				return err
			}
		}
	}
	for _, h := range found.Help {
		if err := say(w.language.item(h.Item), strings.Join(h.Words, ", "), nil); err != nil {
			return err
		}
	}
	return nil
}
