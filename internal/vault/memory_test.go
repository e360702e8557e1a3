package vault

import (
	"bytes"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

func TestJournalSeenInOneTabIsRememberedInTheNext(t *testing.T) {
	s := newStage(t)
	journal := newHub(t)
	for i := range 6 {
		journal.add([]byte{byte(i)})
	}
	client := func(size int) *Client {
		own := *s.lead
		own.Journal = journal.pin()
		c := NewClient(&own)
		if size > 0 {
			if _, err := c.FollowJournal(journal.checkpoint(size), nil); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	first := client(4)
	memory := first.Memory()

	other := client(2)
	if err := other.Recall(memory); err != nil {
		t.Fatal(err)
	}
	if other.Trousseau().Journal != first.Trousseau().Journal {
		t.Errorf("it stands at %v", other.Trousseau().Journal)
	}
	_, err := other.FollowJournal(journal.checkpoint(3), nil)
	refused(t, err, "vault.stale_checkpoint")
	proof := must[tlog.TreeProof](t)(tlog.ProveTree(6, 4, journal))
	if _, err := other.FollowJournal(journal.checkpoint(6), proof); err != nil {
		t.Error(err)
	}

	ahead := client(5)
	if err := ahead.Recall(memory); err != nil || ahead.Trousseau().Journal.Size != 5 {
		t.Errorf("an older memory takes it back to %v, %v", ahead.Trousseau().Journal, err)
	}

	fork := &hub{t: t, signer: journal.signer, vkey: journal.vkey}
	for range 6 {
		fork.add([]byte("x"))
	}
	_, err = client(4).FollowJournal(fork.checkpoint(6), proof)
	refused(t, err, "vault.forked")
	forked := client(0)
	if _, err := forked.FollowJournal(fork.checkpoint(4), nil); err != nil {
		t.Fatal(err)
	}
	refused(t, forked.Recall(memory), "vault.forked")
	refused(t, forked.Ready(), "vault.forked")

	for i := range memory {
		bent := bytes.Clone(memory)
		bent[i] ^= 1
		refused(t, client(0).Recall(bent), "vault.forged_memory")
	}
	elsewhere := client(0)
	elsewhere.Trousseau().Journal = newHub(t).pin()
	refused(t, elsewhere.Recall(memory), "vault.wrong_log")
}

func TestShelfNamesNobody(t *testing.T) {
	s := newStage(t)
	if s.origin.Shelf() == s.host.Shelf() || s.origin.Shelf() != NewClient(s.lead).Shelf() {
		t.Error("a shelf is one client's own, and always the same")
	}
}

// A folder opened on one page is not shown older on the next, although the hub proves that the journal knows the older
// body too.
func TestBodySeenOnOnePageIsNotTakenBackOnTheNext(t *testing.T) {
	s := newStage(t)
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	next := s.client(s.hostLead)
	if err := next.Recall(s.host.Memory()); err != nil {
		t.Fatal(err)
	}
	newest := s.received
	s.received.Bodies = s.received.Bodies[:1]
	s.received.Head = HeadOf(s.received.Bodies[0])
	_, err := next.Open(s.received, now)
	refused(t, err, "vault.rolled_back")
	if _, err := next.Open(newest, now); err != nil {
		t.Error(err)
	}
	if _, err := s.client(s.hostLead).Open(s.received, now); err != nil {
		t.Errorf("without the memory nothing is known of the newer body: %v", err)
	}
}

// What two tabs have seen, both know once each has recalled the other's memory, in any order.
func TestMemoriesOfTabsComeTogether(t *testing.T) {
	s := newStage(t)
	journal := newHub(t)
	for i := range 8 {
		journal.add([]byte{byte(i)})
	}
	folders := make([]Folder, 5)
	for i := range folders {
		folders[i] = Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need}
	}
	head := func(n int) Head { return Head{n, hashHex([]byte{byte(n)})} }
	rapid.Check(t, func(r *rapid.T) {
		best := map[Folder]Head{}
		size := int64(0)
		tab := func(name string) *Client {
			own := *s.lead
			own.Journal = journal.pin()
			c := NewClient(&own)
			n := rapid.IntRange(1, 8).Draw(r, name+" journal")
			if _, err := c.FollowJournal(journal.checkpoint(n), nil); err != nil {
				r.Fatal(err)
			}
			size = max(size, int64(n))
			for _, f := range folders {
				if n := rapid.IntRange(0, 3).Draw(r, name+" body"); n > 0 {
					c.see(f, head(n))
					if best[f].Sequence < n {
						best[f] = head(n)
					}
				}
			}
			return c
		}
		a, b := tab("a"), tab("b")
		if err := b.Recall(a.Memory()); err != nil {
			r.Fatal(err)
		}
		if err := a.Recall(b.Memory()); err != nil {
			r.Fatal(err)
		}
		if a.Fresh() || b.Fresh() {
			r.Fatal("there is more to keep when both know the same")
		}
		for _, c := range []*Client{a, b} {
			if c.trousseau.Journal.Size != size || len(c.seen) != len(best) || len(c.order) != len(best) {
				r.Fatalf("journal at %d, %d folders; want %d and %d", c.trousseau.Journal.Size, len(c.seen), size, len(best))
			}
			for f, h := range best {
				if c.seen[f] != h || !slices.Contains(c.order, f) {
					r.Fatalf("%v is remembered at %v, want %v", f, c.seen[f], h)
				}
			}
		}
	})
}

func TestTwoBodiesInOnePlaceStopTheClient(t *testing.T) {
	s := newStage(t)
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	memory := s.host.Memory()
	next := s.client(s.hostLead)
	next.see(s.received.Folder, Head{s.received.Head.Sequence, hashHex([]byte("another"))})
	refused(t, next.Recall(memory), "vault.forked")
	refused(t, next.Ready(), "vault.forked")
}

func TestMemoryForgetsWhatChangedLongestAgo(t *testing.T) {
	c := newStage(t).host
	first := Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need}
	second := Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need}
	one, two := Head{1, hashHex([]byte("1"))}, Head{2, hashHex([]byte("2"))}
	c.see(first, one)
	c.see(second, one)
	c.see(first, two)
	for range maxSeen - 1 {
		c.see(Folder{Dossier: ailleurs.NewID[ailleurs.CaseID](), Compartment: ailleurs.Need}, one)
	}
	if _, ok := c.seen[second]; ok || c.seen[first] != two || len(c.seen) != maxSeen || len(c.order) != maxSeen {
		t.Errorf("%d folders are remembered", len(c.seen))
	}
	if err := NewClient(c.trousseau).Recall(c.Memory()); err != nil {
		t.Errorf("a full memory does not come back: %v", err)
	}
}
