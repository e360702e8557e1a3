package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
)

// statusOf says a refusal in HTTP.
func statusOf(kind ailleurs.RefusalKind) int {
	switch kind {
	case ailleurs.Invalid:
		return http.StatusUnprocessableEntity
	case ailleurs.NotFound:
		return http.StatusNotFound
	case ailleurs.Conflict:
		return http.StatusConflict
	case ailleurs.Forbidden:
		return http.StatusForbidden
	case ailleurs.Unsigned:
		return http.StatusUnauthorized
	case ailleurs.TooMany:
		return http.StatusTooManyRequests
	case ailleurs.TooLarge:
		return http.StatusRequestEntityTooLarge
	case ailleurs.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}

// notFound is the answer to what is not there and to what is not yours: the same.
func notFound() error { return ailleurs.RefuseAs(ailleurs.NotFound, "web.not_found", "") }

var refusedPage = newPage[refusedView]("refused")

// refusedView is the page of a refusal or a fault: what happened, why when it may be said, what to do now.
type refusedView struct {
	Status   int
	Kind     string // "404": the key of what happened and what to do
	Why      string // the refusal's own sentence; empty when the kind says it all
	Incident string // of a fault
}

func (v refusedView) titleKey() string { return "refused." + v.Kind + ".title" }

// refuse answers a request whose handler returned err.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var tooLong *http.MaxBytesError
	refusal := ailleurs.AsRefusal(err)
	if errors.As(err, &tooLong) {
		refusal = ailleurs.RefuseAs(ailleurs.TooLarge, "web.too_large", "")
		w.Header().Set("Connection", "close")
	}
	if refusal == nil {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // the reader went away
		}
		s.answer(w, r, http.StatusInternalServerError, nil, s.fault(r, err))
		return
	}
	s.answer(w, r, statusOf(refusal.Kind), refusal, "")
}

// answer writes a refusal or an incident, as JSON for scripts and as a page for people.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, status int, refusal *ailleurs.Refusal, incident string) {
	voice := s.voices[visitOf(r).lang]
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	for _, name := range []string{"ETag", "Content-Encoding", "Last-Modified"} {
		h.Del(name)
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", "30")
	}
	kind := kindOfStatus(status)
	why := ""
	if refusal != nil && !strings.HasPrefix(refusal.Key, "web.") {
		why = voice.refusal(refusal)
	}
	if wantsJSON(r) {
		said := refusedAnswer{Text: why, Incident: incident}
		if refusal != nil {
			said.Key, said.Field, said.Args = refusal.Key, refusal.Field, refusal.Args
		}
		if said.Text == "" {
			said.Text = voice.say("refused." + kind + ".title")
		}
		sendJSON(w, r, status, map[string]refusedAnswer{"refusal": said})
		return
	}
	view := refusedView{Status: status, Kind: kind, Why: why, Incident: incident}
	if err := showAs(s, w, r, status, refusedPage, view); err != nil {
		s.fault(r, err)
		http.Error(w, voice.say("refused.500.title"), status)
	}
}

// refusedAnswer is what a script reads under "refusal": the sentence ready to show, and what it was made of.
type refusedAnswer struct {
	Key      string            `json:"key,omitempty"`
	Field    string            `json:"field,omitempty"`
	Args     map[string]string `json:"args,omitempty"`
	Text     string            `json:"text"`
	Incident string            `json:"incident,omitempty"` // of a fault
}

// kindOfStatus returns the keys' part for a status: those with words of their own, else 422.
func kindOfStatus(status int) string {
	switch status {
	case 401, 403, 404, 409, 413, 429, 500, 503:
		return strconv.Itoa(status)
	}
	return "422"
}

// refusal returns the sentence of r, or the general one when the catalogue lacks its key.
func (c *catalogue) refusal(r *ailleurs.Refusal) string {
	if !c.has(r.Key) {
		return c.say("refused.422.title")
	}
	args := make([]any, 0, 2*len(r.Args))
	for name, v := range r.Args {
		args = append(args, name, v)
	}
	return c.say(r.Key, args...)
}

// identifier matches what identifiers look like, to keep them out of logs.
var identifier = regexp.MustCompile(`\b[A-Z2-7]{26}\b`)

// fault logs what went wrong under a number that the reader may quote, and returns the number.
func (s *Server) fault(r *http.Request, err error) string {
	incident := rand.Text()[:8]
	s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "web.fault",
		slog.String("incident", incident),
		slog.String("route", r.Pattern),
		slog.String("error", identifier.ReplaceAllString(err.Error(), "…")))
	return incident
}

// rescue turns a panic into a fault.
func (s *Server) rescue(w http.ResponseWriter, r *http.Request) {
	if p := recover(); p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "web.panic", slog.String("stack", string(debug.Stack())))
		s.answer(w, r, http.StatusInternalServerError, nil, s.fault(r, errors.New("panic")))
	}
}

// wantsJSON reports whether a script asks: it says so in Accept.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

// sendJSON sends v; it is for values that cannot fail to be written.
func sendJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	sendPacked(w, r, status, b)
}
