package browser

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"
)

// Serve serves what build makes for an origin, on http://localhost at a free port, for the length of the test. It goes by
// the name localhost because passkeys and secure cookies work there and not at 127.0.0.1.
func Serve(t testing.TB, build func(origin string) http.Handler) (origin string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	origin = "http://localhost:" + port
	server := &http.Server{Handler: build(origin), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return origin
}
