//! One connection: handshake, commands and replies, between the wire and the domain.
//!
//! Below it nobody knows wire types; above it nobody knows rooms. A connection is one task; it reads
//! commands in order, one slow one at a time, and owes at most 64 replies before it stops reading.

mod answer;
mod clocks;
mod commands;
mod connection;
mod counts;
mod fetching;
mod following;
mod greeting;
mod history;
mod inbound;
mod presence;
mod quota;
mod reading;
mod refresh;
mod services;
mod translate;
mod work;
mod writing;

pub use connection::serve;
pub use counts::Counts;
pub use inbound::{Inbound, Incoming};
pub use quota::Quota;
pub use services::{Drain, Services};
