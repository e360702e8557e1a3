package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"

	"codeberg.org/ailleurs/ailleurs"
)

type draft struct {
	Form json.RawMessage `json:"form,omitempty"`
	File []byte          `json:"file,omitempty"`
}

// locker is the cipher of what is kept on this device while a form is being filled: under the device's key and the
// trousseau's, so that neither a stolen disk nor a colleague at the same computer opens it.
func (c *coffre) locker(ctx context.Context) (cipher.AEAD, error) {
	t, err := c.open()
	if err != nil {
		return nil, err
	}
	bound, err := c.device.bind(ctx, []byte("ailleurs/1 draft"))
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, append(bound, t.Identity()...), nil, "ailleurs/1 draft", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (c *coffre) sealDraft(ctx context.Context, in draft) (any, error) {
	a, err := c.locker(ctx)
	if err != nil {
		return nil, err
	}
	return draft{File: a.Seal(nil, nil, in.Form, nil)}, nil
}

func (c *coffre) openDraft(ctx context.Context, in draft) (any, error) {
	a, err := c.locker(ctx)
	if err != nil {
		return nil, err
	}
	form, err := a.Open(nil, nil, in.File, nil)
	if err != nil {
		return nil, ailleurs.Refuse("coffre.other_draft", "draft")
	}
	return draft{Form: form}, nil
}
