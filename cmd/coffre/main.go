//go:build !js

// Command coffre is the browser's half of Ailleurs. It runs in a browser alone: build it with GOOS=js GOARCH=wasm, or with
// make wasm. On the command line, ailleurs coffre does the same.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "coffre runs in a browser: build it with `make wasm`, or use `ailleurs coffre`")
	os.Exit(2)
}
