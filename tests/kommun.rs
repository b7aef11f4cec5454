//! The invented municipality that every test plays in.
