package web

import (
	"io/fs"
	"path"
	"regexp"
	"testing"

	"github.com/jba/templatecheck"
)

func TestEveryTemplateFitsItsView(t *testing.T) {
	files, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range Langs {
		v, err := loadVoice(lang, files)
		if err != nil {
			t.Fatal(err)
		}
		if err := templatecheck.CheckHTMLStrict(v.layout, frame{}); err != nil {
			t.Errorf("%s: layout: %v", lang, err)
		}
		declared := make(map[string]bool)
		for _, p := range pages {
			if declared[p.name] {
				t.Errorf("page %s is declared twice", p.name)
			}
			declared[p.name] = true
			tmpl, ok := v.pages[p.name]
			if !ok {
				t.Errorf("%s: page %s has no template", lang, p.name)
				continue
			}
			if err := templatecheck.CheckHTMLStrict(tmpl, p.zero); err != nil {
				t.Errorf("%s: %s: %v", lang, p.name, err)
			}
		}
		for name := range v.pages {
			if !declared[name] {
				t.Errorf("template %s belongs to no page", name)
			}
		}
		for part, zero := range map[string]any{
			"field": Field{}, "errors": []Problem{}, "clock": Clock{}, "empty": Empty{}, "pager": Pager{},
			"stepper": Stepper{}, "tabs": []Tab{}, "map": mapView{}, "or-missing": "",
		} {
			if err := templatecheck.CheckHTMLStrict(v.layout.Lookup(part), zero); err != nil {
				t.Errorf("%s: part %s: %v", lang, part, err)
			}
		}
	}
}

func TestEveryIconThatATemplateDrawsExists(t *testing.T) {
	all, err := loadIcons()
	if err != nil {
		t.Fatal(err)
	}
	drawn := regexp.MustCompile(`\bicon "([^"]+)"`)
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := fs.Glob(templates, "templates/tasks/*.html")
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no tasks: %v", err)
	}
	for _, name := range append(names, tasks...) {
		b, err := templates.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range drawn.FindAllStringSubmatch(string(b), -1) {
			if _, err := all.draw(found[1]); err != nil {
				t.Errorf("%s: %v", path.Base(name), err)
			}
		}
	}
}

// The policy forbids them in the browser; better to know here, with a line number.
func TestNoTemplateHoldsInlineStyleOrScript(t *testing.T) {
	inline := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|<script(?:[^>]*)>[^<]|https?://[^"]*\.(?:js|css|png|svg|woff2?)`)
	for _, where := range []struct {
		files embedded
		glob  string
	}{{templates, "templates/*.html"}, {templates, "templates/tasks/*.html"}, {sentences, "i18n/*/*.html"}} {
		names, err := fs.Glob(where.files, where.glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := where.files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if found := inline.FindString(string(b)); found != "" {
				t.Errorf("%s holds %q", name, found)
			}
		}
	}
}
