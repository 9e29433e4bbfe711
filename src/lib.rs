//! Wardroom.
pub mod domain;
pub mod entry;
pub mod seal;
