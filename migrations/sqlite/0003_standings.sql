-- Every name that a post has gone by, what it is recognised by beside them, and whether issues may carry it.
-- Its twin stands in migrations/postgres. Posts of an earlier version get their likeness when their source shows them again.

CREATE TABLE post_alias (
    key     TEXT    NOT NULL,
    post    INTEGER NOT NULL REFERENCES post (id),
    PRIMARY KEY (key, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_alias_post ON post_alias (post);
INSERT INTO post_alias (key, post) SELECT identity, id FROM post;
INSERT INTO post_alias (key, post) SELECT alternate, id FROM post WHERE alternate IS NOT NULL ON CONFLICT (key, post) DO NOTHING;
DROP INDEX post_alternate;

ALTER TABLE post ADD COLUMN standing TEXT NOT NULL DEFAULT 'open'
    CHECK (standing IN ('open', 'quarantined', 'dropped', 'filtered', 'joined'));
ALTER TABLE post ADD COLUMN standing_detail TEXT;
ALTER TABLE post ADD COLUMN joined_to INTEGER REFERENCES post (id);
ALTER TABLE post ADD COLUMN link_key TEXT;
ALTER TABLE post ADD COLUMN title_key TEXT;
ALTER TABLE post ADD COLUMN text_key TEXT;
ALTER TABLE post ADD COLUMN text_sketch INTEGER;
ALTER TABLE post ADD COLUMN text_words INTEGER NOT NULL DEFAULT 0;
-- Whether its like was looked for among other sources.
ALTER TABLE post ADD COLUMN compared INTEGER NOT NULL DEFAULT 1 CHECK (compared IN (0, 1));

CREATE INDEX post_title ON post (source, title_key);
CREATE INDEX post_link ON post (link_key);
CREATE INDEX post_text ON post (text_key);
CREATE INDEX post_joined ON post (joined_to);
CREATE INDEX post_not_compared ON post (compared) WHERE compared = 0;
CREATE INDEX post_quarantined ON post (source) WHERE standing = 'quarantined';
