//! the command line and all printing.
