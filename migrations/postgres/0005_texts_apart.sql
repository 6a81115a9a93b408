-- What a post says stands apart from what it is known by: rows that are read and changed by the thousand stay small.
-- Its twin stands in migrations/sqlite.

CREATE TABLE post_content (
    post    BIGINT NOT NULL PRIMARY KEY REFERENCES post (id),
    content TEXT   NOT NULL
);
INSERT INTO post_content (post, content) SELECT id, content FROM post;
ALTER TABLE post DROP COLUMN content;
