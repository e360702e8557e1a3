package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// coffreCommand is the vault without a hub: what an agent, or whoever checks one, can do with files alone. Where a
// trousseau is opened, its paper code is the first line of standard input.
type coffreCommand struct {
	New      coffreNew      `cmd:"" help:"Make a trousseau with a paper code, which is printed once."`
	Show     coffreShow     `cmd:"" help:"Unlock a trousseau and show its public half."`
	Identity coffreIdentity `cmd:"" help:"Print a secret key for the stock age program."`
	Open     coffreOpen     `cmd:"" help:"Open a folder that was handed out, with every check."`
	Seal     coffreSeal     `cmd:"" help:"Open a folder and seal new content after what it holds."`
	Words    coffreWords    `cmd:"" help:"Draw a passphrase, or say the six words of someone's keys."`
	Inspect  coffreInspect  `cmd:"" help:"Name the recipient stanzas of age files."`
	Register coffreRegister `cmd:"" help:"Verify a whole register against a pinned log key."`
	Prove    coffreProve    `cmd:"" help:"Verify that a record is in the register, from a proof file."`

	Instance  coffreInstance  `cmd:"" help:"Open a coordinator's sealed cards and write them as an instance for ailleurs match."`
	Proposals coffreProposals `cmd:"" help:"Say a plan of such an instance as proposals, checked by the rules."`
}

type coffreNew struct {
	Agent    ailleurs.AgentID `required:"" help:"Identifier of the agent."`
	Register string           `type:"path" placeholder:"FILE" help:"Pin of the register, from the invitation."`
	Journal  string           `type:"path" placeholder:"FILE" help:"Pin of the journal, from the invitation."`
	Out      string           `required:"" type:"path" placeholder:"DIR" help:"Directory for trousseau.age, lock.txt and public.json."`
}

// Run writes three files and prints the paper code. It overwrites nothing.
func (c coffreNew) Run(w world) error {
	if !ailleurs.ValidID(c.Agent) {
		return ailleurs.Refuse("vault.malformed", "agent")
	}
	register, err := readPin(c.Register, "register")
	if err != nil {
		return err
	}
	journal, err := readPin(c.Journal, "journal")
	if err != nil {
		return err
	}
	t, err := vault.NewTrousseau(c.Agent, register, journal)
	if err != nil {
		return err
	}
	code := vault.NewPaperCode()
	u, err := vault.PaperUnlocker(code)
	if err != nil {
		return err
	}
	if err := t.AddLock(u); err != nil {
		return err
	}
	file, err := t.Wrap(u.Lock())
	if err != nil {
		return err
	}
	public, err := json.MarshalIndent(t.Public(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"trousseau.age", file}, {"lock.txt", []byte(u.Lock().Text())}, {"public.json", append(public, '\n')}} {
		if err := writeNew(filepath.Join(c.Out, f.name), f.data); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w.out, code)
	return err
}

// An unlocking is how a trousseau is opened on the command line.
type unlocking struct {
	Trousseau string `required:"" type:"path" placeholder:"FILE" help:"Wrapped trousseau."`
}

