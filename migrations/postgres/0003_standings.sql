-- Every name that a post has gone by, what it is recognised by beside them, and whether issues may carry it.
-- Its twin stands in migrations/sqlite. Posts of an earlier version get their likeness when their source shows them again.

CREATE TABLE post_alias (
    key     TEXT COLLATE "C" NOT NULL,
    post    BIGINT  NOT NULL REFERENCES post (id),
    PRIMARY KEY (key, post)
);
CREATE INDEX post_alias_post ON post_alias (post);
INSERT INTO post_alias (key, post) SELECT identity, id FROM post;
INSERT INTO post_alias (key, post) SELECT alternate, id FROM post WHERE alternate IS NOT NULL ON CONFLICT (key, post) DO NOTHING;
DROP INDEX post_alternate;

ALTER TABLE post ADD COLUMN standing TEXT NOT NULL DEFAULT 'open'
    CHECK (standing IN ('open', 'quarantined', 'dropped', 'filtered', 'joined'));
ALTER TABLE post ADD COLUMN standing_detail TEXT;
ALTER TABLE post ADD COLUMN joined_to BIGINT REFERENCES post (id);
ALTER TABLE post ADD COLUMN link_key TEXT;
ALTER TABLE post ADD COLUMN title_key TEXT;
ALTER TABLE post ADD COLUMN text_key TEXT;
ALTER TABLE post ADD COLUMN text_sketch BIGINT;
ALTER TABLE post ADD COLUMN text_words BIGINT NOT NULL DEFAULT 0;
-- Whether its like was looked for among other sources.
ALTER TABLE post ADD COLUMN compared BIGINT NOT NULL DEFAULT 1 CHECK (compared IN (0, 1));

CREATE INDEX post_title ON post (source, title_key);
CREATE INDEX post_link ON post (link_key);
CREATE INDEX post_text ON post (text_key);
CREATE INDEX post_joined ON post (joined_to);
CREATE INDEX post_not_compared ON post (compared) WHERE compared = 0;
CREATE INDEX post_quarantined ON post (source) WHERE standing = 'quarantined';
