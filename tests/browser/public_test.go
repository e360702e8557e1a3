package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"codeberg.org/ailleurs/ailleurs/internal/web"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

// presence is a fictitious alliance on the real map.
func presence(context.Context) (map[string]int, error) {
	return map[string]int{
		"69": 6, "33": 5, "59": 7, "13": 4, "31": 3, "44": 3, "35": 2, "67": 3, "06": 2, "34": 2, "38": 4, "76": 2, "29": 2, "63": 1, "21": 1, "87": 1,
		"86": 1, "37": 2, "45": 1, "51": 1, "54": 2, "57": 1, "62": 2, "80": 1, "14": 1, "72": 1, "49": 2, "17": 1, "64": 2, "66": 1, "30": 1, "26": 1,
		"42": 2, "74": 1, "2A": 1, "974": 2, "972": 1, "15": 1, "12": 1,
	}, nil
}

// hub serves the public pages of a demonstration.
func hub(t *testing.T, change func(*web.Config)) string {
	t.Helper()
	return Serve(t, func(origin string) http.Handler {
		cfg := web.Config{Origin: origin, Now: time.Now, Demo: true, Presence: presence, PublicOnly: true}
		if change != nil {
			change(&cfg)
		}
		s, err := web.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// public lists the pages that everyone may read, and the name of their picture.
var public = []struct{ path, name string }{
	{"/", "home"},
	{"/adhesion", "adhesion"},
	{"/entrer", "entrer"},
	{"/urgence", "urgence"},
	{"/aide", "aide"},
	{"/accessibilite", "accessibilite"},
	{"/mentions-legales", "mentions-legales"},
	{"/confidentialite", "confidentialite"},
	{"/plan-du-site", "plan-du-site"},
	{"/nulle-part", "404"},
}

func TestPublicPagesAreOpenToAll(t *testing.T) {
	origin := hub(t, nil)
	v := Visit(t, origin)
	v.Allow("status of 404")
	for _, page := range public {
		for _, scheme := range []string{"light", "dark"} {
			v.Prefers("prefers-color-scheme", scheme)
			for _, width := range []int64{360, 1280} {
				v.Size(width, 800)
				v.Go(page.path)
				when := fmt.Sprintf("%s, %d px, %s", page.path, width, scheme)
				v.Accessible(when)
				v.Fits(when)
				v.Tall(when)
				switch {
				case scheme == "light" && width == 360:
					v.Shot(page.name + "-phone")
				case scheme == "light":
					v.Shot(page.name)
				case page.path == "/" && width == 1280:
					v.Shot(page.name + "-dark")
				}
			}
		}
		v.Prefers("prefers-color-scheme", "light", "prefers-contrast", "more")
		v.Size(320, 640)
		v.Go(page.path)
		v.Fits(page.path + ", 320 px")
		v.Accessible(page.path + ", more contrast")
		// Text at 200 %: the root doubles, as a reader's own setting would.
		v.Size(640, 800)
		Eval[bool](v, "document.documentElement.style.fontSize = '212.5%', true")
		v.Fits(page.path + ", text at 200 %")
	}
}

func TestEnglishPagesAreOpenToAll(t *testing.T) {
	v := Visit(t, hub(t, nil))
	v.Go("/aide")
	v.Click("footer form button")
	v.Until(`document.documentElement.lang === "en"`)
	if got := v.Location(); got != "/aide" {
		t.Errorf("choosing a language leads to %s", got)
	}
	v.Allow("status of 404")
	for _, page := range public {
		v.Go(page.path)
		v.Until(`document.documentElement.lang === "en"`)
		v.Accessible(page.path + " in English")
		v.Fits(page.path + " in English")
	}
}
