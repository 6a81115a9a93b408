//! A smtp server of the test's own.
