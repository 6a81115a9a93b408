-- What came back, each once: the kinds of report about one delivery. Its twin stands in migrations/postgres.

CREATE TABLE report (
    subscriber  INTEGER NOT NULL,
    issue       INTEGER NOT NULL REFERENCES issue (number),
    kind        TEXT    NOT NULL CHECK (kind IN ('hard', 'soft', 'policy', 'complaint')),
    at          INTEGER NOT NULL,
    status      TEXT,
    -- Whether the address was suppressed by it: too many of these within an hour stop everything.
    suppressed  INTEGER NOT NULL CHECK (suppressed IN (0, 1)),
    PRIMARY KEY (subscriber, issue, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_at ON report (at);
