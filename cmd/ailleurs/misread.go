package main

import (
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// misread turns the parser's complaint about a command line into a refusal that the catalogue can say in both languages.
func misread(err error) *ailleurs.Refusal {
	complaint := err.Error()
	for _, m := range []struct{ prefix, key string }{
		{"unknown flag ", "command.unknown_flag"},
		{"unexpected argument ", "command.unexpected"},
		{"missing flags: ", "command.missing"},
		{"expected one of ", "command.choose"},
		{"expected ", "command.incomplete"},
	} {
		if rest, ok := strings.CutPrefix(complaint, m.prefix); ok {
			return ailleurs.Refuse(m.key, "", "detail", rest)
		}
	}
	return ailleurs.Refuse("command.misread", "", "detail", complaint)
}
