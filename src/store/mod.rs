//! all SQL and only SQL.