func (c unlocking) open(w world) (*vault.Trousseau, error) {
	file, err := readFile(c.Trousseau, "trousseau")
	if err != nil {
		return nil, err
	}
	code, err := bufio.NewReader(io.LimitReader(w.in, 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	u, err := vault.PaperUnlocker(code)
	if err != nil {
		return nil, err
	}
	return vault.OpenTrousseau(file, u)
}

type coffreShow struct{ unlocking }

// Run prints the public half as JSON, then the six words of the keys and the logs that the trousseau trusts.
func (c coffreShow) Run(w world) error {
	t, err := c.open(w)
	if err != nil {
		return err
	}
	return printJSON(w, struct {
		vault.Public
		Words    string `json:"words"`
		Register string `json:"register"`
		Journal  string `json:"journal"`
	}{t.Public(), strings.Join(vault.KeyWords(t.Public()), " "), t.Register.String(), t.Journal.String()})
}

type coffreIdentity struct{ unlocking }

// Run prints AGE-SECRET-KEY-PQ-1…, which opens everything sealed to the trousseau.
func (c coffreIdentity) Run(w world) error {
	t, err := c.open(w)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, t.Identity())
	return err
}

// A handing is a folder as the hub handed it out, and the register to check it with.
type handing struct {
	unlocking
	Records string `required:"" name:"register" type:"path" placeholder:"FILE" help:"Register: {\"records\": [text, …], \"checkpoint\": text}."`
	Folder  string `arg:"" type:"path" placeholder:"FILE" help:"Folder as handed out: folder, part, circle, head, envelopes, bodies."`
}

func (c handing) open(w world) (*vault.Client, *vault.Opened, error) {
	t, err := c.unlocking.open(w)
	if err != nil {
		return nil, nil, err
	}
	r, err := readRegister(c.Records)
	if err != nil {
		return nil, nil, err
	}
	client := vault.NewClient(t)
	if err := client.Learn(r.bytes(), []byte(r.Checkpoint)); err != nil {
		return nil, nil, err
	}
	var received vault.Received
	if err := readJSON(c.Folder, "folder", &received); err != nil {
		return nil, nil, err
	}
	o, err := client.Open(received, w.now())
	return client, o, err
}

type coffreOpen struct{ handing }

// Run prints the newest content of the folder.
func (c coffreOpen) Run(w world) error {
	_, o, err := c.open(w)
	if err != nil {
		return err
	}
	if o.Body == nil {
		return ailleurs.Refuse("vault.nothing_written", "folder")
	}
	_, err = w.out.Write(o.Body.Content)
	return err
}

type coffreSeal struct {
	handing
	Content string `arg:"" type:"path" placeholder:"FILE" help:"What the compartment shall hold, whole."`
}

// Run prints the sealed body as JSON, to be handed to the hub.
func (c coffreSeal) Run(w world) error {
	content, err := readFile(c.Content, "content")
	if err != nil {
		return err
	}
	client, o, err := c.open(w)
	if err != nil {
		return err
	}
	body, _, err := client.Save(o, content, w.now())
	if err != nil {
		return err
	}
	return printJSON(w, body)
}

type coffreWords struct {
	Public string `arg:"" optional:"" type:"path" placeholder:"FILE" help:"Public half of someone's trousseau (public.json)."`
}

// Run prints six words: those of the keys given, or a fresh passphrase.
func (c coffreWords) Run(w world) error {
	words := vault.NewPassphrase()
	if c.Public != "" {
		var p vault.Public
		if err := readJSON(c.Public, "public", &p); err != nil {
			return err
		}
		words = strings.Join(vault.KeyWords(p), " ")
	}
	_, err := fmt.Fprintln(w.out, words)
	return err
}

type coffreInspect struct {
	Files []string `arg:"" type:"path" placeholder:"FILE" help:"age files."`
}

// Run prints, for each file, its stanzas; it refuses in the end when one is not of protocol 1.
func (c coffreInspect) Run(w world) error {
	var strange error
	for _, name := range c.Files {
		file, err := readFile(name, "files")
		if err != nil {
			return err
		}
		stanzas, err := vault.Stanzas(file)
		if err != nil {
			return err
		}
		if !slices.Equal(stanzas, []string{"mlkem768x25519"}) {
			strange = ailleurs.Refuse("vault.unknown_stanza", name)
		}
		if _, err := fmt.Fprintf(w.out, "%s: %d: %s\n", name, len(file), strings.Join(stanzas, ", ")); err != nil {
			return err
		}
	}
	return strange
}

type coffreRegister struct {
	Pin  string `required:"" type:"path" placeholder:"FILE" help:"Pin of the register, as in the invitation."`
	File string `arg:"" type:"path" placeholder:"FILE" help:"Register: {\"records\": [text, …], \"checkpoint\": text}."`
}

// Run replays the register and prints the pin moved on to it, after the records that count for nothing.
func (c coffreRegister) Run(w world) error {
	pin, err := readPin(c.Pin, "pin")
	if err != nil {
		return err
	}
	r, err := readRegister(c.File)
	if err != nil {
		return err
	}
	d := vault.NewDirectory(pin)
	if err := d.Extend(r.bytes(), []byte(r.Checkpoint)); err != nil {
		return err
	}
	for _, u := range d.Unfounded() {
		reason := u.Err.Error()
		if refusal := ailleurs.AsRefusal(u.Err); refusal != nil {
			reason = w.language.sentence(refusal)
		}
		if _, err := fmt.Fprintf(w.out, "%d: %s\n", u.Index, reason); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w.out, d.Pin())
	return err
}

type coffreProve struct {
	Pin    string `required:"" type:"path" placeholder:"FILE" help:"Pin of the log."`
	Proof  string `required:"" type:"path" placeholder:"FILE" help:"Inclusion proof (c2sp.org/tlog-proof)."`
	Record string `arg:"" type:"path" placeholder:"FILE" help:"The record, byte for byte."`
}

// Run prints the record's place when the proof holds.
func (c coffreProve) Run(w world) error {
	pin, err := readPin(c.Pin, "pin")
	if err != nil {
		return err
	}
	file, err := readFile(c.Proof, "proof")
	if err != nil {
		return err
	}
	record, err := readFile(c.Record, "record")
	if err != nil {
		return err
	}
	p, err := vault.ParseProof(file)
	if err != nil {
		return err
	}
	checkpoint, err := p.Verify(pin, record)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%d/%d %s\n", p.Index, checkpoint.Size(), pin.Origin())
	return err
}

// keptRegister is a register in a file.
type keptRegister struct {
	Records    []string `json:"records"`
	Checkpoint string   `json:"checkpoint"`
}

func readRegister(name string) (keptRegister, error) {
	var r keptRegister
	return r, readJSON(name, "register", &r)
}

func (r keptRegister) bytes() [][]byte {
	records := make([][]byte, len(r.Records))
	for i, text := range r.Records {
		records[i] = []byte(text)
	}
	return records
}

// largestFile bounds what is read whole: the largest folder has a few bodies of 4 MiB in base64.
const largestFile = 64 << 20

func readFile(name, flag string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err, flag, name)
	}
	defer func() { _ = f.Close() }() // read, not written
	b, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err != nil {
		return nil, unreadable(err, flag, name)
	}
	if len(b) > largestFile {
		return nil, ailleurs.RefuseAs(ailleurs.TooLarge, "vault.too_large", flag)
	}
	return b, nil
}

func readJSON(name, flag string, into any) error {
	b, err := readFile(name, flag)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return ailleurs.Refuse("vault.malformed", flag)
	}
	return nil
}

// readPin reads a pin from a file of one line; no file is no pin.
func readPin(name, flag string) (vault.Pin, error) {
	if name == "" {
		return vault.Pin{}, nil
	}
	b, err := readFile(name, flag)
	if err != nil {
		return vault.Pin{}, err
	}
	return vault.ParsePin(strings.TrimSpace(string(b)))
}

// writeNew writes a file for its owner's eyes, where none is yet.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ailleurs.RefuseAs(ailleurs.Conflict, "command.file_exists", "out", "file", name)
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func printJSON(w world, v any) error {
	enc := json.NewEncoder(w.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
