//! Behaviour of `compose`.
