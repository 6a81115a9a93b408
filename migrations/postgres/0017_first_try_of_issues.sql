-- When an issue was tried first, by a clock that was believed: from then on its expiry counts. Its twin stands in
-- migrations/sqlite. What was sealed by a clock that stood before 2026 has not been tried by such a one.

ALTER TABLE issue ADD COLUMN first_try_at BIGINT;
UPDATE issue SET first_try_at = sealed_at WHERE sealed_at >= 1767225600000;
