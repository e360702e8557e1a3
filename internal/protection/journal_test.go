package protection_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/protection"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

func logKey(w *watch, name string) protection.LogKey {
	w.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	w.must(err)
	signer, err := note.NewSigner(private)
	w.must(err)
	return protection.LogKey{Signer: signer, Verifier: public}
}

// proven reopens the protection of a watch with keys for both logs.
func (w *watch) proven() (journalKey protection.LogKey) {
	w.Helper()
	journalKey = logKey(w, "hub.example/journal")
	p, err := protection.New(protection.Config{DB: w.db, Journal: journalKey, Register: logKey(w, "hub.example/register")})
	w.must(err)
	w.p = p
	return journalKey
}

func (w *watch) event(e journal.Event) {
	w.Helper()
	w.must(w.db.Update(w.Context(), func(tx *store.Tx) error {
		_, err := journal.Append(tx, e)
		return err
	}))
}

func TestJournalIsForThoseWhoWatchOverIt(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.proven()
		guarantor := w.agent("garante", ailleurs.Guarantor)
		for _, a := range []ailleurs.Actor{guarantor, w.coordinator} {
			_, err := w.p.Journal(w.Context(), a, 0)
			w.must(err)
		}
		for _, a := range []ailleurs.Actor{w.officers[0], w.caseworker, {}} {
			_, err := w.p.Journal(w.Context(), a, 0)
			w.refused(err, "actor.role_needed")
			_, err = w.p.Export(w.Context(), a, "2027-03-12", "2027-03-12", w.at)
			w.refused(err, "actor.role_needed")
		}
	})
}

// Whoever reads the whole journal learns neither who nor, about a case, which town.
func TestJournalNamesNobodyAndNoTownOfACase(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.proven()
		w.event(journal.Event{Kind: "choice.second_yes", At: w.at, Actor: w.caseworker.Agent, Member: w.member, Case: w.dossier})
		w.event(journal.Event{Kind: "cards.listed", At: w.at, Actor: w.caseworker.Agent, Member: w.member})
		w.event(journal.Event{Kind: "offer.published", At: w.at, Actor: w.caseworker.Agent, Member: w.member})
		w.event(journal.Event{Kind: "call.expired", At: w.at, Case: w.dossier})
		w.event(journal.Event{Kind: "session.begun", At: w.at, Actor: w.caseworker.Agent})
		w.event(journal.Event{Kind: "member.proposed", At: w.at, Actor: w.coordinator.Agent, Member: w.member})
		v, err := w.p.Journal(w.Context(), w.coordinator, 0)
		w.must(err)
		type told struct {
			Kind   string
			By     protection.Doer
			Member ailleurs.MemberID
			Case   ailleurs.CaseID
		}
		var got []told
		for _, e := range v.Entries[:6] {
			got = append(got, told{e.Kind, e.By, e.Member, e.Case})
		}
		want := []told{
			{"member.proposed", protection.Oneself, "", ""},
			{"session.begun", protection.Someone, "", ""},
			{"call.expired", protection.ByTime, "", ""},
			{"offer.published", protection.ForMember, w.member, ""},
			{"cards.listed", protection.InCase, "", ""},
			{"choice.second_yes", protection.InCase, "", ""},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		own, err := w.p.OwnEvents(w.Context(), w.caseworker, 0)
		w.must(err)
		if len(own.Entries) != 4 || own.Entries[3].Case != w.dossier || own.Entries[3].By != protection.Oneself {
			t.Errorf("one's own events are %+v", own.Entries)
		}
	})
}

func TestJournalIsPagedWithoutGapOrRepeat(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.proven()
		for range 45 {
			w.event(journal.Event{Kind: "session.begun", At: w.at, Actor: w.caseworker.Agent})
		}
		var seen []int64
		for before, pages := int64(0), 0; ; pages++ {
			v, err := w.p.Journal(w.Context(), w.coordinator, before)
			w.must(err)
			if len(v.Entries) > protection.LogPage {
				t.Fatalf("a page of %d", len(v.Entries))
			}
			for _, e := range v.Entries {
				seen = append(seen, e.Index)
			}
			if before = v.Before; before == 0 {
				break
			}
		}
		for i, index := range seen {
			if index != int64(len(seen)-1-i) {
				t.Fatalf("entry %d is shown as number %d of %d", index, i, len(seen))
			}
		}
		if len(seen) < 45 {
			t.Errorf("%d entries shown", len(seen))
		}
	})
}

