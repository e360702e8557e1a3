package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"strconv"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// A verdict is what one page of a client has found out about the signatures in the register, kept for the next ones: up
// to which size they were checked, under which root, and which records count for nothing. The records themselves are
// hashed again; only their signatures are not looked at twice. It is sealed with a key that only the trousseau has, so
// that nobody else can write one.
type verdict struct {
	size      int64
	hash      [32]byte
	unfounded map[int64]error
}

const verdictLabel = "ailleurs-verdict/1"

// maxVerdict bounds what is kept between pages, in bytes.
const maxVerdict = 1 << 20

func verdictMAC(t *Trousseau, text string) []byte {
	key, err := hkdf.Key(sha256.New, t.seed[:], nil, "ailleurs/1 verdict", 32)
	if err != nil {
		panic(err) // 32 bytes are less than HKDF's bound
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Verdict is what to keep of the directory for later pages and sessions, for Resume; any storage will do, the hub's too.
func (d *Directory) Verdict(t *Trousseau) []byte {
	w := newText(verdictLabel)
	w.line("pin", d.pin.text())
	for _, u := range d.unfounded {
		key := "vault.malformed"
		if r := ailleurs.AsRefusal(u.Err); r != nil {
			key = r.Key
		}
		w.line("unfounded", strconv.FormatInt(u.Index, 10)+" "+key)
	}
	text := w.String()
	return []byte(text + "mac " + b64.EncodeToString(verdictMAC(t, text)) + "\n")
}

// Resume makes the first Extend of a directory as quick as hashing the records, when they are still those of an earlier
// page. A verdict that this trousseau did not write is refused.
func (d *Directory) Resume(t *Trousseau, kept []byte) error {
	if len(kept) > maxVerdict {
		return ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", "verdict")
	}
	at := strings.LastIndex(string(kept), "\nmac ") + 1
	text, mac := string(kept[:at]), strings.TrimPrefix(string(kept[at:]), "mac ")
	var sum [32]byte
	if !decodeExactly(sum[:], strings.TrimSuffix(mac, "\n")) || !hmac.Equal(sum[:], verdictMAC(t, text)) {
		return ailleurs.Refuse("vault.forged_verdict", "verdict")
	}
	r := readText(text, verdictLabel, "verdict")
	pin := r.pin("pin")
	v := &verdict{size: pin.Size, hash: pin.Hash, unfounded: map[int64]error{}}
	for r.has("unfounded") {
		index, key, _ := strings.Cut(r.line("unfounded"), " ")
		i, err := strconv.ParseInt(index, 10, 64)
		if err != nil || i < 0 || i >= v.size {
			r.bad("unfounded")
		}
		v.unfounded[i] = ailleurs.Refuse(key, "register")
	}
	if err := r.end(); err != nil {
		return err
	}
	if pin.Verifier != d.pin.Verifier {
		return ailleurs.Refuse("vault.wrong_log", "verdict")
	}
	d.verdict = v
	return nil
}
