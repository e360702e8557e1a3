// Package powercut proves that a power cut loses nothing that the hub has acknowledged.
//
// The store runs its real code on a file system that remembers every write and every sync (through another SQLite
// driver, the only one whose files can be written in Go). Then the power is cut at a random moment: what was synced is
// on the disk; of what was not, each sector got there or not, or tore in the middle. The store, with the driver of the
// release, opens what is left.
package powercut
