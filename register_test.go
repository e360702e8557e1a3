package ailleurs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

func drawEntry(t *rapid.T) ailleurs.RegisterEntry {
	id := rapid.StringMatching(`[A-Z2-7]{26}`)
	e := ailleurs.RegisterEntry{
		Kind: rapid.SampledFrom(ailleurs.RegisterKinds).Draw(t, "kind"),
		At:   time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC(),
	}
	hash := func(name string) (h [32]byte) {
		copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name))
		return h
	}
	switch e.Kind {
	case ailleurs.RegisterAccession:
		e.Member = ailleurs.MemberID(id.Draw(t, "member"))
		e.Code = rapid.StringMatching(`[0-9]{5}|2[AB][0-9]{3}|[0-9]{9}|[0-9]{2,3}|2[AB]`).Draw(t, "code")
	case ailleurs.RegisterSuspension:
		e.Member = ailleurs.MemberID(id.Draw(t, "member"))
		e.Ends = rapid.Bool().Draw(t, "ends")
	case ailleurs.RegisterTeam:
		e.Member = ailleurs.MemberID(id.Draw(t, "member"))
		e.Agent = ailleurs.AgentID(id.Draw(t, "agent"))
		e.Role = rapid.SampledFrom(ailleurs.Roles).Draw(t, "role")
		e.Leaves = rapid.Bool().Draw(t, "leaves")
	case ailleurs.RegisterKey:
		e.Agent = ailleurs.AgentID(id.Draw(t, "agent"))
		e.Epoch = rapid.IntRange(1, ailleurs.MaxRegisterEpoch).Draw(t, "epoch")
		e.Recipient, e.Signer = hash("recipient"), hash("signer")
	case ailleurs.RegisterRevocation:
		e.Agent = ailleurs.AgentID(id.Draw(t, "agent"))
		e.Epoch = rapid.IntRange(1, ailleurs.MaxRegisterEpoch).Draw(t, "epoch")
	}
	return e
}

func TestRegisterEntryHasOneText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		if err := e.Validate(); err != nil {
			t.Fatalf("a drawn entry is refused: %v", err)
		}
		back, err := ailleurs.ParseRegisterEntry(e.Text())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back); diff != "" {
			t.Fatalf("came back different (-want +got):\n%s", diff)
		}
		// No other text says the same: a byte changed is refused or says something else.
		text := []byte(e.Text())
		i := rapid.IntRange(0, len(text)-1).Draw(t, "i")
		text[i] ^= rapid.ByteRange(1, 255).Draw(t, "flip")
		if other, err := ailleurs.ParseRegisterEntry(string(text)); err == nil && other == e {
			t.Fatalf("%q is read as %q", text, e.Text())
		}
	})
}

func TestRegisterEntryRefusesNamingTheField(t *testing.T) {
	agent := strings.Repeat("A", 26)
	good := "ailleurs-register/1\nkind revocation\nat 2026-11-23T09:30:00Z\nagent " + agent + "\nepoch 2\n"
	if _, err := ailleurs.ParseRegisterEntry(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, key, field string }{
		{"register/1", "register/2", "register.unknown_protocol", "entry"},
		{"kind revocation", "kind promotion", "register.bad_field", "kind"},
		{"at 2026-11-23T09:30:00Z", "at 2026-11-23T10:30:00+01:00", "register.bad_field", "at"},
		{"at 2026-11-23T09:30:00Z", "at 2026-02-30T09:30:00Z", "register.bad_field", "at"},
		{"at 2026-11-23T09:30:00Z\n", "", "register.missing_field", "at"},
		{"agent " + agent, "agent Marie", "register.bad_field", "agent"},
		{"epoch 2", "epoch 0", "register.bad_field", "epoch"},
		{"epoch 2", "epoch 02", "register.not_canonical", "entry"},
		{"epoch 2", "epoch 2\nemail x", "register.not_canonical", "entry"},
		{"epoch 2\n", "epoch 2", "register.missing_field", "epoch"},
		{"epoch 2\n", "epoch 2\n" + strings.Repeat("x", 600), "register.too_large", "entry"},
	} {
		_, err := ailleurs.ParseRegisterEntry(strings.Replace(good, c.old, c.new, 1))
		if r := ailleurs.AsRefusal(err); r == nil || r.Key != c.key || r.Field != c.field {
			t.Errorf("%q for %q: got %v, want %s (%s)", c.new, c.old, err, c.key, c.field)
		}
	}
	superfluous := ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, Agent: ailleurs.AgentID(agent), Epoch: 1, Code: "69123"}
	if r := ailleurs.AsRefusal(superfluous.Validate()); r == nil || r.Key != "register.superfluous_field" {
		t.Errorf("an entry with a field its kind has no room for: %v", superfluous.Validate())
	}
}

func TestRegisterRecordKeepsItsApprovals(t *testing.T) {
	e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterRevocation, At: time.Unix(1, 0).UTC(), Agent: ailleurs.NewID[ailleurs.AgentID](), Epoch: 1}
	note := []byte(e.Approval().Text() + "\n— A AAAA\n")
	for n := range ailleurs.MaxRegisterApprovals + 2 {
		r := ailleurs.RegisterRecord{Entry: e}
		for range n {
			r.Approvals = append(r.Approvals, note)
		}
		back, err := ailleurs.ParseRegisterRecord(r.Format())
		if n > ailleurs.MaxRegisterApprovals {
			if ailleurs.AsRefusal(err) == nil {
				t.Errorf("%d approvals are taken", n)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("came back different (-want +got):\n%s", diff)
		}
	}
}

func FuzzRegisterRecord(f *testing.F) {
	e := ailleurs.RegisterEntry{Kind: ailleurs.RegisterKey, At: time.Unix(1e9, 0).UTC(), Agent: ailleurs.NewID[ailleurs.AgentID](), Epoch: 1}
	f.Add(ailleurs.RegisterRecord{Entry: e}.Format())
	f.Add(ailleurs.RegisterRecord{Entry: e, Approvals: [][]byte{[]byte(e.Approval().Text() + "\n— A AAAA\n")}}.Format())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ailleurs.ParseRegisterRecord(b)
		if err == nil && string(r.Format()) != string(b) {
			t.Fatalf("%q is read, and written %q", b, r.Format())
		}
	})
}
