package browser

import (
	"flag"
	"os"
	"path/filepath"

	"github.com/chromedp/chromedp"
)

var screens = flag.Bool("screens", false, "write the pictures of docs/screens")

// Shot keeps a picture of the whole page as docs/screens/name.png, when the flag -screens is given.
func (v *Visitor) Shot(name string) {
	v.t.Helper()
	if !*screens {
		return
	}
	Eval[bool](v, "document.fonts.ready.then(() => true)")
	png, err := chromedp.Run(v.Ctx, chromedp.FullScreenshot(100))
	if err != nil {
		v.t.Fatal(err)
	}
	dir := filepath.Join(here(), "..", "..", "docs", "screens")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		v.t.Fatal(err)
	}
}
