package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed all:templates
var templates embed.FS

// A Page is a template of templates/ with the one type of view that fits it. Its name gives the file (name.html) and the
// key of its title (name.title).
type Page[V any] struct{ name string }

// pages lists every page with the zero view that its template is checked against.
var pages []anyPage

type anyPage struct {
	name string
	zero any
}

// newPage declares a page; call it once, in a package variable beside the view.
func newPage[V any](name string) Page[V] {
	pages = append(pages, anyPage{name, *new(V)})
	return Page[V]{name}
}

// titled is a view that names its own title, for pages that say several things (refusals).
type titled interface{ titleKey() string }

// sealing is a view of a public page that needs the sealing worker; pages of a session always have it.
type sealing interface{ seals() }

// refreshing is a view that looks again by itself, where no script does.
type refreshing interface {
	again() (after time.Duration, address string)
}

// A frame is what stands around a page: the layout's view.
type frame struct {
	Lang    Lang
	Other   Lang // what the language switch offers
	Name    string
	Title   string
	Path    string // of this page, for the language switch
	Public  bool
	Demo    bool
	Viewer  Viewer
	SignOut bool
	Nav     []navLink
	Danger  string // address of the page for when someone is in danger
	Rings   string // address of an alert that rings for the viewer
	Seconds int    // until the session ends; 0 without one
	Said    string // what the last action did
	Says    string // address of this language's sentences, for scripts
	Coffre  string // addresses of the sealing worker and its module, on pages that seal; empty on the others
	Again   string // for browsers without scripts: after how many seconds the page is asked for anew, and where
	Main    template.HTML
}

type navLink struct {
	Href, Label string
	Here        bool
}

// A voice is one language ready to render: its catalogue and every template bound to it.
type voice struct {
	*catalogue
	layout *template.Template
	pages  map[string]*template.Template
}

// loadVoice parses the templates for one language. Every file that starts with "_" is shared by all
// pages, and so are those of tasks/, one for each task of a case.
func loadVoice(lang Lang, files assets) (*voice, error) {
	c, err := loadedCatalogue(lang)
	if err != nil {
		return nil, err
	}
	icons, err := loadIcons()
	if err != nil {
		return nil, err
	}
	funcs := template.FuncMap{
		"t": c.say, "rich": c.rich, "date": c.date, "day": c.day, "hour": c.hour, "number": c.number, "clock": c.clock,
		"datetime": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"asset":    files.url,
		"icon":     icons.draw,
		"lang":     func() string { return string(lang) },
		"data":     data,
		"step":     stepOf,
	}
	shared, err := template.New("shared").Funcs(funcs).Option("missingkey=error").ParseFS(templates, "templates/_*.html", "templates/tasks/*.html")
	if err != nil {
		return nil, err
	}
	v := &voice{catalogue: c, pages: make(map[string]*template.Template)}
	names, err := fs.Glob(templates, "templates/[^_]*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if v.pages[pageName(name)], err = parseInto(shared, name, nil); err != nil {
			return nil, err
		}
	}
	// Prose is written per language, in one file a page, and typeset here as sentences are.
	prose, err := fs.Glob(sentences, path.Join("i18n", string(lang), "*.html"))
	if err != nil {
		return nil, err
	}
	for _, name := range prose {
		if v.pages[pageName(name)], err = parseInto(shared, name, func(s string) string { return typesetHTML(lang, s) }); err != nil {
			return nil, err
		}
	}
	v.layout = shared.Lookup("_layout.html")
	return v, nil
}

func pageName(file string) string { return strings.TrimSuffix(path.Base(file), ".html") }

// parseInto parses one page into the set of all, in which every template has a name of its own.
func parseInto(shared *template.Template, name string, edit func(string) string) (*template.Template, error) {
	var from fs.FS = templates
	if edit != nil {
		from = sentences
	}
	b, err := fs.ReadFile(from, name)
	if err != nil {
		return nil, err
	}
	text := string(b)
	if edit != nil {
		text = edit(text)
	}
	if shared.Lookup(pageName(name)) != nil {
		return nil, fmt.Errorf("two templates are called %s", pageName(name))
	}
	return shared.New(pageName(name)).Parse(text)
}

