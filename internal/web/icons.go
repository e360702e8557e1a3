package web

import (
	"encoding/xml"
	"fmt"
	"html/template"
)

// icons are the signs of the screens by name, from templates/icons.svg: line drawings on a grid of 24, always beside words.
type icons map[string]template.HTML

// loadIcons reads the symbols of the sheet.
func loadIcons() (icons, error) {
	b, err := templates.ReadFile("templates/icons.svg")
	if err != nil {
		return nil, err
	}
	var sheet struct {
		Symbols []struct {
			ID    string `xml:"id,attr"`
			Inner string `xml:",innerxml"`
		} `xml:"symbol"`
	}
	if err := xml.Unmarshal(b, &sheet); err != nil {
		return nil, fmt.Errorf("icons.svg: %w", err)
	}
	all := make(icons, len(sheet.Symbols))
	for _, s := range sheet.Symbols {
		all[s.ID] = template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + s.Inner + `</svg>`) //nolint:gosec // embedded
	}
	return all, nil
}

// draw returns the sign name; an unknown one is an error.
func (i icons) draw(name string) (template.HTML, error) {
	if svg, ok := i[name]; ok {
		return svg, nil
	}
	return "", fmt.Errorf("no icon %q", name)
}
