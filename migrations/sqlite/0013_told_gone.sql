-- Of whom a relay said that there is no such mailbox: whether that is believed is known at the end of the run, and may take
-- another issue. And what an operator ordered of an address, with the reason. Its twin stands in migrations/postgres.

CREATE TABLE told_gone (
    issue       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    subscriber  INTEGER NOT NULL,
    relay       TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    -- Open until the run has ended.
    verdict     TEXT    NOT NULL CHECK (verdict IN ('open', 'believed', 'doubted')),
    PRIMARY KEY (issue, number),
    FOREIGN KEY (issue, number) REFERENCES delivery (issue, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_gone_subscriber ON told_gone (subscriber);

CREATE TABLE suppression_order (
    address_hash    TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    ordered         TEXT    NOT NULL CHECK (ordered IN ('suppressed', 'revived')),
    reason          TEXT    NOT NULL,
    PRIMARY KEY (address_hash, at, ordered)
) STRICT, WITHOUT ROWID;
