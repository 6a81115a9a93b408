//! the readers' pages.
