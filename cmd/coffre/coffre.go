package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/desk"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// A device makes 32 bytes of an input under a key that never leaves this browser.
type device interface {
	bind(ctx context.Context, input []byte) ([]byte, error)
}

// A coffre answers the page's questions, one at a time. It holds the trousseau while the page is open.
type coffre struct {
	device   device
	now      func() time.Time
	client   *vault.Client // of the open trousseau; nil while locked
	wrapped  pins          // of the trousseau as it was opened or last sealed
	communes *territory.Territory
	market   *desk.Market // the day's offers, once loaded
	table    *desk.Table  // the open cases of a coordinator, once opened
	fresh    *enrolment
	staged   *vault.Trousseau // with a lock more or less, until the hub has taken it
	turn     chan struct{}
	ops      map[string]op
}

// An op reads its input and returns what the page may know.
type op func(ctx context.Context, input []byte) (any, error)

func newCoffre(d device, now func() time.Time) *coffre {
	c := &coffre{device: d, now: now, turn: make(chan struct{}, 1)}
	c.ops = c.operations()
	maps.Copy(c.ops, c.matching())
	return c
}

// A reply is one of an answer, a refusal and a fault. Seen goes with it when there is something new to remember, whatever
// came of the rest: the memory that this machine keeps for its next pages.
type reply struct {
	Out     any      `json:"out,omitempty"`
	Refusal *refused `json:"refusal,omitempty"`
	Fault   string   `json:"fault,omitempty"`
	Seen    []byte   `json:"seen,omitempty"`
}

func (c *coffre) seen() []byte {
	if c.client == nil || !c.client.Fresh() {
		return nil
	}
	return c.client.Memory()
}

// answer is the text of the reply that goes back to the page. A fault names the operation and what went wrong in our own
// words; it never carries input.
func (c *coffre) answer(ctx context.Context, name string, input []byte) string {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	out, err := c.run(ctx, name, input)
	reply := reply{Seen: c.seen()}
	switch refusal := ailleurs.AsRefusal(err); {
	case err == nil:
		reply.Out = out
	case refusal != nil:
		reply.Refusal = &refused{refusal.Key, refusal.Field, refusal.Args}
	default:
		reply.Fault = name + ": " + err.Error()
	}
	b, err := json.Marshal(reply)
	if err != nil {
		return `{"fault":"coffre: answer does not marshal"}`
	}
	return string(b)
}

type refused struct {
	Key   string            `json:"key"`
	Field string            `json:"field,omitempty"`
	Args  map[string]string `json:"args,omitempty"`
}

func (c *coffre) run(ctx context.Context, name string, input []byte) (out any, err error) {
	do, ok := c.ops[name]
	if !ok {
		return nil, fmt.Errorf("coffre: no operation %q", name)
	}
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, errors.New("coffre: the operation failed")
		}
	}()
	return do(ctx, input)
}

// with makes an op of a function with a typed input; an input of another shape is a fault of the page, not of its reader.
func with[In any](do func(context.Context, In) (any, error)) op {
	return func(ctx context.Context, input []byte) (any, error) {
		var in In
		dec := json.NewDecoder(bytes.NewReader(input))
		if err := dec.Decode(&in); err != nil {
			return nil, errors.New("coffre: the input is not what the operation takes")
		}
		return do(ctx, in)
	}
}

// open returns the trousseau, or refuses: the page leads to unlocking.
func (c *coffre) open() (*vault.Trousseau, error) {
	if c.client == nil {
		return nil, ailleurs.RefuseAs(ailleurs.Unsigned, "coffre.locked", "")
	}
	return c.client.Trousseau(), nil
}
