//! the order of the rooms.
