-- The twin of migrations/sqlite/0002_standing_of_sources.sql.

ALTER TABLE source ADD COLUMN standing TEXT;

CREATE TABLE host_hold (
    host    TEXT    NOT NULL PRIMARY KEY,
    until   BIGINT  NOT NULL
);

CREATE TABLE source_event (
    source  TEXT    NOT NULL,
    at      BIGINT  NOT NULL,
    what    TEXT    NOT NULL,
    PRIMARY KEY (source, at, what)
);
