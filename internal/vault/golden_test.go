package vault

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/ailleurs/ailleurs"
)

var freeze = flag.Bool("freeze", false, "write testdata/protocol-1 anew; only ever before a release of a new protocol")

// What protocol 1 has sealed once opens for ever: these files were made by the first version and are never made again.
const frozen = "testdata/protocol-1"

// frozenIndex is what one must know to open the frozen files.
type frozenIndex struct {
	PaperCode string                  `json:"paper_code"`
	Phrase    string                  `json:"phrase"`
	Salt      []byte                  `json:"salt"`
	Pin       string                  `json:"pin"` // nothing seen yet
	Public    Public                  `json:"public"`
	KeyWords  string                  `json:"key_words"`
	CallWords string                  `json:"call_words"`
	Circle    Circle                  `json:"circle"`
	Head      Head                    `json:"head"`
	Records   []string                `json:"records"`
	Envelope  ailleurs.SealedEnvelope `json:"envelope"`
	Bodies    []ailleurs.SealedBody   `json:"bodies"`
	Notes     []ailleurs.SealedBody   `json:"notes"`
	Proof     string                  `json:"proof"`
	Statement string                  `json:"statement"`
	Locks     map[string]string       `json:"locks"`
}

func TestFrozenFilesOpenForEver(t *testing.T) {
	if *freeze {
		freezeFiles(t)
	}
	var f frozenIndex
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile(filepath.Join(frozen, "index.json"))), &f); err != nil {
		t.Fatal(err)
	}
	records := make([][]byte, len(f.Records))
	for i, r := range f.Records {
		records[i] = []byte(r)
	}
	checkpoint := must[[]byte](t)(os.ReadFile(filepath.Join(frozen, "checkpoint")))

	unlockers := map[string]*Unlocker{
		"passkey":    must[*Unlocker](t)(PasskeyUnlocker(bytes.Repeat([]byte{0x11}, 32))),
		"passphrase": must[*Unlocker](t)(PassphraseUnlocker(f.Phrase, f.Salt, bytes.Repeat([]byte{0x22}, 32))),
		"paper":      must[*Unlocker](t)(PaperUnlocker(f.PaperCode)),
	}
	var client *Client
	for kind, u := range unlockers {
		if u.Lock().Text() != f.Locks[kind] {
			t.Errorf("the lock of the %s is another one", kind)
		}
		file := must[[]byte](t)(os.ReadFile(filepath.Join(frozen, "trousseau."+kind+".age")))
		client = must[*Client](t)(Unlock(file, u, f.Public.Agent))
		if client.Trousseau().Public() != f.Public {
			t.Errorf("the %s opens another trousseau", kind)
		}
	}
	if err := client.Learn(records, checkpoint); err != nil {
		t.Fatal(err)
	}
	if u := client.Directory().Unfounded(); len(u) != 0 {
		t.Errorf("records that counted count for nothing: %v", u)
	}
	o := must[*Opened](t)(client.Open(Received{
		Folder:    Folder{Dossier: f.Envelope.Case, Compartment: ailleurs.Need},
		Part:      ailleurs.AddresseeLead,
		Circle:    f.Circle,
		Head:      f.Head,
		Envelopes: []ailleurs.SealedEnvelope{f.Envelope},
		Bodies:    f.Bodies,
		Notes:     f.Notes,
	}, now))
	if string(o.Body.Content) != "second" || len(o.Notes) != 1 || string(o.Notes[0].Content) != "au secours" {
		t.Errorf("opened %q and %d notes", o.Body.Content, len(o.Notes))
	}
	if got := strings.Join(KeyWords(f.Public), " "); got != f.KeyWords {
		t.Errorf("the words of the key are %q, were %q", got, f.KeyWords)
	}
	other := Public{Agent: "A", Epoch: 1, Recipient: "r", Verifier: "v"}
	if got := strings.Join(CallWords(f.Public, other, o.key), " "); got != f.CallWords {
		t.Errorf("the words of the call are %q, were %q", got, f.CallWords)
	}
	proof := must[Proof](t)(ParseProof([]byte(f.Proof)))
	if _, err := proof.Verify(must[Pin](t)(ParsePin(f.Pin)), records[proof.Index]); err != nil {
		t.Error(err)
	}
	if _, err := client.Directory().VerifyStatement([]byte(f.Statement)); err != nil {
		t.Error(err)
	}
}

// freezeFiles makes the files. It runs once per protocol.
func freezeFiles(t *testing.T) {
	t.Helper()
	s := newStage(t)
	if err := os.MkdirAll(frozen, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(frozen, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := frozenIndex{
		PaperCode: NewPaperCode(), Phrase: NewPassphrase(), Salt: NewSalt(), Pin: s.pin().String(), Public: s.hostLead.Public(),
		Circle: s.received.Circle, Head: s.received.Head, Envelope: s.received.Envelopes[0], Bodies: s.received.Bodies,
		Locks: map[string]string{},
	}
	f.Notes = []ailleurs.SealedBody{must[ailleurs.SealedBody](t)(SealNote(s.opened.Key(), []byte("au secours"), now))}
	f.KeyWords = strings.Join(KeyWords(f.Public), " ")
	f.CallWords = strings.Join(CallWords(f.Public, Public{Agent: "A", Epoch: 1, Recipient: "r", Verifier: "v"}, s.opened.key), " ")
	for _, r := range s.records {
		f.Records = append(f.Records, string(r))
	}
	f.Proof = string(s.proof(3).Format())
	f.Statement = string(must[[]byte](t)(s.origin.Sign(ailleurs.ToAttest, "subject", "digest", now)))
	s.hostLead.Register = s.pin()
	for kind, u := range map[string]*Unlocker{
		"passkey":    must[*Unlocker](t)(PasskeyUnlocker(bytes.Repeat([]byte{0x11}, 32))),
		"passphrase": must[*Unlocker](t)(PassphraseUnlocker(f.Phrase, f.Salt, bytes.Repeat([]byte{0x22}, 32))),
		"paper":      must[*Unlocker](t)(PaperUnlocker(f.PaperCode)),
	} {
		if err := s.hostLead.AddLock(u); err != nil {
			t.Fatal(err)
		}
		f.Locks[kind] = u.Lock().Text()
		write("trousseau."+kind+".age", must[[]byte](t)(s.hostLead.Wrap(u.Lock())))
	}
	write("checkpoint", s.checkpoint(len(s.records)))
	write("index.json", append(must[[]byte](t)(json.MarshalIndent(f, "", "\t")), '\n'))
}
