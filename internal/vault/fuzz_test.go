package vault

import (
	"bytes"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

// Whatever a parser is given it either refuses, or reads something that is written back as the same bytes.

func FuzzTrousseau(f *testing.F) {
	s := newFuzzStage(f)
	mac := new([16]byte)
	text := s.lead.text()
	text += "mac " + b64.EncodeToString(trousseauMAC(mac, text)) + "\n"
	f.Add([]byte(text))
	f.Add([]byte(trousseauLabel + "\n"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		back, err := parseTrousseau(plain, mac)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		text := back.text()
		text += "mac " + b64.EncodeToString(trousseauMAC(mac, text)) + "\n"
		if text != string(bytes.TrimRight(plain, "\x00")) {
			t.Fatalf("%q is written back as %q", plain, text)
		}
	})
}

func FuzzBody(f *testing.F) {
	s := newFuzzStage(f)
	plain, err := openWith(s.opened.key.id, s.second.Data, maxPlain, "body")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(plain[:600])
	f.Fuzz(func(t *testing.T, plain []byte) {
		b, signed, err := parseBody(plain)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		n, err := readNote(signed)
		if err != nil || n.Text != b.text() {
			t.Fatalf("%q is written back as %q", n.Text, b.text())
		}
		if again := append(append([]byte(nil), signed...), b.Content...); !bytes.HasPrefix(plain, again) || len(plain) != Bucket(len(b.Content)) {
			t.Fatal("the body is not signature, content and padding")
		}
	})
}

func FuzzNote(f *testing.F) {
	s := newFuzzStage(f)
	sealed, err := SealNote(s.opened.Key(), []byte("au secours"), now)
	if err != nil {
		f.Fatal(err)
	}
	plain, err := openWith(s.opened.key.id, sealed.Data, maxPlain, "note")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, plain []byte) {
		n, err := parseNote(plain)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		if Bucket(len(n.Content)) != len(plain) || !bytes.Contains(plain, n.Content) {
			t.Fatal("the note is not header, content and padding")
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	s := newFuzzStage(f)
	plain, err := openWith(s.hostLead.id, s.received.Envelopes[0].Data, ailleurs.EnvelopePlain, "envelope")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Fuzz(func(t *testing.T, plain []byte) {
		g, signed, err := parseEnvelope(plain)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		n, err := readNote(signed)
		if err != nil || n.Text != g.text() {
			t.Fatalf("%q is written back as %q", n.Text, g.text())
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add("forêt hélice bœuf abri acacia accent")
	f.Add(NewPassphrase())
	f.Fuzz(func(t *testing.T, typed string) {
		words, err := ReadWords(typed, PassphraseWords)
		if err != nil {
			onlyRefusals(t, err)
		} else if again, err := ReadWords(joined(words), PassphraseWords); err != nil || joined(again) != joined(words) {
			t.Fatalf("%q is read as %v, that as %v", typed, words, again)
		}
		if c, err := ReadCodeWord(typed); err == nil {
			if d, err := ReadCodeWord(c.Folded()); err != nil || !c.Same(d) {
				t.Fatalf("the code word %q is not that of its folded form %q", typed, c.Folded())
			}
		}
		if _, err := readPaper(typed); err != nil {
			onlyRefusals(t, err)
		}
	})
}

func FuzzLock(f *testing.F) {
	u, err := PasskeyUnlocker(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	l := u.Lock()
	f.Add(l.Text())
	l.Kind, l.Salt = PassphraseLock, make([]byte, SaltSize)
	f.Add(l.Text())
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLock(text)
		if err != nil {
			onlyRefusals(t, err)
		} else if l.Text() != text {
			t.Fatalf("%q is written back as %q", text, l.Text())
		}
	})
}

func FuzzProof(f *testing.F) {
	s := newFuzzStage(f)
	f.Add(s.proof(3).Format())
	pin := s.pin()
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := ParseProof(file)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		if again, err := ParseProof(p.Format()); err != nil || again.Index != p.Index || !bytes.Equal(again.Format(), p.Format()) {
			t.Fatal("a proof changes when it is written and read")
		}
		if _, err := p.Verify(pin, s.records[3]); err != nil {
			onlyRefusals(t, err)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	s := newFuzzStage(f)
	f.Add(s.checkpoint(4))
	pin := s.pin()
	f.Fuzz(func(t *testing.T, signed []byte) {
		if _, err := pin.Open(signed); err != nil {
			onlyRefusals(t, err)
		}
	})
}

func FuzzStatement(f *testing.F) {
	s := newFuzzStage(f)
	signed, err := s.origin.Sign(ailleurs.ToAttest, "subject", "digest", now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	d := s.origin.directory
	f.Fuzz(func(t *testing.T, signed []byte) {
		if _, err := d.VerifyStatement(signed); err != nil {
			onlyRefusals(t, err)
		}
		if _, err := Signers(signed); err != nil {
			onlyRefusals(t, err)
		}
	})
}

func FuzzFile(f *testing.F) {
	s := newFuzzStage(f)
	f.Add(s.received.Envelopes[0].Data)
	id := s.hostLead.id
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := openWith(id, file, ailleurs.EnvelopePlain, "file"); err != nil {
			onlyRefusals(t, err)
		}
		if _, err := Stanzas(file); err != nil {
			onlyRefusals(t, err)
		}
	})
}

func joined(words []string) string { return strings.Join(words, " ") }

func onlyRefusals(t *testing.T, err error) {
	t.Helper()
	if ailleurs.AsRefusal(err) == nil {
		t.Fatalf("a fault instead of a refusal: %v", err)
	}
}

func FuzzSnapshot(f *testing.F) {
	s := newFuzzStage(f)
	s.add([]byte("bonjour"))
	s.enter(ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: now, Agent: s.hostElected.Agent, Epoch: 1}, s.founders[0], s.founders[1])
	f.Add(s.directory().text())
	f.Add(NewDirectory(s.pin()).text())
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDirectory(text)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		if again := d.text(); again != text {
			t.Fatalf("%q is written back as %q", text, again)
		}
	})
}

func FuzzMemory(f *testing.F) {
	s := newFuzzStage(f)
	if _, err := s.host.Open(s.received, now); err != nil {
		f.Fatal(err)
	}
	f.Add(s.host.memoryText())
	f.Add(memoryLabel + "\njournal " + s.directory().Pin().text() + "\n")
	f.Add(memoryLabel + "\njournal -\n")
	f.Fuzz(func(t *testing.T, text string) {
		pin, heads, err := parseMemory(text)
		if err != nil {
			onlyRefusals(t, err)
			return
		}
		if again := memoryText(pin, heads); again != text {
			t.Fatalf("%q is written back as %q", text, again)
		}
	})
}
