#![doc = include_str!("ARCHITECTURE.md")]

// In dependency order: a module imports only what stands below it in this list. `tests/architecture.rs`
// reads the order here and checks it.
pub mod cluster;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod entry;
pub mod gateway;
pub mod guard;
pub mod identity;
pub mod log;
pub mod net;
pub mod room;
pub mod seal;
pub mod server;
pub mod telemetry;
