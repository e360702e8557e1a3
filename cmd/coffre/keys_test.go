package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"codeberg.org/ailleurs/ailleurs"
)

// browser is a device key of a test.
type browser []byte

func (b browser) bind(_ context.Context, input []byte) ([]byte, error) {
	h := hmac.New(sha256.New, b)
	h.Write(input)
	return h.Sum(nil), nil
}

func fresh(b browser) *coffre { return newCoffre(b, time.Now) }

// ask puts a question as a page does; a refusal's key comes back instead of an answer.
func ask[Out any](t *testing.T, c *coffre, op string, in any) (out Out, refused string) {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Out     Out
		Refusal struct{ Key string }
		Fault   string
	}
	if err := json.Unmarshal([]byte(c.answer(t.Context(), op, b)), &reply); err != nil || reply.Fault != "" {
		t.Fatalf("%s: %s %v", op, reply.Fault, err)
	}
	return reply.Out, reply.Refusal.Key
}

func pin(t *testing.T) string {
	t.Helper()
	_, verifier, err := note.GenerateKey(rand.Reader, "hub.example/register")
	if err != nil {
		t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	return verifier + " 0 " + base64.RawStdEncoding.EncodeToString(empty[:])
}

// enrolledOn makes a trousseau with a passkey, a paper code and a phrase, and returns its files as the hub keeps them.
func enrolledOn(t *testing.T, b browser, prf []byte) (files []file, paper, phrase string) {
	t.Helper()
	c := fresh(b)
	ask[any](t, c, "enrol.begin", map[string]any{"agent": ailleurs.NewID[ailleurs.AgentID](), "epoch": 2, "register": pin(t), "journal": pin(t)})
	ask[any](t, c, "enrol.passkey", map[string]any{"prf": prf})
	p, _ := ask[shown](t, c, "enrol.paper", nothing{})
	q, _ := ask[shown](t, c, "enrol.phrase", nothing{})
	made, _ := ask[enrolled](t, c, "enrol.finish", nothing{})
	e, err := ailleurs.ParseRegisterEntry(made.Entry)
	if err != nil || e.Epoch != 2 || made.Epoch != 2 || len(made.Words) != 6 || len(made.Unlockers) != 3 {
		t.Fatalf("made %+v, %v", made, err)
	}
	for i, u := range made.Unlockers {
		files = append(files, file{Unlocker: string(rune('a' + i)), Kind: u.Kind, Lock: u.Lock, Data: u.File})
	}
	return files, p.Words, q.Words
}

func TestEachWayOpensOnItsOwnAndThePhraseOnItsDeviceOnly(t *testing.T) {
	here, elsewhere := browser("here"), browser("elsewhere")
	prf := sha256.Sum256([]byte("authenticator"))
	other := sha256.Sum256([]byte("another authenticator"))
	files, paper, phrase := enrolledOn(t, here, prf[:])
	for _, test := range []struct {
		on   browser
		in   keysInput
		want string
	}{
		{here, keysInput{PRF: prf[:]}, ""},
		{elsewhere, keysInput{PRF: prf[:]}, ""},
		{here, keysInput{PRF: other[:]}, "vault.no_such_lock"},
		{here, keysInput{Code: strings.ToUpper(paper)}, ""},
		{elsewhere, keysInput{Code: paper}, ""},
		{here, keysInput{Phrase: phrase}, ""},
		{elsewhere, keysInput{Phrase: phrase}, "vault.no_such_lock"},
	} {
		test.in.Files = files
		if _, got := ask[who](t, fresh(test.on), "unlock", test.in); got != test.want {
			t.Errorf("%s with %s: %q, want %q", test.on, test.in.kind(), got, test.want)
		}
	}
}

func TestThePageAfterOpensWithTheShareOfItsSessionOnThisDevice(t *testing.T) {
	here := browser("here")
	prf := sha256.Sum256([]byte("authenticator"))
	files, _, _ := enrolledOn(t, here, prf[:])
	c := fresh(here)
	ask[who](t, c, "unlock", keysInput{PRF: prf[:], Files: files})
	share, revoked := sha256.Sum256([]byte("share")), sha256.Sum256([]byte("another share"))
	kept, _ := ask[sealedFile](t, c, "session.wrap", keysInput{Share: share[:]})
	if _, got := ask[who](t, fresh(here), "session.open", keysInput{Share: share[:], File: kept.File}); got != "" {
		t.Errorf("the next page is refused: %s", got)
	}
	if _, got := ask[who](t, fresh(here), "session.open", keysInput{Share: revoked[:], File: kept.File}); got == "" {
		t.Error("the share of another session opens")
	}
	if _, got := ask[who](t, fresh(browser("elsewhere")), "session.open", keysInput{Share: share[:], File: kept.File}); got == "" {
		t.Error("another device opens")
	}
}

func TestAWayAddedOpensAndAWayTakenAwayIsForgotten(t *testing.T) {
	here := browser("here")
	prf := sha256.Sum256([]byte("authenticator"))
	files, paper, _ := enrolledOn(t, here, prf[:])
	c := fresh(here)
	ask[who](t, c, "unlock", keysInput{PRF: prf[:], Files: files})
	more, _ := ask[rewrapped](t, c, "unlocker.add", keysInput{Kind: "paper", Files: files})
	ask[any](t, c, "staged.keep", nothing{})
	files = append(more.Others, file{Unlocker: "d", Kind: more.Unlocker.Kind, Lock: more.Unlocker.Lock, Data: more.Unlocker.File})
	less, _ := ask[rewrapped](t, c, "rewrap", keysInput{Files: files, Unlocker: "b"}) // the first paper
	ask[any](t, c, "staged.keep", nothing{})
	if len(less.Others) != 3 {
		t.Fatalf("%d files are left", len(less.Others))
	}
	if _, got := ask[who](t, fresh(here), "unlock", keysInput{Code: more.Words, Files: less.Others}); got != "" {
		t.Errorf("the new paper is refused: %s", got)
	}
	if _, got := ask[who](t, fresh(here), "unlock", keysInput{Code: paper, Files: less.Others}); got != "vault.no_such_lock" {
		t.Errorf("the old paper: %q", got)
	}
	if _, got := ask[rewrapped](t, c, "rewrap", keysInput{Files: files}); got != "vault.unknown_lock" {
		t.Errorf("a lock that was forgotten is sealed to again: %q", got)
	}
}
