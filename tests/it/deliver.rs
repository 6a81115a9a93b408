//! Behaviour of `deliver`.
