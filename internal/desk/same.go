package desk

import (
	"bytes"
	"encoding/json"
)

// same reports whether two values of one type say the same in JSON, so that an unchanged compartment is not saved again.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
