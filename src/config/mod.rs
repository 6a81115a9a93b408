//! files and environment become a checked configuration.
