-- The words of a delivery's state, compared one by one: for a list of more than two, SQLite fills a table of its own at each
-- row that is written, and a message's row is written three times. Its twin in migrations/postgres has nothing to do.

ALTER TABLE delivery RENAME TO delivery_before;
ALTER TABLE attempt RENAME TO attempt_before;

CREATE TABLE delivery (
    issue           INTEGER NOT NULL REFERENCES issue (number),
    number          INTEGER NOT NULL,
    subscriber      INTEGER NOT NULL,
    address_hash    TEXT    NOT NULL,
    variant         INTEGER NOT NULL,
    reader          TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state = 'intent' OR state = 'sent' OR state = 'claimed'
                    OR state = 'queued' OR state = 'failed' OR state = 'suppressed' OR state = 'held'),
    fence           INTEGER NOT NULL,
    lease_until     INTEGER,
    next_at         INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    unknowns        INTEGER NOT NULL,
    last_at         INTEGER,
    code            INTEGER,
    enhanced        TEXT,
    reply           TEXT,
    behind          INTEGER,
    behind_fence    INTEGER,
    relay           TEXT,
    PRIMARY KEY (issue, number),
    UNIQUE (subscriber, issue),
    FOREIGN KEY (issue, variant) REFERENCES variant (issue, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    issue       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    fence       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('failed', 'deferred', 'unknown')),
    code        INTEGER,
    enhanced    TEXT,
    reply       TEXT,
    PRIMARY KEY (issue, number, fence),
    FOREIGN KEY (issue, number) REFERENCES delivery (issue, number)
) STRICT, WITHOUT ROWID;

INSERT INTO delivery (issue, number, subscriber, address_hash, variant, reader, state, fence, lease_until, next_at,
    attempts, unknowns, last_at, code, enhanced, reply, behind, behind_fence, relay)
SELECT issue, number, subscriber, address_hash, variant, reader, state, fence, lease_until, next_at,
    attempts, unknowns, last_at, code, enhanced, reply, behind, behind_fence, relay
FROM delivery_before ORDER BY issue, number;

INSERT INTO attempt (issue, number, fence, at, outcome, code, enhanced, reply)
SELECT issue, number, fence, at, outcome, code, enhanced, reply FROM attempt_before ORDER BY issue, number, fence;

DROP TABLE attempt_before;
DROP TABLE delivery_before;
