package vault

import (
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// A memory is what a client has seen that a hub could take back: the journal as far as it was shown, and the newest body
// of each folder that was opened. Its next pages go by it, whichever tab of the machine they are in. It is sealed like a
// snapshot.

const memoryLabel = "ailleurs-memory/1"

// maxSeen is how many folders are remembered; those that changed longest ago are forgotten first.
const maxSeen = 1000

// Memory is what to keep whenever Fresh says so; any storage will do.
func (c *Client) Memory() []byte {
	c.fresh = false
	return c.trousseau.keep("ailleurs/1 memory", c.memoryText())
}

// Fresh reports whether something was seen that neither the last Memory nor the last Recall holds.
func (c *Client) Fresh() bool { return c.fresh }

// Recall adds a memory to what was seen, wherever it is ahead. What this trousseau has not sealed is refused; one of
// another journal, or of another body in the same place, stops the client for good: it was told two truths.
func (c *Client) Recall(memory []byte) error {
	text, ok := c.trousseau.kept("ailleurs/1 memory", memory)
	if !ok {
		return ailleurs.Refuse("vault.forged_memory", "memory")
	}
	pin, heads, err := parseMemory(text)
	if err != nil {
		return err
	}
	own := c.trousseau.Journal
	switch {
	case pin.Verifier != own.Verifier:
		return ailleurs.Refuse("vault.wrong_log", "memory")
	case pin.Size > own.Size:
		c.trousseau.Journal = pin
	case pin.Size == own.Size && pin != own:
		c.alarm = ailleurs.Refuse("vault.forked", "memory")
		return c.alarm
	}
	fresh := own.Size > pin.Size
	for _, h := range heads {
		seen, ok := c.seen[h.folder]
		switch {
		case !ok || seen.Sequence < h.head.Sequence:
			c.see(h.folder, h.head)
		case seen.Sequence == h.head.Sequence && seen != h.head:
			c.alarm = ailleurs.Refuse("vault.forked", "memory")
			return c.alarm
		case seen.Sequence > h.head.Sequence:
			fresh = true
		}
	}
	c.fresh = fresh || len(c.seen) > len(heads)
	return nil
}

// see remembers the newest body of a folder.
func (c *Client) see(f Folder, h Head) {
	if c.seen[f] == h {
		return
	}
	c.order = slices.DeleteFunc(c.order, func(g Folder) bool { return g == f })
	c.order = append(c.order, f)
	c.seen[f], c.fresh = h, true
	if len(c.order) > maxSeen {
		delete(c.seen, c.order[0])
		c.order = c.order[1:]
	}
}

// checkHead refuses a folder that is shown as it was before this client last saw it.
func (c *Client) checkHead(f Folder, h Head) error {
	if seen, ok := c.seen[f]; ok && (h.Sequence < seen.Sequence || h.Sequence == seen.Sequence && h != seen) {
		return ailleurs.Refuse("vault.rolled_back", "head")
	}
	return nil
}

// A seenHead is a folder and the newest body seen in it.
type seenHead struct {
	folder Folder
	head   Head
}

func (c *Client) memoryText() string {
	heads := make([]seenHead, len(c.order))
	for i, f := range c.order {
		heads[i] = seenHead{f, c.seen[f]}
	}
	return memoryText(c.trousseau.Journal, heads)
}

func memoryText(pin Pin, heads []seenHead) string {
	w := newText(memoryLabel)
	w.line("journal", pin.text())
	for _, h := range heads {
		f := h.folder
		w.line("head", strings.Join([]string{string(f.Dossier), string(f.Compartment), orDash(string(f.Thread)), itoa(h.head.Sequence), orDash(h.head.Hash)}, " "))
	}
	return w.String()
}

func parseMemory(text string) (Pin, []seenHead, error) {
	r := readText(text, memoryLabel, "memory")
	pin := r.pin("journal")
	var heads []seenHead
	known := map[Folder]bool{}
	for r.has("head") {
		parts := r.fields("head", 5)
		f := Folder{Dossier: ailleurs.CaseID(parts[0]), Compartment: ailleurs.Compartment(parts[1])}
		if parts[2] != "-" {
			f.Thread = ailleurs.ThreadID(parts[2])
		}
		h := Head{Hash: r.hexHash("head", parts[4])}
		var ok bool
		if h.Sequence, ok = parseNumber(parts[3], 0); !ok || f.Check() != nil || known[f] || len(heads) == maxSeen {
			r.bad("head")
		}
		known[f] = true
		heads = append(heads, seenHead{f, h})
	}
	return pin, heads, r.end()
}

// Shelf is the name under which a machine keeps a client's snapshot and memory. It tells nobody whose they are.
func (c *Client) Shelf() string { return c.trousseau.shelf() }
