package alliance

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
)

const sealed = "[scellé]"

// A Token is what a browser shows to be recognised: 256 random bits, of which the hub keeps a hash alone.
type Token string

// newToken draws a token.
func newToken() Token {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return Token(base64.RawURLEncoding.EncodeToString(b))
}

func (t Token) hash() []byte {
	sum := sha256.Sum256([]byte(t))
	return sum[:]
}

// Format prints [scellé] for every verb.
func (Token) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(sealed)) }

// LogValue logs [scellé].
func (Token) LogValue() slog.Value { return slog.StringValue(sealed) }

// Reveal is the token itself, for the cookie.
func (t Token) Reveal() string { return string(t) }

// A Share is the hub's half of what reopens a trousseau from page to page: 32 bytes, handed to the live session alone and
// gone with it.
type Share [32]byte

// Format prints [scellé] for every verb.
func (Share) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(sealed)) }

// LogValue logs [scellé].
func (Share) LogValue() slog.Value { return slog.StringValue(sealed) }

// Reveal is the share itself, for the session's own worker.
func (s Share) Reveal() []byte { return s[:] }

// Words are the six words of an invitation, for the paper that is handed over.
type Words string

// Format prints [scellé] for every verb.
func (Words) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(sealed)) }

// LogValue logs [scellé].
func (Words) LogValue() slog.Value { return slog.StringValue(sealed) }

// Reveal is the words themselves.
func (w Words) Reveal() string { return string(w) }
