//! an issue and a variant become a digest.
