//! A postgres server of the test's own.
