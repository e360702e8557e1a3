package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"mime"
	"net/http"
	"strings"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/alliance"
)

// What scripts and the hub say to each other is JSON, in a body of its own media type, which another site's form cannot
// send. A success is an answer or {"location": "/…"}; a refusal is {"refusal": {key, field, args, text}}.

// readScript reads the body of a script's question into T. An unknown field is refused: nothing is sent that is not asked.
func readScript[T any](r *http.Request) (T, error) {
	var v T
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return v, ailleurs.Refuse("web.malformed", "")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return v, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, ailleurs.Refuse("web.malformed", "")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, ailleurs.Refuse("web.malformed", "")
	}
	return v, nil
}

// heard is the alliance and what a script asks of it.
func heard[In any](s *Server, r *http.Request) (*alliance.Alliance, In, error) {
	var none In
	a, err := s.doors()
	if err != nil {
		return nil, none, err
	}
	in, err := readScript[In](r)
	return a, in, err
}

// answers has the alliance answer what a script asks.
func answers[In, Out any](s *Server, w http.ResponseWriter, r *http.Request, answer func(*alliance.Alliance, In) (Out, error)) error {
	a, in, err := heard[In](s, r)
	if err != nil {
		return err
	}
	out, err := answer(a, in)
	if err != nil {
		return err
	}
	sendJSON(w, r, http.StatusOK, out)
	return nil
}

// goOn tells a script where its page goes next; key, when there is one, is said there once.
func goOn(w http.ResponseWriter, r *http.Request, path, key string) error {
	if key != "" {
		setCookie(w, saidCookie, key, 60)
	}
	sendJSON(w, r, http.StatusOK, map[string]string{"location": path})
	return nil
}

// settle ends a POST that a script or a plain form may have sent.
func settle(w http.ResponseWriter, r *http.Request, path, key string) error {
	if wantsJSON(r) {
		return goOn(w, r, path, key)
	}
	return redirect(w, r, path, key)
}

// data writes v for the page's script, as <script type="application/json" id="ID">: text that nothing runs.
func data(id string, v any) (template.HTML, error) {
	b, err := json.Marshal(v) // escapes <, > and &, so that no value can end the element
	if err != nil {
		return "", err
	}
	return template.HTML(`<script type="application/json" id="` + template.HTMLEscapeString(id) + `">` + string(b) + `</script>`), nil //nolint:gosec // escaped
}

// device says what a browser is in two words, for the list of one's own sessions: "Firefox, Linux".
func device(r *http.Request) string {
	agent := r.UserAgent()
	pick := func(pairs ...string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := pick("Edg", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS/", "Firefox", "CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := pick("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return ""
	case browser == "" || system == "":
		return browser + system
	}
	return browser + ", " + system
}
