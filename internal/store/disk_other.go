//go:build !linux

package store

// networkFilesystem knows Linux only.
func networkFilesystem(string) (string, error) { return "", nil }
