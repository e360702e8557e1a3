package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

//go:embed messages/*.json
var messageFiles embed.FS

// A language is the one in which refusals are said: French unless the locale asks for English.
type language string

const (
	french  language = "fr"
	english language = "en"
)

// languageOf reads the locale as gettext does: LC_ALL, then LC_MESSAGES, then LANG. "C" and "POSIX" name no language.
func languageOf(getenv func(string) string) language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); locale != "" {
			if strings.HasPrefix(locale, "en") {
				return english
			}
			return french
		}
	}
	return french
}

// catalogue returns the message texts of l by key; {name} stands for an argument.
func (l language) catalogue() (map[string]string, error) {
	b, err := messageFiles.ReadFile("messages/" + string(l) + ".json")
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string)
	return texts, json.Unmarshal(b, &texts)
}

// sentence says r to the reader. A key that the catalogue does not hold is shown as it is, with its arguments: less kind
// than a sentence, but never silent.
func (l language) sentence(r *ailleurs.Refusal) string {
	texts, err := l.catalogue()
	text, ok := texts[r.Key]
	if err != nil || !ok {
		return bare(r)
	}
	var pairs []string
	for name, value := range r.Args {
		pairs = append(pairs, "{"+name+"}", value)
	}
	text = strings.NewReplacer(append(pairs, "{field}", r.Field)...).Replace(text)
	if r.Field != "" && !strings.Contains(text, r.Field) {
		text = r.Field + " : " + text
	}
	return text
}

func bare(r *ailleurs.Refusal) string {
	args := make([]string, 0, len(r.Args))
	for name, value := range r.Args {
		args = append(args, fmt.Sprintf("%s=%q", name, value))
	}
	sort.Strings(args)
	return strings.Join(append([]string{r.Error()}, args...), " ")
}
