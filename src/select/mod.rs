//! the choice for an issue, with reasons.
