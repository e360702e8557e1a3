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
	body             func() body
	packed           func() *body // gzip of body, nil when packing gains nothing; made by the build, else once
}

// A body is bytes that are read where they lie: those of embedded files, in the program.
type body struct {
	io.ReaderAt
	size int64
}

func inMemory(b []byte) body { return body{bytes.NewReader(b), int64(len(b))} }

func (b body) reader() io.Reader { return io.NewSectionReader(b, 0, b.size) }

// assets are the embedded files by name.
type assets map[string]*asset

// loadAssets reads static/. A file name.gz is the packed form of name, made by the build, which leaves name itself out:
// whoever does not read gzip gets it unpacked.
func loadAssets() (assets, error) {
	all := make(assets)
	files, err := fs.ReadDir(static, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := fileOf(f.Name())
		if err != nil {
			return nil, err
		}
		if name, packed := strings.CutSuffix(f.Name(), ".gz"); packed {
			err = all.addPacked(name, b)
		} else {
			err = all.add(f.Name(), b)
		}
		if err != nil {
			return nil, err
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
	all[communesArchive].packed = func() *body { return nil }
	return all, nil
}

// fileOf returns a file of static/.
func fileOf(name string) (body, error) {
	f, err := static.Open(path.Join("static", name))
	if err != nil {
		return body{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return body{}, err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return body{}, fmt.Errorf("static/%s cannot be read in place", name)
	}
	return body{at, info.Size()}, nil
}

// made adds bytes under a name.
func (a assets) made(name string, b []byte) {
	_ = a.add(name, inMemory(b)) // memory does not fail
}

// add puts b under name, to be packed once when it is first asked for.
func (a assets) add(name string, b body) error {
	return a.put(name, b, func() body { return b }, sync.OnceValue(func() *body { return pack(b) }))
}

// addPacked puts what gz holds under name, to be unpacked once when somebody asks for it so.
func (a assets) addPacked(name string, gz body) error {
	if _, err := gzip.NewReader(gz.reader()); err != nil {
		return fmt.Errorf("static/%s.gz: %w", name, err)
	}
	return a.put(name, gz, sync.OnceValue(func() body { return unpack(gz) }), func() *body { return &gz })
}

// put adds an asset with the hash of the bytes that tell it apart.
func (a assets) put(name string, told body, plain func() body, packed func() *body) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, told.reader()); err != nil {
		return err
	}
	a[name] = &asset{name, hex.EncodeToString(sum.Sum(nil)[:8]), kindOf(name), plain, packed}
	return nil
}

// bytes returns the whole body.
func (f *asset) bytes() []byte {
	b := make([]byte, f.body().size)
	_, _ = f.body().ReadAt(b, 0) // memory does not fail
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
	tag := `W/"` + f.hash + `"` // weak: packed or not, it says the same
	h.Set("ETag", tag)
	h.Set("Vary", "Accept-Encoding") // not by whom, nor in which language: what one session has fetched serves the next
	if hash == "" {
		h.Set("Cache-Control", "no-cache")
	} else {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	var b body
	if gz := f.packed(); gz != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		b = *gz
	} else {
		b = f.body()
	}
	h.Set("Content-Length", strconv.FormatInt(b.size, 10))
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, b.reader())
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

// pack returns b gzipped, or nil when that is not smaller.
func pack(b body) *body {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := io.Copy(z, b.reader()); err != nil {
		return nil
	}
	if err := z.Close(); err != nil || int64(packed.Len()) >= b.size {
		return nil
	}
	gz := inMemory(packed.Bytes())
	return &gz
}

// unpack is pack's inverse, for what the build has packed.
func unpack(gz body) body {
	z, err := gzip.NewReader(gz.reader())
	if err != nil {
		panic(err) // addPacked has read its header
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		panic(err) // the program itself is damaged
	}
	return inMemory(plain)
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
