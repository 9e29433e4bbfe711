//! Wardroom.
pub mod config;
pub mod domain;
pub mod entry;
pub mod identity;
pub mod import;
pub mod seal;
pub mod telemetry;
