-- Alerts, and whose phone rings. Nothing here says what an alert is about.

-- The call tree: duty officers in the order they are rung, each with the line that the duty command or hook is given (a
-- telephone number or a name that it knows).
-- journalled
CREATE TABLE duty_line (
    agent_id TEXT    NOT NULL PRIMARY KEY REFERENCES agent (id),
    place    INTEGER NOT NULL,
    line     TEXT    NOT NULL
) STRICT;

-- An alert rings until someone acknowledges it. test = 1 is the weekly try of one officer's line.
-- journalled
CREATE TABLE alert (
    id              TEXT    NOT NULL PRIMARY KEY,
    level           INTEGER NOT NULL CHECK (level IN (1, 2, 3)),
    test            INTEGER NOT NULL CHECK (test IN (0, 1)),
    case_id         TEXT,
    raised_by       TEXT,
    raised_at       TEXT    NOT NULL,
    rings           INTEGER NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at TEXT,
    closed_by       TEXT,
    closed_at       TEXT,
    ended           TEXT,
    version         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX alert_open ON alert (raised_at) WHERE closed_at IS NULL;
CREATE INDEX alert_case ON alert (case_id) WHERE case_id IS NOT NULL;

-- Whom an alert has rung, in order.
-- journalled
CREATE TABLE alert_ring (
    alert_id TEXT    NOT NULL REFERENCES alert (id),
    n        INTEGER NOT NULL,
    agent_id TEXT    NOT NULL,
    at       TEXT    NOT NULL,
    PRIMARY KEY (alert_id, n)
) STRICT;
CREATE INDEX alert_ring_agent ON alert_ring (agent_id);

-- Rings that the duty command or hook has yet to make.
-- plain
CREATE TABLE ring_waiting (
    alert_id TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    line     TEXT    NOT NULL,
    next_at  TEXT    NOT NULL,
    tries    INTEGER NOT NULL,
    PRIMARY KEY (alert_id, n)
) STRICT;
