// Package journal is the hub's memory that cannot be rewritten unseen: two transparency logs kept in the same SQL
// transaction as the facts they speak of.
//
// The journal proper holds events. An entry of it is SHA-256(32-byte salt ‖ event), so that publishing the tree tells
// nothing, and erasing salt and event leaves noise while the tree stands. Each event carries the SHA-256 of every
// journalled row that its unit wrote (or says "absent" for a deleted one), so that the tables can be held against it.
//
// The register holds the public records about members, teams and keys (ailleurs.RegisterRecord) as they are.
//
// Both are RFC 6962 trees, spoken of in signed checkpoints (C2SP tlog-checkpoint) and served as C2SP tlog-tiles, so that
// witnesses and monitors that know nothing of us can watch them.
//
//	index, err := journal.Append(tx, journal.Event{Kind: "call.answered", At: at, Actor: by, Case: c, Detail: d})
//	note, err  := journal.Checkpoint(tx, journal.Journal, signer)
//	proof, err := journal.ProveRecord(tx, journal.Journal, index, size)
//	report, err := journal.Verify(ctx, db, journal.VerifyOptions{…})
package journal
