-- Who is in the alliance, with which keys, and by which door they come in.

-- An organisation; admitted_at is empty while two coordinators have yet to sign, declined_at set when they did not. The three posts name to whom a call is
-- sealed. No column anywhere can hold a label of any side.
-- journalled
CREATE TABLE member (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL CHECK (kind IN ('commune', 'epci', 'departement', 'institution', 'association')),
    code         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    siren        TEXT,
    proposed_at  TEXT    NOT NULL,
    charter_at   TEXT,
    admitted_at  TEXT,
    declined_at  TEXT,
    suspended_at TEXT,
    lead_id      TEXT,
    second_id    TEXT,
    signatory_id TEXT,
    register_idx INTEGER,
    version      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX member_territory ON member (kind, code) WHERE kind IN ('commune', 'epci', 'departement') AND declined_at IS NULL;
CREATE UNIQUE INDEX member_siren ON member (siren) WHERE siren IS NOT NULL AND declined_at IS NULL;

-- Someone who signs in. active_at is empty until two colleagues have confirmed the key. notices and pace are what they
-- wish to be told of, and how often.
-- journalled
CREATE TABLE agent (
    id           TEXT    NOT NULL PRIMARY KEY,
    member_id    TEXT    NOT NULL REFERENCES member (id),
    name         TEXT    NOT NULL,
    email        TEXT    NOT NULL,
    lang         TEXT    NOT NULL CHECK (lang IN ('fr', 'en')),
    notices      TEXT    NOT NULL CHECK (notices IN ('all', 'followed', 'none')),
    pace         TEXT    NOT NULL CHECK (pace IN ('at_once', 'daily', 'weekly')),
    created_at   TEXT    NOT NULL,
    active_at    TEXT,
    revoked_at   TEXT,
    absent_from  TEXT,
    absent_until TEXT,
    deputy_id    TEXT REFERENCES agent (id),
    version      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX agent_member ON agent (member_id);
CREATE UNIQUE INDEX agent_email ON agent (email) WHERE revoked_at IS NULL;

-- The roles an agent holds, at their own member or, as its second, at another. left_at is empty while they hold it.
-- journalled
CREATE TABLE agent_role (
    agent_id     TEXT    NOT NULL REFERENCES agent (id),
    member_id    TEXT    NOT NULL REFERENCES member (id),
    role         TEXT    NOT NULL CHECK (role IN ('caseworker', 'signatory', 'coordinator', 'duty', 'guarantor')),
    since        TEXT    NOT NULL,
    left_at      TEXT,
    register_idx INTEGER NOT NULL,
    PRIMARY KEY (agent_id, member_id, role)
) STRICT;
CREATE INDEX agent_role_member ON agent_role (member_id, role) WHERE left_at IS NULL;

-- The public halves of an agent's keys at an epoch. A key counts once confirmed_at and register_idx are set, until
-- revoked_at; an agent has one such key at a time.
-- journalled
CREATE TABLE agent_key (
    agent_id     TEXT    NOT NULL REFERENCES agent (id),
    epoch        INTEGER NOT NULL CHECK (epoch >= 1),
    recipient    TEXT    NOT NULL,
    verifier     TEXT    NOT NULL,
    made_at      TEXT    NOT NULL,
    confirmed_at TEXT,
    register_idx INTEGER,
    revoked_at   TEXT,
    PRIMARY KEY (agent_id, epoch)
) STRICT;
CREATE UNIQUE INDEX agent_key_live ON agent_key (agent_id) WHERE confirmed_at IS NOT NULL AND revoked_at IS NULL;

-- A change of the alliance that waits for its two signatures: body is the exact text they sign. applied_at is set when it
-- took effect, dropped_at when it was given up or ran out of time.
-- journalled
CREATE TABLE change (
    id           TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL CHECK (kind IN ('accession', 'team', 'key', 'revocation', 'posts')),
    body         TEXT    NOT NULL,
    member_id    TEXT    NOT NULL REFERENCES member (id),
    agent_id     TEXT REFERENCES agent (id),
    epoch        INTEGER,
    proposed_by  TEXT,
    proposed_at  TEXT    NOT NULL,
    expires_at   TEXT    NOT NULL,
    applied_at   TEXT,
    dropped_at   TEXT,
    register_idx INTEGER
) STRICT;
CREATE INDEX change_waiting ON change (member_id, id) WHERE applied_at IS NULL AND dropped_at IS NULL;
CREATE INDEX change_of_agent ON change (agent_id) WHERE applied_at IS NULL AND dropped_at IS NULL;

-- Who has signed a change: the signed note of a statement each. The new key's own has approves = 0.
-- journalled
CREATE TABLE change_signature (
    change_id TEXT    NOT NULL REFERENCES change (id),
    agent_id  TEXT    NOT NULL REFERENCES agent (id),
    epoch     INTEGER NOT NULL,
    approves  INTEGER NOT NULL CHECK (approves IN (0, 1)),
    signed    BLOB    NOT NULL,
    at        TEXT    NOT NULL,
    PRIMARY KEY (change_id, agent_id)
) STRICT;

-- What opens an agent's trousseau or signs them in: passkey, passphrase, paper. Public halves and hashes only.
-- journalled
CREATE TABLE unlocker (
    id            TEXT    NOT NULL PRIMARY KEY,
    agent_id      TEXT    NOT NULL REFERENCES agent (id),
    epoch         INTEGER NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('passkey', 'passphrase', 'paper')),
    lock          TEXT,
    independent   INTEGER NOT NULL CHECK (independent IN (0, 1)),
    credential_id BLOB,
    credential    BLOB,
    lookup        BLOB,
    login         TEXT,
    added_at      TEXT    NOT NULL,
    proven_at     TEXT,
    removed_at    TEXT
) STRICT;
CREATE INDEX unlocker_agent ON unlocker (agent_id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX unlocker_credential ON unlocker (credential_id) WHERE credential_id IS NOT NULL AND removed_at IS NULL;
CREATE UNIQUE INDEX unlocker_lookup ON unlocker (lookup) WHERE lookup IS NOT NULL AND removed_at IS NULL;

-- The trousseau as wrapped to each unlocker: an age file that only the unlocker opens, and that the client renews.
-- plain
CREATE TABLE trousseau (
    unlocker_id TEXT NOT NULL PRIMARY KEY,
    file        BLOB NOT NULL,
    at          TEXT NOT NULL
) STRICT;

-- How often a passkey has signed, to notice a copy.
-- plain
CREATE TABLE passkey_count (
    unlocker_id TEXT    NOT NULL PRIMARY KEY,
    count       INTEGER NOT NULL,
    used_at     TEXT    NOT NULL
) STRICT;

-- An invitation to enrol: hash is a slow hash of its six words, the pins what the client trusts of the two logs, by a hash
-- of them on the same paper. made_by is empty for the founders. agent_id is who will enrol, drawn beforehand, or an agent
-- who lost every unlocker.
-- journalled
CREATE TABLE invitation (
    id           TEXT NOT NULL PRIMARY KEY,
    hash         BLOB NOT NULL,
    member_id    TEXT NOT NULL REFERENCES member (id),
    agent_id     TEXT NOT NULL,
    name         TEXT NOT NULL,
    email        TEXT NOT NULL,
    lang         TEXT NOT NULL,
    roles        TEXT NOT NULL,
    register_pin TEXT NOT NULL,
    journal_pin  TEXT NOT NULL,
    made_by      TEXT,
    made_at      TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    used_at      TEXT,
    withdrawn_at TEXT
) STRICT;
CREATE UNIQUE INDEX invitation_hash ON invitation (hash);
CREATE INDEX invitation_open ON invitation (member_id) WHERE used_at IS NULL AND withdrawn_at IS NULL;

-- Live sessions, each of the keys of one epoch: before these are confirmed it opens the enrolment pages and nothing
-- else. A session that ends loses its row.
-- plain
CREATE TABLE session (
    id          TEXT NOT NULL PRIMARY KEY,
    token_hash  BLOB NOT NULL,
    agent_id    TEXT NOT NULL REFERENCES agent (id),
    epoch       INTEGER NOT NULL,
    unlocker_id TEXT,
    share       BLOB NOT NULL,
    device      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    seen_at     TEXT NOT NULL,
    ends_at     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX session_token ON session (token_hash);
CREATE INDEX session_agent ON session (agent_id);
CREATE INDEX session_ends ON session (ends_at);

-- What the hub has asked a client to sign, or an enrolment under way: five minutes, one answer.
-- plain
CREATE TABLE challenge (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    subject    TEXT,
    data       BLOB NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX challenge_expires ON challenge (expires_at);

-- Token buckets, each as the instant at which it will be full again.
-- plain
CREATE TABLE budget (
    key     TEXT NOT NULL PRIMARY KEY,
    full_at TEXT NOT NULL
) STRICT;
CREATE INDEX budget_full ON budget (full_at);

-- Agents for whom something waits that no notice has told of yet.
-- plain
CREATE TABLE notice_waiting (
    agent_id TEXT NOT NULL PRIMARY KEY,
    since    TEXT NOT NULL,
    send_at  TEXT NOT NULL
) STRICT;
