package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A Visitor is one person at one browser: a profile of their own, one tab.
type Visitor struct {
	Ctx    context.Context // a chromedp context, for what the methods below do not do
	Origin string

	t       testing.TB
	mu      sync.Mutex
	errors  []string
	allowed []string
}

// patience bounds every wait for a page, and for the browser itself: long enough for a machine that does much else. What
// never comes is reported then; what comes is not waited for a moment longer.
const patience = 3 * time.Minute

// Visit opens a browser profile of its own onto the hub at origin.
func Visit(t testing.TB, origin string) *Visitor {
	t.Helper()
	v := &Visitor{Origin: origin, t: t}
	ctx, stop := chromedp.NewContext(start(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(v.hear))
	t.Cleanup(stop)
	v.Ctx = ctx
	v.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "fr-FR"})
		return err
	}))
	v.Size(360, 740)
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, e := range v.errors {
			t.Errorf("the page complains: %s", e)
		}
	})
	return v
}

// hear keeps what a page must not say: errors, exceptions, breaches of the policy.
func (v *Visitor) hear(ev any) {
	var said string
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || strings.Contains(e.Entry.Text, "Content Security Policy") {
			said = e.Entry.Text + " " + e.Entry.URL
		}
	case *runtime.EventConsoleAPICalled:
		if string(e.Type) == "error" || string(e.Type) == "assert" {
			b, _ := json.Marshal(e.Args)
			said = string(b)
		}
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
		if o := e.ExceptionDetails.Exception; o != nil {
			said += " " + o.Description
		}
	}
	if said == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, a := range v.allowed {
		if strings.Contains(said, a) {
			return
		}
	}
	v.errors = append(v.errors, said)
}

// Allow lets complaints that contain text pass from now on: a page that is meant to answer 404 makes one.
func (v *Visitor) Allow(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.allowed = append(v.allowed, text)
}

// Complaints returns what the page said so far, and forgets it: for tests that want an error.
func (v *Visitor) Complaints() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	said := v.errors
	v.errors = nil
	return said
}

// Do runs steps; an error ends the test.
func (v *Visitor) Do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.Ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// Go opens a path of the hub and waits until it has loaded.
func (v *Visitor) Go(path string) {
	v.t.Helper()
	v.Do(chromedp.Navigate(v.Origin + path))
}

// Size sets the window, in CSS pixels.
func (v *Visitor) Size(width, height int64) {
	v.t.Helper()
	v.Do(chromedp.EmulateViewport(width, height))
}

// Prefers sets media features: Prefers("prefers-color-scheme", "dark", "prefers-contrast", "more").
func (v *Visitor) Prefers(features ...string) {
	v.t.Helper()
	p := emulation.SetEmulatedMediaParams{}
	for i := 0; i+1 < len(features); i += 2 {
		p.Features = append(p.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(v.Ctx, emulation.SetEmulatedMedia, p); err != nil {
		v.t.Fatal(err)
	}
}

// Script turns the page's own scripts on or off, from the next page on.
func (v *Visitor) Script(on bool) {
	v.t.Helper()
	if _, err := chromedp.Call(v.Ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		v.t.Fatal(err)
	}
}

// Click clicks the first element of a CSS selector, once it is there to be seen.
func (v *Visitor) Click(selector string) {
	v.t.Helper()
	v.within(selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type types into the first element of a CSS selector.
func (v *Visitor) Type(selector, text string) {
	v.t.Helper()
	v.within(selector, chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// Keys types where the focus is.
func (v *Visitor) Keys(keys string) {
	v.t.Helper()
	v.Do(chromedp.KeyEvent(keys))
}

// Enter presses the Enter key as a keyboard does: one event down, with its character, so that a page that takes the key for
// itself keeps the form from being sent. (Keys sends the character as an event of its own.)
func (v *Visitor) Enter() {
	v.t.Helper()
	for _, e := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13},
		{Type: input.DispatchKeyEventTypeKeyUp, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13},
	} {
		if _, err := chromedp.Call(v.Ctx, input.DispatchKeyEvent, e); err != nil {
			v.t.Fatal(err)
		}
	}
}

// See waits until an element of a CSS selector is visible.
func (v *Visitor) See(selector string) {
	v.t.Helper()
	v.within(selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Text returns the text of the first element of a CSS selector.
func (v *Visitor) Text(selector string) string {
	v.t.Helper()
	return Eval[string](v, fmt.Sprintf("document.querySelector(%s)?.innerText ?? ''", quote(selector)))
}

// Location returns the path of the page.
func (v *Visitor) Location() string {
	v.t.Helper()
	return Eval[string](v, "location.pathname")
}

// Until waits for a JavaScript expression to become true, across navigations.
func (v *Visitor) Until(expression string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.Ctx, patience)
	defer cancel()
	for {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && yes {
			return
		}
		select {
		case <-ctx.Done():
			v.t.Fatalf("%s never came true on %s (%v)", expression, v.Location(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// within runs a step that waits for selector, for no longer than patience.
func (v *Visitor) within(selector string, step chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.Ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, step); err != nil {
		v.t.Fatalf("%s on %s: %v", selector, v.Location(), err)
	}
}

// Eval returns the value of a JavaScript expression, awaited when it is a promise.
func Eval[T any](v *Visitor, expression string) T {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.Ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(b)
}
