//! The rules, and nothing but rules. No clock, IO, async or serde; time and rows are arguments.
//!
//! [`LogState::decide`] never changes, [`LogState::apply`] never fails: folding a log's entries gives
//! the live state. State holds facts and positions only; what people wrote never comes here.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod access;
mod author;
mod directory;
mod identity;
mod line;
pub mod mailbox;
pub mod member;
pub mod message;
pub mod moderation;
mod ordinals;
pub mod presence;
pub mod question;
pub mod refusal;
pub mod room;
mod row;
mod state;
pub mod topic;

pub use author::Author;
pub use directory::{Directory, Listing};
pub use identity::Identity;
pub use line::{Line, Located};
pub use mailbox::Mailbox;
pub use message::Kind;
pub use ordinals::Ordinals;
pub use refusal::Refusal;
pub use room::{Class, Founding, Lane, Room};
pub use row::{Judgement, MessageFacts, Row, Rows, Stand, Status, What, reindex};
pub use state::{Act, Command, Event, Identified, LogState, Machine, Meta, Worded};
pub use topic::Topic;
