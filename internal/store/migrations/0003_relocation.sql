-- Cases, interpellations, answers, offers: what the hub knows of a move, and what it stores without being able to read it.
-- Nothing here is about the person. format, in sealed rows, is the version of the storage: 1 is the age file as handed in,
-- other values are kept for a seal of the hub's own around it.

-- A case (dossier): who handles it, where it stands, by when it must move on.
-- journalled
CREATE TABLE dossier (
    id             TEXT    NOT NULL PRIMARY KEY,
    member_id      TEXT    NOT NULL REFERENCES member (id),
    state          TEXT    NOT NULL,
    since          TEXT    NOT NULL,
    deadline_at    TEXT,
    resumes        TEXT,
    speed          TEXT    NOT NULL CHECK (speed IN ('normal', 'urgent', 'imminent')),
    round          INTEGER NOT NULL,
    ring           INTEGER NOT NULL,
    call_id        TEXT,
    lead_id        TEXT    NOT NULL REFERENCES agent (id),
    second_id      TEXT    NOT NULL REFERENCES agent (id),
    signatory_id   TEXT    NOT NULL REFERENCES agent (id),
    checker1_id    TEXT REFERENCES agent (id),
    checker2_id    TEXT REFERENCES agent (id),
    retained_id    TEXT,
    host_id        TEXT REFERENCES member (id),
    host_lead_id   TEXT REFERENCES agent (id),
    host_second_id TEXT REFERENCES agent (id),
    arrived_at     TEXT,
    fled           INTEGER NOT NULL DEFAULT 0 CHECK (fled IN (0, 1)),
    outcome        TEXT,
    call_back_on   TEXT,
    version        INTEGER NOT NULL DEFAULT 0,
    CHECK (lead_id <> second_id AND lead_id <> signatory_id AND second_id <> signatory_id),
    CHECK (state IN ('draft', 'endorsing', 'checking', 'calling', 'choosing', 'preparing', 'travelling', 'following', 'closed',
        'suspended', 'diverted', 'compromised', 'expired', 'withdrawn'))
) STRICT;
CREATE INDEX dossier_lead ON dossier (lead_id);
CREATE INDEX dossier_second ON dossier (second_id);
CREATE INDEX dossier_host_lead ON dossier (host_lead_id) WHERE host_lead_id IS NOT NULL;
CREATE INDEX dossier_host_second ON dossier (host_second_id) WHERE host_second_id IS NOT NULL;

-- The public half of K(compartment, epoch). thread_id is '' but for answers.
-- journalled
CREATE TABLE compartment_key (
    case_id     TEXT    NOT NULL REFERENCES dossier (id),
    compartment TEXT    NOT NULL,
    thread_id   TEXT    NOT NULL,
    epoch       INTEGER NOT NULL CHECK (epoch >= 1),
    recipient   TEXT    NOT NULL,
    by_id       TEXT    NOT NULL,
    at          TEXT    NOT NULL,
    PRIMARY KEY (case_id, compartment, thread_id, epoch)
) STRICT;

