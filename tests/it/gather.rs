//! Behaviour of `gather`.
