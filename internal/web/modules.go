package web

import (
	"regexp"
	"slices"
	"strings"
)

// importing matches how one script of static/ names another: import … from "./coffre.js", or by its plain address.
var importing = regexp.MustCompile(`(\bfrom\s*|\bimport\s*\(?\s*)(["'])(?:\./|/static/)([a-z_-]+\.m?js)(["'])`)

// link has every script name the scripts it needs by the address that may be kept for ever, so that a module is loaded
// once, whoever asks, and never asked for again. What a script needs is linked before it; scripts that need each other
// keep the plain address, as does the tool chain's own loader.
func (a assets) link() {
	done := make(map[string]bool)
	var one func(name string, above []string)
	one = func(name string, above []string) {
		f, ok := a[name]
		if !ok || done[name] || slices.Contains(above, name) || name == sealingLoader {
			return
		}
		text := string(f.bytes())
		for _, found := range importing.FindAllStringSubmatch(text, -1) {
			one(found[3], append(above, name))
		}
		linked := importing.ReplaceAllStringFunc(text, func(found string) string {
			part := importing.FindStringSubmatch(found)
			if _, ok := a[part[3]]; !ok || slices.Contains(above, part[3]) || part[3] == name {
				return found
			}
			return part[1] + part[2] + a.url(part[3]) + part[4]
		})
		if linked != text {
			a.made(name, []byte(linked))
		}
		done[name] = true
	}
	for _, name := range a.scripts() {
		one(name, nil)
	}
}

// scripts lists the scripts by name.
func (a assets) scripts() []string {
	var names []string
	for name := range a {
		if strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".mjs") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
