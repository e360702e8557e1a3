package vault

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/crypto/chacha20poly1305"
)

// What a client keeps on its machine between pages and sessions is sealed with a key of the trousseau itself: whoever
// holds the machine reads nothing of it, and cannot make one up.

// keeper is the cipher of what is kept for one purpose.
func (t *Trousseau) keeper(purpose string) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, t.seed[:], nil, purpose, chacha20poly1305.KeySize)
	if err != nil {
		panic(err) // 32 bytes are less than HKDF's bound
	}
	a, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err) // the key is of the right length
	}
	return a
}

// keep seals a text for a purpose; kept opens it again.
func (t *Trousseau) keep(purpose, text string) []byte {
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(text)+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce) // never fails
	return t.keeper(purpose).Seal(nonce, nonce, []byte(text), nil)
}

func (t *Trousseau) kept(purpose string, file []byte) (text string, ok bool) {
	if len(file) < chacha20poly1305.NonceSizeX {
		return "", false
	}
	nonce, sealed := file[:chacha20poly1305.NonceSizeX], file[chacha20poly1305.NonceSizeX:]
	plain, err := t.keeper(purpose).Open(nil, nonce, sealed, nil)
	return string(plain), err == nil
}

// shelf names the place where things are kept.
func (t *Trousseau) shelf() string {
	name, err := hkdf.Key(sha256.New, t.seed[:], nil, "ailleurs/1 shelf", 16)
	if err != nil {
		panic(err) // 16 bytes are less than HKDF's bound
	}
	return hex.EncodeToString(name)
}
