-- How fast a relay, or one domain's mail over it, may go after it asked for less. Its twin stands in migrations/sqlite.

CREATE TABLE pace (
    relay       TEXT    NOT NULL,
    -- In ASCII; '' for the relay as a whole.
    domain      TEXT    NOT NULL,
    per_hour    BIGINT  NOT NULL CHECK (per_hour > 0),
    noted_at    BIGINT  NOT NULL,
    PRIMARY KEY (relay, domain)
);
