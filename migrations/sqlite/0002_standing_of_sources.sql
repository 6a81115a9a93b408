-- How sources stand with their servers: what visits taught (JSON), hosts that asked to be left alone, a journal.

ALTER TABLE source ADD COLUMN standing TEXT;

CREATE TABLE host_hold (
    host    TEXT    NOT NULL PRIMARY KEY,
    until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE source_event (
    source  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    what    TEXT    NOT NULL,
    PRIMARY KEY (source, at, what)
) STRICT, WITHOUT ROWID;
