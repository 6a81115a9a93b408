//! digests are sent, outcomes recorded.
