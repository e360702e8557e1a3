//go:build !js

package main

import (
	"encoding/json"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

// out runs an operation as the page asks it, and reads what goes back.
func out[T any](t *testing.T, c *coffre, op string, in any) (T, string) {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Out     T       `json:"out"`
		Refusal refused `json:"refusal"`
		Fault   string  `json:"fault"`
	}
	if err := json.Unmarshal([]byte(c.answer(t.Context(), op, input)), &reply); err != nil || reply.Fault != "" {
		t.Fatalf("%s: %v %s", op, err, reply.Fault)
	}
	return reply.Out, reply.Refusal.Key
}

// A commune is found on the device, in the list that everyone is handed alike: without it the page is told to fetch all.
func TestCommunesAreFoundOnTheDevice(t *testing.T) {
	c := newCoffre(nil, time.Now)
	_, refusal := out[[]placeChoice](t, c, "communes.find", typedText{Text: "st etienne"})
	if refusal != "desk.no_communes" {
		t.Errorf("without the list: %q", refusal)
	}
	if _, refusal = out[any](t, c, "communes", keysInput{File: territory.Archive()}); refusal != "" {
		t.Fatal(refusal)
	}
	found, _ := out[[]placeChoice](t, c, "communes.find", typedText{Text: "st etienne"})
	if len(found) != mostChoices || found[0].Code != "42218" {
		t.Errorf("found %+v", found)
	}
}

func TestFreeTextIsLookedAtWhileItIsTyped(t *testing.T) {
	c := newCoffre(nil, time.Now)
	codes := func(in typedText) (all []string) {
		found, _ := out[[]struct{ Code string }](t, c, "lint", in)
		for _, w := range found {
			all = append(all, w.Code)
		}
		return all
	}
	if got := codes(typedText{Text: "appeler le 06 12 34 56 78, voiture AB-123-CD"}); len(got) != 2 || got[0] != "phone" || got[1] != "plate" {
		t.Errorf("seen: %v", got)
	}
	if got := codes(typedText{Text: "06 12 34 56 78", Contact: true}); len(got) != 0 {
		t.Errorf("in a field for a number: %v", got)
	}
	if got := codes(typedText{Text: "avec Camille Fictif", Known: []string{"Camille Fictif"}}); len(got) != 0 {
		t.Errorf("the person's own name: %v", got)
	}
}