// The sentence « la preuve est valide » hangs on this.
func TestProofHoldsUntilAnythingIsTouched(t *testing.T) {
	for name, tamper := range map[string]string{
		"event":    `UPDATE journal_entry SET event = '{"kind":"call.expired","at":"2027-03-12T09:30:00.000000Z"}' WHERE idx = $1`,
		"entry":    `UPDATE journal_entry SET entry = hashes WHERE idx = $1`,
		"hashes":   `UPDATE journal_entry SET hashes = (SELECT hashes FROM journal_entry WHERE idx = $1 - 2) WHERE idx = $1`,
		"salt":     `UPDATE journal_entry SET salt = entry WHERE idx = $1`,
		"head":     `UPDATE log_head SET size = size - 1, edge = (SELECT hashes FROM journal_entry WHERE idx = $1 - 1) WHERE log = 'journal'`,
		"nothing":  "",
		"no entry": `DELETE FROM journal_entry WHERE idx = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *watch) {
				w.proven()
				for range 30 {
					w.event(journal.Event{Kind: "session.begun", At: w.at, Actor: w.caseworker.Agent})
				}
				v, err := w.p.Journal(w.Context(), w.coordinator, 0)
				w.must(err)
				if v.Evidence.Verdict != protection.Proven || v.Evidence.Shown != protection.LogPage || v.Evidence.Size != v.Entries[0].Index+1 {
					t.Fatalf("untouched: %+v", v.Evidence)
				}
				if tamper == "" {
					return
				}
				w.must(w.db.Update(w.Context(), func(tx *store.Tx) error {
					_, err := tx.Exec(tamper, v.Entries[3].Index)
					return err
				}))
				v, err = w.p.Journal(w.Context(), w.coordinator, 0)
				if err == nil && v.Evidence.Verdict == protection.Proven {
					t.Errorf("proven all the same: %+v", v.Evidence)
				}
			})
		})
	}
}

func TestErasedEventsKeepTheirPlaceInTheProof(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.proven()
		w.event(journal.Event{Kind: "case.opened", At: w.at, Actor: w.caseworker.Agent, Member: w.member, Case: w.dossier})
		w.must(w.db.Update(w.Context(), func(tx *store.Tx) error {
			if _, err := journal.Erase(tx, w.dossier); err != nil {
				return err
			}
			_, err := journal.Append(tx, journal.Event{Kind: "retention.erased", At: w.at})
			return err
		}))
		v, err := w.p.Journal(w.Context(), w.coordinator, 0)
		w.must(err)
		if e := v.Entries[1]; !e.Erased() || e.By != protection.NoOne || !e.At.IsZero() {
			t.Errorf("an erased event shows %+v", e)
		}
		if v.Evidence.Verdict != protection.Proven {
			t.Errorf("with an erased event: %+v", v.Evidence)
		}
	})
}

func TestWithoutKeyNothingIsCalledProven(t *testing.T) {
	onBoth(t, func(w *watch) {
		v, err := w.p.Journal(w.Context(), w.coordinator, 0)
		w.must(err)
		if v.Evidence.Verdict != protection.Unproven {
			t.Errorf("without a key: %+v", v.Evidence)
		}
		key := logKey(w, "hub.example/journal")
		other := logKey(w, "hub.example/journal")
		p, err := protection.New(protection.Config{DB: w.db, Journal: protection.LogKey{Signer: key.Signer, Verifier: other.Verifier}})
		w.must(err)
		v, err = p.Journal(w.Context(), w.coordinator, 0)
		w.must(err)
		if v.Evidence.Verdict != protection.Refuted {
			t.Errorf("signed by another key: %+v", v.Evidence)
		}
	})
}

func TestExportGivesWholeDaysAndIsItselfInTheJournal(t *testing.T) {
	onBoth(t, func(w *watch) {
		w.proven()
		for _, hours := range []int{24, 48, 49, 72} {
			w.event(journal.Event{Kind: "session.begun", At: friday.Add(time.Duration(hours) * time.Hour), Actor: w.caseworker.Agent})
		}
		w.at = friday.Add(96 * time.Hour)
		out, err := w.p.Export(w.Context(), w.coordinator, "2027-03-13", "2027-03-14", w.at)
		w.must(err)
		if len(out) != 3 || !out[0].At.Before(out[1].At) {
			t.Errorf("two days hold %+v", out)
		}
		v, err := w.p.Journal(w.Context(), w.coordinator, 0)
		w.must(err)
		if v.Entries[0].Kind != "journal.exported" {
			t.Errorf("the last event is %s", v.Entries[0].Kind)
		}
		_, err = w.p.Export(w.Context(), w.coordinator, "2027-03-14", "2027-03-13", w.at)
		w.refused(err, "journal.days_backwards")
		_, err = w.p.Export(w.Context(), w.coordinator, "2027-02-30", "2027-03-13", w.at)
		w.refused(err, "date.impossible")
		none, err := w.p.Export(w.Context(), w.coordinator, "2026-01-01", "2026-01-02", w.at)
		w.must(err)
		if len(none) != 0 {
			t.Errorf("days before everything hold %d entries", len(none))
		}
	})
}

// A monitor that knows nothing of us reads both logs: checkpoint, then the tiles it leads to.
func TestAnyoneCanWatchBothLogs(t *testing.T) {
	onBoth(t, func(w *watch) {
		key := w.proven()
		signed, err := w.p.Checkpoint(w.Context(), protection.JournalLog)
		w.must(err)
		verifier, err := note.NewVerifier(key.Verifier)
		w.must(err)
		n, err := note.Open(signed, note.VerifierList(verifier))
		w.must(err)
		v, err := w.p.Journal(w.Context(), w.coordinator, 0)
		w.must(err)
		if lines := strings.Split(n.Text, "\n"); lines[0] != "hub.example/journal" || lines[2] != v.Evidence.Root {
			t.Errorf("the checkpoint says %q", n.Text)
		}
		data, full, err := w.p.Tile(w.Context(), protection.JournalLog, "tile/0/000.p/2")
		w.must(err)
		if full || len(data) != 2*tlog.HashSize {
			t.Errorf("a tile of two: %d bytes, full %v", len(data), full)
		}
		_, err = w.p.Checkpoint(w.Context(), protection.RegisterLog)
		w.must(err)
		for _, path := range []string{"tile/0/001", "tile/9/000", "elsewhere", "tile/"} {
			_, _, err = w.p.Tile(w.Context(), protection.JournalLog, path)
			w.refused(err, "journal.no_such_tile")
		}
	})
}

func TestHostLeadIsRungFromAThreatOn(t *testing.T) {
	for level, want := range map[ailleurs.AlertLevel]int{ailleurs.CallBack: 1, ailleurs.ThreatAlert: 2, ailleurs.ImminentNow: 2} {
		onBoth(t, func(w *watch) {
			p, err := protection.New(protection.Config{
				DB: w.db, Ringer: w.phones,
				InCircle: func(*store.Tx, ailleurs.CaseID, ailleurs.AgentID) (bool, error) { return true, nil },
				Beside: func(*store.Tx, ailleurs.CaseID) ([]ailleurs.AgentID, error) {
					return []ailleurs.AgentID{w.stranger.Agent, w.caseworker.Agent}, nil
				},
			})
			w.must(err)
			w.p = p
			id := w.raise(level)
			a, err := p.Alert(w.Context(), w.officers[0], id)
			w.must(err)
			if len(a.Rung) != want {
				t.Errorf("level %d rings %d, want %d: %+v", level, len(a.Rung), want, a.Rung)
			}
			rings, err := p.RingsFor(w.Context(), w.stranger)
			w.must(err)
			if (rings == id) != (want == 2) {
				t.Errorf("level %d: rings for the host lead: %q", level, rings)
			}
			takers, err := p.Takers(w.Context(), w.officers[0], id, w.at)
			w.must(err)
			if len(takers) != 2 || takers[0].Line != "" {
				t.Errorf("can be handed to %+v", takers)
			}
			_, err = p.Takers(w.Context(), w.coordinator, id, w.at)
			w.refused(err, "alert.unknown")
		})
	}
}

func TestSameFormSentTwiceRingsOnceAndAgainWhenClosed(t *testing.T) {
	onBoth(t, func(w *watch) {
		raise := func(once string, level ailleurs.AlertLevel) (ailleurs.AlertID, error) {
			return w.p.RaiseOnce(w.Context(), w.caseworker, once, level, w.dossier, w.at)
		}
		first, err := raise("a-random-key-of-the-form", ailleurs.ImminentNow)
		w.must(err)
		second, err := raise("a-random-key-of-the-form", ailleurs.ImminentNow)
		w.must(err)
		if first != second {
			t.Error("the same form rang twice")
		}
		_, err = raise("a-random-key-of-the-form", ailleurs.CallBack)
		w.refused(err, "store.key_reused")
		other, err := raise("another-key-of-another-form", ailleurs.ImminentNow)
		w.must(err)
		if other == first {
			t.Error("another form did not ring")
		}
		w.must(w.p.Close(w.Context(), w.officers[0], first, ailleurs.FalseAlarm, w.at))
		third, err := raise("a-random-key-of-the-form", ailleurs.ImminentNow)
		w.must(err)
		if third == first {
			t.Error("a form kept from before a closed alert stays silent")
		}
	})
}
