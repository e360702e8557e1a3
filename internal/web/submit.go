package web

import (
	"context"
	"net/http"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/relocation"
)

// exchange returns the relocation pillar, or the refusal of a hub that runs without.
func (s *Server) exchange() (*relocation.Exchange, error) {
	if s.cfg.Relocation == nil {
		return nil, notFound()
	}
	return s.cfg.Relocation, nil
}

// A useCase of the exchange takes what a client hands in.
type useCase[In any] func(e *relocation.Exchange, ctx context.Context, by ailleurs.Actor, in In, at time.Time) error

// takes makes the handler of a script's submission: read it, run the use case, say where the page goes on.
func takes[In any](s *Server, do useCase[In], to func(r *http.Request, in In) string, said string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := s.exchange()
		if err != nil {
			return err
		}
		in, err := readScript[In](r)
		if err != nil {
			return err
		}
		if err := do(e, r.Context(), viewer(r).Actor, in, at(r)); err != nil {
			return err
		}
		return goOn(w, r, to(r, in), said)
	}
}

// onCase makes the handler of a form that says something about a case without words: it works without a script.
func (s *Server) onCase(do useCase[ailleurs.OnCase], to func(r *http.Request) string, said string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := s.exchange()
		if err != nil {
			return err
		}
		in := ailleurs.OnCase{Once: r.PostFormValue("once"), Case: ailleurs.CaseID(r.PathValue("id"))}
		if err := do(e, r.Context(), viewer(r).Actor, in, at(r)); err != nil {
			return err
		}
		return redirect(w, r, to(r), said)
	}
}

func toWork(*http.Request) string { return "/travail" }

func toCase(r *http.Request) string { return "/dossiers/" + r.PathValue("id") }

func toDraft(r *http.Request) string { return toCase(r) + "/modifier" }

func toThread(r *http.Request) string { return "/appels/" + r.PathValue("id") }

// backTo ignores the submission: the page goes on where the address says.
func backTo[In any](to func(*http.Request) string) func(*http.Request, In) string {
	return func(r *http.Request, _ In) string { return to(r) }
}

// newOnce draws the key that makes sending a form twice harmless.
func newOnce() string { return string(ailleurs.NewID[ailleurs.CaseID]()) }

// say is a sentence in the language of the request.
func (s *Server) say(r *http.Request, key string, args ...any) string {
	return s.voices[visitOf(r).lang].say(key, args...)
}

// options are the answers of a closed list of the root package, each under the sentence prefix.value.
func options[V ~string](s *Server, r *http.Request, prefix string, values []V) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{Value: string(v), Label: s.say(r, prefix+"."+string(v))}
	}
	return out
}

// chooseOne puts an empty answer in front, for lists where nothing is chosen beforehand.
func chooseOne(s *Server, r *http.Request, all []Option) []Option {
	return append([]Option{{Label: s.say(r, "word.choose")}}, all...)
}

// A plainStep is something about a case that needs no words: a button, a sentence, a button again.
type plainStep struct {
	Case              ailleurs.CaseID
	Once, Action, Key string
}

func stepOf(id ailleurs.CaseID, once, action, key string) plainStep {
	return plainStep{id, once + "-" + action, action, key}
}
