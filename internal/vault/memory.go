package vault

import "codeberg.org/ailleurs/ailleurs"

// A memory is how far a client has seen the journal, for its next pages on the same machine, whichever tab they are in:
// the hub cannot show any of them an older journal, or another. It is sealed like a snapshot.

const memoryLabel = "ailleurs-memory/1"

// Memory is what to keep after each FollowJournal.
func (c *Client) Memory() []byte {
	w := newText(memoryLabel)
	w.line("journal", c.trousseau.Journal.text())
	return c.trousseau.keep("ailleurs/1 memory", w.String())
}

// Recall takes a memory back, where it is ahead of the trousseau. What this trousseau has not sealed is refused; a memory
// of another journal than the trousseau's stops the client for good.
func (c *Client) Recall(memory []byte) error {
	text, ok := c.trousseau.kept("ailleurs/1 memory", memory)
	if !ok {
		return ailleurs.Refuse("vault.forged_memory", "memory")
	}
	pin, err := parseMemory(text)
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
	return nil
}

func parseMemory(text string) (Pin, error) {
	r := readText(text, memoryLabel, "memory")
	pin := r.pin("journal")
	return pin, r.end()
}

// Shelf is the name under which a machine keeps a client's snapshot and memory. It tells nobody whose they are.
func (c *Client) Shelf() string { return c.trousseau.shelf() }
