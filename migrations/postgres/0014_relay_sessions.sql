-- How many messages a relay takes over one connection, as it was learnt. Its twin stands in migrations/sqlite.

CREATE TABLE relay_session (
    relay       TEXT    NOT NULL PRIMARY KEY,
    messages    BIGINT  NOT NULL CHECK (messages > 0),
    noted_at    BIGINT  NOT NULL
);
