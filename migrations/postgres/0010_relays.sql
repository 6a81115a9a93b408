-- Which relay a message was offered to, and what each relay carried. Its twin stands in migrations/sqlite.

-- The relay of the newest intent; '' once the operator said that any may have it.
ALTER TABLE delivery ADD COLUMN relay TEXT;

-- Messages that a relay has, or may have, by whole hours since 1970 UTC: what its caps are counted by.
CREATE TABLE relay_use (
    relay       TEXT    NOT NULL,
    hour        BIGINT  NOT NULL,
    messages    BIGINT  NOT NULL,
    PRIMARY KEY (relay, hour)
);
