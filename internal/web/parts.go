package web

// The views of the shared parts in templates/_parts.html; any page may hold them.

// PageSize is how many rows a list shows.
const PageSize = 20

// A Pager leads through a list of more than PageSize rows.
type Pager struct {
	Here, Last int    // pages count from 1
	Before     string // addresses; empty at the ends
	After      string
}

// Needed reports whether there is more than one page.
func (p Pager) Needed() bool { return p.Last > 1 }

// An Empty says that a list holds nothing yet and what to do about it.
type Empty struct {
	Icon, Title, Body string // icon name and keys
	Action, Href      string // key and address; empty for none
}

// A Stepper says where a case stands on its way.
type Stepper struct{ Steps []Step }

// A Step is one stage: "done", "here" or "todo".
type Step struct{ Label, State string }

// Here returns the number of the present step, from 1; 0 when there is none.
func (s Stepper) Here() int {
	for i, step := range s.Steps {
		if step.State == "here" {
			return i + 1
		}
	}
	return 0
}

// Label returns the words of the present step.
func (s Stepper) Label() string {
	if n := s.Here(); n > 0 {
		return s.Steps[n-1].Label
	}
	return ""
}

// A Tab is one of the lists that share a screen; each has its own address.
type Tab struct {
	Href, Label string
	Count       int
	Here        bool
}
