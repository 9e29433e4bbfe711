#![doc = include_str!("ARCHITECTURE.md")]

// In dependency order: a module imports only what stands below it in this list. `tests/architecture.rs`
// reads the order here and checks it.
pub mod import;
pub mod server;
pub mod net;
pub mod gateway;
pub mod identity;
pub mod room;
pub mod delivery;
pub mod cluster;
pub mod log;
pub mod entry;
pub mod seal;
pub mod guard;
pub mod domain;
pub mod telemetry;
pub mod fault;
pub mod config;
