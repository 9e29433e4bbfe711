//! The client against a server that plays frames by script: what it sends, what it tells the app,
//! and what it does when the connection goes. Every wait is for a frame or a condition, and has a
//! deadline.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed, and says where")]

mod closes;
mod commands;
mod fake;
mod following;
mod holding;
mod posting;
mod pressure;
mod signals;
mod tokens;
