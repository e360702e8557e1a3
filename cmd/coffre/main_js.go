//go:build js

// Command coffre is the browser's half of Ailleurs, compiled to WebAssembly and run in a worker: it holds the keys, seals
// and opens, and ranks places. Keys never reach the page; what goes out is sealed, signed, or shown to the reader.
package main

import (
	"context"
	"errors"
	"syscall/js"
	"time"
)

// main offers one function to the worker, coffre(op, input) → Promise of a text, and waits for ever.
func main() {
	c := newCoffre(browserDevice{}, time.Now)
	js.Global().Set("coffre", js.FuncOf(func(_ js.Value, args []js.Value) any {
		op, input := args[0].String(), args[1].String()
		return promise(func() string { return c.answer(context.Background(), op, []byte(input)) })
	}))
	js.Global().Call("coffreReady")
	select {}
}

// promise runs work on its own goroutine, because the browser's event loop must not wait for it.
func promise(work func() string) js.Value {
	var run js.Func
	run = js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve := args[0]
		go func() {
			defer run.Release()
			resolve.Invoke(work())
		}()
		return nil
	})
	return js.Global().Get("Promise").New(run)
}

// browserDevice makes bytes under a key of IndexedDB that cannot be exported.
type browserDevice struct{}

var errDevice = errors.New("coffre: this browser keeps no device key")

// bind returns the HMAC-SHA-256 of input under the device key, making the key on first use.
func (browserDevice) bind(ctx context.Context, input []byte) ([]byte, error) {
	in := js.Global().Get("Uint8Array").New(len(input))
	js.CopyBytesToJS(in, input)
	type result struct {
		out []byte
		err error
	}
	done := make(chan result, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		out := make([]byte, args[0].Get("length").Int())
		js.CopyBytesToGo(out, args[0])
		done <- result{out: out}
		return nil
	})
	defer then.Release()
	failed := js.FuncOf(func(js.Value, []js.Value) any {
		done <- result{err: errDevice}
		return nil
	})
	defer failed.Release()
	js.Global().Call("deviceBind", in).Call("then", then, failed)
	select {
	case r := <-done:
		return r.out, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