-- One save of one compartment. seq counts over all epochs; notes stand outside the chain, with seq 0. Erased: no data.
-- journalled
CREATE TABLE body (
    id          TEXT    NOT NULL PRIMARY KEY,
    case_id     TEXT    NOT NULL REFERENCES dossier (id),
    compartment TEXT    NOT NULL,
    thread_id   TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL CHECK (seq >= 0),
    prev        TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    author_id   TEXT    NOT NULL,
    at          TEXT    NOT NULL,
    format      INTEGER NOT NULL,
    data        BLOB,
    erased_at   TEXT,
    FOREIGN KEY (case_id, compartment, thread_id, epoch) REFERENCES compartment_key (case_id, compartment, thread_id, epoch),
    CHECK ((data IS NULL) = (erased_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX body_chain ON body (case_id, compartment, thread_id, seq) WHERE seq > 0;
CREATE INDEX body_case ON body (case_id, compartment, thread_id);

-- K of one compartment for one reader. ring > 0: handed out once that ring of that call is open, to who stands in the
-- thread of member_id. Destroyed: no data.
-- journalled
CREATE TABLE envelope (
    id           TEXT    NOT NULL PRIMARY KEY,
    case_id      TEXT    NOT NULL REFERENCES dossier (id),
    compartment  TEXT    NOT NULL,
    thread_id    TEXT    NOT NULL,
    epoch        INTEGER NOT NULL,
    for_id       TEXT    NOT NULL REFERENCES agent (id),
    key_epoch    INTEGER NOT NULL,
    part         TEXT    NOT NULL,
    member_id    TEXT    NOT NULL,
    call_id      TEXT    NOT NULL,
    ring         INTEGER NOT NULL,
    by_id        TEXT    NOT NULL,
    at           TEXT    NOT NULL,
    expires_at   TEXT    NOT NULL,
    format       INTEGER NOT NULL,
    data         BLOB,
    destroyed_at TEXT,
    FOREIGN KEY (case_id, compartment, thread_id, epoch) REFERENCES compartment_key (case_id, compartment, thread_id, epoch),
    CHECK ((data IS NULL) = (destroyed_at IS NOT NULL))
) STRICT;
CREATE INDEX envelope_reader ON envelope (case_id, for_id) WHERE destroyed_at IS NULL;

-- An interpellation: the sheet as signed, and its digest, to which every statement about it commits.
-- journalled
CREATE TABLE call (
    id       TEXT    NOT NULL PRIMARY KEY,
    case_id  TEXT    NOT NULL REFERENCES dossier (id),
    round    INTEGER NOT NULL,
    sheet    TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    by_id    TEXT    NOT NULL,
    at       TEXT    NOT NULL,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX call_round ON call (case_id, round) WHERE ended_at IS NULL;
CREATE INDEX call_case ON call (case_id);

-- What one addressee of a call answers in, opened with its ring. Its three people are those of the member's team when it
-- was opened. release_at is the random moment at which it will be released.
-- journalled
CREATE TABLE thread (
    id           TEXT    NOT NULL PRIMARY KEY,
    call_id      TEXT    NOT NULL REFERENCES call (id),
    case_id      TEXT    NOT NULL REFERENCES dossier (id),
    member_id    TEXT    NOT NULL REFERENCES member (id),
    ring         INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('sent', 'read', 'studying', 'proposed', 'countered', 'declined',
        'redirected', 'retained', 'released', 'lapsed', 'recalled')),
    since        TEXT    NOT NULL,
    round        INTEGER NOT NULL,
    lead_id      TEXT    NOT NULL REFERENCES agent (id),
    second_id    TEXT    NOT NULL REFERENCES agent (id),
    signatory_id TEXT    NOT NULL REFERENCES agent (id),
    opened_at    TEXT    NOT NULL,
    deadline_at  TEXT    NOT NULL,
    study_until  TEXT,
    replied_at   TEXT,
    release_at   TEXT
) STRICT;
CREATE UNIQUE INDEX thread_addressee ON thread (call_id, member_id);
CREATE INDEX thread_case ON thread (case_id);

-- What an addressee answered in a round: the little the hub may know. A proposal or counter counts once offered_at says
-- that the signatory signed too.
-- journalled
CREATE TABLE answer (
    thread_id    TEXT    NOT NULL REFERENCES thread (id),
    round        INTEGER NOT NULL,
    case_id      TEXT    NOT NULL REFERENCES dossier (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('propose', 'counter', 'decline', 'redirect')),
    coarse       TEXT,
    sheet        TEXT    NOT NULL,
    digest       TEXT    NOT NULL,
    by_id        TEXT    NOT NULL,
    at           TEXT    NOT NULL,
    offered_at   TEXT,
    taken_back   TEXT,
    taken_why    TEXT,
    refused_at   TEXT,
    PRIMARY KEY (thread_id, round)
) STRICT;
CREATE INDEX answer_case ON answer (case_id);

-- Every signed statement taken, whole.
-- journalled
CREATE TABLE statement (
    id      TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES dossier (id),
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest  TEXT NOT NULL,
    by_id   TEXT NOT NULL,
    part    TEXT NOT NULL,
    at      TEXT NOT NULL,
    signed  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX statement_once ON statement (purpose, subject, digest, by_id);
CREATE INDEX statement_case ON statement (case_id);

-- A home or a job that a member announces.
-- journalled
CREATE TABLE offer (
    id           TEXT    NOT NULL PRIMARY KEY,
    member_id    TEXT    NOT NULL REFERENCES member (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('home', 'job')),
    commune      TEXT    NOT NULL,
    places       INTEGER NOT NULL CHECK (places BETWEEN 1 AND 50),
    from_on      TEXT    NOT NULL,
    until_on     TEXT,
    made_by      TEXT    NOT NULL,
    made_at      TEXT    NOT NULL,
    confirmed_at TEXT    NOT NULL,
    withdrawn_at TEXT,
    housing      TEXT,
    persons      INTEGER,
    rooms        INTEGER,
    accessible   INTEGER,
    min_age      INTEGER,
    max_age      INTEGER,
    rome         TEXT,
    contract     TEXT,
    level        INTEGER,
    licence      INTEGER,
    hours        TEXT,
    version      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX offer_member ON offer (member_id, id);
CREATE INDEX offer_live ON offer (confirmed_at) WHERE withdrawn_at IS NULL;

-- One unit of a home or one slot of a job.
-- journalled
CREATE TABLE place (
    id        TEXT    NOT NULL PRIMARY KEY,
    offer_id  TEXT    NOT NULL REFERENCES offer (id),
    member_id TEXT    NOT NULL REFERENCES member (id),
    idx       INTEGER NOT NULL,
    version   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX place_of_offer ON place (offer_id, idx);
CREATE INDEX place_member ON place (member_id, offer_id, idx);

-- Who has a place: held by a proposal, then assigned by the second yes. One live holder a place.
-- journalled
CREATE TABLE hold (
    id          TEXT    NOT NULL PRIMARY KEY,
    place_id    TEXT    NOT NULL REFERENCES place (id),
    case_id     TEXT    NOT NULL REFERENCES dossier (id),
    thread_id   TEXT    NOT NULL REFERENCES thread (id),
    round       INTEGER NOT NULL,
    at          TEXT    NOT NULL,
    until_at    TEXT    NOT NULL,
    assigned_at TEXT,
    released_at TEXT
) STRICT;
CREATE UNIQUE INDEX hold_live ON hold (place_id) WHERE released_at IS NULL;
CREATE INDEX hold_thread ON hold (thread_id) WHERE released_at IS NULL;
CREATE INDEX hold_case ON hold (case_id) WHERE released_at IS NULL;

-- A journey: the instant to ring, and nothing of where to.
-- journalled
CREATE TABLE journey (
    id          TEXT NOT NULL PRIMARY KEY,
    case_id     TEXT NOT NULL REFERENCES dossier (id),
    departed_at TEXT NOT NULL,
    ring_at     TEXT NOT NULL,
    rang_at     TEXT,
    arrived_at  TEXT,
    missed_at   TEXT
) STRICT;
CREATE INDEX journey_case ON journey (case_id);

-- The days after arrival on which the host asks how it goes, and the light that the origin sees.
-- journalled
CREATE TABLE followup (
    case_id     TEXT    NOT NULL REFERENCES dossier (id),
    day         INTEGER NOT NULL,
    due_at      TEXT    NOT NULL,
    deadline_at TEXT    NOT NULL,
    done_at     TEXT,
    light       TEXT,
    by_id       TEXT,
    PRIMARY KEY (case_id, day)
) STRICT;

-- What each agent finds in their inbox: derived from the tables above, rewritten with them. side is sent, received or
-- closed; task is what waits for this agent, '' for nothing.
-- plain
CREATE TABLE inbox (
    agent_id   TEXT    NOT NULL,
    case_id    TEXT    NOT NULL,
    thread_id  TEXT    NOT NULL,
    part       TEXT    NOT NULL,
    side       TEXT    NOT NULL,
    task       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    speed      TEXT    NOT NULL,
    due_at     TEXT    NOT NULL,
    changed_at TEXT    NOT NULL,
    seen_at    TEXT,
    PRIMARY KEY (agent_id, case_id, thread_id, part)
) STRICT;
CREATE INDEX inbox_side ON inbox (agent_id, side, due_at, case_id, thread_id, part);
CREATE INDEX inbox_task ON inbox (agent_id, due_at, case_id, thread_id, part) WHERE task <> '';
CREATE INDEX inbox_case ON inbox (case_id);

-- From when to when a place stays off the daily list: a taken one leaves it at random, and comes back at random.
-- plain
CREATE TABLE place_shown (
    place_id   TEXT NOT NULL PRIMARY KEY,
    leaves_on  TEXT NOT NULL,
    returns_on TEXT
) STRICT;

-- The offers as members see them: one list a day.
-- plain
CREATE TABLE offer_snapshot (
    day     TEXT NOT NULL PRIMARY KEY,
    at      TEXT NOT NULL,
    listing TEXT NOT NULL
) STRICT;

-- For whom someone stands in is asked at each step.
CREATE INDEX agent_deputy ON agent (deputy_id) WHERE deputy_id IS NOT NULL;
