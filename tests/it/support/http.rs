//! A http server of the test's own.
