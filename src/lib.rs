//! Wardroom.
pub mod domain;
pub mod entry;
pub mod fault;
pub mod log;
pub mod seal;
