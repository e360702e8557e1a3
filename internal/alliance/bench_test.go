package alliance_test

import (
	"testing"

	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// BenchmarkLookup is what every request pays to know who asks.
func BenchmarkLookup(b *testing.B) {
	h := newHub(b, storetest.SQLite(b, storetest.Setup{}))
	p := h.founded()[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.a.Lookup(b.Context(), p.token.Reveal(), h.at); err != nil {
			b.Fatal(err)
		}
	}
}
