//! The `wardroom` command as a script sees it: exit codes, streams, words.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod command;
mod config;
mod config_init;
mod config_show;
mod help;
mod import;
mod log;
mod node;
mod serve;
mod token;
