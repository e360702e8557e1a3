package vault

import (
	"bytes"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// card is the length of a card as clients write it: lists in JSON, within the smallest bucket.
var card = bytes.Repeat([]byte("x"), 2000)

func BenchmarkSealCard(b *testing.B) {
	s := setStage(b)
	for b.Loop() {
		if _, err := SealBody(s.lead, s.opened.key, s.opened.Head, card, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenCard(b *testing.B) {
	s := setStage(b)
	sealed, err := SealBody(s.lead, s.opened.key, s.opened.Head, card, now)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := OpenBody(s.host.directory, s.opened.key, sealed, HeadOf(sealed), now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealEnvelope(b *testing.B) {
	s := setStage(b)
	to := []Grantee{{s.hostLead.Public(), ailleurs.AddresseeLead}}
	for b.Loop() {
		if _, err := s.origin.Grant(s.opened, to, time.Time{}, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenEnvelope(b *testing.B) {
	s := setStage(b)
	for b.Loop() {
		if _, err := OpenEnvelope(s.host.directory, s.hostLead, s.received.Envelopes[0], s.received.Folder, 1, now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenFolder is what a page does to show a card: envelope, two bodies, every check.
func BenchmarkOpenFolder(b *testing.B) {
	s := setStage(b)
	for b.Loop() {
		if _, err := s.host.Open(s.received, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnlockWithPasskey(b *testing.B) {
	s := setStage(b)
	prf := make([]byte, 32)
	u, err := PasskeyUnlocker(prf)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.lead.AddLock(u); err != nil {
		b.Fatal(err)
	}
	file, err := s.lead.Wrap(u.Lock())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		u, err := PasskeyUnlocker(prf)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Unlock(file, u, s.lead.Agent); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnlockWithPassphrase(b *testing.B) {
	salt, device, phrase := NewSalt(), make([]byte, 32), NewPassphrase()
	for b.Loop() {
		if _, err := PassphraseUnlocker(phrase, salt, device); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLearnRegister replays a register of sixty members of five people, as the first page on a machine does, and
// goes on from its snapshot, as the pages after it do.
func BenchmarkLearnRegister(b *testing.B) {
	a := newAlliance(b)
	for range 60 {
		m := ailleurs.NewID[ailleurs.MemberID]()
		a.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterAccession, At: now, Member: m, Code: "33063"}, a.founders[:2]...)
		for range 5 {
			a.join(m, ailleurs.Caseworker, a.founders[:2]...)
		}
	}
	checkpoint := a.checkpoint(len(a.records))
	a.lead.Register = a.pin()
	b.Run("first page", func(b *testing.B) {
		for b.Loop() {
			if err := NewDirectory(a.pin()).Extend(a.records, checkpoint); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(a.records)), "records")
	})
	b.Run("next page", func(b *testing.B) {
		kept, err := a.client(a.lead).Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			c := NewClient(a.lead)
			if err := c.Restore(kept); err != nil {
				b.Fatal(err)
			}
			if err := c.Learn(nil, checkpoint); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(kept)), "bytes")
	})
	b.Run("seal snapshot", func(b *testing.B) {
		c := a.client(a.lead)
		for b.Loop() {
			if _, err := c.Snapshot(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
