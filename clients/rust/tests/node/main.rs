//! The client against a node as it ships: `target/<profile>/wardroom`, built with the workspace.
//! Every wait is for an answer, an event or a state, and has a deadline.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed, and says where")]

mod held;
mod mailbox;
mod node;
mod tokens;
