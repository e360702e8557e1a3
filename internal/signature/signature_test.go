package signature_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/signature"
)

var at = time.Date(2027, 3, 12, 9, 30, 0, 0, time.UTC)

type hand struct {
	signer note.Signer
	key    signature.Key
}

func newHand(t *testing.T, agent ailleurs.AgentID, epoch int) hand {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, string(agent))
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return hand{s, signature.Key{Agent: agent, Epoch: epoch, Verifier: vkey}}
}

func (h hand) sign(t *testing.T, text string) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, h.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func statement(by ailleurs.AgentID) ailleurs.Statement {
	return ailleurs.Statement{
		Purpose: ailleurs.ToCheck, Subject: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Digest: strings.Repeat("ab", 32), By: by, Epoch: 2, At: at,
	}
}

func wantKey(t *testing.T, err error, key string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		t.Errorf("got %v, want the refusal %s", err, key)
	}
}

func TestStatementOfItsSignerIsAccepted(t *testing.T) {
	agent := ailleurs.NewID[ailleurs.AgentID]()
	h := newHand(t, agent, 2)
	want := statement("")
	got, err := signature.VerifyKey(h.key, agent, h.sign(t, statement(agent).Text()), want, at.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got != statement(agent) {
		t.Errorf("got %+v", got)
	}
}

func TestEveryOtherSignatureIsRefusedByName(t *testing.T) {
	agent, other := ailleurs.NewID[ailleurs.AgentID](), ailleurs.NewID[ailleurs.AgentID]()
	h, stranger := newHand(t, agent, 2), newHand(t, other, 2)
	impostor := newHand(t, agent, 2) // the right name, another key
	good := statement(agent)
	change := func(f func(*ailleurs.Statement)) []byte {
		s := good
		f(&s)
		return h.sign(t, s.Text())
	}
	tampered := []byte(strings.Replace(string(h.sign(t, good.Text())), "purpose check", "purpose offer", 1))
	for _, c := range []struct {
		name   string
		signed []byte
		at     time.Time
		want   string
	}{
		{"not a note", []byte("bonjour"), at, "signature.malformed"},
		{"too large", []byte(strings.Repeat("a", signature.MaxSize+1)), at, "signature.too_large"},
		{"someone else's", stranger.sign(t, good.Text()), at, "signature.other_signer"},
		{"the name with another key", impostor.sign(t, good.Text()), at, "signature.other_signer"},
		{"tampered", tampered, at, "signature.bad"},
		{"not a statement", h.sign(t, "bonjour\n"), at, "statement.malformed"},
		{"purpose", change(func(s *ailleurs.Statement) { s.Purpose = ailleurs.ToCall }), at, "statement.wrong_purpose"},
		{"subject", change(func(s *ailleurs.Statement) { s.Subject = "other" }), at, "statement.wrong_subject"},
		{"digest", change(func(s *ailleurs.Statement) { s.Digest = strings.Repeat("cd", 32) }), at, "statement.wrong_digest"},
		{"in another's name", change(func(s *ailleurs.Statement) { s.By = other }), at, "statement.wrong_signer"},
		{"of an older key", change(func(s *ailleurs.Statement) { s.Epoch = 1 }), at, "signature.wrong_epoch"},
		{"replayed later", h.sign(t, good.Text()), at.Add(ailleurs.StatementSkew + time.Second), "statement.stale"},
		{"from the future", h.sign(t, good.Text()), at.Add(-ailleurs.StatementSkew - time.Second), "statement.stale"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := signature.VerifyKey(h.key, agent, c.signed, statement(""), c.at)
			wantKey(t, err, c.want)
		})
	}
	_, err := signature.VerifyKey(h.key, agent, h.sign(t, good.Text()), statement(other), at)
	wantKey(t, err, "statement.wrong_signer")
}
