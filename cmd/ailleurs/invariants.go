package main

import "codeberg.org/ailleurs/ailleurs/internal/journal"

// invariants are the pillars' own, which verify holds the database against besides the journal and the schema.
var invariants []journal.Invariant
