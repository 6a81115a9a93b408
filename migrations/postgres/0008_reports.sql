-- What came back, each once: the kinds of report about one delivery. Its twin stands in migrations/sqlite.

CREATE TABLE report (
    subscriber  BIGINT  NOT NULL,
    issue       BIGINT  NOT NULL REFERENCES issue (number),
    kind        TEXT    NOT NULL CHECK (kind IN ('hard', 'soft', 'policy', 'complaint')),
    at          BIGINT  NOT NULL,
    status      TEXT,
    -- Whether the address was suppressed by it: too many of these within an hour stop everything.
    suppressed  BIGINT  NOT NULL CHECK (suppressed IN (0, 1)),
    PRIMARY KEY (subscriber, issue, kind)
);
CREATE INDEX report_at ON report (at);
