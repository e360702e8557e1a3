package ailleurs_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func aBody(n int) ailleurs.SealedBody {
	data := bytes.Repeat([]byte{7}, n)
	sum := sha256.Sum256(data)
	return ailleurs.SealedBody{
		Case: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need, Epoch: 1, Seq: 1, Hash: hex.EncodeToString(sum[:]), Author: "A", Data: data,
	}
}

// The lengths are those of protocol 1: 1,643 bytes and 16 a chunk over the padded plain text; a classic file is shorter.
func TestOnlyTheLengthsOfTheProtocolAreStored(t *testing.T) {
	for plain, want := range map[int]int{1024: 2683, 4 << 10: 5755, 64 << 10: 67195, 256 << 10: 263851, 4 << 20: 4196971} {
		if got := ailleurs.SealedSize(plain); got != want {
			t.Errorf("%d bytes are sealed in %d, want %d", plain, got, want)
		}
	}
	for _, n := range ailleurs.BodyBuckets {
		if err := aBody(ailleurs.SealedSize(n)).Validate("b"); err != nil {
			t.Errorf("a body of %d: %v", n, err)
		}
		for _, off := range []int{-1443, -1, 1, 1541} { // classic, cut, longer, to two recipients
			if n == 4<<20 && off > 0 {
				refusedAt(t, aBody(ailleurs.SealedSize(n)+off).Validate("b"), "sealed.body_too_large", "b.data")
				continue
			}
			refusedAt(t, aBody(ailleurs.SealedSize(n)+off).Validate("b"), "sealed.body_size", "b.data")
		}
	}
}

func TestBodyThatCannotBeInAChainIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*ailleurs.SealedBody)
		key, field string
	}{
		"another hash":         {func(b *ailleurs.SealedBody) { b.Hash = strings.Repeat("00", 32) }, "sealed.damaged", "b.hash"},
		"upper-case hash":      {func(b *ailleurs.SealedBody) { b.Hash = strings.ToUpper(b.Hash) }, "sealed.damaged", "b.hash"},
		"first with a past":    {func(b *ailleurs.SealedBody) { b.Prev = strings.Repeat("00", 32) }, "sealed.broken_chain", "b.seq"},
		"second without":       {func(b *ailleurs.SealedBody) { b.Seq = 2 }, "sealed.broken_chain", "b.seq"},
		"before the first":     {func(b *ailleurs.SealedBody) { b.Seq = 0 }, "sealed.broken_chain", "b.seq"},
		"a note in the chain":  {func(b *ailleurs.SealedBody) { b.Note = true }, "sealed.broken_chain", "b.seq"},
		"no epoch":             {func(b *ailleurs.SealedBody) { b.Epoch = 0 }, "sealed.bad_epoch", "b.epoch"},
		"an answer of nowhere": {func(b *ailleurs.SealedBody) { b.Compartment = ailleurs.Answer }, "sealed.wrong_thread", "b.thread"},
		"a card of a thread":   {func(b *ailleurs.SealedBody) { b.Thread = ailleurs.NewID[ailleurs.ThreadID]() }, "sealed.wrong_thread", "b.thread"},
		"no case":              {func(b *ailleurs.SealedBody) { b.Case = "" }, "sealed.wrong_case", "b.case"},
		"unknown compartment":  {func(b *ailleurs.SealedBody) { b.Compartment = "notes" }, "sealed.unknown_compartment", "b.compartment"},
	} {
		t.Run(name, func(t *testing.T) {
			b := aBody(ailleurs.SealedSize(4 << 10))
			c.change(&b)
			refusedAt(t, b.Validate("b"), c.key, c.field)
		})
	}
}

func TestOnlyHybridRecipientsAreStored(t *testing.T) {
	good := "age1pq1" + strings.Repeat("q", 1952)
	k := ailleurs.CompartmentKey{Case: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need, Epoch: 1, Recipient: good}
	if err := k.Validate("k"); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]string{
		"classic": "age1" + strings.Repeat("q", 58), "ssh": "ssh-ed25519 AAAA", "shorter": good[:1958], "longer": good + "q", "upper case": strings.ToUpper(good),
		"not bech32": good[:1958] + "b", "empty": "", "tagged": "age1tag1" + good[8:],
	} {
		k.Recipient = r
		if ailleurs.AsRefusal(k.Validate("k")) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestEnvelopeLivesNinetyDaysAtMost(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	e := ailleurs.SealedEnvelope{
		Case: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need, Epoch: 1, For: ailleurs.NewID[ailleurs.AgentID](), KeyEpoch: 1, Part: ailleurs.OriginLead,
		Expires: at.Add(ailleurs.EnvelopeLife), Data: make([]byte, ailleurs.SealedSize(ailleurs.EnvelopePlain)),
	}
	if err := e.Validate("e", at); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change     func(*ailleurs.SealedEnvelope)
		key, field string
	}{
		{func(e *ailleurs.SealedEnvelope) { e.Expires = at }, "sealed.expired", "e.expires"},
		{func(e *ailleurs.SealedEnvelope) { e.Expires = at.AddDate(0, 0, 91) }, "sealed.expires_too_late", "e.expires"},
		{func(e *ailleurs.SealedEnvelope) { e.Part = ailleurs.TheClock }, "sealed.never_holds", "e.part"},
		{func(e *ailleurs.SealedEnvelope) { e.Compartment, e.Part = ailleurs.Arrival, ailleurs.OriginLead }, "sealed.never_holds", "e.part"},
		{func(e *ailleurs.SealedEnvelope) { e.Data = e.Data[1459:] }, "sealed.envelope_size", "e.data"},
		{func(e *ailleurs.SealedEnvelope) { e.Data = append(e.Data, 0) }, "sealed.envelope_too_large", "e.data"},
		{func(e *ailleurs.SealedEnvelope) { e.KeyEpoch = 0 }, "sealed.bad_epoch", "e.epoch"},
		{func(e *ailleurs.SealedEnvelope) { e.For = "" }, "sealed.wrong_person", "e.for"},
	} {
		x := e
		x.Data = bytes.Clone(e.Data)
		c.change(&x)
		refusedAt(t, x.Validate("e", at), c.key, c.field)
	}
}
