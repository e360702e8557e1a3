// Package browser drives Ailleurs as people do: a real Chromium without a window, one profile per visitor, against a hub
// served in the same process. Nothing here is part of a release; it has a go.mod of its own.
//
//	v := browser.Visit(t, origin)        // a visitor: own cookies, own storage, own keys
//	v.Size(360, 740)
//	v.Go("/entrer")
//	v.Click("#passkey + p + form button")
//	v.Accessible("after signing in")     // axe-core: 0 violations
//	v.Shot("inbox")                      // docs/screens/inbox.png when -screens is given
//
// A visit fails its test when the page wrote an error to the console or broke the content security policy.
package browser

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Path is where Debian puts Chromium; AILLEURS_CHROMIUM names another.
func path() string {
	if p := os.Getenv("AILLEURS_CHROMIUM"); p != "" {
		return p
	}
	if p, err := exec.LookPath("chromium"); err == nil {
		return p
	}
	return "/usr/bin/chromium"
}

// chromium is the one browser of a test run, started at the first visit.
var chromium struct {
	sync.Mutex
	ctx  context.Context
	stop []func()
}

// start returns the running browser's context.
func start(t testing.TB) context.Context {
	t.Helper()
	if _, err := exec.LookPath(path()); err != nil {
		missing(t, "Chromium is not installed: apt-get install chromium")
	}
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	profile, err := os.MkdirTemp("", "ailleurs-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path()),
		chromedp.UserDataDir(profile),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("accept-lang", "fr-FR,fr"),
		chromedp.WSURLReadTimeout(patience),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	chromium.stop = append(chromium.stop, stop, stopAllocator, func() { _ = os.RemoveAll(profile) })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	chromium.ctx = ctx
	return ctx
}

// Run runs the tests, then stops the browser; TestMain calls it.
func Run(m *testing.M) int {
	code := m.Run()
	for _, stop := range chromium.stop {
		stop()
	}
	return code
}

// missing skips a test that lacks a tool, loudly; where CI=true it fails.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skipf("\n*** NOT TESTED *** %s", what)
}
