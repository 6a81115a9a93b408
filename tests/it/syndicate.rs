//! Behaviour of `syndicate`.
