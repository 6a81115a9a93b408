-- Whether an issue's deliveries may be sent: every claim and every intent asks. Its twin stands in migrations/postgres.

ALTER TABLE issue ADD COLUMN standing TEXT NOT NULL DEFAULT 'open' CHECK (standing IN ('open', 'paused', 'cancelled'));
