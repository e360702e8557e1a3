package powercut

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// sector is what a disk writes in one go, or tears.
const sector = 512

// An op is one thing that happened, in the order of all that happened.
type op struct {
	file string
	kind opKind
	off  int64  // of a write; the size of a truncation
	data []byte // of a write
	ack  string // of an acknowledgement
}

type opKind int

const (
	write opKind = iota
	truncate
	remove
	syncFile
	syncDirectory
	acknowledge
)

// A recorder is a file system of SQLite that passes everything on to the real one and remembers it.
type recorder struct {
	vfs.VFS
	mu  sync.Mutex
	ops []op
}

func (r *recorder) add(o op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, o)
}

// OpenFilename implements vfs.VFSFilename.
func (r *recorder) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, out, err := r.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil || name == nil {
		return f, out, err
	}
	fresh := flags&vfs.OPEN_CREATE != 0 && flags&(vfs.OPEN_MAIN_JOURNAL|vfs.OPEN_SUPER_JOURNAL|vfs.OPEN_WAL) != 0
	return &recorded{File: f, r: r, name: filepath.Base(name.String()), directory: fresh}, out, nil
}

// Delete implements vfs.VFS.
func (r *recorder) Delete(name string, syncDir bool) error {
	err := r.VFS.Delete(name, syncDir)
	if err == nil {
		r.add(op{file: filepath.Base(name), kind: remove})
		if syncDir {
			r.add(op{kind: syncDirectory})
		}
	}
	return err
}

// recorded is one open file.
type recorded struct {
	vfs.File
	r         *recorder
	name      string
	directory bool // a new journal: its first sync syncs the directory, as SQLite's own file layer does
}

func (f *recorded) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	f.r.add(op{file: f.name, kind: write, off: off, data: append([]byte(nil), p[:n]...)})
	return n, err
}

func (f *recorded) Truncate(size int64) error {
	err := f.File.Truncate(size)
	if err == nil {
		f.r.add(op{file: f.name, kind: truncate, off: size})
	}
	return err
}

// Sync counts only once it has returned. The real file need not be synced: nobody cuts its power.
func (f *recorded) Sync(vfs.SyncFlag) error {
	f.r.add(op{file: f.name, kind: syncFile})
	if f.directory {
		f.directory = false
		f.r.add(op{kind: syncDirectory})
	}
	return nil
}

// SizeHint would write behind the recorder's back.
func (f *recorded) SizeHint(int64) error { return nil }

func (f *recorded) Unwrap() vfs.File               { return f.File }
func (f *recorded) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }
func (f *recorded) LockState() vfs.LockLevel       { return vfsutil.WrapLockState(f.File) }

// content is a file as a disk holds it.
type content []byte

func (c *content) write(data []byte, off int64) {
	if end := off + int64(len(data)); end > int64(len(*c)) {
		*c = append(*c, make([]byte, end-int64(len(*c)))...)
	}
	copy((*c)[off:], data)
}

func (c *content) truncate(size int64) {
	if size < int64(len(*c)) {
		*c = (*c)[:size]
		return
	}
	*c = append(*c, make([]byte, size-int64(len(*c)))...)
}

// cut writes into dir what a disk may hold when the power goes after the first n operations.
func cut(ops []op, n int, dir string, dice *rand.Rand) error {
	files := make(map[string]*content)
	pending := make(map[string][]op) // since the file's last sync
	for _, o := range ops[:n] {
		switch o.kind {
		case acknowledge:
		case syncFile:
			for _, p := range pending[o.file] {
				apply(files, p, nil)
			}
			delete(pending, o.file)
		case syncDirectory: // what was removed stays so
			for name, all := range pending {
				for i, p := range all {
					if p.kind == remove {
						delete(files, name)
						pending[name] = all[i+1:]
					}
				}
			}
		default:
			pending[o.file] = append(pending[o.file], o)
		}
	}
	for _, all := range pending {
		for _, p := range all {
			apply(files, p, dice)
		}
	}
	for name, c := range files {
		if err := os.WriteFile(filepath.Join(dir, name), *c, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// apply carries one operation out; with dice, as one that was never synced: it may not have reached the disk, or only
// some of its sectors, or half of one.
func apply(files map[string]*content, o op, dice *rand.Rand) {
	c := files[o.file]
	if c == nil {
		c = new(content)
		files[o.file] = c
	}
	if dice == nil {
		switch o.kind {
		case write:
			c.write(o.data, o.off)
		case truncate:
			c.truncate(o.off)
		case remove:
			delete(files, o.file)
		default: // what only asks for durability changes nothing
		}
		return
	}
	switch o.kind {
	case truncate:
		if dice.IntN(2) == 0 {
			c.truncate(o.off)
		}
	case remove:
		if dice.IntN(2) == 0 {
			delete(files, o.file)
		}
	case write:
		for i := int64(0); i < int64(len(o.data)); {
			end := min(i+sector-(o.off+i)%sector, int64(len(o.data)))
			piece := o.data[i:end]
			switch dice.IntN(5) {
			case 0, 1: // lost
			case 2:
				c.write(piece[:dice.IntN(len(piece)+1)], o.off+i) // torn
			default:
				c.write(piece, o.off+i)
			}
			i = end
		}
	default:
	}
}

// exists reports whether a file is there, for messages.
func exists(name string) string {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "absent"
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d bytes", info.Size())
}
