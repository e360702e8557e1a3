-- What every other table stands on. One text for both engines: on PostgreSQL, STRICT disappears, BLOB reads BYTEA,
-- INTEGER reads BIGINT, TEXT reads TEXT COLLATE "C". Above each table stands "-- journalled" (facts: every row written
-- is named with its digest by an event of the journal) or "-- plain" (everything else).

-- What this database is: kind = demo or real.
-- plain
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The migrations applied, each with the SHA-256 of its text, in hexadecimal.
-- plain
CREATE TABLE migration (
    version INTEGER NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL,
    digest  TEXT    NOT NULL
) STRICT;

-- The size of each transparency log and its right edge: the hashes of the perfect subtrees that cover it, largest
-- first, 32 bytes each. Its row is the lock that puts appends in order.
-- plain
CREATE TABLE log_head (
    log  TEXT    NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    edge BLOB    NOT NULL,
    at   TEXT    NOT NULL
) STRICT;

-- The journal: entry = SHA-256(salt, event). An erased event has lost salt, event and everything that said what it was;
-- entry and hashes stay, so the tree stands. hashes are those the entry completes in the tree, leaf first.
-- plain
CREATE TABLE journal_entry (
    idx       INTEGER NOT NULL PRIMARY KEY,
    entry     BLOB    NOT NULL,
    hashes    BLOB    NOT NULL,
    salt      BLOB,
    event     TEXT,
    kind      TEXT,
    at        TEXT,
    actor     TEXT,
    member_id TEXT,
    case_id   TEXT
) STRICT;
CREATE INDEX journal_entry_case ON journal_entry (case_id, idx) WHERE case_id IS NOT NULL;
CREATE INDEX journal_entry_member ON journal_entry (member_id, idx) WHERE member_id IS NOT NULL;
CREATE INDEX journal_entry_actor ON journal_entry (actor, idx) WHERE actor IS NOT NULL;

-- The register: public entries about members, teams and keys.
-- plain
CREATE TABLE register_entry (
    idx    INTEGER NOT NULL PRIMARY KEY,
    entry  BLOB    NOT NULL,
    hashes BLOB    NOT NULL
) STRICT;

-- Work that is due: one row a key. attempts counts the failures; a parked job waits for an operator.
-- plain
CREATE TABLE job (
    key          TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    detail       TEXT,
    run_at       TEXT    NOT NULL,
    scheduled_at TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    leased_until TEXT,
    lease        TEXT,
    fault        TEXT,
    parked_at    TEXT
) STRICT;
CREATE INDEX job_due ON job (run_at, key) WHERE parked_at IS NULL;
CREATE INDEX job_subject ON job (subject);

-- The answers to requests that carried a key, so that a retry is answered and not done again.
-- plain
CREATE TABLE idempotency (
    key     TEXT    NOT NULL PRIMARY KEY,
    request BLOB    NOT NULL,
    answer  BLOB,
    at      TEXT    NOT NULL,
    seen    INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);
