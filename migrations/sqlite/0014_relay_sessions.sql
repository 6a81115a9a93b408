-- How many messages a relay takes over one connection, as it was learnt. Its twin stands in migrations/postgres.

CREATE TABLE relay_session (
    relay       TEXT    NOT NULL PRIMARY KEY,
    messages    INTEGER NOT NULL CHECK (messages > 0),
    noted_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
