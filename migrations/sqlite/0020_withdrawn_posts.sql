-- Posts that their source took back before they went out, and the way to a source's posts of one moment: an edited headline
-- that is part of guid and link leaves only text and date. Its twin stands in migrations/postgres.

ALTER TABLE post ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1));
CREATE INDEX post_published ON post (source, published);
