package desk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/vault"
)

// Suggested is a suggestion that a coordinator has signed.
type Suggested struct {
	ailleurs.Suggestion
	At time.Time        `json:"at"`
	By ailleurs.AgentID `json:"by"`
}

// noted is the content of the note: the suggestion's text, and the signature over it. The hub sees a note of the smallest
// size from a coordinator, whether it follows the engine or not.
type noted struct {
	Suggestion string `json:"suggestion"`
	Signed     []byte `json:"signed"` // ToSuggest about the case, digest of the text
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Suggest signs and seals a suggestion about a case on the table, to those who hold its limits. What the limits exclude is
// refused: nobody is told to go there.
func (t *Table) Suggest(d *Desk, once string, s ailleurs.Suggestion, at time.Time) (ailleurs.PostSuggestion, error) {
	out := ailleurs.PostSuggestion{Once: once, Case: s.Case}
	i := slices.IndexFunc(t.seekers, func(k seeker) bool { return k.id == s.Case })
	if i < 0 {
		return out, ailleurs.Refuse("table.not_on_it", "case")
	}
	s.Day = t.market.Day
	if s.Member != "" {
		member, known := t.market.owned[s.Member]
		if _, kept := t.barred[i][member]; !known || kept {
			return out, ailleurs.Refuse("call.excluded_member", "member")
		}
		s.Town = t.market.Members[member].Name
	}
	if s.Instead != "" {
		member, known := t.market.owned[s.Instead]
		if !known {
			return out, ailleurs.Refuse("call.unknown_member", "instead")
		}
		s.InsteadOf = t.market.Members[member].Name
	}
	if err := s.Validate(); err != nil {
		return out, err
	}
	text, err := written(s)
	if err != nil {
		return out, err
	}
	signed, err := d.sign(ailleurs.ToSuggest, string(s.Case), digestOf(string(text)), at)
	if err != nil {
		return out, err
	}
	content, err := written(noted{string(text), signed})
	if err != nil {
		return out, err
	}
	out.Note, err = vault.SealNote(t.keys[s.Case], content, at.UTC().Truncate(time.Second))
	return out, err
}

// suggestions reads what coordinators have noted in the limits of a case, oldest first. Anyone can append a note: one that
// no coordinator of the register has signed for this case is passed over.
func (d *Desk) suggestions(id ailleurs.CaseID, limits *vault.Opened) []Suggested {
	var out []Suggested
	var seen []string
	for _, n := range limits.Notes {
		var note noted
		var s Suggested
		if json.Unmarshal(n.Content, &note) != nil || json.Unmarshal([]byte(note.Suggestion), &s.Suggestion) != nil || s.Validate() != nil {
			continue
		}
		signed, err := d.Client.VerifyStatement(note.Signed)
		coordinates := err == nil && slices.ContainsFunc(d.Client.Directory().Posts(signed.By), func(p vault.Post) bool { return p.Role == ailleurs.Coordinator })
		if !coordinates || s.Case != id || signed.Purpose != ailleurs.ToSuggest || signed.Subject != string(id) || signed.Digest != digestOf(note.Suggestion) {
			continue
		}
		if s.At, s.By = signed.At, signed.By; !slices.Contains(seen, string(note.Signed)) { // a note repeated is one
			out, seen = append(out, s), append(seen, string(note.Signed))
		}
	}
	slices.SortStableFunc(out, func(a, b Suggested) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return out
}

// suggestionRows shows suggestions, newest first; one that the limits as they are now exclude is shown as such.
func (d *Desk) suggestionRows(id ailleurs.CaseID, limits *vault.Opened) []Row {
	var l ailleurs.LimitSet
	if limits.Body == nil || read(limits, &l) != nil {
		return nil
	}
	var rows []Row
	for _, s := range slices.Backward(d.suggestions(id, limits)) {
		row := Row{Label: "suggestion.on", Args: map[string]string{"day": s.At.UTC().Format(time.DateOnly)}, Items: []Item{suggestionItem(s.Suggestion)}}
		if s.Overridden {
			row.Items = append(row.Items, Item{Key: "suggestion.why." + string(s.Override)})
		}
		if s.Member != "" && l.Excludes(append(d.keysOf(d.Client.MemberCode(s.Member)), "m:"+string(s.Member))...) {
			row.Items = append(row.Items, Item{Key: "suggestion.excluded"})
		}
		rows = append(rows, row)
	}
	return rows
}

func suggestionItem(s ailleurs.Suggestion) Item {
	key := "suggestion.call"
	switch {
	case s.Member == "" && s.Instead != "":
		key = "suggestion.not"
	case s.Member == "":
		key = "suggestion.none"
	case s.Overridden && s.Instead != "":
		key = "suggestion.instead"
	}
	return Item{Key: key, Args: map[string]string{"town": s.Town, "instead": s.InsteadOf}}
}
