//! Server.
pub mod import;
