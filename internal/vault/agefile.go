package vault

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"filippo.io/age"

	"codeberg.org/ailleurs/ailleurs"
)

// hybridStanza is the only recipient stanza of protocol 1: ML-KEM-768 with X25519.
const hybridStanza = "mlkem768x25519"

// sealTo encrypts plain to one hybrid recipient (age1pq1…) and to nobody else.
func sealTo(recipient string, plain []byte) ([]byte, error) {
	r, err := parseRecipient(recipient, "recipient")
	if err != nil {
		return nil, err
	}
	return sealFor(r, plain)
}

// sealFor is sealTo for a recipient that was read before: reading one costs a third of sealing a card to it.
func sealFor(r *age.HybridRecipient, plain []byte) ([]byte, error) {
	var file bytes.Buffer
	file.Grow(ailleurs.SealedSize(len(plain)))
	w, err := age.Encrypt(&file, r)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// openWith decrypts an age file of at most limit bytes of plain text, made out to id alone; field names it in refusals.
func openWith(id *age.HybridIdentity, file []byte, limit int, field string) ([]byte, error) {
	if len(file) > ailleurs.SealedSize(limit) {
		// A second stanza makes a file longer too: name that first, so that an attack is not taken for a big file.
		if len(file) <= ailleurs.SealedSize(limit)+64<<10 {
			if err := checkStanzas(file, field); err != nil {
				return nil, err
			}
		}
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", field)
	}
	only := &onlyHybrid{id: id, field: field}
	r, err := age.Decrypt(bytes.NewReader(file), only)
	if err != nil {
		return nil, only.refusal(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil || len(plain) > limit {
		return nil, ailleurs.Refuse("vault.damaged", field)
	}
	return plain, nil
}

// checkStanzas refuses a file whose header is not that of protocol 1, without any key.
func checkStanzas(file []byte, field string) error {
	only := &onlyHybrid{field: field}
	_, err := age.Decrypt(bytes.NewReader(file), only)
	if err = only.refusal(err); ailleurs.AsRefusal(err).Key == "vault.not_for_you" {
		return nil
	}
	return err
}

// onlyHybrid is an age identity that sees every stanza of the header before any key is tried, and refuses by name what
// protocol 1 does not know. Without id it only looks.
type onlyHybrid struct {
	id      *age.HybridIdentity
	field   string
	reached bool // the header was well formed
}

func (o *onlyHybrid) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	o.reached = true
	for _, s := range stanzas {
		switch {
		case s.Type == hybridStanza:
		case s.Type == "scrypt":
			return nil, ailleurs.Refuse("vault.passphrase_stanza", o.field)
		case classicStanza(s.Type):
			return nil, ailleurs.Refuse("vault.classic_stanza", o.field, "stanza", s.Type)
		default:
			return nil, ailleurs.Refuse("vault.unknown_stanza", o.field)
		}
	}
	if len(stanzas) != 1 {
		return nil, ailleurs.Refuse("vault.extra_stanza", o.field)
	}
	if o.id == nil {
		return nil, age.ErrIncorrectIdentity
	}
	return o.id.Unwrap(stanzas)
}

func (o *onlyHybrid) refusal(err error) error {
	var none *age.NoIdentityMatchError
	switch {
	case ailleurs.AsRefusal(err) != nil:
		return ailleurs.AsRefusal(err)
	case errors.As(err, &none):
		return ailleurs.Refuse("vault.not_for_you", o.field)
	case o.reached:
		return ailleurs.Refuse("vault.damaged", o.field)
	}
	return ailleurs.Refuse("vault.not_age", o.field)
}

func classicStanza(kind string) bool {
	switch kind {
	case "X25519", "ssh-rsa", "ssh-ed25519", "piv-p256", "p256tag":
		return true
	}
	return false
}

// Stanzas names the recipient stanzas of an age file, in order, with their arguments other than keys (the cost of a
// passphrase stanza). It opens nothing.
func Stanzas(file []byte) ([]string, error) {
	if len(file) > ailleurs.SealedSize(maxPlain) {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "file")
	}
	var look lookOnly
	_, err := age.Decrypt(bytes.NewReader(file), &look)
	if none := (*age.NoIdentityMatchError)(nil); !errors.As(err, &none) {
		return nil, ailleurs.Refuse("vault.not_age", "file")
	}
	return look.names, nil
}

type lookOnly struct{ names []string }

func (l *lookOnly) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		name := s.Type
		if s.Type == "scrypt" && len(s.Args) == 2 {
			name += " 2^" + s.Args[1]
		}
		l.names = append(l.names, name)
	}
	return nil, age.ErrIncorrectIdentity
}

// parseRecipient accepts age1pq1… in its one spelling and names what else it was given.
func parseRecipient(s, field string) (*age.HybridRecipient, error) {
	if !strings.HasPrefix(s, "age1pq1") {
		if strings.HasPrefix(s, "age1") || strings.HasPrefix(s, "ssh-") {
			return nil, ailleurs.Refuse("vault.classic_recipient", field)
		}
		return nil, ailleurs.Refuse("vault.unknown_recipient", field)
	}
	if len(s) > 2048 {
		return nil, ailleurs.Refuse("vault.unknown_recipient", field)
	}
	r, err := age.ParseHybridRecipient(s) // bech32 that begins in lower case has one spelling
	if err != nil {
		return nil, ailleurs.Refuse("vault.unknown_recipient", field)
	}
	return r, nil
}

// recipientOf is the public half of an identity as text, made when it is first asked for.
func recipientOf(id *age.HybridIdentity) func() string {
	return sync.OnceValue(func() string { return id.Recipient().String() })
}

// identityFrom turns 32 secret bytes into the hybrid identity that they are the seed of. Every 32 bytes are one.
func identityFrom(seed *[32]byte) (*age.HybridIdentity, error) {
	return age.ParseHybridIdentity(bech32Encode("AGE-SECRET-KEY-PQ-", seed[:]))
}

// bech32Encode writes data after an upper-case prefix as BIP 173 says, without its limit of length, as age does for keys.
func bech32Encode(prefix string, data []byte) string {
	const charset = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	var values []byte
	acc, bits := 0, 0
	for _, b := range data {
		acc, bits = acc<<8|int(b), bits+8
		for bits >= 5 {
			bits -= 5
			values = append(values, byte(acc>>bits)&31)
		}
		acc &= 1<<bits - 1
	}
	if bits > 0 {
		values = append(values, byte(acc<<(5-bits))&31)
	}
	check := uint32(1)
	mix := func(v byte) {
		top := check >> 25
		check = check&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				check ^= g
			}
		}
	}
	lower := strings.ToLower(prefix)
	for i := range len(lower) {
		mix(lower[i] >> 5)
	}
	mix(0)
	for i := range len(lower) {
		mix(lower[i] & 31)
	}
	for _, v := range values {
		mix(v)
	}
	for range 6 {
		mix(0)
	}
	check ^= 1
	var out strings.Builder
	out.WriteString(prefix + "1")
	for _, v := range values {
		out.WriteByte(charset[v])
	}
	for shift := 25; shift >= 0; shift -= 5 {
		out.WriteByte(charset[check>>shift&31])
	}
	return out.String()
}
