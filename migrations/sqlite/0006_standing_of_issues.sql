-- Whether an issue's deliveries may be sent, and until when: every claim and every intent asks. Its twin stands in migrations/postgres.

ALTER TABLE issue ADD COLUMN standing TEXT NOT NULL DEFAULT 'open' CHECK (standing IN ('open', 'paused', 'cancelled'));
-- Past this instant the rest waits for a person.
ALTER TABLE issue ADD COLUMN done_by INTEGER;
