-- The first schema: settings, sources and ledger, subscribers and suppressions, schedules, issues, outbox.
-- Its twin stands in migrations/sqlite. Instants are milliseconds since 1970 UTC; JSON is text that the program reads.
-- COLLATE "C" where texts are sorted, so that both engines agree. No index names a delivery's state: it changes four times
-- a message, and without such an index each change stays in its page, where the fill factor leaves it room.

CREATE TABLE meta (
    key     TEXT NOT NULL PRIMARY KEY,
    value   TEXT NOT NULL
);

-- Who works on what, until when; the fence rises with every holder.
CREATE TABLE lease (
    name        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder      TEXT    NOT NULL,
    fence       BIGINT  NOT NULL,
    held_until  BIGINT  NOT NULL
);

CREATE TABLE source (
    name                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    location            TEXT    NOT NULL,
    validators          TEXT,
    first_gathered_at   BIGINT,
    last_attempt_at     BIGINT  NOT NULL,
    last_success_at     BIGINT,
    last_error          TEXT
);

-- The ledger: a row outlives the post it tells of, so that nothing old is ever taken for new.
CREATE TABLE post (
    id          BIGINT  NOT NULL PRIMARY KEY,
    source      TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    alternate   TEXT,
    slug        TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    content     TEXT    NOT NULL,
    published   BIGINT,
    first_seen  BIGINT  NOT NULL,
    baseline    BIGINT  NOT NULL CHECK (baseline IN (0, 1)),
    UNIQUE (source, identity)
);
CREATE INDEX post_identity ON post (identity);
CREATE INDEX post_alternate ON post (alternate);
CREATE INDEX post_slug ON post (slug);
CREATE INDEX post_first_seen ON post (first_seen);

CREATE TABLE subscriber (
    id              BIGINT  NOT NULL PRIMARY KEY,
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
    epoch           BIGINT  NOT NULL,
    origin          TEXT    NOT NULL CHECK (origin IN ('file', 'store')),
    active          BIGINT  NOT NULL CHECK (active IN (0, 1)),
    created_at      BIGINT  NOT NULL,
    changed_at      BIGINT  NOT NULL
);

-- A keyed hash and no address: it survives erasure and re-import.
CREATE TABLE suppression (
    address_hash    TEXT    NOT NULL PRIMARY KEY,
    reason          TEXT    NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual')),
    at              BIGINT  NOT NULL,
    origin          TEXT    NOT NULL CHECK (origin IN ('request', 'delivery'))
);

CREATE TABLE schedule (
    name            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    first_run_at    BIGINT  NOT NULL,
    last_due        BIGINT,
    last_run_at     BIGINT
);

-- `planned` is frozen, so that the account has something to balance against.
-- `settled_at` is set when nothing of it is open any more, so that finished issues are not counted again at every run.
CREATE TABLE issue (
    number      BIGINT  NOT NULL PRIMARY KEY,
    schedule    TEXT    NOT NULL,
    edition     TEXT    NOT NULL,
    sealed_at   BIGINT  NOT NULL,
    expires_at  BIGINT  NOT NULL,
    settled_at  BIGINT,
    planned     BIGINT  NOT NULL,
    subject     TEXT    NOT NULL,
    content     TEXT    NOT NULL,
    UNIQUE (schedule, edition)
);

CREATE TABLE issue_post (
    issue       BIGINT  NOT NULL REFERENCES issue (number),
    post        BIGINT  NOT NULL REFERENCES post (id),
    position    BIGINT  NOT NULL,
    PRIMARY KEY (issue, post)
);
CREATE INDEX issue_post_post ON issue_post (post);

CREATE TABLE variant (
    issue       BIGINT  NOT NULL REFERENCES issue (number),
    number      BIGINT  NOT NULL,
    language    TEXT    NOT NULL,
    format      TEXT    NOT NULL CHECK (format IN ('html', 'text')),
    digest      TEXT    NOT NULL,
    PRIMARY KEY (issue, number)
);

CREATE TABLE variant_post (
    issue       BIGINT  NOT NULL,
    variant     BIGINT  NOT NULL,
    position    BIGINT  NOT NULL,
    post        BIGINT  NOT NULL REFERENCES post (id),
    PRIMARY KEY (issue, variant, position),
    FOREIGN KEY (issue, variant) REFERENCES variant (issue, number)
);
CREATE INDEX variant_post_post ON variant_post (post);

-- The outbox. `subscriber` has no foreign key: a reader may be erased, the account stays.
CREATE TABLE delivery (
    issue           BIGINT  NOT NULL REFERENCES issue (number),
    number          BIGINT  NOT NULL,
    subscriber      BIGINT  NOT NULL,
    address_hash    TEXT    NOT NULL,
    variant         BIGINT  NOT NULL,
    reader          TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN
                    ('queued', 'claimed', 'intent', 'sent', 'failed', 'suppressed', 'held')),
    fence           BIGINT  NOT NULL,
    lease_until     BIGINT,
    next_at         BIGINT  NOT NULL,
    attempts        BIGINT  NOT NULL,
    unknowns        BIGINT  NOT NULL,
    last_at         BIGINT,
    code            BIGINT,
    enhanced        TEXT,
    reply           TEXT,
    PRIMARY KEY (issue, number),
    UNIQUE (subscriber, issue),
    FOREIGN KEY (issue, variant) REFERENCES variant (issue, number)
) WITH (fillfactor = 70);

-- Tries that did not end in sent.
CREATE TABLE attempt (
    issue       BIGINT  NOT NULL,
    number      BIGINT  NOT NULL,
    fence       BIGINT  NOT NULL,
    at          BIGINT  NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('failed', 'deferred', 'unknown')),
    code        BIGINT,
    enhanced    TEXT,
    reply       TEXT,
    PRIMARY KEY (issue, number, fence),
    FOREIGN KEY (issue, number) REFERENCES delivery (issue, number)
);
