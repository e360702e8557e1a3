-- What a round of calling and a stay may need besides: one more addressee that a redirect named, and an address kept longer.

-- An addressee called upon after a redirect named it, under the interpellation as it was signed. opened_at says that the
-- origin's second and a coordinator signed too; after_id is the thread of whoever named it.
-- journalled
CREATE TABLE addition (
    id        TEXT NOT NULL PRIMARY KEY,
    case_id   TEXT NOT NULL REFERENCES dossier (id),
    call_id   TEXT NOT NULL REFERENCES call (id),
    after_id  TEXT NOT NULL REFERENCES thread (id),
    member_id TEXT NOT NULL REFERENCES member (id),
    sheet     TEXT NOT NULL,
    digest    TEXT NOT NULL,
    by_id     TEXT NOT NULL,
    at        TEXT NOT NULL,
    opened_at TEXT
) STRICT;
CREATE UNIQUE INDEX addition_after ON addition (after_id);
CREATE INDEX addition_call ON addition (call_id);

-- Until when the address of a household is kept, once two people have signed that it must be.
-- journalled
CREATE TABLE arrival_kept (
    case_id  TEXT NOT NULL REFERENCES dossier (id),
    until_at TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (case_id, until_at)
) STRICT;
