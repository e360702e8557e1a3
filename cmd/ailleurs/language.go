package main

import (
	"embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/web"
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

// say returns the sentence of key; args alternate names and values. A key that the catalogue does not hold is shown as it
// is, with its arguments: less kind than a sentence, but never silent.
func (l language) say(key string, args ...string) string {
	texts, err := l.catalogue()
	text, ok := texts[key]
	if err != nil || !ok {
		return strings.TrimSpace(key + " " + strings.Join(args, " "))
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		if quoted[i] = a; i%2 == 0 {
			quoted[i] = "{" + a + "}"
		}
	}
	return strings.NewReplacer(quoted...).Replace(text)
}

// sentence says r to the reader: the field or flag first, where one is at fault.
func (l language) sentence(r *ailleurs.Refusal) string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		args = append(args, name, r.Args[name])
	}
	text := l.say(r.Key, args...)
	if texts, err := l.catalogue(); err == nil && texts[r.Key] == "" {
		if said, ok := web.Sentence(web.Lang(l), r); ok { // what the pages say of it
			text = said
		}
	}
	if r.Field == "" {
		return text
	}
	if l == french {
		return r.Field + " : " + text
	}
	return r.Field + ": " + text
}