// typesetHTML sets no-break spaces in the text of a page, leaving tags and template actions alone.
func typesetHTML(lang Lang, s string) string {
	var b strings.Builder
	for s != "" {
		end := strings.IndexAny(s, "<{")
		if end < 0 {
			b.WriteString(typeset(lang, s))
			break
		}
		b.WriteString(typeset(lang, s[:end]))
		s = s[end:]
		closing := ">"
		if s[0] == '{' {
			closing = "}}"
		}
		stop := strings.Index(s, closing)
		if stop < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:stop+len(closing)])
		s = s[stop+len(closing):]
	}
	return b.String()
}

// show renders page with view, whole, then sends it.
func show[V any](s *Server, w http.ResponseWriter, r *http.Request, page Page[V], view V) error {
	return showAs(s, w, r, http.StatusOK, page, view)
}

// showAs is show with a status, for forms that come back with their problems (422).
func showAs[V any](s *Server, w http.ResponseWriter, r *http.Request, status int, page Page[V], view V) error {
	v := visitOf(r)
	voice := s.voices[v.lang]
	t, ok := voice.pages[page.name]
	if !ok {
		return fmt.Errorf("no template for the page %s", page.name)
	}
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	if err := t.Execute(body, view); err != nil {
		return fmt.Errorf("render %s: %w", page.name, err)
	}
	title := page.name + ".title"
	if v, ok := any(view).(titled); ok {
		title = v.titleKey()
	}
	f := s.frame(w, r, v)
	if _, ok := any(view).(sealing); ok || !f.Public {
		f.Coffre = s.assets.coffre()
	}
	f.Name, f.Main = page.name, template.HTML(body.String()) //nolint:gosec // just rendered by html/template
	if v, ok := any(view).(refreshing); ok {
		after, address := v.again()
		f.Again = fmt.Sprintf("%d; url=%s", int(after/time.Second), address)
	}
	f.Title = voice.say(title)
	if status == http.StatusUnprocessableEntity {
		f.Title = voice.say("layout.error_in", "title", f.Title)
	}
	body.Reset()
	if err := voice.layout.Execute(body, f); err != nil {
		return fmt.Errorf("render the layout: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.lang))
	level := closely
	if !f.Public { // most of it is sealed, and noise does not shrink
		level = quickly
	}
	sendAs(w, r, status, body.Bytes(), level)
	return nil
}

// frame gathers what stands around the page.
func (s *Server) frame(w http.ResponseWriter, r *http.Request, v *visit) frame {
	f := frame{
		Lang: v.lang, Other: English, Path: r.URL.Path, Demo: s.cfg.Demo, Viewer: v.viewer,
		Public: v.viewer.Agent == "", Says: s.assets.url(sentencesFor(v.lang)),
	}
	if v.lang == English {
		f.Other = French
	}
	if r.Method != http.MethodGet {
		f.Path = "/"
	}
	f.Danger, f.Rings = s.danger(r, v)
	if !f.Public {
		f.Seconds = max(1, int(v.viewer.Ends.Sub(v.at)/time.Second))
		for _, item := range s.nav {
			if item.who.admits(v.viewer) {
				href := item.path()
				f.Nav = append(f.Nav, navLink{href, s.voices[v.lang].say(item.navKey), here(r.URL.Path, href)})
			}
		}
	}
	if key := takeSaid(w, r); key != "" && s.voices[v.lang].has(key) {
		f.Said = s.voices[v.lang].say(key)
	}
	return f
}

// here reports whether path is the place href leads to, or below it.
func here(path, href string) bool {
	return path == href || href != "/" && strings.HasPrefix(path, href+"/")
}

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	// How pages are packed: with repeats found, or by the frequency of letters alone, at a third of the cost.
	closely = packersOf(gzip.BestSpeed)
	quickly = packersOf(gzip.HuffmanOnly)
)

func packersOf(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(nil, level)
		if err != nil {
			panic(err) // the level is a constant
		}
		return z
	}}
}

// sendPacked sends body, gzipped for clients that read it when it is worth it.
func sendPacked(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	sendAs(w, r, status, body, closely)
}

func sendAs(w http.ResponseWriter, r *http.Request, status int, body []byte, packers *sync.Pool) {
	w.Header().Add("Vary", "Accept-Encoding")
	if len(body) < 1<<10 || !acceptsGzip(r) {
		send(w, r, status, body)
		return
	}
	packed := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(packed)
	packed.Reset()
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(packed)
	if _, err := z.Write(body); err != nil || z.Close() != nil {
		send(w, r, status, body) // a buffer does not fail; plain is right all the same
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	send(w, r, status, packed.Bytes())
}

// send writes a whole answer. What a client that went away misses is not our fault to log.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
