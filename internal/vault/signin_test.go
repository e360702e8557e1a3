package vault

import (
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

func TestPaperSignsInAndDecidesNothing(t *testing.T) {
	code := NewPaperCode()
	p, err := NewPaperSignIn(code)
	if err != nil {
		t.Fatal(err)
	}
	s := ailleurs.Statement{Purpose: ailleurs.ToSignIn, Subject: "X", Digest: "D", By: "A", Epoch: 1, At: time.Unix(1_800_000_000, 0)}
	signed, err := p.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := VerifySigned(p.Verifier(), signed); err != nil || text != s.Text() {
		t.Errorf("VerifySigned = %q, %v", text, err)
	}
	s.Purpose = ailleurs.ToCall
	if _, err := p.Sign(s); ailleurs.AsRefusal(err) == nil {
		t.Errorf("a paper code signed a call: %v", err)
	}
	other, err := NewPaperSignIn(NewPaperCode())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifySigned(other.Verifier(), signed); err == nil {
		t.Error("another code's verifier took the signature")
	}
}
