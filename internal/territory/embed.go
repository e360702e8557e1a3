//go:build !js

package territory

import (
	_ "embed"
	"fmt"
	"sync"
)

//go:generate go run ./generate

// The archives are absent from builds for the browser, which must stay small: there, Parse and ParseMap take the bytes
// that the hub serves.
var (
	//go:embed communes.gz
	communesArchive []byte
	//go:embed map.gz
	mapArchive []byte
)

// Archive returns the embedded archive of communes, for [Parse] in a browser. It is shared: not to be modified.
func Archive() []byte { return communesArchive }

// Load returns the embedded territory, parsed at the first call.
func Load() (*Territory, error) { return load() }

var load = sync.OnceValues(func() (*Territory, error) {
	t, err := Parse(communesArchive)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	return t, nil
})

// LoadMap returns the embedded outlines of the 96 départements of mainland France and Corsica, by code.
func LoadMap() ([]Outline, error) { return loadMap() }

var loadMap = sync.OnceValues(func() ([]Outline, error) { return ParseMap(mapArchive) })
