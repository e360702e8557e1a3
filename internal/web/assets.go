package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/territory"
)

//go:embed all:static
var static embed.FS

// sealingModule is the browser's half, built from cmd/coffre before the hub; sealed pages need it and its loader.
const sealingModule, sealingLoader = "coffre.wasm", "wasm_exec.js"

// An asset is one file of static/, under two addresses: /static/name, checked at each use, and /static/<hash>/name, kept
// for ever because the bytes can never change.
type asset struct {
	name, hash, kind string
	body             io.ReaderAt // embedded files are read where they lie in the program
	size             int64
	packed           func() []byte // gzip of body, nil when packing gains nothing; made beside the file at build, else once
}

// assets are the embedded files by name.
type assets map[string]*asset

// loadAssets reads static/. A file name.gz is the packed form of name, made by the build.
func loadAssets() (assets, error) {
	all := make(assets)
	files, err := fs.ReadDir(static, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() || strings.HasSuffix(f.Name(), ".gz") {
			continue
		}
		if err := all.embedded(f.Name()); err != nil {
			return nil, err
		}
		if gz, err := static.ReadFile(path.Join("static", f.Name()+".gz")); err == nil {
			all[f.Name()].packed = func() []byte { return gz }
		}
	}
	all.link()
	// What scripts say, they take from the catalogue too.
	for _, lang := range Langs {
		c, err := loadedCatalogue(lang)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(c.said)
		if err != nil {
			return nil, err
		}
		all.made(sentencesFor(lang), body)
	}
	// The browser's half searches communes by itself: it reads the archive that the hub embeds, packed already.
	all.made(communesArchive, territory.Archive())
	all[communesArchive].packed = func() []byte { return nil }
	return all, nil
}

// embedded adds a file of static/.
func (a assets) embedded(name string) error {
	f, err := static.Open(path.Join("static", name))
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	body, ok := f.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("static/%s cannot be read in place", name)
	}
	return a.add(name, body, info.Size())
}

// made adds bytes under a name.
func (a assets) made(name string, body []byte) {
	_ = a.add(name, bytes.NewReader(body), int64(len(body))) // memory does not fail
}

// add puts body under name, to be packed once when it is first asked for.
func (a assets) add(name string, body io.ReaderAt, size int64) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(body, 0, size)); err != nil {
		return err
	}
	a[name] = &asset{
		name: name, hash: hex.EncodeToString(sum.Sum(nil)[:8]), kind: kindOf(name), body: body, size: size,
		packed: sync.OnceValue(func() []byte { return pack(body, size) }),
	}
	return nil
}

// bytes returns the whole body.
func (f *asset) bytes() []byte {
	b := make([]byte, f.size)
	_, _ = f.body.ReadAt(b, 0) // memory does not fail
	return b
}

// sentencesFor returns the name under which the catalogue of a language is served.
func sentencesFor(lang Lang) string { return "sentences." + string(lang) + ".json" }

// communesArchive is the name under which the archive of communes is served.
const communesArchive = "communes.archive"

// checkSealing refuses to go on without the browser's half, by name.
func (a assets) checkSealing() error {
	for _, name := range []string{sealingModule, sealingLoader} {
		if _, ok := a[name]; !ok {
			return ailleurs.RefuseAs(ailleurs.Unavailable, "web.module_missing", name, "file", name)
		}
	}
	return nil
}

// coffre returns the addresses of the sealing worker, its module and the communes, or nothing where they were not built.
func (a assets) coffre() string {
	if a.checkSealing() != nil {
		return ""
	}
	return a.url("coffre-worker.js") + " " + a.url(sealingModule) + " " + a.url(communesArchive)
}

// url returns the address that may be kept for ever; empty for a file that is not there.
func (a assets) url(name string) string {
	if f, ok := a[name]; ok {
		return "/static/" + f.hash + "/" + name
	}
	return ""
}

// serve answers GET /static/{name} and GET /static/{hash}/{name}.
func (a assets) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := a[r.PathValue("name")]
	hash := r.PathValue("hash")
	if !ok || hash != "" && hash != f.hash {
		return notFound()
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", `"`+f.hash+`"`)
	h.Add("Vary", "Accept-Encoding")
	if hash == "" {
		h.Set("Cache-Control", "no-cache")
	} else {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+f.hash+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if acceptsGzip(r) {
		if gz := f.packed(); gz != nil {
			h.Set("Content-Encoding", "gzip")
			send(w, r, http.StatusOK, gz)
			return nil
		}
	}
	h.Set("Content-Length", strconv.FormatInt(f.size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, io.NewSectionReader(f.body, 0, f.size))
	}
	return nil
}

// kindOf returns the media type of a file name.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
			return kind
		}
		return "application/octet-stream"
	}
}

// pack returns body gzipped, or nil when that is not smaller.
func pack(body io.ReaderAt, size int64) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := io.Copy(z, io.NewSectionReader(body, 0, size)); err != nil {
		return nil
	}
	if err := z.Close(); err != nil || int64(b.Len()) >= size {
		return nil
	}
	return b.Bytes()
}

// acceptsGzip reports whether the client reads gzip.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
