package ailleurs

import (
	"errors"
	"fmt"
	"strings"
)

// A Refusal is a "no" meant for the person in front of the screen: it says which rule or field stands in the way, in a
// message that the catalogue holds in French and English. Every other error is a fault, for operators only.
type Refusal struct {
	Key   string            // message key in the catalogue, e.g. "call.too_few_addressees"
	Field string            // form field, flag or JSON path at fault; empty where none is
	Args  map[string]string // values the message quotes; never sealed content
	Kind  RefusalKind       // how a protocol says it
}

// RefusalKind tells a protocol (HTTP, exit status) what sort of no this is.
type RefusalKind int

// The kinds of refusal. The zero value is the common one: the input is wrong.
const (
	Invalid     RefusalKind = iota // the input breaks a rule (HTTP 422)
	NotFound                       // no such thing for this reader; also the answer to "not yours" (404)
	Conflict                       // someone or something was first (409)
	Forbidden                      // the reader's role may never do this, and may know it (403)
	Unsigned                       // no live session (401)
	TooMany                        // a budget is spent (429)
	TooLarge                       // the body exceeds its bound (413)
	Unavailable                    // the hub cannot take it now; nothing was written (503)
)

// Error names the key and field, for tests and logs of refusals; screens show the catalogue's sentence instead.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString("refused: ")
	b.WriteString(r.Key)
	if r.Field != "" {
		fmt.Fprintf(&b, " (%s)", r.Field)
	}
	return b.String()
}

// Refuse returns a refusal of the kind Invalid about field; args alternate names and values.
func Refuse(key, field string, args ...string) *Refusal {
	return RefuseAs(Invalid, key, field, args...)
}

// RefuseAs returns a refusal of the given kind; args alternate names and values.
func RefuseAs(kind RefusalKind, key, field string, args ...string) *Refusal {
	r := &Refusal{Key: key, Field: field, Kind: kind}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = make(map[string]string, len(args)/2)
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

// AsRefusal returns the refusal in err's chain, or nil when err is a fault or nil.
func AsRefusal(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return nil
}
