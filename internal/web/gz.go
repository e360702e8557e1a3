//go:build ignore

// Gz packs files for static/: it puts name.gz in the place of name, with the same bytes on every machine.
package main

import (
	"compress/gzip"
	"io"
	"log"
	"os"
)

func main() {
	for _, name := range os.Args[1:] {
		if err := pack(name); err != nil {
			log.Fatal(err)
		}
	}
}

func pack(name string) error {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(name + ".gz")
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.Copy(z, from); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Remove(name)
}
