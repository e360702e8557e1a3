package web

import "codeberg.org/ailleurs/ailleurs"

// A Field is one question of a form on screen; the template "field" writes it with its label, hint and error.
type Field struct {
	Name         string
	ID           string // on the page; Name when empty
	Label        string // key
	Hint         string // key; empty for none
	Kind         string // "text" (the zero value), "email", "tel", "date", "number", "search", "password", "area", "select", "radio", "check", "commune"
	Value        string
	Options      []Option // select, radio
	Optional     bool     // said in the label; the others are required
	Sealed       bool     // commune: never ask the hub, which must not learn it; the sealing script searches instead
	Autocomplete string
	Inputmode    string
	Max          int // characters; 0 for none
	Error        string
}

// An Option is one answer of a closed list.
type Option struct {
	Value, Label string // label as written, already in the reader's language
	Chosen       bool
}

// Type returns the type attribute of an input.
func (f Field) Type() string {
	switch f.Kind {
	case "", "commune":
		return "text"
	default:
		return f.Kind
	}
}

// Mark returns the field's id on the page.
func (f Field) Mark() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Name
}

// DescribedBy returns the ids of what explains the field.
func (f Field) DescribedBy() string {
	s := ""
	if f.Hint != "" {
		s = f.Mark() + "-hint"
	}
	if f.Error != "" {
		if s != "" {
			s += " "
		}
		s += f.Mark() + "-error"
	}
	return s
}

// A Problem is one line of the summary at the top of a form that came back.
type Problem struct{ Field, Message string }

// problem turns the refusal of a form into its summary and marks the field at fault; ok is false when err is not the
// form's to show (a fault, or a refusal of another kind than Invalid or Conflict).
func (s *Server) problem(lang Lang, err error, fields ...*Field) (summary []Problem, ok bool) {
	refusal := ailleurs.AsRefusal(err)
	if refusal == nil || refusal.Kind != ailleurs.Invalid && refusal.Kind != ailleurs.Conflict {
		return nil, false
	}
	p := Problem{Message: s.voices[lang].refusal(refusal)}
	for _, f := range fields {
		if f.Name == refusal.Field {
			f.Error, p.Field = p.Message, f.Mark()
		}
	}
	return []Problem{p}, true
}
