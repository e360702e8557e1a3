package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// frozen is what the vault keeps of protocol 1.
const frozen = "../../internal/vault/testdata/protocol-1/"

// coffre runs one command line of the vault, with a paper code on standard input.
func coffre(t *testing.T, code string, args ...string) (string, error) {
	t.Helper()
	var c coffreCommand
	var out bytes.Buffer
	w := world{
		Context: t.Context(), in: strings.NewReader(code + "\n"), out: &out, err: &out, language: french,
		now: func() time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) },
	}
	parser, err := kong.New(&c, kong.Bind(w))
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	err = chosen.Run(w)
	return out.String(), err
}

func wants(t *testing.T, err error, key string) {
	t.Helper()
	if r := ailleurs.AsRefusal(err); r == nil || r.Key != key {
		t.Errorf("want the refusal %s, got %v", key, err)
	}
}

// frozenFiles writes the frozen folder, register, pin, record and proof as the commands take them.
func frozenFiles(t *testing.T) (dir, code string) {
	t.Helper()
	b, err := os.ReadFile(frozen + "index.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		PaperCode string                  `json:"paper_code"`
		Pin       string                  `json:"pin"`
		Records   []string                `json:"records"`
		Circle    vault.Circle            `json:"circle"`
		Head      vault.Head              `json:"head"`
		Envelope  ailleurs.SealedEnvelope `json:"envelope"`
		Bodies    []ailleurs.SealedBody   `json:"bodies"`
		Proof     string                  `json:"proof"`
		Public    vault.Public            `json:"public"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	checkpoint, err := os.ReadFile(frozen + "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	p, err := vault.ParseProof([]byte(f.Proof))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	write := func(name string, v any) {
		b, ok := v.([]byte)
		if !ok {
			if b, err = json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pin", []byte(f.Pin+"\n"))
	write("proof", []byte(f.Proof))
	write("record", []byte(f.Records[p.Index]))
	write("public.json", f.Public)
	write("register.json", keptRegister{f.Records, string(checkpoint)})
	write("rewritten.json", keptRegister{append([]string{"x"}, f.Records[1:]...), string(checkpoint)})
	write("body.age", f.Bodies[1].Data)
	write("folder.json", vault.Received{
		Folder: vault.Folder{Dossier: f.Envelope.Case, Compartment: ailleurs.Need}, Part: ailleurs.AddresseeLead, Circle: f.Circle,
		Head: f.Head, Envelopes: []ailleurs.SealedEnvelope{f.Envelope}, Bodies: f.Bodies,
	})
	write("rolledback.json", vault.Received{
		Folder: vault.Folder{Dossier: f.Envelope.Case, Compartment: ailleurs.Need}, Part: ailleurs.AddresseeLead, Circle: f.Circle,
		Head: f.Head, Envelopes: []ailleurs.SealedEnvelope{f.Envelope}, Bodies: f.Bodies[:1],
	})
	return dir, f.PaperCode
}

func TestCoffreOpensAFolderWithFilesAlone(t *testing.T) {
	dir, code := frozenFiles(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	unlock := []string{"--trousseau", frozen + "trousseau.paper.age", "--register", in("register.json")}
	out, err := coffre(t, code, append([]string{"open", in("folder.json")}, unlock...)...)
	if err != nil || out != "second" {
		t.Errorf("open: %q, %v", out, err)
	}
	_, err = coffre(t, code, append([]string{"open", in("rolledback.json")}, unlock...)...)
	wants(t, err, "vault.rolled_back")
	_, err = coffre(t, code, "open", in("folder.json"), "--trousseau", frozen+"trousseau.paper.age", "--register", in("rewritten.json"))
	wants(t, err, "vault.bad_proof")
	_, err = coffre(t, vault.NewPaperCode(), append([]string{"open", in("folder.json")}, unlock...)...)
	wants(t, err, "vault.not_for_you")
	_, err = coffre(t, code, append([]string{"open", in("absent.json")}, unlock...)...)
	wants(t, err, "command.unreadable_file")

	// The reader of a card may not write it.
	_, err = coffre(t, code, append([]string{"seal", in("folder.json"), in("body.age")}, unlock...)...)
	wants(t, err, "vault.may_not_write")
}

func TestCoffreChecksTheRegisterOffline(t *testing.T) {
	dir, _ := frozenFiles(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	out, err := coffre(t, "", "register", "--pin", in("pin"), in("register.json"))
	if err != nil {
		t.Fatal(err)
	}
	if pin, err := vault.ParsePin(strings.TrimSpace(out)); err != nil || pin.Size == 0 {
		t.Errorf("register prints %q", out)
	}
	_, err = coffre(t, "", "register", "--pin", in("pin"), in("rewritten.json"))
	wants(t, err, "vault.bad_proof")
	out, err = coffre(t, "", "prove", "--pin", in("pin"), "--proof", in("proof"), in("record"))
	if err != nil || !strings.HasSuffix(out, " exemple.test/registre\n") {
		t.Errorf("prove: %q, %v", out, err)
	}
	_, err = coffre(t, "", "prove", "--pin", in("pin"), "--proof", in("proof"), in("public.json"))
	wants(t, err, "vault.bad_proof")
}

func TestCoffreMakesATrousseauThatItsPaperOpens(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	agent := string(ailleurs.NewID[ailleurs.AgentID]())
	code, err := coffre(t, "", "new", "--agent", agent, "--out", dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "trousseau.age")
	out, err := coffre(t, strings.ToUpper(strings.TrimSpace(code)), "show", "--trousseau", file)
	if err != nil || !strings.Contains(out, agent) || strings.Contains(out, "AGE-SECRET-KEY") {
		t.Errorf("show: %q, %v", out, err)
	}
	out, err = coffre(t, strings.TrimSpace(code), "identity", "--trousseau", file)
	if err != nil || !strings.HasPrefix(out, "AGE-SECRET-KEY-PQ-1") {
		t.Errorf("identity: %v", err)
	}
	_, err = coffre(t, "", "new", "--agent", agent, "--out", dir)
	wants(t, err, "command.file_exists")
	_, err = coffre(t, "", "new", "--agent", "marie", "--out", dir)
	wants(t, err, "vault.malformed")

	spoken, err := coffre(t, "", "words", filepath.Join(dir, "public.json"))
	if err != nil {
		t.Fatal(err)
	}
	if words := strings.Fields(spoken); len(words) != 6 {
		t.Errorf("the words of a key are %q", spoken)
	}
}

func TestCoffreInspectNamesTheStanzas(t *testing.T) {
	dir, _ := frozenFiles(t)
	out, err := coffre(t, "", "inspect", filepath.Join(dir, "body.age"), frozen+"trousseau.paper.age")
	if err != nil || strings.Count(out, ": mlkem768x25519\n") != 2 {
		t.Errorf("inspect: %q, %v", out, err)
	}
	classic := filepath.Join(dir, "classic.age")
	header := "age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nEmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n" +
		"--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n" + strings.Repeat("x", 40)
	if err := os.WriteFile(classic, []byte(header), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = coffre(t, "", "inspect", classic)
	wants(t, err, "vault.unknown_stanza")
	if !strings.HasSuffix(out, ": X25519\n") {
		t.Errorf("inspect: %q", out)
	}
}
