-- Behind which delivery of its connection an intent stands, and under which fence: as long as that one has no outcome, this
-- one's message was not ended. Its twin stands in migrations/sqlite.

ALTER TABLE delivery ADD COLUMN behind BIGINT;
ALTER TABLE delivery ADD COLUMN behind_fence BIGINT;
