package vault

import (
	"fmt"
	"io"
)

// scelle is embedded by every type that holds a secret: whatever is printed, logged or marshalled of it says [scellé].
type scelle struct{}

const scelleText = "[scellé]"

// Format implements fmt.Formatter.
func (scelle) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, scelleText) }

// MarshalText implements encoding.TextMarshaler, which encoding/json honours too.
func (scelle) MarshalText() ([]byte, error) { return []byte(scelleText), nil }
