-- What a source's visits leave for the next one, as a text that only `gather` reads: the feed that was found for a page,
-- the pages that were read, the rules of robots.txt. Its twin stands in migrations/postgres.

ALTER TABLE source ADD COLUMN memory TEXT;
