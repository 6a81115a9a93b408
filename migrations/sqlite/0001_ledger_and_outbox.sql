-- The first schema: settings, sources and ledger, subscribers and suppressions, schedules, issues, outbox.
-- Its twin stands in migrations/postgres. Instants are milliseconds since 1970 UTC; JSON is text that the program reads.
-- STRICT holds every column to its type; WITHOUT ROWID makes a key of several columns the table itself.

CREATE TABLE meta (
    key     TEXT NOT NULL PRIMARY KEY,
    value   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who works on what, until when; the fence rises with every holder.
CREATE TABLE lease (
    name        TEXT    NOT NULL PRIMARY KEY,
    holder      TEXT    NOT NULL,
    fence       INTEGER NOT NULL,
    held_until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE source (
    name                TEXT    NOT NULL PRIMARY KEY,
    location            TEXT    NOT NULL,
    validators          TEXT,
    first_gathered_at   INTEGER,
    last_attempt_at     INTEGER NOT NULL,
    last_success_at     INTEGER,
    last_error          TEXT
) STRICT, WITHOUT ROWID;

-- The ledger: a row outlives the post it tells of, so that nothing old is ever taken for new.
CREATE TABLE post (
    id          INTEGER NOT NULL PRIMARY KEY,
    source      TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    alternate   TEXT,
    slug        TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    content     TEXT    NOT NULL,
    published   INTEGER,
    first_seen  INTEGER NOT NULL,
    baseline    INTEGER NOT NULL CHECK (baseline IN (0, 1)),
    UNIQUE (source, identity)
) STRICT;
CREATE INDEX post_identity ON post (identity);
CREATE INDEX post_alternate ON post (alternate);
CREATE INDEX post_slug ON post (slug);
CREATE INDEX post_first_seen ON post (first_seen);

CREATE TABLE subscriber (
    id              INTEGER NOT NULL PRIMARY KEY,
    address         TEXT    NOT NULL,
    address_key     TEXT    NOT NULL UNIQUE,
    address_hash    TEXT    NOT NULL,
    name            TEXT,
    language        TEXT,
    topics          TEXT    NOT NULL,
    schedules       TEXT    NOT NULL,
    format          TEXT    NOT NULL CHECK (format IN ('html', 'text')),
    since           TEXT,
    data            TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    origin          TEXT    NOT NULL CHECK (origin IN ('file', 'store')),
    active          INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL
) STRICT;

-- A keyed hash and no address: it survives erasure and re-import.
CREATE TABLE suppression (
    address_hash    TEXT    NOT NULL PRIMARY KEY,
    reason          TEXT    NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual')),
    at              INTEGER NOT NULL,
    origin          TEXT    NOT NULL CHECK (origin IN ('request', 'delivery'))
) STRICT, WITHOUT ROWID;

CREATE TABLE schedule (
    name            TEXT    NOT NULL PRIMARY KEY,
    first_run_at    INTEGER NOT NULL,
    last_due        INTEGER,
    last_run_at     INTEGER
) STRICT, WITHOUT ROWID;

-- `planned` is frozen, so that the account has something to balance against.
-- `settled_at` is set when nothing of it is open any more, so that finished issues are not counted again at every run.
CREATE TABLE issue (
    number      INTEGER NOT NULL PRIMARY KEY,
    schedule    TEXT    NOT NULL,
    edition     TEXT    NOT NULL,
    sealed_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    settled_at  INTEGER,
    planned     INTEGER NOT NULL,
    subject     TEXT    NOT NULL,
    content     TEXT    NOT NULL,
    UNIQUE (schedule, edition)
) STRICT;

CREATE TABLE issue_post (
    issue       INTEGER NOT NULL REFERENCES issue (number),
    post        INTEGER NOT NULL REFERENCES post (id),
    position    INTEGER NOT NULL,
    PRIMARY KEY (issue, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX issue_post_post ON issue_post (post);

CREATE TABLE variant (
    issue       INTEGER NOT NULL REFERENCES issue (number),
    number      INTEGER NOT NULL,
    language    TEXT    NOT NULL,
    format      TEXT    NOT NULL CHECK (format IN ('html', 'text')),
    digest      TEXT    NOT NULL,
    PRIMARY KEY (issue, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE variant_post (
    issue       INTEGER NOT NULL,
    variant     INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    post        INTEGER NOT NULL REFERENCES post (id),
    PRIMARY KEY (issue, variant, position),
    FOREIGN KEY (issue, variant) REFERENCES variant (issue, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX variant_post_post ON variant_post (post);

-- The outbox. `subscriber` has no foreign key: a reader may be erased, the account stays.
CREATE TABLE delivery (
    issue           INTEGER NOT NULL REFERENCES issue (number),
    number          INTEGER NOT NULL,
    subscriber      INTEGER NOT NULL,
    address_hash    TEXT    NOT NULL,
    variant         INTEGER NOT NULL,
    reader          TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN
                    ('queued', 'claimed', 'intent', 'sent', 'failed', 'suppressed', 'held')),
    fence           INTEGER NOT NULL,
    lease_until     INTEGER,
    next_at         INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    unknowns        INTEGER NOT NULL,
    last_at         INTEGER,
    code            INTEGER,
    enhanced        TEXT,
    reply           TEXT,
    PRIMARY KEY (issue, number),
    UNIQUE (subscriber, issue),
    FOREIGN KEY (issue, variant) REFERENCES variant (issue, number)
) STRICT, WITHOUT ROWID;

-- Tries that did not end in sent.
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
