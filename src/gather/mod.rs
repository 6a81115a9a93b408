//! sources become posts.
