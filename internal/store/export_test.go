package store

// Internal functions that tests call by name.
var (
	Older              = older
	ForPostgres        = forPostgres
	NetworkFilesystems = networkFilesystems
)

// Spelt returns how each engine is told a statement, and the tables it writes.
func Spelt(text string) (sqlite, postgres string, writes []string, err error) {
	s, err := parseStatement(text)
	if err != nil {
		return "", "", nil, err
	}
	return s.sqlite, s.postgres, s.writes, nil
}

// CallNetwork makes a file system count as a network one until undo is called.
func CallNetwork(magic uint32, name string) (undo func()) {
	before, had := networkFilesystems[magic]
	networkFilesystems[magic] = name
	return func() {
		delete(networkFilesystems, magic)
		if had {
			networkFilesystems[magic] = before
		}
	}
}
