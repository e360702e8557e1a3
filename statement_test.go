package ailleurs_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"codeberg.org/ailleurs/ailleurs"
)

func aStatement() ailleurs.Statement {
	return ailleurs.Statement{
		Purpose: ailleurs.ToCall, Subject: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Digest: strings.Repeat("0f", 32), By: "ZYXWVUTSRQPONMLKJIHGFEDCBA",
		Epoch: 3, At: time.Date(2027, 3, 12, 9, 30, 0, 123456000, time.UTC),
	}
}

func TestStatementComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Za-z0-9-]{1,40}`)
		want := ailleurs.Statement{
			Purpose: ailleurs.Purpose(word.Draw(t, "purpose")), Subject: word.Draw(t, "subject"), Digest: word.Draw(t, "digest"),
			By: ailleurs.AgentID(word.Draw(t, "by")), Epoch: rapid.IntRange(1, 1_000_000).Draw(t, "epoch"),
			At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC(),
		}
		got, err := ailleurs.ParseStatement(want.Text())
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func TestOnlyTheCanonicalTextIsAStatement(t *testing.T) {
	good := aStatement().Text()
	if _, err := ailleurs.ParseStatement(good); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":             "",
		"no last newline":   strings.TrimSuffix(good, "\n"),
		"a line more":       good + "also 1\n",
		"another header":    strings.Replace(good, "statement/1", "statement/2", 1),
		"fields swapped":    strings.Replace(strings.Replace(strings.Replace(good, "purpose", "x", 1), "subject", "purpose", 1), "x", "subject", 1),
		"a padded number":   strings.Replace(good, "epoch 3", "epoch 03", 1),
		"two spaces":        strings.Replace(good, "epoch 3", "epoch  3", 1),
		"a number and more": strings.Replace(good, "epoch 3", "epoch 3x", 1),
		"another time form": strings.Replace(good, "09:30:00.123456Z", "09:30:00Z", 1),
		"another zone":      strings.Replace(good, "09:30:00.123456Z", "09:30:00.123456+00:00", 1),
		"carriage returns":  strings.ReplaceAll(good, "\n", "\r\n"),
	} {
		if s, err := ailleurs.ParseStatement(text); ailleurs.AsRefusal(err) == nil {
			t.Errorf("%s: read as %+v, %v", name, s, err)
		}
	}
}

func TestStatementServesForNothingElse(t *testing.T) {
	want := aStatement()
	at := want.At
	if err := want.Matches(want, at.Add(ailleurs.StatementSkew)); err != nil {
		t.Errorf("within the skew: %v", err)
	}
	for key, change := range map[string]func(*ailleurs.Statement){
		"statement.wrong_purpose": func(s *ailleurs.Statement) { s.Purpose = ailleurs.ToAttest },
		"statement.wrong_subject": func(s *ailleurs.Statement) { s.Subject = "another" },
		"statement.wrong_digest":  func(s *ailleurs.Statement) { s.Digest = strings.Repeat("f0", 32) },
		"statement.wrong_signer":  func(s *ailleurs.Statement) { s.By = "another" },
		"statement.stale":         func(s *ailleurs.Statement) { s.At = at.Add(-ailleurs.StatementSkew - time.Second) },
	} {
		s := want
		change(&s)
		if r := ailleurs.AsRefusal(s.Matches(want, at)); r == nil || r.Key != key {
			t.Errorf("got %v, want the refusal %s", r, key)
		}
	}
	future := want
	future.At = at.Add(ailleurs.StatementSkew + time.Second)
	if r := ailleurs.AsRefusal(future.Matches(want, at)); r == nil || r.Key != "statement.stale" {
		t.Errorf("a statement from the future: %v", r)
	}
}

func FuzzStatement(f *testing.F) {
	f.Add(aStatement().Text())
	f.Add("ailleurs.statement/1\npurpose \nsubject \ndigest \nby \nepoch 0\nat 0000-01-01T00:00:00.000000Z\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ailleurs.ParseStatement(text)
		if err != nil {
			if ailleurs.AsRefusal(err) == nil {
				t.Errorf("not a refusal: %v", err)
			}
			return
		}
		if s.Text() != text {
			t.Errorf("%q is read as %q", text, s.Text())
		}
	})
}
