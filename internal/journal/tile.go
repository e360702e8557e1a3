package journal

import (
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

// Tile returns a tile of the log in the C2SP tlog-tiles layout; path is "tile/<level>/<n>[.p/<width>]" or
// "tile/entries/<n>[.p/<width>]", without a leading slash. Full tiles never change and may be cached for ever; full tells
// them. A malformed path, or a tile beyond the tree, is refused (journal.no_such_tile, NotFound).
func Tile(tx *store.Tx, log Log, path string) (data []byte, full bool, err error) {
	none := ailleurs.RefuseAs(ailleurs.NotFound, "journal.no_such_tile", "path")
	t, err := torchwood.ParseTilePath(path)
	if err != nil || !strings.HasPrefix(path, "tile/") {
		return nil, false, none
	}
	h, err := HeadOf(tx, log)
	if err != nil {
		return nil, false, err
	}
	// The tile's last hash covers the entries up to end.
	level := max(t.L, 0)
	width := int64(1) << (torchwood.TileHeight * min(level, 7))
	first := t.N * torchwood.TileWidth
	if level > 6 || t.N > h.Size || first+int64(t.W) > h.Size/width {
		return nil, false, none
	}
	full = t.W == torchwood.TileWidth
	if t.L == -1 {
		data, err = entryBundle(tx, log, first, t.W)
		return data, full, err
	}
	r, err := hashes(tx, log)
	if err != nil {
		return nil, false, err
	}
	data, err = tlog.ReadTileData(t, r)
	return data, full, err
}

// entryBundle joins entries, each behind its length in two bytes.
func entryBundle(tx *store.Tx, log Log, first int64, n int) ([]byte, error) {
	table, err := log.table()
	if err != nil {
		return nil, err
	}
	entries, err := store.All[[]byte](tx, "SELECT entry FROM "+table+" WHERE idx >= $1 ORDER BY idx LIMIT $2", first, n)
	if err != nil {
		return nil, err
	}
	if len(entries) != n {
		return nil, fmt.Errorf("journal: %s has %d of the %d entries from %d", log, len(entries), n, first)
	}
	var b []byte
	for _, e := range entries {
		if b, err = torchwood.AppendTileEntry(b, e); err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
	}
	return b, nil
}
