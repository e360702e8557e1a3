package main

import (
	"fmt"
	"runtime"
)

// version is set by the Makefile from the repository's tag or commit.
var version = "devel"

type versionCommand struct{}

// Run prints one line: the version, the toolchain and the platform.
func (versionCommand) Run(w world) error {
	_, err := fmt.Fprintf(w.out, "ailleurs %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
