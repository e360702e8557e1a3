package store

// Spelt returns how each engine is told a statement, and the tables it writes.
func Spelt(text string) (sqlite, postgres string, writes []string, err error) {
	s, err := parseStatement(text)
	if err != nil {
		return "", "", nil, err
	}
	return s.sqlite, s.postgres, s.writes, nil
}
